"""Boilerplate: sentences that many documents share word by word, such as disclaimers, signatures
and the labels of templates. They tell nothing about a document."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similarity.index.bm25 import grown

# A sentence of fewer words is compared together with its neighbours: 'Data warehouse.' is content.
LEAST_WORDS = 4
# A sentence is boilerplate if at least so many of the documents of a kind hold it, and this share.
LEAST_HOLDERS = 3
LEAST_SHARE = 0.01
# The most sentences of a document that are compared: longer texts are pasted material.
MAX_SENTENCES = 400
# Sentences are counted by a fingerprint of so many bits. Two of 10,000 sentences that have the
# same one change hardly any count.
BITS = 22

Ids = NDArray[np.int64]
# Whether a sentence with these fingerprints is boilerplate.
IsBoilerplate = Callable[[Collection[int]], bool]

_BREAK = re.compile(r"(?<=[.!?…])\s+|\n+")
# A label at the start of a line or sentence, as templates of notes have them: 'Decision maker:'.
_LABEL = re.compile(r"\s*[^\W\d][^\W]*+(?:[ /-][^\W]++){0,2}:(?=\s|$)")
_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"\d+")


def sentences(text: str) -> list[str]:
    """The sentences and labels of a text; the last one has whatever is beyond MAX_SENTENCES."""
    parts: list[str] = []
    at = 0
    while at < len(text) and len(parts) < MAX_SENTENCES:
        label = _LABEL.match(text, at)
        if label:
            end = following = label.end()
        else:
            found = _BREAK.search(text, at)
            end, following = found.span() if found else (len(text), len(text))
        if text[at:end].strip():
            parts.append(text[at:end].strip())
        at = following
    rest = text[at:].strip()
    return [*parts, rest] if rest else parts


def fingerprints(parts: Sequence[str]) -> list[tuple[int, ...]]:
    """The fingerprints of each of these sentences of a text, without regard to case, digits,
    spaces and punctuation.

    A sentence of few words has those of the runs of sentences around it that have just enough
    words; a label has those of its pairs with the labels before and after it.
    """
    words = [_DIGITS.sub("0", " ".join(_WORD.findall(part.casefold()))).split() for part in parts]
    labels = [at for at, part in enumerate(parts) if _LABEL.fullmatch(part)]
    found: list[set[int]] = [set() for _ in parts]
    for one, other in pairwise(labels):
        pair = _fingerprint([*words[one], ":", *words[other], ":"])
        found[one].add(pair)
        found[other].add(pair)
    for at in sorted(set(range(len(parts))) - set(labels)):
        for step in (1, -1) if words[at] else ():
            run = _run(words, at, step)
            shared = _fingerprint([word for number in run for word in words[number]])
            for number in run:
                if number == at or len(words[number]) < LEAST_WORDS:
                    found[number].add(shared)
    return [tuple(sorted(each)) for each in found]


def content(text: str, is_boilerplate: IsBoilerplate) -> str:
    """A text without its boilerplate."""
    parts = sentences(text)
    kept = [
        part
        for part, prints in zip(parts, fingerprints(parts), strict=True)
        if not is_boilerplate(prints)
    ]
    return text if len(kept) == len(parts) else " ".join(kept)


def boilerplate_of(text: str, is_boilerplate: IsBoilerplate) -> list[str]:
    """The sentences of a text that are boilerplate."""
    parts = sentences(text)
    return [
        part
        for part, prints in zip(parts, fingerprints(parts), strict=True)
        if is_boilerplate(prints)
    ]


class SentenceIndex:
    """Which documents hold which sentences, and which sentences are boilerplate.

    Only counted documents, those that are not confidential, decide on that; those of one account
    with the same sentences are copies and decide as one. What is boilerplate changes in `settle`
    alone, which says whose content it changes.
    """

    def __init__(self) -> None:
        # By fingerprint: how many counted documents hold it, and whether it is boilerplate.
        self._holders: NDArray[np.uint32] = np.zeros(1 << BITS, np.uint32)
        self._boilerplate: NDArray[np.bool_] = np.zeros(1 << BITS, bool)
        # The fingerprints of all documents, one after the other, with their documents; those of
        # a removed document have none.
        self._prints: NDArray[np.int32] = np.empty(0, np.int32)
        self._owner: Ids = np.empty(0, np.int64)
        self._used = 0
        # By document: where its fingerprints begin and end, whether it counts, and a digest of its
        # account and fingerprints.
        self._place = np.zeros((0, 2), np.int64)
        self._counted: NDArray[np.bool_] = np.empty(0, bool)
        self._digest: Ids = np.empty(0, np.int64)
        # By digest: how many counted documents have it, which are copies of each other.
        self._copies: Counter[int] = Counter()
        # How many holders make boilerplate, and the fingerprints whose holders have changed since.
        self._least = LEAST_HOLDERS
        self._touched: list[NDArray[np.int32]] = []

    def put(
        self, document: int, prints: Collection[int], account: int | None = None, *, counted: bool
    ) -> None:
        """Add or replace a document with the fingerprints of its sentences, and its account."""
        self.remove(document)
        own = np.array(sorted(set(prints)), np.int32)
        if not len(own):
            return
        start, end = self._used, self._used + len(own)
        self._make_room(document + 1, end)
        self._prints[start:end] = own
        self._owner[start:end] = document
        self._place[document], self._counted[document] = (start, end), counted
        self._used = end
        self._digest[document] = digest_of(prints, account, document)
        if counted and self._copied(document, 1) == 1:
            self._holders[own] += 1
            self._touched.append(own)

    def remove(self, document: int) -> None:
        """Remove a document; an unknown id is ignored."""
        if not 0 <= document < len(self._place):
            return
        start, end = self._place[document].tolist()
        self._owner[start:end] = -1
        self._place[document] = 0
        if self._counted[document]:
            self._counted[document] = False
            if not self._copied(document, -1):
                own = self._prints[start:end].copy()
                self._holders[own] -= 1
                self._touched.append(own)

    def is_boilerplate(self, prints: Collection[int]) -> bool:
        """Whether a sentence with these fingerprints is boilerplate."""
        return any(self._boilerplate[each] for each in prints)

    def settle(self, counted: int) -> Ids:
        """Decide again what is boilerplate among `counted` documents; the documents that hold what
        has become boilerplate or is none any more."""
        least = max(LEAST_HOLDERS, math.ceil(LEAST_SHARE * counted))
        if least != self._least:
            known = np.unique(self._prints[: self._used])
        elif self._touched:
            known = np.unique(np.concatenate(self._touched))
        else:
            return np.empty(0, np.int64)
        self._least, self._touched = least, []
        changed = known[(self._holders[known] >= least) != self._boilerplate[known]]
        if not len(changed):
            return np.empty(0, np.int64)
        self._boilerplate[changed] ^= True
        holding = np.isin(self._prints[: self._used], changed) & (self._owner[: self._used] >= 0)
        return np.unique(self._owner[: self._used][holding])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a snapshot keeps, by name."""
        kept = np.flatnonzero(self._owner[: self._used] >= 0)
        return {
            "prints": self._prints[kept],
            "holder": self._owner[kept],
            "holder_counted": self._counted[self._owner[kept]],
            "holder_digest": self._digest[self._owner[kept]],
            "boilerplate": np.flatnonzero(self._boilerplate),
            "least_holders": np.array([self._least]),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[Any]]) -> "SentenceIndex":
        """The index whose `arrays` these are."""
        index = cls()
        index._prints, index._owner = stored["prints"], stored["holder"]
        index._used = len(index._prints)
        counted = stored["holder_counted"]
        index._boilerplate[stored["boilerplate"]] = True
        index._least = int(stored["least_holders"][0])
        index._make_room(int(index._owner.max(initial=-1)) + 1, 0)
        starts = np.flatnonzero(np.diff(index._owner, prepend=-1))
        owners = index._owner[starts]
        index._place[owners, 0] = starts
        index._place[owners, 1] = np.append(starts[1:], index._used)
        index._counted[index._owner] = counted
        index._digest[index._owner] = stored["holder_digest"]
        for document in owners[counted[starts]].tolist():
            if index._copied(document, 1) == 1:
                start, end = index._place[document].tolist()
                index._holders[index._prints[start:end]] += 1
        return index

    def _copied(self, document: int, more: int) -> int:
        """Count so many more copies of a document; how many there are then."""
        digest = int(self._digest[document])
        self._copies[digest] += more
        return self._copies[digest]

    def _make_room(self, documents: int, prints: int) -> None:
        """Make room for ids below `documents`, and for this many fingerprints."""
        if documents > len(self._place):
            more = 2 * documents - len(self._place)
            self._place = np.concatenate([self._place, np.zeros((more, 2), np.int64)])
            self._counted = grown(self._counted, 2 * documents)
            self._digest = grown(self._digest, 2 * documents)
        if prints > len(self._prints):
            self._prints = grown(self._prints, 2 * prints)
            self._owner = grown(self._owner, 2 * prints, -1)


def digest_of(prints: Collection[int], account: int | None, document: int) -> int:
    """A digest of fingerprints and of the account, or without one of the document, that holds
    them: a signed number of 64 bits."""
    own = np.array(sorted(set(prints)), np.int32)
    holder = -document if account is None else account
    digest = hashlib.blake2b(b"%d " % holder + own.tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _run(words: Sequence[list[str]], at: int, step: int) -> list[int]:
    """The numbers, ascending, of the fewest sentences from `at` on, or with a step of -1 up to it,
    that have enough words; empty if the next sentences have too few."""
    total = 0
    for number in range(at, at + step * LEAST_WORDS, step):
        if not 0 <= number < len(words):
            return []
        total += len(words[number])
        if total >= LEAST_WORDS:
            return sorted(range(at, number + step, step))
    return []


def _fingerprint(words: Sequence[str]) -> int:
    digest = hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, "big") & ((1 << BITS) - 1)
