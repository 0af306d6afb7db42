"""Likely duplicates among made-up people at companies, three in a hundred of them entered twice.

Names follow Zipf's law, as people's do: a few given names and surnames are those of many.
"""

import resource
import time
from collections.abc import Iterator, Sequence

import numpy as np

from workspace.duplicates.matching import Record, likely_duplicates

SYLLABLES = (
    *("ba", "ce", "do", "fi", "gu", "ha", "je", "ko", "li", "mu", "na", "pe", "ro", "si", "tu"),
    *("va", "we", "zo", "ny", "sta", "kri", "mar", "lin", "der", "ol", "an", "et"),
)
TWICE = 0.03
# How far down the frequencies of names are nearly the same.
_FLAT = 10


def run(sizes: Sequence[int]) -> Iterator[dict[str, object]]:
    """Seconds, memory, and how well the second copies are found, for each number of people."""
    for size in sizes:
        records, true = made(size)
        began = time.process_time()
        found = {frozenset((pair.one, pair.other)) for pair in likely_duplicates(records)}
        seconds = time.process_time() - began
        right = len(found & true)
        yield {
            "people": size,
            "seconds of the processor": round(seconds, 1),
            "pairs": len(found),
            "precision": round(right / max(1, len(found)), 3),
            "recall": round(right / len(true), 3),
            "highest memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def made(size: int) -> tuple[list[Record], set[frozenset[str]]]:
    """People with employers, towns and e-mail addresses, and which two are one."""
    random = np.random.default_rng(11)
    given = _words(random, 1_500)
    surnames = _words(random, max(2_000, size // 8))
    employers = [
        f"{a} {b}"
        for a, b in zip(_words(random, size // 20), _words(random, size // 20), strict=True)
    ]
    towns = _words(random, 500)
    records: list[Record] = []
    true: set[frozenset[str]] = set()
    for number in range(size):
        if records and random.random() < TWICE:
            before = records[int(random.integers(len(records)))]
            records.append(_copy(random, before, str(number)))
            true.add(frozenset((before.id, str(number))))
            continue
        name = f"{_one(random, given)} {_one(random, surnames)}".title()
        employer = employers[int(random.integers(len(employers)))]
        email = f"{name.lower().replace(' ', '.')}@{employer.replace(' ', '')}.example"
        records.append(
            Record(
                str(number),
                (name,),
                person=True,
                emails=frozenset([email]) if random.random() < 0.7 else frozenset(),
                town=_one(random, towns).title(),
                employer=employer.title(),
            )
        )
    return records, _closed(true)


def _copy(random: np.random.Generator, before: Record, row_id: str) -> Record:
    """A person as a colleague has entered them: a letter less, or an initial; no address."""
    [name] = before.names
    first, last = name.split()
    place = 1 + int(random.integers(max(1, len(last) - 2)))
    spelt = (
        f"{first[0]}. {last}",
        f"{first} {last[:place]}{last[place + 1 :]}",
        f"{last}, {first}",
    )
    chosen = spelt[int(random.integers(3))] if "." not in name and "," not in name else name
    return Record(row_id, (chosen,), person=True, town=before.town, employer=before.employer)


def _closed(pairs: set[frozenset[str]]) -> set[frozenset[str]]:
    """The pairs with those that follow from them: the copy of a copy is one with the first."""
    groups: dict[str, set[str]] = {}
    for pair in pairs:
        one, other = pair
        whole = groups.get(one, {one}) | groups.get(other, {other})
        for row_id in whole:
            groups[row_id] = whole
    return {
        frozenset((one, other))
        for group in groups.values()
        for one in group
        for other in group
        if one < other
    }


def _words(random: np.random.Generator, count: int) -> list[str]:
    lengths = random.integers(2, 5, count)
    return ["".join(random.choice(SYLLABLES, length)) for length in lengths]


def _one(random: np.random.Generator, words: Sequence[str]) -> str:
    """A word, the first ones more often than the last: the first is every fiftieth or so."""
    ranks = np.exp(random.random() * np.log((len(words) + _FLAT) / _FLAT)) * _FLAT - _FLAT
    return words[min(int(ranks), len(words) - 1)]
