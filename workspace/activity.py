"""The timeline: what happened on a deal, and when. Every change is on the audit log too."""

from datetime import datetime

from sqlalchemy import JSON, Text
from sqlmodel import Field, Session, SQLModel

from workspace.audit import audit
from workspace.clock import now


class TimelineEntry(SQLModel, table=True):
    """One thing that happened on a deal.

    `kind` is what members write (note, call, meeting, email) or what the record saw: logged,
    stage, edited, seat, use, invited, uninvited, imported.
    """

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    kind: str = Field(max_length=20)
    text: str = Field(default="", sa_type=Text)
    detail: dict[str, object] = Field(default_factory=dict, sa_type=JSON)


WRITTEN_KINDS = ("note", "call", "meeting", "email")


def record(
    session: Session,
    deal_id: int,
    by: int | None,
    kind: str,
    text: str = "",
    *,
    detail: dict[str, object] | None = None,
    at: datetime | None = None,
) -> TimelineEntry:
    """Put an event on a deal's timeline and on the audit log."""

    entry = TimelineEntry(
        deal_id=deal_id, at=at or now(), by_id=by, kind=kind, text=text, detail=detail or {}
    )
    session.add(entry)
    audit(session, by, f"deal {kind}", f"deal {deal_id}", detail)
    return entry
