"""Links for people without an account: what a guest may do with one, and for how long."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from workspace.clock import now


class Purpose(StrEnum):
    """The one thing that a link is for."""

    ANSWER = "answer"
    PICK = "pick a time"
    FEEDBACK = "feedback"
    CONSENT = "consent"


class GuestLink(SQLModel, table=True):
    """A link that was given to somebody. Only the hash of its secret is kept."""

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True, max_length=64)
    purpose: str = Field(max_length=20)
    person_id: int = Field(foreign_key="person.id", index=True)
    request_id: int | None = Field(
        default=None, foreign_key="referencerequest.id", index=True, ondelete="CASCADE"
    )
    advocate_id: int | None = Field(
        default=None, foreign_key="advocate.id", index=True, ondelete="CASCADE"
    )
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
