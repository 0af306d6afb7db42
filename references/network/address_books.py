"""Connections: whom members know by their own address books, and who of these is in the record.

A connection is its owner's alone. Where the record has the one whom it names, by e-mail
address, profile, or name and account, a tie follows that is as private as the connection.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from references.network.ties import SAID, Tie, TieKind, Visibility, pair, set_visibility
from workspace.accounts.accounts import Account, find_account
from workspace.audit import audit
from workspace.clock import now
from workspace.database import batches
from workspace.errors import Conflict, Invalid, NotFound
from workspace.keys import plain
from workspace.people.people import add_contact
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer


class Connection(SQLModel, table=True):
    """Somebody whom a member knows, from an address book of theirs.

    Nobody else sees it. It becomes a tie where the one it names is in the record.
    """

    id: int = Field(default=None, primary_key=True)
    owner_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=200)
    # The name for comparing.
    plain_name: str = Field(index=True, max_length=500)
    email: str | None = Field(default=None, max_length=254, index=True)
    # The address of a profile, as it is compared.
    url: str | None = Field(default=None, max_length=300, index=True)
    company: str = Field(default="", max_length=200)
    plain_company: str = Field(default="", max_length=500)
    position: str = Field(default="", max_length=200)
    connected_on: date | None = None
    source: str = Field(default="", max_length=100)
    visibility: str = Field(default=Visibility.PRIVATE, max_length=10)
    # Whom the record has under this name, and the tie that follows.
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    tie_id: int | None = Field(default=None, foreign_key="tie.id", ondelete="SET NULL")
    created_at: datetime = Field(default_factory=now)


@dataclass(frozen=True)
class ConnectionRow:
    """A connection as its owner's page shows it; `person_key` where the record has them."""

    id: int
    name: str
    email: str | None
    url: str | None
    company: str
    position: str
    connected_on: date | None
    source: str
    visibility: str
    person_key: str | None


class Book:
    """The connections of one member, by all that a row of an address book may name them by."""

    def __init__(self, session: Session, owner_id: int) -> None:
        self.session = session
        self.owner_id = owner_id
        self._by_url: dict[str, Connection] = {}
        self._by_email: dict[tuple[str, str], Connection] = {}
        self._by_company: dict[tuple[str, str], list[Connection]] = {}
        for row in session.exec(select(Connection).where(Connection.owner_id == owner_id)):
            self._keep(row)

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
    ) -> tuple[Connection, bool, bool]:
        """A connection as an address book has it: the row, whether it is new, whether it changed.

        It is known again by its profile, else by name and e-mail address or name and company;
        what the book does not say stays. `Invalid` where it could be several.
        """
        found = self._find(plain(name)[:500], email, url, plain(company)[:500])
        said = {
            "email": email,
            "url": url,
            "company": company,
            "position": position,
            "connected_on": connected_on,
        }
        facts: dict[str, Any] = {
            "name": name,
            **{column: value for column, value in said.items() if value},
        }
        if found is None:
            found = Connection(owner_id=self.owner_id, source=source, plain_name="", **facts)
            changed = created = True
        else:
            created = False
            facts = {name: each for name, each in facts.items() if getattr(found, name) != each}
            changed = bool(facts)
            for column, value in facts.items():
                setattr(found, column, value)
        if changed:
            found.plain_name = plain(found.name)[:500]
            found.plain_company = plain(found.company)[:500]
            self.session.add(found)
            self._keep(found)
        return found, created, changed

    def _find(
        self, name: str, email: str | None, url: str | None, company: str
    ) -> Connection | None:
        if url and url in self._by_url:
            return self._by_url[url]
        found = self._by_email.get((name, email)) if email else None
        if found and not (url and found.url):
            return found
        # Two of one name at one company have profiles or addresses of their own.
        namesakes = [
            row
            for row in self._by_company.get((name, company), [])
            if not (url and row.url) and not (email and row.email and email != row.email)
        ]
        if len(namesakes) > 1:
            raise Invalid("Several of your connections have this name and company: give the URL.")
        return namesakes[0] if namesakes else None

    def _keep(self, row: Connection) -> None:
        if row.url:
            self._by_url[row.url] = row
        if row.email:
            self._by_email[row.plain_name, row.email] = row
        there = self._by_company.setdefault((row.plain_name, row.plain_company), [])
        if row not in there:
            there.append(row)


def match_new(session: Session, person_ids: Collection[int]) -> int:
    """Find the connections that name these people, who are new or were edited; how many do."""
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
                    col(Connection.plain_name).in_({plain(name)[:500] for name, *_ in facts}),
                    col(Connection.email).in_({email for _, email, _ in facts if email}),
                    col(Connection.url).in_({profile for *_, profile in facts if profile}),
                ),
            )
        )
        count += match(session, rows.all())
    return count


def match(session: Session, connections: Sequence[Connection]) -> int:
    """Find whom these connections name, and write down the ties that follow; how many do.

    Whoever was found once stays so until the owner removes the connection.
    """
    session.flush()
    count = 0
    for start in range(0, len(connections), 500):
        some = [row for row in connections[start : start + 500] if row.person_id is None]
        by_email = _unique(session, col(Person.email), {row.email for row in some if row.email})
        by_profile = _unique(session, col(Person.profile), {row.url for row in some if row.url})
        by_name = _by_name_and_account(session, some)
        found: list[tuple[Connection, int]] = []
        for row in some:
            person_id = (
                by_email.get(row.email or "")
                or by_profile.get(row.url or "")
                or by_name.get((row.plain_name, row.plain_company))
            )
            # One's own card is in most address books.
            if person_id and person_id != row.owner_id:
                found.append((row, person_id))
        _tie_all(session, found)
        count += len(found)
    return count


def connections_of(
    session: Session, owner_id: int, *, text: str = "", after: int = 0, limit: int = 50
) -> list[ConnectionRow]:
    """A member's connections in the order in which they came, from after the one of that id."""
    columns: tuple[Any, ...] = (
        Connection.id,
        Connection.name,
        Connection.email,
        Connection.url,
        Connection.company,
        Connection.position,
        Connection.connected_on,
        Connection.source,
        Connection.visibility,
        Person.key,
    )
    query: Any = (
        sa.select(*columns)
        .select_from(Connection)
        .outerjoin(Person, col(Person.id) == col(Connection.person_id))
        .where(col(Connection.owner_id) == owner_id, col(Connection.id) > after)
    )
    if text:
        query = query.where(
            sa.or_(
                *(
                    col(each).icontains(text, autoescape=True)
                    for each in (Connection.name, Connection.company, Connection.position)
                )
            )
        )
    rows = session.exec(query.order_by(col(Connection.id)).limit(limit))
    return [ConnectionRow(*row) for row in rows]


def own_connection(session: Session, viewer: Viewer, connection_id: int) -> Connection:
    """A connection of the viewer's own, or NotFound."""
    require_writer(viewer)
    row = session.get(Connection, connection_id)
    if row is None or row.owner_id != viewer.person_id:
        raise NotFound("There is no such connection.")
    return row


def share(session: Session, rows: Sequence[Connection], visibility: Visibility, by: int) -> None:
    """Let others know of connections that are in the record, or take them back."""
    for row in rows:
        row.visibility = visibility
        session.add(row)
        tie = session.get(Tie, row.tie_id) if row.tie_id is not None else None
        if tie:
            set_visibility(session, tie, visibility, by)
    session.flush()


def share_all(session: Session, owner_id: int, visibility: Visibility) -> int:
    """Share every connection of a member, or take them back; how many there are."""
    rows = session.exec(select(Connection).where(Connection.owner_id == owner_id)).all()
    share(session, rows, visibility, owner_id)
    return len(rows)


def add_to_record(session: Session, row: Connection, by: int) -> Person:
    """Make a contact of a connection whom the record does not have, and find them again."""
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
        account_id=account.id if account else None,
    )
    _tie_all(session, [(row, person.id)])
    match_new(session, [person.id])
    return person


def forget(session: Session, row: Connection, by: int) -> None:
    """Remove a connection, and the tie that followed from it."""
    tie = session.get(Tie, row.tie_id) if row.tie_id is not None else None
    session.delete(row)
    session.flush()
    others = select(Connection.id).where(Connection.tie_id == (tie.id if tie else None))
    if tie and session.exec(others.limit(1)).first() is None:
        audit(session, by, "tie removed", f"tie {tie.id}")
        session.delete(tie)
        session.flush()


def _tie_all(session: Session, found: Sequence[tuple[Connection, int]]) -> None:
    """Write down the ties of connections whom the record has, each once for its source."""
    people = {person_id for _, person_id in found}
    there: dict[tuple[object, ...], Tie] = {}
    for tie in session.exec(
        select(Tie).where(
            sa.or_(col(Tie.one_id).in_(people), col(Tie.other_id).in_(people)),
            col(Tie.asserted_by_id).in_({row.owner_id for row, _ in found}),
            Tie.kind == TieKind.CONNECTED,
            Tie.origin == "",
        )
    ):
        there[tie.asserted_by_id, tie.one_id, tie.other_id, tie.source] = tie
    new = []
    for row, person_id in found:
        one, other = pair(row.owner_id, person_id)
        place = (row.owner_id, one, other, row.source)
        if place not in there:
            there[place] = Tie(
                one_id=one,
                other_id=other,
                kind=TieKind.CONNECTED,
                evidence=f"{row.source} connection",
                source=row.source,
                start=row.connected_on,
                base=SAID[TieKind.CONNECTED],
                asserted_by_id=row.owner_id,
                visibility=row.visibility,
            )
            new.append(there[place])
    session.add_all(new)
    session.flush()
    for tie in new:
        audit(session, tie.asserted_by_id, "tie added", f"tie {tie.id}")
    for row, person_id in found:
        one, other = pair(row.owner_id, person_id)
        row.person_id = person_id
        row.tie_id = there[row.owner_id, one, other, row.source].id
        session.add(row)
    session.flush()


def _unmatched() -> sa.ColumnElement[bool]:
    return col(Connection.person_id).is_(None)


def _unique(session: Session, column: Any, wanted: Collection[str]) -> dict[str, int]:
    """Who has these values in a column, where only one person has it."""
    found: dict[str, list[int]] = {}
    for value, person_id in session.execute(
        sa.select(column, col(Person.id)).where(column.in_(wanted))
    ):
        found.setdefault(value, []).append(person_id)
    return {value: ids[0] for value, ids in found.items() if len(ids) == 1}


def _by_name_and_account(
    session: Session, rows: Sequence[Connection]
) -> dict[tuple[str, str], int]:
    """Who works at these companies under these names, where only one person does."""
    companies = {row.plain_company for row in rows if row.plain_company}
    found: dict[tuple[str, str], list[int]] = {}
    for person_id, name, company in session.exec(
        select(Person.id, Person.name, Account.plain_name)
        .join(Account, col(Account.id) == col(Person.account_id))
        .where(col(Account.plain_name).in_(companies))
    ):
        found.setdefault((plain(name)[:500], company), []).append(person_id)
    return {place: ids[0] for place, ids in found.items() if len(ids) == 1}
