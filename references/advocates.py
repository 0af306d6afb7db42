"""Advocates: contacts who agreed to vouch for us, for what, how often, and the consent to it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now


class Activity(StrEnum):
    """What an advocate may be asked for."""

    CALL = "reference call"
    VISIT = "site visit"
    CASE_STUDY = "case study"
    QUOTE = "quote"
    LOGO = "logo"
    REVIEW = "review"
    SPEAKING = "speaking"
    PRESS = "press"


# Those that take an advocate out of their day; the others cost them no appointment.
CALLS = (Activity.CALL,)
EVENTS = (Activity.VISIT, Activity.SPEAKING, Activity.PRESS)


class LegalBasis(StrEnum):
    """Why their data may be used for this."""

    PROSPECT = "legitimate interest (prospect)"
    CUSTOMER = "legitimate interest (existing customer)"
    CONTRACT = "performance of a contract"
    CONSENT = "freely given consent"
    NONE = "not applicable"


class ConsentState(StrEnum):
    """What an advocate said; that it has expired follows from its end."""

    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Advocate(SQLModel, table=True):
    """A contact who was nominated to vouch for us. Their last consent says whether they do."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(unique=True, foreign_key="person.id")
    # Joined by '; '.
    activities: str = Field(default="", max_length=300)
    # Their own limits, where they are not the policy's.
    calls_a_quarter: int | None = None
    events_in_two_quarters: int | None = None
    # They want to be left alone until then.
    paused_until: date | None = None
    note: str = Field(default="", sa_type=Text)
    nominated_by_id: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(default_factory=now)
    # Rises with every step that could use them up, so that two at once do not both pass.
    version: int = 1


class Consent(SQLModel, table=True):
    """What an advocate said about being asked, and the proof of it. Rows are only added."""

    id: int = Field(default=None, primary_key=True)
    advocate_id: int = Field(foreign_key="advocate.id", index=True, ondelete="CASCADE")
    state: str = Field(max_length=20)
    legal_basis: str = Field(default=LegalBasis.CONSENT, max_length=60)
    captured_on: date
    # How it was captured: by mail, their own link, a contract.
    source: str = Field(default="", max_length=200)
    purpose: str = Field(default="", max_length=300)
    start: date | None = None
    end: date | None = None
    # The member who wrote it down; None where the advocate did it by a link.
    recorded_by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)


class ReferencePolicy(SQLModel, table=True):
    """One row: the rules of the reference desk."""

    id: int = Field(default=1, primary_key=True)
    # A customer's budget, over all of its advocates.
    calls_a_quarter: int = 1
    events_in_two_quarters: int = 1
    # The position of the stage from which a deal may ask.
    earliest_stage: int = 3
    # Whether the one who looks after the customer has to agree, too.
    owner_approval: bool = True
    # How long a consent holds, and how long before its end a renewal is asked for.
    consent_months: int = 12
    renewal_days: int = 30
    # Days that each step may take, and that a guest's link works.
    approval_days: int = 2
    answer_days: int = 5
    link_days: int = 14
