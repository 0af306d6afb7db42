"""Pure: the strongest paths between people, over ties that are held in memory.

Nobody inside a path is a source or a target. So a path is a tie from a source into its middle,
the middle, and a tie out of it to a target, and the three are chosen independently. The middle is
one person, or two with the tie between them. The best path over a middle has the strongest tie in
and the strongest tie out; hence the k best paths lie on the k middles whose best paths come
first. These are searched from the targets: for each person next to one, the strongest way on to
the sources is a bound on what is worth looking at.

Strengths are 32-bit floats. The product of two is exact in a 64-bit float and that of three is
rounded once, so that no order of multiplying decides which of two paths is the stronger, and a
path with a weaker tie in the same place is always the weaker one.
"""

import heapq
import itertools
import math
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from references.network.adjacency import (
    NOBODY,
    Edges,
    Entries,
    FloatArray,
    Int64Array,
    LentTies,
    PathQuestion,
    Places,
    Strengths,
    TieArrays,
    as_strengths,
    concatenated,
    first_positions,
    is_among,
    strongest_ties,
)

MOST_HOPS = 3
# So many sets of sources have their entries kept; each takes 13 bytes a person.
MOST_ENTRIES = 4
# Up to so many sources are left out for one question; more make a set of their own.
MOST_LEFT_OUT = 100
# How many people next to the targets are looked at first; the next time four times as many.
FIRST_BATCH = 16
# A graph is overgrown when more ties than this, and this share of all, have changed.
MANY_CHANGES = 5_000
LARGE_SHARE = 0.02
# What the best path over each of some middles is: its strength, and its people as four places
# (source, first, second, target), where first or second may be NOBODY.
Middles = tuple[NDArray[np.float64], Places]


@dataclass(frozen=True)
class Path:
    """A way from a source to a target: its people, the ties between them, their product."""

    people: tuple[int, ...]
    strengths: tuple[float, ...]
    strength: float


class Graph:
    """Who knows whom: ties between people, each with a strength in (0, 1].

    Threads may ask and change at the same time: each question and each change holds one lock,
    for a millisecond or so. The first question from a set of sources looks at all ties within
    two hops of it; what it found is kept for the next and follows every change.
    """

    def __init__(self, one: Int64Array, other: Int64Array, strength: FloatArray) -> None:
        """Ties between `one` and `other`, any ids of people, in either direction.

        Of a pair that is given twice the strongest stands, and nobody is tied to themselves.
        Strengths are kept as 32-bit floats; ValueError for any outside (0, 1].
        """
        self._ties = TieArrays(one, other, strength)
        self._entries: dict[frozenset[int], Entries] = {}
        # What changes while a new arrangement is being made; None while none is.
        self._meanwhile: list[tuple[int, int, float | None]] | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._ties.count

    @property
    def nbytes(self) -> int:
        """The memory that the ties and what is kept for sets of sources take."""
        with self._lock:
            return self._ties.nbytes + sum(entries.nbytes for entries in self._entries.values())

    @property
    def overgrown(self) -> bool:
        """Whether so much has changed that `compact` is worth its time."""
        with self._lock:
            return self._ties.changes > max(MANY_CHANGES, LARGE_SHARE * self._ties.count)

    def change(self, one: int, other: int, strength: float | None) -> None:
        """Let a tie be new, stronger or weaker, or gone (None), from the next question on.

        ValueError for a strength outside (0, 1].
        """
        if strength is not None:
            as_strengths([strength])
        with self._lock:
            if self._meanwhile is not None:
                self._meanwhile.append((one, other, strength))
            _change(self._ties, self._entries.values(), one, other, strength)

    def compact(self) -> None:
        """Arrange the ties anew, so that changes cost no more memory and time than others.

        It takes seconds with many ties. Other threads may ask and change meanwhile: the old
        arrangement answers until the new one takes its place, with what changed in between.
        """
        with self._lock:
            if self._meanwhile is not None:
                return
            self._meanwhile = []
            old = self._ties.copy()
            wanted = list(self._entries)
        try:
            ties = TieArrays(*old.everything())
            entries = {sources: Entries(ties, sources) for sources in wanted}
            with self._lock:
                for one, other, strength in self._meanwhile:
                    _change(ties, entries.values(), one, other, strength)
                self._ties, self._entries = ties, entries
        finally:
            self._meanwhile = None

    def paths(
        self,
        sources: Collection[int],
        targets: Collection[int],
        *,
        k: int = 5,
        extra: Mapping[tuple[int, int], float] = {},
        avoid: Collection[int] = (),
        most_hops: int = MOST_HOPS,
    ) -> list[Path]:
        """The k strongest simple paths of up to `most_hops` ties from a source to a target.

        A path touches sources only where it begins and targets only where it ends. Who is both
        is a target: the other sources reach them, and a person alone is on no path to themselves.
        Nobody in `avoid` is on a path. `extra` are ties that hold for this question only, in
        either order of the pair; where the graph has the pair too the stronger stands.

        The strongest come first, then those of fewer ties, then those of smaller ids, person by
        person. A frozenset of many sources that is used again is found again fastest.
        ValueError for strengths outside (0, 1] and for hops other than 1 to MOST_HOPS.
        """
        if not 1 <= most_hops <= MOST_HOPS:
            raise ValueError(f"A path has 1 to {MOST_HOPS} hops, not {most_hops}.")
        if k < 1:
            return []
        sources = frozenset(sources)
        ends = set(targets).difference(avoid)
        left_out = {person for person in itertools.chain(ends, avoid) if person in sources}
        if len(left_out) > MOST_LEFT_OUT:
            sources -= left_out
        with self._lock:
            ties = self._ties
            lent = LentTies(ties, extra)
            question = PathQuestion(
                ties,
                self._entries_of(sources),
                lent,
                ties.places(ends),
                ties.places(avoid),
                ties.places(left_out),
            )
            # A middle that is lent and in the graph too is found twice.
            middles = _best_middles(question, most_hops, 2 * k if len(lent) else k)
            return _paths_over(question, middles, k)

    def nearest(
        self,
        sources: Collection[int],
        targets: Collection[int],
        *,
        extra: Mapping[tuple[int, int], float] = {},
        avoid: Collection[int] = (),
    ) -> dict[int, Path]:
        """To each of these targets the path that `paths` has first where it is the only one.

        Many are looked for at once, in a fraction of the time that they take one by one.
        """
        sources = frozenset(sources)
        ends = set(targets).difference(avoid)
        # Who is a source too reaches nobody else by themselves: a question of their own.
        both = ends & sources
        found = {
            person: path
            for person in both
            for path in self.paths(sources, [person], k=1, extra=extra, avoid=avoid)
        }
        left_out = sources.intersection(avoid)
        if len(left_out) > MOST_LEFT_OUT:
            sources -= left_out
        with self._lock:
            ties = self._ties
            lent = LentTies(ties, extra)
            question = PathQuestion(
                ties,
                self._entries_of(sources),
                lent,
                np.empty(0, np.int64),
                ties.places(avoid),
                ties.places(left_out),
            )
            ways, people, strengths = _best_to_each(question, ties.places(ends - both))
            ids = np.where(people == NOBODY, NOBODY, ties.ids[people])
        for way, held, chain, worth in zip(
            ways.tolist(),
            (people != NOBODY).tolist(),
            ids.tolist(),
            strengths.tolist(),
            strict=True,
        ):
            path = tuple(itertools.compress(chain, held))
            # Between two people that are not there is no tie.
            found[path[-1]] = Path(path, tuple(each for each in worth if each), way)
        return found

    def _entries_of(self, sources: frozenset[int]) -> "Entries":
        """What is kept for a set of sources, made where it is not; the lock is held."""
        entries = self._entries.pop(sources, None)
        if entries is None:
            entries = Entries(self._ties, sources)
        # The one that was asked for longest ago is the first, and the first to go.
        self._entries[sources] = entries
        if len(self._entries) > MOST_ENTRIES:
            del self._entries[next(iter(self._entries))]
        entries.fit(self._ties)
        return entries


def _best_middles(question: PathQuestion, most_hops: int, count: int) -> Middles:
    """The middles whose best paths come first, in their order, with those best paths."""
    ties, lent, targets = question.ties, question.lent, question.targets
    of, others, strengths = concatenated([ties.edges(targets), lent.edges(targets)])
    ends = targets[of]
    direct = question.is_source(others)
    best = _best(ties, [_middles(strengths[direct], others[direct], ends[direct])], count)
    if most_hops == 1:
        return best
    inner = question.is_inner(others)
    near, out, end = strongest_ties(ties, others[inner], strengths[inner], ends[inner])
    into, source = question.entry(near)
    reached = into > 0
    ways = into.astype(np.float64) * out
    best = _best(
        ties, [best, _middles(ways[reached], source[reached], end[reached], near[reached])], count
    )
    if most_hops == 2 or not len(near):
        return best

    def through(first: Places, between: Strengths, second: Places, least: float) -> Middles:
        """Middles of two people: from `first` to the person at `second` in `near`."""
        into, source = question.entry(first)
        ways = into.astype(np.float64) * between * out[second]
        keep = (into > 0) & (ways >= least)
        second = second[keep]
        return _middles(ways[keep], source[keep], end[second], first[keep], near[second])

    last = is_among(near, lent.others)
    at = np.searchsorted(near, lent.others[last])
    best = _best(ties, [best, through(lent.ones[last], lent.strengths[last], at, 0.0)], count)
    bounds = np.maximum(question.entries.bounds[near], question.most_given) * out.astype(np.float64)
    order = np.argsort(-bounds)
    size = FIRST_BATCH
    while len(order):
        least = float(best[0][-1]) if len(best[0]) == count else 0.0
        part, order = order[:size], order[size:]
        part = part[(bounds[part] > 0) & (bounds[part] >= least)]
        if not len(part):
            break
        of, first, between = ties.edges(near[part])
        best = _best(ties, [best, through(first, between, part[of], least)], count)
        size *= 4
    return best


def _best_to_each(
    question: PathQuestion, targets: Places
) -> tuple[NDArray[np.float64], Places, Strengths]:
    """The best path to each target on its own, of those that any path leads to: how strong it
    is, its people as `Middles` has them, and its ties: into the middle, within it, out of it."""
    ties, lent = question.ties, question.lent
    best = np.zeros(len(targets))
    found: list[tuple[Places, NDArray[np.float64], Places, Strengths]] = []

    def add(
        of: Places,
        into: Strengths,
        source: Places,
        first: Places | None = None,
        between: Strengths | None = None,
        second: Places | None = None,
        out: Strengths | None = None,
    ) -> None:
        ways = into.astype(np.float64)
        for more in (between, out):
            if more is not None:
                ways = ways * more
        np.maximum.at(best, of, ways)
        keep = np.flatnonzero((ways > 0) & (ways >= best[of]))
        people = np.full((len(keep), 4), NOBODY)
        strengths = np.zeros((len(keep), 3), np.float32)
        people[:, 3] = targets[of[keep]]
        for column, places in enumerate((source, first, second)):
            if places is not None:
                people[:, column] = places[keep]
        for column, part in enumerate((into, between, out)):
            if part is not None:
                strengths[:, column] = part[keep]
        found.append((of[keep], ways[keep], people, strengths))

    def through(at: Places, edges: Edges) -> None:
        """Add the ways over two people, of whom the second is at `at` in `near`."""
        part, first, between = edges
        at = at[part]
        into, source = question.entry(first)
        keep = (into > 0) & (first != targets[of[at]])
        at = at[keep]
        add(of[at], into[keep], source[keep], first[keep], between[keep], near[at], out[at])

    of, near, out = concatenated([ties.edges(targets), lent.edges(targets)])
    direct = question.is_source(near)
    add(of[direct], out[direct], near[direct])
    inner = question.is_inner(near)
    of, near, out = of[inner], near[inner], out[inner]
    into, source = question.entry(near)
    add(of, into, source, near, out=out)
    through(np.arange(len(near)), lent.edges(near))
    bounds = np.maximum(question.entries.bounds[near], question.most_given) * out.astype(np.float64)
    order = np.argsort(-bounds)
    size = max(FIRST_BATCH, len(targets))
    while len(order):
        part, order = order[:size], order[size:]
        part = part[(bounds[part] > 0) & (bounds[part] >= best[of[part]])]
        through(part, ties.edges(near[part]))
        size *= 2
    places, ways = (np.concatenate([each[row] for each in found]) for row in (0, 1))
    people = np.concatenate([each[2] for each in found])
    strengths = np.concatenate([each[3] for each in found])
    keep = ways == best[places]
    places, ways, people, strengths = places[keep], ways[keep], people[keep], strengths[keep]
    ids = ties.ids[people]
    hops = np.count_nonzero(people != NOBODY, axis=1)
    ranks = np.lexsort((ids[:, 2], ids[:, 1], ids[:, 0], hops, places))
    ranks = ranks[first_positions(places[ranks])]
    return ways[ranks], people[ranks], strengths[ranks]


def _paths_over(question: PathQuestion, middles: Middles, k: int) -> list[Path]:
    """The k first paths over these middles, which are in their order."""
    best: dict[tuple[int, int], tuple[float, list[int]]] = {}
    for way, people in zip(middles[0].tolist(), middles[1].tolist(), strict=True):
        source, first, second, target = people
        best.setdefault((source, target) if first == NOBODY else (first, second), (way, people))
    chosen = list(itertools.islice(best.values(), k))
    least = chosen[-1][0] if len(chosen) == k else 0.0
    ids = question.ties.ids
    found = []
    for way, (source, first, second, target) in chosen:
        if first == NOBODY:
            found.append(Path((int(ids[source]), int(ids[target])), (way,), way))
            continue
        last = first if second == NOBODY else second
        inner = tuple(int(ids[place]) for place in (first, second) if place != NOBODY)
        between = () if second == NOBODY else (question.strength(first, second),)
        ends = question.exits(last, k)
        for one, into in question.entries_of(first, k):
            for other, out in ends:
                strengths = (into, *between, out)
                if (strength := math.prod(strengths)) < least:
                    break
                found.append(Path((one, *inner, other), strengths, strength))
    return heapq.nsmallest(
        k, found, key=lambda path: (-path.strength, len(path.people), path.people)
    )


def _change(
    ties: TieArrays, kept: Iterable[Entries], one: int, other: int, strength: float | None
) -> None:
    """Change a tie, and what is kept for sets of sources with it."""
    if one == other:
        return
    people = np.array([one, other])
    places = ties.find(people) if strength is None else ties.places_made(people)
    here, there = places.tolist()
    if NOBODY in (here, there):
        return
    ties.put(here, there, strength)
    for entries in kept:
        entries.follow(ties, here, there)


def _middles(
    ways: NDArray[np.floating],
    source: Places,
    target: Places,
    first: Places | None = None,
    second: Places | None = None,
) -> Middles:
    """Middles with their best paths, from columns."""
    people = np.full((len(ways), 4), NOBODY)
    people[:, 0], people[:, 3] = source, target
    if first is not None:
        people[:, 1] = first
    if second is not None:
        people[:, 2] = second
    return ways.astype(np.float64), people


def _best(ties: TieArrays, parts: Sequence[Middles], count: int) -> Middles:
    """The first of these middles, in the order of their best paths."""
    ways = np.concatenate([ways for ways, _ in parts])
    people = np.concatenate([people for _, people in parts])
    if len(ways) > count:
        keep = ways >= np.partition(ways, -count)[-count]
        ways, people = ways[keep], people[keep]
    # NOBODY has an id too, here, but it is the same in all paths of as many hops.
    ids = ties.ids[people]
    hops = np.count_nonzero(people != NOBODY, axis=1)
    order = np.lexsort((ids[:, 3], ids[:, 2], ids[:, 1], ids[:, 0], hops, -ways))[:count]
    return ways[order], people[order]
