"""Job changes: a contact who works elsewhere now, and the colleagues who are told of it.

The former employment ends and the new one begins. Told are the owners of deals with the contact,
and the members who keep in touch with them; `references` adds customer marketing for advocates.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.accounts.company_names import same_company
from workspace.audit import audit
from workspace.clock import now, today
from workspace.collaboration.reminders import KeepInTouch
from workspace.deals import access
from workspace.deals.tables import Deal, Outcome, Stakeholder
from workspace.people.people import edit_person, roles_of
from workspace.people.tables import Employment, Person
from workspace.people.viewer import Viewer
from workspace.timeline.notifications import Notification

# The reason for which a member has it in their inbox.
JOB_CHANGE = "job change"


class JobChange(SQLModel, table=True):
    """A contact's move from one employer to another."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    at: datetime = Field(default_factory=now)
    former_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    # Empty, as `organisation` is, where not everybody may know of the account.
    former: str = Field(default="", max_length=200)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    organisation: str = Field(default="", max_length=200)
    title: str = Field(default="", max_length=200)


@dataclass(frozen=True)
class Move:
    """A job change as one member is told of it."""

    person_key: str
    person: str
    former: str
    organisation: str
    account_key: str | None
    # What the new employer is to us; empty where it is no account that the member may know of.
    relationship: str
    title: str
    # What the person was on the member's own deal, and when; else why they are told.
    role: str
    year: int | None
    keeps_in_touch: bool


def edit_contact(
    session: Session,
    person: Person,
    by: int | None,
    changes: dict[str, Any],
    source: str = "entered",
) -> bool:
    """Change columns of a person; another account is a job change. Whether anything differed."""
    former, title = person.account_id, person.title
    changed = edit_person(session, person, by, changes)
    if changed and former and person.account_id and person.account_id != former:
        new = session.get(Account, person.account_id)
        # Everybody reads a career, and members without the deal the change.
        organisation = new.name if new and new.listed else ""
        _note(session, person, former, title, organisation, by, source)
    return changed


def has_left(session: Session, person: Person, account: Account) -> bool:
    """Whether the person worked at an account, and does so no longer."""
    jobs = session.exec(select(Employment).where(Employment.person_id == person.id)).all()
    there = [
        job
        for job in jobs
        if job.account_id == account.id or same_company(job.organisation, account.name)
    ]
    return bool(there) and all(job.end is not None and job.end <= today() for job in there)


def learn_employer(
    session: Session,
    person: Person,
    organisation: str,
    account: Account | None,
    *,
    title: str,
    source: str,
    by: int | None,
) -> bool:
    """Take over a new employer from a source that tells only the present one; whether it is new.

    An employer whom the person has left before is not new: the source may be old.
    """
    former = person.account_id
    if former is None or roles_of(session, person.id) is not None:
        return False
    if _has_worked_at(session, person, organisation, account):
        return False
    before = person.title
    facts: dict[str, Any] = {"account_id": account.id if account else None}
    edit_person(session, person, by, facts | ({"title": title} if title else {}))
    if account and not account.listed:
        organisation = ""
    # Whose address book it was in is nobody else's business.
    _note(session, person, former, before, organisation, None, source)
    return True


def _has_worked_at(
    session: Session, person: Person, organisation: str, account: Account | None
) -> bool:
    """Whether the person works or worked at an organisation, by its account or its name."""
    jobs = session.exec(select(Employment).where(Employment.person_id == person.id)).all()
    names = [job.organisation for job in jobs]
    accounts = {person.account_id, *(job.account_id for job in jobs)} - {None}
    if present := person.account_id and session.get(Account, person.account_id):
        names.append(present.name)
    if account and account.id in accounts:
        return True
    return any(same_company(name, organisation) for name in names)


def _note(
    session: Session,
    person: Person,
    former_id: int,
    former_title: str,
    organisation: str,
    by: int | None,
    source: str,
) -> JobChange:
    # A member who may not know of the account may edit the person all the same.
    former = session.get(Account, former_id)
    if former and not former.listed:
        former = None
    _end_employment(session, person, former_id, former, former_title, source)
    _begin_employment(session, person, organisation, source)
    change = JobChange(
        person_id=person.id,
        former_id=former_id,
        former=former.name if former else "",
        account_id=person.account_id,
        organisation=organisation,
        title=person.title,
    )
    session.add(change)
    session.flush()
    audit(session, by, "job changed", f"person {person.id}")
    tell(session, change, [*_deal_owners(session, person), *_keepers(session, person)], by)
    return change


def _end_employment(
    session: Session,
    person: Person,
    former_id: int,
    former: Account | None,
    title: str,
    source: str,
) -> None:
    """End the employment at the former account today; add it unless it must not be named."""
    left = [
        job
        for job in _current_jobs(session, person)
        if job.account_id == former_id or (former and same_company(job.organisation, former.name))
    ]
    for job in left:
        job.end = today()
        session.add(job)
    if former and not left:
        session.add(
            Employment(
                person_id=person.id,
                account_id=former.id,
                organisation=former.name,
                title=title,
                end=today(),
                source=source,
            )
        )


def _begin_employment(session: Session, person: Person, organisation: str, source: str) -> None:
    """Begin the new employment today, unless the record has it or it must not be named."""
    if not organisation or any(
        same_company(job.organisation, organisation) for job in _current_jobs(session, person)
    ):
        return
    account = session.get(Account, person.account_id) if person.account_id else None
    session.add(
        Employment(
            person_id=person.id,
            account_id=account.id if account and account.listed else None,
            organisation=organisation,
            title=person.title,
            start=today(),
            source=source,
        )
    )


def _current_jobs(session: Session, person: Person) -> Sequence[Employment]:
    query = select(Employment).where(
        Employment.person_id == person.id, col(Employment.end).is_(None)
    )
    return session.exec(query.order_by(col(Employment.id))).all()


def _deal_owners(session: Session, person: Person) -> list[int]:
    """The owners of open and won deals on which a person is a stakeholder."""
    query = (
        select(Deal.owner_id)
        .join(Stakeholder, col(Stakeholder.deal_id) == col(Deal.id))
        .where(Stakeholder.person_id == person.id, Deal.outcome != Outcome.LOST)
        .distinct()
    )
    return [owner for owner in session.exec(query) if owner is not None]


def _keepers(session: Session, person: Person) -> list[int]:
    query = select(KeepInTouch.member_id).where(KeepInTouch.person_id == person.id)
    return list(session.exec(query))


def tell(session: Session, change: JobChange, members: Collection[int], by: int | None) -> None:
    """Put a job change into the inboxes of members, once each, and not of who entered it."""
    known = select(Notification.person_id).where(Notification.job_change_id == change.id)
    told = set(session.exec(known))
    for member in sorted(set(members) - told - {by}):
        session.add(
            Notification(person_id=member, job_change_id=change.id, why=JOB_CHANGE, at=change.at)
        )


def moves_of(session: Session, viewer: Viewer, change_ids: Sequence[int]) -> dict[int, Move]:
    """Job changes in the words of what they are to a viewer, by their ids."""
    account = aliased(Account)
    rows = session.execute(
        sa.select(JobChange, Person, account)
        .join(Person, col(Person.id) == col(JobChange.person_id))
        .outerjoin(account, col(account.id) == col(JobChange.account_id))
        .where(col(JobChange.id).in_(change_ids))
    ).all()
    people = {change.person_id for change, _, _ in rows}
    roles = _roles(session, viewer, people)
    kept = set(
        session.exec(
            select(KeepInTouch.person_id).where(
                KeepInTouch.member_id == viewer.person_id, col(KeepInTouch.person_id).in_(people)
            )
        )
    )
    moves = {}
    for change, person, new in rows:
        role, year = roles.get(change.person_id, ("", None))
        moves[change.id] = Move(
            person_key=person.key,
            person=person.name,
            former=change.former,
            organisation=new.name if new else change.organisation,
            account_key=new.key if new else None,
            relationship=new.relationship if new else "",
            title=change.title,
            role=role,
            year=year,
            keeps_in_touch=change.person_id in kept,
        )
    return moves


def _roles(
    session: Session, viewer: Viewer, people: Collection[int]
) -> Mapping[int, tuple[str, int | None]]:
    """What people were on the viewer's own deal won last, and when; else on an open one."""
    query = (
        sa.select(col(Stakeholder.person_id), col(Stakeholder.buying_role), col(Deal.closed))
        .join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
        .where(
            col(Stakeholder.person_id).in_(people),
            col(Deal.owner_id) == viewer.person_id,
            col(Deal.outcome) != Outcome.LOST,
            access.visible_deals(viewer),
        )
        .order_by(col(Deal.closed).is_(None), col(Deal.closed).desc(), col(Deal.id))
    )
    roles: dict[int, tuple[str, int | None]] = {}
    for person_id, role, closed in session.execute(query):
        roles.setdefault(person_id, (role or "contact", closed.year if closed else None))
    return roles
