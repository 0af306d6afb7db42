"""The account that a sentence is about: one of the record, or a name that is new."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.names.tables import Form, NameEntry, Subject
from similarity.sentences import names, places
from similarity.sentences.facets import LONGEST, KnownNames
from similarity.sentences.words import Word, words_of
from workspace.accounts.accounts import Account
from workspace.keys import joined

# The most words of an account's name that are compared.
LONGEST_NAME = 5
# Endings that Polish and Russian names may have; an account's name is looked up without them.
_ENDINGS = ("", "a", "u", "owi", "em", "ie", "y", "ow", "owie", "а", "у", "ом", "е", "ы")
# So many names are looked up at most.
MOST_NAMES = 500


def account_in(session: Session, text: str, known: KnownNames) -> str:
    """The name of the account that a text names, else what looks like the name of a new one;
    empty where neither is there."""
    text = text[:LONGEST]
    words = words_of(text)
    forms = dict(_forms(words))
    query = (
        sa.select(col(NameEntry.joined), col(Account.name))
        .join(Account, col(Account.id) == col(NameEntry.subject_id))
        .where(
            col(NameEntry.kind) == Subject.ACCOUNT,
            col(NameEntry.form) == Form.NAME,
            col(NameEntry.joined).in_(list(forms)[:MOST_NAMES]),
        )
        .order_by(col(Account.id))
    )
    found: list[tuple[int, str]] = [
        (forms[written], name) for written, name in session.execute(query)
    ]
    if found:
        return max(found)[1]
    return _new_name(text, words, known)


def _forms(words: Sequence[Word]) -> Iterator[tuple[str, int]]:
    """How the names that may be in a sentence are kept, each with its number of words."""
    small = not any(word.capital for word in words[1:])
    for first, word in enumerate(words):
        if not (word.capital or word.text[0].isdecimal() or small):
            continue
        for end in range(first + 1, min(first + LONGEST_NAME, len(words)) + 1):
            written = joined(" ".join(other.text for other in words[first:end]))
            for ending in _ENDINGS:
                if len(written) > len(ending) + 2 and written.endswith(ending):
                    yield written.removesuffix(ending) if ending else written, end - first


def _new_name(text: str, words: Sequence[Word], known: KnownNames) -> str:
    """The first words in capitals that are no product, competitor or place."""
    every = {**known.products, **{f"rival {key}": name for key, name in known.competitors.items()}}
    taken = {
        at
        for found in names.named(words, names.Names(every))
        for at in range(found.first, found.end)
    } | {
        at
        for at, word in enumerate(words)
        if places.english_countries().at(words, at)
        or places.inflected_countries().at(words, at)
        or places.regions().at(words, at)
        or len(word.text) < 2
    }
    first = 0
    while first < len(words):
        end = first
        while (
            end < len(words)
            and words[end].capital
            and end not in taken
            and (end == first or not words[end].apart)
        ):
            end += 1
        # A single word that begins a sentence has its capital from there.
        if end > first + 1 or (end > first and not words[first].opens):
            return text[words[first].start : words[end - 1].end]
        first = max(end, first + 1)
    return ""
