"""The vector index and collections against brute force in numpy."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from similarity.index.centring import mean_of
from similarity.index.collection import Collection
from similarity.index.documents import PieceRole
from similarity.index.facets import Facts
from similarity.index.nearness import ROLE_SHARE
from similarity.index.queries import Candidates
from similarity.index.searchable import NONE, QUERY_TERMS
from similarity.index.stored import Entry
from similarity.index.vectors import Ids, Mask, VectorIndex, Vectors
from similarity.scoring import Facets

DIMENSION = 6


def units(random: np.random.Generator, count: int) -> Vectors:
    rows = random.normal(size=(count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def mask(allowed: Ids | None) -> Mask | None:
    """Ids as the vector index takes them."""
    if allowed is None:
        return None
    bits = np.zeros(int(allowed.max(initial=0)) + 1, bool)
    bits[allowed] = True
    return bits


def ids(*given: int) -> Ids:
    return np.array(given, np.int64)


class TestVectorIndex:
    def test_should_find_what_brute_force_finds(self) -> None:
        random = np.random.default_rng(1)
        index, held = VectorIndex(DIMENSION), dict[int, Vectors]()
        for number in range(0, 400, 3):
            held[number] = units(random, 1)[0]
        numbers = np.array(list(held), np.int64)
        index.add(numbers, np.stack(list(held.values())))
        gone = numbers[::4]
        index.remove(np.concatenate([gone, [9_999]]))
        for each in gone.tolist():
            del held[each]
        assert len(index) == len(held)
        for allowed in (None, np.array(sorted(held)[::5], np.int64), np.empty(0, np.int64)):
            for query in units(random, 20):
                searched = held if allowed is None else allowed.tolist()
                cosine = {each: float(held[each] @ query) for each in searched}
                expected = sorted(cosine, key=lambda each: -cosine[each])[:15]
                found, cosines = index.search(query[None, :], 15, mask(allowed))
                assert found[0].tolist() == expected
                assert cosines[0] == pytest.approx([cosine[each] for each in expected], abs=1e-5)

    def test_should_return_vectors_as_they_were_added(self, tmp_path: Path) -> None:
        rows = units(np.random.default_rng(2), 5)
        index = VectorIndex(DIMENSION)
        index.add(ids(5, 3, 9, 1, 7), rows)
        index.save(tmp_path / "vectors")
        loaded = VectorIndex.load(tmp_path / "vectors")
        for each in (index, loaded):
            assert (each.vectors(ids(9, 5)) == rows[[2, 0]]).all()
            assert each.vectors(NONE).shape == (0, DIMENSION)
            assert each.dimension == DIMENSION

    def test_should_find_nothing_in_an_empty_index(self) -> None:
        index = VectorIndex(DIMENSION)
        found, cosines = index.search(units(np.random.default_rng(3), 2), 5)
        assert found.shape == cosines.shape == (2, 0)
        index.add(NONE, np.empty((0, DIMENSION), np.float32))
        index.remove(NONE)
        assert len(index) == 0


SHARED = Facets(products=frozenset({"Atlas"}))


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors are put into lists early, and few allowed ones are looked at one by one."""
    monkeypatch.setattr("similarity.index.vectors.LISTS_FROM", 400)
    monkeypatch.setattr("similarity.index.vectors.EXACT", 100)


@pytest.mark.usefixtures("lists")
class TestLists:
    def clustered(self, count: int) -> Vectors:
        random = np.random.default_rng(21)
        centres = units(random, 20)
        rows = centres[random.integers(20, size=count)] + 0.3 * units(random, count)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def filled(self, count: int = 2000) -> tuple[VectorIndex, Vectors]:
        rows = self.clustered(count)
        index = VectorIndex(DIMENSION)
        every = np.arange(count, dtype=np.int64)
        index.add(every, rows)
        assert index.needs_lists(count)
        index.make_lists(count, rows[::3], every)
        assert not index.needs_lists(count)
        return index, rows

    def recall(self, index: VectorIndex, rows: Vectors, held: Ids, allowed: Ids | None) -> float:
        searched = held if allowed is None else allowed
        hits = 0
        for query in rows[:40]:
            nearest = searched[np.argsort(-(rows[searched] @ query), kind="stable")[:10]]
            found, cosines = index.search(query[None, :], 10, mask(allowed))
            assert (np.diff(cosines[0]) <= 0).all()
            assert np.isin(found[0], searched).all()
            hits += len(set(found[0].tolist()) & set(nearest.tolist()))
        return hits / 400

    def test_should_find_nearly_all_of_the_nearest(self) -> None:
        index, rows = self.filled()
        held = np.arange(2000)
        assert self.recall(index, rows, held, None) > 0.95
        # Half of them, still by lists; and so few that every one is looked at.
        assert self.recall(index, rows, held, held[::2]) > 0.95
        assert self.recall(index, rows, held, held[::25]) > 0.99

    def test_should_find_all_of_few_that_are_allowed(self) -> None:
        index, rows = self.filled()
        allowed = ids(3, 700, 1400, 1999)
        for query in rows[:20]:
            found, _ = index.search(query[None, :], 10, mask(allowed))
            assert set(found[0].tolist()) == {3, 700, 1400, 1999}

    def test_should_add_remove_and_save_vectors(self, tmp_path: Path) -> None:
        index, rows = self.filled()
        gone = np.arange(0, 2000, 3)
        index.remove(np.append(gone, 9_999))
        index.remove(gone)
        new = np.arange(5000, 5100)
        rows = np.concatenate([rows, np.zeros((3000, DIMENSION)), self.clustered(100)])
        index.add(new, rows[new])
        held = np.append(np.setdiff1d(np.arange(2000), gone), new)
        index.save(tmp_path / "lists")
        for each in (index, VectorIndex.load(tmp_path / "lists")):
            assert len(each) == len(held)
            assert self.recall(each, rows, held, None) > 0.95
            assert each.vectors(held) == pytest.approx(rows[held], abs=1e-3)
            assert not each.needs_lists(len(held))
            assert each.needs_lists(8 * 2000)

    def test_should_make_lists_only_from_documents_that_count(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever secrets there are, and in whatever order things came, the same is found."""
        # Where one list is searched, lists with other centres find other documents.
        monkeypatch.setattr("similarity.index.vectors.PROBES", 1)
        random = np.random.default_rng(23)
        known = [entry(number, random, [], 1) for number in range(1, 300)]
        secret = [entry(number, random, [], 2, counted=False) for number in range(300, 600)]
        without, with_, exact = Collection(), Collection(), Collection()
        exact.put(known)
        without.put(known)
        with_.put([*secret[:150], *reversed(known), *secret[150:]])
        without.settle()
        with_.settle()
        missed = 0
        for vector in units(random, 20):
            one = without.candidates(without.query([], vector), pool=20)
            other = with_.candidates(with_.query([], vector), pool=20, hidden=np.arange(300, 600))
            assert values(one) == values(other)
            all_ = exact.candidates(exact.query([], vector), pool=20)
            missed += len(set(all_.ids.tolist()) - set(one.ids.tolist()))
        assert missed


def entry(
    number: int,
    random: np.random.Generator,
    terms: list[str],
    passages: int,
    *,
    counted: bool = True,
) -> Entry:
    """A document of a whole, a title and so many passages; of -1, without vectors. Every third
    is about the product that `SHARED` names."""
    parts = (
        [PieceRole.WHOLE, PieceRole.TITLE, *[PieceRole.PASSAGE] * passages] if passages >= 0 else []
    )
    facts = Facts(Facets() if number % 3 else SHARED, "open", None, None)
    return Entry(number, "en", terms, parts, units(random, len(parts)), counted, facts)


def nearness(held: Entry, vector: Vectors, mean: Vectors | None) -> float:
    moved = held.vectors - (0 if mean is None else mean)
    cosines = (moved / np.linalg.norm(moved, axis=1, keepdims=True)) @ vector
    total = 0.0
    for part, share in ROLE_SHARE.items():
        own = [cosine for cosine, of in zip(cosines, held.roles, strict=True) if of is part]
        total += share * max(own or [cosines[0]])
    return total


def best_part(held: Entry, vector: Vectors, mean: Vectors | None) -> float:
    moved = held.vectors - (0 if mean is None else mean)
    return float(((moved / np.linalg.norm(moved, axis=1, keepdims=True)) @ vector).max())


def values(found: Candidates) -> dict[int, tuple[float, float, int]]:
    rows = zip(found.ids, found.nearness, found.words, found.passages, strict=True)
    return {int(a): (float(b), float(c), int(d)) for a, b, c, d in rows}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "remove", "compact", "save"]),
        st.lists(st.integers(1, 15), min_size=1, max_size=5, unique=True),
        st.integers(-1, 4),
        st.booleans(),
    ),
    max_size=15,
)


@settings(max_examples=60)
@given(
    steps=STEPS,
    seed=st.integers(0, 1000),
    pool=st.sampled_from([1, 2, 4, 50]),
    centred=st.booleans(),
    allowed=st.none() | st.sets(st.integers(1, 17)),
    hidden=st.sets(st.integers(1, 17), max_size=4),
    sharing=st.booleans(),
)
def test_should_find_the_candidates_of_brute_force(
    steps: list[tuple[str, list[int], int, bool]],
    seed: int,
    pool: int,
    centred: bool,
    allowed: set[int] | None,
    hidden: set[int],
    sharing: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    random = np.random.default_rng(seed)
    mean = units(random, 1)[0] / 3 if centred else None
    collection, held = Collection(mean), dict[int, Entry]()
    for step, numbers, passages, counted in steps:
        if step == "put":
            # Lengths that differ keep scores apart, so that no pool is cut between equals.
            entries = [
                entry(each, random, ["w"] * (each % 3) + ["x"] * each, passages, counted=counted)
                for each in numbers
            ]
            collection.put(entries)
            held.update((each.id, each) for each in entries)
        elif step == "remove":
            collection.remove(numbers)
            for each in numbers:
                held.pop(each, None)
        elif step == "compact":
            collection.words.compact()
        else:
            folder = tmp_path_factory.getbasetemp()
            collection = Collection.load(collection.save(folder, "collection"))
    assert len(collection) == len(held)
    vector = collection.centred(units(random, 1)[0])
    query = collection.query(["w", "x"], vector)
    found = values(
        collection.candidates(
            query,
            hidden=ids(*hidden),
            allowed=None if allowed is None else ids(*allowed),
            sharing=SHARED if sharing else None,
            pool=pool,
        )
    )
    searched = {
        each for each in held if each not in hidden and (allowed is None or each in allowed)
    }
    by_slot = collection.words.search(query.terms)
    slots = {int(each): row for row, each in enumerate(collection.words.ids)}
    words = {each: float(by_slot[slots[each]]) for each in searched}
    near = {each: best_part(held[each], vector, mean) for each in searched if held[each].roles}
    by_words = sorted((e for e in words if words[e] > 0), key=lambda e: (-words[e], e))[:pool]
    by_vectors = sorted(near, key=lambda each: -near[each])[:pool]
    also = {each for each in searched if sharing and each % 3 == 0}
    assert found.keys() == {*by_words, *by_vectors, *also}
    assert list(found) == sorted(found)
    for each, (near_, word, passage) in found.items():
        assert word == words[each]
        if not held[each].roles:
            assert (near_, passage) == (0, -1)
            assert collection.whole(each) is None
            continue
        assert near_ == pytest.approx(nearness(held[each], vector, mean), abs=1e-5)
        only_whole = PieceRole.PASSAGE not in held[each].roles
        assert (passage == -1) == only_whole
        if not only_whole:
            own = collection.centred(held[each].vectors) @ vector
            assert own[2:][passage] == pytest.approx(own[2:].max(), abs=1e-6)
    asked = ids(*range(18)) if allowed is None else ids(*allowed)
    everything = collection.candidates(query, allowed=asked, pool=50)
    assert values(collection.agreeing(query, asked)) == values(everything)
    secret = {each for each in held if not held[each].counted}
    assert set(collection.confidential().tolist()) == secret
    assert sum(collection.languages().values()) == sum(each.counted for each in held.values())


@settings(max_examples=25)
@given(
    copies=st.integers(5, 40),
    pool=st.integers(1, 8),
    order=st.randoms(use_true_random=False),
)
def test_should_prefer_lower_ids_among_equal_documents(
    copies: int, pool: int, order: object
) -> None:
    """A cache that was kept up to date and one that was made anew choose the same ones."""
    random = np.random.default_rng(5)
    same = entry(0, random, ["same"], 3)
    other = entry(999, random, ["other"], 0)
    numbers = list(range(1, copies + 1))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    collection = Collection()
    collection.put([other])
    for number in numbers:
        collection.put([Entry(number, "en", same.terms, same.roles, same.vectors)])
    expected = set(range(1, min(pool, copies) + 1))
    words = collection.candidates(collection.query(["same"], None), pool=pool)
    assert set(words.ids.tolist()) == expected
    near = collection.candidates(collection.query([], same.vectors[0]), pool=pool)
    assert set(near.ids.tolist()) - {999} == expected


def test_should_not_let_many_passages_of_one_document_crowd_out_the_others() -> None:
    random = np.random.default_rng(6)
    vector = units(random, 1)[0]
    near = np.stack([vector] * 200)
    collection = Collection()
    collection.put([Entry(1, "en", [], [PieceRole.WHOLE, *[PieceRole.PASSAGE] * 199], near)])
    collection.put([entry(number, random, [], 0) for number in range(2, 12)])
    found = collection.candidates(collection.query([], vector), pool=8)
    assert len(found.ids) == 8
    assert 1 in found.ids


def test_should_find_nothing_in_an_empty_collection(tmp_path: Path) -> None:
    empty = Collection()
    loaded = Collection.load(empty.save(tmp_path, "empty"))
    for collection in (empty, loaded):
        query = collection.query(["word"], units(np.random.default_rng(0), 1)[0])
        found = collection.candidates(query, sharing=SHARED, hidden=ids(2), allowed=ids(3))
        assert found.ids.tolist() == []
        assert collection.whole(1) is None
        assert not collection.languages()
        collection.remove([1, 2])


def test_should_find_documents_without_vectors_by_words() -> None:
    random = np.random.default_rng(8)
    collection = Collection()
    collection.put([entry(1, random, ["ward"], -1), entry(2, random, ["bank"], -1)])
    found = collection.candidates(collection.query(["ward"], units(random, 1)[0]))
    assert values(found).keys() == {1}
    collection.put([entry(3, random, ["tram"], 2)])
    found = collection.candidates(collection.query(["ward"], units(random, 1)[0]))
    assert values(found).keys() == {1, 3}


def test_should_take_candidates_by_facets_only_where_they_may_be_found() -> None:
    random = np.random.default_rng(9)
    collection = Collection()
    collection.put([entry(number, random, ["ward"], 1) for number in range(1, 14)])
    nothing = collection.query([], None)
    for hidden, allowed, expected in (
        (ids(), None, [3, 6, 9, 12]),
        (ids(3), None, [6, 9, 12]),
        (ids(3), ids(1, 3, 6, 77), [6]),
    ):
        found = collection.candidates(nothing, hidden=hidden, allowed=allowed, sharing=SHARED)
        assert found.ids.tolist() == expected


def test_should_not_change_candidates_by_a_hidden_document() -> None:
    random = np.random.default_rng(10)
    known = [entry(number, random, ["ward", f"w{number}"], number % 3) for number in range(1, 30)]
    secret = [entry(number, random, ["ward", "secret"], 2, counted=False) for number in (50, 51)]
    without, with_ = Collection(), Collection()
    without.put(known)
    with_.put([*known[:10], *secret, *known[10:]])
    vector = units(random, 1)[0]
    # More words than are asked for at a time, of which one is only in what is hidden.
    long = ["secret", *[f"w{number}" for number in range(1, 30)], *[f"v{n}" for n in range(60)]]
    also = [entry(number, random, [f"v{number - 60}"], 0) for number in range(60, 120)]
    without.put(also)
    with_.put(also)
    for terms in (["ward"], ["ward", "secret"], long):
        one, other = without.query(terms, vector), with_.query(terms, vector)
        assert one.full == other.full
        for pool in (3, 300):
            a = without.candidates(one, pool=pool)
            b = with_.candidates(other, pool=pool, hidden=ids(50, 51))
            assert values(a) == values(b)


def test_should_query_a_long_text_by_terms_that_documents_still_have() -> None:
    random = np.random.default_rng(11)
    wanted = [f"w{number}" for number in range(QUERY_TERMS)]
    gone = [f"gone{number}" for number in range(QUERY_TERMS)]
    fresh, used = Collection(), Collection()
    used.put([entry(5, random, gone, 0)])
    used.put([entry(5, random, ["other"], 0), entry(1, random, wanted, 0)])
    fresh.put([entry(5, random, ["other"], 0), entry(1, random, wanted, 0)])
    assert used.query([*gone, *wanted], None) == fresh.query([*gone, *wanted], None)


def spread(vectors: Vectors) -> float:
    return float(np.mean(vectors @ vectors.T))


def test_should_centre_vectors_by_the_mean() -> None:
    random = np.random.default_rng(12)
    common = units(random, 1)[0]
    rows = units(random, 200) + 3 * common
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    mean = mean_of(rows.sum(axis=0), len(rows))
    collection = Collection(mean)
    centred = collection.centred(rows)
    assert np.linalg.norm(centred, axis=1) == pytest.approx(np.ones(200), abs=1e-5)
    assert spread(centred) < 0.5 < 0.8 < spread(rows)
    assert Collection().centred(rows[0]) == pytest.approx(rows[0], abs=1e-6)
    # What equals the mean has no direction left.
    assert np.isfinite(collection.centred(mean)).all()


def test_should_shrink_the_mean_of_few() -> None:
    one = units(np.random.default_rng(13), 1)[0]
    assert np.linalg.norm(mean_of(one, 1)) < 0.05
    assert np.linalg.norm(mean_of(one * 5000, 5000)) > 0.95


def test_should_query_a_long_text_by_its_most_telling_terms() -> None:
    random = np.random.default_rng(14)
    collection = Collection()
    rare = [f"rare{number}" for number in range(10)]
    often = [f"often{number}" for number in range(100)]
    collection.put([entry(1, random, [*rare, *often], 0)])
    collection.put([entry(number, random, often, 0) for number in range(2, 20)])
    query = collection.query([*often, *rare, "unknown"], None)
    assert len(query.terms) == QUERY_TERMS
    assert set(rare) <= query.terms.keys()
    assert "unknown" not in query.terms
    assert query.full > 0
    assert math.isfinite(query.full)
    assert collection.languages() == Counter({"en": 19})
