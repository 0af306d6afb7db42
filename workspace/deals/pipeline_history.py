"""The pipeline over time: what was open in each stage at the end of past days.

The record keeps deals as they are now. A past day is found by going back over their timelines:
moves, parking and edited amounts after that day are taken back one by one. Amounts count by the
rate of that day. What a deal was like before it was imported is unknown, so its stage is, too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.database import fetch, select_row
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


@dataclass(frozen=True)
class _Deal:
    """A deal as it is now."""

    id: int
    key: str
    name: str
    stage_id: int
    outcome: str
    amount: Decimal | None
    currency: str | None
    opened: date | None
    closed: date | None
    created_at: datetime


@dataclass(frozen=True)
class _Entry:
    deal_id: int
    at: datetime
    kind: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class _Then:
    """A deal that was open on a day, at a stage, or at an unknown one."""

    deal: _Deal
    day: date
    stage_id: int | None
    amount: Decimal | None
    currency: str | None
    # Whether it has moved since.
    moved: bool


@dataclass(frozen=True)
class _StageNames:
    """What stages are called, and what they were called before they were renamed."""

    now: dict[int, str]
    # The moments, stages and former names of renamings, the newest first.
    renamed: list[tuple[datetime, int, str]] = field(default_factory=list)

    def stage_of(self, name: str, at: datetime) -> int | None:
        """The stage that had this name at a moment."""
        names = dict(self.now)
        for moment, stage_id, former in self.renamed:
            if moment <= at:
                break
            names[stage_id] = former
        return next((stage_id for stage_id, called in names.items() if called == name), None)


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
    """What was open in each stage at the end of these days, of the deals that a viewer may see."""
    pipeline = [stage for stage in stages(session) if stage.outcome == Outcome.OPEN]
    levels = {stage.id: [Level() for _ in days] for stage in pipeline}
    unknown, totals = [Level() for _ in days], [Level() for _ in days]
    places = {day: place for place, day in enumerate(days)}
    for then in _open_deals(session, viewer, days):
        row = unknown if then.stage_id is None else levels[then.stage_id]
        amount = rates.convert(then.amount, then.currency, then.day)
        for level in (row[places[then.day]], totals[places[then.day]]):
            level.count += 1
            level.amount += amount or 0
            level.unconverted += amount is None
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
    found = [
        then
        for then in _open_deals(session, viewer, [day])
        if stage is None or (names[then.stage_id] if then.stage_id else "") == stage
    ]
    found.sort(key=lambda then: then.deal.name)
    found.sort(
        key=lambda then: rates.convert(then.amount, then.currency, day) or Decimal(0), reverse=True
    )
    return [
        DealThen(
            key=then.deal.key,
            name=then.deal.name,
            amount=then.amount,
            currency=then.currency,
            outcome=then.deal.outcome,
            stage=names[then.deal.stage_id],
        )
        for then in found
    ]


def _open_deals(session: Session, viewer: Viewer, days: Sequence[date]) -> Iterator[_Then]:
    """Each deal with each day on which it was open."""
    deals = _deals(session, viewer, min(days), max(days))
    entries = _entries(session, viewer, min(days))
    open_stages = {stage.id for stage in stages(session) if stage.outcome == Outcome.OPEN}
    names = _stage_names(session, min(days))
    newest_first = sorted(days, reverse=True)
    for deal in deals:
        for then in _days_of(deal, entries.get(deal.id, []), newest_first, names):
            if then.stage_id is None or then.stage_id in open_stages:
                yield then
            elif not then.moved:
                # It was logged after it had closed: by its dates it was open, at some stage.
                yield replace(then, stage_id=None)


def _days_of(
    deal: _Deal, entries: Sequence[_Entry], days: Iterable[date], names: _StageNames
) -> Iterator[_Then]:
    """The days on which a deal was neither parked nor closed by its dates; all are newest first."""
    stage_id: int | None = deal.stage_id
    amount, currency = deal.amount, deal.currency
    undone, moved = 0, False
    opened = deal.opened or _day_of(deal.created_at)
    for day in days:
        while undone < len(entries) and _day_of(entries[undone].at) > day:
            entry = entries[undone]
            if entry.kind == "imported":
                stage_id = None
            elif entry.kind == "stage":
                stage_id, moved = names.stage_of(str(entry.detail["stage"][0]), entry.at), True
            elif entry.kind == "edited":
                amount, currency = _money_before(entry.detail, amount, currency)
            undone += 1
        if opened > day or (deal.closed is not None and deal.closed <= day):
            continue
        if not _is_parked(deal, entries, undone):
            yield _Then(deal, day, stage_id, amount, currency, moved)


def _money_before(
    detail: dict[str, Any], amount: Decimal | None, currency: str | None
) -> tuple[Decimal | None, str | None]:
    """The amount and the currency of a deal before an edit that left it with these."""
    if "amount" in detail:
        text = detail["amount"][0]
        amount = None if text is None else Decimal(str(text))
    if "currency" in detail:
        currency = detail["currency"][0]
    return amount, currency


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


def _day_of(moment: datetime) -> date:
    """The day of a moment in UTC; without a time zone, as SQLite has it, it is in UTC."""
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _deals(session: Session, viewer: Viewer, first: date, last: date) -> list[_Deal]:
    """The deals that may have been open between two days."""
    query = select_row(_Deal, Deal).where(
        visible_deals(viewer),
        sa.or_(col(Deal.closed).is_(None), col(Deal.closed) > first),
        sa.or_(col(Deal.opened).is_(None), col(Deal.opened) <= last),
    )
    return fetch(session, _Deal, query.order_by(col(Deal.id)))


def _entries(session: Session, viewer: Viewer, first: date) -> dict[int, list[_Entry]]:
    """What changed deals after a day, by deal, the newest first; all of those that were parked."""
    kinds = (*_PARKING_KINDS, "imported", "edited")
    # A deal that was parked at some time is so until the entry that ended it.
    parked = sa.select(col(TimelineEntry.deal_id)).where(col(TimelineEntry.kind) == "parked")
    following = datetime.combine(first + timedelta(days=1), time(), UTC)
    query = (
        select_row(_Entry, TimelineEntry)
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(
            visible_deals(viewer),
            sa.or_(col(Deal.closed).is_(None), col(Deal.closed) > first),
            col(TimelineEntry.kind).in_(kinds),
            sa.or_(col(TimelineEntry.at) >= following, col(TimelineEntry.deal_id).in_(parked)),
        )
        .order_by(col(TimelineEntry.at).desc(), col(TimelineEntry.id).desc())
    )
    entries: dict[int, list[_Entry]] = defaultdict(list)
    for entry in fetch(session, _Entry, query):
        entries[entry.deal_id].append(entry)
    return entries


def _stage_names(session: Session, first: date) -> _StageNames:
    following = datetime.combine(first + timedelta(days=1), time(), UTC)
    entries = session.exec(
        select(AuditEntry)
        .where(AuditEntry.action == "stage changed", col(AuditEntry.at) >= following)
        .order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc())
    )
    renamed = [
        (entry.at, int(entry.subject.removeprefix("stage ")), str(entry.detail["name"][0]))
        for entry in entries
        if "name" in entry.detail
    ]
    return _StageNames({stage.id: stage.name for stage in stages(session)}, renamed)
