"""The vector index: the only user of faiss."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


class VectorIndex:
    """Unit vectors by id, searched exactly.

    Inner product is cosine similarity on unit vectors. A flat scan of 100,000 vectors takes
    some 15 ms, adds and removes at once, and misses nothing.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        # The stubs describe the C++ layer, not the functions for numpy arrays around it.
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def ids(self) -> Ids:
        """The ids that are held, in no particular order."""
        return np.array(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors of shape (n, dimension) under ids that are not held yet."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, ids: Ids) -> None:
        """Forget these ids; those that are not held are passed over."""
        if len(ids):
            self._index.remove_ids(ids)

    def search(
        self, queries: Vectors, count: int, allowed: Ids | None = None
    ) -> tuple[Ids, Vectors]:
        """The nearest `count` ids for each of the queries (n, dimension), with their cosines.

        Both results have shape (n, count); where there are fewer, ids are -1. With `allowed`
        only those ids are searched: the restriction comes before the search.
        """
        count = min(count, len(self) if allowed is None else len(allowed))
        if count == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        parameters = None
        if allowed is not None:
            bits = np.zeros(int(allowed.max()) + 1, dtype=bool)
            bits[allowed] = True
            bitmap: Any = np.packbits(bits, bitorder="little")
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bitmap))  # type: ignore[call-arg]
        scores, ids = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), count, params=parameters
        )
        return ids, scores

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of ids that are held, shape (n, dimension)."""
        if not len(ids):
            return np.empty((0, self.dimension), np.float32)
        return self._index.reconstruct_batch(ids)

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Read an index that `save` wrote. Damage is not always noticed: check a sum first."""
        index = cls.__new__(cls)
        index._index = faiss.read_index(str(path))
        index.dimension = index._index.d
        return index
