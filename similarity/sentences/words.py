"""Pure: the words of a sentence as written, and lists of phrases that are found among them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from workspace.keys import joined, romanised

# 'don't' is one word, which ends in a denial; other words end at an apostrophe or a hyphen.
_WORD = re.compile(r"[^\W\d_]+n['’]t\b|[^\W_]+")
_BREAK = re.compile(r"[,.;:!?()\n–—…]| -+ ")
_OPENING = re.compile(r"[.:!?\n…]")
# A word with an ending that a phrase allows is at most so much longer than the phrase's stem.
LONGEST_ENDING = 8
# From this many letters on a word of a phrase may have a typing error.
LEAST_MISSPELT = 6
# What was found out about words is kept for so many of them.
CACHED = 8192


@dataclass(frozen=True)
class Word:
    """A word of a sentence."""

    text: str
    # In small letters without accents.
    plain: str
    # The same in Latin letters, whatever its script.
    folded: str
    start: int
    end: int
    # Whether it is the first word of its sentence.
    opens: bool
    # Whether punctuation separates it from the word before.
    apart: bool
    # Whether a hyphen joins it to the word before.
    hyphened: bool

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[0].isupper()

    @property
    def denies(self) -> bool:
        """Whether it is a verb with 'not' in it; what cannot be done may well be wanted."""
        return self.text[-2:].lower() in ("'t", "’t") and not self.plain.startswith(
            ("can", "could")
        )


def word_set(written: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(written.split())


def words_of(text: str) -> list[Word]:
    """The words of a text in order."""
    words: list[Word] = []
    end = 0
    for found in _WORD.finditer(text):
        gap = text[end : found.start()]
        opens = not words or bool(_OPENING.search(gap))
        apart = not words or bool(_BREAK.search(gap))
        plain, folded = _forms(found[0])
        word = Word(found[0], plain, folded, found.start(), found.end(), opens, apart, gap == "-")
        words.append(word)
        end = found.end()
    return words


# Texts repeat their words.
@lru_cache(CACHED)
def _forms(written: str) -> tuple[str, str]:
    """A word in small letters without accents, and the same in Latin letters."""
    return joined(written), romanised(written).replace(" ", "")


@dataclass(frozen=True)
class Match:
    """A phrase that was found: what it means, and its words from `first` to before `end`."""

    meaning: str
    first: int
    end: int
    exact: bool = True
    # Whether it is a stem that takes endings, as in Polish and Russian.
    stem: bool = False


@dataclass(frozen=True)
class _Part:
    """A word of a phrase; a stem takes endings."""

    text: str
    stem: bool

    def fits(self, word: str) -> bool:
        if not self.stem:
            return word == self.text
        return word.startswith(self.text) and len(word) - len(self.text) <= LONGEST_ENDING

    def nearly(self, word: str) -> bool:
        """Whether the word is this one with a typing error."""
        if min(len(word), len(self.text)) < LEAST_MISSPELT or word[0] != self.text[0]:
            return False
        if not self.stem:
            return OSA.distance(word, self.text, score_cutoff=1) <= 1
        longest = len(self.text) + LONGEST_ENDING
        return len(word) <= longest and any(
            OSA.distance(word[:length], self.text, score_cutoff=1) <= 1
            for length in (len(self.text) - 1, len(self.text), len(self.text) + 1)
        )


@dataclass(frozen=True)
class _Phrase:
    parts: tuple[_Part, ...]
    meaning: str


class Phrases:
    """Phrases by what they mean, as 'dairy; mleczar*; machine builder*'.

    An asterisk stands for any ending. Words of other scripts are other words: Russian 'но' is not
    English 'no'.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._phrases: list[_Phrase] = []
        # Their numbers by their first words without an ending; and by first letters of these and
        # by how many letters a word has that may be one of them, with an ending or a typing error:
        # most words are told apart by this, in a fraction of the time that comparing takes.
        self._by_text: dict[str, list[int]] = defaultdict(list)
        self._by_shape: dict[tuple[str, int], list[int]] = defaultdict(list)
        for meaning, written in phrases:
            for phrase in filter(None, map(str.strip, written.split(";"))):
                parts = tuple(
                    _Part(joined(word.rstrip("*")), word.endswith("*"))
                    for word in phrase.replace("-", " ").split()
                )
                self._by_text[parts[0].text].append(len(self._phrases))
                least = len(parts[0].text) - 1
                most = least + 1 + (LONGEST_ENDING if parts[0].stem else 1)
                for letters in _first_letters(parts[0].text):
                    for length in range(max(least, LEAST_MISSPELT), most + 1):
                        self._by_shape[letters, length].append(len(self._phrases))
                self._phrases.append(_Phrase(parts, meaning))
        # Texts repeat their words.
        self._beginning = lru_cache(CACHED)(self._find_beginning)

    @classmethod
    def of(cls, phrases: Mapping[str, str]) -> "Phrases":
        """The phrases of a table by what they mean."""
        return cls(phrases.items())

    def at(self, words: Sequence[Word], first: int, *, misspelt: bool = False) -> Match | None:
        """The longest phrase that begins with this word; with `misspelt` also one with an error."""
        best: Match | None = None
        for phrase, fits in self._beginning(words[first].plain, misspelt):
            end = first + len(phrase.parts)
            if end > len(words):
                continue
            if best and (best.end > end or (best.exact and best.end == end)):
                continue
            rest = words[first + 1 : end]
            if any(word.apart for word in rest):
                continue
            pairs = list(zip(phrase.parts[1:], (word.plain for word in rest), strict=True))
            if fits and all(part.fits(word) for part, word in pairs):
                stem = any(part.stem for part in phrase.parts)
                best = Match(phrase.meaning, first, end, stem=stem)
            elif misspelt and not best and all(p.fits(w) or p.nearly(w) for p, w in pairs):
                best = Match(phrase.meaning, first, end, exact=False)
        return best

    def _find_beginning(self, word: str, misspelt: bool) -> list[tuple[_Phrase, bool]]:
        """The phrases that may begin with a word, and whether they do without an error."""
        # A shorter word is taken as it is written.
        if misspelt and len(word) >= LEAST_MISSPELT:
            shapes = [(letters, len(word)) for letters in _first_letters(word)]
            lists = map(self._by_shape.get, shapes)
        else:
            beginnings = [word[:end] for end in range(1, len(word) + 1)]
            lists = map(self._by_text.get, beginnings)
        found = []
        for number in sorted({number for numbers in lists if numbers for number in numbers}):
            phrase = self._phrases[number]
            fits = phrase.parts[0].fits(word)
            if fits or (misspelt and phrase.parts[0].nearly(word)):
                found.append((phrase, fits))
        return found


def _first_letters(word: str) -> set[str]:
    """The first letter of a word, with its second one and with its third one.

    Two words that begin with the same letter and differ by one error have one of these in common,
    so that a word is compared with a quarter of those that begin with its letter.
    """
    return {word[:1] + letter for letter in word[1:3] or " "}
