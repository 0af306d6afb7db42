"""Documents of one kind in memory: their vectors and their words, searched together."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from similarity.index import arrays
from similarity.index.bm25 import Mask, Scores, WordIndex, grown
from similarity.index.documents import Part
from similarity.index.facets import FacetIndex, Facts
from similarity.index.vectors import SAMPLE, Ids, VectorIndex, Vectors, list_count
from similarity.scoring import Facets

# How many of the nearest, by vectors and by words each, are looked at more closely.
POOL = 300
# Deals that share facets with ours and are looked at whatever their text says.
FACET_CANDIDATES = 100
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
    # What they are, as `Part` has it.
    parts: Sequence[int]
    # The vectors of the parts, shape (n, dimension); none where no model has read them.
    vectors: Vectors
    # Whether it counts in the statistics, or is only found.
    counted: bool = True
    # What is kept of it besides its text; None for all but deals.
    facts: Facts | None = None


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    # The centred unit vector, shape (dimension,); None where no model has read the text.
    vector: Vectors | None
    terms: dict[str, float]
    # The BM25 of a full match.
    full: float


@dataclass(frozen=True)
class Scope:
    """Where to look: among all documents or those that are allowed, and for how many."""

    allowed: Ids | None = None
    pool: int = POOL


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

    def of(self, ids: Ids) -> "Candidates":
        """Those of these ids, which ascend as all do and are among them."""
        if len(ids) == len(self.ids):
            return self
        at = np.searchsorted(self.ids, ids)
        return Candidates(
            ids, self.nearness[at], self.words[at], self.passages[at], self.wholes[at]
        )


class Collection:
    """Documents by the id of what they stand for.

    Vectors are centred: `mean`, which the caller keeps, is taken off every vector before it
    is compared. What all documents of a record have in common tells none of them apart (Mu &
    Viswanath, "All-but-the-Top", 2018, whose first step this is).

    Each part of a document has a number of its own, by which its vector is held; those of one
    document follow each other. Tables by id are as long as the greatest id.
    """

    def __init__(self, mean: Vectors | None = None) -> None:
        self.mean = mean
        # The first vectors say how many components there are.
        self.vectors = VectorIndex(1)
        self.words = WordIndex()
        self.facets = FacetIndex()
        # By id: the language, or 0 where the document counts in no statistic; the number of
        # its first part, and how many it has.
        self._language = np.zeros(1024, np.uint8)
        self._first: Ids = np.zeros(1024, np.int64)
        self._parts = np.zeros(1024, np.int32)
        # By the number of a part: whether it is held still, whose it is, and which part.
        self._held = np.zeros(1024, bool)
        self._owner: Ids = np.zeros(1024, np.int64)
        self._part = np.zeros(1024, np.uint8)
        self._next = 0
        # The languages by their numbers, and how many documents that count are in each.
        self._languages = [""]
        self._spoken: Counter[str] = Counter()
        # How many parts there are of documents that count.
        self._counted_parts = 0

    def __len__(self) -> int:
        return len(self.words)

    def centred(self, vectors: Vectors) -> Vectors:
        """Unit vectors without what all have in common; shape (…, dimension)."""
        moved = vectors if self.mean is None else vectors - self.mean
        length = np.linalg.norm(moved, axis=-1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-9), np.float32)

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace documents."""
        # Of an id that is given twice the last one holds.
        entries = list({entry.id: entry for entry in entries}.values())
        if not entries:
            return
        self.remove([entry.id for entry in entries])
        self.words.put_all([(entry.id, entry.terms, entry.counted) for entry in entries])
        self.facets.put({entry.id: entry.facts for entry in entries if entry.facts})
        ids = np.array([entry.id for entry in entries], np.int64)
        counts = np.array([len(entry.vectors) for entry in entries])
        counted = np.array([entry.counted for entry in entries])
        ends = self._next + np.cumsum(counts)
        self._make_room(int(ids.max()) + 1, int(ends[-1]))
        self._language[ids] = [
            self._language_number(entry.language) if entry.counted else 0 for entry in entries
        ]
        self._spoken.update(entry.language for entry in entries if entry.counted)
        self._first[ids], self._parts[ids] = ends - counts, counts
        new = slice(self._next, int(ends[-1]))
        self._held[new] = True
        self._owner[new] = np.repeat(ids, counts)
        self._part[new] = [part for each in entries for part in each.parts[: len(each.vectors)]]
        self._next = new.stop
        self._counted_parts += int(counts[counted].sum())
        if new.start < new.stop:
            vectors = [entry.vectors for entry in entries if len(entry.vectors)]
            stacked = self.centred(np.concatenate(vectors))
            if not len(self.vectors):
                self.vectors = VectorIndex(stacked.shape[1])
            self.vectors.add(np.arange(new.start, new.stop), stacked)
        self.words.settle()

    def remove(self, ids: Sequence[int]) -> None:
        """Forget documents; those that are not held are passed over."""
        slots = self.words.slots(np.array(ids, np.int64))
        held, counted = self.words.ids[slots], self.words.counted[slots]
        gone = self._parts_of(held)
        self.vectors.remove(gone)
        self._held[gone] = False
        self._counted_parts -= int(self._parts[held[counted]].sum())
        self._spoken.subtract(self._languages[each] for each in self._language[held[counted]])
        self._language[held] = self._parts[held] = 0
        for each in held.tolist():
            self.words.remove(each)
        self.facets.remove(held)

    def settle(self) -> None:
        """Put the vectors into lists where they have become so many that searching them costs."""
        if self.vectors.needs_lists(self._counted_parts):
            # From the documents that count alone, in an order that they alone decide.
            counted = np.sort(self.words.ids[self.words.counted])
            wanted = SAMPLE * list_count(self._counted_parts)
            step = max(1, self._counted_parts // wanted)
            sample = self.vectors.vectors(self._parts_of(counted[::step]))
            held = np.flatnonzero(self._held[: self._next])
            self.vectors.make_lists(self._counted_parts, sample, held)

    def languages(self) -> Counter[str]:
        """How many documents are in each language, of those that count in the statistics."""
        return +Counter({each: count for each, count in self._spoken.items() if each})

    def confidential(self) -> Ids:
        """The documents that do not count in the statistics."""
        return self.words.ids[self.words.alive & ~self.words.counted]

    def whole(self, document: int) -> Vectors | None:
        """The centred vector of a whole document; None where there is none."""
        own = self._parts_of(np.array([document], np.int64))
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
        sharing: Facets | None = None,
        pool: int = POOL,
    ) -> Candidates:
        """The nearest by vectors and by words, at most `pool` of each, scored by both.

        With `allowed` only those documents are searched; those `hidden` never are. Those that
        share the most of the facets in `sharing` are scored too, whatever they say.
        """
        scopes = [Scope(allowed, pool)]
        return self.candidates_of_each(query, scopes, hidden=hidden, sharing=sharing)[0]

    def candidates_of_each(
        self,
        query: Query,
        scopes: Sequence[Scope],
        *,
        hidden: Ids = NONE,
        sharing: Facets | None = None,
    ) -> list[Candidates]:
        """The same for several scopes, in little more time than the widest takes alone."""
        permitted = [self._permitted(scope.allowed, hidden) for scope in scopes]
        pools = [scope.pool for scope in scopes]
        searched = [self.words.alive & np.take(each, self.words.ids) for each in permitted]
        worded = self.words.best_of_each(query.terms, list(zip(pools, searched, strict=True)))
        parts = [
            self._searched_parts(scope, each, hidden)
            for scope, each in zip(scopes, permitted, strict=True)
        ]
        near = self._nearest(query.vector, list(zip(parts, pools, strict=True)))
        found = []
        for each, by_words, by_vectors in zip(permitted, worded, near, strict=True):
            slots = [by_words, self.words.slots(by_vectors)]
            if sharing:
                alike = self.facets.alike(sharing, each, FACET_CANDIDATES)
                slots.append(self.words.slots(alike))
            found.append(np.unique(self.words.ids[np.concatenate(slots)]))
        ids = np.unique(np.concatenate(found))
        scores = self.words.scores(query.terms, self.words.slots(ids))
        scored = self._scored(query, ids, scores)
        return [scored.of(each) for each in found]

    def save(self, folder: Path, stem: str) -> list[Path]:
        """Write this into files in `folder` whose names begin with `stem`; returns them."""
        names = ("vectors", "words", "facets", "rest")
        files = [folder / f"{stem}.{part}" for part in names]
        self.vectors.save(files[0])
        self.words.save(files[1])
        self.facets.save(files[2])
        arrays.save(
            files[3],
            {
                "mean": NONE if self.mean is None else self.mean,
                "language": self._language,
                "first": self._first,
                "parts": self._parts,
                "held": self._held[: self._next],
                "owner": self._owner[: self._next],
                "part": self._part[: self._next],
                "languages": np.array(self._languages, "U8"),
            },
        )
        return files

    @classmethod
    def load(cls, files: Sequence[Path]) -> "Collection":
        """Read what `save` wrote, from the files in the order that it returned."""
        collection = cls()
        # Both are large, and each is read by a core of its own.
        with ThreadPoolExecutor(1) as other:
            words = other.submit(WordIndex.load, files[1])
            collection.vectors = VectorIndex.load(files[0])
            collection.words = words.result()
        collection.facets = FacetIndex.load(files[2])
        held = arrays.load(files[3])
        collection.mean = held["mean"] if held["mean"].size else None
        collection._language = held["language"]
        collection._first, collection._parts = held["first"], held["parts"]
        collection._held, collection._owner = held["held"], held["owner"]
        collection._part = held["part"]
        collection._languages = held["languages"].tolist()
        collection._next = len(collection._owner)
        spoken = np.bincount(collection._language, minlength=len(collection._languages))
        collection._spoken = Counter(dict(zip(collection._languages, spoken.tolist(), strict=True)))
        counted = collection.words.ids[collection.words.counted]
        collection._counted_parts = int(collection._parts[counted].sum())
        return collection

    def _language_number(self, language: str) -> int:
        if language not in self._languages:
            self._languages.append(language)
        return self._languages.index(language)

    def _parts_of(self, ids: Ids) -> Ids:
        """The numbers of the parts of these documents, one document after the other."""
        ids = ids[(ids >= 0) & (ids < len(self._parts))]
        counts = self._parts[ids]
        before = np.cumsum(counts) - counts
        return np.repeat(self._first[ids] - before, counts) + np.arange(counts.sum())

    def _make_room(self, ids: int, parts: int) -> None:
        """Have room for ids below `ids` and for `parts` numbers of parts."""
        if ids > len(self._parts):
            for name in ("_language", "_first", "_parts"):
                setattr(self, name, grown(getattr(self, name), 2 * ids))
        if parts > len(self._part):
            for name in ("_held", "_owner", "_part"):
                setattr(self, name, grown(getattr(self, name), 2 * parts))

    def _permitted(self, allowed: Ids | None, hidden: Ids) -> Mask:
        """Which ids may be found."""
        permitted = np.full(len(self._parts), allowed is None)
        for ids, may in ((allowed, True), (hidden, False)):
            if ids is not None:
                permitted[ids[ids < len(permitted)]] = may
        return permitted

    def _searched_parts(self, scope: Scope, permitted: Mask, hidden: Ids) -> Mask:
        """Which numbers of parts are searched."""
        # Without a filter nearly all parts are searched, and only what is hidden is looked up.
        parts = self._held[: self._next].copy()
        if scope.allowed is None:
            parts[self._parts_of(hidden)] = False
        else:
            parts &= np.take(permitted, self._owner[: self._next])
        return parts

    def _nearest(self, vector: Vectors | None, asked: Sequence[tuple[Mask, int]]) -> list[Ids]:
        """For each mask of parts and its pool, of the documents with these parts the `pool` with
        the nearest; of equal ones those with the lower ids."""
        found = [NONE] * len(asked)
        if vector is None or not len(self.vectors):
            return found
        # Where nothing is missed, what a wide search found holds the answers of narrower ones.
        order = sorted(range(len(asked)), key=lambda row: -np.count_nonzero(asked[row][0]))
        wide: tuple[Mask, Ids, Vectors, bool] | None = None
        for row in order:
            mask, pool = asked[row]
            if wide and not np.any(mask & ~wide[0]):
                _, numbers, cosines, complete = wide
                documents = self._first_of(numbers, cosines, mask, pool, complete)
                if documents is not None:
                    found[row] = documents
                    continue
            # A document has several parts, and those of one are near each other.
            count = 3 * pool
            while True:
                ids, scores = self.vectors.search(vector[None, :], count, mask, self._counted_parts)
                held = ids[0] >= 0
                numbers, cosines = ids[0][held], scores[0][held]
                complete = len(numbers) < max(count, 1)
                # Several parts of one document can be near, and documents can be equally near:
                # look further until enough differ and what comes next is farther than they are.
                documents = self._first_of(numbers, cosines, mask, pool, complete)
                if documents is not None:
                    found[row] = documents
                    break
                count *= 2
            if wide is None and self.vectors.is_exact:
                wide = mask, numbers, cosines, complete
        return found

    def _first_of(
        self, numbers: Ids, cosines: Vectors, mask: Mask, pool: int, complete: bool
    ) -> Ids | None:
        """The first `pool` documents with these parts, the nearest of which comes first; None
        where parts that are not among them may come before."""
        inside = mask[numbers]
        documents, first = np.unique(self._owner[numbers[inside]], return_index=True)
        own = cosines[inside][first]
        order = np.lexsort((documents, -own))[:pool]
        if complete or (len(order) == pool and pool and cosines[-1] < own[order[-1]]):
            return documents[order]
        return None

    def _scored(self, query: Query, ids: Ids, words: Scores) -> Candidates:
        nearness = np.zeros(len(ids), np.float32)
        passages = np.full(len(ids), -1, np.int64)
        wholes = np.zeros((len(ids), self.vectors.dimension), np.float32)
        counts = self._parts[ids]
        read = np.flatnonzero(counts)
        if query.vector is not None and len(read):
            every = self._parts_of(ids)
            vectors = self.vectors.vectors(every)
            # Not by a library that starts threads for it, which wait for each other.
            cosines = np.einsum("ij,j->i", vectors, query.vector)
            parts = self._part[every]
            starts = np.cumsum(counts[read]) - counts[read]
            wholes[read] = vectors[starts]
            whole = cosines[starts]
            near = {part: _greatest(cosines, parts == part, starts) for part in PART_SHARE}
            near[Part.WHOLE] = whole
            nearness[read] = sum(
                share * np.where(np.isfinite(near[part]), near[part], whole)
                for part, share in PART_SHARE.items()
            )
            # Passages are counted from the first one, and of equally near ones the first is it.
            place = np.arange(len(every))
            split = parts == Part.PASSAGE
            nearest = split & (cosines == np.repeat(near[Part.PASSAGE], counts[read]))
            first, best = (
                np.minimum.reduceat(np.where(those, place, len(every)), starts)
                for those in (split, nearest)
            )
            passages[read] = np.where(first < len(every), best - first, -1)
        return Candidates(ids, nearness, words, passages, wholes)


def _greatest(values: Scores, those: Mask, starts: Ids) -> Scores:
    """The greatest value of each stretch that begins at `starts`, of `those` only; -inf where
    there is none."""
    return np.asarray(np.maximum.reduceat(np.where(those, values, -np.inf), starts), np.float32)


def mean_of(total: Vectors, count: int) -> Vectors:
    """The mean to centre by, from the sum of `count` whole documents' vectors.

    A few documents have in common what the next ones need not have, so the mean of few is
    drawn towards nothing: as if there were SHRINKAGE more documents that share nothing.
    """
    return np.asarray(total / (count + SHRINKAGE), np.float32)


SHRINKAGE = 50
