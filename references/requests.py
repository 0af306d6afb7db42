"""The reference desk: a request's life, and who may take it a step further."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now


class State(StrEnum):
    """Where a reference request is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    DECLINED = "declined"
    INVITED = "invited"
    ACCEPTED = "accepted"
    # The customer said no.
    REFUSED = "refused"
    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    MISSED = "missed"
    CANCELLED = "cancelled"


# The states that use the customer's budget: from the desk's yes to what came of it.
COMMITTED = (
    State.APPROVED,
    State.INVITED,
    State.ACCEPTED,
    State.SCHEDULED,
    State.COMPLETED,
    State.MISSED,
)


class ReferenceRequest(SQLModel, table=True):
    """An ask that an advocate vouches for us to somebody on a deal."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=20)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    activity: str = Field(max_length=20)
    advocate_id: int | None = Field(default=None, foreign_key="advocate.id", index=True)
    # Whom the advocate would talk to.
    prospect_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    message: str = Field(default="", sa_type=Text)
    state: str = Field(default=State.DRAFT, max_length=20, index=True)
    requested_by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    # Who of customer marketing sees to it.
    assigned_to_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    due: date | None = Field(default=None, index=True)
    # Both are needed where the policy asks for the account owner's approval.
    desk_approved_by_id: int | None = Field(default=None, foreign_key="person.id")
    owner_approved_by_id: int | None = Field(default=None, foreign_key="person.id")
    # Set once nobody's approval is missing, until the request goes back to the desk.
    approved_at: datetime | None = None
    # Why it was declined, refused or cancelled.
    reason: str = Field(default="", max_length=500)
    starts_at: datetime | None = Field(default=None, index=True)
    minutes: int = 30
    # The SEQUENCE of the calendar invitation that was sent last.
    calendar_sequence: int = -1
    # What came of it for the deal.
    outcome: str = Field(default="", max_length=20)
    outcome_note: str = Field(default="", sa_type=Text)
    advocate_feedback: str = Field(default="", sa_type=Text)
    prospect_feedback: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(default_factory=now)
    changed_at: datetime = Field(default_factory=now)
    version: int = 1


class RequestSlot(SQLModel, table=True):
    """A time that an advocate offered."""

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="referencerequest.id", index=True, ondelete="CASCADE")
    starts_at: datetime


class RequestStep(SQLModel, table=True):
    """One step of a request: who took it, and from where to where."""

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="referencerequest.id", index=True, ondelete="CASCADE")
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    action: str = Field(max_length=40)
    before: str = Field(default="", max_length=20)
    after: str = Field(max_length=20)
    text: str = Field(default="", sa_type=Text)
