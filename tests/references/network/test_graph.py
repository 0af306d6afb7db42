"""The strongest paths, compared with brute force."""

import itertools
import random
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from references.network import adjacency, path_search
from references.network import graph as graphs
from references.network.graph import Graph
from references.network.path_search import Path
from tests.references.network.brute_force import strongest_paths
from tests.threads import wait_for

Ties = dict[tuple[int, int], float]

PEOPLE = [-7, *range(10), 2**62]
PERSON = st.sampled_from(PEOPLE)
# Some that are equal, which leaves the order to the ids, and any others.
STRENGTH = st.one_of(st.sampled_from([0.25, 0.5, 1.0]), st.floats(0.001, 1.0))
SOME = st.sets(PERSON, max_size=5)
TIES = st.dictionaries(st.tuples(PERSON, PERSON), STRENGTH, max_size=40)
QUESTIONS = st.fixed_dictionaries(
    {
        "targets": SOME,
        "k": st.integers(1, 9),
        "lent": st.dictionaries(st.tuples(PERSON, PERSON), STRENGTH, max_size=6),
        "avoid": st.one_of(st.just(set()), SOME),
        "most_hops": st.sampled_from([1, 2, 3, 3, 3]),
    }
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), PERSON, PERSON, st.one_of(st.none(), STRENGTH)),
        st.tuples(st.just("ask"), st.integers(0, 2), QUESTIONS),
        st.just(("compact",)),
    ),
    min_size=1,
    max_size=14,
)


def graph_of(ties: Mapping[tuple[int, int], float]) -> Graph:
    """A graph of these ties."""
    ones, others = (np.array([pair[end] for pair in ties], np.int64) for end in (0, 1))
    return Graph(ones, others, np.array(list(ties.values()), np.float64))


def once(ties: Mapping[tuple[int, int], float]) -> Ties:
    """These ties, each pair once with the smaller id first and as strong as the strongest."""
    found: Ties = {}
    for (one, other), strength in ties.items():
        if one != other:
            pair = (min(one, other), max(one, other))
            found[pair] = max(strength, found.get(pair, 0.0))
    return found


def assert_equal(graph: Graph, ties: Ties, sources: Collection[int], **asked: Any) -> list[Path]:
    """The graph finds what trying every way finds, to the last bit and in the same order."""
    found = graph.paths(sources, **asked)
    assert found == strongest_paths(ties, sources, **asked)
    return found


@settings(max_examples=300, deadline=None)
@given(
    ties=TIES,
    changes=st.dictionaries(st.tuples(PERSON, PERSON), STRENGTH, max_size=4),
    sources=SOME,
    asked=QUESTIONS,
    batch=st.sampled_from([1, 16]),
    left_out=st.sampled_from([0, 100]),
)
def test_should_find_the_nearest_of_each_target_as_on_its_own(
    ties: Ties,
    changes: Ties,
    sources: set[int],
    asked: dict[str, Any],
    batch: int,
    left_out: int,
) -> None:
    graph = graph_of(ties)
    for (one, other), strength in changes.items():
        graph.change(one, other, strength)
    targets = [*asked["targets"], *asked["targets"], *PEOPLE[:6]]
    given_ = {"lent": asked["lent"], "avoid": asked["avoid"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(path_search, "FIRST_BATCH", batch)
        patch.setattr(graphs, "MOST_EXCLUDED", left_out)
        found = graph.nearest(sources, targets, **given_)
    for target in targets:
        first = graph.paths(sources, [target], k=1, **given_)
        assert ([found[target]] if target in found else []) == first


@settings(max_examples=400, deadline=None)
@given(
    ties=TIES,
    sources=st.tuples(SOME, SOME, SOME),
    steps=STEPS,
    batch=st.sampled_from([1, 2, 16]),
    left_out=st.sampled_from([0, 2, 100]),
    kept=st.sampled_from([1, 4]),
)
def test_should_equal_brute_force(
    ties: Ties,
    sources: tuple[set[int], set[int], set[int]],
    steps: list[tuple[Any, ...]],
    batch: int,
    left_out: int,
    kept: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Small graphs go through what only large ones would otherwise.
        patch.setattr(path_search, "FIRST_BATCH", batch)
        patch.setattr(graphs, "MOST_EXCLUDED", left_out)
        patch.setattr(graphs, "MOST_SOURCE_SETS", kept)
        patch.setattr(path_search, "CHUNK", 3)
        graph = graph_of(ties)
        ties = once(ties)
        for each in sources:
            assert_equal(graph, ties, each, targets={1, 2}, k=100)
        for what, *details in steps:
            if what == "change":
                one, other, strength = details
                graph.change(one, other, strength)
                pair = (min(one, other), max(one, other))
                if strength is None:
                    ties.pop(pair, None)
                elif one != other:
                    ties[pair] = strength
            elif what == "ask":
                assert_equal(graph, ties, sources[details[0]], **details[1])
            else:
                graph.compact()
            assert len(graph) == len(ties)
        for each in sources:
            assert_equal(graph, ties, each, targets={1, 2}, k=100)


@pytest.mark.parametrize("seed", range(4))
def test_should_equal_brute_force_where_many_know_each_other(seed: int) -> None:
    """Hubs, and far more ways than are looked at first."""
    chance = random.Random(seed)
    people = range(150)
    hubs = (0, 1, 2)
    pairs = [(hub, person) for hub in hubs for person in people if chance.random() < 0.8]
    pairs += [(chance.choice(people), chance.choice(people)) for _ in range(500)]
    ties = once({pair: chance.choice([0.5, chance.uniform(0.05, 1)]) for pair in pairs})
    graph = graph_of(ties)
    ours = set(chance.sample(people, 12))
    for _ in range(8):
        asked = {
            "targets": [*chance.sample(people, 2), chance.choice([*hubs, 149])],
            "lent": {(min(ours), person): chance.random() for person in chance.sample(people, 20)},
            "avoid": chance.sample(people, 5),
            "k": 20,
        }
        assert len(assert_equal(graph, ties, ours, **asked)) == 20


def test_should_order_paths_by_strength_length_and_ids() -> None:
    graph = graph_of(
        {(1, 9): 0.25, (1, 2): 0.5, (2, 9): 0.5, (1, 3): 0.5, (3, 9): 0.5, (2, 3): 1.0, (4, 9): 1.0}
    )
    assert graph.paths([1], [9]) == [
        Path((1, 9), (0.25,), 0.25),
        Path((1, 2, 9), (0.5, 0.5), 0.25),
        Path((1, 3, 9), (0.5, 0.5), 0.25),
        Path((1, 2, 3, 9), (0.5, 1.0, 0.5), 0.25),
        Path((1, 3, 2, 9), (0.5, 1.0, 0.5), 0.25),
    ]
    assert [path.people for path in graph.paths([1], [9], k=2)] == [(1, 9), (1, 2, 9)]
    assert graph.paths([1], [9], k=0) == []
    assert graph.paths([1], [4], k=9, most_hops=2) == [Path((1, 9, 4), (0.25, 1.0), 0.25)]


def test_should_find_several_paths_over_one_middle() -> None:
    """One person between us and them may carry all of the k paths."""
    graph = graph_of({(1, 5): 0.9, (2, 5): 0.8, (5, 8): 0.7, (5, 9): 0.6})
    assert [path.people for path in graph.paths([1, 2], [8, 9], k=4)] == [
        (1, 5, 8),
        (2, 5, 8),
        (1, 5, 9),
        (2, 5, 9),
    ]


def test_should_keep_sources_and_targets_out_of_the_inside_of_paths() -> None:
    graph = graph_of({(1, 2): 1.0, (2, 3): 1.0, (3, 4): 1.0})
    assert [path.people for path in graph.paths([1], [4])] == [(1, 2, 3, 4)]
    assert [path.people for path in graph.paths([1, 2], [4])] == [(2, 3, 4)]
    assert [path.people for path in graph.paths([1, 2], [3, 4])] == [(2, 3)]


def test_should_reach_a_source_from_other_sources_and_not_from_itself() -> None:
    graph = graph_of({(1, 2): 1.0, (2, 3): 0.5})
    assert [path.people for path in graph.paths([1, 2, 3], [3])] == [(2, 3)]
    assert graph.paths([3], [3]) == []
    # The same people answer as before for the next question.
    assert [path.people for path in graph.paths([1, 2, 3], [2])] == [(1, 2), (3, 2)]


def test_should_keep_avoided_people_off_paths() -> None:
    graph = graph_of({(1, 2): 1.0, (2, 9): 1.0, (1, 3): 0.5, (3, 9): 0.5})
    assert [path.people for path in graph.paths([1], [9], avoid=[2])] == [(1, 3, 9)]
    assert graph.paths([1], [9], avoid=[1]) == []
    assert graph.paths([1], [9], avoid=[9]) == []
    assert len(graph.paths([1], [9])) == 2


def test_should_use_a_lent_tie_for_one_question_only() -> None:
    """Also between people whom the graph does not have, and never as a weaker second one."""
    graph = graph_of({(1, 2): 0.5, (2, 9): 0.5})
    lent = {(2, 1): 0.75, (9, 2): 0.25, (1, 70): 0.5, (71, 70): 0.5, (71, 9): 0.5}
    assert graph.paths([1], [9], lent=lent) == [
        Path((1, 2, 9), (0.75, 0.5), 0.375),
        Path((1, 70, 71, 9), (0.5, 0.5, 0.5), 0.125),
    ]
    assert graph.paths([1], [9]) == [Path((1, 2, 9), (0.5, 0.5), 0.25)]
    assert graph.paths([1], [70, 71]) == []
    assert len(graph) == 2


def test_should_follow_a_change_with_the_next_question() -> None:
    graph = graph_of({(1, 2): 0.5, (2, 9): 0.5})
    ours = frozenset([1, 40])
    assert [path.people for path in graph.paths(ours, [9])] == [(1, 2, 9)]
    graph.change(9, 1, 0.125)
    assert [path.people for path in graph.paths(ours, [9])] == [(1, 2, 9), (1, 9)]
    graph.change(1, 9, 1.0)
    assert [path.people for path in graph.paths(ours, [9])] == [(1, 9), (1, 2, 9)]
    # One of us whom the graph has not had, and somebody new between.
    graph.change(40, 41, 1.0)
    graph.change(41, 9, 1.0)
    assert [path.people for path in graph.paths(ours, [9], k=2)] == [(1, 9), (40, 41, 9)]
    graph.change(2, 1, None)
    graph.change(41, 40, None)
    assert [path.people for path in graph.paths(ours, [9])] == [(1, 9)]
    graph.change(1, 9, None)
    graph.change(1, 9, None)
    graph.change(1, 1, 0.5)
    graph.change(500, 501, None)
    assert graph.paths(ours, [9]) == []
    assert len(graph) == 2


def test_should_follow_a_change_in_the_middle_of_a_path() -> None:
    graph = graph_of({(1, 2): 0.5, (3, 9): 0.5, (8, 9): 0.5})
    ours = frozenset([1])
    assert graph.paths(ours, [9]) == []
    graph.change(2, 3, 0.5)
    assert graph.paths(ours, [9]) == [Path((1, 2, 3, 9), (0.5, 0.5, 0.5), 0.125)]
    # The tie to us is what changes, and who is looked at is somebody known to its other end.
    graph.change(7, 8, 1.0)
    graph.change(1, 7, 1.0)
    assert [path.people for path in graph.paths(ours, [9])] == [(1, 7, 8, 9), (1, 2, 3, 9)]


def test_should_prefer_the_smaller_id_of_equal_entries_even_if_later() -> None:
    graph = graph_of({(5, 7): 0.5, (7, 9): 0.5, (6, 9): 0.5})
    ours = frozenset([1, 5])
    assert [path.people for path in graph.paths(ours, [9])] == [(5, 7, 9)]
    graph.change(1, 7, 0.5)
    assert [path.people for path in graph.paths(ours, [9], k=1)] == [(1, 7, 9)]


def test_should_search_equally_strong_paths_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first in order may lie over who is looked at after enough have been found."""
    monkeypatch.setattr(path_search, "FIRST_BATCH", 1)
    pairs = [(1, 5), (5, 2), (2, 9), (1, 4), (4, 3), (3, 9)]
    graph = graph_of(dict.fromkeys(pairs, 0.5))
    assert [path.people for path in graph.paths([1], [9], k=1)] == [(1, 4, 3, 9)]


def test_should_lose_no_path_by_rounding_a_bound() -> None:
    """A path of three ties is stronger than one of two by less than 32 bits can tell."""
    chance = np.random.default_rng(1)
    one, other = chance.uniform(0.5, 1, (2, 20_000)).astype(np.float32)
    exact, rounded = one.astype(np.float64) * other, one * other
    order = np.lexsort((exact, rounded))
    weaker, stronger = order[:-1], order[1:]
    lost = (rounded[weaker] == rounded[stronger]) & (rounded[weaker] < exact[weaker])
    found = lost & (exact[weaker] < exact[stronger])
    for low, high in zip(weaker[found].tolist(), stronger[found].tolist(), strict=True):
        graph = graph_of(
            {
                (1, 2): one[low],
                (2, 9): other[low],
                (1, 3): one[high],
                (3, 4): other[high],
                (4, 9): 1,
            }
        )
        assert [path.people for path in graph.paths([1], [9], k=1)] == [(1, 3, 4, 9)]
    assert found.any()


def test_should_reach_no_unknown_person() -> None:
    assert graph_of({}).paths([1], [2]) == []
    assert graph_of({}).paths([1], [2], lent={(1, 2): 0.5}) == [Path((1, 2), (0.5,), 0.5)]
    graph = graph_of({(1, 2): 0.5})
    assert graph.paths([1, 99], [98]) == []
    assert graph.paths([], [2]) == graph.paths([1], []) == []


def test_should_keep_the_strongest_tie_of_a_pair() -> None:
    graph = Graph(
        np.array([1, 2, 1, 3]), np.array([2, 1, 2, 3]), np.array([0.25, 0.75, 0.5, 0.5], np.float32)
    )
    assert len(graph) == 1
    assert graph.paths([1], [2]) == [Path((1, 2), (0.75,), 0.75)]


@pytest.mark.parametrize("strength", [0.0, -0.5, 1.5, float("nan"), 1e-60])
def test_should_refuse_a_strength_outside_of_0_to_1(strength: float) -> None:
    graph = graph_of({(1, 2): 0.5})
    with pytest.raises(ValueError, match="strength"):
        graph_of({(1, 2): strength})
    with pytest.raises(ValueError, match="strength"):
        graph.change(1, 2, strength)
    with pytest.raises(ValueError, match="strength"):
        graph.paths([1], [2], lent={(1, 2): strength})
    assert graph.paths([1], [2]) == [Path((1, 2), (0.5,), 0.5)]


@pytest.mark.parametrize("hops", [0, 4])
def test_should_refuse_paths_of_other_than_one_to_three_ties(hops: int) -> None:
    with pytest.raises(ValueError, match="hops"):
        graph_of({(1, 2): 0.5}).paths([1], [2], most_hops=hops)


def test_should_keep_changes_during_a_compaction(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of({(1, 2): 0.5, (2, 9): 0.5, (1, 3): 0.5})
    graph.change(3, 9, 0.75)
    ours = frozenset([1])
    everything = adjacency.Adjacency.all_ties
    asked = []

    def meanwhile(ties: Any) -> Any:
        found = everything(ties)
        graph.change(1, 2, None)
        graph.change(1, 50, 1.0)
        graph.change(50, 9, 1.0)
        asked.append(graph.paths(ours, [9]))
        # Whoever else finds it overgrown leaves it to the first.
        graph.compact()
        return found

    monkeypatch.setattr(adjacency.Adjacency, "all_ties", meanwhile)
    before = graph.paths(ours, [9])
    graph.compact()
    after = graph.paths(ours, [9])
    assert [path.people for path in before] == [(1, 3, 9), (1, 2, 9)]
    assert [path.people for path in after] == [(1, 50, 9), (1, 3, 9)]
    assert asked == [after]
    assert len(graph) == 5


def test_should_free_memory_by_a_compaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MANY_CHANGES", 50)
    graph = graph_of({(1, 2): 0.5})
    for person in range(3, 60):
        graph.change(1, person, 0.5)
    assert graph.overgrown
    taken = graph.nbytes
    graph.compact()
    assert not graph.overgrown
    assert graph.nbytes < taken
    assert len(graph) == 58
    assert graph.paths([59], [1]) == [Path((59, 1), (0.5,), 0.5)]


def test_should_answer_threads_during_changes_and_compactions() -> None:
    """Every answer is that before or that after a change, and nothing in between."""
    ties = {(1, 2): 0.5, (2, 3): 0.5, (3, 9): 0.5, (1, 4): 0.5, (4, 9): 0.25}
    graph = graph_of(ties)
    possible = [strongest_paths({**ties, (1, 2): each}, [1], [9]) for each in (0.5, 1.0)]
    stop = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                if (found := graph.paths([1], [9])) not in possible:
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        graph.change(1, 2, (0.5, 1.0)[number % 2])
        if number % 20 == 0:
            graph.compact()
    stop.set()
    wait_for(*threads)
    assert wrong == []


def test_should_take_less_than_25_bytes_a_tie() -> None:
    """With as many ties a person as colleagues have, and as many sets of sources as are kept."""
    chance = np.random.default_rng(1)
    one, other = chance.integers(0, 5_000, (2, 50_000))
    graph = Graph(one, other, chance.uniform(0.1, 1, 50_000).astype(np.float32))
    for first in range(graphs.MOST_SOURCE_SETS + 2):
        graph.paths(range(first, 5_000, 50), [4_999])
    assert len(graph) > 49_000
    assert graph.nbytes / len(graph) < 25


def friends(chance: random.Random) -> list[tuple[int, int]]:
    """Friendships with hubs: each newcomer makes eight friends, popular people rather than others.

    Preferential attachment gives the degrees of a social network.
    """
    pairs = list(itertools.combinations(range(8), 2))
    ends = [person for pair in pairs for person in pair]
    for newcomer in range(8, 1_200):
        chosen = {chance.choice(ends) for _ in range(8)}
        pairs += [(newcomer, friend) for friend in chosen]
        ends += [newcomer] * len(chosen)
        ends += chosen
    return pairs


def authors(chance: random.Random) -> list[tuple[int, int]]:
    """Co-authors: everybody on a paper knows the others, and most wrote only one or two papers."""
    pairs = []
    for paper in range(900):
        field = paper % 30
        team = chance.sample(range(field * 40, field * 40 + 60), chance.randint(2, 6))
        pairs += itertools.combinations(team, 2)
    return pairs


def consultants(chance: random.Random) -> list[tuple[int, int]]:
    """A small firm in which half of all pairs know each other."""
    return [pair for pair in itertools.combinations(range(46), 2) if chance.random() < 0.53]


@pytest.mark.parametrize("kind", ["drawn", "counted", "equal"])
@pytest.mark.parametrize("network", [friends, authors, consultants])
def test_should_equal_brute_force_in_networks_of_people(
    network: Callable[[random.Random], list[tuple[int, int]]], kind: str
) -> None:
    """With strengths drawn, with those of a few counts, and with equal ones, so that thousands of
    paths are as strong as the last."""
    chance = random.Random(f"{network.__name__} {kind}")
    known = once(
        {
            pair: {
                "drawn": chance.uniform(0.02, 1),
                "counted": (times := chance.randint(1, 4)) / (1 + times),
                "equal": 0.5,
            }[kind]
            for pair in network(chance)
        }
    )
    graph = graph_of(known)
    everybody = sorted(set(itertools.chain.from_iterable(known)))
    assert len(graph) == len(known) > 500
    for size in (1, 20, len(everybody) // 5):
        ours = frozenset(chance.sample(everybody, min(size, len(everybody) // 4)))
        asked = {
            "targets": chance.sample(everybody, 2),
            "k": chance.choice([1, 5, 30]),
            "avoid": chance.sample(everybody, 3),
            "lent": {(min(ours), each): 0.5 for each in chance.sample(everybody, 10)},
        }
        assert_equal(graph, known, ours, **asked)
