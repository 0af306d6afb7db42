"""Which language a text is in, and the stems of its words in that language."""

import math
import re
import threading
from collections.abc import Collection, Mapping
from functools import cache

import Stemmer
from py3langid.langid import MODEL_FILE, LanguageIdentifier

# The languages that are told apart, with their Snowball stemmers. A text in another one is
# stemmed as the nearest of these, and so is what is asked of it.
STEMMERS = {
    "en": "english",
    "pl": "polish",
    "ru": "russian",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "sv": "swedish",
    "cs": "czech",
    "tr": "turkish",
}
# How much likelier (e to this power) English and a record's main language are than any other
# before a text is read: two or three words say little, and most of them are in these.
PRIOR = 2.0
# A language that fewer of a collection's documents are in is taken for a mistake.
RARE = 0.01

# Words that say nothing of what an English text is about.
_ENGLISH_STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from
    further had has have having he her here hers him his how i if in into is it its itself
    just me more most my no nor not of off on once only or other our out over own same she
    should so some such than that the their them then there these they this those through to
    too under until up very was we were what when where which while who whom why will with
    would you your
    """.split()  # noqa: SIM905 - a list of a hundred quoted words is harder to read.
)
_WORD = re.compile(r"\w+")
# a.b.c, HADOOP-123, and/or: kept whole beside their parts.
# Possessive, from a word's start: else a long word is tried again from each of its letters.
_JOINED = re.compile(r"\b\w++(?:[.\-/:]\w++)+")
# The letters that have capitals and small ones: Latin, Greek, Cyrillic and Armenian.
_CAPITAL = "".join(filter(str.isupper, map(chr, range(0x590))))
_SMALL = "".join(filter(str.islower, map(chr, range(0x590))))
# FooBar, foo_bar, v2: their parts are kept beside the whole.
_COMPOUND = re.compile(
    rf"_|[{_SMALL}][{_CAPITAL}]|[{_CAPITAL}][{_CAPITAL}][{_SMALL}]"
    rf"|[{_SMALL}{_CAPITAL}]\d|\d[{_SMALL}{_CAPITAL}]"
)
_PART = re.compile(
    rf"[{_CAPITAL}]+(?![{_SMALL}])|[{_CAPITAL}]?[{_SMALL}]+|\d+|[^\W\d_{_SMALL}{_CAPITAL}]+"
)
_local = threading.local()


def language_of(text: str, among: Mapping[str, int] | None = None) -> str:
    """The ISO 639-1 code of the language that `text` is most likely in.

    `among` says how many documents of a collection are in each language: only those that it
    really holds are considered, and English always.
    """
    held: Collection[str] = STEMMERS
    favoured = {"en"}
    if among:
        total = sum(among.values())
        main = max(among, key=lambda code: (among[code], code))
        favoured.add(main)
        held = {code for code, count in among.items() if count >= RARE * total} | {"en"}
    if len(held) == 1 or not text.strip():
        return "en"
    chances: dict[str, float] = {
        code: math.log(max(float(chance), 1e-30)) + PRIOR * (code in favoured)
        for code, chance in _identifier().rank(text[:600])
        if code in held
    }
    return max(chances, key=lambda code: chances[code])


def stems(text: str, language: str) -> list[str]:
    """The words of `text` in lower case, stemmed, with the parts of compound names."""
    words = _WORD.findall(text)
    stop = _ENGLISH_STOP_WORDS if language == "en" else ()
    whole = [word for word in (word.lower() for word in words) if word not in stop]
    parts = [part for word in words if _COMPOUND.search(word) for part in _parts(word)]
    joined = [name.lower() for name in _JOINED.findall(text)]
    return [*_stemmer(language).stemWords(whole + parts), *joined]


def _parts(word: str) -> list[str]:
    found = [part.lower() for part in _PART.findall(word) if len(part) > 1]
    return found if found != [word.lower()] else []


def _stemmer(language: str) -> Stemmer.Stemmer:
    # A stemmer object is not safe to share between threads.
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = Stemmer.Stemmer(STEMMERS.get(language, "english"))
    return stemmers[language]


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(STEMMERS))
    return identifier
