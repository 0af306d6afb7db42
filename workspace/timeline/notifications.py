"""What members are told: who follows which deal, and the rows of everybody's inbox.

This side writes, within the transaction of what it tells of. `workspace.inbox` reads, within the
rights that the reader has by then.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.clock import now

# What those who follow a deal are told of: what people say and how it moves, not every edit.
FOLLOWED_KINDS = ("note", "call", "meeting", "email", "stage", "reference")


class Follow(SQLModel, table=True):
    """A member who wants to be told what happens on a deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    since: datetime = Field(default_factory=now)


class Notification(SQLModel, table=True):
    """One thing that a member is told: an event of a timeline, and why it is theirs.

    `why` is one of mention, task, seat, credit and follow.
    """

    __table_args__ = (sa.Index("ix_notification_person_id_done_at", "person_id", "done_at"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    entry_id: int = Field(foreign_key="timelineentry.id", index=True, ondelete="CASCADE")
    why: str = Field(max_length=20)
    at: datetime = Field(default_factory=now)
    done_at: datetime | None = None
    snoozed_until: datetime | None = None
    # When it went out by mail.
    mailed_at: datetime | None = None


def follow(session: Session, deal_id: int, person_id: int) -> None:
    """Tell a member from now on what happens on a deal."""
    if session.get(Follow, (deal_id, person_id)) is None:
        session.add(Follow(deal_id=deal_id, person_id=person_id))


def unfollow(session: Session, deal_id: int, person_id: int) -> None:
    """Tell a member no more of a deal than what is meant for them."""
    row = session.get(Follow, (deal_id, person_id))
    if row:
        session.delete(row)


def is_followed(session: Session, deal_id: int, person_id: int | None) -> bool:
    """Whether a member follows a deal."""
    return person_id is not None and session.get(Follow, (deal_id, person_id)) is not None


def followers(session: Session, deal_id: int) -> list[int]:
    """Who follows a deal."""
    return list(session.exec(select(Follow.person_id).where(Follow.deal_id == deal_id)))


def tell(session: Session, entry_id: int, at: datetime, told: Mapping[int, str]) -> None:
    """Put an event into inboxes: for each member why, once however often they are told.

    Whoever was told only as a follower, and is meant now, is told anew.
    """
    there = select(Notification).where(Notification.entry_id == entry_id)
    known = {row.person_id: row for row in session.exec(there)}
    for person_id, why in told.items():
        row = known.get(person_id)
        if row is None:
            row = Notification(person_id=person_id, entry_id=entry_id, why=why, at=at)
        elif row.why == "follow" and why != "follow":
            row.why, row.at = why, at
            row.done_at = row.snoozed_until = row.mailed_at = None
        session.add(row)


def forget(session: Session, entry_id: int) -> None:
    """Take an event out of every inbox."""
    session.execute(sa.delete(Notification).where(col(Notification.entry_id) == entry_id))
