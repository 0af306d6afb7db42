"""Finding by name: exact first, then by whole words, by beginnings, and by misspelt words."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from similarity.names.spelling import joined, meant, sorted_words, variants, words_of
from similarity.names.tables import Form, NameEntry, NameVariant, NameWord, Subject

# A question of more words than this is a sentence: it may be a whole name, not a part of one.
MOST_WORDS = 12
# How many subjects are looked at more closely, and how many words a misspelt one may mean.
CANDIDATES = 200
MEANINGS = 20
# Sorts after every character that a folded word may have.
_LAST = "\U0010ffff"


class Closeness(IntEnum):
    """How near a name is to what was typed, the nearest first."""

    KEY = 0
    ADDRESS = 1
    NAME = 2
    WORDS = 3
    BEGINNINGS = 4
    MISSPELT = 5

    @property
    def exact(self) -> bool:
        """Whether the whole key, address or name was typed."""
        return self <= Closeness.NAME


# What a word of a name must be.
Condition = Callable[[Any], sa.ColumnElement[bool]]

_EXACT = {
    Form.KEY: Closeness.KEY,
    Form.ADDRESS: Closeness.ADDRESS,
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
    for closeness, condition in ((Closeness.WORDS, _is), (Closeness.BEGINNINGS, _begins)):
        if len(matches) < limit:
            _add(session, kind, closeness, words, list(map(condition, words)), matches, hidden)
    if not matches:
        conditions = [_may_mean(word, _meanings(session, word)) for word in words]
        _add(session, kind, Closeness.MISSPELT, words, conditions, matches, hidden)
    return sorted(matches.values(), key=lambda match: match.order)[:limit]


def _exact(
    session: Session, text: str, kind: Subject, hidden: Collection[int]
) -> Iterable[NameMatch]:
    query = sa.select(col(NameEntry.subject_id), col(NameEntry.form)).where(
        col(NameEntry.kind) == kind,
        sa.or_(
            col(NameEntry.joined) == joined(text),
            sa.and_(col(NameEntry.words) == sorted_words(text), col(NameEntry.form) == Form.NAME),
        ),
        col(NameEntry.subject_id).not_in(hidden),
    )
    best: dict[int, Closeness] = {}
    for subject_id, form in session.execute(query.limit(CANDIDATES)):
        best[subject_id] = min(_EXACT[Form(form)], best.get(subject_id, Closeness.NAME))
    return [NameMatch(kind, subject_id, closeness, 1.0) for subject_id, closeness in best.items()]


def _add(
    session: Session,
    kind: Subject,
    closeness: Closeness,
    words: Sequence[str],
    conditions: Sequence[Condition],
    matches: dict[int, NameMatch],
    hidden: Collection[int],
) -> None:
    """Add the subjects with a word for each of the conditions, those not found yet."""
    # The longest word leaves the fewest; the others are looked up for what it leaves.
    first = max(range(len(words)), key=lambda at: len(words[at]))
    query = (
        sa.select(col(NameWord.subject_id))
        .where(
            col(NameWord.kind) == kind,
            conditions[first](col(NameWord.word)),
            col(NameWord.subject_id).not_in([*hidden, *matches]),
        )
        .order_by(col(NameWord.word), col(NameWord.subject_id))
    )
    for at, condition in enumerate(conditions):
        if at != first:
            other = aliased(NameWord)
            query = query.where(
                sa.exists().where(
                    col(other.kind) == kind,
                    col(other.subject_id) == col(NameWord.subject_id),
                    condition(col(other.word)),
                )
            )
    ids = list(dict.fromkeys(session.scalars(query.limit(CANDIDATES))))
    typed = sum(map(len, words))
    lengths = sa.select(
        col(NameEntry.subject_id), sa.func.min(sa.func.length(col(NameEntry.joined)))
    ).where(
        col(NameEntry.kind) == kind,
        col(NameEntry.subject_id).in_(ids),
        col(NameEntry.form) == Form.NAME,
    )
    for subject_id, length in session.execute(lengths.group_by(col(NameEntry.subject_id))):
        matches[subject_id] = NameMatch(kind, subject_id, closeness, min(1.0, typed / length))


def _is(word: str) -> Condition:
    return lambda column: column == word


def _begins(word: str) -> Condition:
    return lambda column: sa.and_(column >= word, column < word + _LAST)


def _may_mean(word: str, meanings: list[str]) -> Condition:
    begins = _begins(word)
    return lambda column: sa.or_(begins(column), column.in_(meanings))


def _meanings(session: Session, word: str) -> list[str]:
    """The words of names that a misspelt word may mean."""
    if not (keys := variants(word)):
        return []
    query = sa.select(col(NameVariant.word)).where(col(NameVariant.variant).in_(keys))
    return meant(word, list(dict.fromkeys(session.scalars(query.limit(10 * CANDIDATES)))))[
        :MEANINGS
    ]
