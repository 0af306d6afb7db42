"""What the steps of a request share: each begins under a lock and ends in the logs."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from references.desk import calendar, guest_links
from references.desk.advocates import Advocate
from references.desk.guest_links import EmailContext
from references.desk.policy import ReferencePolicy, current_policy
from references.desk.request import (
    MEETINGS,
    STEPS,
    Actor,
    Guest,
    Party,
    ReferenceRequest,
    RequestSlot,
    RequestStep,
    State,
    due_date,
    needs_owner_approval,
    owes_approval,
)
from references.desk.rules import (
    account_owner,
    advocate_person_id,
    lock_request,
    outbox_subject,
    parties_of,
    require_available,
    require_visible_deal,
)
from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import now
from workspace.deals.tables import Deal
from workspace.delivery import outbox
from workspace.errors import Conflict, Forbidden
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record


def begin_step(
    session: Session,
    actor: Actor,
    request: ReferenceRequest,
    name: str,
    version: int | None,
) -> State:
    """Lock a request, check that this actor may take this step now, and return its state.

    Conflict where the request has another version than `version`, or a state without this step.
    """
    lock_request(session, request)
    step = STEPS[name]
    if isinstance(actor, Viewer):
        require_visible_deal(session, actor, request.deal_id)
    if not parties_of(session, actor, request) & set(step.who):
        raise Forbidden(f"This is for {' or '.join(step.who)}.")
    if version is not None and version != request.version:
        raise Conflict("This request was changed in the meantime.")
    if request.state not in step.before:
        raise Conflict(f"This request is {request.state}; it cannot be {step.participle} now.")
    return State(request.state)


def finish_step(
    session: Session,
    request: ReferenceRequest,
    actor: Actor,
    name: str,
    before: State,
    text: str = "",
    *,
    detail: Mapping[str, object] | None = None,
    after: State | None = None,
    rules: ReferencePolicy | None = None,
    tell: Mapping[int, str] | None = None,
) -> None:
    """Set the state after a step, its version and due date, and log the step.

    `text` is what its party wrote, `detail` has its parameters.
    """
    request.state = after or STEPS[name].after or before
    request.version += 1
    # An assignment, or the first of two approvals, does not extend the deadline.
    if request.state != before or name in ("reschedule", "record outcome"):
        request.changed_at = now()
        request.due = due_date(request, rules or current_policy(session))
    session.add(request)
    session.flush()
    log_step(session, request, actor, name, before, text, detail=detail, tell=tell)


def finish_approval(
    session: Session,
    request: ReferenceRequest,
    viewer: Viewer,
    name: str,
    before: State,
    rules: ReferencePolicy,
    text: str = "",
) -> None:
    """Finish a step with an approval: the request stays submitted while another is missing."""
    owner_needed = needs_owner_approval(request, rules, account_owner(session, request))
    approved = request.desk_approved_by_id is not None and not owner_needed
    request.approved_at = now() if approved else None
    after = State.APPROVED if approved else State.SUBMITTED
    finish_step(session, request, viewer, name, before, text, after=after, rules=rules)


def log_step(
    session: Session,
    request: ReferenceRequest,
    actor: Actor,
    name: str,
    before: str,
    text: str,
    *,
    detail: Mapping[str, object] | None = None,
    tell: Mapping[int, str] | None = None,
) -> None:
    """Log a step on the request, the deal's timeline and in the audit log.

    `tell` has the members to notify besides the deal's followers, each with the reason.
    """
    session.add(
        RequestStep(
            request_id=request.id,
            by_id=actor.person_id,
            action=name,
            before=before,
            after=request.state,
            text=text,
            detail=dict(detail or {}),
            link_id=actor.link_id if isinstance(actor, Guest) else None,
        )
    )
    told: dict[str, object] = {
        "request": request.key,
        "step": name,
        "activity": request.activity,
        "person_id": advocate_person_id(session, request),
        "state": request.state,
        **(detail or {}),
    }
    if name == "draft":
        # A draft asks nobody for anything, so it is not on the timeline.
        audit(session, actor.person_id, "reference drafted", f"deal {request.deal_id}", told)
    else:
        record(session, request.deal_id, actor.person_id, "reference", text, detail=told, tell=tell)


def has_approval_to_give(
    session: Session,
    request: ReferenceRequest,
    parties: Collection[Party],
    rules: ReferencePolicy,
) -> bool:
    """Whether the approval of one of these parties is missing."""
    owner_needed = needs_owner_approval(request, rules, account_owner(session, request))
    return owes_approval(request, parties, owner_needed)


def set_time(
    session: Session, request: ReferenceRequest, starts_at: datetime, origin: str, actor: Actor
) -> None:
    """Set the time of the appointment, and email the calendar invitations."""
    calendar.require_ahead(starts_at)
    require_available(session, request, starts_at.date(), actor)
    guest_links.revoke_links(session, request.id)
    request.starts_at = starts_at
    request.calendar_sequence += 1
    guest_links.email_appointment(session, email_context_of(session, request), origin)


def clear_times(session: Session, request: ReferenceRequest) -> None:
    """Remove the offered times and the appointment's time."""
    session.execute(sa.delete(RequestSlot).where(col(RequestSlot.request_id) == request.id))
    request.starts_at = None


def return_to_desk(
    session: Session, guest: Guest, request: ReferenceRequest, before: State, reason: str
) -> None:
    """Mark a request as refused by its advocate, so that the desk can ask another."""
    notify_cancellation(session, request, before, to_advocate=False)
    clear_times(session, request)
    request.approved_at = None
    request.reason = reason[:500]
    finish_step(session, request, guest, "refuse", before, reason)


def notify_cancellation(
    session: Session, request: ReferenceRequest, before: State, *, to_advocate: bool = True
) -> None:
    """Email the cancellation to the guests who were asked; revoke links and unsent emails."""
    guest_links.revoke_links(session, request.id)
    outbox.drop(session, outbox_subject(request))
    scheduled = before == State.SCHEDULED
    request.calendar_sequence += scheduled
    if scheduled or (before == State.INVITED and to_advocate) or before == State.ACCEPTED:
        guest_links.email_cancellation(
            session,
            email_context_of(session, request),
            to_advocate=to_advocate or scheduled,
            # The prospect's contact is written to only after the advocate has accepted.
            to_prospect=before != State.INVITED,
            in_calendar=scheduled,
        )


def ask_for_feedback(
    session: Session, request: ReferenceRequest, origin: str, *, missed: bool
) -> None:
    """Email the guests a link for their feedback; older links no longer work."""
    guest_links.revoke_links(session, request.id)
    guest_links.email_feedback_request(
        session,
        email_context_of(session, request),
        origin,
        missed=missed,
        of_prospect=request.activity in MEETINGS,
    )


def email_context_of(session: Session, request: ReferenceRequest) -> EmailContext:
    """What emails about a request need."""
    if request.advocate_id is None:
        raise Conflict("Choose an advocate first.")
    advocate = session.get_one(Advocate, request.advocate_id)
    person = session.get_one(Person, advocate.person_id)
    customer = session.get(Account, person.account_id) if person.account_id else None
    deal = session.get_one(Deal, request.deal_id)
    buyer = session.get(Account, deal.account_id) if deal.account_id else None
    asker = session.get(Person, request.requested_by_id) if request.requested_by_id else None
    assigned = session.get(Person, request.assigned_to_id) if request.assigned_to_id else None
    return EmailContext(
        request_id=request.id,
        outbox_subject=outbox_subject(request),
        activity=request.activity,
        message=request.message,
        shared_message=request.shared_message,
        minutes=request.minutes,
        starts_at=request.starts_at,
        sequence=request.calendar_sequence,
        # The creation time keeps the request apart from one with the same key elsewhere.
        calendar_name=f"{request.key} {request.created_at.isoformat()}",
        advocate_id=advocate.id,
        advocate=person,
        address=advocate.address,
        customer=customer.name if customer else "",
        prospect=session.get(Person, request.prospect_id) if request.prospect_id else None,
        buyer=buyer.name if buyer else "a company that considers working with us",
        asker=asker,
        organizer=assigned or asker,
    )
