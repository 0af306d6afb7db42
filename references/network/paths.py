"""The network: every tie in memory, in step with the database, and the paths in it.

The database owns the ties. The graph holds those that every member may see; it is a cache that
each process brings up to the database's last generation before it answers. Ties that only some
members may see are lent to each question and are never cached. The evidence on a path is read
from the database under the viewer's rights.
"""

import itertools
import math
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.network.address_books import match_people
from references.network.circles import changed_values
from references.network.derived_ties import Touched, derive_ties
from references.network.graph import Graph
from references.network.path_search import Path
from references.network.ties import (
    TIE_LOG,
    Tie,
    TieState,
    Visibility,
    colleague_may_know,
    combined,
    last_contact,
    pair,
    personal,
    strength,
    visible,
)
from workspace.accounts.accounts import Account, Relationship
from workspace.change_log import EMPTY, Mark, follow
from workspace.clock import today
from workspace.database import Database, batches, fetch
from workspace.deals.discretion import hidden_from
from workspace.deals.tables import Stakeholder
from workspace.people.people import PersonSummary, select_people
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# The least strengths of a strong, and of a fair path.
STRONG = 0.25
FAIR = 0.08
# With more changed pairs, rebuilding the graph is no slower than following them.
MOST_CHANGES = 20_000

Pair = tuple[int, int]


@dataclass(frozen=True)
class Evidence:
    """A tie between two neighbours on a path."""

    kind: str
    evidence: str
    source: str
    start: date | None
    end: date | None
    strength: float
    # Whether the tie is derived from the record.
    inferred: bool
    # The visibility of the tie.
    shared_with: str


@dataclass(frozen=True)
class KnownPath:
    """A path with its people and the evidence of its ties, as a viewer may see them."""

    people: tuple[PersonSummary, ...]
    # For each two neighbours, the strongest evidence first.
    evidence: tuple[tuple[Evidence, ...], ...]
    strength: float

    @property
    def band(self) -> str:
        """The strength in a word: strong, fair or weak."""
        return "strong" if self.strength >= STRONG else "fair" if self.strength >= FAIR else "weak"


@dataclass(frozen=True)
class Reach:
    """The paths to some people."""

    from_us: list[KnownPath]
    from_customers: list[KnownPath]
    # Whether a colleague whose tie has the visibility ASK may know one of them.
    may_be_asked: bool


class Network:
    """Keeps derived ties in step with the record, and the graph in step with the ties."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._graph: Graph | None = None
        self._mark = EMPTY
        self._day = date.min
        self._lock = threading.RLock()

    def attach(self) -> None:
        """Derive ties in every transaction that writes through the database."""
        self._database.watch(_follow_writes)

    def catch_up(self) -> None:
        """Derive the ties of a record that was written before there were derived ties."""
        with self._database.read() as session:
            if session.exec(select(TieState.generation)).one():
                return
            people = set(session.exec(select(Person.id)))
            deals = set(session.exec(select(Stakeholder.deal_id).distinct()))
        if people:
            with self._database.write() as session:
                derive_ties(session, Touched(people=people, deals=deals))

    def warm(self) -> None:
        """Read the ties, so that the first paths do not wait for them."""
        with self._database.read() as session:
            self.graph(session)

    def graph(self, session: Session) -> Graph:
        """The graph of the ties that every member may see, at least as new as the session."""
        with self._lock:
            if self._graph is None or TIE_LOG.last(session) != self._mark:
                # The session may see an older state than the graph already has.
                with self._database.read() as newest:
                    self._graph = self._renewed(newest)
            elif self._day != today():
                # Ties fade slowly, so that yesterday's strengths serve until today's are ready.
                self._day = today()
                threading.Thread(target=self._reload, name="ties", daemon=True).start()
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
        """The strongest paths that this viewer may see, the strongest first.

        No path leads over people at competitors, or over people of whom the viewer may not know.
        """
        paths = self.graph(session).paths(
            sources,
            targets,
            k=limit,
            lent=self.lent(session, viewer),
            avoid={
                *avoid,
                *competitors_people(session),
                *hidden_from(session, viewer).people,
            },
        )
        return known_paths(session, viewer, [path.people for path in paths])

    def reach(
        self, session: Session, viewer: Viewer, targets: Collection[int], *, limit: int = 5
    ) -> Reach:
        """The strongest paths to these people from our members, and from our customers' people.

        A customer's path leads over no member, and does not begin at these people's account.
        """
        members = set(session.exec(select(Member.person_id)))
        return Reach(
            from_us=self.paths(session, viewer, active_members(session), targets, limit=limit),
            from_customers=self.paths(
                session,
                viewer,
                _customers_people(session, targets),
                targets,
                limit=limit,
                avoid=members - set(targets),
            ),
            may_be_asked=colleague_may_know(session, viewer, list(targets)),
        )

    def nearest(
        self, session: Session, viewer: Viewer, targets: Collection[int]
    ) -> dict[int, KnownPath]:
        """The strongest path from our active members to each of these people, where there is one.

        It is the first one of `paths` to that person alone; all are searched at once.
        """
        return with_evidence(session, viewer, self.chains(session, viewer, targets).values())

    def chains(self, session: Session, viewer: Viewer, targets: Collection[int]) -> dict[int, Path]:
        """The path of `nearest` to each of these people, without its evidence."""
        return self.graph(session).nearest(
            active_members(session),
            targets,
            lent=self.lent(session, viewer),
            avoid={*competitors_people(session), *hidden_from(session, viewer).people},
        )

    def lent(self, session: Session, viewer: Viewer) -> dict[Pair, float]:
        """The strengths of the pairs with a tie that this viewer may see, but not every member."""
        # Not `visible`: an index has the owners, and of millions of ties few have one.
        pairs = select(Tie.one_id, Tie.other_id).where(
            personal(session, viewer), Tie.visibility != Visibility.EVERYONE
        )
        allowed = visible(session, viewer)
        return _strengths(session, set(session.exec(pairs)), allowed, today())

    def _renewed(self, newest: Session) -> Graph:
        """The graph of this state, which follows the changed pairs or is rebuilt."""
        mark = TIE_LOG.last(newest)
        changed = _changed_since(newest, self._mark) if self._graph is not None else None
        if self._graph is None or changed is None:
            self._day = today()
            self._graph = _load_graph(newest, self._day)
        else:
            everyone = col(Tie.visibility) == Visibility.EVERYONE
            strengths = _strengths(newest, changed, everyone, self._day)
            for one, other in changed:
                self._graph.change(one, other, strengths.get((one, other)))
            if self._graph.overgrown:
                threading.Thread(target=self._graph.compact, name="ties", daemon=True).start()
        self._mark = mark
        return self._graph

    def _reload(self) -> None:
        with self._database.read() as session:
            mark, graph = TIE_LOG.last(session), _load_graph(session, today())
        with self._lock:
            self._mark, self._graph = mark, graph


def known_paths(
    session: Session, viewer: Viewer, chains: Sequence[tuple[int, ...]]
) -> list[KnownPath]:
    """The paths over these chains of people, with the evidence that the viewer may see.

    A path without evidence for one of its ties is dropped: the tie has just been removed.
    """
    people = path_people(session, {person for chain in chains for person in chain})
    pairs = {pair(*two) for chain in chains for two in itertools.pairwise(chain)}
    evidence = _evidence(session, pairs, visible(session, viewer), today())
    paths = []
    for chain in chains:
        ties = tuple(evidence.get(pair(*two), ()) for two in itertools.pairwise(chain))
        if all(ties) and all(person in people for person in chain):
            product = math.prod(combined(tie.strength for tie in several) for several in ties)
            paths.append(KnownPath(tuple(people[person] for person in chain), ties, product))
    return paths


def with_evidence(session: Session, viewer: Viewer, paths: Iterable[Path]) -> dict[int, KnownPath]:
    """These paths as a viewer may see them, by the person to whom each leads."""
    known = known_paths(session, viewer, [path.people for path in paths])
    return {path.people[-1].id: path for path in known}


def path_people(session: Session, people: Collection[int]) -> dict[int, PersonSummary]:
    """These people as paths show them."""
    by_id = {}
    for batch in batches(people):
        query = select_people(PersonSummary).where(col(Person.id).in_(batch))
        by_id.update({person.id: person for person in fetch(session, PersonSummary, query)})
    return by_id


def active_members(session: Session) -> list[int]:
    """The active members."""
    return list(session.exec(select(Member.person_id).where(col(Member.active).is_(True))))


def _customers_people(session: Session, targets: Collection[int]) -> list[int]:
    """The people at our customers, except those at the accounts of these targets."""
    target_accounts: set[int | None] = set()
    for batch in batches(targets):
        accounts = sa.select(col(Person.account_id)).where(col(Person.id).in_(batch))
        target_accounts.update(session.execute(accounts).scalars())
    query = (
        select(Person.id, Person.account_id)
        .join(Account, col(Account.id) == col(Person.account_id))
        .where(Account.relationship == Relationship.CUSTOMER)
    )
    return [person for person, account in session.exec(query) if account not in target_accounts]


def _follow_writes(session: Session) -> None:
    """Derive ties again before this transaction commits, and log the pairs that it changes."""
    touched = Touched()
    changed: set[Pair] = set()

    def note(row: SQLModel) -> None:
        if isinstance(row, Tie):
            # What others cannot see leaves no trace in the log that all processes follow.
            if Visibility.EVERYONE in changed_values(row, "visibility"):
                changed.add((row.one_id, row.other_id))
        else:
            touched.note(row)

    def renew(session: Session) -> None:
        if not touched and not changed:
            return
        # Facts are read under the lock, so that they include every earlier change to them.
        number = TIE_LOG.lock(session)
        match_people(session, touched.people)
        derive_ties(session, touched)
        session.flush()
        if changed:
            sweeping = len(changed) > MOST_CHANGES
            pairs = () if sweeping else sorted(changed)
            changes = [{"one_id": one, "other_id": other} for one, other in pairs]
            TIE_LOG.append(session, number, changes, breaks=sweeping)

    follow(session, note, renew)


def _load_graph(session: Session, on: date) -> Graph:
    """The graph of the ties that every member may see."""
    # By pair, the complement of the combined strength: the probability that no tie helps.
    complements: dict[Pair, float] = defaultdict(lambda: 1.0)
    query = _tie_columns().where(col(Tie.visibility) == Visibility.EVERYONE)
    rows = session.execute(query.execution_options(yield_per=50_000))
    for one, other, tie_strength in _strength_of_each(rows, on):
        complements[one, other] *= 1.0 - tie_strength
    count = len(complements)
    people = np.fromiter((person for two in complements for person in two), np.int64, 2 * count)
    strengths = np.fromiter((combined([1.0 - none]) for none in complements.values()), float, count)
    return Graph(people[::2], people[1::2], strengths)


def _strengths(
    session: Session, pairs: Collection[Pair], allowed: sa.ColumnElement[bool], on: date
) -> dict[Pair, float]:
    """The combined strength of each of these pairs, by the ties that are allowed."""
    by_pair: dict[Pair, list[float]] = defaultdict(list)
    for batch in _pair_batches(pairs):
        rows = session.execute(_tie_columns().where(_between(batch), allowed))
        for one, other, tie_strength in _strength_of_each(rows, on):
            by_pair[one, other].append(tie_strength)
    return {two: combined(strengths) for two, strengths in by_pair.items()}


def _evidence(
    session: Session, pairs: Collection[Pair], allowed: sa.ColumnElement[bool], on: date
) -> dict[Pair, tuple[Evidence, ...]]:
    """The ties of each of these pairs that are allowed, the strongest first."""
    by_pair: dict[Pair, list[Evidence]] = defaultdict(list)
    shown = (col(Tie.evidence), col(Tie.source), col(Tie.origin), col(Tie.visibility))
    for batch in _pair_batches(pairs):
        query = _tie_columns().add_columns(*shown).where(_between(batch), allowed)
        for row in session.execute(query):
            last = last_contact(row.kind, row.start, row.end, row.created_at)
            by_pair[row.one_id, row.other_id].append(
                Evidence(
                    kind=row.kind,
                    evidence=row.evidence,
                    source=row.source,
                    start=row.start,
                    end=row.end,
                    strength=strength(row.kind, row.base, last, on),
                    inferred=bool(row.origin),
                    shared_with=row.visibility,
                )
            )
    return {
        two: tuple(sorted(ties, key=lambda tie: (-tie.strength, tie.evidence)))
        for two, ties in by_pair.items()
    }


def _tie_columns() -> Any:
    """The columns that strengths depend on: whole ties take several times as long to read."""
    return sa.select(
        col(Tie.one_id),
        col(Tie.other_id),
        col(Tie.kind),
        col(Tie.base),
        col(Tie.start),
        col(Tie.end),
        col(Tie.created_at),
    )


def _strength_of_each(rows: Iterable[Any], on: date) -> Iterator[tuple[int, int, float]]:
    """The pair and the strength of each tie, in the order of `_tie_columns`.

    Millions of rows are read here, and unpacking them is faster than access by name.
    """
    for one, other, kind, base, start, end, created_at in rows:
        tie_strength = strength(kind, base, last_contact(kind, start, end, created_at), on)
        if tie_strength > 0:
            yield one, other, tie_strength


def _pair_batches(pairs: Collection[Pair]) -> Iterator[list[Pair]]:
    rows = sorted(pairs)
    return (rows[start : start + 200] for start in range(0, len(rows), 200))


def _between(pairs: list[Pair]) -> sa.ColumnElement[bool]:
    """The ties of these pairs."""
    # SQLite reads all ties to compare pairs, unless it is told where to look.
    ones = sorted({one for one, _ in pairs})
    two = sa.tuple_(col(Tie.one_id), col(Tie.other_id))
    return sa.and_(col(Tie.one_id).in_(ones), two.in_(pairs))


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
