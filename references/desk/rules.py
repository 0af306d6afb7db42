"""What a request needs before a step may be taken, and the parties of a viewer to it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk import advocates, budgets, calendar
from references.desk.advocates import Activity, Advocate
from references.desk.customers import AccountOwner
from references.desk.policy import ReferencePolicy
from references.desk.request import (
    DESK_ROLES,
    FEWEST_SLOTS,
    MOST_SLOTS,
    TERMINAL_STATES,
    Actor,
    Guest,
    Party,
    ReferenceRequest,
    RequestSlot,
    needs_owner_approval,
)
from workspace import clock
from workspace.clock import now, today
from workspace.deals.access import may_edit, may_see, sees_deal, visible_deals, works_on_deal
from workspace.deals.tables import Deal, Outcome, Stage, Stakeholder
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.field_rights import readable_fields
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import PLAIN_VIEW, Viewer

ASKED_LATELY = timedelta(days=90)
# How the outbox names a request, before its id.
ABOUT_REQUEST = "reference request "


def request_of(session: Session, viewer: Viewer, key: str) -> ReferenceRequest:
    """The request with that key; NotFound unless the viewer may see its deal."""
    request = session.exec(
        select(ReferenceRequest)
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .where(ReferenceRequest.key == key, visible_deals(viewer))
    ).first()
    if request is None:
        raise NotFound("There is no such request.")
    return request


def lock_request(session: Session, request: ReferenceRequest) -> None:
    """Refresh a request, and lock it until this transaction ends."""
    session.flush()
    session.refresh(request, with_for_update={"key_share": True})


def parties_of(session: Session, actor: Actor, request: ReferenceRequest) -> frozenset[Party]:
    """The parties of a viewer to a request that they may see."""
    if isinstance(actor, Guest):
        person_id = {
            Party.ADVOCATE: advocate_person_id(session, request),
            Party.PROSPECT: request.prospect_id,
        }.get(actor.party)
        is_party = actor.request_id == request.id and actor.person_id == person_id
        return frozenset({actor.party} if is_party else ())
    edits = may_edit(session, actor, session.get_one(Deal, request.deal_id))
    return parties_of_viewer(actor, account_owner(session, request), may_edit_deal=edits)


def parties_of_viewer(
    viewer: Viewer, owner_id: int | None, *, may_edit_deal: bool
) -> frozenset[Party]:
    """The parties that a member is to a request, by its account owner and their rights."""
    parties = set()
    if viewer.roles & set(DESK_ROLES):
        parties.add(Party.DESK)
    if may_edit_deal:
        parties.add(Party.ASKER)
    if viewer.may_write and owner_id is not None and owner_id == viewer.person_id:
        parties.add(Party.OWNER)
    return frozenset(parties)


def may_read_feedback(parties: Collection[Party]) -> bool:
    """Whether these parties may read what guests and the team wrote about a reference."""
    return bool({Party.DESK, Party.ASKER}.intersection(parties))


def account_owner(session: Session, request: ReferenceRequest) -> int | None:
    """The owner of the account of the request's advocate."""
    if request.advocate_id is None:
        return None
    account_id = session.exec(
        select(Person.account_id)
        .join(Advocate, col(Advocate.person_id) == col(Person.id))
        .where(Advocate.id == request.advocate_id)
    ).one()
    return account_owners(session, [account_id]).get(account_id) if account_id else None


def account_owners(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """The active owner of each of these accounts.

    It is the owner of the deal won last, or the member to whom the customer was handed over since.
    Confidential deals do not count, because everybody sees whose approval is needed.
    """
    won: Any = (
        sa.select(col(Deal.account_id), col(Deal.owner_id), col(Deal.closed))
        .join(Member, col(Member.person_id) == col(Deal.owner_id))
        .where(
            col(Deal.account_id).in_(account_ids),
            col(Deal.outcome) == Outcome.WON,
            visible_deals(PLAIN_VIEW),
            col(Member.active).is_(True),
        )
        .order_by(col(Deal.closed).nulls_first(), col(Deal.id))
    )
    # Of an account's rows the last one stays.
    owners = {account_id: (owner_id, closed) for account_id, owner_id, closed in session.exec(won)}
    handed_over = (
        select(AccountOwner)
        .join(Member, col(Member.person_id) == col(AccountOwner.person_id))
        .where(col(AccountOwner.account_id).in_(account_ids), col(Member.active).is_(True))
    )
    for row in session.exec(handed_over):
        closed = owners.get(row.account_id, (None, None))[1]
        if closed is None or closed <= row.since:
            owners[row.account_id] = (row.person_id, row.since)
    return {account_id: owner_id for account_id, (owner_id, _) in owners.items()}


def accounts_of_owner(session: Session, person_id: int | None) -> list[int]:
    """The accounts that a member owns, in the order of their ids."""
    won = select(Deal.account_id).where(Deal.owner_id == person_id)
    handed_over = select(AccountOwner.account_id).where(AccountOwner.person_id == person_id)
    accounts = {*session.exec(won), *session.exec(handed_over)} - {None}
    owners = account_owners(session, [account for account in accounts if account is not None])
    return sorted(account for account, owner_id in owners.items() if owner_id == person_id)


def advocate_person_id(session: Session, request: ReferenceRequest) -> int | None:
    """The person who is the request's advocate."""
    query = select(Advocate.person_id).where(Advocate.id == request.advocate_id)
    return session.exec(query).first()


def desk_members(session: Session, deal_id: int | None) -> list[int]:
    """The active members of customer marketing, if a deal is given, only its readers."""
    query = (
        select(Member.person_id)
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(col(Member.active).is_(True), col(MemberRole.role).in_(DESK_ROLES))
        .distinct()
    )
    if deal_id is not None:
        query = query.where(sees_deal(deal_id))
    return sorted(session.exec(query))


def others_on_desk(session: Session, person_id: int | None, deal_id: int | None) -> list[int]:
    """The other members of the desk, if a deal is given, only its readers."""
    return [member for member in desk_members(session, deal_id) if member != person_id]


def asks_advocate(session: Session, person_id: int | None, advocate_id: int) -> bool:
    """Whether a member asks an advocate for something, or is on the team of a deal that does.

    A request that ended counts for a quarter, so that nobody gets around this by cancelling it.
    """
    if person_id is None:
        return False
    asks = (
        select(ReferenceRequest.id)
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .where(
            ReferenceRequest.advocate_id == advocate_id,
            sa.or_(
                col(ReferenceRequest.state).not_in(TERMINAL_STATES),
                col(ReferenceRequest.changed_at) > now() - ASKED_LATELY,
            ),
            sa.or_(
                col(ReferenceRequest.requested_by_id) == person_id,
                works_on_deal(person_id),
            ),
        )
    )
    return session.exec(asks.limit(1)).first() is not None


def require_not_asking(session: Session, by: int | None, advocate: Advocate) -> None:
    """Refuse to widen what an advocate agreed to, for a member who asks them for something.

    If nobody else is on the desk, there is no other way.
    """
    if asks_advocate(session, by, advocate.id) and others_on_desk(session, by, None):
        raise Conflict(
            "You are on a deal that asks this advocate for a reference. Another member of customer"
            " marketing has to do this."
        )


def slots_of(session: Session, request_id: int) -> list[datetime]:
    """The times that the advocate offered, without those that have passed."""
    query = select(RequestSlot.starts_at).where(
        RequestSlot.request_id == request_id, col(RequestSlot.starts_at) > now()
    )
    return sorted(session.exec(query))


def outbox_subject(request: ReferenceRequest) -> str:
    """The name of a request in the outbox."""
    return f"{ABOUT_REQUEST}{request.id}"


def require_visible_deal(session: Session, viewer: Viewer, deal_id: int) -> None:
    """NotFound unless the viewer may see the deal."""
    query = select(Deal.id).where(Deal.id == deal_id, visible_deals(viewer))
    if session.exec(query).first() is None:
        raise NotFound("There is no such request.")


def require_prospect(session: Session, deal: Deal, prospect: Person) -> None:
    """Refuse a prospect who is neither a stakeholder of the deal nor at its account."""
    stakeholder = select(Stakeholder.id).where(
        Stakeholder.deal_id == deal.id, Stakeholder.person_id == prospect.id
    )
    at_buyer = prospect.account_id is not None and prospect.account_id == deal.account_id
    if session.get(Member, prospect.id) or not (at_buyer or session.exec(stakeholder).first()):
        raise Invalid("Choose a contact of the buyer.", {"prospect": "Not on the buyer's side."})


def require_allowed_by_policy(
    session: Session, request: ReferenceRequest, rules: ReferencePolicy, actor: Actor
) -> None:
    """Refuse a deal in too early a stage, and an advocate who is not available."""
    stage, outcome = session.exec(
        select(Stage.position, Deal.outcome)
        .join(Deal, col(Deal.stage_id) == col(Stage.id))
        .where(Deal.id == request.deal_id)
    ).one()
    if outcome == Outcome.PARKED:
        raise Conflict("This deal is parked. Open it again before you request a reference.")
    if outcome != Outcome.OPEN:
        raise Conflict("This deal is closed; references are for open deals.")
    if stage < rules.earliest_stage:
        earliest = session.exec(
            select(Stage.name)
            .where(col(Stage.position) >= rules.earliest_stage)
            .order_by(col(Stage.position))
        ).first()
        raise Conflict(
            f"References can be requested from the stage {earliest} on."
            if earliest
            else "The policy lets no deal ask for a reference."
        )
    require_available(session, request, today(), actor)


def require_available(session: Session, request: ReferenceRequest, on: date, actor: Actor) -> None:
    """Refuse an advocate who cannot be asked, and lock their customer's budget.

    Requests on deals that the actor may not see count, too. So the reason is said only where the
    actor reads it elsewhere.
    """
    if request.advocate_id is None:
        raise Conflict("Choose an advocate first.")
    advocate = session.get_one(Advocate, request.advocate_id)
    advocates.lock_customer(session, advocate)
    activity = Activity(request.activity)
    available = budgets.availability(
        session, [advocate.id], activity, on, except_request=request.id
    )[advocate.id]
    if not available.may_be_asked:
        name = session.get_one(Person, advocate.person_id).name
        next_on = available.next_on
        when = f" Possible from {clock.spoken(next_on)}." if next_on and next_on > on else ""
        reason = ""
        if isinstance(actor, Viewer):
            shown = budgets.availability(
                session, [advocate.id], activity, on, viewer=actor, except_request=request.id
            )[advocate.id]
            reason = shown.for_reader(readable_fields(session, actor)).reason
        why = f": {reason}" if reason else ""
        raise Conflict(f"{name} cannot be asked{why}.{when}")


def require_approvers(session: Session, request: ReferenceRequest, rules: ReferencePolicy) -> None:
    """Refuse to submit a request whose approvers may not see the deal."""
    if not desk_members(session, request.deal_id):
        raise Conflict(
            "Nobody of customer marketing may see this deal: it is confidential. Invite one first."
        )
    owner_id = account_owner(session, request)
    if owner_id is None or not needs_owner_approval(request, rules, owner_id):
        return
    if not may_see(session, owner_id, request.deal_id):
        name = session.get_one(Person, owner_id).name
        raise Conflict(
            f"{name} looks after this customer and has to agree, but may not see this deal:"
            " it is confidential. Invite them first."
        )


def require_slots(
    session: Session, request: ReferenceRequest, times: Sequence[datetime], actor: Actor
) -> None:
    """Refuse too few or too many times, and days on which the advocate is not available."""
    if not FEWEST_SLOTS <= len(times) <= MOST_SLOTS:
        raise Invalid(
            f"Offer {FEWEST_SLOTS} to {MOST_SLOTS} different times.",
            {"times": f"{FEWEST_SLOTS} to {MOST_SLOTS} different times are needed."},
        )
    for time in times:
        calendar.require_ahead(time)
    for day in sorted({time.date() for time in times}):
        try:
            require_available(session, request, day, actor)
        except Conflict as why:
            raise Conflict(f"Not on {clock.spoken(day)}. {why}") from None


def require_reason(reason: str) -> None:
    """Refuse a step without a reason."""
    if not reason:
        raise Invalid("Enter a reason for the requester.", {"reason": "Required."})


def require_time_passed(request: ReferenceRequest) -> None:
    """Refuse to close an appointment that is still ahead."""
    if request.starts_at and request.starts_at > now():
        raise Conflict("Its time is still to come.")
