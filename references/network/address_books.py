"""Connections: the entries of members' own address books, and their matches in the record.

Only its owner sees a connection, until they share it: a network search finds what is shared. If the
record has the person (`recognition.py` says when), the owner gets a tie that is as private as the
connection.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from references.network.recognition import Entry, Recognition
from references.network.ties import USUAL_BASE, Tie, TieKind, Visibility, pair, set_visibility
from workspace.accounts.accounts import find_account
from workspace.audit import audit, audit_all
from workspace.clock import now
from workspace.database import FOLLOWS, RIGHTS, batches, contains, fetch, select_row
from workspace.errors import Conflict, Invalid, NotFound
from workspace.ids import ID, uncounted_id
from workspace.imports.messages import Notice, tell
from workspace.keys import plain
from workspace.new_rows import new_row
from workspace.people.names import name_key
from workspace.people.people import add_contact
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer


class Connection(SQLModel, table=True):
    """An entry of a member's address book. Nobody else sees it unless its owner shares it."""

    __table_args__ = (sa.Index("ix_connection_visibility_position", "visibility", "position"),)

    id: int = uncounted_id()
    owner_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=200)
    # The name as it is compared.
    plain_name: str = Field(index=True, max_length=500)
    email: str | None = Field(default=None, max_length=254, index=True)
    # The address of a profile, as it is compared.
    url: str | None = Field(default=None, max_length=300, index=True)
    company: str = Field(default="", max_length=200)
    plain_company: str = Field(default="", index=True, max_length=500)
    position: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=200)
    # The address at work.
    street: str = Field(default="", max_length=200)
    postcode: str = Field(default="", max_length=20)
    city: str = Field(default="", max_length=100)
    country: str | None = Field(default=None, max_length=2)
    # Month and day, as 04-12; only its owner is reminded of it.
    birthday: str = Field(default="", max_length=5)
    connected_on: date | None = None
    source: str = Field(default="", max_length=100)
    visibility: str = Field(
        default=Visibility.PRIVATE,
        max_length=10,
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    # The person in the record, and the tie to them.
    person_id: int | None = Field(
        default=None,
        foreign_key="person.id",
        index=True,
        sa_column_kwargs={"info": {FOLLOWS: True}},
    )
    tie_id: int | None = Field(
        default=None,
        foreign_key="tie.id",
        sa_type=ID,
        ondelete="SET NULL",
        sa_column_kwargs={"info": {FOLLOWS: True}},
    )
    created_at: datetime = Field(default_factory=now)


@dataclass(frozen=True)
class ConnectionRow:
    """A connection in its owner's list; with a `person_key` if the record has the person."""

    id: int
    name: str
    email: str | None
    url: str | None
    company: str
    position: str
    phone: str
    street: str
    postcode: str
    city: str
    country: str | None
    connected_on: date | None
    source: str
    visibility: str
    person_key: str | None


@dataclass(frozen=True)
class Suggestion:
    """A connection, and the names of the people in the record whom it may mean."""

    connection: Connection
    people: tuple[str, ...]


class AddressBook:
    """The connections of one member that entries of these names and profiles may be about."""

    def __init__(
        self, session: Session, owner_id: int, names: Iterable[str], urls: Iterable[str]
    ) -> None:
        self.session = session
        self.owner_id = owner_id
        self._by_url: dict[str, Connection] = {}
        self._by_email: dict[tuple[str, str], Connection] = {}
        self._by_company: dict[tuple[str, str], list[Connection]] = {}
        for column, values in (
            (Connection.plain_name, {name_key(name) for name in names}),
            (Connection.url, set(urls)),
        ):
            for batch in batches(values):
                known = select(Connection).where(
                    Connection.owner_id == owner_id, col(column).in_(batch)
                )
                for row in session.exec(known.order_by(col(Connection.id))):
                    self._index(row)

    def put(
        self,
        name: str,
        *,
        source: str,
        email: str | None = None,
        url: str | None = None,
        company: str = "",
        position: str = "",
        connected_on: date | None = None,
        **details: str,
    ) -> tuple[Connection, bool, bool]:
        """Add or update a connection; returns it, whether it is new, and whether it changed.

        It is recognised by its profile, or by its name with the e-mail address or the company.
        Empty values leave the stored ones; `details` are telephone, address and birthday.
        `Invalid` where several connections match.
        """
        connection = self._find(name, email, url, company)
        values = {
            "email": email,
            "url": url,
            "company": company,
            "position": position,
            "connected_on": connected_on,
            **details,
        }
        facts: dict[str, Any] = {
            "name": name,
            **{column: value for column, value in values.items() if value},
        }
        if connection is None:
            connection = new_row(
                Connection, owner_id=self.owner_id, source=source, plain_name="", **facts
            )
            changed = created = True
        else:
            created = False
            facts = {
                column: value
                for column, value in facts.items()
                if getattr(connection, column) != value
            }
            changed = bool(facts)
            for column, value in facts.items():
                setattr(connection, column, value)
        if changed:
            connection.plain_name = name_key(connection.name)
            connection.plain_company = plain(connection.company)[:500]
            self.session.add(connection)
            self._index(connection)
        return connection, created, changed

    def _find(
        self, name: str, email: str | None, url: str | None, company: str
    ) -> Connection | None:
        if url and url in self._by_url:
            return self._by_url[url]
        by_email = self._by_email.get((name_key(name), email)) if email else None
        if by_email and not (url and by_email.url):
            return by_email
        # Different profiles or addresses tell two people of one name at one company apart.
        namesakes = [
            row
            for row in self._by_company.get((name_key(name), plain(company)), [])
            if not (url and row.url) and not (email and row.email and email != row.email)
        ]
        if len(namesakes) > 1:
            raise Invalid(tell(Notice.CONNECTION_UNCLEAR))
        return namesakes[0] if namesakes else None

    def _index(self, row: Connection) -> None:
        if row.url:
            self._by_url[row.url] = row
        if row.email:
            self._by_email[name_key(row.name), row.email] = row
        namesakes = self._by_company.setdefault((name_key(row.name), plain(row.company)), [])
        if row not in namesakes:
            namesakes.append(row)


def match_people(session: Session, person_ids: Collection[int]) -> int:
    """Match new or edited people with connections that have no match; returns how many match."""
    if session.exec(select(Connection.id).where(_unmatched()).limit(1)).first() is None:
        return 0
    count = 0
    for batch in batches(person_ids):
        people = select(Person.name, Person.email, Person.profile).where(col(Person.id).in_(batch))
        facts = session.exec(people).all()
        rows = session.exec(
            select(Connection).where(
                _unmatched(),
                sa.or_(
                    col(Connection.plain_name).in_(
                        {key for name, *_ in facts for key in (name_key(name), plain(name)[:500])}
                    ),
                    col(Connection.email).in_({email for _, email, _ in facts if email}),
                    col(Connection.url).in_({profile for *_, profile in facts if profile}),
                ),
            )
        )
        count += match_connections(session, rows.all())
    return count


def match_connections(
    session: Session,
    connections: Sequence[Connection],
    suggest: Callable[[Suggestion], None] | None = None,
) -> int:
    """Match connections with people in the record, and add ties; returns how many match.

    A match stays until the owner removes the connection. `suggest` is told whom of the record the
    others may mean.
    """
    session.flush()
    rows = [row for row in connections if row.person_id is None]
    if not rows:
        return 0
    recognition = _recognition(session, rows)
    pairs = [(row, recognition.match(_entry(row))) for row in rows]
    # Most address books have a card of their owner.
    matches = [
        (row, person_id)
        for row, person_id in pairs
        if person_id is not None and person_id != row.owner_id
    ]
    for batch in batches(matches):
        _add_ties(session, batch)
    if suggest:
        for row in rows:
            if row.person_id is None and (people := recognition.suggest(_entry(row))):
                suggest(Suggestion(row, tuple(person.name for person in people)))
    return len(matches)


def _recognition(session: Session, rows: Sequence[Connection]) -> Recognition:
    namesakes: list[Entry] = []
    for batch in batches(list({row.plain_name for row in rows})):
        query = select_row(Entry, Connection).where(
            col(Connection.plain_name).in_(batch),
            col(Connection.owner_id).in_({row.owner_id for row in rows}),
        )
        namesakes += fetch(session, Entry, query)
    return Recognition(session, [_entry(row) for row in rows], namesakes)


def _entry(row: Connection) -> Entry:
    return Entry(row.id, row.owner_id, row.name, row.email, row.url, row.company)


def connections_of(
    session: Session, owner_id: int, *, text: str = "", after: int = 0, limit: int = 50
) -> list[ConnectionRow]:
    """A member's connections in the order of their ids, from after `after`."""
    query = (
        select_row(ConnectionRow, Connection, Person)
        .outerjoin(Person, col(Person.id) == col(Connection.person_id))
        .where(col(Connection.owner_id) == owner_id, col(Connection.id) > after)
    )
    if text:
        query = query.where(
            contains(text, Connection.name, Connection.company, Connection.position)
        )
    return fetch(session, ConnectionRow, query.order_by(col(Connection.id)).limit(limit))


def own_connection(session: Session, viewer: Viewer, connection_id: int) -> Connection:
    """A connection of the viewer's own, or NotFound."""
    require_writer(viewer)
    row = session.get(Connection, connection_id)
    if row is None or row.owner_id != viewer.person_id:
        raise NotFound("There is no such connection.")
    return row


def share_connections(
    session: Session, rows: Sequence[Connection], visibility: Visibility, by: int
) -> None:
    """Set who may see the ties that follow from these connections."""
    for row in rows:
        row.visibility = visibility
        session.add(row)
        tie = session.get(Tie, row.tie_id) if row.tie_id is not None else None
        if tie:
            set_visibility(session, tie, visibility, by)
    session.flush()


def share_all_connections(session: Session, owner_id: int, visibility: Visibility) -> int:
    """Set who may see the ties of all connections of a member; returns how many there are."""
    rows = session.exec(select(Connection).where(Connection.owner_id == owner_id)).all()
    share_connections(session, rows, visibility, owner_id)
    return len(rows)


def add_to_record(session: Session, row: Connection, by: int) -> Person:
    """Add a connection to the record as a contact, and match other connections with them."""
    if row.person_id is not None:
        raise Conflict("They are in the record already.")
    account = find_account(session, row.company) if row.company else None
    person = add_contact(
        session,
        row.name,
        by,
        email=row.email,
        profile=row.url,
        title=row.position,
        phone=row.phone,
        street=row.street,
        postcode=row.postcode,
        city=row.city,
        country=row.country,
        account_id=account.id if account else None,
    )
    _add_ties(session, [(row, person.id)])
    match_people(session, [person.id])
    return person


def remove_connection(session: Session, row: Connection, by: int | None) -> None:
    """Remove a connection, and the tie that follows from it and no other."""
    tie = session.get(Tie, row.tie_id) if row.tie_id is not None else None
    session.delete(row)
    session.flush()
    others = select(Connection.id).where(Connection.tie_id == (tie.id if tie else None))
    if tie and session.exec(others.limit(1)).first() is None:
        audit(session, by, "tie removed", f"tie {tie.id}")
        session.delete(tie)
        session.flush()


def take_back(session: Session, row: Connection, by: int | None) -> None:
    """Remove a connection whose import is undone; one that was matched takes its tie along."""
    if row.tie_id is None:
        session.delete(row)
    else:
        remove_connection(session, row, by)


def _add_ties(session: Session, matches: Sequence[tuple[Connection, int]]) -> None:
    """Add the ties of matched connections, one for each owner, person and source."""
    people = {person_id for _, person_id in matches}
    ties: dict[tuple[object, ...], Tie] = {}
    for tie in session.exec(
        select(Tie).where(
            sa.or_(col(Tie.one_id).in_(people), col(Tie.other_id).in_(people)),
            col(Tie.asserted_by_id).in_({row.owner_id for row, _ in matches}),
            Tie.kind == TieKind.CONNECTED,
            Tie.origin == "",
        )
    ):
        ties[tie.asserted_by_id, tie.one_id, tie.other_id, tie.source] = tie
    new = []
    for row, person_id in matches:
        one, other = pair(row.owner_id, person_id)
        key = (row.owner_id, one, other, row.source)
        if key not in ties:
            ties[key] = Tie(
                one_id=one,
                other_id=other,
                kind=TieKind.CONNECTED,
                evidence=f"{row.source} connection",
                source=row.source,
                start=row.connected_on,
                base=USUAL_BASE[TieKind.CONNECTED],
                asserted_by_id=row.owner_id,
                visibility=row.visibility,
            )
            new.append(ties[key])
    session.add_all(new)
    session.flush()
    by_owner: defaultdict[int | None, list[str]] = defaultdict(list)
    for tie in new:
        by_owner[tie.asserted_by_id].append(f"tie {tie.id}")
    for owner_id, subjects in by_owner.items():
        audit_all(session, owner_id, "tie added", subjects)
    for row, person_id in matches:
        one, other = pair(row.owner_id, person_id)
        row.person_id = person_id
        row.tie_id = ties[row.owner_id, one, other, row.source].id
        session.add(row)
    session.flush()


def _unmatched() -> sa.ColumnElement[bool]:
    return col(Connection.person_id).is_(None)
