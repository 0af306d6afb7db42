"""What every step of a request shares: it begins under a lock, and it ends in the log."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from references.desk import advocates, calendar, guest_links
from references.desk.advocates import Advocate, ReferencePolicy
from references.desk.guest_links import About
from references.desk.request import (
    MEETINGS,
    STEPS,
    Actor,
    Guest,
    Part,
    ReferenceRequest,
    RequestSlot,
    RequestStep,
    State,
    due_date,
    missing_yes,
    owner_needed,
)
from references.desk.rules import (
    account_owner,
    advocate_person_id,
    lock_request,
    outbox_subject,
    parts_of,
    require_available,
    require_seen,
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

# The steps' own machinery


def begin_step(
    session: Session,
    actor: Actor,
    request: ReferenceRequest,
    name: str,
    version: int | None,
) -> State:
    """See a request as it is now, held until this transaction ends; the state it is in.

    Refuses whoever may not take this step, and a step that does not fit.
    """
    lock_request(session, request)
    step = STEPS[name]
    if isinstance(actor, Viewer):
        require_seen(session, actor, request.deal_id)
    if not parts_of(session, actor, request) & set(step.who):
        raise Forbidden(f"This is for {' or '.join(step.who)}.")
    if version is not None and version != request.version:
        raise Conflict("Somebody else took this request a step further in the meantime.")
    if request.state not in step.before:
        raise Conflict(f"This request is {request.state}; it cannot be {step.said} now.")
    return State(request.state)


def finish_step(
    session: Session,
    request: ReferenceRequest,
    actor: Actor,
    name: str,
    before: State,
    text: str = "",
    *,
    after: State | None = None,
    rules: ReferencePolicy | None = None,
) -> None:
    request.state = after or STEPS[name].after or before
    request.version += 1
    # Who sees to it, or a second yes that is still missing, gives nobody more time.
    if request.state != before or name in ("reschedule", "record outcome"):
        request.changed_at = now()
        request.due = due_date(request, rules or advocates.policy(session))
    session.add(request)
    session.flush()
    log_step(session, request, actor, name, before, text)


def finish_approval(
    session: Session,
    request: ReferenceRequest,
    viewer: Viewer,
    name: str,
    before: State,
    rules: ReferencePolicy,
    text: str = "",
) -> None:
    """Finish a step that brings a yes: approved where none is missing, else still submitted."""
    missing = owner_needed(request, rules, account_owner(session, request))
    approved = request.desk_approved_by_id is not None and not missing
    request.approved_at = now() if approved else None
    after = State.APPROVED if approved else State.SUBMITTED
    finish_step(session, request, viewer, name, before, text, after=after, rules=rules)


def log_step(
    session: Session, request: ReferenceRequest, actor: Actor, name: str, before: str, text: str
) -> None:
    """A step on the request, the deal's timeline and the audit log."""
    session.add(
        RequestStep(
            request_id=request.id,
            by_id=actor.person_id,
            action=name,
            before=before,
            after=request.state,
            text=text,
        )
    )
    detail: dict[str, object] = {
        "request": request.key,
        "step": name,
        "activity": request.activity,
        "person_id": advocate_person_id(session, request),
        "state": request.state,
    }
    if name == "draft":
        # Nobody has been asked for anything.
        audit(session, actor.person_id, "reference drafted", f"deal {request.deal_id}", detail)
    else:
        record(session, request.deal_id, actor.person_id, "reference", text, detail=detail)


def gives_missing_approval(
    session: Session,
    request: ReferenceRequest,
    parts: Collection[Part],
    rules: ReferencePolicy,
) -> bool:
    return missing_yes(
        request, parts, owner_needed(request, rules, account_owner(session, request))
    )


def clear_times(session: Session, request: ReferenceRequest) -> None:
    session.execute(sa.delete(RequestSlot).where(col(RequestSlot.request_id) == request.id))
    request.starts_at = None


def set_time(session: Session, request: ReferenceRequest, starts_at: datetime, origin: str) -> None:
    """Set the time, and send both the invitation for their calendars."""
    calendar.require_ahead(starts_at)
    require_available(session, request, starts_at.date())
    guest_links.revoke_links(session, request.id)
    request.starts_at = starts_at
    request.calendar_sequence += 1
    guest_links.write_appointment(session, email_context(session, request), origin)


def return_to_desk(
    session: Session, guest: Guest, request: ReferenceRequest, before: State, reason: str
) -> None:
    """The advocate will not do it: back to the desk, who may ask another."""
    call_off(session, request, before, to_advocate=False)
    clear_times(session, request)
    request.approved_at = None
    request.reason = reason[:500]
    finish_step(session, request, guest, "refuse", before, reason)


def call_off(
    session: Session, request: ReferenceRequest, before: State, *, to_advocate: bool = True
) -> None:
    """Tell whoever was asked that it is off; no link and no waiting letter survives."""
    guest_links.revoke_links(session, request.id)
    outbox.drop(session, outbox_subject(request))
    scheduled = before == State.SCHEDULED
    request.calendar_sequence += scheduled
    if scheduled or (before == State.INVITED and to_advocate) or before == State.ACCEPTED:
        guest_links.write_called_off(
            session,
            email_context(session, request),
            to_advocate=to_advocate or scheduled,
            # The prospect's person hears of it once the advocate has said yes.
            to_prospect=before != State.INVITED,
            in_calendar=scheduled,
        )


def ask_for_feedback(
    session: Session, request: ReferenceRequest, origin: str, *, missed: bool
) -> None:
    guest_links.revoke_links(session, request.id)
    guest_links.ask_how_it_was(
        session,
        email_context(session, request),
        origin,
        missed=missed,
        of_prospect=request.activity in MEETINGS,
    )


def email_context(session: Session, request: ReferenceRequest) -> About:
    """A request with the people about it, for the letters to them."""
    if request.advocate_id is None:
        raise Conflict("Choose an advocate first.")
    advocate = session.get_one(Advocate, request.advocate_id)
    person = session.get_one(Person, advocate.person_id)
    customer = session.get(Account, person.account_id) if person.account_id else None
    deal = session.get_one(Deal, request.deal_id)
    buyer = session.get(Account, deal.account_id) if deal.account_id else None
    asker = session.get(Person, request.requested_by_id) if request.requested_by_id else None
    assigned = session.get(Person, request.assigned_to_id) if request.assigned_to_id else None
    return About(
        request_id=request.id,
        subject=outbox_subject(request),
        activity=request.activity,
        message=request.message,
        minutes=request.minutes,
        starts_at=request.starts_at,
        sequence=request.calendar_sequence,
        # The same for every invitation to it, and another in every workspace.
        name=f"{request.key} {request.created_at.isoformat()}",
        advocate_id=advocate.id,
        advocate=person,
        customer=customer.name if customer else "",
        prospect=session.get(Person, request.prospect_id) if request.prospect_id else None,
        buyer=buyer.name if buyer else "a company that considers working with us",
        asker=asker,
        organizer=assigned or asker,
    )


def spoken_time(starts_at: datetime) -> str:
    return calendar.shown(starts_at, "UTC")
