"""Keeping in touch: how often a member wants to write to a contact, and reasons to do so now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import spoken, today
from workspace.collaboration.company_news import News, company_news
from workspace.database import fetch, select_row
from workspace.deals import access
from workspace.deals.tables import Deal, Outcome, Stakeholder
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.profile_privacy import is_shown
from workspace.people.tables import Employment, Gathering, Membership, Person
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Win:
    """A won deal on which a person was a stakeholder."""

    person_id: int
    name: str
    closed: date
    confidential: bool


PersonRow = TypeVar("PersonRow", Employment, Win)

# The intervals, in days, and the words for them.
CADENCES = {14: "every two weeks", 30: "every month", 90: "every three months", 180: "twice a year"}
# For how long a new role is a reason to write.
NEW_ROLE = timedelta(days=60)
# How soon an event has to be that both attend.
SOON = timedelta(days=30)
# How near an anniversary has to be to be a reason.
NEAR = timedelta(days=7)
# Has the 29th of February.
_LEAP_YEAR = 2000
# After a contact, no anniversary is a reason for this long.
RECENT_CONTACT = timedelta(days=14)


class KeepInTouch(SQLModel, table=True):
    """A member's wish to write to a contact at an interval. Nobody else sees it."""

    member_id: int = Field(primary_key=True, foreign_key="member.person_id")
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    every_days: int
    # The day of the last contact; at first the day on which the member asked to be reminded.
    last_on: date
    # Until when the reminder is snoozed.
    not_before: date | None = None


@dataclass(frozen=True)
class Reason:
    """A reason to write; a confidential reason is in no mail."""

    text: str
    confidential: bool = False
    # What the reason gives to say, as a line of a message; empty where it gives nothing.
    opening: str = ""


@dataclass(frozen=True)
class Occasion:
    """A contact to write to, when, and the reasons."""

    key: str
    name: str
    title: str
    account: str | None
    due: date
    last_on: date
    reasons: list[Reason]

    @property
    def is_due(self) -> bool:
        """Whether it is due today or overdue."""
        return self.due <= today()


def keep_in_touch(
    session: Session, member_id: int, person: Person, every_days: int, last_on: date | None = None
) -> None:
    """Remind a member of a contact at an interval of days, counted from the last contact."""
    if person.id == member_id:
        raise Conflict("Choose another person.")
    last_on = last_on or today()
    if last_on > today():
        raise Invalid("The date is in the future.", {"last_on": "Enter today or an earlier date."})
    row = session.get(KeepInTouch, (member_id, person.id))
    if row is None:
        row = KeepInTouch(
            member_id=member_id, person_id=person.id, every_days=every_days, last_on=last_on
        )
    row.every_days, row.last_on, row.not_before = every_days, last_on, None
    session.add(row)
    # Whom a member writes to is private, so the audit log does not name the contact.
    audit(session, member_id, "keep in touch set", f"person {member_id}")


def stop(session: Session, member_id: int, person: Person) -> None:
    """Stop reminding a member of a contact."""
    session.delete(_row(session, member_id, person))
    audit(session, member_id, "keep in touch stopped", f"person {member_id}")


def got_in_touch(session: Session, member_id: int, person: Person) -> None:
    """Record that the member contacted a person today; the interval starts again."""
    row = _row(session, member_id, person)
    row.last_on, row.not_before = today(), None
    session.add(row)


def snooze(session: Session, member_id: int, person: Person, days: int = 7) -> None:
    """Postpone a reminder by some days."""
    row = _row(session, member_id, person)
    row.not_before = today() + timedelta(days=days)
    session.add(row)


def cadence_of(session: Session, member_id: int | None, person_id: int) -> KeepInTouch | None:
    """A member's interval for a contact, if there is one."""
    return session.get(KeepInTouch, (member_id, person_id)) if member_id else None


def occasions(session: Session, viewer: Viewer, *, due: bool = True) -> list[Occasion]:
    """The contacts to whom the viewer should write, the longest overdue first.

    Without `due`, contacts that are not due yet are included. A new role, an anniversary or news of
    the employer makes a contact due before the interval ends.
    """
    rows = session.execute(
        sa.select(KeepInTouch, Person, col(Account.name).label("account"))
        .join(Person, col(Person.id) == col(KeepInTouch.person_id))
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .where(col(KeepInTouch.member_id) == viewer.person_id)
    ).all()
    if not rows:
        return []
    ids = [row.KeepInTouch.person_id for row in rows]
    known = select(Employment).where(col(Employment.person_id).in_(ids), is_shown(Employment))
    employments = session.exec(known)
    jobs = _by_person(employments)
    wins = _by_person(_wins(session, viewer, ids))
    birthdays = _birthdays(session, viewer, ids)
    employers = {row.Person.account_id for row in rows if row.Person.account_id}
    news = company_news(session, viewer, employers)
    meetings = _meetings(session, viewer.person_id, ids)
    occasions = []
    for row in rows:
        wish, person = row.KeepInTouch, row.Person
        dated_reasons = [
            *_new_roles(wish, jobs.get(person.id, [])),
            *_anniversaries(wish, wins.get(person.id, [])),
            *_birthday(wish, birthdays.get(person.id, "")),
            *meetings.get(person.id, []),
            *_of_company(wish, news.get(person.account_id or 0, [])),
        ]
        # A future anniversary makes the contact due today.
        days = [min(day, today()) for day, _ in dated_reasons]
        day = min([wish.last_on + timedelta(days=wish.every_days), *days])
        if wish.not_before:
            day = max(day, wish.not_before)
        last_contact = Reason(f"Last in touch on {spoken(wish.last_on)}")
        occasions.append(
            Occasion(
                key=person.key,
                name=person.name,
                title=person.title,
                account=row.account,
                due=day,
                last_on=wish.last_on,
                reasons=[*(reason for _, reason in dated_reasons), last_contact],
            )
        )
    occasions.sort(key=lambda occasion: (occasion.due, occasion.name))
    return [occasion for occasion in occasions if occasion.is_due] if due else occasions


def _new_roles(wish: KeepInTouch, jobs: list[Employment]) -> list[tuple[date, Reason]]:
    """Roles that started since the last contact, and anniversaries of roles, with their days."""
    reasons = []
    for job in jobs:
        if job.start is None or job.end is not None:
            continue
        role = f"{job.title} at {job.organisation}" if job.title else f"at {job.organisation}"
        if wish.last_on < job.start <= today() < job.start + NEW_ROLE:
            opening = f"congratulations on your new role at {job.organisation}!"
            text = f"New role: {role} since {spoken(job.start)}"
            reasons.append((job.start, Reason(text, opening=opening)))
        elif day := _anniversary(job.start, wish.last_on):
            years = _years(day.year - job.start.year)
            opening = f"{years.lower()} at {job.organisation} – congratulations!"
            reasons.append((day, Reason(f"{years} {role} on {day.day} {day:%b}", opening=opening)))
    return reasons


def _anniversaries(wish: KeepInTouch, wins: list[Win]) -> list[tuple[date, Reason]]:
    """Anniversaries of deals that were won with a contact, with their days."""
    reasons = []
    for win in wins:
        if day := _anniversary(win.closed, wish.last_on):
            years = _years(day.year - win.closed.year)
            text = f"{years} since {win.name} was won, on {day.day} {day:%b}"
            opening = f"it is {years.lower()} since we started on {win.name} together."
            reasons.append((day, Reason(text, win.confidential, opening)))
    return reasons


def _birthdays(session: Session, viewer: Viewer, people: list[int]) -> dict[int, str]:
    """The birthdays of contacts in the viewer's own address book, which nobody else reads."""
    # The table belongs to a package above.
    connection = SQLModel.metadata.tables["connection"]
    query = (
        sa.select(connection.c.person_id, connection.c.birthday)
        .where(
            connection.c.owner_id == viewer.person_id,
            connection.c.person_id.in_(people),
            connection.c.birthday != "",
        )
        .order_by(connection.c.id)
    )
    return dict(session.execute(query).all())


def _birthday(wish: KeepInTouch, birthday: str) -> list[tuple[date, Reason]]:
    """A contact's birthday if it is near, with its day."""
    if not birthday:
        return []
    day = _anniversary(date.fromisoformat(f"{_LEAP_YEAR}-{birthday}"), wish.last_on)
    if day is None:
        return []
    opening = "happy birthday!" if day == today() else "all the best for your birthday!"
    return [(day, Reason(f"Birthday on {day.day} {day:%b}", opening=opening))]


def _of_company(wish: KeepInTouch, news: list[News]) -> list[tuple[date, Reason]]:
    """What imports brought of the employer since the last contact, with the days."""
    return [
        (
            each.day,
            Reason(f"{each.text} (import of {spoken(each.day)})", each.confidential, each.opening),
        )
        for each in news
        if each.day > wish.last_on
    ]


def _meetings(
    session: Session, member_id: int | None, people: list[int]
) -> dict[int, list[tuple[date, Reason]]]:
    """Events within a month that both the member and a contact attend, with their days."""
    mine, theirs = aliased(Membership), Membership
    rows = session.execute(
        sa.select(col(theirs.person_id), col(mine.organisation), col(mine.start))
        .join(
            theirs,
            sa.and_(
                col(theirs.organisation) == col(mine.organisation),
                col(theirs.start) == col(mine.start),
                col(theirs.kind) == col(mine.kind),
            ),
        )
        .where(
            col(mine.person_id) == member_id,
            col(mine.kind) == Gathering.EVENT,
            col(mine.start).between(today(), today() + SOON),
            col(theirs.person_id).in_(people),
            is_shown(theirs),
        )
        .order_by(col(mine.start), col(mine.id))
    )
    meetings: dict[int, list[tuple[date, Reason]]] = {}
    for person_id, event, day in rows:
        text = f"You both attend {event} on {spoken(day)}"
        opening = f"I see that we both attend {event} on {spoken(day)}: shall we meet there?"
        meetings.setdefault(person_id, []).append((day, Reason(text, opening=opening)))
    return meetings


def _anniversary(start: date, last_on: date) -> date | None:
    """The anniversary of a day if it is near today and the last contact was not recent."""
    for year in (today().year - 1, today().year, today().year + 1):
        if year <= start.year:
            continue
        try:
            day = start.replace(year=year)
        except ValueError:  # The 29th of February.
            day = date(year, 2, 28)
        if abs(day - today()) <= NEAR and last_on < today() - RECENT_CONTACT:
            return day
    return None


def _years(number: int) -> str:
    return "One year" if number == 1 else f"{number} years"


def _wins(session: Session, viewer: Viewer, person_ids: list[int]) -> list[Win]:
    """The won deals that the viewer can see and on which these people were stakeholders."""
    query = (
        select_row(Win, Deal, Stakeholder)
        .join(Stakeholder, col(Stakeholder.deal_id) == col(Deal.id))
        .where(
            access.visible_deals(viewer),
            col(Stakeholder.person_id).in_(person_ids),
            col(Deal.outcome) == Outcome.WON,
            col(Deal.closed).is_not(None),
        )
    )
    return fetch(session, Win, query)


def _by_person(rows: Iterable[PersonRow]) -> dict[int, list[PersonRow]]:
    by_person: dict[int, list[PersonRow]] = {}
    for row in rows:
        by_person.setdefault(row.person_id, []).append(row)
    return by_person


def _row(session: Session, member_id: int, person: Person) -> KeepInTouch:
    row = session.get(KeepInTouch, (member_id, person.id))
    if row is None:
        raise NotFound("You have no reminder for this person.")
    return row
