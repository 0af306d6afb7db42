"""Pure: ties as arrays, and the best entries into them from a set of sources."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# How many people's ties are passed on at a time, so that little memory is needed for it.
CHUNK = 10_000

Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.floating]
# People as the graph numbers them.
Places = NDArray[np.int64]
Strengths = NDArray[np.float32]
# Ties of people: an index into the people asked for, the person at the other end, the strength.
Edges = tuple[Places, Places, Strengths]

NOBODY = -1


class TieArrays:
    """The ties of each person: arrays that never change, and rows of their own for those whose
    ties have changed since.

    People have places: those known from the beginning by ascending id, others as they come.
    """

    def __init__(self, one: Int64Array, other: Int64Array, strength: FloatArray) -> None:
        strengths = as_strengths(strength)
        apart = one != other
        one, other = one[apart], other[apart]
        ids = distinct(np.concatenate((one, other)))
        # Each tie stands in the rows of both its ends.
        here, there, self._strengths = in_both_directions(
            positions_of(ids, one), positions_of(ids, other), strengths[apart]
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

    def copy(self) -> "TieArrays":
        """The same ties, which stay as they are when these change."""
        copied = TieArrays.__new__(TieArrays)
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
        ones, others, strengths = concatenated(parts)
        return self.ids[ones], self.ids[others], strengths

    def places(self, people: Iterable[int]) -> Places:
        """The places of these people, ascending; who has none is passed over."""
        found = self.find(np.fromiter(people, np.int64))
        return distinct(found[found != NOBODY])

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
        return concatenated(parts)

    def _arranged(self, of: Places, places: Places) -> Edges:
        """The ties of people who have no rows of their own; `of` is what to call them."""
        starts = self._starts[places]
        counts = self._starts[places + 1] - starts
        at = consecutive_ranges(starts, counts)
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


class Entries:
    """The strongest tie that each person has to a set of sources.

    `strengths` has it and `sources` whose it is, of equally strong ones that of the smallest id;
    it is 0 for the sources themselves. `bounds` is the most that any way of two ties from a person
    to the sources may be worth: never less, but more when ties have become weaker or gone.
    """

    def __init__(self, ties: TieArrays, sources: frozenset[int]) -> None:
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
        near, strongest, source = strongest_ties(
            ties, others[keep], strengths[keep], places[of[keep]]
        )
        self.strengths[near], self.sources[near] = strongest, source
        self._pass_on(ties, near)

    @property
    def nbytes(self) -> int:
        arrays = (self.held, self.strengths, self.sources, self.bounds)
        return sum(array.nbytes for array in arrays)

    def fit(self, ties: TieArrays) -> None:
        """Take in the people who have come since."""
        if more := len(ties.ids) - len(self.held):
            self.held = np.concatenate((self.held, np.zeros(more, bool)))
            self.strengths = np.concatenate((self.strengths, np.zeros(more, np.float32)))
            self.sources = np.concatenate((self.sources, np.zeros(more, np.int32)))
            self.bounds = np.concatenate((self.bounds, np.zeros(more, np.float32)))
        for place in range(self._people, ties.people):
            self.held[place] = int(ties.ids[place]) in self._wanted
        self._people = ties.people

    def follow(self, ties: TieArrays, one: int, other: int) -> None:
        """Take in that the tie between these two has changed."""
        self.fit(ties)
        ends = np.array([end for end in (one, other) if not self.held[end]], np.int64)
        if len(ends) == 1:
            others, strengths = ties.row(int(ends[0]))
            keep = self.held[others]
            of = np.repeat(ends, np.count_nonzero(keep))
            _, strongest, source = strongest_ties(ties, of, strengths[keep], others[keep])
            self.strengths[ends] = strongest if len(strongest) else 0
            self.sources[ends] = source if len(source) else 0
        self._pass_on(ties, ends)

    def _pass_on(self, ties: TieArrays, places: Places) -> None:
        """Raise the bounds of those whom these people have ties to."""
        for start in range(0, len(places), CHUNK):
            part = places[start : start + CHUNK]
            of, others, strengths = ties.edges(part)
            ways = strengths * self.strengths[part][of]
            # A product of 32-bit floats may have been rounded down, and a bound must not be.
            np.maximum.at(self.bounds, others, np.nextafter(ways, np.float32(2)))


class LentTies:
    """Ties that hold for one question, each in both directions and sorted by where it begins."""

    def __init__(self, ties: TieArrays, extra: Mapping[tuple[int, int], float]) -> None:
        people = np.fromiter(itertools.chain.from_iterable(extra), np.int64, 2 * len(extra))
        # Most pairs are of one person, and ids in their order are found much faster.
        known = distinct(people)
        places = ties.places_made(known)[np.searchsorted(known, people)].reshape(-1, 2)
        strengths = as_strengths(list(extra.values()))
        self.ones, self.others, self.strengths = in_both_directions(
            places[:, 0], places[:, 1], strengths
        )

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
        at = consecutive_ranges(starts, counts)
        return np.repeat(np.arange(len(places)), counts), self.others[at], self.strengths[at]


class PathQuestion:
    """Who is to be reached from whom, without whom, and with which ties besides the graph's."""

    def __init__(
        self,
        ties: TieArrays,
        entries: Entries,
        lent: LentTies,
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
        others = distinct(others)
        losing = others[
            (entries.strengths[others] > 0) & is_among(left_out, entries.sources[others])
        ]
        of, others, strengths = self.ties.edges(losing)
        left = self.is_source(others)
        given = self.is_source(lent.ones) & ~entries.held[lent.others]
        gaining = distinct(lent.others[given])
        keeping = gaining[~is_among(losing, gaining) & (entries.strengths[gaining] > 0)]
        places, strongest, sources = strongest_ties(
            self.ties,
            np.concatenate((losing[of[left]], lent.others[given], keeping)),
            np.concatenate((strengths[left], lent.strengths[given], entries.strengths[keeping])),
            np.concatenate((others[left], lent.ones[given], entries.sources[keeping])),
        )
        self._own = distinct(np.concatenate((losing, gaining)))
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
        return self._first(others, strengths, is_among(self.targets, others), count)

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


def as_strengths(values: Collection[float] | FloatArray) -> Strengths:
    """As the graph keeps them; ValueError for any that is not in (0, 1] then."""
    strengths = np.asarray(values, np.float32)
    if not ((strengths > 0) & (strengths <= 1)).all():
        raise ValueError("The strength of a tie is above 0 and at most 1.")
    return strengths


def in_both_directions(
    ones: Places, others: Places, strengths: Strengths
) -> tuple[Places, Places, Strengths]:
    """Ties in both directions, sorted by where they begin; of those between the same two only
    the strongest, and none to oneself."""
    apart = ones != others
    ones, others, strengths = strongest_of_each_pair(ones[apart], others[apart], strengths[apart])
    # Sorting numbers that carry their index is several times faster than finding an order.
    here = np.concatenate((ones, others)) << 32
    here += np.arange(len(here))
    here.sort()
    order = here & 0xFFFFFFFF
    there = np.concatenate((others, ones))[order]
    return here >> 32, there, np.concatenate((strengths, strengths))[order]


def strongest_of_each_pair(
    ones: Places, others: Places, strengths: Strengths
) -> tuple[Places, Places, Strengths]:
    """Of ties between the same two the strongest."""
    pairs = np.minimum(ones, others) << 32 | np.maximum(ones, others)
    if len(distinct(pairs)) == len(pairs):
        return ones, others, strengths
    order = np.lexsort((-strengths, pairs))
    order = order[first_positions(pairs[order])]
    return ones[order], others[order], strengths[order]


def strongest_ties(
    ties: TieArrays, places: Places, strengths: Strengths, ends: Places
) -> tuple[Places, Strengths, Places]:
    """Of the ties of each person the strongest, and of equal ones that to the smallest id: the
    people ascending, how strong, and who is at the other end."""
    order = np.lexsort((ties.ids[ends], -strengths, places))
    order = order[first_positions(places[order])]
    return places[order], strengths[order], ends[order]


def concatenated(parts: Sequence[Edges]) -> Edges:
    return (
        np.concatenate([of for of, _, _ in parts]),
        np.concatenate([others for _, others, _ in parts]),
        np.concatenate([strengths for _, _, strengths in parts]),
    )


def is_among(among: Int64Array, values: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which of these values are among others that ascend."""
    if not len(among):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(among, values), len(among) - 1)
    same: NDArray[np.bool_] = among[places] == values
    return same


def first_positions(ascending: Int64Array) -> Int64Array:
    """Where each of the different values stands first."""
    new = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return np.flatnonzero(new)


def distinct(values: Int64Array) -> Int64Array:
    """The different values, ascending. Sorting is many times faster than np.unique's hashing."""
    ascending = np.sort(values)
    return ascending[first_positions(ascending)]


def positions_of(ids: Int64Array, people: Int64Array) -> Places:
    """Where these people are among ascending ids, which have them all."""
    # Ids of a database are so dense that a table of all serves; a binary search is slower.
    if len(ids) and int(ids[-1]) - int(ids[0]) < 8 * len(people):
        table = np.zeros(ids[-1] - ids[0] + 1, np.int64)
        table[ids - ids[0]] = np.arange(len(ids))
        positions: Places = table[people - ids[0]]
        return positions
    return np.searchsorted(ids, people)


def consecutive_ranges(starts: Places, counts: Places) -> Places:
    """The numbers of several ranges, one range after the other."""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - counts), counts)
