"""Centring: the mean of all vectors says nothing about one of them, and is taken away."""

import numpy as np

from similarity.index.vectors import Vectors

# As if there were this many more documents that share nothing: a mean of few says little.
SHRINKAGE = 50


def centred(vectors: Vectors, mean: Vectors | None) -> Vectors:
    """Unit vectors minus a mean, as unit vectors again; shape (…, dimension). Zeros, which stand
    for a text that the model cannot read, remain."""
    read = vectors.any(axis=-1, keepdims=True)
    moved = vectors if mean is None else np.where(read, vectors - mean, 0)
    length = np.linalg.norm(moved, axis=-1, keepdims=True)
    return np.asarray(moved / np.maximum(length, 1e-9), np.float32)


def mean_of(total: Vectors, count: int) -> Vectors:
    """The mean for centring, from the sum of the vectors of `count` whole documents, shrunk
    towards zero by SHRINKAGE."""
    return np.asarray(total / (count + SHRINKAGE), np.float32)
