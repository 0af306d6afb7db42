"""What columns of rows have in them: terms, facets, and vectors as PostgreSQL receives them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from similarity.index.vectors import Vectors
from similarity.scoring import Facets

# A longer term, as of pasted material, would not fit into the index of terms.
LONGEST = 200
# How often a term may occur in a document, as it is counted.
MOST = 32_767
# A vector of pgvector's begins with its dimension and a spare number, of two bytes each.
_HEADER = 2


def key_of(term: str) -> str:
    """What stands for a term in the vocabulary: itself, or a digest of a long one."""
    if len(term) <= LONGEST:
        return term
    return hashlib.sha256(term.encode("utf-8", "replace")).hexdigest()


class Terms(NamedTuple):
    """The numbers of a document's terms, and how often it has each."""

    numbers: NDArray[np.int32]
    counts: NDArray[np.uint16]

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> "Terms":
        """Terms by their numbers."""
        ordered = sorted(counts)
        return cls(
            np.array(ordered, np.int32),
            np.array([min(counts[number], MOST) for number in ordered], np.uint16),
        )

    @classmethod
    def stored(cls, column: bytes) -> "Terms":
        """The terms in a column."""
        size = len(column) // 6
        return cls(
            np.frombuffer(column, np.int32, size), np.frombuffer(column, np.uint16, size, 4 * size)
        )

    def packed(self) -> bytes:
        """The terms as a column."""
        return self.numbers.tobytes() + self.counts.tobytes()


def packed_facets(facets: Facets) -> str:
    """The facets of a deal as a column."""
    values = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in vars(facets).items()
        if value
    }
    return json.dumps(values, default=str, sort_keys=True)


def stored_facets(column: str) -> Facets:
    """The facets in a column."""
    values: dict[str, Any] = json.loads(column)
    for name in ("products", "competitors", "own"):
        values[name] = frozenset(values.get(name, ()))
    if "closed" in values:
        values["closed"] = date.fromisoformat(values["closed"])
    return Facets(**values)


def sent(vectors: Vectors) -> list[bytes]:
    """Vectors, shape (n, dimension), at half precision as PostgreSQL receives them."""
    rows = np.zeros((len(vectors), _HEADER + vectors.shape[1]), ">i2")
    rows[:, 0] = vectors.shape[1]
    rows[:, _HEADER:] = vectors.astype(">f2").view(">i2")
    return [row.tobytes() for row in rows]


def received(columns: list[bytes]) -> Vectors:
    """The vectors, of which there is one at least, that `sent` has made."""
    numbers = np.frombuffer(b"".join(columns), ">f2").reshape(len(columns), -1)
    return numbers[:, _HEADER:].astype(np.float32)
