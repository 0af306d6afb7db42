"""Texts in several languages: each is centred by its own mean, and meaning counts between them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from similarity.index.collection import Collection
from similarity.index.documents import PieceRole
from similarity.index.stored import Entry
from similarity.retrieval import Matches, ask, match, text_scores
from similarity.scoring import Weights

EVERY_LANGUAGE: frozenset[str] = frozenset()
DIMENSION = 16


def unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def entry(number: int, language: str, terms: list[str], vector: NDArray[np.float32]) -> Entry:
    return Entry(number, language, terms, [PieceRole.WHOLE], vector[None, :])


@pytest.fixture
def means() -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(4)
    return {code: np.asarray(random.normal(0, 0.2, DIMENSION), np.float32) for code in ("", "pl")}


def meaning_of(matches: Matches, number: int) -> float:
    return matches.meaning[matches.ids.index(number)]


def test_should_not_depend_on_what_else_there_is(means: dict[str, NDArray[np.float32]]) -> None:
    random = np.random.default_rng(5)
    vectors = [unit(random.normal(size=DIMENSION)) for _ in range(1005)]
    few, many = (Collection(means[""], means, (0.1, 0.7)) for _ in range(2))
    first = [entry(number, "en", ["portal"], vectors[number]) for number in range(5)]
    few.put(first)
    many.put([*first, *(entry(n, "pl", ["zupa"], vectors[n]) for n in range(5, 1005))])
    for vector in vectors[:20]:
        text = "portal " * 40
        alone = match(few, ask(few, text, vector, Weights(), EVERY_LANGUAGE))
        among = match(many, ask(many, text, vector, Weights(), EVERY_LANGUAGE))
        assert {number: meaning_of(among, number) for number in alone.ids} == pytest.approx(
            {number: meaning_of(alone, number) for number in alone.ids}, abs=1e-6
        )


def test_should_centre_each_text_by_the_mean_of_its_language(
    means: dict[str, NDArray[np.float32]],
) -> None:
    content = np.random.default_rng(6).normal(size=DIMENSION)
    content /= np.linalg.norm(content)
    collection = Collection(means[""], means)
    # The same content, said in two languages, which the model moves by their means.
    collection.put(
        [
            entry(1, "en", ["portal"], np.asarray(content + means[""], np.float32)),
            entry(2, "pl", ["portal"], np.asarray(content + means["pl"], np.float32)),
        ]
    )
    asked = np.asarray(content + means["pl"], np.float32)
    query = ask(collection, "portal " * 40, asked, Weights(), EVERY_LANGUAGE, "pl")
    found = match(collection, query)
    assert meaning_of(found, 1) == pytest.approx(1, abs=1e-5)
    assert meaning_of(found, 2) == pytest.approx(1, abs=1e-5)


def test_should_let_meaning_count_for_words_between_languages(
    means: dict[str, NDArray[np.float32]],
) -> None:
    same = unit(np.random.default_rng(7).normal(size=DIMENSION))
    collection = Collection(means[""])
    collection.put([entry(1, "en", ["warehous"], same), entry(2, "pl", ["hurtown"], same)])
    query = ask(collection, "hurtownie " * 40, same, Weights(), EVERY_LANGUAGE, "pl")
    found = match(collection, query)
    assert dict(zip(found.ids, found.foreign, strict=True)) == {1: True, 2: False}
    scores = dict(zip(found.ids, text_scores(found, Weights()), strict=True))
    # Nothing is lost because the words are those of another language.
    assert scores[1] >= scores[2]
    # A model that does not know the language compares nothing.
    only = match(collection, ask(collection, "hurtownie", same, Weights(), frozenset({"en"}), "pl"))
    assert 1 not in only.ids or meaning_of(only, 1) == 0
    assert not any(only.foreign)
