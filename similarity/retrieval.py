"""Retrieval: how far the documents of a collection agree with a text, in meaning and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from similarity.index.language import certain_language, language_of, stems_asked_for
from similarity.index.queries import POOL, Candidates, Query, Scope
from similarity.index.searchable import NONE, Searchable
from similarity.index.vectors import Ids, Vectors
from similarity.scoring import LEAST_WORDS, Facets, Weights

# How far the vector and the words of a short question move towards its best LEAN_ON documents in
# its own language: pseudo-relevance feedback (Rocchio, "Relevance feedback in information
# retrieval", 1971).
LEAN = 0.5
LEAN_ON = 10
# A document counts 1/e as much as the best where it scores this share of the greatest score less:
# where one document stands out, there is little to learn from the others (Lavrenko & Croft,
# "Relevance-based language models", 2001).
LEAN_SPREAD = 0.08
# How many terms of the best documents are looked for besides those of the question.
LEAN_TERMS = 40
# Estimated scores that differ by less may be equal.
ROUNDING = 1e-9
# Questions of more words than this do not lean.
SHORT = 32


@dataclass(frozen=True)
class TextQuery:
    """A text as a query for one collection."""

    query: Query
    language: str
    weights: Weights
    # Whether the question is short enough to lean.
    leans: bool
    # A document that is asked about, such as a deal, leans by its vector alone.
    is_document: bool
    # The languages that the model knows; empty for all.
    model_languages: frozenset[str]
    # See `Searchable.scale`.
    scale: tuple[float, float] | None = None


@dataclass(frozen=True)
class Matches:
    """Documents with both values of the text, each from 0 to 1; the lists run in parallel."""

    ids: list[int]
    meaning: list[float]
    words: list[float]
    passages: list[int]
    # Whether the document is in another language than the question, and meaning can tell.
    foreign: list[bool]


def ask(
    collection: Searchable,
    text: str,
    vector: Vectors | None,
    weights: Weights,
    model_languages: frozenset[str],
    language: str | None = None,
    *,
    is_document: bool = False,
) -> TextQuery:
    """The query for a text and its raw vector, shape (dimension,), in a collection.

    `is_document` says that the text is a document itself, such as a deal, and no question.
    """
    if language is None:
        certain = certain_language(text)
        knows = certain and (not model_languages or certain in model_languages)
        # A model that knows the question's language compares it with documents in any other.
        language = (knows and certain) or language_of(text, collection.languages())
    if vector is not None:
        vector = collection.centred(vector, language)
    model_knows = not model_languages or language in model_languages
    return TextQuery(
        query=collection.query(stems_asked_for(text, language), vector),
        language=language,
        weights=weights if model_knows else weights.for_words(),
        leans=model_knows and vector is not None and len(text.split()) <= SHORT,
        is_document=is_document,
        model_languages=model_languages,
        scale=collection.scale,
    )


def match(
    collection: Searchable,
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
    collection: Searchable,
    asked: TextQuery,
    scopes: Sequence[Scope],
    *,
    hidden: Ids = NONE,
    sharing: Facets | None = None,
    besides: Ids = NONE,
) -> list[Matches]:
    """The matches of several scopes, each the same as if it were searched alone; the documents
    `besides` are among them where their scope has them."""
    candidates_of_each = collection.candidates_of_each(
        asked.query, scopes, hidden=hidden, sharing=sharing, besides=besides
    )
    return [_matches(collection, asked, candidates) for candidates in candidates_of_each]


def match_among(collection: Searchable, asked: TextQuery, ids: Ids) -> Matches:
    """These documents, as far as they agree with a query, by meaning and by words.

    The same as `match` with a pool for all of them, without a search.
    """
    return _matches(collection, asked, collection.agreeing(asked.query, ids))


def _matches(collection: Searchable, asked: TextQuery, candidates: Candidates) -> Matches:
    query = asked.query
    words = candidates.words / max(query.full, float(candidates.words.max(initial=0)), 1e-9)
    comparable = _comparable(asked, candidates)
    foreign = _foreign(asked, candidates) & comparable
    nearness = np.where(comparable, candidates.nearness, 0.0)
    alike = comparable & ~foreign
    if asked.leans and query.vector is not None and alike.any():
        weights = asked.weights
        first = weights.meaning * _scaled(nearness, asked) + weights.words * words
        order = np.lexsort((candidates.ids, -first))
        best = order[alike[order]][:LEAN_ON]
        shares = np.ones(len(best))
        if not asked.is_document:
            spread = LEAN_SPREAD * max(weights.meaning + weights.words, 1e-9)
            shares = np.exp((first[best] - first[best[0]]) / spread)
        shares /= shares.sum()
        usual = np.asarray(shares @ candidates.wholes.rows(best), np.float32)
        leaning = _unit((1 - LEAN) * query.vector + LEAN * _unit(usual))
        gain = candidates.wholes.along(leaning - query.vector)
        # What the best documents have in common is in part their language, and leaning towards it
        # leads away from the same said in another one: there the usual gain takes its place.
        gain = np.where(foreign, shares @ gain[best], gain)
        if asked.scale:
            # The best documents are near to their own mean, whatever the question was: what they
            # gain on average is no nearness to the question.
            gain -= shares @ gain[best]
        nearness += np.where(comparable, gain, 0.0)
        if not asked.is_document:
            words = _leaning(collection, candidates.ids, words, best, shares)
    return Matches(
        ids=candidates.ids.tolist(),
        meaning=_scaled(nearness, asked).tolist(),
        words=words.tolist(),
        passages=candidates.passages.tolist(),
        foreign=foreign.tolist(),
    )


def _leaning(
    collection: Searchable,
    ids: Ids,
    words: NDArray[np.floating],
    best: Ids,
    shares: NDArray[np.floating],
) -> NDArray[np.floating]:
    """The agreement in words with a question that leans towards its best documents.

    They are as near to it on average as before. Documents with less than LEAST_WORDS stay as they
    are, and no other sinks below that.
    """
    terms = collection.words.telling(ids[best], shares, LEAN_TERMS)
    having = words >= LEAST_WORDS
    scored = having.copy()
    scored[best] = True
    alike = np.zeros(len(ids), np.float32)
    alike[scored] = collection.word_scores(terms, ids[scored])
    usual = float(shares @ alike[best])
    if usual <= 0:
        return words
    nearest = float(shares @ words[best])
    leaning = words.copy()
    leaning[having] = np.clip(
        (1 - LEAN) * words[having] + LEAN * nearest / usual * alike[having], LEAST_WORDS, 1
    )
    return leaning


def _scaled(nearness: NDArray[np.floating], asked: TextQuery) -> NDArray[np.floating]:
    """Nearness as agreement in meaning, from 0 to 1."""
    none, full = asked.scale or (0.0, 1.0)
    return np.asarray(np.clip((nearness - none) / (full - none), 0, 1))


def _foreign(asked: TextQuery, candidates: Candidates) -> NDArray[np.bool_]:
    """Which documents are in another language than the question, and have a vector."""
    languages = candidates.languages
    other = (languages != asked.language) & (languages != "")
    return np.asarray(other & candidates.wholes.held, bool)


def _comparable(asked: TextQuery, candidates: Candidates) -> NDArray[np.bool_]:
    """Which documents the model can compare with the question.

    It sees hardly more in a text of a language that it does not know than that it is strange, and
    so is near to every other such text: only texts of one language are compared there.
    """
    known = asked.model_languages
    languages = candidates.languages
    alike = (languages == asked.language) | (languages == "")
    if not known:
        return np.ones(len(languages), bool)
    both_known = np.isin(languages, sorted(known)) & (asked.language in known)
    return np.asarray(alike | both_known, bool)


def text_scores(matches: Matches, weights: Weights) -> list[float]:
    """The scores by text alone."""
    across = weights.for_meaning()
    return [
        (across if foreign else weights).meaning * meaning
        + (across if foreign else weights).words * words
        for meaning, words, foreign in zip(
            matches.meaning, matches.words, matches.foreign, strict=True
        )
    ]


def best(matches: Matches, scores: Sequence[float], limit: int) -> list[int]:
    """The rows of the best scores, best first; ties go to the lower ids."""
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], matches.ids[row]))
    return order[:limit]


def best_first(estimate: NDArray[np.float64], count: int) -> Iterator[list[int]]:
    """The rows by descending estimate, at least `count` at a time. Rows whose estimates differ
    only by rounding come together."""
    order = np.argsort(-estimate)
    taken = 0
    while taken < len(order):
        last = estimate[order[min(taken + count, len(order)) - 1]]
        end = int(np.count_nonzero(estimate >= last - ROUNDING))
        yield order[taken:end].tolist()
        taken = end


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
