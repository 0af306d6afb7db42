"""The vector index. No other module imports faiss."""

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

# From this many vectors on, they are kept in inverted lists, and only the nearest are searched.
LISTS_FROM = 100_000
# The centroids are recomputed once there are this many times as many vectors as they were made for.
LISTS_LAST = 8
# How many training vectors there are for each centroid.
SAMPLE = 40
# How many of the lists are searched when all vectors are allowed.
PROBES = 24
# With at most this many allowed vectors, all lists are searched.
EXACT = 50_000


class VectorIndex:
    """Unit vectors by id. The inner product of unit vectors is their cosine similarity.

    Few vectors are searched exactly: a flat scan of 100,000 takes some 15 ms and misses nothing.
    Many are kept in inverted lists around centroids, at half precision (faiss: IVF, SQfp16). The
    lists of the nearest centroids are searched, so that a near vector in another list is missed.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        # Any: the stubs describe the C++ functions, not those for numpy arrays.
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        # How many vectors the lists were made for; 0 without lists.
        self._made_for = 0

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def is_exact(self) -> bool:
        """Whether a search compares every allowed vector, and so misses none."""
        return not self._made_for

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors of shape (n, dimension) under new ids."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, ids: Ids) -> None:
        """Remove these ids; unknown ids are ignored."""
        if len(ids):
            # With lists, a selector of an array looks up only these ids instead of scanning all.
            selector = faiss.IDSelectorArray if self._made_for else faiss.IDSelectorBatch
            self._index.remove_ids(selector(np.ascontiguousarray(ids)))

    def needs_lists(self, count: int) -> bool:
        """Whether `count` vectors need lists, or more lists than there are."""
        return count >= LISTS_FROM and count >= LISTS_LAST * self._made_for

    def make_lists(self, count: int, sample: Vectors, ids: Ids) -> None:
        """Put all vectors, which have these ids, into lists that suit `count` vectors.

        The centroids are computed from `sample` alone, vectors of shape (n, dimension).
        """
        lists = list_count(count)
        index: Any = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self.dimension),
            self.dimension,
            lists,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
            # Quantises the vectors themselves, not their residuals.
            False,
        )
        index.cp.spherical = True
        index.cp.min_points_per_centroid = 1
        index.cp.max_points_per_centroid = SAMPLE
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        index.train(np.ascontiguousarray(sample, dtype=np.float32))
        # Needed to read and to remove vectors by their ids.
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]
        for start in range(0, len(ids), 65_536):
            batch = ids[start : start + 65_536]
            vectors = self.vectors(batch)
            faiss.omp_set_num_threads(os.cpu_count() or 1)
            index.add_with_ids(vectors, batch)
        self._index, self._made_for = index, count

    def search(
        self, queries: Vectors, count: int, allowed: Mask | None = None, among: int | None = None
    ) -> tuple[Ids, Vectors]:
        """The nearest `count` ids for each of the queries (n, dimension), with their cosines.

        Both results have shape (n, count); where fewer are found, ids are -1. With `allowed`, a
        mask on the ids, only those are searched. The smaller their share of `among` vectors (by
        default of all), the more lists are searched, so that a filter does not lose results.
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
        # Each question uses one core: with more threads, concurrent questions slow each other down.
        faiss.omp_set_num_threads(1)
        scores, ids = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), count, params=parameters
        )
        return ids, scores

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of known ids, shape (n, dimension)."""
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
        """Read an index that `save` wrote. Not all damage is noticed: verify a checksum first."""
        index = cls.__new__(cls)
        index._index = faiss.read_index(str(path))
        index.dimension = index._index.d
        index._made_for = round((getattr(index._index, "nlist", 0) / 2) ** 2)
        return index


def list_count(count: int) -> int:
    """How many lists suit this many vectors: twice the square root."""
    return max(1, round(2 * math.sqrt(count)))
