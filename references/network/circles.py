"""Circles: organisations, schools, associations, boards and events, and the ties within them."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.network.ties import TieKind, pair
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.keys import plain
from workspace.people.profile_privacy import is_shown
from workspace.people.tables import Education, Employment, Gathering, Membership, Person

# Weaker ties are not stored.
FAINTEST = 0.05
# In a larger circle not everybody knows everybody: only people of the same part are compared, such
# as a department, or the speakers of an event.
LARGEST_CIRCLE = 120
# Stands in for an unknown headcount.
_USUAL_HEADCOUNT = 500
# Stands in for the length of a study with an unknown start or end.
_USUAL_STUDY = timedelta(days=3 * 365)


@dataclass(frozen=True)
class DerivedTie:
    """A tie as it follows from facts."""

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
    """A person's time in a circle: an organisation, a school, an association, a board, an event.

    Without an end it lasts until now.
    """

    person_id: int
    start: date | None
    end: date | None
    # The part of the circle: a department, a field of study, a role at an event.
    part: str = ""


@dataclass(frozen=True)
class Circle:
    """The ties of a circle: of the whole circle, or only those of the people in question."""

    origin: str
    ties: list[DerivedTie]
    whole: bool


def workplaces(session: Session, people: set[int], before: set[str]) -> Iterator[Circle]:
    rows = session.exec(
        select(Employment.account_id, Employment.organisation).where(
            col(Employment.person_id).in_(people), is_shown(Employment)
        )
    )
    accounts, names = set(), set()
    for account, name in rows:
        if account is None:
            names.add(name)
        else:
            accounts.add(account)
    current = session.exec(select(Person.account_id).where(col(Person.id).in_(people)))
    accounts.update(account for account in current if account is not None)
    accounts.update(map(int, _names_of_kind(before, "work@")))
    names.update(_names_of_kind(before, "work:"))
    facts = select(Account.id, Account.name, Account.headcount).where(col(Account.id).in_(accounts))
    known = {account: (name, headcount) for account, name, headcount in session.exec(facts)}
    stays: dict[int, list[Stay]] = defaultdict(list)
    jobs = select(Employment).where(col(Employment.account_id).in_(accounts), is_shown(Employment))
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
        col(Employment.organisation).in_(names),
        col(Employment.account_id).is_(None),
        is_shown(Employment),
    )
    for job in session.exec(jobs.order_by(col(Employment.id))):
        elsewhere[job.organisation].append(Stay(job.person_id, job.start, job.end, job.department))
    for name in names:
        yield _circle(f"work:{name}", elsewhere[name], people, _worked(name, None))


def schools(session: Session, people: set[int], before: set[str]) -> Iterator[Circle]:
    attended = select(Education.institution).where(
        col(Education.person_id).in_(people), is_shown(Education)
    )
    names = set(session.exec(attended))
    names.update(_names_of_kind(before, "study:"))
    stays: dict[str, list[Stay]] = defaultdict(list)
    studies = select(Education).where(col(Education.institution).in_(names), is_shown(Education))
    for row in session.exec(studies.order_by(col(Education.id))):
        start = row.start or (row.end - _USUAL_STUDY if row.end else None)
        end = row.end or (row.start + _USUAL_STUDY if row.start else None)
        if start:
            stays[row.institution].append(Stay(row.person_id, start, end, row.field))
    for name in names:
        yield _circle(f"study:{name}", stays[name], people, _studied(name))


def gatherings(session: Session, people: set[int], before: set[str]) -> Iterator[Circle]:
    circles = set(
        session.exec(
            select(Membership.kind, Membership.organisation).where(
                col(Membership.person_id).in_(people), is_shown(Membership)
            )
        )
    )
    circles.update(
        (kind, name) for kind in Gathering for name in _names_of_kind(before, f"{kind}:")
    )
    for kind, name in circles:
        memberships = session.exec(
            select(Membership)
            .where(Membership.kind == kind, Membership.organisation == name, is_shown(Membership))
            .order_by(col(Membership.id))
        )
        stays = [
            Stay(
                row.person_id,
                row.start or row.end,
                (row.end or row.start) if kind == Gathering.EVENT else row.end,
                row.role,
            )
            for row in memberships
        ]
        yield _circle(f"{kind}:{name}", stays, people, _gathered(name, Gathering(kind)))


@dataclass(frozen=True)
class _Contact:
    """How two people of a circle were in contact: a tie without its people and origin."""

    kind: str
    base: float
    evidence: str
    source: str
    start: date | None
    end: date | None


# The contact that two stays in a circle make; None for none.
Meet = Callable[[Stay, Stay], _Contact | None]


def _circle(origin: str, stays: Sequence[Stay], people: set[int], meet: Meet) -> Circle:
    """The ties in a circle of which at least one end is among `people`.

    Of a circle that is large, or may have just become or ceased to be so, all ties are derived.
    """
    size = len({stay.person_id for stay in stays})
    whole = size + len(people) > LARGEST_CIRCLE
    groups: Iterable[Sequence[Stay]] = [stays]
    if size > LARGEST_CIRCLE:
        parts: dict[str, list[Stay]] = defaultdict(list)
        for stay in stays:
            parts[plain(stay.part)].append(stay)
        groups = [
            group
            for part, group in parts.items()
            if part and len({stay.person_id for stay in group}) <= LARGEST_CIRCLE
        ]
    best: dict[tuple[int, int], DerivedTie] = {}
    for group in groups:
        for one, other in itertools.combinations(group, 2):
            if one.person_id == other.person_id:
                continue
            if not whole and one.person_id not in people and other.person_id not in people:
                continue
            contact = meet(one, other)
            if contact is None:
                continue
            tie = derived_tie(origin, one.person_id, other.person_id, **vars(contact))
            two = (tie.one_id, tie.other_id)
            if tie.base >= FAINTEST and (two not in best or best[two].base < tie.base):
                best[two] = tie
    return Circle(origin, list(best.values()), whole)


def _worked(name: str, headcount: int | None) -> Meet:
    def meet(one: Stay, other: Stay) -> _Contact | None:
        shared = _overlap(one, other)
        same_part = bool(one.part) and plain(one.part) == plain(other.part)
        # A department is compared like a company of a tenth of the headcount.
        size = max(10, headcount or _USUAL_HEADCOUNT) / (10 if same_part else 1)
        closeness = 0.8 * min(1.0, (60 / size) ** 0.3)
        if shared is None:
            if one.end or other.end or (one.start and other.start):
                return None
            # Both are there now, but since when is unknown for at least one of them.
            years, start, end = 1.0, one.start or other.start, None
        else:
            start, end = shared
            years = _years(start, end)
        current = end is None
        evidence = name if current and start is None else f"{name}, {_period(start, end)}"
        if same_part:
            evidence += f", both in {one.part}"
        kind = TieKind.COLLEAGUES if current else TieKind.WORKED
        base = closeness * _lasting(years, 1.5)
        return _Contact(kind, base, evidence[:500], "employment", start, end)

    return meet


def _studied(name: str) -> Meet:
    def meet(one: Stay, other: Stay) -> _Contact | None:
        shared = _overlap(one, other)
        if shared is None:
            return None
        start, end = shared
        same_part = bool(one.part) and plain(one.part) == plain(other.part)
        base = (0.6 if same_part else 0.3) * _lasting(_years(start, end), 1.0)
        evidence = f"{name}, {_period(start, end)}" + (f", both {one.part}" if same_part else "")
        return _Contact(TieKind.STUDIED, base, evidence[:500], "education", start, end or today())

    return meet


@dataclass(frozen=True)
class _GatheringStrength:
    """How close people of a gathering are, after how many years, and how that is said."""

    closeness: float
    settled: float
    evidence: str


_GATHERINGS = {
    Gathering.BOARD: _GatheringStrength(0.5, 1.0, "Both on the board of {}"),
    Gathering.ASSOCIATION: _GatheringStrength(0.2, 2.0, "Both members of {}"),
    # Events last only a few days, so that their length does not count.
    Gathering.EVENT: _GatheringStrength(0.2, 0.0, "Both at {}"),
}


def _gathered(name: str, kind: Gathering) -> Meet:
    gathering = _GATHERINGS[kind]

    def meet(one: Stay, other: Stay) -> _Contact | None:
        shared = _overlap(one, other)
        if shared is None:
            return None
        start, end = shared
        both_active = bool(one.part) and bool(other.part)
        base = gathering.closeness * (1.5 if both_active else 1.0)
        base *= _lasting(_years(start, end), gathering.settled)
        evidence = f"{gathering.evidence.format(name)}, {_period(start, end)}"
        return _Contact(TieKind.GATHERED, base, evidence[:500], "membership", start, end or today())

    return meet


def changed_values(row: SQLModel, column: str) -> set[Any]:
    """The new and the old values of a column of a changed row."""
    before = sa.inspect(row).attrs[column].history.deleted or ()
    return {value for value in (getattr(row, column), *before) if value is not None}


def circle_origins(row: Employment | Education | Membership) -> set[str]:
    """The origins of the circles that a fact is, or was, about."""
    if isinstance(row, Employment):
        workplaces = (f"work:{name}" for name in changed_values(row, "organisation"))
        return {*workplaces, *(f"work@{account}" for account in changed_values(row, "account_id"))}
    if isinstance(row, Education):
        return {f"study:{name}" for name in changed_values(row, "institution")}
    kinds, names = changed_values(row, "kind"), changed_values(row, "organisation")
    return {f"{kind}:{name}" for kind, name in itertools.product(kinds, names)}


def _names_of_kind(origins: Iterable[str], kind: str) -> list[str]:
    """The names in the origins of a kind."""
    return [origin.removeprefix(kind) for origin in origins if origin.startswith(kind)]


def _overlap(one: Stay, other: Stay) -> tuple[date, date | None] | None:
    """The time that two stays share; None where they share none, or it is unknown."""
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
    """The factor for a time together, which reaches 63 % after `settled` years."""
    return 1.0 - math.exp(-years / settled) if settled else 1.0


def _period(start: date | None, end: date | None) -> str:
    if start is None:
        return "now"
    if end is None:
        return f"since {start.year}"
    return f"{start.year}" if start.year == end.year else f"{start.year}–{end.year}"


def derived_tie(
    origin: str,
    one: int,
    other: int,
    *,
    kind: str,
    base: float,
    evidence: str,
    source: str,
    start: date | None,
    end: date | None,
) -> DerivedTie:
    """The derived tie of a pair, with its people in the order in which ties store them."""
    one_id, other_id = pair(one, other)
    return DerivedTie(
        one_id=one_id,
        other_id=other_id,
        kind=kind,
        evidence=evidence,
        source=source,
        start=start,
        end=end,
        base=round(base, 4),
        origin=origin,
    )
