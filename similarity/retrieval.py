"""Retrieval: how far the documents of a collection agree with a text, in meaning and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from similarity.index.collection import NONE, POOL, Candidates, Collection, Query, Scope
from similarity.index.language import language_of, stems
from similarity.index.vectors import Ids, Vectors
from similarity.scoring import Facets, Weights

# How far the vector of a short question moves towards its best LEAN_ON documents: pseudo-relevance
# feedback (Rocchio, "Relevance feedback in information retrieval", 1971).
LEAN = 0.5
LEAN_ON = 5
# Questions of more words than this do not lean.
SHORT = 32


@dataclass(frozen=True)
class TextQuery:
    """A text as a query for one collection."""

    query: Query
    language: str
    weights: Weights
    # Whether the question is short enough for its vector to lean.
    leans: bool


@dataclass(frozen=True)
class Matches:
    """Documents with both values of the text, each from 0 to 1; the lists run in parallel."""

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
    """The query for a text and its raw vector, shape (dimension,), in a collection."""
    if vector is not None:
        vector = collection.centred(vector)
    language = language or language_of(text, collection.languages())
    model_knows = not model_languages or language in model_languages
    return TextQuery(
        query=collection.query(stems(text, language), vector),
        language=language,
        weights=weights if model_knows else weights.for_words(),
        leans=model_knows and vector is not None and len(text.split()) <= SHORT,
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
    """The documents nearest to a query, by meaning and by words.

    Meaning is the mean cosine, at least 0. Words is the BM25 score as a share of a full match, or
    of the best match if that is greater.
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
    """The matches of several scopes, each the same as if it were searched alone."""
    candidates_of_each = collection.candidates_of_each(
        asked.query, scopes, hidden=hidden, sharing=sharing
    )
    return [_matches(asked, candidates) for candidates in candidates_of_each]


def _matches(asked: TextQuery, candidates: Candidates) -> Matches:
    query = asked.query
    words = candidates.words / max(query.full, float(candidates.words.max(initial=0)), 1e-9)
    nearness = candidates.nearness
    if asked.leans and query.vector is not None and len(candidates.ids):
        first = asked.weights.meaning * np.clip(nearness, 0, 1) + asked.weights.words * words
        best = candidates.wholes[np.lexsort((candidates.ids, -first))[:LEAN_ON]]
        leaning = _unit((1 - LEAN) * query.vector + LEAN * _unit(best.mean(axis=0)))
        nearness = nearness + candidates.wholes @ (leaning - query.vector)
    return Matches(
        ids=candidates.ids.tolist(),
        meaning=np.clip(nearness, 0, 1).tolist(),
        words=words.tolist(),
        passages=candidates.passages.tolist(),
    )


def text_scores(matches: Matches, weights: Weights) -> list[float]:
    """The scores by text alone."""
    return [
        weights.meaning * meaning + weights.words * words
        for meaning, words in zip(matches.meaning, matches.words, strict=True)
    ]


def best(matches: Matches, scores: Sequence[float], limit: int) -> list[int]:
    """The rows of the best scores, best first; ties go to the lower ids."""
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], matches.ids[row]))
    return order[:limit]


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
