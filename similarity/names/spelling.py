"""Pure: words as they are compared, and which misspelt word may mean which."""

from rapidfuzz.distance import OSA

from similarity.names.tables import LONGEST_NAME, LONGEST_WORD
from workspace.keys import plain

# From this many letters on a word may have one typing error, and from the next on two.
ONE_ERROR = 4
TWO_ERRORS = 8


def words_of(text: str) -> list[str]:
    """The words of a text, folded: lower case, without accents and signs."""
    return [word[:LONGEST_WORD] for word in plain(text).split()]


def joined(text: str) -> str:
    """A text folded and without spaces, as entries keep it."""
    return "".join(plain(text).split())[:LONGEST_NAME]


def sorted_words(text: str) -> str:
    """The folded words in alphabetical order, as entries keep them."""
    return " ".join(sorted(words_of(text)))[:LONGEST_NAME]


def errors_allowed(word: str) -> int:
    """How many typing errors a word of this length may have: short ones would mean anything."""
    return 0 if len(word) < ONE_ERROR else 1 if len(word) < TWO_ERRORS else 2


def variants(word: str) -> set[str]:
    """A word, and what is left of it when one letter is left out.

    Words too short for a typing error, and numbers, have no variants.
    """
    if len(word) < ONE_ERROR or word.isdecimal():
        return set()
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def meant(word: str, candidates: list[str]) -> list[str]:
    """The candidates that a misspelt word may mean, the nearest first.

    A swap of two neighbours is one error (optimal string alignment). The first letters agree, or
    the words differ by that one error alone.
    """
    allowed = errors_allowed(word)
    near = []
    for candidate in candidates:
        errors = OSA.distance(word, candidate, score_cutoff=allowed)
        if errors <= allowed and (errors <= 1 or word[0] == candidate[0]):
            near.append((errors, candidate))
    return [candidate for _, candidate in sorted(near)]
