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
        new = session.get_one(Account, person.account_id)
        _note(session, person, former, title, new.name, by, source)
    return changed


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
    if person.account_id:
        names.append(session.get_one(Account, person.account_id).name)
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
    former = session.get_one(Account, former_id)
    _write_employments(session, person, former, former_title, organisation, source)
    change = JobChange(
        person_id=person.id,
        former_id=former_id,
        former=former.name,
        account_id=person.account_id,
        organisation=organisation,
        title=person.title,
    )
    session.add(change)
    session.flush()
    audit(session, by, "job changed", f"person {person.id}")
    tell(session, change, [*_deal_owners(session, person), *_keepers(session, person)], by)
    return change


def _write_employments(
    session: Session,
    person: Person,
    former: Account,
    former_title: str,
    organisation: str,
    source: str,
) -> None:
    """End the former employment, and begin the new one today, unless the record has it."""
    query = select(Employment).where(
        Employment.person_id == person.id, col(Employment.end).is_(None)
    )
    current = session.exec(query.order_by(col(Employment.id))).all()
    left = [
        job
        for job in current
        if job.account_id == former.id or same_company(job.organisation, former.name)
    ]
    for job in left:
        job.end = today()
        session.add(job)
    if not left:
        session.add(
            Employment(
                person_id=person.id,
                account_id=former.id,
                organisation=former.name,
                title=former_title,
                end=today(),
                source=source,
            )
        )
    if not any(same_company(job.organisation, organisation) for job in current):
        listed = person.account_id and session.get_one(Account, person.account_id).listed
        session.add(
            Employment(
                person_id=person.id,
                account_id=person.account_id if listed else None,
                organisation=organisation,
                title=person.title,
                start=today(),
                source=source,
            )
        )


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
