"""Introductions: asking a colleague to introduce us, whose no nobody else learns of."""

from datetime import date, datetime
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
    asker_id: int = Field(foreign_key="person.id", index=True)
    connector_id: int = Field(foreign_key="person.id", index=True)
    # Whether the one who asks knows whom they ask; else it is 'a colleague' to them.
    connector_shown: bool = True
    person_id: int = Field(foreign_key="person.id", index=True)
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True, ondelete="CASCADE")
    why: str = Field(sa_type=Text)
    # The message to the person; the connector may edit it.
    draft: str = Field(default="", sa_type=Text)
    answer: str = Field(default=Answer.NONE, max_length=10)
    # A 'not now' comes back then.
    again_on: date | None = None
    expires_on: date
    introduced_on: date | None = None
    withdrawn: bool = False
    created_at: datetime = Field(default_factory=now)
    answered_at: datetime | None = None
    version: int = 1
