"""Ties found from the record: where two people's facts overlap.

A found tie remembers the fact that it was found from as its `origin`: an organisation where
both worked, a school, an association, board or event, a deal that one of ours and one of the
buyer's worked on, a reference call. When facts change, the ties of their origins are found
again and what differs is written, so that a tie goes with its facts. Confidential deals make
no tie: it would tell of them.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.desk.advocates import Advocate
from references.desk.request import ReferenceRequest, State
from references.network.ties import Tie, TieKind, Visibility, pair
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.stakeholders import Stakeholder
from workspace.deals.tables import Deal, Seat
from workspace.keys import plain
from workspace.people.tables import Education, Employment, Gathering, Membership, Person
from workspace.people.viewer import PLAIN_VIEW

# What is fainter than this is not worth a line.
FAINTEST = 0.05
# Of an organisation of whose people more are in the record, only departments are compared, and
# of an event only those who had a part in it: not everybody there knows everybody.
CIRCLE = 120
# A headcount that nobody knows is taken for this one.
_USUAL_HEADCOUNT = 500
# A study whose beginning or end is unknown took so long.
_STUDY = timedelta(days=3 * 365)
# How well one of ours knows somebody on the buyer's side of a deal.
_COVERED = {
    "unknown": 0.35,
    "no contact": 0.0,
    "brief contact": 0.25,
    "multiple contacts": 0.55,
    "in depth": 0.75,
}
# Those who talked on a reference call.
_CALLED = 0.5


@dataclass(frozen=True)
class Found:
    """A tie as facts say it."""

    one_id: int
    other_id: int
    kind: str
    evidence: str
    source: str
    start: date | None
    end: date | None
    base: float
    origin: str


@dataclass(frozen=True)
class Stay:
    """A person's time in a circle; an open end is until now."""

    person_id: int
    start: date | None
    end: date | None
    # The part of the circle: a department, a field of study, a part in an event.
    part: str = ""


@dataclass
class Touched:
    """What a transaction has changed that ties may follow from."""

    people: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    deals: set[int] = field(default_factory=set)
    # The origins of circles that somebody may have left.
    circles: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.people or self.accounts or self.deals)

    def note(self, row: SQLModel) -> None:
        """Take a changed row into account."""
        if isinstance(row, Person):
            self.people.add(row.id)
            self.circles.update(f"work@{account}" for account in _values(row, "account_id"))
        elif isinstance(row, Employment | Education | Membership):
            # One that was somebody else's until now takes their ties along, too.
            self.people.update(_values(row, "person_id"))
            self.circles.update(_circles_of(row))
        elif isinstance(row, Account):
            self.accounts.add(row.id)
        elif isinstance(row, Deal):
            self.deals.add(row.id)
        elif isinstance(row, Stakeholder | Seat | ReferenceRequest):
            self.deals.add(row.deal_id)


def find_again(session: Session, touched: Touched) -> None:
    """Have the record's ties be those that its facts say, wherever they were touched."""
    people = set(touched.people)
    for batch in batches(touched.accounts):
        at = select(Person.id).where(col(Person.account_id).in_(batch))
        people.update(session.exec(at))
    circles = set(touched.circles)
    for batch in batches(sorted(people)):
        _find_of_people(session, set(batch), circles)
        circles = set()
    for batch in batches(sorted(touched.deals)):
        _find_of_deals(session, batch)


def _find_of_people(session: Session, people: set[int], left: set[str]) -> None:
    """Find the ties of these people in every circle that they are or were in."""
    before = _origins(session, people) | left
    for finder in (_workplaces, _schools, _gatherings):
        for origin, found, whole in finder(session, people, before):
            _write(session, origin, found, None if whole else people)


def _find_of_deals(session: Session, deal_ids: list[int]) -> None:
    """Find the ties between our team and the buyer's people, and of reference calls."""
    told = select(Deal).where(col(Deal.id).in_(deal_ids), visible_deals(PLAIN_VIEW))
    open_to_all = {deal.id: deal for deal in session.exec(told)}
    ours: dict[int, list[tuple[int, date | None]]] = defaultdict(list)
    seats = select(Seat).where(col(Seat.deal_id).in_(open_to_all), col(Seat.person_id).is_not(None))
    for seat in session.exec(seats.order_by(col(Seat.id))):
        ours[seat.deal_id].append((seat.person_id or 0, seat.since))
    theirs: dict[int, list[Stakeholder]] = defaultdict(list)
    stakeholders = select(Stakeholder).where(col(Stakeholder.deal_id).in_(open_to_all))
    for stakeholder in session.exec(stakeholders.order_by(col(Stakeholder.id))):
        theirs[stakeholder.deal_id].append(stakeholder)
    calls: dict[int, list[tuple[int, int, date]]] = defaultdict(list)
    happened = (
        sa.select(
            col(ReferenceRequest.deal_id),
            col(Advocate.person_id),
            col(ReferenceRequest.prospect_id),
            col(ReferenceRequest.starts_at),
            col(ReferenceRequest.changed_at),
        )
        .join(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .where(
            col(ReferenceRequest.deal_id).in_(open_to_all),
            col(ReferenceRequest.state) == State.COMPLETED,
            col(ReferenceRequest.prospect_id).is_not(None),
        )
    )
    for deal_id, advocate, prospect, starts, changed in session.execute(happened):
        calls[deal_id].append((advocate, prospect, (starts or changed).date()))
    for deal_id in deal_ids:
        met = [
            _met(open_to_all[deal_id], person, since, stakeholder)
            for (person, since), stakeholder in itertools.product(ours[deal_id], theirs[deal_id])
            if person != stakeholder.person_id
        ]
        _write(session, f"deal:{deal_id}", [tie for tie in met if tie.base >= FAINTEST], None)
        talked = [
            _tie(
                f"call:{deal_id}", advocate, prospect, TieKind.MET, _CALLED,
                "A reference call", "reference call", on, on,
            )
            for advocate, prospect, on in calls[deal_id]
            if advocate != prospect
        ]  # fmt: skip
        _write(session, f"call:{deal_id}", talked, None)


def _met(deal: Deal, person: int, since: date | None, stakeholder: Stakeholder) -> Found:
    return _tie(
        f"deal:{deal.id}", person, stakeholder.person_id, TieKind.MET,
        _COVERED[stakeholder.coverage], f"On the deal “{deal.name}” ({deal.key})"[:500], "deal",
        since or deal.opened, deal.closed,
    )  # fmt: skip


# Circles: organisations, schools, gatherings. Each yields an origin, the ties found there, and
# whether those are all of the circle's and not only these people's.

Circle = Iterator[tuple[str, list[Found], bool]]


def _workplaces(session: Session, people: set[int], before: set[str]) -> Circle:
    rows = session.exec(
        select(Employment.account_id, Employment.organisation).where(
            col(Employment.person_id).in_(people)
        )
    )
    accounts, names = set(), set()
    for account, name in rows:
        if account is None:
            names.add(name)
        else:
            accounts.add(account)
    here = session.exec(select(Person.account_id).where(col(Person.id).in_(people)))
    accounts.update(account for account in here if account is not None)
    accounts.update(map(int, _named(before, "work@")))
    names.update(_named(before, "work:"))
    known = {
        row_id: (name, headcount)
        for row_id, name, headcount in session.exec(
            select(Account.id, Account.name, Account.headcount).where(col(Account.id).in_(accounts))
        )
    }
    stays: dict[int, list[Stay]] = defaultdict(list)
    jobs = select(Employment).where(col(Employment.account_id).in_(accounts))
    for job in session.exec(jobs.order_by(col(Employment.id))):
        stays[job.account_id or 0].append(Stay(job.person_id, job.start, job.end, job.department))
    present = select(Person.account_id, Person.id, Person.department).where(
        col(Person.account_id).in_(accounts)
    )
    for account, person, department in session.exec(present.order_by(col(Person.id))):
        if all(stay.person_id != person for stay in stays[account or 0]):
            stays[account or 0].append(Stay(person, None, None, department))
    for account, (name, headcount) in known.items():
        yield _circle(f"work@{account}", stays[account], people, _worked(name, headcount))
    elsewhere: dict[str, list[Stay]] = defaultdict(list)
    jobs = select(Employment).where(
        col(Employment.organisation).in_(names), col(Employment.account_id).is_(None)
    )
    for job in session.exec(jobs.order_by(col(Employment.id))):
        elsewhere[job.organisation].append(Stay(job.person_id, job.start, job.end, job.department))
    for name in names:
        yield _circle(f"work:{name}", elsewhere[name], people, _worked(name, None))


def _schools(session: Session, people: set[int], before: set[str]) -> Circle:
    names = set(
        session.exec(select(Education.institution).where(col(Education.person_id).in_(people)))
    )
    names.update(_named(before, "study:"))
    stays: dict[str, list[Stay]] = defaultdict(list)
    studies = select(Education).where(col(Education.institution).in_(names))
    for row in session.exec(studies.order_by(col(Education.id))):
        start = row.start or (row.end - _STUDY if row.end else None)
        end = row.end or (row.start + _STUDY if row.start else None)
        if start:
            stays[row.institution].append(Stay(row.person_id, start, end, row.field))
    for name in names:
        yield _circle(f"study:{name}", stays[name], people, _studied(name))


def _gatherings(session: Session, people: set[int], before: set[str]) -> Circle:
    circles = set(
        session.exec(
            select(Membership.kind, Membership.organisation).where(
                col(Membership.person_id).in_(people)
            )
        )
    )
    circles.update((kind, name) for kind in Gathering for name in _named(before, f"{kind}:"))
    for kind, name in circles:
        there = session.exec(
            select(Membership)
            .where(Membership.kind == kind, Membership.organisation == name)
            .order_by(col(Membership.id))
        )
        stays = [
            Stay(
                row.person_id,
                row.start or row.end,
                (row.end or row.start) if kind == Gathering.EVENT else row.end,
                row.role,
            )
            for row in there
        ]
        yield _circle(f"{kind}:{name}", stays, people, _GATHERED[Gathering(kind)](name))


# What two stays in a circle make of each other: a tie without people, or None.
Judge = Callable[[Stay, Stay], Found | None]


def _circle(
    origin: str, stays: Sequence[Stay], people: set[int], judge: Judge
) -> tuple[str, list[Found], bool]:
    """The ties between people of one circle of whom at least one is among `people`; where the
    circle is large, or has just become or ceased to be so, all of them."""
    size = len({stay.person_id for stay in stays})
    whole = size + len(people) > CIRCLE
    groups: Iterable[Sequence[Stay]] = [stays]
    if size > CIRCLE:
        parts: dict[str, list[Stay]] = defaultdict(list)
        for stay in stays:
            parts[plain(stay.part)].append(stay)
        groups = [
            there
            for part, there in parts.items()
            if part and len({stay.person_id for stay in there}) <= CIRCLE
        ]
    best: dict[tuple[int, int], Found] = {}
    for group in groups:
        for one, other in itertools.combinations(group, 2):
            if one.person_id == other.person_id:
                continue
            if not whole and one.person_id not in people and other.person_id not in people:
                continue
            tie = judge(one, other)
            if tie is None or tie.base < FAINTEST:
                continue
            two = pair(one.person_id, other.person_id)
            if two not in best or best[two].base < tie.base:
                best[two] = replace(tie, one_id=two[0], other_id=two[1], origin=origin)
    return origin, list(best.values()), whole


def _worked(name: str, headcount: int | None) -> Judge:
    def judge(one: Stay, other: Stay) -> Found | None:
        shared = _overlap(one, other)
        same = bool(one.part) and plain(one.part) == plain(other.part)
        # A department is a company within the company.
        size = max(10, headcount or _USUAL_HEADCOUNT) / (10 if same else 1)
        closeness = 0.8 * min(1.0, (60 / size) ** 0.3)
        if shared is None:
            if one.end or other.end or (one.start and other.start):
                return None
            # Both are there now, and at least one of them since nobody knows when.
            years, start, end = 1.0, one.start or other.start, None
        else:
            start, end = shared
            years = _years(start, end)
        together = end is None
        said = name if together and start is None else f"{name}, {_period(start, end)}"
        if same:
            said += f", both in {one.part}"
        return _tie(
            "", 0, 0, TieKind.COLLEAGUES if together else TieKind.WORKED,
            closeness * _lasting(years, 1.5), said[:500], "employment", start, end,
        )  # fmt: skip

    return judge


def _studied(name: str) -> Judge:
    def judge(one: Stay, other: Stay) -> Found | None:
        shared = _overlap(one, other)
        if shared is None:
            return None
        start, end = shared
        same = bool(one.part) and plain(one.part) == plain(other.part)
        said = f"{name}, {_period(start, end)}" + (f", both {one.part}" if same else "")
        return _tie(
            "", 0, 0, TieKind.STUDIED, (0.6 if same else 0.3) * _lasting(_years(start, end), 1.0),
            said[:500], "education", start, end or today(),
        )  # fmt: skip

    return judge


def _gathered(closeness: float, settled: float, what: str) -> Callable[[str], Judge]:
    def of(name: str) -> Judge:
        def judge(one: Stay, other: Stay) -> Found | None:
            shared = _overlap(one, other)
            if shared is None:
                return None
            start, end = shared
            active = bool(one.part) and bool(other.part)
            base = closeness * (1.5 if active else 1.0) * _lasting(_years(start, end), settled)
            said = f"{what.format(name)}, {_period(start, end)}"
            return _tie(
                "", 0, 0, TieKind.GATHERED, base, said[:500], "membership", start, end or today()
            )

        return judge

    return of


_GATHERED = {
    Gathering.BOARD: _gathered(0.5, 1.0, "Both on the board of {}"),
    Gathering.ASSOCIATION: _gathered(0.2, 2.0, "Both members of {}"),
    # A day or three is all of an event.
    Gathering.EVENT: _gathered(0.2, 0.0, "Both at {}"),
}


def _values(row: SQLModel, column: str) -> set[Any]:
    """What a changed row has in a column, and what it had before."""
    before = sa.inspect(row).attrs[column].history.deleted or ()
    return {value for value in (getattr(row, column), *before) if value is not None}


def _circles_of(row: Employment | Education | Membership) -> set[str]:
    """The circles that a fact is, or was, about."""
    if isinstance(row, Employment):
        workplaces = (f"work:{name}" for name in _values(row, "organisation"))
        return {*workplaces, *(f"work@{account}" for account in _values(row, "account_id"))}
    if isinstance(row, Education):
        return {f"study:{name}" for name in _values(row, "institution")}
    kinds, names = _values(row, "kind"), _values(row, "organisation")
    return {f"{kind}:{name}" for kind, name in itertools.product(kinds, names)}


def _named(origins: Iterable[str], kind: str) -> list[str]:
    """What the origins of a kind are called."""
    return [origin.removeprefix(kind) for origin in origins if origin.startswith(kind)]


def _overlap(one: Stay, other: Stay) -> tuple[date, date | None] | None:
    """The time that two stays share; None where they do not, or nobody knows."""
    if one.start is None or other.start is None:
        return None
    start = max(one.start, other.start)
    ends = [end for end in (one.end, other.end) if end]
    end = min(ends) if ends else None
    if end is not None and end < start:
        return None
    return start, end


def _years(start: date, end: date | None) -> float:
    return max(0.0, ((end or today()) - start).days / 365.25)


def _lasting(years: float, settled: float) -> float:
    """What a time together is worth: most of it after `settled` years."""
    return 1.0 - math.exp(-years / settled) if settled else 1.0


def _period(start: date | None, end: date | None) -> str:
    if start is None:
        return "now"
    if end is None:
        return f"since {start.year}"
    return f"{start.year}" if start.year == end.year else f"{start.year}–{end.year}"


def _tie(
    origin: str,
    one: int,
    other: int,
    kind: str,
    base: float,
    evidence: str,
    source: str,
    start: date | None,
    end: date | None = None,
) -> Found:
    low, high = pair(one, other)
    return Found(low, high, kind, evidence, source, start, end, round(base, 4), origin)


# From what was found to the rows.


def _origins(session: Session, people: set[int]) -> set[str]:
    """The circles that ties of these people were found from."""
    found: set[str] = set()
    for side in (Tie.one_id, Tie.other_id):
        query = select(Tie.origin).where(col(side).in_(people), Tie.origin != "").distinct()
        found.update(session.exec(query))
    return found


def _write(session: Session, origin: str, found: Sequence[Found], people: set[int] | None) -> None:
    """Have the ties of an origin, or those of it that these people have, be those found."""
    query = select(Tie).where(Tie.origin == origin)
    if people is not None:
        query = query.where(sa.or_(col(Tie.one_id).in_(people), col(Tie.other_id).in_(people)))
    stored = {_as_found(tie): tie for tie in session.exec(query)}
    wanted = dict.fromkeys(found)
    for fact, tie in stored.items():
        if fact not in wanted:
            session.delete(tie)
    session.add_all(
        Tie(visibility=Visibility.EVERYONE, **_columns(fact))
        for fact in wanted
        if fact not in stored
    )


def _as_found(tie: Tie) -> Found:
    return Found(
        tie.one_id, tie.other_id, tie.kind, tie.evidence, tie.source, tie.start, tie.end,
        tie.base, tie.origin,
    )  # fmt: skip


def _columns(fact: Found) -> dict[str, Any]:
    return dict(vars(fact))
