"""Searching private address books blindly: a job finds matches, and only a yes is told.

What the asker sees follows from their own acts, the calendar, and a yes. The job runs once a day,
for all searches of the day before, so that an owner is told once a day, and no page waits for it.
Nothing of what it finds is in its result, its progress or the audit log, which administrators read.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.address_books import Connection
from references.prospecting.connections import fitting_among
from references.prospecting.known import Known, readable_connections
from references.prospecting.tables import OPEN_DAYS, ConnectionMatch, ConnectionOffer, NetworkSearch
from references.prospecting.titles import Titles
from similarity.sentences.positions import position_in
from workspace.audit import audit
from workspace.clock import now, today
from workspace.deals.discretion import read_for
from workspace.errors import Conflict, Invalid, NotFound
from workspace.jobs.queue import enqueue
from workspace.jobs.running import Task
from workspace.jobs.tables import Job, JobState
from workspace.keys import random_key
from workspace.people import members
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import Viewer, require_writer
from workspace.told import Code, refusal

SEARCH_BOOKS = "search address books"
# When the job runs, in UTC: before the daily mails are written.
HOUR = 3
# At most so many searches of a member are open, and so many matches of an owner for one of them.
MOST_OPEN = 20
MOST_MATCHES = 10


@dataclass(frozen=True)
class OwnSearch:
    """A search as its asker sees it: what was offered, and nothing of what was not."""

    key: str
    text: str
    asked_on: date
    expires_on: date
    open: bool
    offers: list["Offer"]


@dataclass(frozen=True)
class Offer:
    """A person whom a colleague offered to introduce."""

    name: str
    title: str
    company: str
    note: str
    owner_key: str
    owner: str
    offered_at: datetime


@dataclass(frozen=True)
class Match:
    """A connection of the viewer's own that fits a colleague's search."""

    key: str
    name: str
    title: str
    company: str
    declined: bool


@dataclass(frozen=True)
class MatchedSearch:
    """A colleague's search, and the viewer's own connections that fit it."""

    asker_key: str
    asker: str
    text: str
    why: str
    expires_on: date
    matches: list[Match]

    @property
    def waiting(self) -> list[Match]:
        """The matches without an answer."""
        return [match for match in self.matches if not match.declined]


def ask_books(session: Session, viewer: Viewer, text: str, why: str) -> NetworkSearch:
    """Ask colleagues' private address books for a position; each answers with a yes or nothing."""
    require_writer(viewer)
    if viewer.person_id is None:
        raise Invalid("Only a member can ask colleagues.")
    position = position_in(text)
    if not (position.title or position.employer):
        raise Invalid(
            "Name a title or an employer, so that colleagues are asked about few.",
            {"q": "Add a title or an employer."},
        )
    mine = col(NetworkSearch.asker_id) == viewer.person_id
    texts = session.exec(select(NetworkSearch.text).where(mine, _open())).all()
    if text.casefold() in {asked.casefold() for asked in texts}:
        raise Conflict("You have asked colleagues for this already.")
    if len(texts) >= MOST_OPEN:
        raise Conflict(f"You have {MOST_OPEN} open searches. Withdraw one first.")
    search = NetworkSearch(
        key=random_key(session, NetworkSearch, "N-"),
        asker_id=viewer.person_id,
        text=text,
        why=why,
        expires_on=today() + timedelta(days=OPEN_DAYS),
    )
    session.add(search)
    session.flush()
    audit(session, viewer.person_id, "colleagues asked", f"network search {search.id}")
    # One that already runs may have read the searches before this one was there.
    waiting = select(Job.id).where(Job.kind == SEARCH_BOOKS, Job.state == JobState.WAITING)
    if session.exec(waiting.limit(1)).first() is None:
        enqueue(session, SEARCH_BOOKS, None, due_at=_next_morning(now()))
    return search


def withdraw(session: Session, viewer: Viewer, key: str) -> None:
    """Withdraw a search of the viewer's own: colleagues see it no longer."""
    require_writer(viewer)
    query = select(NetworkSearch).where(
        NetworkSearch.key == key, NetworkSearch.asker_id == viewer.person_id
    )
    search = session.exec(query).first()
    if search is None:
        raise NotFound("There is no such search.")
    search.withdrawn = True
    session.add(search)
    audit(session, viewer.person_id, "colleagues not asked any more", f"network search {search.id}")


def own_searches(session: Session, viewer: Viewer) -> list[OwnSearch]:
    """The searches that a member asked colleagues for, the newest first, with what was offered."""
    mine = select(NetworkSearch).where(
        NetworkSearch.asker_id == viewer.person_id, col(NetworkSearch.withdrawn).is_(False)
    )
    searches = session.exec(mine.order_by(col(NetworkSearch.id).desc()).limit(50)).all()
    offers: dict[int, list[Offer]] = defaultdict(list)
    rows = session.execute(
        sa.select(ConnectionOffer, col(Person.key).label("key"), col(Person.name).label("owner"))
        .join(Person, col(Person.id) == col(ConnectionOffer.owner_id))
        .where(col(ConnectionOffer.search_id).in_([search.id for search in searches]))
        .order_by(col(ConnectionOffer.id))
    )
    for row in rows:
        offer = row.ConnectionOffer
        offers[offer.search_id].append(
            Offer(
                name=offer.name,
                title=offer.title,
                company=offer.company,
                note=offer.note,
                owner_key=row.key,
                owner=row.owner,
                offered_at=offer.offered_at,
            )
        )
    return [
        OwnSearch(
            key=search.key,
            text=search.text,
            asked_on=search.created_at.date(),
            expires_on=search.expires_on,
            open=search.expires_on >= today(),
            offers=offers[search.id],
        )
        for search in searches
    ]


def matched_searches(session: Session, viewer: Viewer) -> list[MatchedSearch]:
    """The open searches of colleagues that the viewer's own connections fit, the newest first."""
    if viewer.person_id is None:
        return []
    active = select(Member.person_id).where(col(Member.active).is_(True))
    rows = session.execute(
        sa.select(
            NetworkSearch,
            ConnectionMatch,
            Connection,
            col(Person.key).label("asker_key"),
            col(Person.name).label("asker"),
        )
        .join(ConnectionMatch, col(ConnectionMatch.search_id) == col(NetworkSearch.id))
        .join(Connection, col(Connection.id) == col(ConnectionMatch.connection_id))
        .join(Person, col(Person.id) == col(NetworkSearch.asker_id))
        .where(
            col(ConnectionMatch.owner_id) == viewer.person_id,
            col(NetworkSearch.asker_id).in_(active),
            _open(),
        )
        .order_by(col(NetworkSearch.id).desc(), col(Connection.id))
    )
    found: dict[int, MatchedSearch] = {}
    for row in rows:
        search = row.NetworkSearch
        matched = found.setdefault(
            search.id,
            MatchedSearch(row.asker_key, row.asker, search.text, search.why, search.expires_on, []),
        )
        connection = row.Connection
        matched.matches.append(
            Match(
                key=row.ConnectionMatch.key,
                name=connection.name,
                title=connection.position,
                company=connection.company,
                declined=row.ConnectionMatch.declined,
            )
        )
    return list(found.values())


def offer(session: Session, viewer: Viewer, key: str, note: str) -> str:
    """Say yes: the asker learns of the connection and of its owner. Returns the asker's name."""
    match, search = _own_match(session, viewer, key)
    connection = session.get_one(Connection, match.connection_id)
    session.add(
        ConnectionOffer(
            search_id=search.id,
            owner_id=match.owner_id,
            name=connection.name,
            title=connection.position,
            company=connection.company,
            note=note,
        )
    )
    session.delete(match)
    session.flush()
    audit(session, viewer.person_id, "connection offered", f"network search {search.id}")
    return session.get_one(Person, search.asker_id).name


def decline(session: Session, viewer: Viewer, key: str) -> None:
    """Say no. Nobody else learns of it, not even from the audit log."""
    match, _ = _own_match(session, viewer, key)
    match.declined = True
    session.add(match)


def digest_lines(session: Session, viewer: Viewer) -> tuple[str, list[str]]:
    """A section of the viewer's daily mail: matches that were in none yet, search by search."""
    searches = matched_searches(session, viewer)
    keys = {match.key for search in searches for match in search.waiting}
    query = select(ConnectionMatch).where(
        col(ConnectionMatch.key).in_(keys), col(ConnectionMatch.mailed_at).is_(None)
    )
    new = {row.key: row for row in session.exec(query)}
    lines = []
    for search in searches:
        count = sum(match.key in new for match in search.waiting)
        if count:
            fit = (
                "One of your connections fits" if count == 1 else f"{count} of your connections fit"
            )
            lines.append(f"{fit} a search of {search.asker}: {search.text}")
    for row in new.values():
        row.mailed_at = now()
        session.add(row)
    return "Only you know", lines


def search_books(task: Task, titles: Titles) -> dict[str, Any]:
    """The job: match the searches that were not matched yet with private address books."""
    titles.prepare()
    while True:
        with task.part() as session:
            query = select(NetworkSearch).where(col(NetworkSearch.matched_at).is_(None))
            search = session.exec(query.order_by(col(NetworkSearch.id)).limit(1)).first()
            if search is None:
                return {}
            match_search(session, titles, search)


def match_search(session: Session, titles: Titles, search: NetworkSearch) -> None:
    """Add the matches of a search: of each owner the best few, where all that is asked is known."""
    search.matched_at = now()
    session.add(search)
    if search.withdrawn:
        return
    asker = members.viewer(session, search.asker_id, "")
    # What the asker may not know of an account tells them nothing about who works there.
    read_for(session, asker)
    position = position_in(search.text)
    private = _private_of_others(session, asker)
    rows = fitting_among(session, titles, position, private)
    by_owner: dict[int, list[tuple[float, Known]]] = defaultdict(list)
    for row, fit in rows:
        if fit.certain:
            by_owner[row.owner_id].append((fit.score, row))
    for matches in by_owner.values():
        matches.sort(key=lambda match: (-match[0], match[1].id))
        for _, row in matches[:MOST_MATCHES]:
            session.add(
                ConnectionMatch(
                    search_id=search.id,
                    connection_id=row.id,
                    key=random_key(session, ConnectionMatch, "M-"),
                    owner_id=row.owner_id,
                )
            )
            session.flush()


def _private_of_others(session: Session, asker: Viewer) -> sa.ColumnElement[bool]:
    """The connections that an asker may not read, of active colleagues who can answer."""
    answering = (
        select(MemberRole.person_id)
        .join(Member, col(Member.person_id) == col(MemberRole.person_id))
        .where(col(Member.active).is_(True))
    )
    return sa.and_(
        sa.not_(readable_connections(session, asker)), col(Connection.owner_id).in_(answering)
    )


def _own_match(session: Session, viewer: Viewer, key: str) -> tuple[ConnectionMatch, NetworkSearch]:
    """A match of the viewer's own for a search that is open, locked."""
    require_writer(viewer)
    query = (
        select(ConnectionMatch, NetworkSearch)
        .join(NetworkSearch, col(NetworkSearch.id) == col(ConnectionMatch.search_id))
        .where(ConnectionMatch.key == key, ConnectionMatch.owner_id == viewer.person_id, _open())
        .with_for_update()
    )
    row = session.exec(query).first()
    if row is None:
        raise refusal(NotFound, Code.NO_SEARCH)
    return row[0], row[1]


def _open() -> sa.ColumnElement[bool]:
    return sa.and_(
        col(NetworkSearch.withdrawn).is_(False), col(NetworkSearch.expires_on) >= today()
    )


def _next_morning(moment: datetime) -> datetime:
    """The next time at which the job runs."""
    at = datetime.combine(moment.date(), time(HOUR), moment.tzinfo)
    return at if at > moment else at + timedelta(days=1)
