"""Handing over: what a member who leaves is working on passes to others, in one transaction.

The administrator sees how much of each kind of work there is before the handover. Of confidential
deals they see the number alone, and all of these deals pass to one member, who is not themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk.advocates import Advocate, hand_over_advocate
from references.desk.customers import hand_over_customer
from references.desk.request import DESK_ROLES, OPEN_STATES, ReferenceRequest
from references.desk.rules import accounts_of_owner, desk_members
from workspace.audit import audit
from workspace.collaboration.tasks import Task, change_task
from workspace.deals import leaving, lifecycle, team
from workspace.deals.access import readers_of
from workspace.deals.tables import CLOSED_OUTCOMES, Deal, DealInvitation, Seat
from workspace.errors import Conflict, Invalid
from workspace.people.members import locked_member
from workspace.people.tables import Member, MemberRole, Person


class Work(StrEnum):
    """A kind of work that is handed over; its value is the name of its field in forms."""

    DEALS = "deals"
    SEATS = "seats"
    TASKS = "tasks"
    # Reference requests that the member made.
    REQUESTS = "requests"
    # Reference requests that the member handles for customer marketing.
    DESK = "desk"
    CUSTOMERS = "customers"
    ADVOCATES = "advocates"
    CONFIDENTIAL = "confidential"


# A member's id for each kind of work; None leaves the work without anybody.
Receivers = Mapping[Work, int | None]


@dataclass(frozen=True)
class Colleague:
    """An active member who can take work over."""

    id: int
    key: str
    name: str
    is_desk: bool


def open_work(session: Session, person_id: int) -> dict[Work, int]:
    """How much of each kind of work a member has; only kinds of which there is some."""
    counts = {work: len(rows_of_work(session, work, person_id)) for work in Work}
    return {work: count for work, count in counts.items() if count}


def colleagues(session: Session, person_id: int) -> list[Colleague]:
    """The members who can take over a member's work, by name."""
    roles: dict[int, set[str]] = {}
    for member_id, role in session.exec(select(MemberRole.person_id, MemberRole.role)):
        roles.setdefault(member_id, set()).add(role)
    query = (
        select(Person.id, Person.key, Person.name)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.active).is_(True), col(Person.id) != person_id)
        .order_by(Person.name, col(Person.id))
    )
    return [
        Colleague(row_id, key, name, bool(roles[row_id] & set(DESK_ROLES)))
        for row_id, key, name in session.exec(query)
        if roles.get(row_id)
    ]


def candidates(work: Work, colleagues: Sequence[Colleague], by: int | None) -> list[Colleague]:
    """The colleagues who can take over a kind of work; `by` hands it over."""
    if work == Work.DESK:
        return [colleague for colleague in colleagues if colleague.is_desk]
    if work == Work.CONFIDENTIAL:
        return [colleague for colleague in colleagues if colleague.id != by]
    return list(colleagues)


def proposed_receivers(
    session: Session, person_id: int, colleagues: Sequence[Colleague], by: int | None
) -> dict[Work, Colleague]:
    """A proposal of who takes over each kind of work.

    The member's manager comes first, then the administrator who hands over. Confidential deals are
    proposed to the manager alone, and seats to nobody: their deals' owners choose.
    """
    manager_id = session.get_one(Member, person_id).manager_id
    proposed: dict[Work, Colleague] = {}
    for work in Work:
        able = {colleague.id: colleague for colleague in candidates(work, colleagues, by)}
        fitting = able.get(manager_id or 0) or able.get(by or 0)
        if fitting and work != Work.SEATS:
            proposed[work] = fitting
    return proposed


def hand_over(
    session: Session,
    person_id: int,
    receivers: Receivers,
    *,
    by: int | None,
    expected: Mapping[Work, int] | None = None,
) -> dict[Work, int]:
    """Pass a member's work to others; how much of each kind there was.

    `expected` is what was shown before; `Conflict` where it is no longer that.
    """
    # Handing over twice at the same time finds nothing the second time.
    locked_member(session, person_id)
    counts = open_work(session, person_id)
    if expected is not None and expected != counts:
        raise Conflict("The work has changed in the meantime. Check the numbers again.")
    _require_receivers(session, person_id, counts, receivers, by)
    for work in counts:
        to = receivers.get(work)
        for row_id in rows_of_work(session, work, person_id):
            hand_over_one(session, work, row_id, person_id, to, by)
    if counts:
        detail: dict[str, object] = {
            str(work): {"count": count, "to_id": receivers.get(work)}
            for work, count in counts.items()
        }
        audit(session, by, "work handed over", f"person {person_id}", detail)
    return counts


def deactivate(
    session: Session,
    person_id: int,
    receivers: Receivers,
    *,
    by: int | None,
    expected: Mapping[Work, int] | None = None,
) -> dict[Work, int]:
    """Hand a member's work over, and end their access; how much of each kind there was."""
    counts = hand_over(session, person_id, receivers, by=by, expected=expected)
    leaving.deactivate(session, person_id, by=by)
    return counts


def _require_receivers(
    session: Session,
    person_id: int,
    counts: Mapping[Work, int],
    receivers: Receivers,
    by: int | None,
) -> None:
    everybody = colleagues(session, person_id)
    errors = {}
    for work in counts:
        to = receivers.get(work)
        able = {colleague.id for colleague in candidates(work, everybody, by)}
        if to is None and work == Work.CONFIDENTIAL:
            errors[str(work)] = "Choose the colleague who takes over the confidential deals."
        elif to is not None and to not in able:
            errors[str(work)] = "Choose from the list."
    if errors:
        raise Invalid("Some of this cannot be handed over like that.", errors)


def rows_of_work(session: Session, work: Work, person_id: int) -> list[int]:
    """The ids of what a member has of a kind of work, in their order."""
    match work:
        case Work.CUSTOMERS:
            return accounts_of_owner(session, person_id)
        case Work.ADVOCATES:
            query = select(Advocate.id).where(Advocate.kept_by_id == person_id)
            return sorted(session.exec(query))
        case Work.CONFIDENTIAL:
            return _confidential_deals(session, person_id)
    table, theirs = _on_deals(work, person_id)
    query = select(table.id)
    if table is not Deal:
        query = query.join(Deal, col(Deal.id) == table.deal_id)
    return sorted(session.exec(query.where(*theirs, col(Deal.confidential).is_(False))))


def _on_deals(work: Work, person_id: int) -> tuple[Any, list[sa.ColumnElement[bool]]]:
    """The table of a kind of work on deals, and what makes its rows a member's work."""
    # A parked deal wakes one day, and needs an owner then.
    is_open = col(Deal.outcome).not_in(CLOSED_OUTCOMES)
    going_on = col(ReferenceRequest.state).in_(OPEN_STATES)
    match work:
        case Work.DEALS:
            return Deal, [col(Deal.owner_id) == person_id, is_open]
        case Work.SEATS:
            return Seat, [col(Seat.person_id) == person_id, is_open]
        case Work.TASKS:
            return Task, [col(Task.assignee_id) == person_id, col(Task.done_at).is_(None)]
        case Work.REQUESTS:
            asked = col(ReferenceRequest.requested_by_id) == person_id
            return ReferenceRequest, [asked, going_on]
        case Work.DESK:
            assigned = col(ReferenceRequest.assigned_to_id) == person_id
            waits = sa.or_(going_on, col(ReferenceRequest.due).is_not(None))
            return ReferenceRequest, [assigned, waits]
    raise ValueError(work)


_ON_DEALS = (Work.DEALS, Work.SEATS, Work.TASKS, Work.REQUESTS, Work.DESK)


def _confidential_deals(session: Session, person_id: int) -> list[int]:
    """The confidential deals with work of a member, and those that nobody else could see."""
    deal_ids: set[int] = set()
    for work in _ON_DEALS:
        deal_ids.update(_on_confidential(session, work, person_id).values())
    for deal_id in _seen_confidential(session, person_id) - deal_ids:
        deal = session.get_one(Deal, deal_id)
        if all(reader.id == person_id for reader in readers_of(session, deal)):
            deal_ids.add(deal_id)
    return sorted(deal_ids)


def _seen_confidential(session: Session, person_id: int) -> set[int]:
    """The confidential deals that a member owned, sat on, or was invited to."""
    seats = select(Seat.deal_id).where(Seat.person_id == person_id)
    invitations = select(DealInvitation.deal_id).where(DealInvitation.person_id == person_id)
    seen = sa.or_(
        col(Deal.owner_id) == person_id,
        col(Deal.id).in_(seats),
        col(Deal.id).in_(invitations),
    )
    return set(session.exec(select(Deal.id).where(col(Deal.confidential).is_(True), seen)))


def _on_confidential(
    session: Session, work: Work, person_id: int, deal_id: int | None = None
) -> dict[int, int]:
    """A member's work of a kind on confidential deals, or on one: its ids with their deals'."""
    table, theirs = _on_deals(work, person_id)
    query: Any = sa.select(table.id, col(Deal.id).label("deal_id"))
    if table is not Deal:
        query = query.join(Deal, col(Deal.id) == table.deal_id)
    query = query.where(*theirs, col(Deal.confidential).is_(True))
    if deal_id is not None:
        query = query.where(col(Deal.id) == deal_id)
    rows = session.execute(query.order_by(table.id))
    return {row.id: row.deal_id for row in rows}


def hand_over_one(
    session: Session, work: Work, row_id: int, person_id: int, to: int | None, by: int | None
) -> None:
    """Pass one piece of work on; None leaves it without anybody."""
    match work:
        case Work.DEALS:
            deal = session.get_one(Deal, row_id)
            tell = {to: "seat"} if to else {}
            lifecycle.edit(session, deal, by, {"owner_id": to}, tell=tell)
        case Work.SEATS:
            team.hand_over_seat(session, session.get_one(Seat, row_id), to, by)
        case Work.TASKS:
            task = session.get_one(Task, row_id)
            lifecycle.lock_deal(session, session.get_one(Deal, task.deal_id))
            key = session.get_one(Person, to).key if to else None
            change_task(session, task, by, due=task.due, assignee=key)
        case Work.REQUESTS | Work.DESK:
            _pass_request_on(session, work, row_id, to, by)
        case Work.CUSTOMERS:
            hand_over_customer(session, row_id, to, by=by)
        case Work.ADVOCATES:
            hand_over_advocate(session, session.get_one(Advocate, row_id), to, by=by)
        case Work.CONFIDENTIAL:
            _pass_confidential_deal_on(session, row_id, person_id, to, by)


def _pass_request_on(
    session: Session, work: Work, row_id: int, to: int | None, by: int | None
) -> None:
    request = session.get_one(ReferenceRequest, row_id, with_for_update={"key_share": True})
    column = "requested_by_id" if work == Work.REQUESTS else "assigned_to_id"
    setattr(request, column, to)
    # A form that was opened before is of an earlier state.
    request.version += 1
    session.add(request)
    detail: dict[str, object] = {"request": request.key, column: to}
    audit(session, by, "reference handed over", f"deal {request.deal_id}", detail)


def _pass_confidential_deal_on(
    session: Session, deal_id: int, person_id: int, to: int | None, by: int | None
) -> None:
    """Pass a member's work on a confidential deal on; the members who see it are told."""
    if to is None:
        raise Conflict("Confidential deals pass to a colleague.")
    deal = session.get_one(Deal, deal_id)
    others = {reader.id for reader in readers_of(session, deal)} - {person_id}
    pieces = {work: list(_on_confidential(session, work, person_id, deal_id)) for work in _ON_DEALS}
    if to not in others:
        # Who sees the deal can be given the rest; the others learn who came to it.
        tell = dict.fromkeys([*sorted(others), to], "seat")
        lifecycle.invite(session, deal, to, by, tell=tell)
        session.flush()
    for work, row_ids in pieces.items():
        for row_id in row_ids:
            desk = work == Work.DESK and to not in desk_members(session, deal_id)
            hand_over_one(session, work, row_id, person_id, None if desk else to, by)
