"""Profile privacy: which fields of their own profile a member keeps from colleagues.

What is hidden is on no page of others, in no search, tie or common ground. The member and what
administrators are told by law (`workspace/privacy`) have it still.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.database import RIGHTS
from workspace.people.tables import Education, Employment, Membership, Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once, is_unfiltered, note_left_out

_HIDING = "people who hide facts"


class ProfileField(StrEnum):
    """What a member can hide: columns of their person, and facts of a kind."""

    ABOUT = "about"
    PROFILE = "profile"
    HOME_TOWN = "home_town"
    LANGUAGES = "languages"
    EMPLOYMENT = "employment"
    EDUCATION = "education"
    MEMBERSHIPS = "memberships"


FACTS: dict[type[Employment] | type[Education] | type[Membership], ProfileField] = {
    Employment: ProfileField.EMPLOYMENT,
    Education: ProfileField.EDUCATION,
    Membership: ProfileField.MEMBERSHIPS,
}


class HiddenField(SQLModel, table=True):
    """A field that a member keeps from colleagues."""

    __table_args__ = {"info": {RIGHTS: True}}

    person_id: int = Field(primary_key=True, foreign_key="member.person_id", ondelete="CASCADE")
    field: str = Field(primary_key=True, max_length=20)


def hidden_fields(session: Session, person_id: int) -> frozenset[ProfileField]:
    """What a person keeps from colleagues."""
    rows = session.exec(select(HiddenField.field).where(HiddenField.person_id == person_id))
    return frozenset(map(ProfileField, rows))


def hidden_from(session: Session, viewer: Viewer, person_id: int) -> frozenset[ProfileField]:
    """What a person keeps from a viewer: nothing from themselves."""
    if viewer.person_id == person_id:
        return frozenset()
    return hidden_fields(session, person_id)


def as_shown(session: Session, viewer: Viewer, person: Person) -> Person:
    """A person without what they keep from a viewer; a copy where anything is left out."""
    hidden = hidden_from(session, viewer, person.id)
    left_out = {
        name: column.get_default() for name, column in Person.model_fields.items() if name in hidden
    }
    return Person(**{**person.model_dump(), **left_out}) if left_out else person


def hide_fields(session: Session, person_id: int, fields: Collection[ProfileField]) -> None:
    """Set what a member keeps from colleagues."""
    before = hidden_fields(session, person_id)
    for name in before - set(fields):
        session.delete(session.get_one(HiddenField, (person_id, name)))
    session.add_all(
        HiddenField(person_id=person_id, field=name)
        for name in ProfileField
        if name in fields and name not in before
    )
    if before != frozenset(fields):
        detail: dict[str, object] = {"fields": sorted(fields)}
        audit(session, person_id, "profile fields hidden", f"person {person_id}", detail)


def is_hidden(person_id: Any, name: ProfileField) -> sa.ColumnElement[bool]:
    """The condition for people of a column who keep a field from colleagues."""
    return sa.exists().where(
        col(HiddenField.person_id) == person_id, col(HiddenField.field) == name
    )


def is_shown(fact: type[Employment] | type[Education] | type[Membership]) -> Any:
    """The condition for facts that colleagues may see."""
    return sa.not_(is_hidden(col(fact.person_id), FACTS[fact]))


_HIDDEN_FACTS = (
    select(HiddenField.field, HiddenField.person_id)
    .where(col(HiddenField.field).in_(list(FACTS.values())))
    .order_by(col(HiddenField.person_id))
)


def read_facts_for(session: Session, viewer: Viewer) -> None:
    """Keep from all queries of a session the facts that colleagues of the viewer hide."""
    kept = found_once(session, _HIDDEN_FACTS, lambda: session.exec(_HIDDEN_FACTS).all())
    others = [(field, person) for field, person in kept if person != viewer.person_id]
    if others:
        hiding = {
            kind: tuple(person for field, person in others if field == kind)
            for kind in FACTS.values()
        }
        session.info[_HIDING] = hiding
        note_left_out(session, tuple(hiding.items()))
        event.listen(session, "do_orm_execute", _leave_out)


def _leave_out(state: ORMExecuteState) -> None:
    if not state.is_select or state.is_column_load or is_unfiltered(state.session):  # type: ignore[arg-type]
        return
    hiding = state.session.info[_HIDING]
    criteria = [_others(fact, hiding[kind]) for fact, kind in FACTS.items() if hiding[kind]]
    state.statement = state.statement.options(*criteria)


def _others(fact: Any, hiding: tuple[int, ...]) -> Any:
    """The facts of all people but these."""
    return with_loader_criteria(
        fact, lambda cls: cls.person_id.not_in(hiding), include_aliases=True
    )
