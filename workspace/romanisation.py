"""Romanisation: names of other scripts in Latin letters, and spellings that mean the same sound."""

import re
import unicodedata

from workspace.keys import romanised

_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# Spellings of one sound, as transliterations and languages differ in them.
_SOUNDS = (
    ("shch", "sch"), ("sch", "sh"), ("sz", "sh"), ("tsch", "ch"), ("cz", "ch"), ("zh", "z"),
    ("kh", "h"), ("ch", "h"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("tz", "c"), ("ts", "c"),
    ("x", "ks"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("w", "v"), ("y", "i"), ("j", "i"),
    ("ei", "i"),
)  # fmt: skip


def with_digraphs(text: str) -> str:
    """A text in lower case with two letters for an umlaut: 'mueller' for 'Müller'."""
    # An umlaut may be a letter and a mark, which only becomes one character by NFC.
    return unicodedata.normalize("NFC", text).casefold().translate(_DIGRAPHS)


def spellings(text: str) -> tuple[str, ...]:
    """The Latin spellings of a name: 'muller' and 'mueller' for 'Müller'."""
    return tuple(dict.fromkeys((romanised(text), romanised(with_digraphs(text)))))


def sound(word: str) -> str:
    """A romanised word by its sound, roughly: the same for 'sergei' and 'sergey'."""
    for spelling, other in _SOUNDS:
        word = word.replace(spelling, other)
    return re.sub(r"(.)\1+", r"\1", word)
