"""How far the documents of a collection say what a text says: in meaning and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from similarity.index.collection import NONE, POOL, Candidates, Collection, Query, Scope
from similarity.index.language import language_of, stems
from similarity.index.vectors import Ids, Vectors
from similarity.scoring import Facets, Weights

# A short question's vector leans this far towards the documents that answer it best (Rocchio,
# "Relevance feedback in information retrieval", 1971, without anybody's feedback).
LEAN = 0.5
LEAN_ON = 5
# Questions of more words than this are clear enough.
SHORT = 32


@dataclass(frozen=True)
class TextQuery:
    """A text that is looked for, read for one collection."""

    query: Query
    language: str
    weights: Weights
    # Whether the question is so short that its vector may lean.
    leans: bool


@dataclass(frozen=True)
class Matches:
    """Documents with both values for text, each from 0 to 1; the lists run in parallel."""

    ids: list[int]
    meaning: list[float]
    words: list[float]
    passages: list[int]


def ask(
    collection: Collection,
    text: str,
    vector: Vectors | None,
    weights: Weights,
    model_languages: frozenset[str],
    language: str | None = None,
) -> TextQuery:
    """What to look for in a collection, for a text and its raw vector (dimension,)."""
    if vector is not None:
        vector = collection.centred(vector)
    language = language or language_of(text, collection.languages())
    knows = not model_languages or language in model_languages
    return TextQuery(
        query=collection.query(stems(text, language), vector),
        language=language,
        weights=weights if knows else weights.for_words(),
        leans=knows and vector is not None and len(text.split()) <= SHORT,
    )


def match(
    collection: Collection,
    asked: TextQuery,
    *,
    hidden: Ids = NONE,
    allowed: Ids | None = None,
    sharing: Facets | None = None,
    pool: int = POOL,
) -> Matches:
    """The documents nearest to what is asked, by meaning and by words.

    Meaning is the mean cosine, no less than 0. Words is the BM25 as a share of a full match,
    or of the best match where that is more.
    """
    scopes = [Scope(allowed, pool)]
    return match_each(collection, asked, scopes, hidden=hidden, sharing=sharing)[0]


def match_each(
    collection: Collection,
    asked: TextQuery,
    scopes: Sequence[Scope],
    *,
    hidden: Ids = NONE,
    sharing: Facets | None = None,
) -> list[Matches]:
    """The same for several scopes, each as it is on its own."""
    candidates = collection.candidates_of_each(asked.query, scopes, hidden=hidden, sharing=sharing)
    return [_matches(asked, found) for found in candidates]


def _matches(asked: TextQuery, found: Candidates) -> Matches:
    query = asked.query
    words = found.words / max(query.full, float(found.words.max(initial=0)), 1e-9)
    nearness = found.nearness
    if asked.leans and query.vector is not None and len(found.ids):
        first = asked.weights.meaning * np.clip(nearness, 0, 1) + asked.weights.words * words
        best = found.wholes[np.lexsort((found.ids, -first))[:LEAN_ON]]
        leaning = _unit((1 - LEAN) * query.vector + LEAN * _unit(best.mean(axis=0)))
        nearness = nearness + found.wholes @ (leaning - query.vector)
    return Matches(
        ids=found.ids.tolist(),
        meaning=np.clip(nearness, 0, 1).tolist(),
        words=words.tolist(),
        passages=found.passages.tolist(),
    )


def text_scores(matches: Matches, weights: Weights) -> list[float]:
    """One score from both values: what text alone says."""
    return [
        weights.meaning * meaning + weights.words * words
        for meaning, words in zip(matches.meaning, matches.words, strict=True)
    ]


def best(matches: Matches, scores: Sequence[float], limit: int) -> list[int]:
    """The rows of the best scores, best first; the id orders equal ones."""
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], matches.ids[row]))
    return order[:limit]


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
