"""Keeping in touch: whom a member wants to write to how often, and a reason to do it now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import today
from workspace.deals import access
from workspace.deals.stakeholders import Stakeholder
from workspace.deals.tables import Deal, Outcome
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.tables import Employment, Person
from workspace.people.viewer import Viewer


class Won(NamedTuple):
    """A deal that was won with somebody."""

    name: str
    closed: date
    confidential: bool


# How often, in days, and the words for it.
CADENCES = {14: "every two weeks", 30: "every month", 90: "every three months", 180: "twice a year"}
# A reason of its own makes somebody due before their time, within so many days of it, unless
# they have just been written to.
FRESH = timedelta(days=60)
AROUND = timedelta(days=7)
JUST_NOW = timedelta(days=14)


class KeepInTouch(SQLModel, table=True):
    """A member wants to write to a contact every so many days. It is the member's own business."""

    member_id: int = Field(primary_key=True, foreign_key="member.person_id")
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    every_days: int
    # The day of the last contact that the member knows of; at first, the day when they said so.
    last_on: date
    # Put off until then.
    not_before: date | None = None


@dataclass(frozen=True)
class Reason:
    """Something to say; a confidential one stays within the workspace."""

    text: str
    confidential: bool = False


@dataclass(frozen=True)
class Occasion:
    """Somebody to write to: when, and what there is to say."""

    key: str
    name: str
    title: str
    account: str | None
    due: date
    last_on: date
    reasons: list[Reason]

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return self.due <= today()


def keep_in_touch(
    session: Session, member_id: int, person: Person, every_days: int, last_on: date | None = None
) -> None:
    """Be reminded of a contact every so many days, from the last contact on."""
    if person.id == member_id:
        raise Conflict("You are in touch with yourself.")
    last_on = last_on or today()
    if last_on > today():
        raise Invalid("That day is still to come.", {"last_on": "Today or earlier."})
    row = session.get(KeepInTouch, (member_id, person.id))
    if row is None:
        row = KeepInTouch(
            member_id=member_id, person_id=person.id, every_days=every_days, last_on=last_on
        )
    row.every_days, row.last_on, row.not_before = every_days, last_on, None
    session.add(row)
    # The log says that it was set, not for whom: whom one writes to is nobody else's business.
    audit(session, member_id, "keep in touch set", f"person {member_id}")


def stop(session: Session, member_id: int, person: Person) -> None:
    """Be reminded of a contact no more."""
    session.delete(_row(session, member_id, person))
    audit(session, member_id, "keep in touch stopped", f"person {member_id}")


def got_in_touch(session: Session, member_id: int, person: Person) -> None:
    """The member has written today: the next time is a whole while away."""
    row = _row(session, member_id, person)
    row.last_on, row.not_before = today(), None
    session.add(row)


def put_off(session: Session, member_id: int, person: Person, days: int = 7) -> None:
    """Not now: ask again after some days."""
    row = _row(session, member_id, person)
    row.not_before = today() + timedelta(days=days)
    session.add(row)


def cadence_of(session: Session, member_id: int | None, person_id: int) -> KeepInTouch | None:
    """What a member has said of keeping in touch with somebody."""
    return session.get(KeepInTouch, (member_id, person_id)) if member_id else None


def occasions(session: Session, viewer: Viewer, *, due: bool = True) -> list[Occasion]:
    """Whom the viewer should write to, the longest overdue first; without `due`, everybody.

    A new role, or the day of a common success, makes somebody due before their time.
    """
    rows = session.execute(
        sa.select(KeepInTouch, Person, col(Account.name))
        .join(Person, col(Person.id) == col(KeepInTouch.person_id))
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .where(col(KeepInTouch.member_id) == viewer.person_id)
    ).all()
    ids = [row.person_id for row, _, _ in rows]
    jobs = _by_person(session.exec(select(Employment).where(col(Employment.person_id).in_(ids))))
    won = _won_with(session, viewer, ids)
    found = []
    for row, person, account in rows:
        usual = row.last_on + timedelta(days=row.every_days)
        special = _news(row, jobs.get(person.id, [])) + _anniversaries(row, won.get(person.id, []))
        # An anniversary that is still to come is time enough to write.
        day = min([usual, *(min(each, today()) for each, _ in special)])
        reasons = [reason for _, reason in special]
        reasons.append(Reason(f"Last in touch on {row.last_on.day} {row.last_on:%b %Y}"))
        if row.not_before:
            day = max(day, row.not_before)
        found.append(
            Occasion(person.key, person.name, person.title, account, day, row.last_on, reasons)
        )
    found.sort(key=lambda each: (each.due, each.name))
    return [each for each in found if each.is_due] if due else found


def _news(row: KeepInTouch, jobs: list[Employment]) -> list[tuple[date, Reason]]:
    """New roles since the last contact, and years in a role, each with its day."""
    found = []
    for job in jobs:
        if job.start is None or job.end is not None:
            continue
        what = f"{job.title} at {job.organisation}" if job.title else f"at {job.organisation}"
        if row.last_on < job.start <= today() < job.start + FRESH:
            since = f"{job.start.day} {job.start:%b %Y}"
            found.append((job.start, Reason(f"New role: {what} since {since}")))
        elif day := _anniversary(job.start, row.last_on):
            years = day.year - job.start.year
            found.append((day, Reason(f"{_years(years)} {what} on {day.day} {day:%b}")))
    return found


def _anniversaries(row: KeepInTouch, won: list[Won]) -> list[tuple[date, Reason]]:
    """The days of deals that were won with somebody."""
    found = []
    for name, closed, confidential in won:
        if day := _anniversary(closed, row.last_on):
            years = _years(day.year - closed.year)
            text = f"{years} since {name} was won, on {day.day} {day:%b}"
            found.append((day, Reason(text, confidential)))
    return found


def _anniversary(start: date, last_on: date) -> date | None:
    """The anniversary of a day that is around today, unless they were written to just before."""
    for year in (today().year - 1, today().year, today().year + 1):
        if year <= start.year:
            continue
        try:
            day = start.replace(year=year)
        except ValueError:  # The 29th of February.
            day = date(year, 2, 28)
        if abs(day - today()) <= AROUND and last_on < today() - JUST_NOW:
            return day
    return None


def _years(number: int) -> str:
    return "One year" if number == 1 else f"{number} years"


def _won_with(session: Session, viewer: Viewer, ids: list[int]) -> dict[int, list[Won]]:
    """The won deals on which these people were stakeholders, as the viewer may know of them."""
    rows = session.execute(
        sa.select(
            col(Stakeholder.person_id), col(Deal.name), col(Deal.closed), col(Deal.confidential)
        )
        .join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
        .where(
            access.visible_deals(viewer),
            col(Stakeholder.person_id).in_(ids),
            col(Deal.outcome) == Outcome.WON,
            col(Deal.closed).is_not(None),
        )
    )
    found: dict[int, list[Won]] = {}
    for person_id, *won in rows:
        found.setdefault(person_id, []).append(Won(*won))
    return found


def _by_person(rows: Iterable[Employment]) -> dict[int, list[Employment]]:
    found: dict[int, list[Employment]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


def _row(session: Session, member_id: int, person: Person) -> KeepInTouch:
    row = session.get(KeepInTouch, (member_id, person.id))
    if row is None:
        raise NotFound("You have not asked to be reminded of them.")
    return row
