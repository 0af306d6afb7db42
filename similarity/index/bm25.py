"""Full-text search by BM25 over stems.

The database owns the stems of every document; this index is a cache of them in memory. It
answers the same on both databases, takes a filter as a mask, and leaves confidential documents
out of its statistics, so that no score reveals one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similarity.index import arrays
from similarity.index.relevance import SPARE, Content, Relevance, Scores

# A query looks for its best documents in at most this many postings, those of its rarest terms.
# Where it has more, as in a large record, its commonest terms find nothing and only score.
POSTINGS = 300_000
# How many scores are compared at a time for their maximum.
GROUP = 128

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
# The slots that a term occurs in, and how often in each.
Postings = tuple[Ids, Scores]


@dataclass(frozen=True)
class _Segment:
    """The postings of some slots, sorted by term and slot.

    `rows` has the terms, as rows of the vocabulary; `starts` has where the slots of each begin,
    and where the last ones end.
    """

    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    slots: NDArray[np.int32]
    counts: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.slots)

    def of(self, row: int) -> slice:
        # A number of the same type: for a plain one, all rows would be copied into another type.
        at = int(self.rows.searchsorted(np.int32(row)))
        if at == len(self.rows) or self.rows[at] != row:
            return slice(0, 0)
        return slice(int(self.starts[at]), int(self.starts[at + 1]))


class WordIndex(Relevance):
    """BM25 over documents that are put as stemmed terms.

    Arrays by id are as long as the greatest id. Each document has a slot; the slot of a removed
    document is dead until `compact`. Documents that are put together form a segment, and
    segments of similar size are merged, so that adding stays cheap and a search reads few of
    them. Each slot's terms are also stored by slot, to score one document, and to take a removed
    document out of the statistics.
    """

    def __init__(self) -> None:
        self._slot_of: NDArray[np.int32] = np.empty(0, np.int32)
        self._ids: Ids = np.empty(0, np.int64)
        self._lengths: Scores = np.empty(0, np.float32)
        self._alive: Mask = np.empty(0, bool)
        # Which documents count in the statistics.
        self._counted: Mask = np.empty(0, bool)
        # Where the terms of each slot end.
        self._ends: Ids = np.empty(0, np.int64)
        # How many slots are in use, dead ones included, and how many documents there are.
        self._used = 0
        self._size = 0
        # The terms of every slot, one slot after the other, and how often each occurs.
        self._own_rows: NDArray[np.int32] = np.empty(0, np.int32)
        self._own_counts: NDArray[np.uint16] = np.empty(0, np.uint16)
        self._row = _vocabulary(())
        # See `_terms`.
        self._by_row: list[str] = []
        # How many documents have each term: counted ones, and all.
        self._counted_holders: NDArray[np.int32] = np.empty(0, np.int32)
        self._holders: NDArray[np.int32] = np.empty(0, np.int32)
        # How many counted documents there are, and how many words they have.
        self._total = 0
        self._words = 0
        self._segments: list[_Segment] = []

    def __len__(self) -> int:
        return self._size

    @property
    def total(self) -> int:
        """How many counted documents there are."""
        return self._total

    @property
    def own_average_length(self) -> float:
        """How many words a counted document of its own has on average."""
        return self._words / self._total if self._words else 1.0

    @property
    def ids(self) -> Ids:
        """The document in each slot, or of a dead slot the removed document."""
        return self._ids[: self._used]

    @property
    def alive(self) -> Mask:
        """Which slots have a document."""
        return self._alive[: self._used]

    @property
    def counted(self) -> Mask:
        """Which slots have a document that counts in the statistics."""
        return self._counted[: self._used]

    def slots(self, ids: Ids) -> Ids:
        """The slots of these documents; unknown ids are left out."""
        known = ids[(ids >= 0) & (ids < len(self._slot_of))]
        slots = self._slot_of[known]
        return slots[slots >= 0].astype(np.int64)

    def put(self, document: int, terms: Sequence[str], *, counted: bool = True) -> None:
        """Add or replace a document. If it is not `counted`, no other document's score changes."""
        self.put_all([(document, terms, counted)])

    def put_all(self, documents: Sequence[tuple[int, Sequence[str], bool]]) -> None:
        """Add or replace documents: (id, terms, whether it counts in the statistics)."""
        # Where an id occurs twice, the last document wins.
        latest = {document: (terms, counted) for document, terms, counted in documents}
        if not latest:
            return
        for document in latest:
            self.remove(document)
        first = self._used
        self._used += len(latest)
        self._make_room(max(latest) + 1)
        row = self._row
        rows: list[int] = []
        lengths = []
        for terms, _ in latest.values():
            rows += [row[term] for term in terms]
            lengths.append(len(terms))
        new = slice(first, self._used)
        self._ids[new] = list(latest)
        self._slot_of[self._ids[new]] = np.arange(first, self._used)
        self._lengths[new] = lengths
        self._alive[new] = True
        self._counted[new] = [counted for _, counted in latest.values()]
        slots = np.repeat(np.arange(first, self._used, dtype=np.int64), lengths)
        pairs, counts = np.unique(slots << 32 | np.array(rows, np.int64), return_counts=True)
        slots, term_rows = pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.int32)
        self._add_own(first, slots, term_rows, np.minimum(counts, 65_535).astype(np.uint16))
        self._count(new, term_rows, slots)
        while len(self._segments) > 1 and len(self._segments[-2]) < 4 * len(self._segments[-1]):
            self._segments[-2:] = [_merged(self._segments[-2:])]

    def remove(self, document: int) -> None:
        """Remove a document; an unknown id is ignored."""
        if not 0 <= document < len(self._slot_of) or self._slot_of[document] < 0:
            return
        slot = int(self._slot_of[document])
        self._slot_of[document] = -1
        own = self._own_rows[self._own(slot)]
        self._holders[own] -= 1
        if self._counted[slot]:
            self._counted_holders[own] -= 1
            self._total -= 1
            self._words -= int(self._lengths[slot])
        self._alive[slot] = self._counted[slot] = False
        self._size -= 1

    def settle(self) -> None:
        """Compact the index if many slots are dead."""
        if self._used - len(self) > 1024 + len(self) // 4:
            self.compact()

    def search(self, query: Mapping[str, float]) -> Scores:
        """The BM25 score of every slot for a query of terms with their weights."""
        return self._summed(query) * self.alive

    def best(self, query: Mapping[str, float], count: int, searched: Mask) -> Ids:
        """The at most `count` slots under the mask `searched` that score best, without those that
        score nothing; ties go to the lower ids."""
        return self.best_of_each(query, [(count, searched)])[0]

    def best_of_each(
        self, query: Mapping[str, float], asked: Sequence[tuple[int, Mask]]
    ) -> list[Ids]:
        """The best slots for several counts, each with its own mask."""
        finding_terms = self.finding_terms(query, POSTINGS)
        scores = self._summed(finding_terms)
        best = []
        for turn, (count, searched) in enumerate(asked, start=1):
            own = np.multiply(scores, searched, out=scores if turn == len(asked) else None)
            if len(finding_terms) < len(query):
                slots = self._leading(_contenders(own, SPARE * count), own, SPARE * count)
                own[slots] = self.scores(query, slots)
            else:
                slots = _contenders(own, count)
            best.append(self._leading(slots, own, count))
        return best

    def scores(self, query: Mapping[str, float], slots: Ids) -> Scores:
        """The BM25 scores of these slots, equal to those of `search`."""
        line_of = np.full(len(self._row) + 1, -1, np.int16)
        # An unknown term gets the last row, which no slot has.
        line_of[[self._row.get(term, -1) for term in query]] = np.arange(len(query))
        line_of[-1] = -1
        ends = self._ends[slots]
        sizes = ends - np.where(slots > 0, self._ends[slots - 1], 0)
        at = np.repeat(ends - np.cumsum(sizes), sizes) + np.arange(sizes.sum())
        line = line_of.take(self._own_rows.take(at))
        asked = np.flatnonzero(line >= 0)
        column = np.repeat(np.arange(len(slots)), sizes)
        return self.summed(
            query, line[asked], column[asked], self._own_counts[at[asked]], self._lengths[slots]
        )

    def gain(self, document: int, terms: Iterable[str]) -> dict[str, float]:
        """How much each of these terms adds to the score of one document."""
        slots = self.slots(np.array([document], np.int64))
        if not len(slots):
            return {}
        slot = int(slots[0])
        own = self._own(slot)
        rows, counts = self._own_rows[own].tolist(), self._own_counts[own].tolist()
        count_of = dict(zip(rows, counts, strict=True))
        held = {term: count_of.get(self._row.get(term, -1), 0) for term in terms}
        return self.gains(held, self._lengths[slot])

    def contents(self, documents: Ids) -> list[Content]:
        """The length of each of these documents, and its terms with how often it has each."""
        terms = self._terms()
        found: list[Content] = []
        for slot in self.slots(documents).tolist():
            own = self._own(slot)
            rows, counts = self._own_rows[own].tolist(), self._own_counts[own].tolist()
            held = [(terms[row], count) for row, count in zip(rows, counts, strict=True)]
            found.append((self._lengths[slot], held))
        return found

    def holders(self, term: str) -> tuple[int, int]:
        """How many documents have this term: counted ones, and all (document frequency)."""
        row = self._row.get(term)
        if row is None:
            return 0, 0
        return int(self._counted_holders[row]), int(self._holders[row])

    def compact(self) -> None:
        """Merge all segments, and drop dead slots and unused terms."""
        keep = np.flatnonzero(self.alive)
        new_slot = np.full(self._used, -1, np.int32)
        new_slot[keep] = np.arange(len(keep), dtype=np.int32)
        used = np.flatnonzero(self._holders[: len(self._row)])
        new_row = np.full(len(self._row) + 1, -1, np.int32)
        new_row[used] = np.arange(len(used), dtype=np.int32)
        whole = _merged(self._segments)
        slots = new_slot[whole.slots]
        kept = slots >= 0
        rows = np.repeat(new_row[whole.rows], np.diff(whole.starts))[kept]
        self._segments = [_segment(rows, slots[kept], whole.counts[kept])]
        sizes = np.diff(self._ends[: self._used], prepend=0)
        own = np.repeat(self.alive, sizes)
        total = len(own)
        self._own_rows = new_row[self._own_rows[:total][own]]
        self._own_counts = self._own_counts[:total][own]
        self._ends = np.cumsum(sizes[keep])
        terms = list(self._row)
        self._row = _vocabulary(terms[old] for old in used.tolist())
        self._by_row = []
        self._holders, self._counted_holders = self._holders[used], self._counted_holders[used]
        self._ids, self._lengths = self._ids[keep], self._lengths[keep]
        self._alive, self._counted = self._alive[keep], self._counted[keep]
        self._used = len(keep)
        self._slot_of[self._ids] = np.arange(self._used)

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        self.compact()
        segment = self._segments[0]
        arrays.save(
            path,
            {
                "ids": self._ids,
                "lengths": self._lengths,
                "counted": self._counted,
                "terms": np.frombuffer("\n".join(self._row).encode(), np.uint8),
                "rows": segment.rows,
                "starts": segment.starts,
                "slots": segment.slots,
                "counts": segment.counts,
                "ends": self._ends,
                "own_rows": self._own_rows,
                "own_counts": self._own_counts,
                "holders": self._holders,
                "counted_holders": self._counted_holders,
            },
        )

    @classmethod
    def load(cls, path: Path) -> "WordIndex":
        """Read an index that `save` wrote. Not all damage is noticed: verify a checksum first."""
        index, stored = cls(), arrays.load(path)
        index._ids, index._lengths = stored["ids"], stored["lengths"]
        index._counted, index._ends = stored["counted"], stored["ends"]
        index._own_rows, index._own_counts = stored["own_rows"], stored["own_counts"]
        index._holders, index._counted_holders = stored["holders"], stored["counted_holders"]
        index._segments = [
            _Segment(stored["rows"], stored["starts"], stored["slots"], stored["counts"])
        ]
        terms = stored["terms"].tobytes().decode()
        index._used = index._size = len(index._ids)
        index._alive = np.ones(index._used, bool)
        index._slot_of = np.full(int(index._ids.max(initial=-1)) + 1, -1, np.int32)
        index._slot_of[index._ids] = np.arange(index._used)
        index._total = int(np.count_nonzero(index._counted))
        index._words = int(index._lengths[index._counted].sum(dtype=np.float64))
        index._row = _vocabulary(terms.split("\n") if terms else ())
        return index

    def _summed(self, query: Mapping[str, float]) -> Scores:
        """The sum over the postings of these terms for each slot, dead slots included."""
        scores = np.zeros(self._used, np.float32)
        for term, weight in query.items():
            factor = self.factor(term, weight)
            for slots, counts in self._postings(term):
                gains = factor * counts / (counts + self.norm(self._lengths.take(slots)))
                scores[slots] = scores.take(slots) + gains
        return scores

    def _leading(self, slots: Ids, scores: Scores, count: int) -> Ids:
        """The `count` of these slots with the best scores; ties go to the lower ids."""
        if len(slots) <= count:
            return slots
        own = scores[slots]
        edge = np.partition(own, -count)[-count]
        above, equal = slots[own > edge], slots[own == edge]
        lowest = equal[np.argsort(self._ids[equal])[: count - len(above)]]
        return np.concatenate([above, lowest])

    def _postings(self, term: str) -> list[Postings]:
        """The postings of a term, segment by segment."""
        row = self._row.get(term)
        if row is None:
            return []
        ranges = ((segment, segment.of(row)) for segment in self._segments)
        return [
            (segment.slots[where].astype(np.int64), segment.counts[where].astype(np.float32))
            for segment, where in ranges
        ]

    def _terms(self) -> list[str]:
        """The terms by their rows."""
        if len(self._by_row) != len(self._row):
            self._by_row = list(self._row)
        return self._by_row

    def _own(self, slot: int) -> slice:
        """Where the terms of a slot are in the arrays by slot."""
        return slice(int(self._ends[slot - 1]) if slot else 0, int(self._ends[slot]))

    def _add_own(
        self,
        first: int,
        slots: Ids,
        rows: NDArray[np.int32],
        counts: NDArray[np.uint16],
    ) -> None:
        """Store the postings of the new slots from `first` on, sorted by slot: by slot, and as a
        segment."""
        start = int(self._ends[first - 1]) if first else 0
        sizes = np.bincount(slots - first, minlength=self._used - first)
        self._ends[first : self._used] = start + np.cumsum(sizes)
        end = start + len(rows)
        if end > len(self._own_rows):
            self._own_rows = grown(self._own_rows, 2 * end)
            self._own_counts = grown(self._own_counts, 2 * end)
        self._own_rows[start:end], self._own_counts[start:end] = rows, counts
        order = np.argsort(rows, kind="stable")
        self._segments.append(_segment(rows[order], slots[order].astype(np.int32), counts[order]))

    def _count(self, new: slice, rows: NDArray[np.int32], slots: Ids) -> None:
        """Add new slots with these postings to the statistics."""
        if len(self._row) > len(self._holders):
            self._holders = grown(self._holders, 2 * len(self._row))
            self._counted_holders = grown(self._counted_holders, 2 * len(self._row))
        np.add.at(self._holders, rows, 1)
        np.add.at(self._counted_holders, rows[self._counted[slots]], 1)
        counted = self._counted[new]
        self._total += int(np.count_nonzero(counted))
        self._words += int(self._lengths[new][counted].sum(dtype=np.float64))
        self._size += new.stop - new.start

    def _make_room(self, ids: int) -> None:
        """Make room for all used slots, and for ids below `ids`."""
        if self._used > len(self._ids):
            size = max(1024, 2 * self._used)
            for name in ("_ids", "_lengths", "_alive", "_counted", "_ends"):
                setattr(self, name, grown(getattr(self, name), size))
        if ids > len(self._slot_of):
            self._slot_of = grown(self._slot_of, max(1024, 2 * ids), -1)


def _vocabulary(terms: Iterable[str]) -> defaultdict[str, int]:
    """The rows of these terms, in their order; `[]` adds a term that has none."""
    rows: defaultdict[str, int] = defaultdict()
    rows.update((term, row) for row, term in enumerate(terms))
    rows.default_factory = rows.__len__
    return rows


def _contenders(scores: Scores, count: int) -> Ids:
    """The slots that score at all, and enough to be among the `count` best."""
    # The maxima of more than `count` groups include `count` scores, so no score below the
    # lowest of those can be among the `count` best.
    groups = len(scores) // GROUP
    least = np.float32(0)
    if groups > count:
        peaks = scores[: groups * GROUP].reshape(GROUP, groups).max(axis=0)
        least = np.partition(peaks, -count)[-count]
    return np.flatnonzero(scores >= least if least > 0 else scores > 0)


def grown(old: NDArray[Any], size: int, fill: int = 0) -> NDArray[Any]:
    """A longer array that begins with the old one."""
    # The memory of np.zeros is allocated only when it is written: 0.3 GB less at a million deals.
    new = np.full(size, fill, old.dtype) if fill else np.zeros(size, old.dtype)
    new[: len(old)] = old
    return new


def _segment(
    rows: NDArray[np.int32], slots: NDArray[np.int32], counts: NDArray[np.uint16]
) -> _Segment:
    """A segment of postings that are sorted by row and slot."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return _Segment(rows[starts], np.append(starts, len(rows)), slots, counts)


def _merged(segments: Sequence[_Segment]) -> _Segment:
    rows = np.concatenate(
        [
            np.empty(0, np.int32),
            *(np.repeat(segment.rows, np.diff(segment.starts)) for segment in segments),
        ]
    )
    slots = np.concatenate([np.empty(0, np.int32), *(segment.slots for segment in segments)])
    counts = np.concatenate([np.empty(0, np.uint16), *(segment.counts for segment in segments)])
    order = np.argsort(rows, kind="stable")
    return _segment(rows[order], slots[order], counts[order])
