"""The vector index: the only user of faiss."""

import math
import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]

# From so many vectors on they are kept in lists, and only the nearest lists are searched.
LISTS_FROM = 100_000
# The centres are chosen anew when there are so many times as many vectors as they were made for.
LISTS_LAST = 8
# How many vectors for each centre they are chosen from.
SAMPLE = 40
# How many of the lists are searched.
PROBES = 24
# Up to so many allowed vectors every one is looked at.
EXACT = 50_000


class VectorIndex:
    """Unit vectors by id. Inner product is cosine similarity on unit vectors.

    Few are searched exactly: a flat scan of 100,000 vectors takes some 15 ms, adds and removes
    at once, and misses nothing. Many are kept in lists around centres, at half precision, and
    the lists whose centres are nearest are searched: what is far from all of them is missed.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        # The stubs describe the C++ layer, not the functions for numpy arrays around it.
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        # How many vectors the lists were made for; 0 where there are none.
        self._made_for = 0

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def is_exact(self) -> bool:
        """Whether a search looks at every vector, so that none that is allowed is missed."""
        return not self._made_for

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors of shape (n, dimension) under ids that are not held yet."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, ids: Ids) -> None:
        """Forget these ids; those that are not held are passed over."""
        if len(ids):
            # By an array of them only those are looked for, not every vector held.
            selector = faiss.IDSelectorArray if self._made_for else faiss.IDSelectorBatch
            self._index.remove_ids(selector(np.ascontiguousarray(ids)))

    def needs_lists(self, count: int) -> bool:
        """Whether `count` vectors are so many that they should be in other lists than they are."""
        return count >= LISTS_FROM and count >= LISTS_LAST * self._made_for

    def make_lists(self, count: int, sample: Vectors, held: Ids) -> None:
        """Put the vectors, whose ids are `held`, into lists for `count` of them.

        The centres are chosen from `sample`, vectors of shape (n, dimension), and nothing else.
        """
        lists = list_count(count)
        index: Any = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self.dimension),
            self.dimension,
            lists,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
            # The vectors themselves, not how they differ from their centres.
            False,
        )
        index.cp.spherical = True
        index.cp.min_points_per_centroid = 1
        index.cp.max_points_per_centroid = SAMPLE
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        index.train(np.ascontiguousarray(sample, dtype=np.float32))
        # Vectors are found by their ids, and removed one at a time.
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]
        for start in range(0, len(held), 65_536):
            part = held[start : start + 65_536]
            vectors = self.vectors(part)
            faiss.omp_set_num_threads(os.cpu_count() or 1)
            index.add_with_ids(vectors, part)
        self._index, self._made_for = index, count

    def search(
        self, queries: Vectors, count: int, allowed: Mask | None = None, among: int | None = None
    ) -> tuple[Ids, Vectors]:
        """The nearest `count` ids for each of the queries (n, dimension), with their cosines.

        Both results have shape (n, count); where fewer are found, ids are -1. With `allowed`, a
        mask on the ids, only those are searched: the restriction comes before the search, and
        the fewer they are of the `among` that may be known of, by default of all, the more
        lists are searched, in the end every one.
        """
        searched = len(self) if allowed is None else int(np.count_nonzero(allowed))
        count = min(count, searched)
        if count == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        selector = None
        if allowed is not None:
            bitmap: Any = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg]
        parameters: Any = None
        if self._made_for:
            probes = self._index.nlist
            if searched > EXACT:
                total = len(self) if among is None else among
                probes = min(probes, max(PROBES, PROBES * total // searched))
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probes)  # type: ignore[call-arg]
        elif selector is not None:
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        # One question has one core: threads that wait for each other slow all the others down.
        faiss.omp_set_num_threads(1)
        scores, ids = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), count, params=parameters
        )
        return ids, scores

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of ids that are held, shape (n, dimension)."""
        if not len(ids):
            return np.empty((0, self.dimension), np.float32)
        faiss.omp_set_num_threads(1)
        vectors: Vectors = self._index.reconstruct_batch(ids)
        return vectors

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> "VectorIndex":
        """Read an index that `save` wrote. Damage is not always noticed: check a sum first."""
        index = cls.__new__(cls)
        index._index = faiss.read_index(str(path))
        index.dimension = index._index.d
        index._made_for = round((getattr(index._index, "nlist", 0) / 2) ** 2)
        return index


def list_count(count: int) -> int:
    """How many lists suit so many vectors: twice their square root."""
    return max(1, round(2 * math.sqrt(count)))
