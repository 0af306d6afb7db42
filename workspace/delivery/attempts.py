"""Messages that leave by attempts: each is leased, tried, and tried again later if it failed.

A worker leases a message while it sends it. If it dies after the receiver has accepted the message
and before that is stored, the message is sent again under the same id.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col

from workspace.clock import now
from workspace.database import Database

# Longer than an attempt may take, so that no other worker takes a message that is being sent.
LEASE = timedelta(minutes=5)


class Queued(SQLModel):
    """The columns of a message that is to leave."""

    created_at: datetime = Field(default_factory=now)
    due_at: datetime = Field(default_factory=now, index=True)
    attempts: int = 0
    # Until when a worker has it to itself. The lease of a worker that died expires.
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    # When it became obsolete, or was given up, before it was sent.
    dropped_at: datetime | None = None
    # Why the last attempt failed (`workspace/told.py`).
    problem: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


Message = TypeVar("Message", bound=Queued)
Answer = TypeVar("Answer")


def unsent(table: type[Queued], moment: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions for messages that are neither sent, nor dropped, nor leased."""
    leased_until = col(table.leased_until)
    return (
        col(table.sent_at).is_(None),
        col(table.dropped_at).is_(None),
        sa.or_(leased_until.is_(None), leased_until < moment),
    )


def attempt_next(
    database: Database,
    table: type[Message],
    due: Callable[[], Any],
    attempt: Callable[[Message], Answer],
    settle: Callable[[Session, Message, Answer], None],
) -> bool:
    """Attempt the message that `due` selects first; whether there was one.

    `attempt` runs without a transaction; `settle` stores what came of it.
    """
    with database.read() as session:
        if session.exec(due().limit(1)).first() is None:
            return False
    with database.write() as session:
        locked = due().limit(1).with_for_update(skip_locked=True, of=table)
        message = session.exec(locked).first()
        if message is None:
            return False
        message.leased_until = now() + LEASE
        message.attempts += 1
        session.add(message)
    answer = attempt(message)
    with database.write() as session:
        row = session.get(table, message.id, with_for_update=True)
        if row is not None:
            row.leased_until = None
            session.add(row)
            settle(session, row, answer)
    return True
