"""Full text: words stemmed in the text's own language, scored by BM25.

The words of every document are rows of the database, like the vectors; this index over them
is a cache in memory, like FAISS. It is the same on both databases, a filter is a mask on it,
and its statistics leave confidential documents out, so that no score can give one away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class _Segment:
    """The postings of some slots: term (as a row of the vocabulary), slot and count, sorted."""

    rows: NDArray[np.int32]
    slots: NDArray[np.int32]
    counts: NDArray[np.uint16]

    def of(self, row: int) -> slice:
        start, end = np.searchsorted(self.rows, (row, row + 1))
        return slice(int(start), int(end))


class WordIndex:
    """BM25 over documents that are given as stemmed terms.

    Each document has a slot; that of a removed one is dead until `compact`. Documents that
    come together make a segment, and segments of like size are merged, so that adding stays
    cheap and a search looks at few of them.
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
        self._segments: list[_Segment] = []
        # How many documents count, and their mean length; None after a change.
        self._statistics: tuple[int, float] | None = None
        self._holders: dict[str, tuple[int, int]] = {}

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

    @property
    def counted(self) -> Mask:
        """Which slots hold a document that counts in the statistics."""
        return self._counted[: self._used]

    def slots(self, ids: Ids) -> Ids:
        """The slots of these documents, those that have one."""
        found = (self._slot_of.get(int(each), -1) for each in ids)
        return np.fromiter((slot for slot in found if slot >= 0), np.int64)

    def put(self, document: int, terms: Sequence[str], *, counted: bool = True) -> None:
        """Add or replace a document; one that is not `counted` changes no other's score."""
        self.put_all([(document, terms, counted)])

    def put_all(self, documents: Sequence[tuple[int, Sequence[str], bool]]) -> None:
        """Add or replace documents: (id, terms, whether it counts in the statistics)."""
        # Of an id that is given twice the last one holds.
        latest = {document: (terms, counted) for document, terms, counted in documents}
        for document in latest:
            self.remove(document)
        first = self._used
        self._used += len(latest)
        if self._used > len(self._ids):
            self._grow(max(1024, 2 * self._used))
        row = self._row
        rows: list[int] = []
        lengths = []
        for slot, (document, (terms, _)) in enumerate(latest.items(), start=first):
            self._slot_of[document] = slot
            rows += [row.setdefault(term, len(row)) for term in terms]
            lengths.append(len(terms))
        new = slice(first, self._used)
        self._ids[new] = list(latest)
        self._lengths[new] = lengths
        self._alive[new] = True
        self._counted[new] = [counted for _, counted in latest.values()]
        slots = np.repeat(np.arange(first, self._used, dtype=np.int64), lengths)
        pairs, counts = np.unique(np.array(rows, np.int64) << 32 | slots, return_counts=True)
        self._segments.append(
            _Segment(
                (pairs >> 32).astype(np.int32),
                (pairs & 0xFFFFFFFF).astype(np.int32),
                np.minimum(counts, 65_535).astype(np.uint16),
            )
        )
        while len(self._segments) > 1 and len(self._segments[-2].rows) < 4 * len(
            self._segments[-1].rows
        ):
            self._segments[-2:] = [_merged(self._segments[-2:])]
        self._forget_statistics()

    def remove(self, document: int) -> None:
        """Forget a document; one that is not held is passed over."""
        slot = self._slot_of.pop(document, None)
        if slot is not None:
            self._alive[slot] = self._counted[slot] = False
            self._forget_statistics()

    def settle(self) -> None:
        """Compact where there are so many dead slots that they cost."""
        if self._used - len(self) > 1024 + len(self) // 4:
            self.compact()

    def search(self, query: Mapping[str, float]) -> Scores:
        """The BM25 score of every slot for a query of terms with their weights."""
        scores = np.zeros(self._used, np.float32)
        norm = self._norm(self._lengths[: self._used])
        for term, weight in query.items():
            factor = np.float32(weight * self.rarity(term) * (K1 + 1))
            for slots, counts in self._parts(term):
                scores[slots] += factor * counts / (counts + norm[slots])
        scores[~self.alive] = 0
        return scores

    def gain(self, document: int, terms: Iterable[str]) -> dict[str, float]:
        """What each of these terms adds to the score of one document."""
        slot = self._slot_of.get(document)
        if slot is None:
            return {}
        norm = float(self._norm(self._lengths[slot]))
        found = {}
        for term in terms:
            for slots, counts in self._parts(term):
                # Slots ascend within a term.
                at = int(np.searchsorted(slots, slot))
                if at < len(slots) and slots[at] == slot:
                    count = float(counts[at])
                    found[term] = self.rarity(term) * count * (K1 + 1) / (count + norm)
        return found

    def holders(self, term: str) -> tuple[int, int]:
        """How many documents have this term: of those that count, and of all."""
        if term not in self._holders:
            slots = [slots for slots, _ in self._parts(term)]
            self._holders[term] = (
                sum(int(np.count_nonzero(self._counted[part])) for part in slots),
                sum(int(np.count_nonzero(self._alive[part])) for part in slots),
            )
        return self._holders[term]

    def rarity(self, term: str) -> float:
        """The inverse document frequency of a term among the documents that count."""
        total, _ = self._current_statistics()
        holders, _ = self.holders(term)
        return float(np.log1p((total - holders + 0.5) / (holders + 0.5)))

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
        """Make one segment of all and drop the dead slots."""
        keep = np.flatnonzero(self.alive)
        new_slot = np.full(self._used, -1, np.int32)
        new_slot[keep] = np.arange(len(keep), dtype=np.int32)
        whole = _merged(self._segments)
        slots = new_slot[whole.slots]
        held = slots >= 0
        # Terms that no document has any more lose their row.
        used, rows = np.unique(whole.rows[held], return_inverse=True)
        terms = list(self._row)
        self._row = {terms[old]: new for new, old in enumerate(used.tolist())}
        self._segments = [_Segment(rows.astype(np.int32), slots[held], whole.counts[held])]
        self._ids, self._lengths = self._ids[keep], self._lengths[keep]
        self._alive, self._counted = self._alive[keep], self._counted[keep]
        self._used = len(keep)
        self._slot_of = {document: slot for slot, document in enumerate(self._ids.tolist())}

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
                rows=self._segments[0].rows,
                slots=self._segments[0].slots,
                counts=self._segments[0].counts,
            )

    @classmethod
    def load(cls, path: Path) -> "WordIndex":
        """Read an index that `save` wrote. Damage is not always noticed: check a sum first."""
        index = cls()
        with np.load(path, allow_pickle=False) as arrays:
            index._ids, index._lengths = arrays["ids"], arrays["lengths"]
            index._counted = arrays["counted"]
            index._segments = [_Segment(arrays["rows"], arrays["slots"], arrays["counts"])]
            terms = arrays["terms"].tobytes().decode()
        index._used = len(index._ids)
        index._alive = np.ones(index._used, bool)
        index._slot_of = {document: slot for slot, document in enumerate(index._ids.tolist())}
        index._row = {term: row for row, term in enumerate(terms.split("\n") if terms else ())}
        return index

    def _parts(self, term: str) -> list[Postings]:
        """The postings of a term, segment by segment."""
        row = self._row.get(term)
        if row is None:
            return []
        held = ((segment, segment.of(row)) for segment in self._segments)
        return [
            (segment.slots[part], segment.counts[part].astype(np.float32)) for segment, part in held
        ]

    def _norm(self, lengths: Any) -> Any:
        return K1 * (1 - B + B * lengths / np.float32(self._average_length()))

    def _forget_statistics(self) -> None:
        self._statistics = None
        self._holders.clear()

    def _average_length(self) -> float:
        _, average = self._current_statistics()
        return average

    def _current_statistics(self) -> tuple[int, float]:
        if self._statistics is None:
            lengths = self._lengths[: self._used][self._counted[: self._used]]
            # In double precision the sum is exact: the same in whatever order they came.
            average = float(lengths.mean(dtype=np.float64)) if lengths.any() else 1.0
            self._statistics = len(lengths), average
        return self._statistics

    def _grow(self, size: int) -> None:
        for name in ("_ids", "_lengths", "_alive", "_counted"):
            old = getattr(self, name)
            new = np.zeros(size, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)


def _merged(segments: Sequence[_Segment]) -> _Segment:
    rows = np.concatenate([np.empty(0, np.int32), *(each.rows for each in segments)])
    slots = np.concatenate([np.empty(0, np.int32), *(each.slots for each in segments)])
    counts = np.concatenate([np.empty(0, np.uint16), *(each.counts for each in segments)])
    order = np.argsort(rows, kind="stable")
    return _Segment(rows[order], slots[order], counts[order])
