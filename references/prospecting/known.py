"""Connections that a member may read: their own, and those that colleagues share with them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.address_books import Connection
from references.network.ties import (
    USUAL_BASE,
    Tie,
    TieKind,
    Visibility,
    last_contact,
    strength,
    teammates,
    visible,
)
from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys, same_company
from workspace.clock import today
from workspace.database import fetch, select_row
from workspace.keys import plain
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# An account may have thousands of connections; more than this say nothing new.
MOST_AT_ACCOUNT = 2_000
# The least strength of a strong tie to one person.
STRONG = 0.25


@dataclass(frozen=True)
class Known:
    """A connection as a search compares it."""

    id: int
    owner_id: int
    name: str
    plain_name: str
    email: str | None
    url: str | None
    company: str
    position: str
    source: str
    connected_on: date | None
    created_at: datetime
    person_id: int | None


@dataclass(frozen=True)
class Knower:
    """A colleague who knows someone, from where, since when, and how well today."""

    id: int
    key: str
    name: str
    source: str
    since: date | None
    strength: float

    @property
    def band(self) -> str:
        """The strength in a word."""
        return "strong" if self.strength >= STRONG else "weak"


@dataclass(frozen=True)
class Unrecorded:
    """A person whom colleagues know, and who is not in the record."""

    name: str
    title: str
    company: str
    known_by: tuple[Knower, ...]


@dataclass(frozen=True)
class Presence:
    """How many of our colleagues know people at an account, and how many people they know."""

    colleagues: int
    people: int


def readable_connections(session: Session, viewer: Viewer) -> sa.ColumnElement[bool]:
    """The predicate of the connections of active members that a viewer may read."""
    allowed = sa.or_(shared_with_everyone(), personal_connections(session, viewer))
    return sa.and_(allowed, of_active_owners())


def personal_connections(session: Session, viewer: Viewer) -> sa.ColumnElement[bool]:
    """The predicate of the viewer's own connections, and of those that are shared in their team."""
    if viewer.person_id is None:
        return sa.false()
    # An index has the owners, where it is asked for them alone.
    owners = {viewer.person_id, *teammates(session, viewer.person_id)}
    shared = sa.or_(
        col(Connection.owner_id) == viewer.person_id,
        col(Connection.visibility) == Visibility.TEAM,
    )
    return sa.and_(col(Connection.owner_id).in_(sorted(owners)), shared)


def of_active_owners() -> sa.ColumnElement[bool]:
    """The predicate of the connections of active members."""
    active = select(Member.person_id).where(col(Member.active).is_(True))
    return col(Connection.owner_id).in_(active)


def shared_with_everyone() -> sa.ColumnElement[bool]:
    """The predicate of the connections that every member may read."""
    return col(Connection.visibility) == Visibility.EVERYONE


def known_rows(session: Session, condition: sa.ColumnElement[bool]) -> dict[int, Known]:
    """The connections that meet a condition, by their ids."""
    columns = (getattr(Connection, each.name) for each in fields(Known))
    rows = session.execute(sa.select(*columns).where(condition))
    return {row[0]: Known(*row) for row in rows}


def knowers(session: Session, rows: Collection[Known]) -> dict[int, tuple[str, str]]:
    """The key and the name of the owner of each of these connections."""
    owners = {row.owner_id for row in rows}
    query = select(Person.id, Person.key, Person.name).where(col(Person.id).in_(owners))
    return {person_id: (key, name) for person_id, key, name in session.exec(query)}


def grouped(session: Session, rows: Collection[Known]) -> list[tuple[Known, tuple[Knower, ...]]]:
    """Connections to the same person as one, with all who know them, the strongest tie first."""
    return with_knowers(session, same_people(rows))


def same_people(rows: Iterable[Known]) -> list[list[Known]]:
    """Connections to the same person together."""
    groups: dict[object, list[Known]] = defaultdict(list)
    for row in rows:
        groups[_identity(row)].append(row)
    return list(groups.values())


def with_knowers(
    session: Session, groups: Collection[list[Known]]
) -> list[tuple[Known, tuple[Knower, ...]]]:
    """The first connection to each person, with all who know them, the strongest tie first."""
    owners = knowers(session, [row for same in groups for row in same])
    strength_of = Strengths()
    people = []
    for same in groups:
        by_owner: dict[int, Knower] = {}
        for row in same:
            knower = Knower(
                row.owner_id,
                *owners[row.owner_id],
                source=row.source,
                since=row.connected_on,
                strength=strength_of(row),
            )
            if row.owner_id not in by_owner or knower.strength > by_owner[row.owner_id].strength:
                by_owner[row.owner_id] = knower
        ordered = sorted(by_owner.values(), key=lambda knower: (-knower.strength, knower.id))
        people.append((same[0], tuple(ordered)))
    return people


class Strengths:
    """How well the owners of connections know people today."""

    def __init__(self) -> None:
        self._on = today()
        # An import or a fair gives many connections one day.
        self._known: dict[date | None, float] = {}

    def __call__(self, row: Known) -> float:
        """The strength of a connection."""
        last = last_contact(TieKind.CONNECTED, row.connected_on, None, row.created_at)
        if last not in self._known:
            base = USUAL_BASE[TieKind.CONNECTED]
            self._known[last] = strength(TieKind.CONNECTED, base, last, self._on)
        return self._known[last]


def unrecorded_at(session: Session, viewer: Viewer, account: Account) -> list[Unrecorded]:
    """The people at an account whom the viewer knows, or colleagues who share it, and who are not
    in the record."""
    rows = [row for row in _at_account(session, viewer, account) if row.person_id is None]
    people = [
        Unrecorded(row.name, row.position, row.company, who) for row, who in grouped(session, rows)
    ]
    return sorted(people, key=lambda person: (-person.known_by[0].strength, person.name))


def unrecorded_of_name(session: Session, viewer: Viewer, name: str) -> list[Unrecorded]:
    """The people of a name whom the viewer knows, or colleagues who share it, and who are not in
    the record."""
    query = select_row(Known, Connection).where(
        col(Connection.plain_name) == plain(name),
        col(Connection.person_id).is_(None),
        readable_connections(session, viewer),
    )
    rows = fetch(session, Known, query.order_by(col(Connection.id)))
    return [
        Unrecorded(row.name, row.position, row.company, who) for row, who in grouped(session, rows)
    ]


def presence_at(session: Session, viewer: Viewer, account: Account) -> Presence:
    """How many of us know people at an account, by the ties and connections that a viewer sees."""
    there = select(Person.id).where(Person.account_id == account.id)
    members = set(session.exec(select(Member.person_id).where(col(Member.active).is_(True))))
    pairs: set[tuple[int, int]] = set()
    for us, them in ((Tie.one_id, Tie.other_id), (Tie.other_id, Tie.one_id)):
        met: Any = sa.select(us, them).where(  # type: ignore[call-overload]
            col(them).in_(there), col(us).in_(members), visible(session, viewer)
        )
        pairs.update((int(one), int(other)) for one, other in session.execute(met))
    pairs = {pair for pair in pairs if pair[1] not in members}
    colleagues: set[int] = {one for one, _ in pairs}
    people: set[object] = {other for _, other in pairs}
    for row in _at_account(session, viewer, account):
        colleagues.add(row.owner_id)
        people.add(row.person_id or _identity(row))
    return Presence(len(colleagues), len(people))


def _at_account(session: Session, viewer: Viewer, account: Account) -> list[Known]:
    """The connections at an account that a viewer may read."""
    readable = readable_connections(session, viewer)
    named = sa.select(col(Connection.company)).where(at_company(account.name), readable)
    companies = [
        company
        for company in session.scalars(named.distinct())
        if same_company(company, account.name)
    ]
    query = select_row(Known, Connection).where(col(Connection.company).in_(companies), readable)
    return fetch(session, Known, query.order_by(col(Connection.id)).limit(MOST_AT_ACCOUNT))


def at_company(name: str) -> sa.ColumnElement[bool]:
    """The predicate of the connections whose company may have this name."""
    keys = _names_of(name)
    company = col(Connection.plain_company)
    longer = [company.startswith(f"{key} ", autoescape=True) for key in keys]
    return sa.or_(company.in_(keys), *longer)


def may_be_called(name: str, company: str) -> bool:
    """Whether a connection's company may have this name, as `at_company` says it."""
    written = plain(company)[:500]
    return any(written == key or written.startswith(f"{key} ") for key in _names_of(name))


def _names_of(name: str) -> list[str]:
    return sorted({plain(name), *company_keys(name)} - {""})


def _identity(row: Known) -> object:
    """What is the same for connections of several colleagues to one person."""
    if row.url or row.email:
        return row.url or row.email
    return row.plain_name, company_keys(row.company)[0] if row.company else ""
