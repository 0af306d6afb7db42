"""The word index against BM25 as its authors write it."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from similarity.index.bm25 import WordIndex
from similarity.index.relevance import FULL

WORDS = [*"abcdefgh", "ż", "日本", "a.b.c"]
TERMS = st.lists(st.sampled_from(WORDS), max_size=12)
IDS = st.integers(1, 8)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), IDS, TERMS, st.booleans()),
        st.tuples(st.just("remove"), IDS),
        st.tuples(st.sampled_from(["compact", "save"])),
    ),
    max_size=25,
)
QUERIES = st.dictionaries(st.sampled_from([*WORDS, "unknown"]), st.integers(1, 3).map(float))


class Naive:
    """BM25, straight from the formula, over a dictionary."""

    def __init__(self) -> None:
        self.documents: dict[int, tuple[Counter[str], bool]] = {}

    def counted(self) -> list[Counter[str]]:
        return [terms for terms, counted in self.documents.values() if counted]

    def rarity(self, term: str) -> float:
        total = len(self.counted())
        holders = sum(term in terms for terms in self.counted())
        return math.log(1 + (total - holders + 0.5) / (holders + 0.5))

    def norm(self, length: float) -> float:
        words = sum(terms.total() for terms in self.counted())
        average = words / len(self.counted()) if words else 1.0
        return 1.2 * (1 - 0.75 + 0.75 * length / average)

    def gain(self, document: int, term: str) -> float:
        terms, _ = self.documents[document]
        count = terms[term]
        return self.rarity(term) * count * 2.2 / (count + self.norm(terms.total()))

    def score(self, document: int, query: Mapping[str, float]) -> float:
        return sum(weight * self.gain(document, term) for term, weight in query.items())

    def full_score(self, query: Mapping[str, float]) -> float:
        norm = self.norm(sum(query.values()))
        gains = [n * self.rarity(term) * n * 2.2 / (n + norm) for term, n in query.items()]
        return sum(sorted(gains)[-FULL:])


def scores(index: WordIndex, query: Mapping[str, float]) -> dict[int, float]:
    found = index.search(query)
    return {int(index.ids[slot]): float(found[slot]) for slot in np.flatnonzero(index.alive)}


def reloaded(index: WordIndex, path: Path) -> WordIndex:
    index.save(path)
    return WordIndex.load(path)


def assert_same(index: WordIndex, naive: Naive, query: Mapping[str, float]) -> None:
    assert len(index) == len(naive.documents)
    alive = index.ids[index.alive].tolist()
    assert sorted(alive) == sorted(naive.documents)
    for document in range(1, 10):
        slots = index.slots(np.array([document]))
        held = document in naive.documents
        assert len(slots) == held
        if held:
            assert index.alive[slots[0]]
            assert index.ids[slots[0]] == document
    expected = {each: naive.score(each, query) for each in naive.documents}
    assert scores(index, query) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert not index.search(query)[~index.alive].any()
    for term in query:
        assert index.rarity(term) == pytest.approx(naive.rarity(term))
    assert index.full_score(query) == pytest.approx(naive.full_score(query), rel=1e-5)
    for document in naive.documents:
        gain = index.gain(document, query)
        assert gain.keys() == {t for t in query if naive.documents[document][0][t]}
        total = sum(query[term] * each for term, each in gain.items())
        assert total == pytest.approx(expected[document], rel=1e-4, abs=1e-6)
    assert index.gain(99, query) == {}


@given(steps=STEPS, query=QUERIES)
def test_should_score_as_the_formula_does_whatever_happened_before(
    steps: list[tuple[object, ...]],
    query: dict[str, float],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    index, naive = WordIndex(), Naive()
    path = tmp_path_factory.getbasetemp() / "words"
    for step, *given_ in steps:
        if step == "put":
            document, terms, counted = given_
            index.put(document, terms, counted=counted)
            naive.documents[document] = (Counter(terms), counted)
        elif step == "remove":
            index.remove(given_[0])
            naive.documents.pop(given_[0], None)
        elif step == "compact":
            index.compact()
        else:
            index = reloaded(index, path)
        index.settle()
    assert_same(index, naive, query)
    assert_same(reloaded(index, path), naive, query)


@given(
    documents=st.lists(st.tuples(TERMS, st.booleans()), max_size=12),
    query=QUERIES,
    compacted=st.booleans(),
)
def test_should_find_what_does_not_count_without_changing_other_scores(
    documents: list[tuple[list[str], bool]], query: dict[str, float], compacted: bool
) -> None:
    every, open_ = WordIndex(), WordIndex()
    for number, (terms, counted) in enumerate(documents):
        every.put(number, terms, counted=counted)
        if counted:
            open_.put(number, terms)
    if compacted:
        every.compact()
    found, alone = scores(every, query), scores(open_, query)
    assert {number: found[number] for number in alone} == alone
    for number, (terms, counted) in enumerate(documents):
        if not counted:
            assert (found[number] > 0) == bool(set(terms) & query.keys())
    for term in query:
        assert every.rarity(term) == open_.rarity(term)
    assert every.full_score(query) == open_.full_score(query)


def many(index: WordIndex, documents: Iterable[int]) -> None:
    for document in documents:
        index.put(document, [f"term{document % 7}", "every", f"only{document}"])


@pytest.mark.slow
def test_should_compact_without_changing_an_answer() -> None:
    settled, never = WordIndex(), WordIndex()
    for index in (settled, never):
        many(index, range(3000))
        for document in range(0, 3000, 3):
            index.remove(document)
        many(index, range(0, 2400, 2))
    settled.settle()
    assert len(settled.ids) == len(settled) < len(never.ids)
    for query in ({"every": 1.0}, {"term3": 2.0, "only1601": 1.0}, {"only600": 1.0}):
        assert scores(settled, query) == scores(never, query)


def test_should_count_the_documents_that_have_a_term(tmp_path: Path) -> None:
    index = WordIndex()
    index.put(1, ["ward", "ward"])
    index.put(2, ["ward", "secret"], counted=False)
    assert index.holders("ward") == (1, 2)
    assert index.holders("secret") == (0, 1)
    assert index.holders("dashboard") == (0, 0)
    for each in (index, reloaded(index, tmp_path / "words")):
        assert each.holders("ward") == (1, 2)
        each.put(1, ["dashboard"])
        assert each.holders("ward") == (0, 1)
        each.remove(2)
        assert each.holders("ward") == each.holders("secret") == (0, 0)


@settings(max_examples=20)
@given(st.integers(65_530, 65_545))
def test_should_cap_the_frequency_of_a_term_at_what_can_be_stored(count: int) -> None:
    index = WordIndex()
    index.put(1, ["spam"] * count)
    index.put(2, ["other"])
    before = scores(index, {"spam": 1.0})
    index.compact()
    assert scores(index, {"spam": 1.0}) == before


def test_should_answer_nothing_from_an_empty_index(tmp_path: Path) -> None:
    index = reloaded(WordIndex(), tmp_path / "words")
    for each in (index, WordIndex()):
        assert len(each) == 0
        assert each.search({"word": 1.0}).tolist() == []
        assert each.slots(np.array([1])).tolist() == []
        assert each.full_score({}) == 0
        each.compact()
        each.remove(1)


def crowd(random: np.random.Generator, first: int, count: int, *, secret: bool) -> WordIndex:
    """Documents of some common words and a few rare ones, and secrets among them if wanted."""
    index = WordIndex()
    documents = [
        (
            first + number,
            [*random.choice(list("abcdefgh"), 12), f"rare{number % 40}", f"theme{number % 7}"],
            True,
        )
        for number in range(count)
    ]
    if secret:
        documents += [(5_000 + number, ["rare3", "a", "hush"], False) for number in range(90)]
    index.put_all(documents)
    return index


QUERY = {"a": 1.0, "rare3": 1.0, "b": 1.0, "theme4": 1.0, "hush": 1.0, "c": 2.0}


def best(index: WordIndex, count: int) -> list[int]:
    searched = index.alive & index.counted
    slots = index.best(QUERY, count, searched)
    return sorted(index.ids[slots].tolist())


@pytest.mark.parametrize("group", [1, 2, 128, 10_000])
def test_should_return_the_best_of_the_whole_search(
    group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similarity.index.bm25.GROUP", group)
    index = crowd(np.random.default_rng(1), 1, 600, secret=True)
    scores = index.search(QUERY)
    for count in (1, 10, 200):
        slots = np.flatnonzero(index.counted & (scores > 0))
        expected = sorted(slots, key=lambda slot: (-scores[slot], index.ids[slot]))[:count]
        assert best(index, count) == sorted(index.ids[expected].tolist())


def test_should_score_single_slots_exactly_as_the_whole_search_does() -> None:
    index = crowd(np.random.default_rng(2), 1, 600, secret=True)
    for number in range(1, 600, 5):
        index.remove(number)
    index.put(7, ["a", "a", "rare3"])
    scores = index.search(QUERY)
    slots = np.flatnonzero(index.alive)[::3]
    assert (index.scores(QUERY, slots) == scores[slots]).all()
    assert not index.scores(QUERY, slots[:0]).size
    assert not index.scores({}, slots).any()


def test_should_score_by_common_terms_what_rare_terms_find(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = crowd(np.random.default_rng(3), 1, 600, secret=False)
    whole = best(index, 5)
    # The common words have some 400 postings each, the rare ones 15 and 86.
    monkeypatch.setattr("similarity.index.bm25.POSTINGS", 150)
    assert best(index, 5) == whole
    every = best(index, 600)
    asked = {"rare3", "theme4"}
    assert len(every) == sum(bool(index.gain(each, asked)) for each in range(1, 601)) == 99
    # The rarest word is never too common.
    monkeypatch.setattr("similarity.index.bm25.POSTINGS", 1)
    assert len(best(index, 600)) == 15


@pytest.mark.parametrize("postings", [1, 20, 150, 500, 10_000])
def test_should_not_change_the_best_by_confidential_documents(
    postings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similarity.index.bm25.POSTINGS", postings)
    without = crowd(np.random.default_rng(4), 1, 600, secret=False)
    with_ = crowd(np.random.default_rng(4), 1, 600, secret=True)
    for count in (3, 50):
        assert best(without, count) == best(with_, count)
