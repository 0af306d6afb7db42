"""Pure: the ties of a graph as arrays, and the array functions that work on them."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
FloatArray = NDArray[np.floating]
# People as the graph numbers them, from 0.
Nodes = NDArray[np.int64]
Strengths = NDArray[np.float32]
# The ties of some nodes, as columns: the position among these nodes, the neighbour, the strength.
Edges = tuple[Nodes, Nodes, Strengths]

NO_NODE = -1


class Adjacency:
    """The neighbours of each person, in compressed sparse rows.

    The arrays never change. A person whose ties have changed since gets a row of their own, which
    replaces that of the arrays. People known from the beginning are numbered by ascending id,
    later ones as they come.
    """

    def __init__(self, one: Int64Array, other: Int64Array, strength: FloatArray) -> None:
        strengths = as_strengths(strength)
        apart = one != other
        one, other = one[apart], other[apart]
        ids = distinct(np.concatenate((one, other)))
        # Each tie is in the rows of both its ends.
        nodes, neighbours, self._strengths = in_both_directions(
            positions_of(ids, one), positions_of(ids, other), strengths[apart]
        )
        self._neighbours = neighbours.astype(np.int32)
        self._starts = np.concatenate(([0], np.bincount(nodes, minlength=len(ids)).cumsum()))
        self._sorted_ids: Int64Array = ids
        # The number of people; `ids` has spare room behind them.
        self.size = len(ids)
        self.ids: Int64Array = ids
        self._has_own_row = np.zeros(len(ids), bool)
        self._own_rows: dict[int, tuple[Nodes, Strengths]] = {}
        self._added_nodes: dict[int, int] = {}
        # The number of ties, and of changes to them.
        self.count = len(nodes) // 2
        self.changes = 0

    @property
    def nbytes(self) -> int:
        """The memory that the arrays take."""
        arrays = [self._strengths, self._neighbours, self._starts, self._has_own_row, self.ids]
        if self.ids is not self._sorted_ids:
            arrays.append(self._sorted_ids)
        for row in self._own_rows.values():
            arrays += row
        return sum(array.nbytes for array in arrays)

    def copy(self) -> "Adjacency":
        """A copy that later changes of this one leave alone."""
        copied = Adjacency.__new__(Adjacency)
        copied.__dict__.update(self.__dict__)
        # Rows are replaced and never written to, so that copies can share them.
        copied._own_rows = dict(self._own_rows)
        copied._has_own_row = self._has_own_row.copy()
        copied.ids = self.ids.copy()
        return copied

    def all_ties(self) -> tuple[Int64Array, Int64Array, Strengths]:
        """Every tie once: the ids at both ends and the strength."""
        nodes = np.repeat(np.arange(len(self._sorted_ids)), np.diff(self._starts))
        keep = (nodes < self._neighbours) & ~self._has_own_row[nodes]
        parts: list[Edges] = [
            (nodes[keep], self._neighbours[keep].astype(np.int64), self._strengths[keep])
        ]
        # A tie between an own row and a row of the arrays has not changed: both rows have it.
        for node, (neighbours, strengths) in self._own_rows.items():
            after = neighbours > node
            repeated = np.full(np.count_nonzero(after), node)
            parts.append((repeated, neighbours[after], strengths[after]))
        ones, others, strengths = concatenated(parts)
        return self.ids[ones], self.ids[others], strengths

    def nodes_of(self, people: Iterable[int]) -> Nodes:
        """The nodes of these people in ascending order, without unknown people."""
        nodes = self.find(np.fromiter(people, np.int64))
        return distinct(nodes[nodes != NO_NODE])

    def find(self, people: Int64Array) -> Nodes:
        """The node of each of these people, NO_NODE for unknown people."""
        at = np.searchsorted(self._sorted_ids, people)
        nodes = np.full(len(people), NO_NODE)
        known = np.flatnonzero(at < len(self._sorted_ids))
        known = known[self._sorted_ids[at[known]] == people[known]]
        nodes[known] = at[known]
        if self._added_nodes:
            for unknown in np.flatnonzero(nodes == NO_NODE).tolist():
                nodes[unknown] = self._added_nodes.get(int(people[unknown]), NO_NODE)
        return nodes

    def find_or_add(self, people: Int64Array) -> Nodes:
        """The node of each of these people; unknown people are added."""
        nodes = self.find(people)
        for unknown in np.flatnonzero(nodes == NO_NODE):
            nodes[unknown] = self._add(int(people[unknown]))
        return nodes

    def _add(self, person: int) -> int:
        node = self._added_nodes.get(person)
        if node is None:
            node = self._added_nodes[person] = self.size
            self.size += 1
            if node == len(self.ids):
                spare = 1024 + node // 32
                self.ids = np.concatenate((self.ids, np.zeros(spare, np.int64)))
                self._has_own_row = np.concatenate((self._has_own_row, np.zeros(spare, bool)))
            self.ids[node] = person
            self._replace_row(node, np.empty(0, np.int64), np.empty(0, np.float32))
        return node

    def row(self, node: int) -> tuple[Nodes, Strengths]:
        """A person's neighbours, and the strengths of the ties to them."""
        if self._has_own_row[node]:
            return self._own_rows[node]
        row = slice(self._starts[node], self._starts[node + 1])
        return self._neighbours[row].astype(np.int64), self._strengths[row]

    def _replace_row(self, node: int, neighbours: Nodes, strengths: Strengths) -> None:
        self._own_rows[node] = (neighbours, strengths)
        self._has_own_row[node] = True

    def edges(self, nodes: Nodes) -> Edges:
        """The ties of these people."""
        own = self._has_own_row[nodes]
        if not own.any():
            return self._edges_of_arrays(np.arange(len(nodes)), nodes)
        parts = [self._edges_of_arrays(np.flatnonzero(~own), nodes[~own])]
        for position in np.flatnonzero(own).tolist():
            neighbours, strengths = self._own_rows[int(nodes[position])]
            parts.append((np.full(len(neighbours), position), neighbours, strengths))
        return concatenated(parts)

    def _edges_of_arrays(self, positions: Nodes, nodes: Nodes) -> Edges:
        """The ties of people without a row of their own, whose positions are given."""
        starts = self._starts[nodes]
        counts = self._starts[nodes + 1] - starts
        at = consecutive_ranges(starts, counts)
        neighbours = self._neighbours[at].astype(np.int64)
        return np.repeat(positions, counts), neighbours, self._strengths[at]

    def set_tie(self, one: int, other: int, strength: float | None) -> None:
        """Set the strength of the tie between two nodes, or remove it (None)."""
        for node, neighbour in ((one, other), (other, one)):
            neighbours, strengths = self.row(node)
            keep = neighbours != neighbour
            existed = not keep.all()
            neighbours, strengths = neighbours[keep], strengths[keep]
            if strength is not None:
                neighbours = np.append(neighbours, neighbour)
                strengths = np.append(strengths, np.float32(strength))
            self._replace_row(node, neighbours, strengths)
        self.count += (strength is not None) - existed
        self.changes += 1


class LentTies:
    """The ties that are lent to one question, in both directions and sorted by their first end."""

    def __init__(self, ties: Adjacency, lent: Mapping[tuple[int, int], float]) -> None:
        people = np.fromiter(itertools.chain.from_iterable(lent), np.int64, 2 * len(lent))
        # Most pairs share a person, so that few different ids are looked up.
        known = distinct(people)
        nodes = ties.find_or_add(known)[np.searchsorted(known, people)].reshape(-1, 2)
        strengths = as_strengths(list(lent.values()))
        self.ones, self.others, self.strengths = in_both_directions(
            nodes[:, 0], nodes[:, 1], strengths
        )

    def __len__(self) -> int:
        return len(self.ones)

    def row(self, node: int) -> tuple[Nodes, Strengths]:
        """A person's lent neighbours, and the strengths of the ties to them."""
        start, end = np.searchsorted(self.ones, (node, node + 1))
        return self.others[start:end], self.strengths[start:end]

    def edges(self, nodes: Nodes) -> Edges:
        """The lent ties of these people."""
        if not len(self):
            return np.empty(0, np.int64), self.others, self.strengths
        starts = np.searchsorted(self.ones, nodes)
        counts = np.searchsorted(self.ones, nodes, "right") - starts
        at = consecutive_ranges(starts, counts)
        return np.repeat(np.arange(len(nodes)), counts), self.others[at], self.strengths[at]


def as_strengths(values: Collection[float] | FloatArray) -> Strengths:
    """Strengths as 32-bit floats; ValueError for any outside of (0, 1] after rounding."""
    strengths = np.asarray(values, np.float32)
    if not ((strengths > 0) & (strengths <= 1)).all():
        raise ValueError("The strength of a tie is above 0 and at most 1.")
    return strengths


def in_both_directions(
    ones: Nodes, others: Nodes, strengths: Strengths
) -> tuple[Nodes, Nodes, Strengths]:
    """Ties in both directions, sorted by their first end.

    Of several ties of a pair the strongest stays, and nobody is tied to themselves.
    """
    apart = ones != others
    ones, others, strengths = strongest_of_each_pair(ones[apart], others[apart], strengths[apart])
    # Sorting numbers that carry their index is several times faster than finding an order.
    firsts = np.concatenate((ones, others)) << 32
    firsts += np.arange(len(firsts))
    firsts.sort()
    order = firsts & 0xFFFFFFFF
    seconds = np.concatenate((others, ones))[order]
    return firsts >> 32, seconds, np.concatenate((strengths, strengths))[order]


def strongest_of_each_pair(
    ones: Nodes, others: Nodes, strengths: Strengths
) -> tuple[Nodes, Nodes, Strengths]:
    """Ties with only the strongest of each pair."""
    pairs = np.minimum(ones, others) << 32 | np.maximum(ones, others)
    if len(distinct(pairs)) == len(pairs):
        return ones, others, strengths
    order = np.lexsort((-strengths, pairs))
    order = order[first_positions(pairs[order])]
    return ones[order], others[order], strengths[order]


def strongest_ties(
    ties: Adjacency, nodes: Nodes, strengths: Strengths, ends: Nodes
) -> tuple[Nodes, Strengths, Nodes]:
    """The strongest tie of each node; of equally strong ones, that to the person of smallest id.

    Returns the nodes in ascending order, the strengths, and the nodes at the other ends.
    """
    order = np.lexsort((ties.ids[ends], -strengths, nodes))
    order = order[first_positions(nodes[order])]
    return nodes[order], strengths[order], ends[order]


def concatenated(parts: Sequence[Edges]) -> Edges:
    """The edges of several parts."""
    return (
        np.concatenate([positions for positions, _, _ in parts]),
        np.concatenate([neighbours for _, neighbours, _ in parts]),
        np.concatenate([strengths for _, _, strengths in parts]),
    )


def is_in(values: NDArray[np.integer], ascending: Int64Array) -> NDArray[np.bool_]:
    """Which of these values are among ascending ones."""
    if not len(ascending):
        return np.zeros(len(values), bool)
    nearest = ascending[np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)]
    same: NDArray[np.bool_] = nearest == values
    return same


def first_positions(ascending: Int64Array) -> Int64Array:
    """The first position of each different value."""
    new = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return np.flatnonzero(new)


def distinct(values: Int64Array) -> Int64Array:
    """The different values in ascending order; many times faster than np.unique."""
    ascending = np.sort(values)
    return ascending[first_positions(ascending)]


def positions_of(ids: Int64Array, people: Int64Array) -> Nodes:
    """The positions of these people among ascending ids, which contain them all."""
    # Ids of a database are dense, and a table over their range is faster than a binary search.
    if len(ids) and int(ids[-1]) - int(ids[0]) < 8 * len(people):
        table = np.zeros(ids[-1] - ids[0] + 1, np.int64)
        table[ids - ids[0]] = np.arange(len(ids))
        positions: Nodes = table[people - ids[0]]
        return positions
    return np.searchsorted(ids, people)


def consecutive_ranges(starts: Nodes, counts: Nodes) -> Nodes:
    """The numbers of several ranges, one range after the other."""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - counts), counts)
