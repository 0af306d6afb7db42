"""The strongest paths, in two sizes of network, against networkx and rustworkx.

Both libraries have nothing for the k strongest paths of so many hops between sets of people. So
they list all paths of at most three ties, networkx to our people and rustworkx to one more node
that is tied to each of them, and the strongest are taken; the answers must be ours. rustworkx's
Dijkstra is timed too, which finds a single path, of any number of hops.
"""

import itertools
import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from references.network.graph import MANY_CHANGES, Graph
from references.network.path_search import MOST_HOPS, Path
from tests.benchmarks import prospecting
from tests.benchmarks._network import Network, network

SIZES = ((100_000, 1_000_000), (1_000_000, 10_000_000))
QUESTIONS = 400
# How many questions the peers are asked, which take long.
FEW = 5
# Larger networks take the peers minutes to build.
MOST_FOR_PEERS = 1_000_000
OURS = 200
CUSTOMERS = 20_000
LENT = 2_000

People = NDArray[np.int64]


def run() -> Iterator[tuple[str, str]]:
    """Seconds, bytes a tie, and milliseconds a question: the median and the 95th percentile."""
    for people, ties in SIZES:
        random = np.random.default_rng(7)
        known = network(people, ties, random)
        label = f"{ties:,} ties:"
        start = time.perf_counter()
        graph = Graph(known.one, known.other, known.strength)
        yield f"{label} build", f"{time.perf_counter() - start:.1f} s"
        ours, customers = _sources(known, random)
        for whose, sources in (("200 of us", ours), ("20,000 of customers", customers)):
            start = time.perf_counter()
            graph.paths(sources, [int(known.one[0])])
            cold = (time.perf_counter() - start) * 1000
            yield f"{label} {whose}, the first question", f"{cold:.0f} ms"
            for what, asked in _questions(known, ours | customers, random):
                yield f"{label} {whose} to {what}", _timed(_asking(graph, sources), asked)
        yield f"{label} memory, with both sets", f"{graph.nbytes / len(graph):.1f} bytes a tie"
        yield from _lent(graph, known, ours, label, random)
        if ties <= MOST_FOR_PEERS:
            strangers = [int(each) for each in _strangers(known, ours | customers, random, FEW)]
            yield from _peers(graph, known, ours, strangers, label)
        yield from _changes(graph, known, ours, customers, label, random)
    yield from prospecting.run([1_000_000])


def _sources(known: Network, random: np.random.Generator) -> tuple[frozenset[int], frozenset[int]]:
    """Our people, who are those of a company of that size, and those of many other companies."""
    sizes = np.bincount(known.company)
    us = int(np.abs(sizes - OURS).argmin())
    ours = np.flatnonzero(known.company == us)[:OURS]
    order = random.permutation(np.delete(np.arange(len(sizes)), us))
    enough = order[: int(np.searchsorted(sizes[order].cumsum(), CUSTOMERS)) + 1]
    customers = np.flatnonzero(np.isin(known.company, enough))[:CUSTOMERS]
    return frozenset(ours.tolist()), frozenset(customers.tolist())


def _strangers(
    known: Network, sources: frozenset[int], random: np.random.Generator, count: int
) -> People:
    """Any people but the sources."""
    free = np.setdiff1d(np.arange(len(known.company)), list(sources))
    return random.choice(free, count, replace=False)


def _questions(
    known: Network, sources: frozenset[int], random: np.random.Generator
) -> Iterator[tuple[str, list[list[int]]]]:
    """What is asked for, and the targets of each question."""
    strangers = _strangers(known, sources, random, QUESTIONS)
    yield "1 person", [[int(person)] for person in strangers]
    sizes = np.bincount(known.company)
    large = [
        int(company)
        for company in random.permutation(np.flatnonzero(sizes >= 50))
        if int(np.searchsorted(known.company, company)) not in sources
    ][:QUESTIONS]
    accounts = [np.searchsorted(known.company, company) + np.arange(50) for company in large]
    yield "5 stakeholders", [random.choice(each, 5, False).tolist() for each in accounts]
    yield "an account's 50 people", [each.tolist() for each in accounts]
    hubs = np.argsort(-known.degrees())[:100]
    fewest = int(known.degrees()[hubs[-1]])
    yield f"1 hub ({fewest:,} ties and more)", [[int(hub)] for hub in hubs]


def _lent(
    graph: Graph, known: Network, ours: frozenset[int], label: str, random: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """Questions of a member who has very many private ties."""
    everybody = len(known.company)
    strangers = [[int(person)] for person in _strangers(known, ours, random, QUESTIONS)]
    extra = {
        (min(ours), int(person)): float(strength)
        for person, strength in zip(
            random.choice(everybody, LENT, False), random.uniform(0.05, 1, LENT), strict=True
        )
    }
    yield (
        f"{label} 200 of us to 1 person, {LENT:,} ties lent",
        _timed(lambda targets: graph.paths(ours, targets, lent=extra), strangers),
    )


def _peers(
    graph: Graph,
    known: Network,
    ours: frozenset[int],
    strangers: list[int],
    label: str,
) -> Iterator[tuple[str, str]]:
    """The same questions asked of the peers, and how many times longer they take."""
    try:
        import networkx
        import rustworkx
    except ImportError:
        yield f"{label} networkx and rustworkx", "not installed: pip install -e '.[bench]'"
        return
    expected = {person: graph.paths(ours, [person]) for person in strangers}
    mine = statistics.median(_seconds(lambda person: graph.paths(ours, [person]), strangers * 50))
    everybody = len(known.company)
    edges = list(
        zip(known.one.tolist(), known.other.tolist(), known.strength.tolist(), strict=True)
    )
    start = time.perf_counter()
    fast = rustworkx.PyGraph(multigraph=False)
    fast.add_nodes_from(range(everybody + 1))
    fast.add_edges_from(edges)
    fast.add_edges_from([(person, everybody, 1.0) for person in ours])
    yield f"{label} rustworkx, build", f"{time.perf_counter() - start:.1f} s"

    def all_of_rustworkx(person: int) -> list[list[int]]:
        # Its cutoff counts people; the node that is tied to all of us is one more.
        found = rustworkx.graph_all_simple_paths(fast, person, everybody, cutoff=MOST_HOPS + 2)
        return [list(path)[:-1] for path in found]

    def strongest(every: Callable[[int], list[list[int]]]) -> Callable[[int], None]:
        def answer(person: int) -> None:
            ways = (
                (math.prod(fast.get_edge_data(*tie) for tie in itertools.pairwise(path)))
                for path in every(person)
                if ours.isdisjoint(path[:-1])
            )
            best = sorted(ways, reverse=True)[:5]
            if not np.allclose(best, [path.strength for path in expected[person]], rtol=1e-12):
                raise AssertionError(f"Not the same paths to {person}: {best}.")

        return answer

    seconds = statistics.median(_seconds(strongest(all_of_rustworkx), strangers))
    yield f"{label} rustworkx, all paths of 3", _ratio(seconds, mine)
    seconds = statistics.median(
        _seconds(
            lambda person: rustworkx.dijkstra_shortest_paths(
                fast, person, everybody, weight_fn=lambda strength: abs(math.log(strength))
            ),
            strangers,
        )
    )
    yield f"{label} rustworkx, one path by Dijkstra", _ratio(seconds, mine)
    start = time.perf_counter()
    slow = networkx.Graph()
    slow.add_weighted_edges_from(edges)
    yield f"{label} networkx, build", f"{time.perf_counter() - start:.1f} s"

    def all_of_networkx(person: int) -> list[list[int]]:
        return list(networkx.all_simple_paths(slow, person, ours, cutoff=MOST_HOPS))

    seconds = statistics.median(_seconds(strongest(all_of_networkx), strangers))
    yield f"{label} networkx, all paths of 3", _ratio(seconds, mine)


def _changes(
    graph: Graph,
    known: Network,
    ours: frozenset[int],
    customers: frozenset[int],
    label: str,
    random: np.random.Generator,
) -> Iterator[tuple[str, str]]:
    """How soon a change shows, and what it costs when there are many."""
    us = min(ours)
    strangers = _strangers(known, ours, random, QUESTIONS).tolist()

    def shows(person: int) -> None:
        graph.change(us, person, 1.0)
        if graph.paths(ours, [person])[0] != Path((us, person), (1.0,), 1.0):
            raise AssertionError(f"The new tie to {person} is not used.")

    yield f"{label} a new tie and the path over it", _timed(shows, strangers)
    for one, other in random.integers(0, len(known.company), (MANY_CHANGES, 2)).tolist():
        graph.change(one, other, 0.5)
    asked = [[int(person)] for person in _strangers(known, ours | customers, random, QUESTIONS)]
    yield (
        f"{label} 200 of us to 1 person, {MANY_CHANGES:,} changes later",
        _timed(_asking(graph, ours), asked),
    )
    rebuild = threading.Thread(target=graph.compact)
    meanwhile: list[float] = []
    start = time.perf_counter()
    rebuild.start()
    while rebuild.is_alive():
        meanwhile += _seconds(_asking(graph, ours), asked[:10])
    yield f"{label} rebuild in the background", f"{time.perf_counter() - start:.1f} s"
    yield (
        f"{label} 200 of us to 1 person, meanwhile",
        f"{_quantiles(meanwhile)}, {max(meanwhile) * 1000:.0f} ms at most",
    )


def _asking(graph: Graph, sources: frozenset[int]) -> Callable[[list[int]], list[Path]]:
    return lambda targets: graph.paths(sources, targets)


def _seconds(
    answer: Callable[[Any], object],
    asked: Sequence[Any],
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """How long each answer takes."""
    found = []
    for each in asked:
        start = clock()
        answer(each)
        found.append(clock() - start)
    return found


def _timed(answer: Callable[[Any], object], asked: Sequence[Any]) -> str:
    """By the clock, and by the processor where others use it too."""
    half = len(asked) // 2
    wall = _quantiles(_seconds(answer, asked[:half]))
    return f"{wall} (processor {_quantiles(_seconds(answer, asked[half:], time.thread_time))})"


def _quantiles(seconds: list[float]) -> str:
    median, most = np.percentile(seconds, (50, 95)) * 1000
    return f"{median:.1f} and {most:.1f} ms"


def _ratio(seconds: float, mine: float) -> str:
    return f"{seconds * 1000:,.0f} ms: {seconds / mine:,.0f} × as long"
