"""A short question leans towards the documents that answer it best, in words as in meaning."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from similarity.index.collection import Collection, Entry
from similarity.index.documents import PieceRole
from similarity.index.language import stems
from similarity.retrieval import Matches, ask, match
from similarity.scoring import LEAST_WORDS, Weights

ENGLISH = ("Why do turbines fail?", "turbine", "fatigue of rotor blades", "paint and varnish")
POLISH = ("Awarie turbin", "turbina", "zmęczenie łopat wirnika", "farba oraz lakier")
RUSSIAN = ("Аварии турбин", "турбина", "усталость лопаток ротора", "краска или лак")


def _vector(number: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(number).normal(size=32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _collection(language: str, said: dict[int, str]) -> Collection:
    collection = Collection(None, {}, (0.1, 0.7))
    collection.put(
        [
            Entry(number, language, stems(text, language), [PieceRole.WHOLE], _vector(number)[None])
            for number, text in said.items()
        ]
    )
    return collection


def _words(matches: Matches) -> dict[int, float]:
    return dict(zip(matches.ids, matches.words, strict=True))


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("pl", POLISH), ("ru", RUSSIAN)])
def test_should_prefer_what_speaks_like_the_best_answers(
    language: str, texts: tuple[str, ...]
) -> None:
    question, subject, alike, other = texts
    said = {1: f"{subject} {subject} {alike}", 2: f"{subject} {other}", 3: f"{subject} {alike}"}
    said |= {4: alike} | {number: f"{number} {number + 1} {other}" for number in range(5, 40)}
    collection = _collection(language, said)
    # The question is near to the first document.
    asked = ask(collection, question, _vector(1), Weights(), frozenset(), language)
    leaning = _words(match(collection, asked))
    assert leaning[3] > leaning[2]
    # What has no word of the question does not come to have some.
    assert leaning[4] < LEAST_WORDS
    assert max(leaning.values()) <= 1


def test_should_not_lean_in_words_for_a_document_that_is_asked_about() -> None:
    question, subject, alike, other = ENGLISH
    said = {1: f"{subject} {subject} {alike}", 2: f"{subject} {other}", 3: f"{subject} {alike}"}
    collection = _collection("en", said)
    asked = ask(collection, question, _vector(1), Weights(), frozenset(), "en", is_document=True)
    matches = match(collection, asked)
    alone = match(collection, ask(collection, question, None, Weights(), frozenset(), "en"))
    assert _words(matches) == _words(alone)


@pytest.mark.parametrize("is_document", [False, True])
def test_should_not_lean_away_from_texts_in_another_language(is_document: bool) -> None:
    question, subject, alike, other = ENGLISH
    said = {1: f"{subject} {subject} {alike}", 2: f"{subject} {other}", 3: f"{subject} {alike}"}
    collection = _collection("en", said)
    # As near to the question as the English texts are.
    asked_by = sum(_vector(number) for number in (1, 2, 3, 50, 51))
    polish = {50: POLISH[2], 51: POLISH[3]}
    collection.put(
        [
            Entry(number, "pl", stems(text, "pl"), [PieceRole.WHOLE], _vector(number)[None])
            for number, text in polish.items()
        ]
    )
    vector = np.asarray(asked_by / np.linalg.norm(asked_by), np.float32)
    asked = ask(collection, question, vector, Weights(), frozenset(), "en", is_document=is_document)
    leaning, alone = (
        dict(zip(found.ids, found.meaning, strict=True))
        for found in (match(collection, asked), match(collection, replace(asked, leans=False)))
    )
    assert min(alone.values()) > 0
    assert leaning[1] != pytest.approx(alone[1])
    assert [leaning[number] for number in polish] == pytest.approx([alone[n] for n in polish])


def test_should_say_the_same_terms_however_the_words_came_into_the_index() -> None:
    said = {number: f"word{number % 7} other{number % 5} same" for number in range(60)}
    forwards = _collection("en", said)
    backwards = _collection("en", dict(reversed(said.items())))
    backwards.words.compact()
    best, shares = np.array([3, 14, 15]), np.array([0.5, 0.3, 0.2])
    terms = forwards.words.telling(best, shares, 4)
    assert list(terms.items()) == list(backwards.words.telling(best, shares, 4).items())
