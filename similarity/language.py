"""Which language a text is in, and the stems of its words in that language."""

import re
import threading
from functools import cache

import Stemmer
from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Languages that are told apart, with their Snowball stemmers. A text in any other is stemmed
# as the nearest of these, which is what its query is too.
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
    "da": "danish",
    "no": "norwegian",
    "fi": "finnish",
    "cs": "czech",
    "hu": "hungarian",
    "ro": "romanian",
    "tr": "turkish",
}
_WORD = re.compile(r"\w+")
_local = threading.local()


def language_of(text: str) -> str:
    """The ISO 639-1 code of the language that `text` is most likely in."""
    identifier = _identifier()
    return str(identifier.classify(text[:2000])[0]) if text.strip() else "en"


def stems(text: str, language: str) -> list[str]:
    """The words of `text`, in lower case and stemmed, in order."""
    words = _WORD.findall(text.casefold().replace("_", " "))
    return list(_stemmer(language).stemWords(words))


def _stemmer(language: str) -> Stemmer.Stemmer:
    # A stemmer object is not safe to share between threads.
    stemmers = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = Stemmer.Stemmer(STEMMERS.get(language, "english"))
    return stemmers[language]


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
    identifier.set_languages(list(STEMMERS))
    return identifier
