"""The steps of a reference request, one function each, in the order in which they are taken.

Which party may take a step, and in which states, is in `STEPS` of `references/desk/request.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlmodel import Session, col, select

from references.desk import advocates, consent, guest_links, policy
from references.desk.advocates import Activity, Advocate
from references.desk.consent import ConsentState
from references.desk.edited_emails import discard_edits
from references.desk.request import (
    BUDGET_STATES,
    MEETINGS,
    MINUTES,
    OPEN_STATES,
    OUTCOMES,
    TERMINAL_STATES,
    Actor,
    Guest,
    Party,
    ReferenceRequest,
    RequestSlot,
    State,
)
from references.desk.rules import (
    account_owner,
    desk_members,
    outbox_subject,
    parties_of,
    require_allowed_by_policy,
    require_approvers,
    require_available,
    require_prospect,
    require_reason,
    require_slots,
    require_time_passed,
    require_visible_deal,
    slots_of,
)
from references.desk.transitions import (
    ask_for_feedback,
    begin_step,
    clear_times,
    email_context_of,
    finish_approval,
    finish_step,
    has_approval_to_give,
    log_step,
    notify_cancellation,
    return_to_desk,
    set_time,
)
from workspace.clock import today
from workspace.deals.access import may_edit
from workspace.deals.tables import Deal
from workspace.delivery import outbox
from workspace.errors import Conflict, Forbidden, Invalid
from workspace.keys import random_key
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.told import Told


def open_request(
    session: Session,
    viewer: Viewer,
    deal: Deal,
    advocate: Advocate,
    activity: Activity,
    *,
    prospect: Person | None = None,
    message: str = "",
    shared_message: str = "",
    fit: Sequence[Told] = (),
) -> ReferenceRequest:
    """Draft and submit a request at once.

    `message` is for the advocate alone, `shared_message` for the prospect's person, too. `fit`
    says in a line why this advocate; everybody who may see the deal can read it.
    """
    request = draft(
        session,
        viewer,
        deal,
        advocate,
        activity,
        prospect=prospect,
        message=message,
        shared_message=shared_message,
        fit=fit,
    )
    submit(session, viewer, request)
    return request


def draft(
    session: Session,
    viewer: Viewer,
    deal: Deal,
    advocate: Advocate,
    activity: Activity,
    *,
    prospect: Person | None = None,
    message: str = "",
    shared_message: str = "",
    fit: Sequence[Told] = (),
) -> ReferenceRequest:
    """Add a request that is not submitted yet."""
    require_visible_deal(session, viewer, deal.id)
    if not may_edit(session, viewer, deal):
        raise Forbidden("Only this deal's team and managers may ask for a reference.")
    if prospect:
        require_prospect(session, deal, prospect)
    # Of two members who ask at once, the second waits here and then meets the first one's draft.
    advocates.lock_customer(session, advocate)
    duplicate = select(ReferenceRequest.key).where(
        ReferenceRequest.deal_id == deal.id,
        ReferenceRequest.advocate_id == advocate.id,
        ReferenceRequest.activity == activity,
        col(ReferenceRequest.state).in_(OPEN_STATES),
    )
    if key := session.exec(duplicate).first():
        raise Conflict(f"This advocate is already asked on this deal: {key}.")
    request = ReferenceRequest(
        key=random_key(session, ReferenceRequest, "R-"),
        deal_id=deal.id,
        activity=activity,
        advocate_id=advocate.id,
        prospect_id=prospect.id if prospect else None,
        message=message,
        shared_message=shared_message,
        fit=list(fit),
        minutes=MINUTES.get(activity, 60),
        requested_by_id=viewer.person_id,
    )
    session.add(request)
    session.flush()
    log_step(session, request, viewer, "draft", "", "")
    return request


def submit(
    session: Session, viewer: Viewer, request: ReferenceRequest, *, version: int | None = None
) -> None:
    """Hand a draft to the desk."""
    before = begin_step(session, viewer, request, "submit", version)
    rules = policy.current_policy(session)
    require_allowed_by_policy(session, request, rules, viewer)
    require_approvers(session, request, rules)
    owner_id = account_owner(session, request)
    if owner_id is not None and owner_id == viewer.person_id:
        # An account owner who asks for a reference of their own account approves it thereby.
        request.owner_approved_by_id = owner_id
    finish_step(session, request, viewer, "submit", before, rules=rules)


def approve(
    session: Session, viewer: Viewer, request: ReferenceRequest, *, version: int | None = None
) -> None:
    """Approve for the viewer's parties; the request is approved once no approval is missing."""
    before = begin_step(session, viewer, request, "approve", version)
    rules = policy.current_policy(session)
    require_allowed_by_policy(session, request, rules, viewer)
    parties = parties_of(session, viewer, request)
    if not has_approval_to_give(session, request, parties, rules):
        raise Conflict("You have approved already. Another approval is pending.")
    if Party.DESK in parties:
        request.desk_approved_by_id = request.desk_approved_by_id or viewer.person_id
        request.assigned_to_id = request.assigned_to_id or viewer.person_id
    if Party.OWNER in parties:
        request.owner_approved_by_id = request.owner_approved_by_id or viewer.person_id
    finish_approval(session, request, viewer, "approve", before, rules)


def decline(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    reason: str,
    *,
    version: int | None = None,
) -> None:
    """Decline a request, with a reason that the asker reads."""
    before = begin_step(session, viewer, request, "decline", version)
    require_reason(reason)
    request.reason = reason
    finish_step(session, request, viewer, "decline", before, reason)


def assign(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    to: Person,
    *,
    version: int | None = None,
) -> None:
    """Have a member of the desk handle a request."""
    before = begin_step(session, viewer, request, "assign", version)
    if to.id not in desk_members(session, request.deal_id):
        raise Invalid(
            "Choose a member of customer marketing who can see this deal.",
            {"member": "Not one of them."},
        )
    request.assigned_to_id = to.id
    finish_step(session, request, viewer, "assign", before, detail={"assigned_id": to.id})


def swap(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    advocate: Advocate,
    *,
    version: int | None = None,
) -> None:
    """Replace the advocate, and email the cancellation to the guests who were asked."""
    before = begin_step(session, viewer, request, "swap", version)
    if advocate.id == request.advocate_id and before != State.REFUSED:
        raise Invalid("Choose another advocate.", {"advocate": "This advocate is already asked."})
    notify_cancellation(session, request, before)
    # What was written to one advocate is not for another.
    discard_edits(session, request.id)
    request.advocate_id = advocate.id
    request.owner_approved_by_id = None
    request.approved_at = None
    request.desk_approved_by_id = viewer.person_id
    request.fit = []
    request.reason = ""
    clear_times(session, request)
    rules = policy.current_policy(session)
    # The former customer's budget is free again before the new customer's is checked.
    request.state = State.SUBMITTED
    session.add(request)
    session.flush()
    require_allowed_by_policy(session, request, rules, viewer)
    require_approvers(session, request, rules)
    owner_id = account_owner(session, request)
    if owner_id is not None and owner_id in (viewer.person_id, request.requested_by_id):
        request.owner_approved_by_id = owner_id
    person = session.get_one(Person, advocate.person_id)
    finish_approval(session, request, viewer, "swap", before, rules, person.name)


def invite(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Email the advocate a link for their answer."""
    before = begin_step(session, viewer, request, "invite", version)
    require_allowed_by_policy(session, request, policy.current_policy(session), viewer)
    guest_links.email_invitation(session, email_context_of(session, request), origin)
    finish_step(session, request, viewer, "invite", before)


def accept(
    session: Session,
    guest: Guest,
    request: ReferenceRequest,
    times: Iterable[datetime],
    origin: str,
) -> None:
    """Accept as the advocate, with at least three times for an activity with an appointment."""
    before = begin_step(session, guest, request, "accept", None)
    slots = sorted(set(times))
    if request.activity in MEETINGS:
        require_slots(session, request, slots, guest)
        session.add_all(RequestSlot(request_id=request.id, starts_at=slot) for slot in slots)
        session.flush()
    else:
        require_available(session, request, today(), guest)
    if slots:
        guest_links.email_time_choice(session, email_context_of(session, request), origin)
    finish_step(session, request, guest, "accept", before)


def refuse(session: Session, guest: Guest, request: ReferenceRequest, reason: str) -> None:
    """Refuse as the advocate; the reason is optional."""
    before = begin_step(session, guest, request, "refuse", None)
    return_to_desk(session, guest, request, before, reason)


def ask_other_times(
    session: Session,
    actor: Actor,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Ask the advocate for other times, as none of the offered ones suits."""
    before = begin_step(session, actor, request, "other times", version)
    if request.activity not in MEETINGS:
        raise Conflict("This request has no scheduled time.")
    require_available(session, request, today(), actor)
    guest_links.revoke_links(session, request.id)
    outbox.drop(session, outbox_subject(request))
    clear_times(session, request)
    guest_links.email_other_times(session, email_context_of(session, request), origin)
    finish_step(session, request, actor, "other times", before)


def schedule(
    session: Session,
    actor: Actor,
    request: ReferenceRequest,
    starts_at: datetime,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Set the time; both guests get a calendar invitation.

    The prospect's contact picks one of the offered times, the desk can set any other.
    """
    before = begin_step(session, actor, request, "schedule", version)
    if request.activity not in MEETINGS:
        raise Conflict("This request has no scheduled time.")
    if isinstance(actor, Guest) and starts_at not in slots_of(session, request.id):
        raise Conflict("This time is no longer offered. Choose another.")
    set_time(session, request, starts_at, origin, actor)
    finish_step(
        session, request, actor, "schedule", before, detail={"starts_at": starts_at.isoformat()}
    )


def reschedule(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    starts_at: datetime,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Move the appointment; both guests get an updated calendar invitation."""
    before = begin_step(session, viewer, request, "reschedule", version)
    outbox.drop(session, outbox_subject(request))
    set_time(session, request, starts_at, origin, viewer)
    finish_step(
        session, request, viewer, "reschedule", before, detail={"starts_at": starts_at.isoformat()}
    )


def complete(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Mark a request as completed, and ask the guests for feedback."""
    before = begin_step(session, viewer, request, "complete", version)
    if request.activity in MEETINGS and before == State.ACCEPTED:
        raise Conflict("This request has no time yet.")
    require_time_passed(request)
    ask_for_feedback(session, request, origin, missed=False)
    finish_step(session, request, viewer, "complete", before)


def miss(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Mark an appointment as missed, and ask the guests for feedback."""
    before = begin_step(session, viewer, request, "miss", version)
    require_time_passed(request)
    ask_for_feedback(session, request, origin, missed=True)
    finish_step(session, request, viewer, "miss", before)


def record_outcome(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    outcome: str,
    note: str = "",
    *,
    version: int | None = None,
) -> None:
    """Record what the reference did for the deal."""
    before = begin_step(session, viewer, request, "record outcome", version)
    if outcome not in OUTCOMES:
        raise Invalid("Choose an outcome.", {"outcome": "Choose from the list."})
    request.outcome = outcome
    request.outcome_note = note
    finish_step(session, request, viewer, "record outcome", before, detail={"outcome": outcome})


def tell(session: Session, guest: Guest, request: ReferenceRequest, text: str) -> None:
    """Record a guest's feedback."""
    before = begin_step(session, guest, request, "tell", None)
    if not text:
        raise Invalid("Enter your feedback.", {"text": "Required."})
    if guest.party == Party.ADVOCATE:
        request.advocate_feedback = text
    else:
        request.prospect_feedback = text
    finish_step(session, request, guest, "tell", before)


def cancel(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    reason: str = "",
    *,
    version: int | None = None,
) -> None:
    """Cancel a request, and email the cancellation to the guests who were asked."""
    before = begin_step(session, viewer, request, "cancel", version)
    notify_cancellation(session, request, before)
    request.reason = reason
    finish_step(session, request, viewer, "cancel", before, reason)


def withdraw(
    session: Session,
    advocate: Advocate,
    state: ConsentState,
    by: int | None,
    *,
    name: str,
    source: str = "",
    captured_on: date | None = None,
    told_by: int | None = None,
    link_id: int | None = None,
) -> None:
    """Record that an advocate refused or withdrew consent; `name` is the advocate's.

    Their requests that still lie ahead go back to the desk.
    """
    ahead = select(ReferenceRequest).where(
        ReferenceRequest.advocate_id == advocate.id,
        col(ReferenceRequest.state).in_(BUDGET_STATES),
        col(ReferenceRequest.state).not_in(TERMINAL_STATES),
    )
    requests = session.exec(ahead.order_by(col(ReferenceRequest.id)).with_for_update()).all()
    for request in requests:
        session.refresh(request)
    consent.record_consent(
        session,
        advocate,
        state,
        by,
        source=source,
        captured_on=captured_on,
        told_by=told_by,
        link_id=link_id,
    )
    for request in requests:
        if request.advocate_id == advocate.id and request.state in BUDGET_STATES:
            guest = Guest(advocate.person_id, name, request.id, Party.ADVOCATE, link_id)
            return_to_desk(session, guest, request, State(request.state), "withdrew their consent")
