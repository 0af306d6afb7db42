"""Introduction requests: the table, their standing, and when they can be answered."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now


class Answer(StrEnum):
    """The connector's answer; the asker learns only of a yes."""

    NONE = ""
    YES = "yes"
    NO = "no"
    NOT_NOW = "not now"


class IntroductionRequest(SQLModel, table=True):
    """A request that a member introduce a colleague to a person whom they know."""

    id: int = Field(default=None, primary_key=True)
    # Random, as a sequence of numbers would tell how many requests others made.
    key: str = Field(unique=True, max_length=20)
    asker_id: int = Field(foreign_key="person.id", index=True)
    connector_id: int = Field(foreign_key="person.id", index=True)
    # Whether the asker knows the connector; otherwise the connector is 'a colleague' to them.
    connector_shown: bool = True
    person_id: int = Field(foreign_key="person.id", index=True)
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True, ondelete="CASCADE")
    why: str = Field(sa_type=Text)
    # The message to the person that the asker proposes.
    draft: str = Field(default="", sa_type=Text)
    # The message that the connector wrote. Only they can read it.
    message: str = Field(default="", sa_type=Text)
    answer: str = Field(default=Answer.NONE, max_length=10)
    # The day on which a 'not now' is asked again.
    again_on: date | None = None
    expires_on: date
    introduced_on: date | None = None
    # The asker withdrew it before a yes, or gave it up after one.
    withdrawn: bool = False
    created_at: datetime = Field(default_factory=now)
    answered_at: datetime | None = None


# The days for an answer, at first and again after a 'not now'.
OPEN_DAYS = 14


class Standing(StrEnum):
    """What the asker sees of a request's progress."""

    WAITING = "no answer yet"
    OVER = "no introduction came of it"
    YES = "yes"
    INTRODUCED = "introduced"
    GIVEN_UP = "given up"
    WITHDRAWN = "taken back"


def standing_of(request: IntroductionRequest, on: date) -> Standing:
    """The standing of a request for its asker, which depends on no answer but a yes."""
    if request.introduced_on:
        return Standing.INTRODUCED
    if request.answer == Answer.YES:
        return Standing.GIVEN_UP if request.withdrawn else Standing.YES
    if request.withdrawn:
        return Standing.WITHDRAWN
    return Standing.WAITING if on <= request.expires_on else Standing.OVER


def waits_for_answer(request: IntroductionRequest, on: date) -> bool:
    """Whether the connector's answer is due, at first or again after a 'not now'."""
    if request.withdrawn:
        return False
    if request.answer == Answer.NOT_NOW and request.again_on:
        return request.again_on <= on <= request.again_on + timedelta(days=OPEN_DAYS)
    return request.answer == Answer.NONE and on <= request.expires_on


def may_answer(request: IntroductionRequest, on: date) -> bool:
    """Whether the connector may answer, or change their answer."""
    if request.withdrawn or request.answer == Answer.YES:
        return False
    return on <= request.expires_on or request.answer == Answer.NOT_NOW


def outbox_subject(request: IntroductionRequest) -> str:
    """The name of an introduction in the outbox."""
    return f"introduction {request.id}"
