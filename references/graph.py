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

MOST_HOPS = 3
# So many sets of sources have their entries kept; each takes 13 bytes a person.
MOST_ENTRIES = 4
# Up to so many sources are left out for one question; more make a set of their own.
MOST_LEFT_OUT = 100
# How many people next to the targets are looked at first; the next time four times as many.
FIRST_BATCH = 16
# How many people's ties are passed on at a time, so that little memory is needed for it.
CHUNK = 10_000
# A graph is overgrown when more ties than this, and this share of all, have changed.
MANY_CHANGES = 5_000
LARGE_SHARE = 0.02

Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.floating]
# People as the graph numbers them.
Places = NDArray[np.int64]
Strengths = NDArray[np.float32]
# Ties of people: an index into the people asked for, the person at the other end, the strength.
Edges = tuple[Places, Places, Strengths]
# What the best path over each of some middles is: its strength, and its people as four places
# (source, first, second, target), where first or second may be NOBODY.
Middles = tuple[NDArray[np.float64], Places]

NOBODY = -1


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
        self._ties = _Ties(one, other, strength)
        self._entries: dict[frozenset[int], _Entries] = {}
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
            _as_strengths([strength])
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
            ties = _Ties(*old.everything())
            entries = {sources: _Entries(ties, sources) for sources in wanted}
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
            lent = _Lent(ties, extra)
            question = _Question(
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
            lent = _Lent(ties, extra)
            question = _Question(
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

    def _entries_of(self, sources: frozenset[int]) -> "_Entries":
        """What is kept for a set of sources, made where it is not; the lock is held."""
        entries = self._entries.pop(sources, None)
        if entries is None:
            entries = _Entries(self._ties, sources)
        # The one that was asked for longest ago is the first, and the first to go.
        self._entries[sources] = entries
        if len(self._entries) > MOST_ENTRIES:
            del self._entries[next(iter(self._entries))]
        entries.fit(self._ties)
        return entries


class _Ties:
    """The ties of each person: arrays that never change, and rows of their own for those whose
    ties have changed since.

    People have places: those known from the beginning by ascending id, others as they come.
    """

    def __init__(self, one: Int64Array, other: Int64Array, strength: FloatArray) -> None:
        strengths = _as_strengths(strength)
        apart = one != other
        one, other = one[apart], other[apart]
        ids = _distinct(np.concatenate((one, other)))
        # Each tie stands in the rows of both its ends.
        here, there, self._strengths = _both_ways(
            _positions(ids, one), _positions(ids, other), strengths[apart]
        )
        self._others = there.astype(np.int32)
        self._starts = np.concatenate(([0], np.bincount(here, minlength=len(ids)).cumsum()))
        self._sorted_ids: Int64Array = ids
        self.people = len(ids)
        # The id at each place; there is room for people to come.
        self.ids: Int64Array = ids
        self._has_own_row = np.zeros(len(ids), bool)
        self._own_rows: dict[int, tuple[Places, Strengths]] = {}
        self._place_of_new: dict[int, int] = {}
        self.count = len(here) // 2
        self.changes = 0

    @property
    def nbytes(self) -> int:
        arrays = [self._strengths, self._others, self._starts, self._has_own_row, self.ids]
        if self.ids is not self._sorted_ids:
            arrays.append(self._sorted_ids)
        for row in self._own_rows.values():
            arrays += row
        return sum(array.nbytes for array in arrays)

    def copy(self) -> "_Ties":
        """The same ties, which stay as they are when these change."""
        copied = _Ties.__new__(_Ties)
        copied.__dict__.update(self.__dict__)
        # Rows are replaced and never written to.
        copied._own_rows = dict(self._own_rows)
        copied._has_own_row = self._has_own_row.copy()
        copied.ids = self.ids.copy()
        return copied

    def everything(self) -> tuple[Int64Array, Int64Array, Strengths]:
        """All ties, each once: the ids at both ends and the strength."""
        of = np.repeat(np.arange(len(self._sorted_ids)), np.diff(self._starts))
        keep = (of < self._others) & ~self._has_own_row[of]
        parts: list[Edges] = [
            (of[keep], self._others[keep].astype(np.int64), self._strengths[keep])
        ]
        # A tie between one who has a row of their own and one who has not is the same in both.
        for place, (others, strengths) in self._own_rows.items():
            after = others > place
            here = np.full(np.count_nonzero(after), place)
            parts.append((here, others[after], strengths[after]))
        ones, others, strengths = _joined(parts)
        return self.ids[ones], self.ids[others], strengths

    def places(self, people: Iterable[int]) -> Places:
        """The places of these people, ascending; who has none is passed over."""
        found = self.find(np.fromiter(people, np.int64))
        return _distinct(found[found != NOBODY])

    def places_made(self, people: Int64Array) -> Places:
        """The places of these people, one for each; who has none is given one."""
        found = self.find(people)
        for unknown in np.flatnonzero(found == NOBODY):
            found[unknown] = self._place_made(int(people[unknown]))
        return found

    def find(self, people: Int64Array) -> Places:
        """The place of each of these people, NOBODY for who has none."""
        at = np.searchsorted(self._sorted_ids, people)
        found = np.full(len(people), NOBODY)
        known = np.flatnonzero(at < len(self._sorted_ids))
        known = known[self._sorted_ids[at[known]] == people[known]]
        found[known] = at[known]
        if self._place_of_new:
            for unknown in np.flatnonzero(found == NOBODY).tolist():
                found[unknown] = self._place_of_new.get(int(people[unknown]), NOBODY)
        return found

    def _place_made(self, person: int) -> int:
        place = self._place_of_new.get(person)
        if place is None:
            place = self._place_of_new[person] = self.people
            self.people += 1
            if place == len(self.ids):
                room = 1024 + place // 32
                self.ids = np.concatenate((self.ids, np.zeros(room, np.int64)))
                self._has_own_row = np.concatenate((self._has_own_row, np.zeros(room, bool)))
            self.ids[place] = person
            self._put_row(place, np.empty(0, np.int64), np.empty(0, np.float32))
        return place

    def row(self, place: int) -> tuple[Places, Strengths]:
        """The ties of one person: the places at their other ends, and strengths."""
        if self._has_own_row[place]:
            return self._own_rows[place]
        row = slice(self._starts[place], self._starts[place + 1])
        return self._others[row].astype(np.int64), self._strengths[row]

    def _put_row(self, place: int, others: Places, strengths: Strengths) -> None:
        self._own_rows[place] = (others, strengths)
        self._has_own_row[place] = True

    def edges(self, places: Places) -> Edges:
        """The ties of these people."""
        own = self._has_own_row[places]
        if not own.any():
            return self._arranged(np.arange(len(places)), places)
        parts = [self._arranged(np.flatnonzero(~own), places[~own])]
        for at in np.flatnonzero(own).tolist():
            others, strengths = self._own_rows[int(places[at])]
            parts.append((np.full(len(others), at), others, strengths))
        return _joined(parts)

    def _arranged(self, of: Places, places: Places) -> Edges:
        """The ties of people who have no rows of their own; `of` is what to call them."""
        starts = self._starts[places]
        counts = self._starts[places + 1] - starts
        at = _ranges(starts, counts)
        return np.repeat(of, counts), self._others[at].astype(np.int64), self._strengths[at]

    def put(self, one: int, other: int, strength: float | None) -> None:
        """Set the tie between two people with a place, or take it away."""
        for here, there in ((one, other), (other, one)):
            others, strengths = self.row(here)
            keep = others != there
            held = not keep.all()
            others, strengths = others[keep], strengths[keep]
            if strength is not None:
                others = np.append(others, there)
                strengths = np.append(strengths, np.float32(strength))
            self._put_row(here, others, strengths)
        self.count += (strength is not None) - held
        self.changes += 1


class _Entries:
    """The strongest tie that each person has to a set of sources.

    `strengths` has it and `sources` whose it is, of equally strong ones that of the smallest id;
    it is 0 for the sources themselves. `bounds` is the most that any way of two ties from a person
    to the sources may be worth: never less, but more when ties have become weaker or gone.
    """

    def __init__(self, ties: _Ties, sources: frozenset[int]) -> None:
        self._wanted = sources
        self._people = ties.people
        room = len(ties.ids)
        self.held = np.zeros(room, bool)
        self.strengths = np.zeros(room, np.float32)
        self.sources = np.zeros(room, np.int32)
        self.bounds = np.zeros(room, np.float32)
        places = ties.places(sources)
        self.held[places] = True
        of, others, strengths = ties.edges(places)
        keep = ~self.held[others]
        near, strongest, source = _strongest(ties, others[keep], strengths[keep], places[of[keep]])
        self.strengths[near], self.sources[near] = strongest, source
        self._pass_on(ties, near)

    @property
    def nbytes(self) -> int:
        arrays = (self.held, self.strengths, self.sources, self.bounds)
        return sum(array.nbytes for array in arrays)

    def fit(self, ties: _Ties) -> None:
        """Take in the people who have come since."""
        if more := len(ties.ids) - len(self.held):
            self.held = np.concatenate((self.held, np.zeros(more, bool)))
            self.strengths = np.concatenate((self.strengths, np.zeros(more, np.float32)))
            self.sources = np.concatenate((self.sources, np.zeros(more, np.int32)))
            self.bounds = np.concatenate((self.bounds, np.zeros(more, np.float32)))
        for place in range(self._people, ties.people):
            self.held[place] = int(ties.ids[place]) in self._wanted
        self._people = ties.people

    def follow(self, ties: _Ties, one: int, other: int) -> None:
        """Take in that the tie between these two has changed."""
        self.fit(ties)
        ends = np.array([end for end in (one, other) if not self.held[end]], np.int64)
        if len(ends) == 1:
            others, strengths = ties.row(int(ends[0]))
            keep = self.held[others]
            of = np.repeat(ends, np.count_nonzero(keep))
            _, strongest, source = _strongest(ties, of, strengths[keep], others[keep])
            self.strengths[ends] = strongest if len(strongest) else 0
            self.sources[ends] = source if len(source) else 0
        self._pass_on(ties, ends)

    def _pass_on(self, ties: _Ties, places: Places) -> None:
        """Raise the bounds of those whom these people have ties to."""
        for start in range(0, len(places), CHUNK):
            part = places[start : start + CHUNK]
            of, others, strengths = ties.edges(part)
            ways = strengths * self.strengths[part][of]
            # A product of 32-bit floats may have been rounded down, and a bound must not be.
            np.maximum.at(self.bounds, others, np.nextafter(ways, np.float32(2)))


class _Lent:
    """Ties that hold for one question, each in both directions and sorted by where it begins."""

    def __init__(self, ties: _Ties, extra: Mapping[tuple[int, int], float]) -> None:
        people = np.fromiter(itertools.chain.from_iterable(extra), np.int64, 2 * len(extra))
        # Most pairs are of one person, and ids in their order are found much faster.
        known = _distinct(people)
        places = ties.places_made(known)[np.searchsorted(known, people)].reshape(-1, 2)
        strengths = _as_strengths(list(extra.values()))
        self.ones, self.others, self.strengths = _both_ways(places[:, 0], places[:, 1], strengths)

    def __len__(self) -> int:
        return len(self.ones)

    def row(self, place: int) -> tuple[Places, Strengths]:
        """Those of one person."""
        start, end = np.searchsorted(self.ones, (place, place + 1))
        return self.others[start:end], self.strengths[start:end]

    def edges(self, places: Places) -> Edges:
        """Those of these people."""
        if not len(self):
            return np.empty(0, np.int64), self.others, self.strengths
        starts = np.searchsorted(self.ones, places)
        counts = np.searchsorted(self.ones, places, "right") - starts
        at = _ranges(starts, counts)
        return np.repeat(np.arange(len(places)), counts), self.others[at], self.strengths[at]


class _Question:
    """Who is to be reached from whom, without whom, and with which ties besides the graph's."""

    def __init__(
        self,
        ties: _Ties,
        entries: _Entries,
        lent: _Lent,
        targets: Places,
        avoid: Places,
        left_out: Places,
    ) -> None:
        self.ties = ties
        self.entries = entries
        self.lent = lent
        self.targets = targets
        # Who is never inside a path, besides the sources.
        self._blocked = np.zeros(len(ties.ids), bool)
        self._blocked[targets] = self._blocked[avoid] = True
        self._find_own_entries(left_out)

    def _find_own_entries(self, left_out: Places) -> None:
        """Find the strongest ties to a source where they are not those that are kept: the kept
        one's source is left out of this question, or a tie is lent."""
        entries, lent = self.entries, self.lent
        self._own = np.empty(0, np.int64)
        self.most_given = np.float32(0)
        if not len(left_out) and not len(lent):
            return
        _, others, _ = self.ties.edges(left_out)
        others = _distinct(others)
        losing = others[
            (entries.strengths[others] > 0) & _within(left_out, entries.sources[others])
        ]
        of, others, strengths = self.ties.edges(losing)
        left = self.is_source(others)
        given = self.is_source(lent.ones) & ~entries.held[lent.others]
        gaining = _distinct(lent.others[given])
        keeping = gaining[~_within(losing, gaining) & (entries.strengths[gaining] > 0)]
        places, strongest, sources = _strongest(
            self.ties,
            np.concatenate((losing[of[left]], lent.others[given], keeping)),
            np.concatenate((strengths[left], lent.strengths[given], entries.strengths[keeping])),
            np.concatenate((others[left], lent.ones[given], entries.sources[keeping])),
        )
        self._own = _distinct(np.concatenate((losing, gaining)))
        self._own_strengths = np.zeros(len(self._own), np.float32)
        self._own_sources = np.zeros(len(self._own), np.int64)
        at = np.searchsorted(self._own, places)
        self._own_strengths[at], self._own_sources[at] = strongest, sources
        # No entry is stronger than its bound tells by more than what a lent tie gives.
        self.most_given = lent.strengths[given].max(initial=np.float32(0))

    def is_source(self, places: Places) -> NDArray[np.bool_]:
        """Which of these people a path may begin with."""
        return self.entries.held[places] & ~self._blocked[places]

    def is_inner(self, places: Places) -> NDArray[np.bool_]:
        """Which of these people may be inside a path."""
        return ~self.entries.held[places] & ~self._blocked[places]

    def entry(self, places: Places) -> tuple[Strengths, Places]:
        """The strongest tie of each to a source, and that source; 0 for none, and for all who
        may not be inside a path."""
        strengths = np.where(self._blocked[places], np.float32(0), self.entries.strengths[places])
        sources = self.entries.sources[places].astype(np.int64)
        if len(self._own):
            at = np.minimum(np.searchsorted(self._own, places), len(self._own) - 1)
            own = (self._own[at] == places) & ~self._blocked[places]
            strengths[own], sources[own] = self._own_strengths[at[own]], self._own_sources[at[own]]
        return strengths, sources

    def row(self, place: int) -> tuple[Places, Strengths]:
        """One person's ties, of the graph and lent: the places at the other ends, strengths."""
        others, strengths = self.ties.row(place)
        if len(self.lent):
            more, lent = self.lent.row(place)
            others, strengths = np.concatenate((others, more)), np.concatenate((strengths, lent))
        return others, strengths

    def strength(self, one: int, other: int) -> float:
        """How strong the tie between two people is."""
        others, strengths = self.row(one)
        return float(strengths[others == other].max())

    def entries_of(self, place: int, count: int) -> list[tuple[int, float]]:
        """A person's strongest ties to sources: the sources' ids and the strengths."""
        others, strengths = self.row(place)
        return self._first(others, strengths, self.is_source(others), count)

    def exits(self, place: int, count: int) -> list[tuple[int, float]]:
        """A person's strongest ties to targets: the targets' ids and the strengths."""
        others, strengths = self.row(place)
        return self._first(others, strengths, _within(self.targets, others), count)

    def _first(
        self, others: Places, strengths: Strengths, keep: NDArray[np.bool_], count: int
    ) -> list[tuple[int, float]]:
        ids, strengths = self.ties.ids[others[keep]], strengths[keep]
        order = np.lexsort((ids, -strengths))[: 2 * count]
        found: dict[int, float] = {}
        # A tie that is lent and in the graph too is there twice, the stronger first.
        for person, strength in zip(ids[order].tolist(), strengths[order].tolist(), strict=True):
            found.setdefault(person, strength)
        return list(itertools.islice(found.items(), count))


def _best_middles(question: _Question, most_hops: int, count: int) -> Middles:
    """The middles whose best paths come first, in their order, with those best paths."""
    ties, lent, targets = question.ties, question.lent, question.targets
    of, others, strengths = _joined([ties.edges(targets), lent.edges(targets)])
    ends = targets[of]
    direct = question.is_source(others)
    best = _best(ties, [_middles(strengths[direct], others[direct], ends[direct])], count)
    if most_hops == 1:
        return best
    inner = question.is_inner(others)
    near, out, end = _strongest(ties, others[inner], strengths[inner], ends[inner])
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

    last = _within(near, lent.others)
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
    question: _Question, targets: Places
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

    of, near, out = _joined([ties.edges(targets), lent.edges(targets)])
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
    ranks = ranks[_firsts(places[ranks])]
    return ways[ranks], people[ranks], strengths[ranks]


def _paths_over(question: _Question, middles: Middles, k: int) -> list[Path]:
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
    ties: _Ties, kept: Iterable[_Entries], one: int, other: int, strength: float | None
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


def _as_strengths(values: Collection[float] | FloatArray) -> Strengths:
    """As the graph keeps them; ValueError for any that is not in (0, 1] then."""
    strengths = np.asarray(values, np.float32)
    if not ((strengths > 0) & (strengths <= 1)).all():
        raise ValueError("The strength of a tie is above 0 and at most 1.")
    return strengths


def _both_ways(
    ones: Places, others: Places, strengths: Strengths
) -> tuple[Places, Places, Strengths]:
    """Ties in both directions, sorted by where they begin; of those between the same two only
    the strongest, and none to oneself."""
    apart = ones != others
    ones, others, strengths = _strongest_of_each(ones[apart], others[apart], strengths[apart])
    # Sorting numbers that carry their index is several times faster than finding an order.
    here = np.concatenate((ones, others)) << 32
    here += np.arange(len(here))
    here.sort()
    order = here & 0xFFFFFFFF
    there = np.concatenate((others, ones))[order]
    return here >> 32, there, np.concatenate((strengths, strengths))[order]


def _strongest_of_each(
    ones: Places, others: Places, strengths: Strengths
) -> tuple[Places, Places, Strengths]:
    """Of ties between the same two the strongest."""
    pairs = np.minimum(ones, others) << 32 | np.maximum(ones, others)
    if len(_distinct(pairs)) == len(pairs):
        return ones, others, strengths
    order = np.lexsort((-strengths, pairs))
    order = order[_firsts(pairs[order])]
    return ones[order], others[order], strengths[order]


def _strongest(
    ties: _Ties, places: Places, strengths: Strengths, ends: Places
) -> tuple[Places, Strengths, Places]:
    """Of the ties of each person the strongest, and of equal ones that to the smallest id: the
    people ascending, how strong, and who is at the other end."""
    order = np.lexsort((ties.ids[ends], -strengths, places))
    order = order[_firsts(places[order])]
    return places[order], strengths[order], ends[order]


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


def _best(ties: _Ties, parts: Sequence[Middles], count: int) -> Middles:
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


def _joined(parts: Sequence[Edges]) -> Edges:
    return (
        np.concatenate([of for of, _, _ in parts]),
        np.concatenate([others for _, others, _ in parts]),
        np.concatenate([strengths for _, _, strengths in parts]),
    )


def _within(among: Int64Array, values: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which of these values are among others that ascend."""
    if not len(among):
        return np.zeros(len(values), bool)
    return among[np.minimum(np.searchsorted(among, values), len(among) - 1)] == values


def _firsts(ascending: Int64Array) -> Int64Array:
    """Where each of the different values stands first."""
    new = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return np.flatnonzero(new)


def _distinct(values: Int64Array) -> Int64Array:
    """The different values, ascending. Sorting is many times faster than np.unique's hashing."""
    ascending = np.sort(values)
    return ascending[_firsts(ascending)]


def _positions(ids: Int64Array, people: Int64Array) -> Places:
    """Where these people are among ascending ids, which have them all."""
    # Ids of a database are so dense that a table of all serves; a binary search is slower.
    if len(ids) and int(ids[-1]) - int(ids[0]) < 8 * len(people):
        table = np.zeros(ids[-1] - ids[0] + 1, np.int64)
        table[ids - ids[0]] = np.arange(len(ids))
        return table[people - ids[0]]
    return np.searchsorted(ids, people)


def _ranges(starts: Places, counts: Places) -> Places:
    """The numbers of several ranges, one range after the other."""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - counts), counts)
