"""Notifications: who follows which deal, and the rows of the members' inboxes.

A notification is written in the transaction of its event. `workspace/collaboration/inbox.py` reads
it under the rights that the member has when reading.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from workspace.clock import now
from workspace.ids import ID, uncounted_id

# The kinds of events that followers are notified of: notes, stages and references, not every edit.
FOLLOWED_KINDS = (*("note", "call", "meeting", "email", "stage", "parked", "woken", "reference"),)


class Follow(SQLModel, table=True):
    """A member who wants to be told what happens on a deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    since: datetime = Field(default_factory=now)


class Notification(SQLModel, table=True):
    """An event of a timeline, or a job change, in a member's inbox, and why it is there.

    `why` is one of mention, task, seat, credit, wake, shared, follow and job change.
    """

    __table_args__ = (sa.Index("ix_notification_person_id_done_at", "person_id", "done_at"),)

    id: int = uncounted_id()
    person_id: int = Field(foreign_key="person.id")
    entry_id: int | None = Field(
        default=None, foreign_key="timelineentry.id", index=True, ondelete="CASCADE", sa_type=ID
    )
    job_change_id: int | None = Field(
        default=None, foreign_key="jobchange.id", index=True, ondelete="CASCADE"
    )
    why: str = Field(max_length=20)
    at: datetime = Field(default_factory=now)
    done_at: datetime | None = None
    snoozed_until: datetime | None = None
    # When it was in a digest.
    mailed_at: datetime | None = None


def follow(session: Session, deal_id: int, person_id: int) -> None:
    """Have a member follow a deal."""
    if session.get(Follow, (deal_id, person_id)) is None:
        session.add(Follow(deal_id=deal_id, person_id=person_id))


def unfollow(session: Session, deal_id: int, person_id: int) -> None:
    """Have a member follow a deal no longer; other notifications still reach them."""
    existing = session.get(Follow, (deal_id, person_id))
    if existing:
        session.delete(existing)


def is_followed(session: Session, deal_id: int, person_id: int | None) -> bool:
    """Whether a member follows a deal."""
    return person_id is not None and session.get(Follow, (deal_id, person_id)) is not None


def followers(session: Session, deal_id: int) -> list[int]:
    """The ids of the members who follow a deal."""
    return list(session.exec(select(Follow.person_id).where(Follow.deal_id == deal_id)))


def notify(session: Session, entry_id: int, at: datetime, reasons: Mapping[int, str]) -> None:
    """Put an event into the inboxes of members, each with the reason; at most once a member.

    A member who was notified only as a follower is notified again for a reason of their own.
    """
    query = select(Notification).where(Notification.entry_id == entry_id)
    existing = {notification.person_id: notification for notification in session.exec(query)}
    for person_id, why in reasons.items():
        notification = existing.get(person_id)
        if notification is None:
            notification = Notification(person_id=person_id, entry_id=entry_id, why=why, at=at)
        elif notification.why == "follow" and why != "follow":
            notification.why, notification.at = why, at
            notification.done_at = notification.snoozed_until = notification.mailed_at = None
        session.add(notification)
