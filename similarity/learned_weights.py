"""Learned weights: values that replace the defaults until they are undone."""

import math
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, select

from similarity.scoring import OwnWeight, Weights
from workspace.audit import audit
from workspace.clock import now
from workspace.own_fields.fields import FieldSubject, fields_of
from workspace.reading import found_once


class Subject(StrEnum):
    """What a lesson is about."""

    # The weights by which kin are ranked.
    WEIGHTS = "weights"
    # The number of pseudo-cases that shrink an outlook towards the usual rate.
    PRIOR = "prior"


class Lesson(SQLModel, table=True):
    """A learned setting, with the figures that it rests on and who had it learned."""

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    subject: str = Field(max_length=10)
    # The learned values by name. None stands for infinity, which JSON does not have.
    held: dict[str, float | None] = Field(default_factory=dict, sa_type=JSON)
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    undone_at: datetime | None = None


def weights_in_use(session: Session) -> Weights:
    """The latest learned weights, or the defaults, with those of own fields."""
    lesson = _last(session, Subject.WEIGHTS)
    own = own_weights(session)
    if lesson is None:
        return Weights(own=own)
    return Weights(**{name: lesson.held.get(name) or 0.0 for name in Weights.names()}, own=own)


def own_weights(session: Session) -> tuple[OwnWeight, ...]:
    """The weights of the own fields that count, which an administrator sets."""
    return tuple(
        OwnWeight(field.key, field.name, field.weight)
        for field in fields_of(session, FieldSubject.DEAL)
        if field.counts
    )


def prior_in_use(session: Session, default: float) -> float:
    """The latest learned prior of outlooks, or the default."""
    lesson = _last(session, Subject.PRIOR)
    if lesson is None:
        return default
    prior = lesson.held["prior"]
    return math.inf if prior is None else prior


def keep(
    session: Session,
    subject: Subject,
    held: dict[str, float | None],
    figures: dict[str, Any],
    by: int | None,
) -> None:
    """Use learned values from now on."""
    session.add(Lesson(subject=subject, held=held, figures=figures, by_id=by))
    audit(session, by, f"{subject} learned", "kin", {"held": held, "figures": figures})


def undo(session: Session, by: int | None) -> Subject | None:
    """Undo the latest lesson, so that the previous one of its subject is used again.

    Returns its subject, or None where there is nothing to undo.
    """
    newest = select(Lesson).where(col(Lesson.undone_at).is_(None)).order_by(sa.desc(col(Lesson.id)))
    lesson = session.exec(newest.limit(1)).first()
    if lesson is None:
        return None
    lesson.undone_at = now()
    session.add(lesson)
    audit(session, by, f"{lesson.subject} unlearned", "kin", {"held": lesson.held})
    return Subject(lesson.subject)


_LAST = (
    select(Lesson)
    .where(Lesson.subject == sa.bindparam("subject"), col(Lesson.undone_at).is_(None))
    .order_by(sa.desc(col(Lesson.id)))
    .limit(1)
)


def _last(session: Session, subject: Subject) -> Lesson | None:
    of = {"subject": subject}
    return found_once(session, (Lesson, subject), lambda: session.exec(_LAST, params=of).first())
