"""Finding by name: exact first, then by whole words, by beginnings, and by misspelt words."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from similarity.names.spelling import joined, meant, sorted_words, variants, words_of
from similarity.names.tables import Form, NameEntry, NameVariant, NameWord, Subject
from workspace.phones import typed_ending

# A question of more words than this is a sentence: it may be a whole name, not a part of one.
MOST_WORDS = 12
# How many subjects are looked at more closely, and how many words a misspelt one may mean.
CANDIDATES = 200
MEANINGS = 20
# Sort before and after every character that a folded word may have.
_FIRST, _LAST = "\x01", "\U0010ffff"


class Closeness(IntEnum):
    """How near a name is to what was typed, the nearest first."""

    KEY = 0
    ADDRESS = 1
    PHONE = 2
    NAME = 3
    WORDS = 4
    BEGINNINGS = 5
    MISSPELT = 6

    @property
    def exact(self) -> bool:
        """Whether the whole key, address, telephone number or name was typed."""
        return self <= Closeness.NAME


# What a word of a name must be: from a word up to another, or one of several.
Condition = tuple[str, str, list[str]]

_EXACT = {
    Form.KEY: Closeness.KEY,
    Form.ADDRESS: Closeness.ADDRESS,
    Form.PHONE: Closeness.PHONE,
    Form.NAME: Closeness.NAME,
}


@dataclass(frozen=True)
class NameMatch:
    """A subject whose name is near to what was typed."""

    kind: Subject
    subject_id: int
    closeness: Closeness
    # How much of the name was typed, from 0 to 1.
    coverage: float

    @property
    def order(self) -> tuple[int, float, int]:
        """The nearest first; the id orders equal ones."""
        return (self.closeness, -self.coverage, self.subject_id)


def find_names(
    session: Session,
    text: str,
    kind: Subject,
    *,
    limit: int,
    hidden: Collection[int] = (),
) -> list[NameMatch]:
    """The subjects of a kind that a text may name, the nearest first.

    `hidden` are subjects that the viewer may not know of. Capitals, accents, signs and the order
    of words do not matter. The last step, misspelt words, is only taken where nothing else is
    found.
    """
    words = list(dict.fromkeys(words_of(text)))
    if not words:
        return []
    matches = {match.subject_id: match for match in _exact(session, text, kind, hidden)}
    if len(words) > MOST_WORDS:
        return sorted(matches.values(), key=lambda match: match.order)[:limit]
    for closeness, end in ((Closeness.WORDS, _FIRST), (Closeness.BEGINNINGS, _LAST)):
        if len(matches) < limit:
            conditions: list[Condition] = [(word, word + end, []) for word in words]
            _add(session, kind, closeness, conditions, matches, hidden)
    if not matches:
        conditions = [(word, word + _LAST, _meanings(session, word)) for word in words]
        _add(session, kind, Closeness.MISSPELT, conditions, matches, hidden)
    return sorted(matches.values(), key=lambda match: match.order)[:limit]


def _exact(
    session: Session, text: str, kind: Subject, hidden: Collection[int]
) -> Iterable[NameMatch]:
    given = {"kind": kind, "joined": joined(text), "words": sorted_words(text)}
    given["ending"] = typed_ending(text)
    best: dict[int, Closeness] = {}
    for subject_id, form in session.execute(_exact_query(), {**given, "hidden": list(hidden)}):
        best[subject_id] = min(_EXACT[Form(form)], best.get(subject_id, Closeness.NAME))
    return [NameMatch(kind, subject_id, closeness, 1.0) for subject_id, closeness in best.items()]


def _add(
    session: Session,
    kind: Subject,
    closeness: Closeness,
    conditions: Sequence[Condition],
    matches: dict[int, NameMatch],
    hidden: Collection[int],
) -> None:
    """Add the subjects that have a word for each of the conditions, those not found yet."""
    # The longest word leaves the fewest; the others are looked up for what it leaves.
    ordered = sorted(conditions, key=lambda condition: -len(condition[0]))
    given: dict[str, Any] = {"kind": kind, "hidden": [*hidden, *matches]}
    for at, (begin, end, meanings) in enumerate(ordered):
        given |= {f"begin_{at}": begin, f"end_{at}": end, f"meanings_{at}": meanings}
    ids = list(dict.fromkeys(session.scalars(_words_query(len(ordered)), given)))
    if not ids:
        return
    typed = sum(len(begin) for begin, _, _ in conditions)
    for subject_id, length in session.execute(_lengths_query(), {"kind": kind, "ids": ids}):
        matches[subject_id] = NameMatch(kind, subject_id, closeness, min(1.0, typed / length))


def _meanings(session: Session, word: str) -> list[str]:
    """The words of names that a misspelt word may mean."""
    if not (keys := variants(word)):
        return []
    near = dict.fromkeys(session.scalars(_variants_query(), {"variants": sorted(keys)}))
    return meant(word, list(near))[:MEANINGS]


# Statements are made once: making one takes longer than it runs.


@cache
def _exact_query() -> sa.Select[int, str]:
    entry = col(NameEntry.joined) == sa.bindparam("joined")
    phone = sa.and_(
        col(NameEntry.joined) == sa.bindparam("ending"), col(NameEntry.form) == Form.PHONE
    )
    reordered = sa.and_(
        col(NameEntry.words) == sa.bindparam("words"), col(NameEntry.form) == Form.NAME
    )
    return (
        sa.select(col(NameEntry.subject_id), col(NameEntry.form))
        .where(
            col(NameEntry.kind) == sa.bindparam("kind"),
            sa.or_(entry, phone, reordered),
            col(NameEntry.subject_id).not_in(sa.bindparam("hidden", expanding=True)),
        )
        .limit(CANDIDATES)
    )


@cache
def _words_query(count: int) -> sa.Select[Any]:
    """The subjects of a kind that have a word for each of `count` conditions."""
    query = (
        sa.select(col(NameWord.subject_id))
        .where(
            col(NameWord.kind) == sa.bindparam("kind"),
            _condition(NameWord, 0),
            col(NameWord.subject_id).not_in(sa.bindparam("hidden", expanding=True)),
        )
        .order_by(col(NameWord.word), col(NameWord.subject_id))
    )
    for at in range(1, count):
        other = aliased(NameWord)
        query = query.where(
            sa.exists().where(
                col(other.kind) == sa.bindparam("kind"),
                col(other.subject_id) == col(NameWord.subject_id),
                _condition(other, at),
            )
        )
    return query.limit(CANDIDATES)


def _condition(words: type[NameWord], at: int) -> sa.ColumnElement[bool]:
    word = col(words.word)
    between = sa.and_(word >= sa.bindparam(f"begin_{at}"), word < sa.bindparam(f"end_{at}"))
    return sa.or_(between, word.in_(sa.bindparam(f"meanings_{at}", expanding=True)))


@cache
def _lengths_query() -> sa.Select[int, Any]:
    return (
        sa.select(col(NameEntry.subject_id), sa.func.min(sa.func.length(col(NameEntry.joined))))
        .where(
            col(NameEntry.kind) == sa.bindparam("kind"),
            col(NameEntry.form) == Form.NAME,
            col(NameEntry.subject_id).in_(sa.bindparam("ids", expanding=True)),
        )
        .group_by(col(NameEntry.subject_id))
    )


@cache
def _variants_query() -> sa.Select[Any]:
    keys: Any = sa.bindparam("variants", expanding=True)
    return sa.select(col(NameVariant.word)).where(col(NameVariant.variant).in_(keys)).limit(2_000)
