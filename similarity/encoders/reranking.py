"""Reranking: the optional term that a cross-encoder adds to the scores of the best results.

Vectors are computed before anybody asks. A cross-encoder reads a text together with the question,
which takes far longer, so it reads only the first results. Its term is never negative, so that no
result falls behind one that was not read.
"""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from similarity.encoders.embeddings import ModelUnavailable
from similarity.scoring import Term, Weights

log = logging.getLogger(__name__)

# How many of the first results a cross-encoder reads.
READ = 30
# The weight of its term, as a share of the weights of meaning and words together.
SHARE = 0.5


class Reader(Protocol):
    """What the ranking needs of a cross-encoder; `Reranker` is the real one."""

    name: str

    def read(self, question: str, texts: list[str]) -> list[float]: ...


def readings(
    reader: Reader | None, question: str, texts: Sequence[str], weights: Weights
) -> list[Term]:
    """A term for each text; no terms without a usable model."""
    if reader is None or not texts or not question.strip():
        return []
    try:
        values = reader.read(question, list(texts))
    except ModelUnavailable as problem:
        _warn_once(str(problem))
        return []
    weight = SHARE * (weights.meaning + weights.words)
    return [
        Term("reading", value, weight, f"read side by side: {value:.0%} alike") for value in values
    ]


@cache
def _warn_once(problem: str) -> None:
    log.warning("%s Results stay as they are ranked without it.", problem)
