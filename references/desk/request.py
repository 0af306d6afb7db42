"""The state machine of a reference request: its states, and the table of steps between them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import JSON, Text
from sqlmodel import Field, SQLModel

from references.desk.advocates import CALLS, EVENTS, Activity
from references.desk.policy import ReferencePolicy
from workspace.clock import now, today
from workspace.people.tables import Role
from workspace.people.viewer import Viewer


class State(StrEnum):
    """Where a reference request is."""

    DRAFT = "draft"
    # It waits for customer marketing and, by policy, for the account owner.
    SUBMITTED = "submitted"
    APPROVED = "approved"
    # Customer marketing or the account owner said no.
    DECLINED = "declined"
    # The advocate has been asked.
    INVITED = "invited"
    ACCEPTED = "accepted"
    # The advocate said no.
    REFUSED = "refused"
    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    # The scheduled time has passed and nothing took place.
    MISSED = "missed"
    CANCELLED = "cancelled"


# No step leaves these for another state.
TERMINAL_STATES = (State.DECLINED, State.COMPLETED, State.MISSED, State.CANCELLED)
OPEN_STATES = tuple(state for state in State if state not in TERMINAL_STATES)
_STATES_AT_DESK = tuple(state for state in OPEN_STATES if state != State.DRAFT)
# A request in one of these counts towards the customer's budget.
BUDGET_STATES = (
    State.APPROVED,
    State.INVITED,
    State.ACCEPTED,
    State.SCHEDULED,
    State.COMPLETED,
    State.MISSED,
)


class Party(StrEnum):
    """What a person is to a request."""

    ASKER = "the deal's team"
    DESK = "customer marketing"
    OWNER = "account owner"
    ADVOCATE = "the advocate"
    PROSPECT = "the prospect's person"


@dataclass(frozen=True)
class Step:
    """A step of a request: the states that it leaves, the state that it leads to, who takes it."""

    before: tuple[State, ...]
    # None where the step does not change the state.
    after: State | None
    who: tuple[Party, ...]
    # For sentences such as "it cannot be … now".
    participle: str


# The only table of steps: who may take each, from which states, and to which it leads unless its
# function knows another. Pages make their buttons from it.
STEPS: dict[str, Step] = {
    "submit": Step((State.DRAFT,), State.SUBMITTED, (Party.ASKER,), "asked for"),
    "approve": Step((State.SUBMITTED,), State.APPROVED, (Party.DESK, Party.OWNER), "approved"),
    "decline": Step((State.SUBMITTED,), State.DECLINED, (Party.DESK, Party.OWNER), "declined"),
    "assign": Step(_STATES_AT_DESK, None, (Party.DESK,), "assigned"),
    "swap": Step(
        (
            State.SUBMITTED,
            State.APPROVED,
            State.INVITED,
            State.REFUSED,
            State.ACCEPTED,
            State.SCHEDULED,
        ),
        State.SUBMITTED,
        (Party.DESK,),
        "given to another advocate",
    ),
    "invite": Step((State.APPROVED,), State.INVITED, (Party.DESK,), "sent to the customer"),
    "accept": Step((State.INVITED,), State.ACCEPTED, (Party.ADVOCATE,), "accepted"),
    "refuse": Step(
        (State.APPROVED, State.INVITED, State.ACCEPTED, State.SCHEDULED),
        State.REFUSED,
        (Party.ADVOCATE,),
        "refused",
    ),
    "other times": Step(
        (State.ACCEPTED,), State.INVITED, (Party.PROSPECT, Party.DESK), "sent back for other times"
    ),
    "schedule": Step((State.ACCEPTED,), State.SCHEDULED, (Party.PROSPECT, Party.DESK), "scheduled"),
    "reschedule": Step((State.SCHEDULED,), State.SCHEDULED, (Party.DESK,), "moved"),
    "complete": Step(
        (State.ACCEPTED, State.SCHEDULED),
        State.COMPLETED,
        (Party.ASKER, Party.DESK),
        "completed",
    ),
    "miss": Step((State.SCHEDULED,), State.MISSED, (Party.ASKER, Party.DESK), "missed"),
    "record outcome": Step(
        (State.COMPLETED, State.MISSED), None, (Party.ASKER, Party.DESK), "closed with its outcome"
    ),
    "tell": Step(
        (State.COMPLETED, State.MISSED), None, (Party.ADVOCATE, Party.PROSPECT), "commented on"
    ),
    "cancel": Step(OPEN_STATES, State.CANCELLED, (Party.ASKER, Party.DESK), "cancelled"),
}


class ReferenceRequest(SQLModel, table=True):
    """An ask that an advocate vouches for us to a contact on a deal."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=20)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    activity: str = Field(max_length=20)
    advocate_id: int | None = Field(default=None, foreign_key="advocate.id", index=True)
    # The contact whom the advocate would talk to.
    prospect_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    # For the advocate alone; of us only the asker and the desk read it.
    message: str = Field(default="", sa_type=Text)
    # For the advocate and the prospect's person.
    shared_message: str = Field(default="", sa_type=Text)
    # Why this advocate, as it was shown to the asker (`references/matching.py`).
    fit: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    state: str = Field(default=State.DRAFT, max_length=20, index=True)
    requested_by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    # The member of customer marketing who handles it.
    assigned_to_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    due: date | None = Field(default=None, index=True)
    # Both are needed where the policy asks for the account owner's approval.
    desk_approved_by_id: int | None = Field(default=None, foreign_key="person.id")
    owner_approved_by_id: int | None = Field(default=None, foreign_key="person.id")
    # Set once no approval is missing, until the request goes back to the desk.
    approved_at: datetime | None = None
    # Why it was declined, refused or cancelled.
    reason: str = Field(default="", max_length=500)
    starts_at: datetime | None = Field(default=None, index=True)
    minutes: int = 30
    # The SEQUENCE of the calendar invitation that was sent last.
    calendar_sequence: int = -1
    # What the reference did for the deal.
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
    """A step that was taken: by whom, and from which state to which."""

    id: int = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="referencerequest.id", index=True, ondelete="CASCADE")
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    action: str = Field(max_length=40)
    before: str = Field(default="", max_length=20)
    after: str = Field(max_length=20)
    # What its party wrote, such as a reason.
    text: str = Field(default="", sa_type=Text)
    # Its parameters: `starts_at`, `assigned_id` or `outcome`. Pages put them into words.
    detail: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    # The link by which a guest took it.
    link_id: int | None = Field(default=None, foreign_key="guestlink.id")


# These activities have an appointment, and times to choose from.
MEETINGS = (*CALLS, *EVENTS)
MINUTES = {Activity.CALL: 30, Activity.VISIT: 120}
FEWEST_SLOTS = 3
MOST_SLOTS = 5
OUTCOMES = ("helped", "no effect", "hurt")
# The desk is customer marketing, and administrators.
DESK_ROLES = (Role.MARKETER, Role.ADMIN)


@dataclass(frozen=True)
class Guest:
    """A person without an account, who acts by a link that they were sent."""

    person_id: int
    name: str
    request_id: int
    party: Party
    # None where a member recorded what the guest said.
    link_id: int | None = None


Actor = Viewer | Guest


class Progress(Protocol):
    """What decides about the next steps of a request; a row of the queue has it, too."""

    @property
    def state(self) -> str: ...
    @property
    def activity(self) -> str: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def desk_approved_by_id(self) -> int | None: ...
    @property
    def owner_approved_by_id(self) -> int | None: ...


def allowed_steps(
    request: Progress,
    parties: Collection[Party],
    *,
    owner_needed: bool,
) -> list[str]:
    """The steps that these parties may take now, in the order of `STEPS`."""
    names = []
    for name, step in STEPS.items():
        if request.state not in step.before or not set(step.who) & set(parties):
            continue
        if name == "approve" and not owes_approval(request, parties, owner_needed):
            continue
        meeting = request.activity in MEETINGS
        if name in ("schedule", "other times") and not meeting:
            continue
        if name == "complete" and meeting and request.state == State.ACCEPTED:
            continue
        if name in ("complete", "miss") and request.starts_at and request.starts_at > now():
            continue
        names.append(name)
    return names


def needs_owner_approval(request: Progress, rules: ReferencePolicy, owner_id: int | None) -> bool:
    """Whether the account owner has still to approve."""
    return rules.owner_approval and owner_id is not None and request.owner_approved_by_id is None


def owes_approval(request: Progress, parties: Collection[Party], owner_needed: bool) -> bool:
    """Whether the approval of one of these parties is missing."""
    return (Party.DESK in parties and request.desk_approved_by_id is None) or (
        Party.OWNER in parties and owner_needed
    )


def due_date(request: ReferenceRequest, rules: ReferencePolicy) -> date | None:
    """The day by which the next step is to be taken."""
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
