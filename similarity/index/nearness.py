"""How near documents are to a question in meaning: one value from the vectors of their pieces."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from similarity.index.documents import PieceRole
from similarity.index.language import common_languages
from similarity.index.relevance import Scores
from similarity.index.vectors import Vectors

# The share of each role in the nearness of a document. A role that no piece has counts as the
# whole does, so that short documents are neither favoured nor disadvantaged.
ROLE_SHARE = {PieceRole.WHOLE: 0.4, PieceRole.TITLE: 0.3, PieceRole.PASSAGE: 0.3}


class Nearness(NamedTuple):
    """How near documents are, and their nearest passages, as in `Candidates`."""

    nearness: Scores
    passages: NDArray[np.int64]


def cosines_with(question: Vectors, vectors: Vectors) -> Scores:
    """The cosines between a centred question and vectors, shape (n, dimension)."""
    # Unlike a matrix product, einsum starts no threads, which would wait for each other.
    return np.asarray(np.einsum("ij,j->i", vectors, question), np.float32)


def nearness(
    cosines: Scores,
    roles: NDArray[np.uint8],
    counts: NDArray[np.int32],
    hollow: NDArray[np.bool_],
) -> Nearness:
    """How near documents are to a question.

    `cosines` and `roles` have those of their pieces, one document after the other, `counts` how
    many of them each has, and `hollow` which documents have prose of boilerplate alone.
    """
    size = len(counts)
    near = np.zeros(size, np.float32)
    passages = np.full(size, -1, np.int64)
    read = np.flatnonzero(counts)
    if not len(cosines):
        return Nearness(near, passages)
    starts = np.cumsum(counts[read]) - counts[read]
    whole = cosines[starts]
    by_role = {role: _greatest(cosines, roles == role, starts) for role in ROLE_SHARE}
    by_role[PieceRole.WHOLE] = whole
    near[read] = sum(
        share * np.where(np.isfinite(by_role[role]), by_role[role], whole)
        for role, share in ROLE_SHARE.items()
    )
    # Where the prose is boilerplate, only the title has a meaning.
    empty = hollow[read]
    title = by_role[PieceRole.TITLE]
    near[read[empty]] = np.where(np.isfinite(title), title, 0.0)[empty]
    # Passages are numbered from the first one; among equally near ones the first wins.
    place = np.arange(len(cosines))
    is_passage = roles == PieceRole.PASSAGE
    is_nearest = is_passage & (cosines == np.repeat(by_role[PieceRole.PASSAGE], counts[read]))
    first, nearest = (
        np.minimum.reduceat(np.where(mask, place, len(cosines)), starts)
        for mask in (is_passage, is_nearest)
    )
    passages[read] = np.where(first < len(cosines), nearest - first, -1)
    return Nearness(near, passages)


def believed(counts: Mapping[str, int], languages: Sequence[str]) -> NDArray[np.str_]:
    """These languages, empty where one is too rare among the documents to be believed."""
    common = common_languages(counts)
    return np.array([code if code in common else "" for code in languages])


def _greatest(values: Scores, mask: NDArray[np.bool_], starts: NDArray[np.int64]) -> Scores:
    """The greatest value under `mask` in each segment that begins at `starts`; -inf without one."""
    return np.asarray(np.maximum.reduceat(np.where(mask, values, -np.inf), starts), np.float32)
