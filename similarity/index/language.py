"""Languages: which one a text is in, and the stems of its words in it."""

import math
import re
import threading
from collections.abc import Collection, Iterable, Mapping
from functools import cache, lru_cache

import Stemmer
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from similarity.index.stop_words import CONTENT_ELSEWHERE, stop_words, words_without_content

# The languages that are recognised, with their Snowball stemmers. A text in another language is
# taken for the nearest of these, and so are questions in that language.
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
# The log odds that favour English and a record's main language: two or three words tell little,
# and most short questions are in one of these.
PRIOR = 2.0
# A language of a smaller share of a collection's documents was probably recognised by mistake.
RARE = 0.01
# From this probability on, a text is in a language even if no document of the record is.
CERTAIN = 0.97
# So many letters of a text decide.
IDENTIFIED = 600

_WORD = re.compile(r"\w+")
# A number in groups of three digits, as 2,000 or 12 500, which is one word and not several; no
# part of a version or of a longer number.
_GROUPED = re.compile(r"(?<![\w.,])[1-9]\d{0,2}(?:[,.'\u2019 \u00a0\u202f]\d{3})+(?![\w]|[.,]\d)")
# A number that tells nothing alone, such as a share or a count.
_SHORT_NUMBER = re.compile(r"\d{1,3}(?:[.,/:-]\d{1,2})?")
# Joined names such as a.b.c, HADOOP-123 or and/or, which are terms beside their words. The
# quantifiers are possessive and matches begin at a word, or long words would take quadratic time.
_JOINED = re.compile(r"\b\w++(?:[.\-/:]\w++)+")
# The letters of the scripts with two cases: Latin, Greek, Cyrillic and Armenian.
CAPITAL = "".join(filter(str.isupper, map(chr, range(0x590))))
_SMALL = "".join(filter(str.islower, map(chr, range(0x590))))
# Compound words such as FooBar, foo_bar or v2, whose parts are terms beside the whole.
_COMPOUND = re.compile(
    rf"_|[{_SMALL}][{CAPITAL}]|[{CAPITAL}][{CAPITAL}][{_SMALL}]"
    rf"|[{_SMALL}{CAPITAL}]\d|\d[{_SMALL}{CAPITAL}]"
)
_PART = re.compile(
    rf"[{CAPITAL}]+(?![{_SMALL}])|[{CAPITAL}]?[{_SMALL}]+|\d+|[^\W\d_{_SMALL}{CAPITAL}]+"
)
_local = threading.local()


def language_of(text: str, among: Mapping[str, int] | None = None) -> str:
    """The ISO 639-1 code of the language that `text` is most likely in.

    `among` has the number of a collection's documents in each language. Only English and
    languages that are not rare in the collection are considered.
    """
    languages: Collection[str] = STEMMERS
    favoured = {"en"}
    if among:
        main = max(among, key=lambda code: (among[code], code))
        favoured.add(main)
        languages = common_languages(among) | {"en"}
    if len(languages) == 1 or not text.strip():
        return "en"
    log_odds: dict[str, float] = {
        code: math.log(max(float(probability), 1e-30)) + PRIOR * (code in favoured)
        for code, probability in _identifier().rank(text[:IDENTIFIED])
        if code in languages
    }
    return max(log_odds, key=lambda code: log_odds[code])


def certain_language(text: str) -> str | None:
    """The language that a text is certainly in, whatever languages a collection has; else None."""
    return _certain_language(text[:IDENTIFIED])


@lru_cache(maxsize=4096)
def _certain_language(text: str) -> str | None:
    if not text.strip():
        return None
    return next(
        (
            str(code)
            for code, probability in _identifier().rank(text)
            if code in STEMMERS and float(probability) >= CERTAIN
        ),
        None,
    )


def common_languages(counts: Mapping[str, int]) -> set[str]:
    """The languages of a collection that are too frequent to have been recognised by mistake.

    `counts` has the number of its documents in each language.
    """
    total = sum(counts.values())
    return {code for code, count in counts.items() if count >= RARE * total}


def stems(text: str, language: str) -> list[str]:
    """The stems of `text`: of its words, of the parts of compound words, and of joined names.

    An English text's stop words are left out.
    """
    return _stems(text, language, stop_words("en") if language == "en" else frozenset())


def stems_asked_for(text: str, language: str) -> list[str]:
    """The stems of a question, without the stop words of its language.

    Documents keep theirs, so that their lengths are those of their texts: that ranks better.
    """
    return _stems(text, language, stop_words(language))


def with_content(terms: Iterable[str], language: str) -> list[str]:
    """Those of these stems that are not of words without content, nor short numbers."""
    empty = _stems_without_content(language)
    return [term for term in terms if term not in empty and not _SHORT_NUMBER.fullmatch(term)]


@cache
def _stems_without_content(language: str) -> frozenset[str]:
    """The stems of words without content; not those that are words with content themselves."""
    empty = words_without_content(language)
    found = set(_stemmer(language).stemWords(sorted(empty)))
    return frozenset(found - (CONTENT_ELSEWHERE - empty))


def _stems(text: str, language: str, left_out: frozenset[str]) -> list[str]:
    words = _WORD.findall(_GROUPED.sub(_in_one, text))
    parts = [part for word in words if _COMPOUND.search(word) for part in _parts(word)]
    said = [word for word in (*(word.lower() for word in words), *parts) if word not in left_out]
    joined = [name.lower() for name in _JOINED.findall(text)]
    names = [name for name in joined if not left_out.issuperset(_WORD.findall(name))]
    return [*_stemmer(language).stemWords(said), *names]


def _in_one(number: re.Match[str]) -> str:
    """A number without what stands between its groups."""
    return "".join(filter(str.isdigit, number[0]))


def _parts(word: str) -> list[str]:
    parts = [part.lower() for part in _PART.findall(word) if len(part) > 1]
    return parts if parts != [word.lower()] else []


def _stemmer(language: str) -> Stemmer.Stemmer:
    # Stemmers are not thread-safe, so each thread has its own.
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = Stemmer.Stemmer(STEMMERS.get(language, "english"))
    return stemmers[language]


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(STEMMERS))
    return identifier
