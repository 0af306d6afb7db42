"""The audit log: who did what to which row. It is written, never edited."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS


class AuditEntry(SQLModel, table=True):
    """One act. `by_id` is empty for the command line and for sign-ins with unknown addresses."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, index=True)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    action: str = Field(max_length=60)
    subject: str = Field(max_length=300, index=True)
    detail: dict[str, object] = Field(default_factory=dict, sa_type=JSON)


def audit(
    session: Session,
    by: int | None,
    action: str,
    subject: str,
    detail: dict[str, object] | None = None,
) -> None:
    """Add an entry to the audit log, in the transaction of the act."""
    session.add(AuditEntry(by_id=by, action=action, subject=subject, detail=detail or {}))
