"""A reference request's course: its states, and the one table of what may be done, by whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from references.desk.advocates import CALLS, EVENTS, Activity, ReferencePolicy
from workspace.clock import now, today
from workspace.people.tables import Role
from workspace.people.viewer import Viewer


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
    # Why this advocate, as it was shown to the one who asked.
    fit: str = Field(default="", max_length=500)
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


# What takes an advocate out of their day has an appointment, and times to choose from.
MEETINGS = (*CALLS, *EVENTS)
MINUTES = {Activity.CALL: 30, Activity.VISIT: 120}
FEWEST_SLOTS = 3
MOST_SLOTS = 5
OUTCOMES = ("helped", "no effect", "hurt")
# The desk: customer marketing, and administrators.
DESK_ROLES = (Role.MARKETER, Role.ADMIN)
# Those that nobody has to do anything about any more.
ENDED = (State.DECLINED, State.COMPLETED, State.MISSED, State.CANCELLED)
LIVE = tuple(state for state in State if state not in ENDED)
_AT_THE_DESK = tuple(state for state in LIVE if state != State.DRAFT)


class Part(StrEnum):
    """What somebody is to a request."""

    ASKER = "the deal's team"
    DESK = "customer marketing"
    OWNER = "the one who looks after the customer"
    ADVOCATE = "the advocate"
    PROSPECT = "the prospect's person"


@dataclass(frozen=True)
class Guest:
    """Somebody without an account, who acts by a link that they were sent."""

    person_id: int
    name: str
    request_id: int
    part: Part


Actor = Viewer | Guest


@dataclass(frozen=True)
class Step:
    """A step of a request: from which states to which, and who takes it."""

    before: tuple[State, ...]
    # None where the state stays as it is.
    after: State | None
    who: tuple[Part, ...]
    said: str


# The one table of what may be done; pages make their buttons from it.
STEPS: dict[str, Step] = {
    "submit": Step((State.DRAFT,), State.SUBMITTED, (Part.ASKER,), "asked for"),
    "approve": Step((State.SUBMITTED,), State.APPROVED, (Part.DESK, Part.OWNER), "approved"),
    "decline": Step((State.SUBMITTED,), State.DECLINED, (Part.DESK, Part.OWNER), "declined"),
    "assign": Step(_AT_THE_DESK, None, (Part.DESK,), "assigned"),
    "swap": Step(
        (
            *(State.SUBMITTED, State.APPROVED, State.INVITED),
            *(State.REFUSED, State.ACCEPTED, State.SCHEDULED),
        ),
        State.SUBMITTED,
        (Part.DESK,),
        "given to another advocate",
    ),
    "invite": Step((State.APPROVED,), State.INVITED, (Part.DESK,), "sent to the customer"),
    "accept": Step((State.INVITED,), State.ACCEPTED, (Part.ADVOCATE,), "accepted"),
    "refuse": Step(
        (State.APPROVED, State.INVITED, State.ACCEPTED, State.SCHEDULED),
        State.REFUSED,
        (Part.ADVOCATE,),
        "refused",
    ),
    "other times": Step(
        (State.ACCEPTED,), State.INVITED, (Part.PROSPECT, Part.DESK), "sent back for other times"
    ),
    "schedule": Step((State.ACCEPTED,), State.SCHEDULED, (Part.PROSPECT, Part.DESK), "scheduled"),
    "reschedule": Step((State.SCHEDULED,), State.SCHEDULED, (Part.DESK,), "moved"),
    "complete": Step(
        (State.ACCEPTED, State.SCHEDULED),
        State.COMPLETED,
        (Part.ASKER, Part.DESK),
        "completed",
    ),
    "miss": Step((State.SCHEDULED,), State.MISSED, (Part.ASKER, Part.DESK), "missed"),
    "record outcome": Step(
        (State.COMPLETED, State.MISSED), None, (Part.ASKER, Part.DESK), "given an outcome"
    ),
    "tell": Step(
        (State.COMPLETED, State.MISSED), None, (Part.ADVOCATE, Part.PROSPECT), "commented on"
    ),
    "cancel": Step((*LIVE,), State.CANCELLED, (Part.ASKER, Part.DESK), "called off"),
}


def steps_open_to(
    request: ReferenceRequest,
    parts: Collection[Part],
    *,
    owner_needed: bool,
) -> list[str]:
    """The steps that somebody who is all this to a request may take now, in the table's order."""
    found = []
    for name, step in STEPS.items():
        if request.state not in step.before or not set(step.who) & set(parts):
            continue
        if name == "approve" and not missing_yes(request, parts, owner_needed):
            continue
        meeting = request.activity in MEETINGS
        if name in ("schedule", "other times") and not meeting:
            continue
        if name == "complete" and meeting and request.state == State.ACCEPTED:
            continue
        if name in ("complete", "miss") and request.starts_at and request.starts_at > now():
            continue
        found.append(name)
    return found


def owner_needed(request: ReferenceRequest, rules: ReferencePolicy, owner_id: int | None) -> bool:
    """Whether the one who looks after the customer has still to agree."""
    return rules.owner_approval and owner_id is not None and request.owner_approved_by_id is None


def missing_yes(request: ReferenceRequest, parts: Collection[Part], owner_needed: bool) -> bool:
    """Whether one of these parts has a yes to give."""
    return (Part.DESK in parts and request.desk_approved_by_id is None) or (
        Part.OWNER in parts and owner_needed
    )


def due_date(request: ReferenceRequest, rules: ReferencePolicy) -> date | None:
    """Until when the next step is to be taken."""
    match request.state:
        case State.SUBMITTED | State.APPROVED | State.REFUSED:
            return today() + timedelta(days=rules.approval_days)
        case State.INVITED | State.ACCEPTED:
            return today() + timedelta(days=rules.answer_days)
        case State.SCHEDULED if request.starts_at:
            return request.starts_at.date()
        case State.COMPLETED | State.MISSED if not request.outcome:
            return today() + timedelta(days=rules.answer_days)
    return None
