"""Pure: the graph of ties in memory, which answers questions for paths while it changes."""

import itertools
import threading
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from references.network.adjacency import (
    NO_NODE,
    Adjacency,
    FloatArray,
    Int64Array,
    LentTies,
    as_strengths,
)
from references.network.path_search import (
    MOST_HOPS,
    Path,
    PathQuery,
    SourceTies,
    strongest_path_to_each,
    strongest_paths,
)

# The sets of sources whose ties are kept for the next question; each takes 13 bytes a person.
MOST_SOURCE_SETS = 4
# With more excluded sources, the remaining ones are a set of their own.
MOST_EXCLUDED = 100
# A graph is overgrown when more ties than this, and this share of all, have changed.
MANY_CHANGES = 5_000
LARGE_SHARE = 0.02


class Graph:
    """Who knows whom: ties between people, each with a strength in (0, 1].

    Threads may ask and change at the same time: each question and each change takes one lock, for
    a millisecond or so. The first question from a set of sources reads all ties within two hops of
    it; the result is kept for the next questions, and follows every change.
    """

    def __init__(self, one: Int64Array, other: Int64Array, strength: FloatArray) -> None:
        """Ties between `one` and `other`, any ids of people, in either direction.

        Of a pair that comes twice the strongest tie stays, and nobody is tied to themselves.
        Strengths are kept as 32-bit floats; ValueError for any outside of (0, 1].
        """
        self._ties = Adjacency(one, other, strength)
        self._source_ties: dict[frozenset[int], SourceTies] = {}
        # The changes since a compaction began; None while there is none.
        self._pending: list[tuple[int, int, float | None]] | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._ties.count

    @property
    def nbytes(self) -> int:
        """The memory that the ties and what is kept for sets of sources take."""
        with self._lock:
            return self._ties.nbytes + sum(kept.nbytes for kept in self._source_ties.values())

    @property
    def overgrown(self) -> bool:
        """Whether so much has changed that `compact` is worth its time."""
        with self._lock:
            return self._ties.changes > max(MANY_CHANGES, LARGE_SHARE * self._ties.count)

    def change(self, one: int, other: int, strength: float | None) -> None:
        """Set the strength of a tie from the next question on, or remove the tie (None).

        ValueError for a strength outside of (0, 1].
        """
        if strength is not None:
            as_strengths([strength])
        with self._lock:
            if self._pending is not None:
                self._pending.append((one, other, strength))
            _change(self._ties, self._source_ties.values(), one, other, strength)

    def compact(self) -> None:
        """Rebuild the arrays, so that changed ties cost no more memory and time than others.

        It takes seconds with many ties. Other threads may ask and change meanwhile: the old
        arrays answer until the new ones replace them, with the changes in between.
        """
        with self._lock:
            if self._pending is not None:
                return
            self._pending = []
            old = self._ties.copy()
            source_sets = list(self._source_ties)
        try:
            ties = Adjacency(*old.all_ties())
            source_ties = {sources: SourceTies(ties, sources) for sources in source_sets}
            with self._lock:
                for one, other, strength in self._pending:
                    _change(ties, source_ties.values(), one, other, strength)
                self._ties, self._source_ties = ties, source_ties
        finally:
            self._pending = None

    def paths(
        self,
        sources: Collection[int],
        targets: Collection[int],
        *,
        k: int = 5,
        lent: Mapping[tuple[int, int], float] = {},
        avoid: Collection[int] = (),
        most_hops: int = MOST_HOPS,
    ) -> list[Path]:
        """The k strongest simple paths of up to `most_hops` ties from a source to a target.

        A path touches sources only where it begins and targets only where it ends. A person who is
        both is a target: the other sources reach them, and a person alone is on no path to
        themselves. Nobody in `avoid` is on a path. The ties in `lent` are valid for this question
        only, in either order of the pair; where the graph has the pair too, the stronger counts.

        The strongest come first, then those of fewer ties, then those of smaller ids, person by
        person. A frozenset of many sources that is used again is found again fastest.
        ValueError for strengths outside of (0, 1] and for hops other than 1 to MOST_HOPS.
        """
        if not 1 <= most_hops <= MOST_HOPS:
            raise ValueError(f"A path has 1 to {MOST_HOPS} hops, not {most_hops}.")
        if k < 1:
            return []
        ends = set(targets).difference(avoid)
        with self._lock:
            query = self._query(sources, ends, lent, avoid)
            return strongest_paths(query, most_hops, k)

    def nearest(
        self,
        sources: Collection[int],
        targets: Collection[int],
        *,
        lent: Mapping[tuple[int, int], float] = {},
        avoid: Collection[int] = (),
    ) -> dict[int, Path]:
        """The strongest path to each of these targets, as if it were the only target of `paths`.

        All are searched at once, in a fraction of the time that they take one by one.
        """
        sources = frozenset(sources)
        ends = set(targets).difference(avoid)
        # A target that is a source needs a search of its own, without this source.
        among_sources = ends & sources
        nearest = {
            person: path
            for person in among_sources
            for path in self.paths(sources, [person], k=1, lent=lent, avoid=avoid)
        }
        with self._lock:
            query = self._query(sources, (), lent, avoid)
            paths = strongest_path_to_each(query, self._ties.nodes_of(ends - among_sources))
        return nearest | {path.people[-1]: path for path in paths}

    def _query(
        self,
        sources: Collection[int],
        targets: Collection[int],
        lent: Mapping[tuple[int, int], float],
        avoid: Collection[int],
    ) -> PathQuery:
        """The search for a question; the caller has locked the graph."""
        sources = frozenset(sources)
        excluded = {person for person in itertools.chain(targets, avoid) if person in sources}
        if len(excluded) > MOST_EXCLUDED:
            sources -= excluded
        ties = self._ties
        # Lent ties may add people, so they come before anything that is as long as the people.
        lent_ties = LentTies(ties, lent)
        return PathQuery(
            ties,
            self._source_ties_of(sources),
            lent_ties,
            ties.nodes_of(targets),
            ties.nodes_of(avoid),
            ties.nodes_of(excluded),
        )

    def _source_ties_of(self, sources: frozenset[int]) -> SourceTies:
        """The ties to a set of sources, kept from an earlier question or made."""
        kept = self._source_ties.pop(sources, None)
        if kept is None:
            kept = SourceTies(self._ties, sources)
        # The least recently used set is the first one, and is dropped first.
        self._source_ties[sources] = kept
        if len(self._source_ties) > MOST_SOURCE_SETS:
            del self._source_ties[next(iter(self._source_ties))]
        kept.grow(self._ties)
        return kept


def _change(
    ties: Adjacency, kept: Iterable[SourceTies], one: int, other: int, strength: float | None
) -> None:
    """Change a tie, and what is kept for sets of sources with it."""
    if one == other:
        return
    people = np.array([one, other])
    nodes = ties.find(people) if strength is None else ties.find_or_add(people)
    first, second = nodes.tolist()
    if NO_NODE in (first, second):
        return
    ties.set_tie(first, second, strength)
    for source_ties in kept:
        source_ties.update(ties, first, second)
