"""The daily digest: a mail in the member's morning with everything that waits for them."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.clock import now, zone_or_utc
from workspace.collaboration import inbox, reminders, tasks
from workspace.collaboration.inbox import Item
from workspace.collaboration.reminders import Occasion
from workspace.collaboration.tasks import TaskRow
from workspace.database import Database
from workspace.delivery import outbox
from workspace.people import members
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.timeline.notifications import Notification

logger = logging.getLogger("dealkin.digests")

# When digests leave, in the member's time zone.
HOUR = 7
PAUSE = timedelta(minutes=5)
# How many entries of each section are written out; the rest are counted.
MOST = 15


class DigestChoice(SQLModel, table=True):
    """Whether a member wants the daily digest, and the last one's day in their time zone."""

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    wanted: bool = True
    last_on: date | None = None


def is_wanted(session: Session, person_id: int) -> bool:
    """Whether a member gets the digest, which is the default."""
    row = session.get(DigestChoice, person_id)
    return row is None or row.wanted


def choose(session: Session, person_id: int, wanted: bool) -> None:
    """Turn a member's digest on or off."""
    row = session.get(DigestChoice, person_id) or DigestChoice(person_id=person_id)
    row.wanted = wanted
    session.add(row)


# What other parts of the application add to a member's digest: a heading, and lines.
Section = Callable[[Session, Viewer], tuple[str, list[str]]]


def queue_now(database: Database, origin: str, more: Sequence[Section] = ()) -> float:
    """Queue the digests that are due; returns the seconds until the next look."""
    try:
        queue_due(database, origin, now(), more)
    except Exception:
        # The database may be unreachable for a while; what is due stays due.
        logger.exception("Digests could not be made")
    return PAUSE.total_seconds()


def queue_due(
    database: Database, origin: str, moment: datetime, more: Sequence[Section] = ()
) -> int:
    """Queue the digests that are due at a moment; returns their number.

    Each is a transaction of its own that locks the member, so that two processes never both send
    a digest.
    """
    with database.read() as session:
        query = (
            select(Member.person_id, Person.timezone)
            .join(Person, col(Person.id) == col(Member.person_id))
            .where(col(Member.active).is_(True), col(Person.email).is_not(None))
        )
        choices = {row.person_id: row for row in session.exec(select(DigestChoice))}
        due = []
        for person_id, zone in session.exec(query):
            local = moment.astimezone(ZoneInfo(zone_or_utc(zone)))
            choice = choices.get(person_id) or DigestChoice(person_id=person_id)
            if choice.wanted and local.hour >= HOUR and choice.last_on != local.date():
                due.append((person_id, local.date()))
    queued = 0
    for person_id, day in due:
        try:
            queued += _queue_one(database, origin, person_id, day, more)
        except Exception:
            # A failure concerns one member only, so the other digests are still made.
            logger.exception("The digest of member %s could not be made", person_id)
    return queued


def _queue_one(
    database: Database, origin: str, person_id: int, day: date, more: Sequence[Section]
) -> bool:
    with database.write() as session:
        member = select(Member).where(Member.person_id == person_id).with_for_update()
        active = session.exec(member).one().active
        choice = session.get(DigestChoice, person_id, populate_existing=True)
        choice = choice or DigestChoice(person_id=person_id)
        if not active or not choice.wanted or choice.last_on == day:
            return False
        choice.last_on = day
        session.add(choice)
        person = session.get_one(Person, person_id)
        viewer = members.viewer(session, person_id, person.name)
        items = inbox.items(session, viewer, limit=200, unmailed=True)
        digest = digest_of(session, viewer, items, day, origin, more)
        if digest is None or not outbox.is_address(person.email or ""):
            return False
        _set_mailed(session, items)
        subject, text = digest
        outbox.queue(session, person.email or "", subject, text, about=f"digest {person_id}")
    return True


def digest_of(
    session: Session,
    viewer: Viewer,
    items: list[Item],
    day: date,
    origin: str,
    more: Sequence[Section] = (),
) -> tuple[str, str] | None:
    """Subject and text of a member's digest; None if there is nothing to report.

    Mail leaves the workspace, so it has no notes and no names of confidential deals.
    """
    due_tasks = tasks.tasks_of_member(session, viewer, until=day, limit=200)
    occasions = reminders.occasions(session, viewer)
    added = [section(session, viewer) for section in more]
    number = len(items) + len(due_tasks) + len(occasions) + sum(len(lines) for _, lines in added)
    if not number:
        return None
    sections = [
        _section("New for you", [_item(item) for item in items]),
        _section("Tasks due", [_task(task, day) for task in due_tasks]),
        _section("Keep in touch", [_occasion(occasion) for occasion in occasions]),
        *(_section(title, lines) for title, lines in added),
    ]
    subject = f"Dealkin: {number} {'update' if number == 1 else 'updates'}"
    footer = f"Your inbox: {origin}/inbox\nEmail digest settings: {origin}/inbox/settings"
    first_name = viewer.name.split()[0] if viewer.name else ""
    return subject, "\n\n".join([f"Hello {first_name},", *filter(None, sections), footer]) + "\n"


def _section(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = [f"- and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join([f"{title}:", *(f"- {line}" for line in lines[:MOST]), *more])


# What the author of an event did, by the reason why the member gets it.
_ACTS = {
    "mention": "mentioned you",
    "task": "assigned or completed a task",
    "seat": "changed a seat",
    "credit": "closed a deal of your team",
    "wake": "woke a deal of yours",
    "follow": "was active",
}


def _item(item: Item) -> str:
    if item.event is None:
        move = item.move
        return f"{move.person} is now at {move.organisation or 'another company'}" if move else ""
    where = "a confidential deal" if item.confidential else item.event.deal_name
    if item.why == "wake" and item.event.by is None:
        return f"A parked deal of yours is open again: {where}"
    if item.why == "shared":
        return f"A file that you shared was opened: {where}"
    return f"{item.event.by or 'A former colleague'} {_ACTS[item.why]}: {where}"


def _task(task: TaskRow, day: date) -> str:
    overdue = " (overdue)" if task.due and task.due < day else ""
    return f"A task{overdue}" if task.confidential else f"A task on {task.deal_name}{overdue}"


def _occasion(occasion: Occasion) -> str:
    reason = next(reason for reason in occasion.reasons if not reason.confidential)
    return f"{occasion.name}: {reason.text}"


def _set_mailed(session: Session, items: list[Item]) -> None:
    ids = [item.id for item in items]
    session.execute(
        sa.update(Notification).where(col(Notification.id).in_(ids)).values(mailed_at=now())
    )
