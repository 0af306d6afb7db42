"""Full text: words stemmed in the text's own language, scored by BM25.

The words of every document are rows of the database, like the vectors; this index over them
is a cache in memory, like FAISS. It is the same on both databases, a filter is a mask on it,
and its statistics leave confidential documents out, so that no score can give one away.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
K1 = 1.2
B = 0.75
# So many of a query's terms make a full match: nothing matches all words of a long text.
FULL = 16

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Scores = NDArray[np.float32]
# The slots that a term occurs in, and how often in each.
Postings = tuple[NDArray[np.int32], NDArray[np.float32]]


class WordIndex:
    """BM25 over documents that are given as stemmed terms.

    Each document has a slot. Base arrays hold the postings of most slots, term by term;
    documents that came later are in short lists until `compact` folds them in. The slot of a
    removed document is dead until then.
    """

    def __init__(self) -> None:
        self._slot_of: dict[int, int] = {}
        self._ids: Ids = np.empty(0, np.int64)
        self._lengths: Scores = np.empty(0, np.float32)
        self._alive: Mask = np.empty(0, bool)
        # Which documents count in the statistics.
        self._counted: Mask = np.empty(0, bool)
        self._used = 0
        self._row: dict[str, int] = {}
        self._starts: Ids = np.zeros(1, np.int64)
        self._base_slots: NDArray[np.int32] = np.empty(0, np.int32)
        self._base_counts: NDArray[np.uint16] = np.empty(0, np.uint16)
        self._fresh: dict[str, list[tuple[int, int]]] = {}
        self._fresh_documents = 0
        # How many documents count, and their mean length; None after a change.
        self._statistics: tuple[int, float] | None = None

    def __len__(self) -> int:
        return len(self._slot_of)

    @property
    def ids(self) -> Ids:
        """The document in each slot; a dead slot has the one that it had."""
        return self._ids[: self._used]

    @property
    def alive(self) -> Mask:
        """Which slots hold a document."""
        return self._alive[: self._used]

    def slots(self, ids: Ids) -> Ids:
        """The slots of these documents, those that have one."""
        found = (self._slot_of.get(int(each), -1) for each in ids)
        return np.fromiter((slot for slot in found if slot >= 0), np.int64)

    def put(self, document: int, terms: Iterable[str], *, counted: bool = True) -> None:
        """Add or replace a document; one that is not `counted` changes no other's score."""
        self.remove(document)
        counts = Counter(terms)
        slot = self._used
        if slot == len(self._ids):
            self._grow(max(1024, 2 * slot))
        self._ids[slot] = document
        self._lengths[slot] = counts.total()
        self._alive[slot] = True
        self._counted[slot] = counted
        self._slot_of[document] = slot
        self._used += 1
        for term, count in counts.items():
            self._fresh.setdefault(term, []).append((slot, min(count, 65_535)))
        self._fresh_documents += 1
        self._statistics = None

    def remove(self, document: int) -> None:
        """Forget a document; one that is not held is passed over."""
        slot = self._slot_of.pop(document, None)
        if slot is not None:
            self._alive[slot] = self._counted[slot] = False
            self._statistics = None

    def settle(self) -> None:
        """Compact where enough has changed since the last time to be worth it."""
        if self._fresh_documents + self._used - len(self) > 1024 + len(self) // 8:
            self.compact()

    def search(self, query: Mapping[str, float]) -> Scores:
        """The BM25 score of every slot for a query of terms with their weights."""
        scores = np.zeros(self._used, np.float32)
        for term, weight in query.items():
            slots, gains = self._gains(term)
            scores[slots] += np.float32(weight) * gains
        scores[~self.alive] = 0
        return scores

    def gain(self, document: int, terms: Iterable[str]) -> dict[str, float]:
        """What each of these terms adds to the score of one document."""
        slot = self._slot_of.get(document)
        found = {}
        for term in terms:
            slots, gains = self._gains(term)
            if len(at := np.flatnonzero(slots == slot)):
                found[term] = float(gains[at[0]])
        return found

    def knows(self, term: str) -> bool:
        """Whether any document has or had this term."""
        return term in self._row or term in self._fresh

    def rarity(self, term: str) -> float:
        """The inverse document frequency of a term among the documents that count."""
        slots, _ = self._postings(term)
        return self._rarity(int(np.count_nonzero(self._counted[slots])))

    def full_score(self, query: Mapping[str, float]) -> float:
        """What a full match earns: the score of the query's FULL weightiest terms against
        the query itself. It is the yardstick that makes scores of queries comparable."""
        norm = K1 * (1 - B + B * sum(query.values()) / self._average_length())
        gains = (
            count * self.rarity(term) * count * (K1 + 1) / (count + norm)
            for term, count in query.items()
        )
        return sum(sorted(gains, reverse=True)[:FULL])

    def compact(self) -> None:
        """Fold the later documents into the base arrays and drop the dead slots."""
        keep = np.flatnonzero(self.alive)
        new_slot = np.full(self._used + 1, -1, np.int32)
        new_slot[keep] = np.arange(len(keep), dtype=np.int32)
        for term in self._fresh:
            self._row.setdefault(term, len(self._row))
        fresh = [
            (self._row[term], slot, count)
            for term, postings in self._fresh.items()
            for slot, count in postings
        ]
        later = np.array(fresh, np.int64).reshape(-1, 3)
        rows = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))
        rows = np.concatenate([rows, later[:, 0]])
        slots = new_slot[np.concatenate([self._base_slots, later[:, 1]])]
        counts = np.concatenate([self._base_counts, later[:, 2].astype(np.uint16)])
        held = np.flatnonzero(slots >= 0)
        held = held[np.argsort(rows[held], kind="stable")]
        self._base_slots, self._base_counts = slots[held], counts[held]
        sizes = np.bincount(rows[held], minlength=len(self._row))
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._ids, self._lengths = self._ids[keep], self._lengths[keep]
        self._alive, self._counted = self._alive[keep], self._counted[keep]
        self._used = len(keep)
        self._slot_of = {int(document): slot for slot, document in enumerate(self._ids)}
        self._fresh, self._fresh_documents = {}, 0

    def save(self, path: Path) -> None:
        """Write the index to a file (numpy's .npz, without pickles)."""
        self.compact()
        with path.open("wb") as file:
            np.savez(
                file,
                ids=self._ids,
                lengths=self._lengths,
                counted=self._counted,
                terms=np.frombuffer("\n".join(self._row).encode(), np.uint8),
                starts=self._starts,
                slots=self._base_slots,
                counts=self._base_counts,
            )

    @classmethod
    def load(cls, path: Path) -> "WordIndex":
        """Read an index that `save` wrote. Damage is not always noticed: check a sum first."""
        index = cls()
        with np.load(path, allow_pickle=False) as arrays:
            index._ids, index._lengths = arrays["ids"], arrays["lengths"]
            index._counted = arrays["counted"]
            index._starts = arrays["starts"]
            index._base_slots, index._base_counts = arrays["slots"], arrays["counts"]
            terms = arrays["terms"].tobytes().decode()
        index._used = len(index._ids)
        index._alive = np.ones(index._used, bool)
        index._slot_of = {int(document): slot for slot, document in enumerate(index._ids)}
        index._row = {term: row for row, term in enumerate(terms.split("\n") if terms else ())}
        return index

    def _gains(self, term: str) -> Postings:
        slots, counts = self._postings(term)
        norm = K1 * (1 - B + B * self._lengths[slots] / self._average_length())
        rarity = self._rarity(int(np.count_nonzero(self._counted[slots])))
        return slots, (rarity * counts * (K1 + 1) / (counts + norm)).astype(np.float32)

    def _postings(self, term: str) -> Postings:
        fresh = np.array(self._fresh.get(term, ()), np.int32).reshape(-1, 2)
        slots, counts = fresh[:, 0], fresh[:, 1].astype(np.float32)
        row = self._row.get(term)
        if row is not None:
            held = slice(self._starts[row], self._starts[row + 1])
            slots = np.concatenate([self._base_slots[held], slots])
            counts = np.concatenate([self._base_counts[held].astype(np.float32), counts])
        return slots, counts

    def _rarity(self, holders: int) -> float:
        total, _ = self._current_statistics()
        return float(np.log1p((total - holders + 0.5) / (holders + 0.5)))

    def _average_length(self) -> float:
        _, average = self._current_statistics()
        return average

    def _current_statistics(self) -> tuple[int, float]:
        if self._statistics is None:
            lengths = self._lengths[: self._used][self._counted[: self._used]]
            average = float(lengths.mean()) if lengths.any() else 1.0
            self._statistics = len(lengths), average
        return self._statistics

    def _grow(self, size: int) -> None:
        for name in ("_ids", "_lengths", "_alive", "_counted"):
            old = getattr(self, name)
            new = np.zeros(size, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
