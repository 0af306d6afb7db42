"""The network: every tie in memory, in step with the database, and the paths in it.

The database owns the ties; the graph of those that everybody may know of is a cache that each
process brings up to the database's last generation before it answers, as the catalog does
with vectors. The ties that only a viewer may know of are lent to each question, and are in no
cache. What a path shows is read from the database again, by the viewer's rights.
"""

import itertools
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.network.address_books import match_new
from references.network.derived_ties import Touched, find_again
from references.network.graph import Graph
from references.network.ties import (
    TIE_LOG,
    Tie,
    TieState,
    Visibility,
    colleague_may_know,
    combined,
    last_contact,
    pair,
    strength,
    visible,
)
from workspace.accounts.accounts import Account, Relationship
from workspace.change_log import EMPTY, Mark, follow
from workspace.clock import today
from workspace.database import Database, batches
from workspace.deals.stakeholders import Stakeholder
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# The strength of a path from which it is strong, and fair.
STRONG = 0.25
FAIR = 0.08
# With so many changes since, making the graph anew is no slower than following them.
MOST_CHANGES = 20_000

Pair = tuple[int, int]


@dataclass(frozen=True)
class PathPerson:
    """Somebody on a path."""

    id: int
    key: str
    name: str
    title: str
    account: str | None
    account_key: str | None
    member: bool


@dataclass(frozen=True)
class Evidence:
    """One tie between two people next to each other on a path."""

    kind: str
    evidence: str
    source: str
    start: date | None
    end: date | None
    strength: float
    # Nobody said it: it follows from the record.
    inferred: bool
    # Only the viewer, or their team, may know of it.
    shared_with: str


@dataclass(frozen=True)
class KnownPath:
    """A path as pages and the command line show it: people, and the evidence between them."""

    people: tuple[PathPerson, ...]
    # For each two next to each other, the strongest evidence first.
    evidence: tuple[tuple[Evidence, ...], ...]
    strength: float

    @property
    def band(self) -> str:
        """How strong it is, in a word: strong, fair or weak."""
        return "strong" if self.strength >= STRONG else "fair" if self.strength >= FAIR else "weak"


@dataclass(frozen=True)
class Reach:
    """How some people can be reached."""

    from_us: list[KnownPath]
    from_customers: list[KnownPath]
    # A colleague who keeps their ties to themselves, but lets us say so, may know one of them.
    may_be_asked: bool


class Network:
    """Keeps found ties in step with the record, and the graph in step with the ties."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._graph: Graph | None = None
        self._mark = EMPTY
        self._day = date.min
        self._lock = threading.RLock()

    def attach(self) -> None:
        """Find ties again in every transaction that writes through the database."""
        self._database.watch(_listen)

    def catch_up(self) -> None:
        """Find the ties of a record that is older than the looking for them."""
        with self._database.read() as session:
            if session.exec(select(TieState.generation)).one():
                return
            people = set(session.exec(select(Person.id)))
            deals = set(session.exec(select(Stakeholder.deal_id).distinct()))
        if people:
            with self._database.write() as session:
                find_again(session, Touched(people=people, deals=deals))

    def graph(self, session: Session) -> Graph:
        """The ties that everybody may know of, at least as new as the session's view."""
        with self._lock:
            if self._graph is None or TIE_LOG.last(session) != self._mark:
                # The session may see an older state than the graph already has.
                with self._database.read() as newest:
                    self._graph = self._renewed(newest)
            elif self._day != today():
                # Ties fade so slowly that yesterday's strengths do until today's are ready.
                self._day = today()
                threading.Thread(target=self._fade, name="ties", daemon=True).start()
            return self._graph

    def paths(
        self,
        session: Session,
        viewer: Viewer,
        sources: Collection[int],
        targets: Collection[int],
        *,
        limit: int = 5,
        avoid: Collection[int] = (),
    ) -> list[KnownPath]:
        """The strongest paths that this viewer may know of, the strongest first.

        Nobody at a competitor is asked on the way.
        """
        found = self.graph(session).paths(
            sources,
            targets,
            k=limit,
            lent=self.lent(session, viewer),
            avoid={*avoid, *competitors_people(session)},
        )
        return known_paths(session, viewer, [path.people for path in found])

    def reach(
        self, session: Session, viewer: Viewer, targets: Collection[int], *, limit: int = 5
    ) -> Reach:
        """The strongest paths to these people from us, and from our customers' people.

        A customer's path does not lead over us, and does not begin at these people's own account.
        """
        members = set(session.exec(select(Member.person_id)))
        return Reach(
            from_us=self.paths(session, viewer, active_members(session), targets, limit=limit),
            from_customers=self.paths(
                session,
                viewer,
                _customers(session, targets),
                targets,
                limit=limit,
                avoid=members - set(targets),
            ),
            may_be_asked=colleague_may_know(session, viewer, list(targets)),
        )

    def lent(self, session: Session, viewer: Viewer) -> dict[Pair, float]:
        """The pairs of whom this viewer knows more than everybody does, with their strengths."""
        seen = visible(session, viewer)
        own = select(Tie.one_id, Tie.other_id).where(seen, Tie.visibility != Visibility.EVERYONE)
        return _strengths(session, set(session.exec(own)), seen, today())

    def _renewed(self, newest: Session) -> Graph:
        """The graph of this state: by what has changed since the last one, or made anew."""
        mark = TIE_LOG.last(newest)
        changed = _changed_since(newest, self._mark) if self._graph is not None else None
        if self._graph is None or changed is None:
            self._day = today()
            self._graph = _load(newest, self._day)
        else:
            everyone = col(Tie.visibility) == Visibility.EVERYONE
            strengths = _strengths(newest, changed, everyone, self._day)
            for two in changed:
                self._graph.change(*two, strengths.get(two))
            if self._graph.overgrown:
                threading.Thread(target=self._graph.compact, name="ties", daemon=True).start()
        self._mark = mark
        return self._graph

    def _fade(self) -> None:
        with self._database.read() as session:
            mark, graph = TIE_LOG.last(session), _load(session, today())
        with self._lock:
            self._mark, self._graph = mark, graph


def known_paths(
    session: Session, viewer: Viewer, found: Iterable[tuple[int, ...]]
) -> list[KnownPath]:
    """Paths with their people and the evidence that the viewer may see on every tie."""
    chains = list(found)
    steps = path_people(session, {person for chain in chains for person in chain})
    pairs = {pair(*two) for chain in chains for two in _links(chain)}
    evidence = _evidence(session, pairs, visible(session, viewer), today())
    paths = []
    for chain in chains:
        links = tuple(evidence.get(pair(*two), ()) for two in _links(chain))
        # What was there a moment ago may be gone by the database's word.
        if all(links) and all(person in steps for person in chain):
            product = float(np.prod([combined(one.strength for one in link) for link in links]))
            paths.append(KnownPath(tuple(steps[person] for person in chain), links, product))
    return paths


def path_people(session: Session, people: Collection[int]) -> dict[int, PathPerson]:
    """These people as paths show them."""
    found = {}
    for batch in batches(people):
        rows = session.execute(
            sa.select(
                col(Person.id),
                col(Person.key),
                col(Person.name),
                col(Person.title),
                col(Account.name),
                col(Account.key),
                col(Member.person_id).is_not(None),
            )
            .outerjoin(Account, col(Account.id) == col(Person.account_id))
            .outerjoin(Member, col(Member.person_id) == col(Person.id))
            .where(col(Person.id).in_(batch))
        )
        found.update({row[0]: PathPerson(*row) for row in rows})
    return found


def active_members(session: Session) -> list[int]:
    """Our own people: the active members."""
    return list(session.exec(select(Member.person_id).where(col(Member.active).is_(True))))


def _customers(session: Session, targets: Collection[int]) -> list[int]:
    """The people at our customers, but for those at the accounts of these people."""
    theirs: set[int | None] = set()
    for batch in batches(targets):
        at = sa.select(col(Person.account_id)).where(col(Person.id).in_(batch))
        theirs.update(session.execute(at).scalars())
    query = (
        select(Person.id, Person.account_id)
        .join(Account, col(Account.id) == col(Person.account_id))
        .where(Account.relationship == Relationship.CUSTOMER)
    )
    return [person for person, account in session.exec(query) if account not in theirs]


def _listen(session: Session) -> None:
    """Derive ties again before this transaction commits, and log the pairs that it changes."""
    touched = Touched()
    changed: set[Pair] = set()

    def note(row: SQLModel) -> None:
        if isinstance(row, Tie):
            changed.add((row.one_id, row.other_id))
        else:
            touched.note(row)

    def renew(session: Session) -> None:
        if not touched and not changed:
            return
        # Facts are read under the lock, so that they include every earlier change to them.
        number = TIE_LOG.lock(session)
        match_new(session, touched.people)
        find_again(session, touched)
        session.flush()
        if changed:
            sweeping = len(changed) > MOST_CHANGES
            pairs = () if sweeping else sorted(changed)
            changes = [{"one_id": one, "other_id": other} for one, other in pairs]
            TIE_LOG.append(session, number, changes, breaks=sweeping)

    follow(session, note, renew)


def _load(session: Session, on: date) -> Graph:
    """The graph of the ties that everybody may know of."""
    strengths: dict[Pair, float] = defaultdict(lambda: 1.0)
    query = _columns().where(col(Tie.visibility) == Visibility.EVERYONE)
    rows = session.execute(query.execution_options(yield_per=50_000))
    for one, other, worth in _worths(rows, on):
        # What none of them would say, from which what they say together follows.
        strengths[one, other] *= 1.0 - worth
    count = len(strengths)
    people = np.fromiter((person for two in strengths for person in two), np.int64, 2 * count)
    weights = np.fromiter((combined([1.0 - none]) for none in strengths.values()), float, count)
    return Graph(people[::2], people[1::2], weights)


def _strengths(
    session: Session, pairs: Collection[Pair], allowed: sa.ColumnElement[bool], on: date
) -> dict[Pair, float]:
    """How strong the ties between these pairs are, of those that are allowed."""
    found: dict[Pair, list[float]] = defaultdict(list)
    for batch in _pair_batches(pairs):
        rows = session.execute(_columns().where(_between(batch), allowed))
        for one, other, worth in _worths(rows, on):
            found[one, other].append(worth)
    return {two: combined(worths) for two, worths in found.items()}


def _evidence(
    session: Session, pairs: Collection[Pair], allowed: sa.ColumnElement[bool], on: date
) -> dict[Pair, tuple[Evidence, ...]]:
    found: dict[Pair, list[Evidence]] = defaultdict(list)
    for batch in _pair_batches(pairs):
        # Columns: whole ties take several times as long, and there may be thousands.
        rows = session.execute(_told().where(_between(batch), allowed))
        for one, other, kind, base, start, end, said, evidence, source, origin, shared in rows:
            found[one, other].append(
                Evidence(
                    kind=kind,
                    evidence=evidence,
                    source=source,
                    start=start,
                    end=end,
                    strength=strength(kind, base, last_contact(kind, start, end, said), on),
                    inferred=bool(origin),
                    shared_with=shared,
                )
            )
    return {
        two: tuple(sorted(ties, key=lambda tie: (-tie.strength, tie.evidence)))
        for two, ties in found.items()
    }


def _columns() -> Any:
    return sa.select(
        col(Tie.one_id),
        col(Tie.other_id),
        col(Tie.kind),
        col(Tie.base),
        col(Tie.start),
        col(Tie.end),
        col(Tie.created_at),
    )


def _told() -> Any:
    return _columns().add_columns(
        col(Tie.evidence), col(Tie.source), col(Tie.origin), col(Tie.visibility)
    )


def _worths(rows: Iterable[Any], on: date) -> Iterator[tuple[int, int, float]]:
    for one, other, kind, base, start, end, said in rows:
        worth = strength(kind, base, last_contact(kind, start, end, said), on)
        if worth > 0:
            yield one, other, worth


def _pair_batches(pairs: Collection[Pair]) -> Iterator[list[Pair]]:
    rows = sorted(pairs)
    return (rows[start : start + 200] for start in range(0, len(rows), 200))


def _between(pairs: list[Pair]) -> sa.ColumnElement[bool]:
    return sa.tuple_(col(Tie.one_id), col(Tie.other_id)).in_(pairs)


def _links(chain: tuple[int, ...]) -> Iterator[Pair]:
    return itertools.pairwise(chain)


def competitors_people(session: Session) -> list[int]:
    """The people at competitors."""
    query = (
        select(Person.id)
        .join(Account, col(Account.id) == col(Person.account_id))
        .where(Account.relationship == Relationship.COMPETITOR)
    )
    return list(session.exec(query))


def _changed_since(session: Session, mark: Mark) -> set[Pair] | None:
    """The pairs whose ties have changed since a mark; None where the graph has to be rebuilt."""
    if not TIE_LOG.may_follow(session, mark):
        return None
    rows = session.execute(TIE_LOG.changed_after(mark).limit(MOST_CHANGES + 1))
    pairs = {(row.one_id, row.other_id) for row in rows}
    return pairs if len(pairs) <= MOST_CHANGES else None
