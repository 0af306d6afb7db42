"""Documents of one kind in memory: their vectors and their words, searched together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from similarity.index import arrays
from similarity.index.bm25 import Mask, Scores, WordIndex, grown
from similarity.index.boilerplate import SentenceIndex, boilerplate_of, content
from similarity.index.centring import centred
from similarity.index.documents import PieceRole, Sentence
from similarity.index.facets import FacetIndex, Facts
from similarity.index.language import common_languages
from similarity.index.queries import POOL, Candidates, Query, Scope
from similarity.index.vectors import SAMPLE, Ids, VectorIndex, Vectors, list_count
from similarity.scoring import Facets

# How many deals are candidates because of their facets, whatever their text says.
FACET_CANDIDATES = 100
# A query has at most this many terms, those that tell the most.
QUERY_TERMS = 64
# The share of each role in the nearness of a document. A role that no piece has counts as the
# whole does, so that short documents are neither favoured nor disadvantaged.
ROLE_SHARE = {PieceRole.WHOLE: 0.4, PieceRole.TITLE: 0.3, PieceRole.PASSAGE: 0.3}
NONE: Ids = np.empty(0, np.int64)


@dataclass(frozen=True)
class Entry:
    """A document as it is put into a collection."""

    id: int
    language: str
    # The terms outside of its sentences.
    terms: Sequence[str]
    # The `PieceRole` of each piece.
    roles: Sequence[int]
    # The vectors of the pieces, shape (n, dimension); empty where no model has read them.
    vectors: Vectors
    # Whether it counts in the statistics. A confidential document is only found.
    counted: bool = True
    # The facets of a deal; None for all other kinds.
    facts: Facts | None = None
    # Those that are boilerplate say nothing.
    sentences: Sequence[Sentence] = ()


class Collection:
    """Documents by the id of their subject.

    Vectors are centred: `mean`, which the caller stores, is subtracted from every vector before
    it is compared. What all documents of a record have in common distinguishes none of them (the
    first step of Mu & Viswanath, "All-but-the-Top", 2018).

    Each piece of a document has a number, which is the id of its vector; the pieces of one
    document have consecutive numbers. Arrays by id are as long as the greatest id.
    """

    def __init__(
        self,
        mean: Vectors | None = None,
        means: Mapping[str, Vectors] | None = None,
        scale: tuple[float, float] | None = None,
    ) -> None:
        self.mean = mean
        # By language, in place of `mean`.
        self.means = dict(means or {})
        # The nearness that counts as none and as full agreement in meaning; None for 0 and 1 in a
        # record whose mean is its own, where only the order means something.
        self.scale = scale
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

    def centred(self, vectors: Vectors, language: str = "") -> Vectors:
        """Unit vectors of texts in a language, centred by its mean."""
        return centred(vectors, self.means.get(language, self.mean))

    def put(self, entries: Sequence[Entry]) -> None:
        """Add or replace documents."""
        # Where an id occurs twice, the last entry wins.
        entries = list({entry.id: entry for entry in entries}.values())
        if not entries:
            return
        self.remove([entry.id for entry in entries])
        for entry in entries:
            prints = {each for sentence in entry.sentences for each in sentence.fingerprints}
            account = entry.facts.account_id if entry.facts else None
            self.sentences.put(entry.id, prints, account, counted=entry.counted)
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
            said = [
                each
                for each in entry.sentences
                if not self.sentences.is_boilerplate(each.fingerprints)
            ]
            terms = [*entry.terms, *(term for sentence in said for term in sentence.terms)]
            documents.append((entry.id, terms, entry.counted))
            had_meaning = any(each.meant and each.terms for each in entry.sentences)
            has_meaning = any(each.meant and each.terms for each in said)
            self._hollow[entry.id] = had_meaning and not has_meaning
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

    def content(self, text: str) -> str:
        """A text without the sentences that are boilerplate among the documents."""
        return content(text, self.sentences.is_boilerplate)

    def boilerplate_of(self, text: str) -> list[str]:
        """The sentences of a text that are boilerplate among the documents."""
        return boilerplate_of(text, self.sentences.is_boilerplate)

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

    def query(self, terms: Sequence[str], vector: Vectors | None) -> Query:
        """A query of stemmed terms and a centred vector; of a long text only the terms with the
        greatest weight are used."""
        counts = Counter(terms)
        known, secret = [], []
        for term in counts:
            in_counted, in_all = self.words.holders(term)
            if in_counted:
                known.append(term)
            elif in_all:
                secret.append(term)
        known.sort(key=lambda term: (-counts[term] * self.words.rarity(term), term))
        # Terms that only confidential documents have are added and never displace another term,
        # so that no ranking reveals them.
        asked = [*known[:QUERY_TERMS], *sorted(secret)]
        return Query(
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
        """The nearest documents by vectors and by words, at most `pool` of each, scored by both.

        With `allowed` only those documents are searched; `hidden` documents never are. Deals that
        share the most of the facets in `sharing` are candidates, too, whatever their text says.
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
        besides: Ids = NONE,
    ) -> list[Candidates]:
        """The candidates of several scopes, in little more time than the widest takes alone."""
        besides = besides[besides < len(self._piece_counts)]
        permitted = [self._permitted(scope.allowed, hidden) for scope in scopes]
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
        if scope.allowed is None:
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
                # that is not among the results is farther away than they are.
                documents = self._first_of(numbers, cosines, mask, pool, complete)
                if documents is not None:
                    nearest[row] = documents
                    break
                count *= 2
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
        nearness = np.zeros(len(ids), np.float32)
        passages = np.full(len(ids), -1, np.int64)
        wholes = np.zeros((len(ids), self.vectors.dimension), np.float32)
        counts = self._piece_counts[ids]
        read = np.flatnonzero(counts)
        if query.vector is not None and len(read):
            pieces = self._pieces_of(ids)
            vectors = self.vectors.vectors(pieces)
            # Unlike a matrix product, einsum starts no threads, which would wait for each other.
            cosines = np.einsum("ij,j->i", vectors, query.vector)
            roles = self._role[pieces]
            starts = np.cumsum(counts[read]) - counts[read]
            wholes[read] = vectors[starts]
            whole = cosines[starts]
            near = {role: _greatest(cosines, roles == role, starts) for role in ROLE_SHARE}
            near[PieceRole.WHOLE] = whole
            nearness[read] = sum(
                share * np.where(np.isfinite(near[role]), near[role], whole)
                for role, share in ROLE_SHARE.items()
            )
            # Where the prose is boilerplate, only the title has a meaning.
            hollow = self._hollow[ids[read]]
            title = near[PieceRole.TITLE]
            nearness[read[hollow]] = np.where(np.isfinite(title), title, 0.0)[hollow]
            wholes[read[hollow]] = 0
            # Passages are numbered from the first one; among equally near ones the first wins.
            place = np.arange(len(pieces))
            is_passage = roles == PieceRole.PASSAGE
            is_nearest = is_passage & (cosines == np.repeat(near[PieceRole.PASSAGE], counts[read]))
            first, nearest = (
                np.minimum.reduceat(np.where(mask, place, len(pieces)), starts)
                for mask in (is_passage, is_nearest)
            )
            passages[read] = np.where(first < len(pieces), nearest - first, -1)
        common = common_languages(self.languages())
        names = np.array([code if code in common else "" for code in self._languages])
        return Candidates(ids, nearness, words, passages, wholes, names[self._language[ids]])


def _greatest(values: Scores, mask: Mask, starts: Ids) -> Scores:
    """The greatest value under `mask` in each segment that begins at `starts`; -inf without one."""
    return np.asarray(np.maximum.reduceat(np.where(mask, values, -np.inf), starts), np.float32)
