"""Pure: titles as they are compared, by their words and their level.

A title has a subject and a level: 'Head of data' is about data.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from references.matching import SENIORITY_LEVELS, seniority_level
from similarity.index.language import stems

# The least share of the words of a question that a title has where words alone decide.
LEAST_SHARE = 0.67
# The most likeness of a title that has more words than were asked for.
MORE_WORDS = 0.95
# What a level of seniority between two titles takes of their likeness.
_PER_LEVEL = 0.1
_ABBREVIATIONS = {
    "bi": "business intelligence", "cao": "chief accounting officer", "cco": "chief commercial"
    " officer", "cdo": "chief data officer", "ceo": "chief executive officer",
    "cfo": "chief financial officer", "chro": "chief human resources officer",
    "cio": "chief information officer", "ciso": "chief information security officer",
    "cmo": "chief marketing officer", "coo": "chief operating officer",
    "cpo": "chief procurement officer", "cro": "chief risk officer",
    "cto": "chief technology officer", "dwh": "data warehouse", "edw": "data warehouse",
    "hr": "human resources", "it": "information technology", "md": "managing director",
    "svp": "vice president", "evp": "vice president", "vp": "vice president",
}  # fmt: skip
# Words of levels, which `seniority_level` compares, and words that connect others.
_POLISH_LEVELS = (
    r"dyrektor\w*|kierowni\w*|szef\w*|prezes\w*|menedżer\w*|naczeln\w*|główn\w*|zastępc\w*|ds|spraw"
)
_LEVELS = re.compile(
    r"\b(?:chief|officer|vice|president|director|managing|head|leader|lead|manager|leiter\w*"
    rf"|senior|junior|deputy|group|{_POLISH_LEVELS}"
    r"|директор\w*|руководител\w*|начальник\w*|главн\w*|менеджер\w*|по"
    r"|of|for|and|the|in|do|w|we|z|и|в)\b"
)
_POLISH = re.compile(rf"[ąćęłńśźż]|\b(?:{_POLISH_LEVELS})\b")
_CYRILLIC = re.compile("[а-яё]")


class Title:
    """A title as it is compared: its subject, what each of its words is known by, and its level."""

    __slots__ = ("all_stems", "id", "language", "level", "subject", "words")

    def __init__(self, title: str) -> None:
        lower = title.casefold()
        words = [_ABBREVIATIONS.get(word, word) for word in re.findall(r"\w+", lower)]
        written = " ".join(words)
        # A managing director is about nothing but the level.
        subject = _LEVELS.sub(" ", written).split() or words
        self.subject = " ".join(subject)
        self.language = "ru" if _CYRILLIC.search(lower) else "pl" if _POLISH.search(lower) else "en"
        self.words = [frozenset((*stems(word, "en"), _beginning(word))) for word in subject]
        self.all_stems = frozenset(stem for word in self.words for stem in word)
        level = seniority_level(written)
        self.level = level if level is not None and level < SENIORITY_LEVELS else None
        # What titles of the same meaning have in common, apart from the level.
        self.id = (self.subject, self.language)


@lru_cache(maxsize=131_072)
def read_title(title: str) -> Title:
    """A title as it is compared."""
    return Title(title)


class TitleTable:
    """Titles in columns: each is read once, and all are compared with a question at once."""

    def __init__(self) -> None:
        # By their numbers.
        self.titles: list[Title] = []
        self._numbers: dict[str, int] = {}
        self._lengths = array("q")
        # -1 where no level is known.
        self._levels = array("q")
        self._having: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))

    def numbers(self, titles: Sequence[str]) -> NDArray[np.int64]:
        """The numbers of these titles, which are added where they are new."""
        numbers = list(map(self._numbers.get, titles))
        if None in numbers:
            numbers = [self._number(title) for title in titles]
        return np.array(numbers, np.int64)

    def _number(self, text: str) -> int:
        number = self._numbers.get(text)
        if number is None:
            title = read_title(text)
            number = self._numbers[text] = len(self.titles)
            self.titles.append(title)
            self._lengths.append(len(title.words))
            self._levels.append(-1 if title.level is None else title.level)
            for stem in title.all_stems:
                self._having[stem].append(number)
        return number

    def in_words(self, wanted: Title) -> NDArray[np.float64]:
        """The share of the words that were asked for which each title has; 0 where it is small."""
        share = np.zeros(len(self.titles))
        if not wanted.words:
            return share
        for word in wanted.words:
            has = np.zeros(len(self.titles), bool)
            for stem in word & self._having.keys():
                has[np.array(self._having[stem])] = True
            share += has
        share /= len(wanted.words)
        # Data governance is data, but not the same.
        longer = np.array(self._lengths) > len(wanted.words)
        share[longer] = np.minimum(share[longer], MORE_WORDS)
        share[share < LEAST_SHARE] = 0.0
        return share

    def of_level(self, wanted: Title) -> NDArray[np.float64]:
        """What is left of each likeness by the difference in seniority, where both are known."""
        levels = np.array(self._levels)
        if wanted.level is None:
            return np.ones(len(levels))
        return np.where(levels < 0, 1.0, 1.0 - _PER_LEVEL * np.abs(wanted.level - levels))


def _beginning(word: str) -> str:
    """The letters that the forms of a word have in common, in any language: 'finance' is in
    'financial', 'ryzyka' in 'ryzyko'."""
    return word[:6] if len(word) > 6 else word[:5]
