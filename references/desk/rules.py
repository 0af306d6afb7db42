"""What a request needs before a step may be taken, and who has which part in it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk import advocates, budgets, calendar
from references.desk.advocates import Activity, Advocate, ReferencePolicy
from references.desk.request import (
    DESK_ROLES,
    FEWEST_SLOTS,
    MOST_SLOTS,
    Actor,
    Guest,
    Part,
    ReferenceRequest,
    RequestSlot,
    owner_needed,
)
from workspace import clock
from workspace.clock import now, today
from workspace.deals.access import may_edit, may_see, sees_deal, visible_deals
from workspace.deals.stakeholders import Stakeholder
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import PLAIN_VIEW, Viewer

# Looking


def request_of(session: Session, viewer: Viewer, key: str) -> ReferenceRequest:
    """The request of that key; NotFound where there is none on a deal that the viewer may see."""
    request = session.exec(
        select(ReferenceRequest)
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .where(ReferenceRequest.key == key, visible_deals(viewer))
    ).first()
    if request is None:
        raise NotFound("There is no such request.")
    return request


def lock_request(session: Session, request: ReferenceRequest) -> None:
    """See a request as it is now, and keep others from changing it until this transaction ends."""
    session.flush()
    session.refresh(request, with_for_update={"key_share": True})


def parts_of(session: Session, actor: Actor, request: ReferenceRequest) -> frozenset[Part]:
    """What somebody is to a request that they may see."""
    if isinstance(actor, Guest):
        person = {
            Part.ADVOCATE: advocate_person_id(session, request),
            Part.PROSPECT: request.prospect_id,
        }.get(actor.part)
        same = actor.request_id == request.id and actor.person_id == person
        return frozenset({actor.part} if same else ())
    parts = set()
    if actor.roles & set(DESK_ROLES):
        parts.add(Part.DESK)
    if may_edit(session, actor, session.get_one(Deal, request.deal_id)):
        parts.add(Part.ASKER)
    if actor.may_write and actor.person_id == account_owner(session, request):
        parts.add(Part.OWNER)
    return frozenset(parts)


def account_owners(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Who looks after each of these customers: the active owner of the deal won last.

    Confidential deals say nothing here: everybody sees who is asked.
    """
    query: Any = (
        sa.select(col(Deal.account_id), col(Deal.owner_id))
        .join(Member, col(Member.person_id) == col(Deal.owner_id))
        .where(
            col(Deal.account_id).in_(account_ids),
            col(Deal.outcome) == Outcome.WON,
            visible_deals(PLAIN_VIEW),
            col(Member.active).is_(True),
        )
        .order_by(col(Deal.closed).nulls_first(), col(Deal.id))
    )
    return dict(session.exec(query).all())


def desk_members(session: Session, deal_id: int) -> list[int]:
    """The active members of customer marketing who may see a deal."""
    query = (
        select(Member.person_id)
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(col(Member.active).is_(True), col(MemberRole.role).in_(DESK_ROLES))
        .where(sees_deal(deal_id))
        .distinct()
    )
    return sorted(session.exec(query))


def slots_of(session: Session, request_id: int) -> list[datetime]:
    """The times that the advocate offered and that have not passed."""
    query = select(RequestSlot.starts_at).where(
        RequestSlot.request_id == request_id, col(RequestSlot.starts_at) > now()
    )
    return sorted(session.exec(query))


def outbox_subject(request: ReferenceRequest) -> str:
    """What the outbox calls a request."""
    return f"reference request {request.id}"


def require_seen(session: Session, viewer: Viewer, deal_id: int) -> None:
    seen = select(Deal.id).where(Deal.id == deal_id, visible_deals(viewer))
    if session.exec(seen).first() is None:
        raise NotFound("There is no such request.")


def require_prospect(session: Session, deal: Deal, prospect: Person) -> None:
    there = select(Stakeholder.id).where(
        Stakeholder.deal_id == deal.id, Stakeholder.person_id == prospect.id
    )
    at_buyer = prospect.account_id is not None and prospect.account_id == deal.account_id
    if session.get(Member, prospect.id) or not (at_buyer or session.exec(there).first()):
        raise Invalid(
            "Choose somebody of the buyer's side.", {"prospect": "Not on the buyer's side."}
        )


def require_askable(session: Session, request: ReferenceRequest, rules: ReferencePolicy) -> None:
    """Refuse what the policy does not allow: the deal's stage, and the advocate's availability."""
    stage, outcome = session.exec(
        select(Stage.position, Deal.outcome)
        .join(Deal, col(Deal.stage_id) == col(Stage.id))
        .where(Deal.id == request.deal_id)
    ).one()
    if outcome != Outcome.OPEN:
        raise Conflict("This deal is closed; references are for open deals.")
    if stage < rules.earliest_stage:
        earliest = session.exec(
            select(Stage.name)
            .where(col(Stage.position) >= rules.earliest_stage)
            .order_by(col(Stage.position))
        ).first()
        raise Conflict(
            f"This deal may ask for a reference from the stage {earliest} on."
            if earliest
            else "The policy lets no deal ask for a reference."
        )
    require_available(session, request, today())


def require_available(session: Session, request: ReferenceRequest, on: date) -> None:
    """Refuse an advocate who may not be asked, with whoever uses the same budget kept waiting."""
    if request.advocate_id is None:
        raise Conflict("Choose an advocate first.")
    advocate = session.get_one(Advocate, request.advocate_id)
    advocates.lock_customer(session, advocate)
    activity = Activity(request.activity)
    found = budgets.availability(session, [advocate.id], activity, on, but_not=request.id)
    state = found[advocate.id]
    if not state.may_be_asked:
        name = session.get_one(Person, advocate.person_id).name
        later = state.next_on if state.next_on and state.next_on > on else None
        when = f" Possible from {clock.spoken(later)}." if later else ""
        raise Conflict(f"{name} cannot be asked: {state.reason}.{when}")


def require_approvers(session: Session, request: ReferenceRequest, rules: ReferencePolicy) -> None:
    """Refuse to submit what those who must agree may not see."""
    if not desk_members(session, request.deal_id):
        raise Conflict(
            "Nobody of customer marketing may see this deal: it is confidential. Invite one first."
        )
    owner = account_owner(session, request)
    if owner is None or not owner_needed(request, rules, owner):
        return
    if not may_see(session, owner, request.deal_id):
        name = session.get_one(Person, owner).name
        raise Conflict(
            f"{name} looks after this customer and has to agree, but may not see this deal:"
            " it is confidential. Invite them first."
        )


def require_slots(session: Session, request: ReferenceRequest, times: Sequence[datetime]) -> None:
    if not FEWEST_SLOTS <= len(times) <= MOST_SLOTS:
        raise Invalid(
            f"Offer {FEWEST_SLOTS} to {MOST_SLOTS} different times.",
            {"times": f"{FEWEST_SLOTS} to {MOST_SLOTS} different times are needed."},
        )
    for each in times:
        calendar.require_ahead(each)
    for day in sorted({each.date() for each in times}):
        try:
            require_available(session, request, day)
        except Conflict as why:
            raise Conflict(f"Not on {clock.spoken(day)}. {why}") from None


def require_reason(reason: str) -> None:
    if not reason:
        raise Invalid("Say why: the one who asked reads it.", {"reason": "Needed."})


def require_past(request: ReferenceRequest) -> None:
    if request.starts_at and request.starts_at > now():
        raise Conflict("This is still to come.")


def account_owner(session: Session, request: ReferenceRequest) -> int | None:
    """Who looks after the customer of the advocate who is asked."""
    if request.advocate_id is None:
        return None
    account_id = session.exec(
        select(Person.account_id)
        .join(Advocate, col(Advocate.person_id) == col(Person.id))
        .where(Advocate.id == request.advocate_id)
    ).one()
    return account_owners(session, [account_id]).get(account_id) if account_id else None


def advocate_person_id(session: Session, request: ReferenceRequest) -> int | None:
    query = select(Advocate.person_id).where(Advocate.id == request.advocate_id)
    return session.exec(query).first()
