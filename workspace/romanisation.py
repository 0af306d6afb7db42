"""Romanisation: names of other scripts in Latin letters, and spellings that mean the same sound."""

import re

from workspace.keys import plain

# Cyrillic as passports and English texts write it (Russian, Ukrainian, Belarusian, Bulgarian,
# Serbian, Macedonian), and modern Greek.
_LETTERS = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
        **{"ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch"},
        **{"ъ": "", "ь": "", "ю": "yu", "я": "ya", "і": "i", "ї": "yi", "є": "ye", "ґ": "g"},
        **{"ў": "u", "ђ": "dj", "ѓ": "gj", "ѕ": "dz", "ј": "j", "љ": "lj", "њ": "nj", "ќ": "kj"},
        **{"ћ": "c", "џ": "dz"},
        **dict(zip("αβγδεζηικλμνξοπρσςτυω", "avgdeziiklmnxoprsstyo", strict=True)),
        **{"θ": "th", "φ": "f", "χ": "ch", "ψ": "ps"},
    }
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# Spellings of one sound, as transliterations and languages differ in them.
_SOUNDS = (
    ("shch", "sch"), ("sch", "sh"), ("sz", "sh"), ("tsch", "ch"), ("cz", "ch"), ("zh", "z"),
    ("kh", "h"), ("ch", "h"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("tz", "c"), ("ts", "c"),
    ("x", "ks"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("w", "v"), ("y", "i"), ("j", "i"),
    ("ei", "i"),
)  # fmt: skip


def romanised(text: str) -> str:
    """Like `plain`, with Cyrillic and Greek in Latin letters: 'gazprom' for 'Газпром'."""
    # Cyrillic й would lose its breve to `plain`, and Greek ά has an accent to lose.
    return plain(plain(text.casefold().translate(_LETTERS)).translate(_LETTERS))


def spellings(text: str) -> tuple[str, ...]:
    """The Latin spellings of a name: 'muller' and 'mueller' for 'Müller'."""
    return tuple(dict.fromkeys((romanised(text), romanised(text.casefold().translate(_UMLAUTS)))))


def sound(word: str) -> str:
    """A romanised word by its sound, roughly: the same for 'sergei' and 'sergey'."""
    for spelling, other in _SOUNDS:
        word = word.replace(spelling, other)
    return re.sub(r"(.)\1+", r"\1", word)
