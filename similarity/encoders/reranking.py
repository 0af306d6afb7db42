"""Reading again: what a cross-encoder makes of the best results, as one more term of the score.

A vector says what a text is about before anybody asks. A cross-encoder reads a text together
with the question, which takes far longer, so only the first results are read again. Its term
is never negative: whoever is read cannot fall behind those who are not.
"""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from similarity.encoders.embeddings import ModelUnavailable
from similarity.scoring import Term, Weights

log = logging.getLogger(__name__)

# How many of the first results are read again.
READ = 30
# What a reading weighs, as a share of what all that a text says weighs without it.
SHARE = 0.5


class Reader(Protocol):
    """What the ranking needs of a cross-encoder; `Reranker` is the real one."""

    name: str

    def read(self, question: str, texts: list[str]) -> list[float]: ...


def readings(
    reader: Reader | None, question: str, texts: Sequence[str], weights: Weights
) -> list[Term]:
    """A term for each text; none where there is no model, or where it cannot be used."""
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
