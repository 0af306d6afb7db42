"""An introduction request, its states, and who may answer it."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now


class Answer(StrEnum):
    """What the connector said; only a yes is told to the one who asked."""

    NONE = ""
    YES = "yes"
    NO = "no"
    NOT_NOW = "not now"


class IntroductionRequest(SQLModel, table=True):
    """An ask of a member to introduce a colleague to somebody whom they know."""

    id: int = Field(default=None, primary_key=True)
    # Without a number: the asks of others would be counted by it.
    key: str = Field(unique=True, max_length=20)
    asker_id: int = Field(foreign_key="person.id", index=True)
    connector_id: int = Field(foreign_key="person.id", index=True)
    # Whether the one who asks knows whom they ask; else it is 'a colleague' to them.
    connector_shown: bool = True
    person_id: int = Field(foreign_key="person.id", index=True)
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True, ondelete="CASCADE")
    why: str = Field(sa_type=Text)
    # The message to the person, as the one who asks would have it.
    draft: str = Field(default="", sa_type=Text)
    # The message as the connector has it. Only they read it.
    message: str = Field(default="", sa_type=Text)
    answer: str = Field(default=Answer.NONE, max_length=10)
    # A 'not now' comes back then.
    again_on: date | None = None
    expires_on: date
    introduced_on: date | None = None
    # Taken back by the one who asked or, after a yes, given up by them.
    withdrawn: bool = False
    created_at: datetime = Field(default_factory=now)
    answered_at: datetime | None = None


# How long an ask waits for an answer, and how long one that has come back does.
OPEN_DAYS = 14


class Standing(StrEnum):
    """How an ask stands for the one who asked."""

    WAITING = "no answer yet"
    OVER = "no introduction came of it"
    YES = "yes"
    INTRODUCED = "introduced"
    GIVEN_UP = "given up"
    WITHDRAWN = "taken back"


def standing_of(request: IntroductionRequest, on: date) -> Standing:
    """How an ask stands for the asker. Of the answers this looks at the yes alone."""
    if request.introduced_on:
        return Standing.INTRODUCED
    if request.answer == Answer.YES:
        return Standing.GIVEN_UP if request.withdrawn else Standing.YES
    if request.withdrawn:
        return Standing.WITHDRAWN
    return Standing.WAITING if on <= request.expires_on else Standing.OVER


def waits_for_answer(request: IntroductionRequest, on: date) -> bool:
    """Whether the connector has something to say: at first, or again after a 'not now'."""
    if request.withdrawn:
        return False
    if request.answer == Answer.NOT_NOW and request.again_on:
        return request.again_on <= on <= request.again_on + timedelta(days=OPEN_DAYS)
    return request.answer == Answer.NONE and on <= request.expires_on


def may_answer(request: IntroductionRequest, on: date) -> bool:
    """Whether the connector may answer, or think better of their answer."""
    if request.withdrawn or request.answer == Answer.YES:
        return False
    return on <= request.expires_on or request.answer == Answer.NOT_NOW


def outbox_subject(request: IntroductionRequest) -> str:
    """What the outbox calls an introduction."""
    return f"introduction {request.id}"
