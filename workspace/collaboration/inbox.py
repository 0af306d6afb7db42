"""A member's inbox: notifications, the reason for each, and what the member did with it.

The member's present rights apply: what they can no longer see is in no list and no count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.clock import now
from workspace.collaboration.job_changes import JOB_CHANGE, JobChange, Move, moves_of
from workspace.deals import access
from workspace.deals.tables import Deal
from workspace.errors import NotFound
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import Event, TimelineEntry, events_of

# For how long an item can be snoozed.
SNOOZES = {"tomorrow": timedelta(days=1), "three days": timedelta(days=3), "a week": timedelta(7)}
REASONS = {
    "mention": "You were mentioned",
    "task": "Your task, or one that you assigned",
    "seat": "Your seat, or a seat on your deal",
    "credit": "You were on the team",
    "wake": "You own this deal",
    "shared": "You shared it",
    "follow": "You follow this deal",
    JOB_CHANGE: "A contact of yours",
}


class InboxFolder(StrEnum):
    """A folder of the inbox, by what the member did with its items."""

    OPEN = "open"
    SNOOZED = "snoozed"
    DONE = "done"


@dataclass(frozen=True)
class Item:
    """An item of the inbox: an event of a timeline or a job change, and why the member gets it."""

    id: int
    why: str
    event: Event | None
    move: Move | None
    at: datetime
    snoozed_until: datetime | None
    confidential: bool

    @property
    def reason(self) -> str:
        """Why the member gets it, in words."""
        return REASONS[self.why]


def items(
    session: Session,
    viewer: Viewer,
    folder: InboxFolder = InboxFolder.OPEN,
    *,
    before: int | None = None,
    limit: int = 50,
    unmailed: bool = False,
) -> list[Item]:
    """The items in a folder of the viewer's inbox, from before an item, the newest first.

    With `unmailed`, only those that were in no digest yet.
    """
    query = _with_deals(
        sa.select(
            Notification,
            TimelineEntry,
            col(Deal.key).label("deal_key"),
            col(Deal.name).label("deal_name"),
            col(Deal.confidential).label("confidential"),
        ),
        viewer,
        folder,
    )
    moves = _with_people(sa.select(Notification), viewer, folder)
    order = sa.desc(col(Notification.id))
    rows = session.execute(_part(query, before, unmailed).order_by(order).limit(limit)).all()
    told = session.scalars(_part(moves, before, unmailed).order_by(order).limit(limit)).all()
    entries = [(row.TimelineEntry, row.deal_key, row.deal_name) for row in rows]
    found = [
        Item(
            id=row.Notification.id,
            why=row.Notification.why,
            event=event,
            move=None,
            at=event.at,
            snoozed_until=row.Notification.snoozed_until,
            confidential=row.confidential,
        )
        for row, event in zip(rows, events_of(session, entries), strict=True)
    ]
    words = moves_of(session, viewer, [row.job_change_id for row in told if row.job_change_id])
    found += [
        Item(
            id=row.id,
            why=row.why,
            event=None,
            move=words[row.job_change_id],
            at=row.at,
            snoozed_until=row.snoozed_until,
            confidential=False,
        )
        for row in told
        if row.job_change_id in words
    ]
    return sorted(found, key=lambda item: -item.id)[:limit]


def _part(query: Any, before: int | None, unmailed: bool) -> Any:
    if before is not None:
        query = query.where(col(Notification.id) < before)
    if unmailed:
        query = query.where(col(Notification.mailed_at).is_(None))
    return query


def count(session: Session, viewer: Viewer) -> int:
    """The number of open items in the viewer's inbox."""
    if viewer.person_id is None:
        return 0
    at = now()
    counts = found_once(session, (Notification, viewer), lambda: _counts(session, viewer))
    return sum(number for until, number in counts if until is None or until <= at)


def _counts(session: Session, viewer: Viewer) -> list[tuple[datetime | None, int]]:
    """The moments until which items that are not done are snoozed, and how many are until then."""
    return [
        (until, number)
        for query in _count_queries(viewer)
        for until, number in session.execute(query)
    ]


# Every page shows the number, and making the queries takes longer than running them.
@lru_cache(maxsize=1000)
def _count_queries(viewer: Viewer) -> list[Any]:
    until = col(Notification.snoozed_until)
    number: Any = sa.select(until, sa.func.count(col(Notification.id))).group_by(until)
    own = (col(Notification.person_id) == viewer.person_id, col(Notification.done_at).is_(None))
    return [_on_deals(number, viewer).where(*own), _on_people(number).where(*own)]


def finish(session: Session, viewer: Viewer, ids: Sequence[int]) -> int:
    """Mark items of the viewer as done; returns their number."""
    return _change(session, viewer, ids, done_at=now(), snoozed_until=None)


def put_back(session: Session, viewer: Viewer, ids: Sequence[int]) -> int:
    """Reopen items of the viewer; returns their number."""
    return _change(session, viewer, ids, done_at=None, snoozed_until=None)


def snooze(session: Session, viewer: Viewer, item_id: int, long: str) -> datetime:
    """Snooze an item of the viewer; returns the time when it is open again."""
    until = now() + SNOOZES[long]
    if not _change(session, viewer, [item_id], done_at=None, snoozed_until=until):
        raise NotFound("There is no such item in your inbox.")
    return until


def open_ids(session: Session, viewer: Viewer) -> list[int]:
    """The ids of all open items in the viewer's inbox."""
    ids = sa.select(col(Notification.id))
    return [
        item_id
        for query in (_with_deals, _with_people)
        for item_id in session.scalars(query(ids, viewer, InboxFolder.OPEN))
    ]


def _with_deals(query: Any, viewer: Viewer, folder: InboxFolder) -> Any:
    """A query of notifications, joined with their deals, for a folder of the viewer's inbox."""
    return _on_deals(query, viewer).where(*_in_folder(viewer, folder))


def _on_deals(query: Any, viewer: Viewer) -> Any:
    return (
        query.join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(access.visible_deals(viewer))
    )


def _with_people(query: Any, viewer: Viewer, folder: InboxFolder) -> Any:
    """A query of notifications of job changes, joined with the people whom the viewer may know."""
    return _on_people(query).where(*_in_folder(viewer, folder))


def _on_people(query: Any) -> Any:
    return query.join(JobChange, col(JobChange.id) == col(Notification.job_change_id)).join(
        Person, col(Person.id) == col(JobChange.person_id)
    )


def _in_folder(viewer: Viewer, folder: InboxFolder) -> list[sa.ColumnElement[bool]]:
    is_snoozed = col(Notification.snoozed_until) > now()
    is_awake = sa.or_(col(Notification.snoozed_until).is_(None), sa.not_(is_snoozed))
    is_done = col(Notification.done_at).is_not(None)
    conditions = {
        InboxFolder.OPEN: sa.and_(sa.not_(is_done), is_awake),
        InboxFolder.SNOOZED: sa.and_(sa.not_(is_done), is_snoozed),
        InboxFolder.DONE: is_done,
    }
    return [col(Notification.person_id) == viewer.person_id, conditions[folder]]


def _change(session: Session, viewer: Viewer, ids: Sequence[int], **values: Any) -> int:
    if viewer.person_id is None or not ids:
        return 0
    result = session.execute(
        sa.update(Notification)
        .where(col(Notification.id).in_(ids), col(Notification.person_id) == viewer.person_id)
        .values(**values)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
