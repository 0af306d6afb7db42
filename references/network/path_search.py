"""Pure: the strongest paths from a set of sources to targets, over an adjacency.

Nobody inside a path is a source or a target. So a path is a tie from a source into its middle, the
middle, and a tie out of it to a target, and the three are chosen independently. The middle is one
person, or two with the tie between them. The best path over a middle has the strongest tie in and
the strongest tie out; hence the k best paths lie on the k middles with the best best paths. These
are searched from the targets: for each neighbour of a target, the strongest way on to the sources
is an upper bound, which tells what is worth looking at.

Strengths are 32-bit floats. The product of two is exact in a 64-bit float and that of three is
rounded once, so that no order of multiplying decides which of two paths is the stronger, and a
path with a weaker tie in the same place is always the weaker one.
"""

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from references.network.adjacency import (
    NO_NODE,
    Adjacency,
    Edges,
    LentTies,
    Nodes,
    Strengths,
    concatenated,
    distinct,
    first_positions,
    is_in,
    strongest_ties,
)

MOST_HOPS = 3
# Neighbours of targets in the first batch; each further batch is four times as large.
FIRST_BATCH = 16
# Nodes whose ties are read at a time, which limits the memory for it.
CHUNK = 10_000

Products = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """A path from a source to a target: its people, the ties between them, their product."""

    people: tuple[int, ...]
    strengths: tuple[float, ...]
    strength: float


class SourceTies:
    """The strongest tie of each person to a set of sources, kept in step with the adjacency.

    `strengths` is its strength (0 for none, and for the sources themselves) and `sources` its
    source, of equally strong ties that with the smallest id. `bounds` is an upper bound of the
    product of two ties from a person to the sources; it is not lowered when ties become weaker.
    """

    def __init__(self, ties: Adjacency, sources: frozenset[int]) -> None:
        self._source_ids = sources
        self._size = ties.size
        length = len(ties.ids)
        self.is_source = np.zeros(length, bool)
        self.strengths = np.zeros(length, np.float32)
        self.sources = np.zeros(length, np.int32)
        self.bounds = np.zeros(length, np.float32)
        nodes = ties.nodes_of(sources)
        self.is_source[nodes] = True
        positions, neighbours, strengths = ties.edges(nodes)
        keep = ~self.is_source[neighbours]
        near, strongest, source = strongest_ties(
            ties, neighbours[keep], strengths[keep], nodes[positions[keep]]
        )
        self.strengths[near], self.sources[near] = strongest, source
        self._raise_bounds(ties, near)

    @property
    def nbytes(self) -> int:
        """The memory that the arrays take."""
        arrays = (self.is_source, self.strengths, self.sources, self.bounds)
        return sum(array.nbytes for array in arrays)

    def grow(self, ties: Adjacency) -> None:
        """Make room for people who were added since."""
        if more := len(ties.ids) - len(self.is_source):
            self.is_source = np.concatenate((self.is_source, np.zeros(more, bool)))
            self.strengths = np.concatenate((self.strengths, np.zeros(more, np.float32)))
            self.sources = np.concatenate((self.sources, np.zeros(more, np.int32)))
            self.bounds = np.concatenate((self.bounds, np.zeros(more, np.float32)))
        for node in range(self._size, ties.size):
            self.is_source[node] = int(ties.ids[node]) in self._source_ids
        self._size = ties.size

    def update(self, ties: Adjacency, one: int, other: int) -> None:
        """Follow a change of the tie between two nodes."""
        self.grow(ties)
        ends = np.array([end for end in (one, other) if not self.is_source[end]], np.int64)
        if len(ends) == 1:
            neighbours, strengths = ties.row(int(ends[0]))
            keep = self.is_source[neighbours]
            repeated = np.repeat(ends, np.count_nonzero(keep))
            _, strongest, source = strongest_ties(ties, repeated, strengths[keep], neighbours[keep])
            self.strengths[ends] = strongest if len(strongest) else 0
            self.sources[ends] = source if len(source) else 0
        self._raise_bounds(ties, ends)

    def _raise_bounds(self, ties: Adjacency, nodes: Nodes) -> None:
        """Raise the bounds of the neighbours of these nodes."""
        for start in range(0, len(nodes), CHUNK):
            chunk = nodes[start : start + CHUNK]
            positions, neighbours, strengths = ties.edges(chunk)
            products = strengths * self.strengths[chunk][positions]
            # A product of 32-bit floats may be rounded down, and an upper bound must not be.
            np.maximum.at(self.bounds, neighbours, np.nextafter(products, np.float32(2)))


class PathQuery:
    """A search from sources to targets, with lent ties, and without some people.

    `avoid` are people who are on no path, `excluded` are sources that this search does not have.
    """

    def __init__(
        self,
        ties: Adjacency,
        source_ties: SourceTies,
        lent: LentTies,
        targets: Nodes,
        avoid: Nodes,
        excluded: Nodes,
    ) -> None:
        self.ties = ties
        self.source_ties = source_ties
        self.lent = lent
        self.targets = targets
        # Like sources, these are never inside a path.
        self._blocked = np.zeros(len(ties.ids), bool)
        self._blocked[targets] = self._blocked[avoid] = True
        self._override_source_ties(excluded)

    def _override_source_ties(self, excluded: Nodes) -> None:
        """Find the strongest ties to a source that differ from the shared ones.

        They differ where the shared tie leads to an excluded source, and where a tie is lent.
        """
        shared, lent = self.source_ties, self.lent
        self._overridden = np.empty(0, np.int64)
        self._strongest_lent = np.float32(0)
        if not len(excluded) and not len(lent):
            return
        _, neighbours, _ = self.ties.edges(excluded)
        neighbours = distinct(neighbours)
        losing = neighbours[
            (shared.strengths[neighbours] > 0) & is_in(shared.sources[neighbours], excluded)
        ]
        positions, neighbours, strengths = self.ties.edges(losing)
        left = self.is_source(neighbours)
        from_source = self.is_source(lent.ones) & ~shared.is_source[lent.others]
        gaining = distinct(lent.others[from_source])
        keeping = gaining[~is_in(gaining, losing) & (shared.strengths[gaining] > 0)]
        nodes, strongest, sources = strongest_ties(
            self.ties,
            np.concatenate((losing[positions[left]], lent.others[from_source], keeping)),
            np.concatenate(
                (strengths[left], lent.strengths[from_source], shared.strengths[keeping])
            ),
            np.concatenate((neighbours[left], lent.ones[from_source], shared.sources[keeping])),
        )
        self._overridden = distinct(np.concatenate((losing, gaining)))
        self._own_strengths = np.zeros(len(self._overridden), np.float32)
        self._own_sources = np.zeros(len(self._overridden), np.int64)
        at = np.searchsorted(self._overridden, nodes)
        self._own_strengths[at], self._own_sources[at] = strongest, sources
        self._strongest_lent = lent.strengths[from_source].max(initial=np.float32(0))

    def is_source(self, nodes: Nodes) -> NDArray[np.bool_]:
        """Which of these people a path may begin with."""
        return self.source_ties.is_source[nodes] & ~self._blocked[nodes]

    def is_inner(self, nodes: Nodes) -> NDArray[np.bool_]:
        """Which of these people may be inside a path."""
        return ~self.source_ties.is_source[nodes] & ~self._blocked[nodes]

    def strongest_entry(self, nodes: Nodes) -> tuple[Strengths, Nodes]:
        """The strength and the source of each person's strongest tie to a source.

        The strength is 0 without such a tie, and for people who may not be inside a path.
        """
        shared = self.source_ties
        strengths = np.where(self._blocked[nodes], np.float32(0), shared.strengths[nodes])
        sources = shared.sources[nodes].astype(np.int64)
        if len(self._overridden):
            at = np.minimum(np.searchsorted(self._overridden, nodes), len(self._overridden) - 1)
            own = (self._overridden[at] == nodes) & ~self._blocked[nodes]
            strengths[own], sources[own] = self._own_strengths[at[own]], self._own_sources[at[own]]
        return strengths, sources

    def bounds(self, near: Nodes, out: Strengths) -> Products:
        """Upper bounds of paths of three ties whose last tie leads from `near` to a target."""
        # A lent tie may be stronger than the ties that the shared bounds know.
        most = np.maximum(self.source_ties.bounds[near], self._strongest_lent)
        return most * out.astype(np.float64)

    def row(self, node: int) -> tuple[Nodes, Strengths]:
        """A person's neighbours by shared and lent ties, and the strengths."""
        neighbours, strengths = self.ties.row(node)
        if len(self.lent):
            more, lent = self.lent.row(node)
            neighbours = np.concatenate((neighbours, more))
            strengths = np.concatenate((strengths, lent))
        return neighbours, strengths

    def edges(self, nodes: Nodes) -> Edges:
        """The shared and lent ties of these people."""
        return concatenated([self.ties.edges(nodes), self.lent.edges(nodes)])

    def strength_between(self, one: int, other: int) -> float:
        """The strength of the tie between two people."""
        neighbours, strengths = self.row(one)
        return float(strengths[neighbours == other].max())

    def entries(self, node: int, count: int) -> list[tuple[int, float]]:
        """A person's strongest ties to sources: the sources' ids and the strengths."""
        neighbours, strengths = self.row(node)
        return self._strongest(neighbours, strengths, self.is_source(neighbours), count)

    def exits(self, node: int, count: int) -> list[tuple[int, float]]:
        """A person's strongest ties to targets: the targets' ids and the strengths."""
        neighbours, strengths = self.row(node)
        return self._strongest(neighbours, strengths, is_in(neighbours, self.targets), count)

    def _strongest(
        self, neighbours: Nodes, strengths: Strengths, keep: NDArray[np.bool_], count: int
    ) -> list[tuple[int, float]]:
        ids, strengths = self.ties.ids[neighbours[keep]], strengths[keep]
        order = np.lexsort((ids, -strengths))[: 2 * count]
        by_person: dict[int, float] = {}
        # A tie that is lent as well as shared comes twice, the stronger one first.
        for person, strength in zip(ids[order].tolist(), strengths[order].tolist(), strict=True):
            by_person.setdefault(person, strength)
        return list(itertools.islice(by_person.items(), count))


@dataclass(frozen=True)
class _Middles:
    """Middles with their best paths.

    `nodes` has a row of four for each path: source, first and second person of the middle, target;
    the middle's are NO_NODE where a path has fewer people.
    """

    strengths: Products
    nodes: Nodes


def strongest_paths(query: PathQuery, most_hops: int, k: int) -> list[Path]:
    """The k strongest paths, as `Graph.paths` orders them."""
    # A middle whose tie is lent as well as shared comes twice.
    count = 2 * k if len(query.lent) else k
    return _paths_over(query, _best_middles(query, most_hops, count), k)


def strongest_path_to_each(query: PathQuery, targets: Nodes) -> list[Path]:
    """The strongest path to each of these targets that can be reached, as if it were the only one.

    The query itself has no targets, so that a path to one target may lead over another.
    """
    best = _BestPaths(query.ties, targets)
    positions, near, out = query.edges(targets)
    direct = query.is_source(near)
    best.add(positions[direct], near[direct], into=out[direct])
    inner = query.is_inner(near)
    positions, near, out = positions[inner], near[inner], out[inner]
    into, source = query.strongest_entry(near)
    best.add(positions, source, near, into=into, out=out)

    def add_two_person_middles(at: Nodes, edges: Edges) -> None:
        """Add the paths over `first` and then the person at `at` in `near`."""
        of_edges, first, between = edges
        second = at[of_edges]
        into, source = query.strongest_entry(first)
        keep = (into > 0) & (first != targets[positions[second]])
        second = second[keep]
        best.add(
            positions[second],
            source[keep],
            first[keep],
            near[second],
            into=into[keep],
            between=between[keep],
            out=out[second],
        )

    add_two_person_middles(np.arange(len(near)), query.lent.edges(near))
    bounds = query.bounds(near, out)
    order = np.argsort(-bounds)
    size = max(FIRST_BATCH, len(targets))
    while len(order):
        batch, order = order[:size], order[size:]
        batch = batch[(bounds[batch] > 0) & (bounds[batch] >= best.strengths[positions[batch]])]
        add_two_person_middles(batch, query.ties.edges(near[batch]))
        size *= 2
    return best.paths()


def _best_middles(query: PathQuery, most_hops: int, count: int) -> _Middles:
    """The middles with the best paths, in the order of these paths."""
    ties, lent, targets = query.ties, query.lent, query.targets
    positions, neighbours, strengths = query.edges(targets)
    ends = targets[positions]
    direct = query.is_source(neighbours)
    best = _first(ties, [_middles(strengths[direct], neighbours[direct], ends[direct])], count)
    if most_hops == 1:
        return best
    inner = query.is_inner(neighbours)
    near, out, end = strongest_ties(ties, neighbours[inner], strengths[inner], ends[inner])
    into, source = query.strongest_entry(near)
    reached = into > 0
    products = into.astype(np.float64) * out
    one_person = _middles(products[reached], source[reached], end[reached], near[reached])
    best = _first(ties, [best, one_person], count)
    if most_hops == 2 or not len(near):
        return best

    def two_person_middles(first: Nodes, between: Strengths, at: Nodes, least: float) -> _Middles:
        """Middles of `first` and then the person at `at` in `near`."""
        into, source = query.strongest_entry(first)
        products = into.astype(np.float64) * between * out[at]
        keep = (into > 0) & (products >= least)
        at = at[keep]
        return _middles(products[keep], source[keep], end[at], first[keep], near[at])

    to_near = is_in(lent.others, near)
    at = np.searchsorted(near, lent.others[to_near])
    over_lent = two_person_middles(lent.ones[to_near], lent.strengths[to_near], at, 0.0)
    best = _first(ties, [best, over_lent], count)
    bounds = query.bounds(near, out)
    order = np.argsort(-bounds)
    size = FIRST_BATCH
    while len(order):
        least = float(best.strengths[-1]) if len(best.strengths) == count else 0.0
        batch, order = order[:size], order[size:]
        batch = batch[(bounds[batch] > 0) & (bounds[batch] >= least)]
        if not len(batch):
            break
        of_edges, first, between = ties.edges(near[batch])
        more = two_person_middles(first, between, batch[of_edges], least)
        best = _first(ties, [best, more], count)
        size *= 4
    return best


def _middles(
    strengths: NDArray[np.floating],
    source: Nodes,
    target: Nodes,
    first: Nodes | None = None,
    second: Nodes | None = None,
) -> _Middles:
    nodes = np.full((len(strengths), 4), NO_NODE)
    nodes[:, 0], nodes[:, 3] = source, target
    if first is not None:
        nodes[:, 1] = first
    if second is not None:
        nodes[:, 2] = second
    return _Middles(strengths.astype(np.float64), nodes)


def _first(ties: Adjacency, parts: Sequence[_Middles], count: int) -> _Middles:
    """The first of these middles, in the order of their best paths."""
    strengths = np.concatenate([part.strengths for part in parts])
    nodes = np.concatenate([part.nodes for part in parts])
    if len(strengths) > count:
        keep = strengths >= np.partition(strengths, -count)[-count]
        strengths, nodes = strengths[keep], nodes[keep]
    # NO_NODE indexes some id, but the same one in all paths with as many hops.
    ids = ties.ids[nodes]
    hops = np.count_nonzero(nodes != NO_NODE, axis=1)
    order = np.lexsort((ids[:, 3], ids[:, 2], ids[:, 1], ids[:, 0], hops, -strengths))[:count]
    return _Middles(strengths[order], nodes[order])


def _paths_over(query: PathQuery, middles: _Middles, k: int) -> list[Path]:
    """The first k paths over these middles, which are in the order of their best paths."""
    best: dict[tuple[int, int], tuple[float, list[int]]] = {}
    for strength, nodes in zip(middles.strengths.tolist(), middles.nodes.tolist(), strict=True):
        source, first, second, target = nodes
        middle = (source, target) if first == NO_NODE else (first, second)
        best.setdefault(middle, (strength, nodes))
    chosen = list(itertools.islice(best.values(), k))
    least = chosen[-1][0] if len(chosen) == k else 0.0
    ids = query.ties.ids
    paths = []
    for strength, (source, first, second, target) in chosen:
        if first == NO_NODE:
            paths.append(Path((int(ids[source]), int(ids[target])), (strength,), strength))
            continue
        last = first if second == NO_NODE else second
        inner = tuple(int(ids[node]) for node in (first, second) if node != NO_NODE)
        between = () if second == NO_NODE else (query.strength_between(first, second),)
        exits = query.exits(last, k)
        for source_id, into in query.entries(first, k):
            for target_id, out in exits:
                strengths = (into, *between, out)
                if (product := math.prod(strengths)) < least:
                    break
                paths.append(Path((source_id, *inner, target_id), strengths, product))
    return heapq.nsmallest(
        k, paths, key=lambda path: (-path.strength, len(path.people), path.people)
    )


class _BestPaths:
    """The strongest path to each target among those that were added."""

    def __init__(self, ties: Adjacency, targets: Nodes) -> None:
        self._ids = ties.ids
        self._targets = targets
        # The strength of the strongest path to each target so far.
        self.strengths = np.zeros(len(targets))
        self._parts: list[tuple[Nodes, Products, Nodes, Strengths]] = []

    def add(
        self,
        positions: Nodes,
        source: Nodes,
        first: Nodes | None = None,
        second: Nodes | None = None,
        *,
        into: Strengths,
        between: Strengths | None = None,
        out: Strengths | None = None,
    ) -> None:
        """Add paths to the targets at these positions: their people, and the ties between them."""
        products = into.astype(np.float64)
        for strengths in (between, out):
            if strengths is not None:
                products = products * strengths
        np.maximum.at(self.strengths, positions, products)
        keep = np.flatnonzero((products > 0) & (products >= self.strengths[positions]))
        nodes = np.full((len(keep), 4), NO_NODE)
        nodes[:, 3] = self._targets[positions[keep]]
        for column, person in enumerate((source, first, second)):
            if person is not None:
                nodes[:, column] = person[keep]
        hops = np.zeros((len(keep), 3), np.float32)
        for column, strengths in enumerate((into, between, out)):
            if strengths is not None:
                hops[:, column] = strengths[keep]
        self._parts.append((positions[keep], products[keep], nodes, hops))

    def paths(self) -> list[Path]:
        """The strongest path to each target that any path reaches."""
        positions = np.concatenate([part[0] for part in self._parts])
        products = np.concatenate([part[1] for part in self._parts])
        nodes = np.concatenate([part[2] for part in self._parts])
        strengths = np.concatenate([part[3] for part in self._parts])
        keep = products == self.strengths[positions]
        positions, products, nodes = positions[keep], products[keep], nodes[keep]
        ids = self._ids[nodes]
        hops = np.count_nonzero(nodes != NO_NODE, axis=1)
        order = np.lexsort((ids[:, 2], ids[:, 1], ids[:, 0], hops, positions))
        order = order[first_positions(positions[order])]
        return [
            Path(
                tuple(itertools.compress(people, known)),
                # The tie of a hop that a path does not have is 0.
                tuple(strength for strength in ties if strength),
                product,
            )
            for people, known, ties, product in zip(
                ids[order].tolist(),
                (nodes[order] != NO_NODE).tolist(),
                strengths[keep][order].tolist(),
                products[order].tolist(),
                strict=True,
            )
        ]
