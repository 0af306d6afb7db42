"""Documents of one kind in memory: their vectors and their words, searched together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from similarity.index import arrays
from similarity.index.bm25 import Mask, WordIndex, grown
from similarity.index.boilerplate import IsBoilerplate, SentenceIndex
from similarity.index.facets import FacetIndex, Values
from similarity.index.nearness import believed, cosines_with, nearness
from similarity.index.queries import Candidates, HeldWholes, Query, Scope
from similarity.index.relevance import Scores
from similarity.index.searchable import FACET_CANDIDATES, NONE, Searchable
from similarity.index.stored import Entry, said_in
from similarity.index.vectors import SAMPLE, Ids, VectorIndex, Vectors, list_count
from similarity.scoring import Facets

# How many times as many vectors are asked for where the nearest were of too few documents.
WIDER = 16


class Collection(Searchable):
    """Documents by the id of their subject.

    Each piece of a document has a number, which is the id of its vector; the pieces of one
    document have consecutive numbers. Arrays by id are as long as the greatest id.
    """

    words: WordIndex

    def __init__(
        self,
        mean: Vectors | None = None,
        means: Mapping[str, Vectors] | None = None,
        scale: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(mean, means, scale)
        # Replaced when the first vectors give the dimension.
        self.vectors = VectorIndex(1)
        self.words = WordIndex()
        self.facets = FacetIndex()
        self.sentences = SentenceIndex()
        # See `borrow`.
        self._lender: Collection | None = None
        # By id: the language's number, the number of its first piece, how many pieces it has, and
        # whether its prose is boilerplate alone.
        self._language = np.zeros(1024, np.uint8)
        self._hollow = np.zeros(1024, bool)
        self._first: Ids = np.zeros(1024, np.int64)
        self._piece_counts = np.zeros(1024, np.int32)
        # By the number of a piece: whether it is in the index, its document, and its role.
        self._held = np.zeros(1024, bool)
        self._owner: Ids = np.zeros(1024, np.int64)
        self._role = np.zeros(1024, np.uint8)
        self._next = 0
        # The languages by their numbers, and in how many counted documents each is used.
        self._languages = [""]
        self._spoken: Counter[str] = Counter()
        # How many pieces the counted documents have.
        self._counted_pieces = 0

    def __len__(self) -> int:
        return len(self.words)

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace documents."""
        # Where an id occurs twice, the last entry wins.
        entries = list({entry.id: entry for entry in entries}.values())
        if not entries:
            return
        self.remove([entry.id for entry in entries])
        for entry in entries:
            self.sentences.put(entry.id, entry.prints, entry.account, counted=entry.counted)
        self.facets.put({entry.id: entry.facts for entry in entries if entry.facts})
        ids = np.array([entry.id for entry in entries], np.int64)
        counts = np.array([len(entry.vectors) for entry in entries])
        counted = np.array([entry.counted for entry in entries])
        ends = self._next + np.cumsum(counts)
        self._make_room(int(ids.max()) + 1, int(ends[-1]))
        self._language[ids] = [self._language_number(entry.language) for entry in entries]
        self._spoken.update(entry.language for entry in entries if entry.counted)
        self._first[ids], self._piece_counts[ids] = ends - counts, counts
        new = slice(self._next, int(ends[-1]))
        self._held[new] = True
        self._owner[new] = np.repeat(ids, counts)
        self._role[new] = [role for entry in entries for role in entry.roles[: len(entry.vectors)]]
        self._next = new.stop
        self._counted_pieces += int(counts[counted].sum())
        if new.start < new.stop:
            stacked = np.concatenate(
                [
                    self.centred(entry.vectors, entry.language)
                    for entry in entries
                    if len(entry.vectors)
                ]
            )
            if not len(self.vectors):
                self.vectors = VectorIndex(stacked.shape[1])
            self.vectors.add(np.arange(new.start, new.stop), stacked)
        self.reword(entries)

    def reword(self, entries: Sequence[Entry]) -> None:
        """Put the words of documents again that `settle` named; their vectors are not needed."""
        documents = []
        for entry in entries:
            terms, self._hollow[entry.id] = said_in(entry, self.is_boilerplate)
            documents.append((entry.id, terms, entry.counted))
        self.words.put_all(documents)
        self.words.settle()

    def remove(self, ids: Sequence[int]) -> None:
        """Remove documents; ids that are not in the collection are ignored."""
        slots = self.words.slots(np.array(ids, np.int64))
        documents, counted = self.words.ids[slots], self.words.counted[slots]
        pieces = self._pieces_of(documents)
        self.vectors.remove(pieces)
        self._held[pieces] = False
        self._counted_pieces -= int(self._piece_counts[documents[counted]].sum())
        languages = self._language[documents[counted]]
        self._spoken.subtract(self._languages[number] for number in languages)
        self._language[documents] = self._piece_counts[documents] = 0
        for document in documents.tolist():
            self.words.remove(document)
            self.sentences.remove(document)
        self.facets.remove(documents)

    def settle(self) -> list[int]:
        """Decide again what is boilerplate; the documents whose words have to be put again.

        Vectors are put into lists once there are so many that scanning them all is slow.
        """
        if self.vectors.needs_lists(self._counted_pieces):
            # Sampled from counted documents in the order of their ids, so that no confidential
            # document has an influence on the lists.
            counted = np.sort(self.words.ids[self.words.counted])
            sample_size = SAMPLE * list_count(self._counted_pieces)
            step = max(1, self._counted_pieces // sample_size)
            sample = self.vectors.vectors(self._pieces_of(counted[::step]))
            pieces = np.flatnonzero(self._held[: self._next])
            self.vectors.make_lists(self._counted_pieces, sample, pieces)
        changed: list[int] = self.sentences.settle(self.words.total).tolist()
        return changed

    @property
    def is_boilerplate(self) -> IsBoilerplate:
        """Whether a sentence with these fingerprints is boilerplate among the documents."""
        return self.sentences.is_boilerplate

    @property
    def has_vectors(self) -> bool:
        """Whether a model has read any document."""
        return len(self.vectors) > 0

    def borrow(self, lender: "Collection") -> None:
        """Take the statistics of another collection: its words' rarity, and its languages.

        Feedback takes those of deals: its own would tell a reader of one about the others.
        """
        self._lender = lender
        self.words.lender = lender.words

    def languages(self) -> Counter[str]:
        """How many of the counted documents are in each language."""
        if self._lender:
            return self._lender.languages()
        return +Counter({code: count for code, count in self._spoken.items() if code})

    def confidential(self) -> Ids:
        """The ids of the documents that do not count in the statistics."""
        return self.words.ids[self.words.alive & ~self.words.counted]

    def whole(self, document: int) -> Vectors | None:
        """The centred vector of a whole document; None where there is none."""
        pieces = self._pieces_of(np.array([document], np.int64))
        return self.vectors.vectors(pieces[:1])[0] if len(pieces) else None

    def facet_values(self, ours: Facets, ids: Ids, on: date) -> dict[str, Values]:
        """How far these deals agree with ours in each known facet, the same as `scoring.values`."""
        return self.facets.values(ours, ids, on)

    def word_scores(self, terms: Mapping[str, float], ids: Ids) -> Scores:
        """The BM25 scores of these documents for terms with their weights."""
        return self.words.scores(terms, self.words.slots(ids))

    def candidates_of_each(
        self,
        query: Query,
        scopes: Sequence[Scope],
        *,
        hidden: Ids = NONE,
        sharing: Facets | None = None,
        besides: Ids = NONE,
    ) -> list[Candidates]:
        """The candidates of several scopes, in little more time than the widest takes alone."""
        besides = besides[besides < len(self._piece_counts)]
        permitted = [self._permitted(self._allowed(scope), hidden) for scope in scopes]
        pools = [scope.pool for scope in scopes]
        searched = [self.words.alive & np.take(mask, self.words.ids) for mask in permitted]
        best_by_words = self.words.best_of_each(
            query.terms, list(zip(pools, searched, strict=True))
        )
        pieces = [
            self._searched_pieces(scope, mask, hidden)
            for scope, mask in zip(scopes, permitted, strict=True)
        ]
        nearest = self._nearest(query.vector, list(zip(pieces, pools, strict=True)))
        ids_of_each = []
        for mask, by_words, by_vectors in zip(permitted, best_by_words, nearest, strict=True):
            slots = [by_words, self.words.slots(by_vectors)]
            slots.append(self.words.slots(besides[mask[besides]]))
            if sharing:
                alike = self.facets.alike(sharing, mask, FACET_CANDIDATES)
                slots.append(self.words.slots(alike))
            ids_of_each.append(np.unique(self.words.ids[np.concatenate(slots)]))
        ids = np.unique(np.concatenate(ids_of_each))
        scores = self.words.scores(query.terms, self.words.slots(ids))
        scored = self._scored(query, ids, scores)
        return [scored.of(ids) for ids in ids_of_each]

    def agreeing(self, query: Query, ids: Ids) -> Candidates:
        """Those of these documents that agree with a query at all, scored by both.

        For few documents this takes less time than a search among all.
        """
        slots = self.words.slots(np.unique(ids))
        ids, scores = self.words.ids[slots], self.words.scores(query.terms, slots)
        agree = scores > 0
        if query.vector is not None:
            agree |= self._piece_counts[ids] > 0
        return self._scored(query, ids[agree], scores[agree])

    def save(self, folder: Path, stem: str) -> list[Path]:
        """Write the collection to files in `folder` whose names begin with `stem`; their paths."""
        names = ("vectors", "words", "facets", "rest")
        files = [folder / f"{stem}.{name}" for name in names]
        self.vectors.save(files[0])
        self.words.save(files[1])
        self.facets.save(files[2])
        arrays.save(
            files[3],
            {
                "mean": NONE if self.mean is None else self.mean,
                "mean_languages": np.array(list(self.means), "U8"),
                "means": np.array(list(self.means.values()), np.float32),
                "language": self._language,
                "first": self._first,
                "parts": self._piece_counts,
                "held": self._held[: self._next],
                "owner": self._owner[: self._next],
                "part": self._role[: self._next],
                "languages": np.array(self._languages, "U8"),
                "hollow": self._hollow,
                **self.sentences.arrays(),
            },
        )
        return files

    @classmethod
    def load(cls, files: Sequence[Path]) -> "Collection":
        """Read a collection that `save` wrote, from its paths in the same order."""
        collection = cls()
        # Both files are large, and each is read on a core of its own.
        with ThreadPoolExecutor(1) as pool:
            words = pool.submit(WordIndex.load, files[1])
            collection.vectors = VectorIndex.load(files[0])
            collection.words = words.result()
        collection.facets = FacetIndex.load(files[2])
        stored = arrays.load(files[3])
        collection.mean = stored["mean"] if stored["mean"].size else None
        collection.means = dict(
            zip(stored["mean_languages"].tolist(), stored["means"], strict=True)
        )
        collection._language, collection._hollow = stored["language"], stored["hollow"]
        collection.sentences = SentenceIndex.of(stored)
        collection._first, collection._piece_counts = stored["first"], stored["parts"]
        collection._held, collection._owner = stored["held"], stored["owner"]
        collection._role = stored["part"]
        collection._languages = stored["languages"].tolist()
        collection._next = len(collection._owner)
        counted = collection.words.ids[collection.words.counted]
        spoken = np.bincount(collection._language[counted], minlength=len(collection._languages))
        collection._spoken = Counter(dict(zip(collection._languages, spoken.tolist(), strict=True)))
        collection._counted_pieces = int(collection._piece_counts[counted].sum())
        return collection

    def _language_number(self, language: str) -> int:
        if language not in self._languages:
            self._languages.append(language)
        return self._languages.index(language)

    def _pieces_of(self, ids: Ids) -> Ids:
        """The numbers of the pieces of these documents, one document after the other."""
        ids = ids[(ids >= 0) & (ids < len(self._piece_counts))]
        counts = self._piece_counts[ids]
        before = np.cumsum(counts) - counts
        return np.repeat(self._first[ids] - before, counts) + np.arange(counts.sum())

    def _make_room(self, ids: int, pieces: int) -> None:
        """Make room for ids below `ids` and for `pieces` numbers of pieces."""
        if ids > len(self._piece_counts):
            for name in ("_language", "_hollow", "_first", "_piece_counts"):
                setattr(self, name, grown(getattr(self, name), 2 * ids))
        if pieces > len(self._role):
            for name in ("_held", "_owner", "_role"):
                setattr(self, name, grown(getattr(self, name), 2 * pieces))

    def _allowed(self, scope: Scope) -> Ids | None:
        """The ids of a scope; None for all."""
        return self.facets.matching(scope.filter) if scope.filter else scope.allowed

    def _permitted(self, allowed: Ids | None, hidden: Ids) -> Mask:
        """The mask of the ids that may be found."""
        permitted = np.full(len(self._piece_counts), allowed is None)
        for ids, value in ((allowed, True), (hidden, False)):
            if ids is not None:
                permitted[ids[ids < len(permitted)]] = value
        return permitted

    def _searched_pieces(self, scope: Scope, permitted: Mask, hidden: Ids) -> Mask:
        """The mask of the pieces that are searched."""
        pieces = self._held[: self._next].copy()
        # Without a filter only the hidden documents are looked up, which is quicker.
        if scope.allowed is None and scope.filter is None:
            pieces[self._pieces_of(hidden)] = False
        else:
            pieces &= np.take(permitted, self._owner[: self._next])
        return pieces

    def _nearest(self, vector: Vectors | None, asked: Sequence[tuple[Mask, int]]) -> list[Ids]:
        """For each mask of pieces and its pool, the `pool` documents that own the nearest of
        these pieces; ties go to the lower ids."""
        nearest = [NONE] * len(asked)
        if vector is None or not len(self.vectors):
            return nearest
        # An exact search with a wide mask contains the results of narrower ones.
        order = sorted(range(len(asked)), key=lambda row: -np.count_nonzero(asked[row][0]))
        wide: tuple[Mask, Ids, Vectors, bool] | None = None
        for row in order:
            mask, pool = asked[row]
            if wide and not np.any(mask & ~wide[0]):
                _, numbers, cosines, complete = wide
                documents = self._first_of(numbers, cosines, mask, pool, complete)
                if documents is not None:
                    nearest[row] = documents
                    continue
            # Pieces of one document are near each other, so more pieces than documents are needed.
            count = 3 * pool
            while True:
                ids, scores = self.vectors.search(
                    vector[None, :], count, mask, self._counted_pieces
                )
                hits = ids[0] >= 0
                numbers, cosines = ids[0][hits], scores[0][hits]
                complete = len(numbers) < max(count, 1)
                # The search widens until there are enough different documents, and every piece
                # that is not among the results is farther away than they are. More results cost
                # little beside another search.
                documents = self._first_of(numbers, cosines, mask, pool, complete)
                if documents is not None:
                    nearest[row] = documents
                    break
                count *= WIDER
            if wide is None and self.vectors.is_exact:
                wide = mask, numbers, cosines, complete
        return nearest

    def _first_of(
        self, numbers: Ids, cosines: Vectors, mask: Mask, pool: int, complete: bool
    ) -> Ids | None:
        """The `pool` documents whose pieces are nearest; None where a piece that is not among
        these numbers may be nearer."""
        inside = mask[numbers]
        documents, first = np.unique(self._owner[numbers[inside]], return_index=True)
        own = cosines[inside][first]
        order = np.lexsort((documents, -own))[:pool]
        if complete or (len(order) == pool and pool and cosines[-1] < own[order[-1]]):
            return documents[order]
        return None

    def _scored(self, query: Query, ids: Ids, words: Scores) -> Candidates:
        counts, hollow = self._piece_counts[ids], self._hollow[ids]
        wholes = np.zeros((len(ids), 1 if query.vector is None else len(query.vector)), np.float32)
        pieces, cosines = NONE, np.zeros(0, np.float32)
        if query.vector is not None and counts.any():
            pieces = self._pieces_of(ids)
            vectors = self.vectors.vectors(pieces)
            cosines = cosines_with(query.vector, vectors)
            wholes[counts > 0] = vectors[(np.cumsum(counts) - counts)[counts > 0]]
            # Of boilerplate alone nothing has a meaning.
            wholes[hollow] = 0
        near = nearness(cosines, self._role[pieces], counts, hollow)
        names = believed(self.languages(), self._languages)
        return Candidates(
            ids,
            near.nearness,
            words,
            near.passages,
            HeldWholes(wholes),
            names[self._language[ids]],
        )
