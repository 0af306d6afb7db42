"""The pipeline over time: what was open in each stage at the end of past days.

The record keeps deals as they are now. A past day is found by going back over their timelines:
moves, parking and edited amounts after that day are taken back one by one. Amounts count by the
rate of that day. What a deal was like before it was imported is unknown, so its stage is, too.

Most deals have no such entry: they were open between their dates, and the database adds them up.
Only the timelines of the others are read.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import JSON
from sqlmodel import Session, col, select

from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.money import Rates
from workspace.deals.stages import stages
from workspace.deals.tables import Deal, Outcome
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import TimelineEntry

# How many past days are shown beside today.
PAST = 8
# What decides whether a deal is parked: the last of these.
_PARKING_KINDS = ("stage", "parked", "woken")


@dataclass
class Level:
    """The open deals of a stage on a day, and their sum in the company's currency."""

    count: int = 0
    amount: Decimal = Decimal(0)
    # How many have no amount, or one without a rate, and so are not in the sum.
    unconverted: int = 0


@dataclass(frozen=True)
class StageHistory:
    """A stage on each day; without a name, the deals whose stage then is unknown."""

    stage: str
    levels: list[Level]


@dataclass(frozen=True)
class PipelineHistory:
    """What was open in each stage on these days, the earliest first."""

    days: list[date]
    currency: str
    rows: list[StageHistory]
    totals: list[Level]


@dataclass(frozen=True)
class DealThen:
    """A deal that was open on a day, and what became of it."""

    key: str
    name: str
    amount: Decimal | None
    currency: str | None
    outcome: str
    stage: str


class _Group(NamedTuple):
    """Deals of a stage that no entry has changed, with the places of days in a list of days.

    They were open from the place `begins` to the one before `ends`, at a stage that is known from
    the place `known` on.
    """

    stage_id: int
    currency: str | None
    begins: int
    ends: int
    known: int
    deals: int
    priced: int
    cents: int | None


class _Deal(NamedTuple):
    """A deal that entries have changed, as it is now; the places are as in a group."""

    id: int
    stage_id: int
    outcome: str
    cents: int | None
    currency: str | None
    begins: int
    ends: int


class _Entry(NamedTuple):
    """An entry of a timeline, and what was so before it.

    `place` is that of the first day at whose end it was there, `era` how many renamings of stages
    came after it.
    """

    deal_id: int
    kind: str
    place: int
    era: int
    stage: str | None
    has_amount: bool
    amount: str | None
    has_currency: bool
    currency: str | None


class _Then(NamedTuple):
    """A deal that was open from one place to before another, at a stage, or at an unknown one."""

    deal_id: int
    begins: int
    ends: int
    stage_id: int | None
    cents: int | None
    currency: str | None


@dataclass(frozen=True)
class _StageNames:
    """What stages are called, and what they were called before they were renamed."""

    now: dict[int, str]
    # The moments, stages and former names of renamings, the newest first.
    renamed: list[tuple[datetime, int, str]] = field(default_factory=list)

    def era(self, at: Any) -> sa.ColumnElement[int]:
        """How many renamings came after a moment."""
        if not self.renamed:
            return sa.literal(0)
        eras = ((at >= moment, era) for era, (moment, _, _) in enumerate(self.renamed))
        return sa.case(*eras, else_=len(self.renamed))

    def by_era(self) -> list[dict[str, int]]:
        """The stages by the names that they had, after so many renamings are undone."""
        names = dict(self.now)
        eras = [names]
        for _, stage_id, former in self.renamed:
            names = {**names, stage_id: former}
            eras.append(names)
        # Of two stages of one name, the first counts.
        return [{name: each for each, name in reversed(era.items())} for era in eras]


def week_ends() -> list[date]:
    """The last Sundays before today, and today."""
    last = today() - timedelta(days=today().isoweekday())
    return [*(last - timedelta(weeks=weeks) for weeks in reversed(range(PAST))), today()]


def month_ends() -> list[date]:
    """The last days of the months before this one, and today."""
    ends = [today()]
    while len(ends) <= PAST:
        first = ends[0] if len(ends) > 1 else today()
        ends.insert(0, first.replace(day=1) - timedelta(days=1))
    return ends


def pipeline_history(
    session: Session, viewer: Viewer, rates: Rates, days: Sequence[date]
) -> PipelineHistory:
    """What was open in each stage at the end of these days, the earliest first, of the deals that
    a viewer may see."""
    pipeline = [stage for stage in stages(session) if stage.outcome == Outcome.OPEN]
    levels = {stage.id: [Level() for _ in days] for stage in pipeline}
    unknown, totals = [Level() for _ in days], [Level() for _ in days]
    for (place, stage_id, currency), (count, priced, cents) in _added_up(
        session, viewer, days
    ).items():
        row = levels.get(stage_id, unknown) if stage_id is not None else unknown
        amount = rates.convert(Decimal(cents) / 100, currency, days[place])
        for level in (row[place], totals[place]):
            level.count += count
            level.amount += amount or 0
            level.unconverted += count if amount is None else count - priced
    rows = [StageHistory(stage.name, levels[stage.id]) for stage in pipeline]
    if any(level.count for level in unknown):
        rows.insert(0, StageHistory("", unknown))
    return PipelineHistory(list(days), rates.home, rows, totals)


def deals_then(
    session: Session, viewer: Viewer, rates: Rates, day: date, stage: str | None
) -> list[DealThen]:
    """The deals behind a figure: those open on a day, at a stage if one is named, and at an
    unknown one if its name is empty; the largest first."""
    names = {row.id: row.name for row in stages(session)}
    every = (_unchanged_deals(session, viewer, day), _changed_deals(session, viewer, [day]))
    rows = [
        then
        for then in chain(*every)
        if stage is None or (names[then.stage_id] if then.stage_id else "") == stage
    ]
    facts: dict[int, Any] = {}
    for batch in batches([then.deal_id for then in rows]):
        query = sa.select(*map(col, (Deal.id, Deal.key, Deal.name, Deal.outcome, Deal.stage_id)))
        facts.update((row.id, row) for row in session.execute(query.where(col(Deal.id).in_(batch))))
    found = []
    for then in rows:
        now = facts[then.deal_id]
        amount = None if then.cents is None else Decimal(then.cents) / 100
        found.append(
            DealThen(now.key, now.name, amount, then.currency, now.outcome, names[now.stage_id])
        )
    found.sort(key=lambda then: (then.name, then.key))
    found.sort(
        key=lambda then: rates.convert(then.amount, then.currency, day) or Decimal(0), reverse=True
    )
    return found


# By place, stage and currency: how many deals, how many of them with an amount, and its sum.
_Sums = dict[tuple[int, int | None, str | None], list[int]]


def _added_up(session: Session, viewer: Viewer, days: Sequence[date]) -> _Sums:
    """The deals that were open on these days, added up."""
    sums: _Sums = defaultdict(lambda: [0, 0, 0])
    for group in _groups(session, viewer, days):
        for place in range(group.begins, group.ends):
            stage_id = group.stage_id if place >= group.known else None
            one = sums[place, stage_id, group.currency]
            one[0] += group.deals
            one[1] += group.priced
            one[2] += group.cents or 0
    for _, begins, ends, stage_id, cents, currency in _changed_deals(session, viewer, days):
        for place in range(begins, ends):
            one = sums[place, stage_id, currency]
            one[0] += 1
            if cents is not None:
                one[1] += 1
                one[2] += cents
    return sums


def _groups(session: Session, viewer: Viewer, days: Sequence[date]) -> list[_Group]:
    """The deals that no entry has changed since the first of these days, added up."""
    begins, ends = _places(days)
    imported = _last_imports(days[0])
    known = _place_of(imported.c.at, days)
    query = (
        sa.select(
            col(Deal.stage_id),
            col(Deal.currency),
            begins,
            ends,
            known,
            sa.func.count(),
            sa.func.count(col(Deal.amount)),
            _cents(sa.func.sum(col(Deal.amount))),
        )
        .outerjoin(imported, imported.c.deal_id == col(Deal.id))
        .where(*_unchanged(viewer, days))
        .group_by(col(Deal.stage_id), col(Deal.currency), begins, ends, known)
    )
    return [_Group(*row) for row in _rows(session, query)]


def _unchanged_deals(session: Session, viewer: Viewer, day: date) -> Iterator[_Then]:
    """Each deal that was open on a day and that no entry has changed since."""
    begins, ends = _places([day])
    imported = _last_imports(day)
    open_stages = {stage.id for stage in stages(session) if stage.outcome == Outcome.OPEN}
    query = (
        sa.select(
            col(Deal.id),
            col(Deal.stage_id),
            _cents(col(Deal.amount)),
            col(Deal.currency),
            imported.c.deal_id.is_not(None),
        )
        .outerjoin(imported, imported.c.deal_id == col(Deal.id))
        .where(*_unchanged(viewer, [day]), begins < ends)
    )
    for deal_id, stage_id, cents, currency, was_imported in _rows(session, query):
        known = stage_id in open_stages and not was_imported
        yield _Then(deal_id, 0, 1, stage_id if known else None, cents, currency)


def _changed_deals(session: Session, viewer: Viewer, days: Sequence[date]) -> Iterator[_Then]:
    """Each deal that entries have changed since the first of these days, with each day on which it
    was open."""
    open_stages = {stage.id for stage in stages(session) if stage.outcome == Outcome.OPEN}
    names = _stage_names(session, days[0])
    entries = _entries(session, viewer, days, names)
    begins, ends = _places(days)
    query = sa.select(
        col(Deal.id),
        col(Deal.stage_id),
        col(Deal.outcome),
        _cents(col(Deal.amount)),
        col(Deal.currency),
        begins,
        ends,
    ).where(
        visible_deals(viewer),
        _closed_after(days[0]),
        col(Deal.id).in_(_changed(days[0])),
    )
    by_era = names.by_era()
    for row in _rows(session, query):
        deal = _Deal(*row)
        yield from _days_of(deal, entries.get(deal.id, []), by_era, open_stages)


def _days_of(
    deal: _Deal, entries: Sequence[_Entry], names: list[dict[str, int]], open_stages: set[int]
) -> Iterator[_Then]:
    """The times in which a deal was neither parked nor closed by its dates, the last first."""
    stage_id: int | None = deal.stage_id
    cents, currency = deal.cents, deal.currency
    undone, moved, end = 0, False, deal.ends
    while end > deal.begins:
        # What the entries before the end have made of it holds back to the newest of them.
        while undone < len(entries) and entries[undone].place >= end:
            entry = entries[undone]
            if entry.kind == "imported":
                stage_id = None
            elif entry.kind == "stage":
                stage_id, moved = names[entry.era].get(entry.stage or ""), True
            elif entry.kind == "edited":
                if entry.has_amount:
                    cents = None if entry.amount is None else int(Decimal(entry.amount) * 100)
                if entry.has_currency:
                    currency = entry.currency
            undone += 1
        begin = max(deal.begins, entries[undone].place if undone < len(entries) else 0)
        if not _is_parked(deal, entries, undone):
            if stage_id is None or stage_id in open_stages:
                yield _Then(deal.id, begin, end, stage_id, cents, currency)
            elif not moved:
                # It was logged after it had closed: by its dates it was open, at some stage.
                yield _Then(deal.id, begin, end, None, cents, currency)
        end = begin


def _is_parked(deal: _Deal, entries: Sequence[_Entry], undone: int) -> bool:
    """Whether a deal was parked once its newest entries are undone."""
    before = next((entry for entry in entries[undone:] if entry.kind in _PARKING_KINDS), None)
    if before is not None:
        return before.kind == "parked"
    # A deal can be imported as parked: then what ends it tells of it, or the deal is parked yet.
    after = next(
        (entry for entry in reversed(entries[:undone]) if entry.kind in _PARKING_KINDS), None
    )
    return after.kind == "woken" if after is not None else deal.outcome == Outcome.PARKED


def _places(days: Sequence[date]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """The places of the first day at whose end a deal was open, and of the day that closed it, by
    its dates; one without the day that opened it was opened when it was logged."""
    by_opening = ((col(Deal.opened) <= day, place) for place, day in enumerate(days))
    begins = sa.case(
        (col(Deal.opened).is_(None), _place_of(col(Deal.created_at), days)),
        *by_opening,
        else_=len(days),
    )
    closed = ((col(Deal.closed) <= day, place) for place, day in enumerate(days))
    return begins, sa.case(*closed, else_=len(days))


def _place_of(moment: Any, days: Sequence[date]) -> sa.ColumnElement[int]:
    """The place of the first day whose end came after a moment; 0 where there is no moment."""
    ends = ((moment < _following(day), place) for place, day in enumerate(days))
    return sa.case((moment.is_(None), 0), *ends, else_=len(days))


def _cents(amount: Any) -> sa.ColumnElement[Any]:
    """An amount in hundredths, which add up fast and exactly."""
    return sa.cast(sa.func.round(amount * 100), sa.BigInteger)


def _rows(session: Session, query: Any) -> Any:
    """The rows of a query for columns, without what a session does for rows of tables."""
    return session.connection().execute(query)


def _closed_after(day: date) -> sa.ColumnElement[bool]:
    return sa.or_(col(Deal.closed).is_(None), col(Deal.closed) > day)


def _unchanged(viewer: Viewer, days: Sequence[date]) -> tuple[sa.ColumnElement[bool], ...]:
    """The deals that may have been open on these days, and that no entry has changed since."""
    return (
        visible_deals(viewer),
        _closed_after(days[0]),
        # Parked without an entry, a deal was imported so.
        col(Deal.outcome) != Outcome.PARKED,
        col(Deal.id).not_in(_changed(days[0])),
    )


def _changed(first: date) -> Any:
    """The ids of the deals that were moved, parked, or given another amount after a day, and of
    all that were parked at some time: they are so until what ended it."""
    moved, edited = _changes(first)
    deal_id = col(TimelineEntry.deal_id)
    parts = (sa.select(deal_id).where(*some) for some in (moved, edited))
    return sa.union_all(*parts, _parked())


def _changes(first: date) -> tuple[tuple[sa.ColumnElement[bool], ...], ...]:
    """The entries after a day that moved or parked a deal, and those that edited its amount."""
    kind, since = col(TimelineEntry.kind), col(TimelineEntry.at) >= _following(first)
    # Looking for a word takes a fraction of what reading JSON does; a few more deals do no harm.
    text = sa.cast(col(TimelineEntry.detail), sa.Text)
    money = sa.or_(text.contains('"amount"'), text.contains('"currency"'))
    return (kind.in_(_PARKING_KINDS), since), (kind == "edited", since, money)


def _parked() -> Any:
    """The ids of the deals that were parked at some time."""
    return sa.select(col(TimelineEntry.deal_id)).where(col(TimelineEntry.kind) == "parked")


def _before(name: str) -> sa.ColumnElement[bool]:
    """Whether an edit changed this."""
    detail = sa.type_coerce(col(TimelineEntry.detail), JSON)
    changed: sa.ColumnElement[bool] = detail[name].as_string().is_not(None)
    return changed


def _last_imports(first: date) -> sa.Subquery:
    """When deals were imported last, of those imported after a day."""
    since = (col(TimelineEntry.kind) == "imported", col(TimelineEntry.at) >= _following(first))
    deal_id, at = col(TimelineEntry.deal_id), sa.func.max(col(TimelineEntry.at)).label("at")
    return sa.select(deal_id, at).where(*since).group_by(deal_id).subquery()


def _following(day: date) -> datetime:
    """The moment at which a day has ended."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _entries(
    session: Session, viewer: Viewer, days: Sequence[date], names: _StageNames
) -> dict[int, list[_Entry]]:
    """The entries of the deals that some have changed, by deal, the newest first: those after the
    first of these days, and before it those of the parking of deals."""
    first = days[0]
    detail, at = sa.type_coerce(col(TimelineEntry.detail), JSON), col(TimelineEntry.at)
    kind, deal_id = col(TimelineEntry.kind), col(TimelineEntry.deal_id)
    query = (
        sa.select(
            at.label("at"),
            col(TimelineEntry.id).label("id"),
            deal_id,
            kind,
            _place_of(at, days),
            names.era(at),
            detail["stage", 0].as_string(),
            _before("amount"),
            detail["amount", 0].as_string(),
            _before("currency"),
            detail["currency", 0].as_string(),
        )
        .join(Deal, col(Deal.id) == deal_id)
        .where(visible_deals(viewer), _closed_after(first))
    )
    imported = (kind == "imported", at >= _following(first), deal_id.in_(_changed(first)))
    earlier = (kind.in_(_PARKING_KINDS), at < _following(first), deal_id.in_(_parked()))
    # Four queries, as each finds its entries by an index.
    parts = sa.union_all(*(query.where(*some) for some in (*_changes(first), imported, earlier)))
    entries: dict[int, list[_Entry]] = defaultdict(list)
    for row in _rows(session, parts.order_by(sa.desc("at"), sa.desc("id"))):
        entries[row[2]].append(_Entry(*row[2:]))
    return entries


def _stage_names(session: Session, first: date) -> _StageNames:
    entries = session.exec(
        select(AuditEntry)
        .where(AuditEntry.action == "stage changed", col(AuditEntry.at) >= _following(first))
        .order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc())
    )
    renamed = [
        (entry.at, int(entry.subject.removeprefix("stage ")), str(entry.detail["name"][0]))
        for entry in entries
        if "name" in entry.detail
    ]
    return _StageNames({stage.id: stage.name for stage in stages(session)}, renamed)
