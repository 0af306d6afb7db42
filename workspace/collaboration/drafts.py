"""Drafts: what a member has typed into a form and not sent yet, kept for 30 days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.clock import now
from workspace.database import SECRET, Database
from workspace.errors import Invalid

KEPT = timedelta(days=30)
# A member's oldest drafts make room for new ones.
MOST_DRAFTS = 50
MOST_LETTERS = 60_000
PAUSE_SECONDS = 6 * 3600.0


class Draft(SQLModel, table=True):
    """The fields of a form, for the member alone: no export of the record has it."""

    __table_args__ = {"info": {SECRET: True}}

    person_id: int = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    # The form and what it is about, for example 'note /deals/D-0001'.
    place: str = Field(primary_key=True, max_length=300)
    fields: dict[str, list[str]] = Field(sa_type=JSON)
    saved_at: datetime = Field(default_factory=now)


def drafts_of(session: Session, person_id: int) -> dict[str, Draft]:
    """A member's drafts by their place."""
    rows = session.exec(
        select(Draft).where(Draft.person_id == person_id, col(Draft.saved_at) > now() - KEPT)
    )
    return {row.place: row for row in rows}


def save_draft(
    session: Session, person_id: int, place: str, fields: Mapping[str, Sequence[str]]
) -> None:
    """Save a draft in place of an earlier one."""
    if sum(len(value) for values in fields.values() for value in values) > MOST_LETTERS:
        raise Invalid("This is too long to be kept as a draft.")
    draft = session.get(Draft, (person_id, place)) or Draft(
        person_id=person_id, place=place, fields={}
    )
    draft.fields = {name: list(values) for name, values in fields.items()}
    draft.saved_at = now()
    session.add(draft)
    session.flush()
    newest = (
        select(Draft.place)
        .where(Draft.person_id == person_id)
        .order_by(col(Draft.saved_at).desc(), col(Draft.place))
        .limit(MOST_DRAFTS)
    )
    kept = list(session.exec(newest))
    session.execute(
        sa.delete(Draft).where(col(Draft.person_id) == person_id, col(Draft.place).not_in(kept))
    )


def discard_draft(session: Session, person_id: int, place: str) -> None:
    """Delete a draft, if there is one."""
    session.execute(
        sa.delete(Draft).where(col(Draft.person_id) == person_id, col(Draft.place) == place)
    )


def forget_old(database: Database) -> float:
    """Delete what is older than 30 days; returns the seconds until the next look."""
    with database.write() as session:
        session.execute(sa.delete(Draft).where(col(Draft.saved_at) <= now() - KEPT))
    return PAUSE_SECONDS
