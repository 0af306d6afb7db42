"""What a search of a collection is given, and what it finds."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from similarity.index.facets import ResolvedFilter
from similarity.index.relevance import Scores
from similarity.index.vectors import Ids, Vectors

# How many of the nearest documents, by vectors and by words each, are candidates.
POOL = 300


@dataclass(frozen=True)
class Query:
    """What a search looks for."""

    # The centred unit vector, shape (dimension,); None where no model has read the text.
    vector: Vectors | None
    terms: dict[str, float]
    # The BM25 score of a full match.
    full: float


@dataclass(frozen=True)
class Scope:
    """Where a search looks, all documents, the allowed ones or the deals that match a filter, and
    for how many."""

    allowed: Ids | None = None
    pool: int = POOL
    filter: ResolvedFilter | None = None


class Wholes(Protocol):
    """The centred unit vectors of whole documents, by their places among candidates."""

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which documents have a vector."""

    def rows(self, places: Ids) -> Vectors:
        """The vectors in these places, shape (n, dimension); 0 where there is none."""

    def along(self, direction: Vectors) -> Scores:
        """The product of every vector with one of shape (dimension,)."""

    def at(self, places: Ids) -> "Wholes":
        """Those in these places alone."""


@dataclass(frozen=True)
class HeldWholes:
    """The vectors in memory, shape (n, dimension); 0 where there is none."""

    vectors: Vectors

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which documents have a vector."""
        return np.asarray(self.vectors.any(axis=1), bool)

    def rows(self, places: Ids) -> Vectors:
        """The vectors in these places."""
        return self.vectors[places]

    def along(self, direction: Vectors) -> Scores:
        """The product of every vector with one of shape (dimension,)."""
        return np.asarray(self.vectors @ direction, np.float32)

    def at(self, places: Ids) -> "HeldWholes":
        """Those in these places alone."""
        return HeldWholes(self.vectors[places])


@dataclass(frozen=True)
class Candidates:
    """Documents worth scoring, with their raw values; the arrays run in parallel."""

    ids: Ids
    # How near the meaning is: a mean of cosines; 0 where a document has no vector.
    nearness: Scores
    # The BM25 scores.
    words: Scores
    # The number, from 0, of the nearest passage; -1 where there is only the whole.
    passages: NDArray[np.int64]
    wholes: Wholes
    # The language of each document; empty where it is too rare to be believed.
    languages: NDArray[np.str_]

    def of(self, ids: Ids) -> "Candidates":
        """The candidates with these ids, which are ascending and all among the candidates."""
        if len(ids) == len(self.ids):
            return self
        at = np.searchsorted(self.ids, ids)
        return Candidates(
            ids,
            self.nearness[at],
            self.words[at],
            self.passages[at],
            self.wholes.at(at),
            self.languages[at],
        )
