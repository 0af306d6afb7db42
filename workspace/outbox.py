"""The outbox: what has to leave the system, written in the transaction that causes it."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now


class OutboxMessage(SQLModel, table=True):
    """A mail that is to be sent, or was. Its Message-ID is the same at every try."""

    id: int = Field(default=None, primary_key=True)
    message_id: str = Field(unique=True, max_length=200)
    recipient: str = Field(max_length=254)
    subject: str = Field(max_length=300)
    body: str = Field(sa_type=Text)
    # An iCalendar object and its METHOD, where the mail is an invitation.
    calendar: str | None = Field(default=None, sa_type=Text)
    method: str = Field(default="", max_length=20)
    created_at: datetime = Field(default_factory=now)
    due_at: datetime = Field(default_factory=now, index=True)
    attempts: int = 0
    # Who is sending it just now has it until then; a worker that died gives it back so.
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    # What the mail server said at the last try.
    problem: str = Field(default="", max_length=500)
