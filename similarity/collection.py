"""Documents of one kind in memory: their vectors and their words, searched together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from similarity.index import Ids, VectorIndex, Vectors
from similarity.words import Mask, Scores, WordIndex

# How many of the nearest, by vectors and by words each, are looked at more closely.
POOL = 300


@dataclass(frozen=True)
class Query:
    """What is looked for: the vectors of its passages (n, dimension) and its terms' weights."""

    vectors: Vectors
    terms: dict[str, float]


@dataclass(frozen=True)
class Candidates:
    """Documents worth ranking, with their raw scores; the arrays run in parallel."""

    ids: Ids
    # The cosine of the nearest passages; nan where a document has no vector.
    cosines: Scores
    # BM25, and the BM25 that the query's own text would get.
    words: Scores
    words_self: float
    # The passage behind the cosine: its position in the document; -1 where there is none.
    best_passages: NDArray[np.int64]


class Collection:
    """Documents by the id of what they stand for."""

    def __init__(self) -> None:
        # The first vectors say how many components there are.
        self.vectors = VectorIndex(1)
        self.words = WordIndex()
        self._passages: dict[int, Ids] = {}
        self._owner: Ids = np.full(1024, -1, np.int64)
        self._next_passage = 0

    def __len__(self) -> int:
        return len(self.words)

    def put(self, documents: Sequence[tuple[int, Sequence[str], Vectors, bool]]) -> None:
        """Add or replace documents: (id, terms, vectors of its passages, counts in statistics)."""
        self.remove([document for document, _, _, _ in documents])
        ids, rows = [], []
        for document, terms, vectors, counted in documents:
            self.words.put(document, terms, counted=counted)
            own = np.arange(self._next_passage, self._next_passage + len(vectors))
            self._next_passage += len(vectors)
            self._passages[document] = own
            if len(own):
                ids.append(own)
                rows.append(vectors)
            while self._next_passage > len(self._owner):
                self._owner = np.concatenate([self._owner, np.full_like(self._owner, -1)])
            self._owner[own] = document
        if ids:
            vectors = np.concatenate(rows)
            if not len(self.vectors):
                self.vectors = VectorIndex(vectors.shape[1])
            self.vectors.add(np.concatenate(ids), vectors)
        self.words.settle()

    def remove(self, documents: Sequence[int]) -> None:
        """Forget documents; those that are not held are passed over."""
        gone = [self._passages.pop(each) for each in documents if each in self._passages]
        if gone:
            passages = np.concatenate(gone)
            self.vectors.remove(passages)
            self._owner[passages] = -1
        for each in documents:
            self.words.remove(each)

    def passages(self, document: int) -> Vectors:
        """The vectors of a document's passages, in order; none where it is not held."""
        return self.vectors.vectors(self._passages.get(document, np.empty(0, np.int64)))

    def candidates(
        self, query: Query, *, allowed: Ids | None = None, hidden: Ids, pool: int = POOL
    ) -> Candidates:
        """The nearest by vectors and by words, at most `pool` of each, scored by both.

        With `allowed` only those documents are searched; those `hidden` never are.
        """
        searched = self._searched(allowed, hidden)
        words = self.words.search(query.terms)
        words[~searched] = 0
        near = [
            self._nearest(vector[None, :], searched, pool)
            for vector in query.vectors
            if len(self.vectors)
        ]
        ids = np.unique(np.concatenate([self._best_by_words(words, pool), *near]))
        return self._scored(query, ids, words)

    def score(self, query: Query, ids: Ids) -> Candidates:
        """The raw scores of just these documents, those that are held."""
        held = np.array([each for each in ids if int(each) in self._passages], np.int64)
        return self._scored(query, held, self.words.search(query.terms))

    def save(self, folder: Path, stem: str) -> list[Path]:
        """Write this into files in `folder` whose names begin with `stem`; returns them."""
        files = [folder / f"{stem}.{part}" for part in ("faiss", "words.npz", "passages.npz")]
        self.vectors.save(files[0])
        self.words.save(files[1])
        with files[2].open("wb") as file:
            np.savez(file, owner=self._owner[: self._next_passage])
        return files

    @classmethod
    def load(cls, files: Sequence[Path]) -> "Collection":
        """Read what `save` wrote, from the files in the order that it returned."""
        vectors = VectorIndex.load(files[0])
        collection = cls()
        collection.vectors = vectors
        collection.words = WordIndex.load(files[1])
        with np.load(files[2], allow_pickle=False) as arrays:
            owner = arrays["owner"]
        collection._owner = owner
        collection._next_passage = len(owner)
        passages = np.argsort(owner, kind="stable")
        passages = passages[owner[passages] >= 0]
        owners, starts = np.unique(owner[passages], return_index=True)
        collection._passages = {int(each): np.empty(0, np.int64) for each in collection.words.ids}
        for document, own in zip(owners, np.split(passages, starts[1:]), strict=bool(len(owners))):
            collection._passages[int(document)] = own
        return collection

    def _searched(self, allowed: Ids | None, hidden: Ids) -> Mask:
        """Which slots may be found."""
        searched = self.words.alive.copy()
        if allowed is not None:
            permitted = np.zeros_like(searched)
            permitted[self.words.slots(allowed)] = True
            searched &= permitted
        searched[self.words.slots(hidden)] = False
        return searched

    def _best_by_words(self, words: Scores, pool: int) -> Ids:
        matching = np.flatnonzero(words)
        if len(matching) > pool:
            matching = matching[np.argpartition(words[matching], -pool)[-pool:]]
        return self.words.ids[matching]

    def _nearest(self, vector: Vectors, searched: Mask, pool: int) -> Ids:
        """The `pool` documents with the nearest passages."""
        allowed = None
        if not searched.all():
            permitted = np.zeros(int(self.words.ids.max(initial=0)) + 1, bool)
            permitted[self.words.ids[searched]] = True
            owner = self._owner[: self._next_passage]
            allowed = np.flatnonzero((owner >= 0) & permitted[owner])
        count = pool
        while True:
            passages, _ = self.vectors.search(vector, count, allowed)
            found = passages[0][passages[0] >= 0]
            documents = list(dict.fromkeys(self._owner[found].tolist()))
            # Several passages of one document can be near: look further until enough differ.
            if len(documents) >= pool or len(found) < count:
                return np.array(documents[:pool], np.int64)
            count *= 2

    def _scored(self, query: Query, ids: Ids, words: Scores) -> Candidates:
        cosines = np.full(len(ids), np.nan, np.float32)
        best = np.full(len(ids), -1, np.int64)
        own = [self._passages[int(each)] for each in ids]
        sizes = np.array([len(each) for each in own], np.int64)
        if len(query.vectors) and sizes.any():
            similar = self.vectors.vectors(np.concatenate(own)) @ query.vectors.T
            nearest = similar.max(axis=1)
            ends = np.cumsum(sizes)
            for row in np.flatnonzero(sizes):
                part = nearest[ends[row] - sizes[row] : ends[row]]
                best[row] = int(part.argmax())
                cosines[row] = part[best[row]]
        return Candidates(
            ids=ids,
            cosines=cosines,
            words=words[self.words.slots(ids)],
            words_self=self.words.self_score(query.terms),
            best_passages=best,
        )
