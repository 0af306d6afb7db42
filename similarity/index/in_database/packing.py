"""What columns of rows have in them: terms, facets, and vectors as PostgreSQL receives them."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from similarity.index.vectors import Vectors
from similarity.scoring import Facets

# A longer term, as of pasted material, would not fit into the index of terms.
LONGEST = 200
# How often a term may occur in a document, as it is counted.
MOST = 32_767
_PAIR = np.dtype([("number", "<i4"), ("count", "<u2")])
# How many bytes a term takes in a column.
TERM_SIZE = _PAIR.itemsize
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
    def stored(cls, *columns: bytes) -> "Terms":
        """The terms in columns, one after the other."""
        pairs = np.frombuffer(b"".join(columns), _PAIR)
        return cls(np.ascontiguousarray(pairs["number"]), np.ascontiguousarray(pairs["count"]))

    def packed(self) -> bytes:
        """The terms as a column."""
        pairs = np.empty(len(self.numbers), _PAIR)
        pairs["number"], pairs["count"] = self
        return pairs.tobytes()


class FacetColumns(NamedTuple):
    """The facets of a deal in the columns of its row."""

    industry: str | None = None
    headcount: int | None = None
    country: str | None = None
    region: str | None = None
    # The ordinal of the day; None where it is not closed.
    closed: int | None = None
    # The codes of what deals share, ascending.
    shared: tuple[int, ...] = ()

    @classmethod
    def of(cls, facets: Facets) -> "FacetColumns":
        """The columns of these facets."""
        return cls(
            facets.industry,
            facets.headcount,
            facets.country,
            facets.region,
            facets.closed.toordinal() if facets.closed else None,
            tuple(sorted({code for group in shared_codes(facets) for code in group})),
        )


def shared_codes(facets: Facets) -> list[dict[int, str]]:
    """What is known of a deal's products, competitors, own choices and industry: by its code each
    of them. Two that have one code by chance only make a candidate more."""
    industry = [facets.industry] if facets.industry else []
    groups = {
        "product": facets.products,
        "competitor": facets.competitors,
        "own": facets.own,
        "industry": industry,
    }
    return [{_code(kind, name): name for name in names} for kind, names in groups.items()]


@lru_cache(maxsize=10_000)
def _code(kind: str, name: str) -> int:
    digest = hashlib.blake2b(f"{kind} {name}".encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, signed=True)


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
