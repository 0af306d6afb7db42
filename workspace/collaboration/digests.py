"""The daily digest: what waits for a member, by mail through the outbox, in their own morning."""

import logging
import threading
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

# On the member's own clock.
HOUR = 7
PAUSE = timedelta(minutes=5)
# So many of each are written out; the rest are counted.
MOST = 15


class DigestChoice(SQLModel, table=True):
    """Whether a member wants the daily digest, and the day, on their clock, of the last one."""

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    wanted: bool = True
    last_on: date | None = None


def is_wanted(session: Session, person_id: int) -> bool:
    """Whether a member gets the digest; they do where they have said nothing."""
    row = session.get(DigestChoice, person_id)
    return row is None or row.wanted


def choose(session: Session, person_id: int, wanted: bool) -> None:
    """Have the digest sent to a member, or not."""
    row = session.get(DigestChoice, person_id) or DigestChoice(person_id=person_id)
    row.wanted = wanted
    session.add(row)


def start_digests(database: Database, origin: str) -> threading.Event:
    """Put digests into the outbox from now on, in a thread of its own, until the event is set."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                queue_due(database, origin, now())
            except Exception:
                # The database may be away for a while; what is due stays due.
                logger.exception("Digests could not be made")
            stopped.wait(PAUSE.total_seconds())

    threading.Thread(target=work, name="digests", daemon=True).start()
    return stopped


def queue_due(database: Database, origin: str, moment: datetime) -> int:
    """Queue the digests whose time has come; how many there were.

    Each is a transaction of its own, which holds the member: two processes never both send one.
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
            queued += _queue_one(database, origin, person_id, day)
        except Exception:
            # What is wrong with one member's is no reason for others to get none.
            logger.exception("The digest of member %s could not be made", person_id)
    return queued


def _queue_one(database: Database, origin: str, person_id: int, day: date) -> bool:
    with database.write() as session:
        held = select(Member).where(Member.person_id == person_id).with_for_update()
        session.exec(held).one()
        choice = session.get(DigestChoice, person_id, populate_existing=True)
        choice = choice or DigestChoice(person_id=person_id)
        if not choice.wanted or choice.last_on == day:
            return False
        choice.last_on = day
        session.add(choice)
        person = session.get_one(Person, person_id)
        viewer = members.viewer(session, person_id, person.name)
        new = inbox.items(session, viewer, limit=200, unmailed=True)
        text = digest_of(session, viewer, new, day, origin)
        if text is None or not outbox.is_address(person.email or ""):
            return False
        _mailed(session, new)
        outbox.queue(session, person.email or "", text[0], text[1], about=f"digest {person_id}")
    return True


def digest_of(
    session: Session, viewer: Viewer, new: list[Item], day: date, origin: str
) -> tuple[str, str] | None:
    """Subject and text of a member's digest; None where there is nothing to say.

    What people wrote stays in the record, and so does what a confidential deal is called.
    """
    to_do = tasks.tasks_of_member(session, viewer, until=day, limit=200)
    to_write = reminders.occasions(session, viewer)
    if not (new or to_do or to_write):
        return None
    parts = [
        _part("New for you", [_item(each) for each in new]),
        _part("To be done", [_task(each, day) for each in to_do]),
        _part("Keep in touch", [_occasion(each) for each in to_write]),
    ]
    number = len(new) + len(to_do) + len(to_write)
    subject = f"Dealkin: {number} {'thing waits' if number == 1 else 'things wait'} for you"
    foot = f"Your inbox: {origin}/inbox\nWhether you get this mail: {origin}/inbox/settings"
    first = viewer.name.split()[0] if viewer.name else ""
    return subject, "\n\n".join([f"Hello {first},", *filter(None, parts), foot]) + "\n"


def _part(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = [f"- and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join([f"{title}:", *(f"- {line}" for line in lines[:MOST]), *more])


_DID = {
    "mention": "mentioned you",
    "task": "has a task for you, or did one",
    "seat": "has news of a seat",
    "credit": "closed a deal of your team",
    "follow": "was active",
}


def _item(item: Item) -> str:
    where = "a confidential deal" if item.confidential else item.event.deal_name
    return f"{item.event.by or 'Somebody'} {_DID[item.why]}: {where}"


def _task(row: TaskRow, day: date) -> str:
    late = " (overdue)" if row.due and row.due < day else ""
    return f"A task on {row.deal_name}{late}" if not row.confidential else f"A task{late}"


def _occasion(each: Occasion) -> str:
    reason = next(reason for reason in each.reasons if not reason.confidential)
    return f"{each.name}: {reason.text}"


def _mailed(session: Session, new: list[Item]) -> None:
    ids = [each.id for each in new]
    session.execute(
        sa.update(Notification).where(col(Notification.id).in_(ids)).values(mailed_at=now())
    )
