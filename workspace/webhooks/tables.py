"""The tables of webhooks: the endpoints of other programs, and the messages to them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, Text
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS, SECRET
from workspace.delivery.attempts import Queued
from workspace.ids import uncounted_id


class EventGroup(StrEnum):
    """What events are about; the types of a group begin with its name."""

    DEAL = "deal"
    STAGE = "stage"
    SEAT = "seat"
    REFERENCE = "reference"
    ADVOCATE = "advocate"


class WebhookEndpoint(SQLModel, table=True):
    """An address of another program that is told of events."""

    __table_args__ = {"info": {SECRET: True}}

    id: int = Field(default=None, primary_key=True)
    name: str = Field(max_length=60)
    url: str = Field(max_length=500)
    # The groups of events, joined by `value_lists.join_values`.
    events: str = Field(max_length=100)
    # The administrator who saved or resumed it last: it gets what they may see.
    acts_as_id: int = Field(foreign_key="member.person_id", index=True)
    # Encrypted. For a while after a rotation, the former one signs, too.
    secret: str = Field(max_length=1000)
    former_secret: str = Field(default="", max_length=1000)
    former_until: datetime | None = None
    stopped_at: datetime | None = None
    # Why Dealkin stopped it (`workspace/told.py`); empty if an administrator did.
    stopped_why: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    tried_at: datetime | None = None
    accepted_at: datetime | None = None
    # Failed attempts in a row, and until when no further one is made.
    failures: int = 0
    rests_until: datetime | None = None
    created_at: datetime = Field(default_factory=now)


class WebhookMessage(Queued, table=True):
    """An event that is to be sent to an endpoint, or was sent."""

    __table_args__: ClassVar[dict[str, Any]] = {"info": {FOLLOWS: True}}

    id: int = uncounted_id()
    # The header webhook-id, which stays the same for all attempts.
    message_id: str = Field(unique=True, max_length=40)
    endpoint_id: int = Field(foreign_key="webhookendpoint.id", index=True, ondelete="CASCADE")
    type: str = Field(max_length=60)
    # No reference: the event of a deletion outlives its deal.
    deal_id: int | None = None
    confidential: bool = False
    body: str = Field(sa_type=Text)
    # From when on the days count in which it is tried.
    offered_at: datetime = Field(default_factory=now)
    # The status of the last answer.
    status: int | None = None
