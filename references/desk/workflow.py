"""The reference desk: a request's life, and who may take it a step further."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlmodel import Session, col, select

from references.desk import advocates, consent, guest_links
from references.desk.advocates import Activity, Advocate
from references.desk.consent import ConsentState
from references.desk.request import (
    COMMITTED,
    ENDED,
    LIVE,
    MEETINGS,
    MINUTES,
    OUTCOMES,
    Actor,
    Guest,
    Part,
    ReferenceRequest,
    RequestSlot,
    State,
)
from references.desk.rules import (
    account_owner,
    desk_members,
    outbox_subject,
    parts_of,
    require_approvers,
    require_askable,
    require_available,
    require_past,
    require_prospect,
    require_reason,
    require_seen,
    require_slots,
    slots_of,
)
from references.desk.transitions import (
    ask_for_feedback,
    begin_step,
    call_off,
    clear_times,
    email_context,
    finish_approval,
    finish_step,
    gives_missing_approval,
    log_step,
    return_to_desk,
    set_time,
    spoken_time,
)
from workspace.clock import today
from workspace.deals.access import may_edit
from workspace.deals.tables import Deal
from workspace.delivery import outbox
from workspace.errors import Conflict, Forbidden, Invalid
from workspace.keys import random_key
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# Asking


def open_request(
    session: Session,
    viewer: Viewer,
    deal: Deal,
    advocate: Advocate,
    activity: Activity,
    *,
    prospect: Person | None = None,
    message: str = "",
    fit: str = "",
) -> ReferenceRequest:
    """Ask for a reference in one go: a draft that is submitted at once.

    `fit` is a line that says why this advocate; everybody who may see the deal reads it.
    """
    request = draft(
        session, viewer, deal, advocate, activity, prospect=prospect, message=message, fit=fit
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
    fit: str = "",
) -> ReferenceRequest:
    """Write a request down that nobody is asked for yet."""
    require_seen(session, viewer, deal.id)
    if not may_edit(session, viewer, deal):
        raise Forbidden("Only this deal's team and managers may ask for a reference.")
    if prospect:
        require_prospect(session, deal, prospect)
    # Two who press at once wait for each other here.
    advocates.lock_customer(session, advocate)
    there = select(ReferenceRequest.key).where(
        ReferenceRequest.deal_id == deal.id,
        ReferenceRequest.advocate_id == advocate.id,
        ReferenceRequest.activity == activity,
        col(ReferenceRequest.state).in_(LIVE),
    )
    if key := session.exec(there).first():
        raise Conflict(f"They are asked for this on this deal already: {key}.")
    request = ReferenceRequest(
        key=random_key(session, ReferenceRequest, "R-"),
        deal_id=deal.id,
        activity=activity,
        advocate_id=advocate.id,
        prospect_id=prospect.id if prospect else None,
        message=message,
        fit=fit[:500],
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
    """Give a draft to the desk."""
    before = begin_step(session, viewer, request, "submit", version)
    rules = advocates.policy(session)
    require_askable(session, request, rules)
    require_approvers(session, request, rules)
    owner = account_owner(session, request)
    if owner is not None and owner == viewer.person_id:
        # Asking for their own customer is their yes.
        request.owner_approved_by_id = owner
    finish_step(session, request, viewer, "submit", before, rules=rules)


# The desk, and the one who looks after the customer


def approve(
    session: Session, viewer: Viewer, request: ReferenceRequest, *, version: int | None = None
) -> None:
    """Say yes; the request is approved once nobody's yes is missing."""
    before = begin_step(session, viewer, request, "approve", version)
    rules = advocates.policy(session)
    require_askable(session, request, rules)
    parts = parts_of(session, viewer, request)
    if not gives_missing_approval(session, request, parts, rules):
        raise Conflict("Your yes is there already; somebody else's is missing.")
    if Part.DESK in parts:
        request.desk_approved_by_id = request.desk_approved_by_id or viewer.person_id
        request.assigned_to_id = request.assigned_to_id or viewer.person_id
    if Part.OWNER in parts:
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
    """Say no, with a reason that the one who asked reads."""
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
    """Have somebody of the desk see to a request."""
    before = begin_step(session, viewer, request, "assign", version)
    if to.id not in desk_members(session, request.deal_id):
        raise Invalid(
            "Choose somebody of customer marketing who may see this deal.",
            {"member": "Not one of them."},
        )
    request.assigned_to_id = to.id
    finish_step(session, request, viewer, "assign", before, to.name)


def swap(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    advocate: Advocate,
    *,
    version: int | None = None,
) -> None:
    """Ask another advocate instead. Whoever was asked before is told that it is called off."""
    before = begin_step(session, viewer, request, "swap", version)
    if advocate.id == request.advocate_id and before != State.REFUSED:
        raise Invalid("Choose another advocate.", {"advocate": "They are asked already."})
    call_off(session, request, before)
    request.advocate_id = advocate.id
    request.owner_approved_by_id = None
    request.approved_at = None
    request.desk_approved_by_id = viewer.person_id
    request.fit = ""
    request.reason = ""
    clear_times(session, request)
    rules = advocates.policy(session)
    # The customer who is left has its budget back before the other's is looked at.
    request.state = State.SUBMITTED
    session.add(request)
    session.flush()
    require_askable(session, request, rules)
    require_approvers(session, request, rules)
    owner = account_owner(session, request)
    if owner is not None and owner in (viewer.person_id, request.requested_by_id):
        request.owner_approved_by_id = owner
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
    """Ask the advocate, by a letter with a link for the answer."""
    before = begin_step(session, viewer, request, "invite", version)
    require_askable(session, request, advocates.policy(session))
    guest_links.write_invitation(session, email_context(session, request), origin)
    finish_step(session, request, viewer, "invite", before)


# The guests


def accept(
    session: Session,
    guest: Guest,
    request: ReferenceRequest,
    times: Iterable[datetime],
    origin: str,
) -> None:
    """The advocate says yes, and when: at least three times for what needs an appointment."""
    before = begin_step(session, guest, request, "accept", None)
    offered = sorted(set(times))
    if request.activity in MEETINGS:
        require_slots(session, request, offered)
        session.add_all(RequestSlot(request_id=request.id, starts_at=each) for each in offered)
        session.flush()
    else:
        require_available(session, request, today())
    if offered:
        guest_links.write_choice(session, email_context(session, request), origin)
    finish_step(session, request, guest, "accept", before)


def refuse(session: Session, guest: Guest, request: ReferenceRequest, reason: str) -> None:
    """The advocate says no; a reason is welcome, not needed."""
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
    """None of the times suits: the advocate is asked for others."""
    before = begin_step(session, actor, request, "other times", version)
    if request.activity not in MEETINGS:
        raise Conflict("This has no appointment.")
    require_available(session, request, today())
    guest_links.revoke_links(session, request.id)
    outbox.drop(session, outbox_subject(request))
    clear_times(session, request)
    guest_links.write_other_times(session, email_context(session, request), origin)
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
    """Fix the time; both get an invitation for their calendars.

    The prospect's person takes one of the times offered, the desk whichever was agreed.
    """
    before = begin_step(session, actor, request, "schedule", version)
    if request.activity not in MEETINGS:
        raise Conflict("This has no appointment.")
    if isinstance(actor, Guest) and starts_at not in slots_of(session, request.id):
        raise Conflict("This time is no longer offered. Choose another.")
    set_time(session, request, starts_at, origin)
    finish_step(session, request, actor, "schedule", before, spoken_time(starts_at))


def reschedule(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    starts_at: datetime,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Move the appointment; both get the new time for their calendars."""
    before = begin_step(session, viewer, request, "reschedule", version)
    outbox.drop(session, outbox_subject(request))
    set_time(session, request, starts_at, origin)
    finish_step(session, request, viewer, "reschedule", before, spoken_time(starts_at))


# Afterwards


def complete(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """It has happened; both are asked how it was."""
    before = begin_step(session, viewer, request, "complete", version)
    if request.activity in MEETINGS and before == State.ACCEPTED:
        raise Conflict("It has no time yet.")
    require_past(request)
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
    """The time has passed and it has not happened; both are asked what came between."""
    before = begin_step(session, viewer, request, "miss", version)
    require_past(request)
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
    """Say what came of it for the deal."""
    before = begin_step(session, viewer, request, "record outcome", version)
    if outcome not in OUTCOMES:
        raise Invalid("Choose what came of it.", {"outcome": "Choose one of the list."})
    request.outcome = outcome
    request.outcome_note = note
    finish_step(session, request, viewer, "record outcome", before, outcome)


def tell(session: Session, guest: Guest, request: ReferenceRequest, text: str) -> None:
    """A guest says how it was."""
    before = begin_step(session, guest, request, "tell", None)
    if not text:
        raise Invalid("A line will do.", {"text": "Needed."})
    if guest.part == Part.ADVOCATE:
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
    """Call it off; whoever was asked is told."""
    before = begin_step(session, viewer, request, "cancel", version)
    call_off(session, request, before)
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
) -> None:
    """Record an advocate's no to being asked at all (refused, or withdrawn).

    What they were asked for and has not happened goes back to the desk; `name` is who says so.
    """
    asked = select(ReferenceRequest).where(
        ReferenceRequest.advocate_id == advocate.id,
        col(ReferenceRequest.state).in_(COMMITTED),
        col(ReferenceRequest.state).not_in(ENDED),
    )
    requests = session.exec(asked.order_by(col(ReferenceRequest.id)).with_for_update()).all()
    for request in requests:
        session.refresh(request)
    consent.record_consent(session, advocate, state, by, source=source, captured_on=captured_on)
    for request in requests:
        if request.advocate_id == advocate.id and request.state in COMMITTED:
            guest = Guest(advocate.person_id, name, request.id, Part.ADVOCATE)
            return_to_desk(session, guest, request, State(request.state), "withdrew their consent")
