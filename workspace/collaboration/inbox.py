"""A member's inbox: what they were told, why, and what they did about it.

Rights are those of now: what a member may no longer see is in no list and in no count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import now
from workspace.deals import access
from workspace.deals.tables import Deal
from workspace.errors import NotFound
from workspace.people.viewer import Viewer
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import Event, TimelineEntry, events_of

# How long something may be put off.
SNOOZES = {"tomorrow": timedelta(days=1), "three days": timedelta(days=3), "a week": timedelta(7)}
REASONS = {
    "mention": "you were mentioned",
    "task": "it is a task of yours, or one that you gave",
    "seat": "it is about a seat of yours, or on a deal of yours",
    "credit": "you were on its team, and are credited with it",
    "follow": "you follow this deal",
}


class Shelf(StrEnum):
    """Where something in an inbox is."""

    OPEN = "open"
    SNOOZED = "snoozed"
    DONE = "done"


@dataclass(frozen=True)
class Item:
    """Something in an inbox: the event, and why it is there."""

    id: int
    why: str
    event: Event
    snoozed_until: datetime | None
    confidential: bool

    @property
    def reason(self) -> str:
        """Why this member gets it, in words."""
        return REASONS[self.why]


def items(
    session: Session,
    viewer: Viewer,
    shelf: Shelf = Shelf.OPEN,
    *,
    before: int | None = None,
    limit: int = 50,
    unmailed: bool = False,
) -> list[Item]:
    """What is on a shelf of the viewer's inbox, the newest first, from before an item."""
    query: Any = (
        sa.select(
            Notification, TimelineEntry, col(Deal.key), col(Deal.name), col(Deal.confidential)
        )
        .join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(*_on(viewer, shelf))
    )
    if before is not None:
        query = query.where(col(Notification.id) < before)
    if unmailed:
        query = query.where(col(Notification.mailed_at).is_(None))
    rows = session.execute(query.order_by(sa.desc(col(Notification.id))).limit(limit)).all()
    events = events_of(session, [(entry, key, name) for _, entry, key, name, _ in rows])
    return [
        Item(row.id, row.why, event, row.snoozed_until, confidential)
        for (row, _, _, _, confidential), event in zip(rows, events, strict=True)
    ]


def count(session: Session, viewer: Viewer) -> int:
    """How much waits in the viewer's inbox."""
    if viewer.person_id is None:
        return 0
    query = (
        sa.select(sa.func.count())
        .select_from(Notification)
        .join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(*_on(viewer, Shelf.OPEN))
    )
    waiting: int = session.execute(query).scalar_one()
    return waiting


def finish(session: Session, viewer: Viewer, ids: Sequence[int]) -> int:
    """Have done with some of the viewer's own items; how many there were."""
    return _change(session, viewer, ids, done_at=now(), snoozed_until=None)


def put_back(session: Session, viewer: Viewer, ids: Sequence[int]) -> int:
    """Have some of the viewer's own items open again; how many there were."""
    return _change(session, viewer, ids, done_at=None, snoozed_until=None)


def snooze(session: Session, viewer: Viewer, item_id: int, long: str) -> datetime:
    """Put one of the viewer's own items off; until when."""
    until = now() + SNOOZES[long]
    if not _change(session, viewer, [item_id], done_at=None, snoozed_until=until):
        raise NotFound("There is no such item in your inbox.")
    return until


def open_ids(session: Session, viewer: Viewer) -> list[int]:
    """All that waits in the viewer's inbox."""
    query = (
        select(Notification.id)
        .join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(*_on(viewer, Shelf.OPEN))
    )
    return list(session.exec(query))


def _on(viewer: Viewer, shelf: Shelf) -> list[sa.ColumnElement[bool]]:
    found = [col(Notification.person_id) == viewer.person_id, access.visible_deals(viewer)]
    put_off = col(Notification.snoozed_until) > now()
    if shelf == Shelf.DONE:
        return [*found, col(Notification.done_at).is_not(None)]
    found.append(col(Notification.done_at).is_(None))
    if shelf == Shelf.SNOOZED:
        return [*found, put_off]
    return [*found, sa.or_(col(Notification.snoozed_until).is_(None), sa.not_(put_off))]


def _change(session: Session, viewer: Viewer, ids: Sequence[int], **values: Any) -> int:
    if viewer.person_id is None or not ids:
        return 0
    done = session.execute(
        sa.update(Notification)
        .where(col(Notification.id).in_(ids), col(Notification.person_id) == viewer.person_id)
        .values(**values)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
