"""Documents of one kind in memory: their vectors and their words, searched together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from similarity.documents import Part
from similarity.index import Ids, VectorIndex, Vectors
from similarity.words import Mask, Scores, WordIndex

# How many of the nearest, by vectors and by words each, are looked at more closely.
POOL = 300
# A long text is asked for by this many of its words, the most telling ones.
QUERY_TERMS = 64
# What the parts of a document say of its meaning. A part that it does not have counts as the
# whole does, so that short documents are neither favoured nor held back.
PART_SHARE = {Part.WHOLE: 0.4, Part.TITLE: 0.3, Part.PASSAGE: 0.3}
NONE: Ids = np.empty(0, np.int64)


@dataclass(frozen=True)
class Entry:
    """A document as a collection takes it."""

    id: int
    language: str
    terms: Sequence[str]
    parts: Sequence[Part]
    # The vectors of the parts, shape (n, dimension); none where no model has read them.
    vectors: Vectors
    # Whether it counts in the statistics, or is only found.
    counted: bool = True


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    # The centred unit vector, shape (dimension,); None where no model has read the text.
    vector: Vectors | None
    terms: dict[str, float]
    # The BM25 of a full match.
    full: float


@dataclass(frozen=True)
class Candidates:
    """Documents worth ranking, with their raw scores; the arrays run in parallel."""

    ids: Ids
    # How near the meaning is, a mean of cosines; 0 where a document has no vector.
    nearness: Scores
    # BM25.
    words: Scores
    # The number, from 0, of the nearest passage; -1 where there is only the whole.
    passages: NDArray[np.int64]
    # The centred unit vectors of the whole documents, shape (n, dimension); 0 where none.
    wholes: Vectors


class Collection:
    """Documents by the id of what they stand for.

    Vectors are centred: `mean`, which the caller keeps, is taken off every vector before it
    is compared. What all documents of a record have in common tells none of them apart (Mu &
    Viswanath, "All-but-the-Top", 2018, whose first step this is).
    """

    def __init__(self, mean: Vectors | None = None) -> None:
        self.mean = mean
        # The first vectors say how many components there are.
        self.vectors = VectorIndex(1)
        self.words = WordIndex()
        self._languages: dict[int, str] = {}
        self._passages: dict[int, Ids] = {}
        self._owner: Ids = np.full(1024, -1, np.int64)
        self._part = np.zeros(1024, np.uint8)
        self._next = 0

    def __len__(self) -> int:
        return len(self.words)

    def centred(self, vectors: Vectors) -> Vectors:
        """Unit vectors without what all have in common; shape (…, dimension)."""
        moved = vectors if self.mean is None else vectors - self.mean
        length = np.linalg.norm(moved, axis=-1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-9), np.float32)

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace documents."""
        self.remove([entry.id for entry in entries])
        self.words.put_all([(entry.id, entry.terms, entry.counted) for entry in entries])
        for entry in entries:
            self._languages[entry.id] = entry.language if entry.counted else ""
            count = len(entry.vectors)
            own = np.arange(self._next, self._next + count)
            self._next += count
            while self._next > len(self._owner):
                self._owner = np.concatenate([self._owner, np.full_like(self._owner, -1)])
                self._part = np.concatenate([self._part, np.zeros_like(self._part)])
            self._owner[own] = entry.id
            self._part[own] = entry.parts[:count]
            self._passages[entry.id] = own
        vectors = [entry.vectors for entry in entries if len(entry.vectors)]
        if vectors:
            stacked = self.centred(np.concatenate(vectors))
            if not len(self.vectors):
                self.vectors = VectorIndex(stacked.shape[1])
            self.vectors.add(np.arange(self._next - len(stacked), self._next), stacked)
        self.words.settle()

    def remove(self, ids: Sequence[int]) -> None:
        """Forget documents; those that are not held are passed over."""
        gone = [self._passages.pop(each) for each in ids if each in self._passages]
        if gone:
            passages = np.concatenate(gone)
            self.vectors.remove(passages)
            self._owner[passages] = -1
        for each in ids:
            self.words.remove(each)
            self._languages.pop(each, None)

    def languages(self) -> Counter[str]:
        """How many documents are in each language, of those that count in the statistics."""
        return Counter(language for language in self._languages.values() if language)

    def confidential(self) -> Ids:
        """The documents that do not count in the statistics."""
        return self.words.ids[self.words.alive & ~self.words.counted]

    def whole(self, document: int) -> Vectors | None:
        """The centred vector of a whole document; None where there is none."""
        own = self._passages.get(document, NONE)
        return self.vectors.vectors(own[:1])[0] if len(own) else None

    def query(self, terms: Sequence[str], vector: Vectors | None) -> Query:
        """A query of stemmed terms and a centred vector; only a long text's weightiest terms
        are asked for."""
        counts = Counter(terms)
        known, secret = [], []
        for term in counts:
            counted, every = self.words.holders(term)
            if counted:
                known.append(term)
            elif every:
                secret.append(term)
        known.sort(key=lambda term: (-counts[term] * self.words.rarity(term), term))
        # What only confidential documents say is asked for beside the rest, never in its place.
        asked = [*known[:QUERY_TERMS], *sorted(secret)]
        return Query(
            # Where no document has a vector, there is nothing to compare it with.
            vector=vector if len(self.vectors) else None,
            terms={term: float(counts[term]) for term in asked},
            full=self.words.full_score({term: float(n) for term, n in counts.items()}),
        )

    def candidates(
        self,
        query: Query,
        *,
        hidden: Ids = NONE,
        allowed: Ids | None = None,
        also: Ids = NONE,
        pool: int = POOL,
    ) -> Candidates:
        """The nearest by vectors and by words, at most `pool` of each, scored by both.

        With `allowed` only those documents are searched; those `hidden` never are. Those in
        `also` are scored too, whatever they say.
        """
        searched = self._searched(allowed, hidden)
        words = self.words.search(query.terms)
        words[~searched] = 0
        chosen = np.zeros_like(searched)
        for ids in (
            self._best_by_words(words, pool),
            self._nearest(query.vector, searched, pool),
            also,
        ):
            chosen[self.words.slots(ids)] = True
        slots = np.flatnonzero(chosen & searched)
        slots = slots[np.argsort(self.words.ids[slots])]
        return self._scored(query, self.words.ids[slots], words[slots])

    def save(self, folder: Path, stem: str) -> list[Path]:
        """Write this into files in `folder` whose names begin with `stem`; returns them."""
        files = [folder / f"{stem}.{part}" for part in ("faiss", "words.npz", "rest.npz")]
        self.vectors.save(files[0])
        self.words.save(files[1])
        with files[2].open("wb") as file:
            np.savez(
                file,
                mean=NONE if self.mean is None else self.mean,
                owner=self._owner[: self._next],
                part=self._part[: self._next],
                languages=np.array([self._languages[int(each)] for each in self.words.ids], "U8"),
            )
        return files

    @classmethod
    def load(cls, files: Sequence[Path]) -> "Collection":
        """Read what `save` wrote, from the files in the order that it returned."""
        collection = cls()
        collection.vectors = VectorIndex.load(files[0])
        collection.words = WordIndex.load(files[1])
        with np.load(files[2], allow_pickle=False) as arrays:
            collection.mean = arrays["mean"] if arrays["mean"].size else None
            owner, part = arrays["owner"], arrays["part"]
            languages = arrays["languages"].tolist()
        ids = collection.words.ids.tolist()
        collection._languages = dict(zip(ids, languages, strict=True))
        collection._next = len(owner)
        collection._owner = np.concatenate([owner, np.full(1024, -1, np.int64)])
        collection._part = np.concatenate([part, np.zeros(1024, np.uint8)])
        held = np.flatnonzero(owner >= 0)
        held = held[np.argsort(owner[held], kind="stable")]
        owners, starts = np.unique(owner[held], return_index=True)
        collection._passages = dict.fromkeys(ids, NONE)
        if len(owners):
            own = np.split(held, starts[1:])
            collection._passages.update(zip(owners.tolist(), own, strict=True))
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
        """The `pool` documents of the best words; of equal ones those with the lower ids."""
        matching = np.flatnonzero(words)
        ids, scores = self.words.ids[matching], words[matching]
        if len(ids) <= pool:
            return ids
        edge = np.partition(scores, -pool)[-pool]
        above = ids[scores > edge]
        return np.concatenate([above, np.sort(ids[scores == edge])[: pool - len(above)]])

    def _nearest(self, vector: Vectors | None, searched: Mask, pool: int) -> Ids:
        """The `pool` documents with the nearest parts; of equal ones those with the lower ids."""
        if vector is None or not len(self.vectors):
            return NONE
        allowed = None
        if not searched.all():
            permitted = np.zeros(int(self.words.ids.max(initial=0)) + 1, bool)
            permitted[self.words.ids[searched]] = True
            owner = self._owner[: self._next]
            allowed = np.flatnonzero((owner >= 0) & permitted[owner])
        count = 2 * pool
        while True:
            parts, cosines = self.vectors.search(vector[None, :], count, allowed)
            nearest: dict[int, float] = {}
            owners = self._owner[parts[0]].tolist()
            for document, cosine in zip(owners, cosines[0].tolist(), strict=True):
                nearest.setdefault(document, cosine)
            documents = sorted(nearest, key=lambda each: (-nearest[each], each))[:pool]
            # Several parts of one document can be near, and documents can be equally near:
            # look further until enough differ and what comes next is farther than they are.
            if len(parts[0]) < count or (
                len(documents) == pool and cosines[0][-1] < nearest[documents[-1]]
            ):
                return np.array(documents, np.int64)
            count *= 2

    def _scored(self, query: Query, ids: Ids, words: Scores) -> Candidates:
        width = self.vectors.dimension
        nearness = np.zeros(len(ids), np.float32)
        passages = np.full(len(ids), -1, np.int64)
        wholes = np.zeros((len(ids), width), np.float32)
        own = [self._passages[int(each)] for each in ids]
        if query.vector is not None and any(map(len, own)):
            every = np.concatenate(own)
            vectors = self.vectors.vectors(every)
            cosines = vectors @ query.vector
            parts = self._part[every]
            end = 0
            for row, held in enumerate(own):
                start, end = end, end + len(held)
                if start == end:
                    continue
                wholes[row] = vectors[start]
                near = dict.fromkeys(Part, cosines[start])
                for part in (Part.TITLE, Part.PASSAGE):
                    of_part = cosines[start:end][parts[start:end] == part]
                    if len(of_part):
                        near[part] = of_part.max()
                        if part is Part.PASSAGE:
                            passages[row] = int(of_part.argmax())
                nearness[row] = sum(share * near[part] for part, share in PART_SHARE.items())
        return Candidates(ids, nearness, words, passages, wholes)


def mean_of(total: Vectors, count: int) -> Vectors:
    """The mean to centre by, from the sum of `count` whole documents' vectors.

    A few documents have in common what the next ones need not have, so the mean of few is
    drawn towards nothing: as if there were SHRINKAGE more documents that share nothing.
    """
    return np.asarray(total / (count + SHRINKAGE), np.float32)


SHRINKAGE = 50
