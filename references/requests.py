"""The reference desk: a request's life, and who may take it a step further."""

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references import advocates, calendars, invitations
from references.advocates import Activity, Advocate, ConsentState, ReferencePolicy
from references.course import (
    COMMITTED,
    DESK_ROLES,
    ENDED,
    FEWEST_SLOTS,
    LIVE,
    MEETINGS,
    MINUTES,
    MOST_SLOTS,
    OUTCOMES,
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
from references.invitations import About
from workspace import outbox
from workspace.access import Viewer, may_edit, visible_deals
from workspace.accounts import Account
from workspace.activity import record
from workspace.audit import audit
from workspace.clock import now, today
from workspace.deals import Deal, DealInvitation, Outcome, Stage
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.people import Member, MemberRole, Person
from workspace.stakeholders import Stakeholder
from workspace.teams import Seat

# As in a deal's key: without those that look like others.
_KEY_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"


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
    _require_seen(session, viewer, deal.id)
    if not may_edit(session, viewer, deal):
        raise Forbidden("Only this deal's team and managers may ask for a reference.")
    if prospect:
        _require_prospect(session, deal, prospect)
    # Two who press at once wait for each other here.
    advocates.hold_customer(session, advocate)
    there = select(ReferenceRequest.key).where(
        ReferenceRequest.deal_id == deal.id,
        ReferenceRequest.advocate_id == advocate.id,
        ReferenceRequest.activity == activity,
        col(ReferenceRequest.state).in_(LIVE),
    )
    if key := session.exec(there).first():
        raise Conflict(f"They are asked for this on this deal already: {key}.")
    request = ReferenceRequest(
        key=new_key(session),
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
    _write_down(session, request, viewer, "draft", "", "")
    return request


def submit(
    session: Session, viewer: Viewer, request: ReferenceRequest, *, version: int | None = None
) -> None:
    """Give a draft to the desk."""
    before = _begin(session, viewer, request, "submit", version)
    rules = advocates.policy(session)
    _require_askable(session, request, rules)
    _require_approvers(session, request, rules)
    owner = _owner(session, request)
    if owner is not None and owner == viewer.person_id:
        # Asking for their own customer is their yes.
        request.owner_approved_by_id = owner
    _finish(session, request, viewer, "submit", before, rules=rules)


# The desk, and the one who looks after the customer


def approve(
    session: Session, viewer: Viewer, request: ReferenceRequest, *, version: int | None = None
) -> None:
    """Say yes; the request is approved once nobody's yes is missing."""
    before = _begin(session, viewer, request, "approve", version)
    rules = advocates.policy(session)
    _require_askable(session, request, rules)
    parts = parts_of(session, viewer, request)
    if not _approvals_of(session, request, parts, rules):
        raise Conflict("Your yes is there already; somebody else's is missing.")
    if Part.DESK in parts:
        request.desk_approved_by_id = request.desk_approved_by_id or viewer.person_id
        request.assigned_to_id = request.assigned_to_id or viewer.person_id
    if Part.OWNER in parts:
        request.owner_approved_by_id = request.owner_approved_by_id or viewer.person_id
    _settle(session, request, viewer, "approve", before, rules)


def decline(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    reason: str,
    *,
    version: int | None = None,
) -> None:
    """Say no, with a reason that the one who asked reads."""
    before = _begin(session, viewer, request, "decline", version)
    _require_reason(reason)
    request.reason = reason
    _finish(session, request, viewer, "decline", before, reason)


def assign(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    to: Person,
    *,
    version: int | None = None,
) -> None:
    """Have somebody of the desk see to a request."""
    before = _begin(session, viewer, request, "assign", version)
    if to.id not in desk_members(session, request.deal_id):
        raise Invalid(
            "Choose somebody of customer marketing who may see this deal.",
            {"member": "Not one of them."},
        )
    request.assigned_to_id = to.id
    _finish(session, request, viewer, "assign", before, to.name)


def swap(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    advocate: Advocate,
    *,
    version: int | None = None,
) -> None:
    """Ask another advocate instead. Whoever was asked before is told that it is called off."""
    before = _begin(session, viewer, request, "swap", version)
    if advocate.id == request.advocate_id and before != State.REFUSED:
        raise Invalid("Choose another advocate.", {"advocate": "They are asked already."})
    _call_off(session, request, before)
    request.advocate_id = advocate.id
    request.owner_approved_by_id = None
    request.approved_at = None
    request.desk_approved_by_id = viewer.person_id
    request.fit = ""
    request.reason = ""
    _forget_times(session, request)
    rules = advocates.policy(session)
    # The customer who is left has its budget back before the other's is looked at.
    request.state = State.SUBMITTED
    session.add(request)
    session.flush()
    _require_askable(session, request, rules)
    _require_approvers(session, request, rules)
    owner = _owner(session, request)
    if owner is not None and owner in (viewer.person_id, request.requested_by_id):
        request.owner_approved_by_id = owner
    person = session.get_one(Person, advocate.person_id)
    _settle(session, request, viewer, "swap", before, rules, person.name)


def invite(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """Ask the advocate, by a letter with a link for the answer."""
    before = _begin(session, viewer, request, "invite", version)
    _require_askable(session, request, advocates.policy(session))
    invitations.write_invitation(session, _about(session, request), origin)
    _finish(session, request, viewer, "invite", before)


# The guests


def accept(
    session: Session,
    guest: Guest,
    request: ReferenceRequest,
    times: Iterable[datetime],
    origin: str,
) -> None:
    """The advocate says yes, and when: at least three times for what needs an appointment."""
    before = _begin(session, guest, request, "accept", None)
    offered = sorted(set(times))
    if request.activity in MEETINGS:
        _require_slots(session, request, offered)
        session.add_all(RequestSlot(request_id=request.id, starts_at=each) for each in offered)
        session.flush()
    else:
        _require_available(session, request, today())
    if offered:
        invitations.write_choice(session, _about(session, request), origin)
    _finish(session, request, guest, "accept", before)


def refuse(session: Session, guest: Guest, request: ReferenceRequest, reason: str) -> None:
    """The advocate says no; a reason is welcome, not needed."""
    before = _begin(session, guest, request, "refuse", None)
    _back_out(session, guest, request, before, reason)


def ask_other_times(
    session: Session,
    actor: Actor,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """None of the times suits: the advocate is asked for others."""
    before = _begin(session, actor, request, "other times", version)
    if request.activity not in MEETINGS:
        raise Conflict("This has no appointment.")
    _require_available(session, request, today())
    invitations.revoke_links(session, request.id)
    outbox.drop(session, about(request))
    _forget_times(session, request)
    invitations.write_other_times(session, _about(session, request), origin)
    _finish(session, request, actor, "other times", before)


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
    before = _begin(session, actor, request, "schedule", version)
    if request.activity not in MEETINGS:
        raise Conflict("This has no appointment.")
    if isinstance(actor, Guest) and starts_at not in slots_of(session, request.id):
        raise Conflict("This time is no longer offered. Choose another.")
    _fix(session, request, starts_at, origin)
    _finish(session, request, actor, "schedule", before, _moment(starts_at))


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
    before = _begin(session, viewer, request, "reschedule", version)
    outbox.drop(session, about(request))
    _fix(session, request, starts_at, origin)
    _finish(session, request, viewer, "reschedule", before, _moment(starts_at))


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
    before = _begin(session, viewer, request, "complete", version)
    if request.activity in MEETINGS and before == State.ACCEPTED:
        raise Conflict("It has no time yet.")
    _require_past(request)
    _ask_how_it_was(session, request, origin, missed=False)
    _finish(session, request, viewer, "complete", before)


def miss(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    origin: str,
    *,
    version: int | None = None,
) -> None:
    """The time has passed and it has not happened; both are asked what came between."""
    before = _begin(session, viewer, request, "miss", version)
    _require_past(request)
    _ask_how_it_was(session, request, origin, missed=True)
    _finish(session, request, viewer, "miss", before)


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
    before = _begin(session, viewer, request, "record outcome", version)
    if outcome not in OUTCOMES:
        raise Invalid("Choose what came of it.", {"outcome": "Choose one of the list."})
    request.outcome = outcome
    request.outcome_note = note
    _finish(session, request, viewer, "record outcome", before, outcome)


def tell(session: Session, guest: Guest, request: ReferenceRequest, text: str) -> None:
    """A guest says how it was."""
    before = _begin(session, guest, request, "tell", None)
    if not text:
        raise Invalid("A line will do.", {"text": "Needed."})
    if guest.part == Part.ADVOCATE:
        request.advocate_feedback = text
    else:
        request.prospect_feedback = text
    _finish(session, request, guest, "tell", before)


def cancel(
    session: Session,
    viewer: Viewer,
    request: ReferenceRequest,
    reason: str = "",
    *,
    version: int | None = None,
) -> None:
    """Call it off; whoever was asked is told."""
    before = _begin(session, viewer, request, "cancel", version)
    _call_off(session, request, before)
    request.reason = reason
    _finish(session, request, viewer, "cancel", before, reason)


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
    advocates.record_consent(session, advocate, state, by, source=source, captured_on=captured_on)
    for request in requests:
        if request.advocate_id == advocate.id and request.state in COMMITTED:
            guest = Guest(advocate.person_id, name, request.id, Part.ADVOCATE)
            _back_out(session, guest, request, State(request.state), "withdrew their consent")


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


def hold(session: Session, request: ReferenceRequest) -> None:
    """See a request as it is now, and keep others from changing it until this transaction ends."""
    session.flush()
    session.refresh(request, with_for_update={"key_share": True})


def parts_of(session: Session, actor: Actor, request: ReferenceRequest) -> frozenset[Part]:
    """What somebody is to a request that they may see."""
    if isinstance(actor, Guest):
        person = {
            Part.ADVOCATE: _advocate_person_id(session, request),
            Part.PROSPECT: request.prospect_id,
        }.get(actor.part)
        same = actor.request_id == request.id and actor.person_id == person
        return frozenset({actor.part} if same else ())
    parts = set()
    if actor.roles & set(DESK_ROLES):
        parts.add(Part.DESK)
    if may_edit(session, actor, session.get_one(Deal, request.deal_id)):
        parts.add(Part.ASKER)
    if actor.may_write and actor.person_id == _owner(session, request):
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
            col(Deal.confidential).is_(False),
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
        .where(_sees(deal_id))
        .distinct()
    )
    return sorted(session.exec(query))


def slots_of(session: Session, request_id: int) -> list[datetime]:
    """The times that the advocate offered and that have not passed."""
    query = select(RequestSlot.starts_at).where(
        RequestSlot.request_id == request_id, col(RequestSlot.starts_at) > now()
    )
    return sorted(session.exec(query))


def about(request: ReferenceRequest) -> str:
    """What the outbox calls a request."""
    return f"reference request {request.id}"


# The steps' own machinery


def _begin(
    session: Session,
    actor: Actor,
    request: ReferenceRequest,
    name: str,
    version: int | None,
) -> State:
    """See a request as it is now, held until this transaction ends; the state it is in.

    Refuses whoever may not take this step, and a step that does not fit.
    """
    hold(session, request)
    step = STEPS[name]
    if isinstance(actor, Viewer):
        _require_seen(session, actor, request.deal_id)
    if not parts_of(session, actor, request) & set(step.who):
        raise Forbidden(f"This is for {' or '.join(step.who)}.")
    if version is not None and version != request.version:
        raise Conflict("Somebody else took this request a step further in the meantime.")
    if request.state not in step.before:
        raise Conflict(f"This request is {request.state}; it cannot be {step.said} now.")
    return State(request.state)


def _finish(
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
    _write_down(session, request, actor, name, before, text)


def _settle(
    session: Session,
    request: ReferenceRequest,
    viewer: Viewer,
    name: str,
    before: State,
    rules: ReferencePolicy,
    text: str = "",
) -> None:
    """Finish a step that brings a yes: approved where none is missing, else still submitted."""
    missing = owner_needed(request, rules, _owner(session, request))
    approved = request.desk_approved_by_id is not None and not missing
    request.approved_at = now() if approved else None
    after = State.APPROVED if approved else State.SUBMITTED
    _finish(session, request, viewer, name, before, text, after=after, rules=rules)


def _write_down(
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
        "person_id": _advocate_person_id(session, request),
        "state": request.state,
    }
    if name == "draft":
        # Nobody has been asked for anything.
        audit(session, actor.person_id, "reference drafted", f"deal {request.deal_id}", detail)
    else:
        record(session, request.deal_id, actor.person_id, "reference", text, detail=detail)


def _require_seen(session: Session, viewer: Viewer, deal_id: int) -> None:
    seen = select(Deal.id).where(Deal.id == deal_id, visible_deals(viewer))
    if session.exec(seen).first() is None:
        raise NotFound("There is no such request.")


def _require_prospect(session: Session, deal: Deal, prospect: Person) -> None:
    there = select(Stakeholder.id).where(
        Stakeholder.deal_id == deal.id, Stakeholder.person_id == prospect.id
    )
    at_buyer = prospect.account_id is not None and prospect.account_id == deal.account_id
    if session.get(Member, prospect.id) or not (at_buyer or session.exec(there).first()):
        raise Invalid(
            "Choose somebody of the buyer's side.", {"prospect": "Not on the buyer's side."}
        )


def _require_askable(session: Session, request: ReferenceRequest, rules: ReferencePolicy) -> None:
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
    _require_available(session, request, today())


def _require_available(session: Session, request: ReferenceRequest, on: date) -> None:
    """Refuse an advocate who may not be asked, with whoever uses the same budget kept waiting."""
    if request.advocate_id is None:
        raise Conflict("Choose an advocate first.")
    advocate = session.get_one(Advocate, request.advocate_id)
    advocates.hold_customer(session, advocate)
    activity = Activity(request.activity)
    found = advocates.availability(session, [advocate.id], activity, on, but_not=request.id)
    state = found[advocate.id]
    if not state.may_be_asked:
        name = session.get_one(Person, advocate.person_id).name
        later = state.next_on if state.next_on and state.next_on > on else None
        when = f" Possible from {advocates.spoken(later)}." if later else ""
        raise Conflict(f"{name} cannot be asked: {state.reason}.{when}")


def _require_approvers(session: Session, request: ReferenceRequest, rules: ReferencePolicy) -> None:
    """Refuse to submit what those who must agree may not see."""
    if not desk_members(session, request.deal_id):
        raise Conflict(
            "Nobody of customer marketing may see this deal: it is confidential. Invite one first."
        )
    owner = _owner(session, request)
    if owner is not None and owner_needed(request, rules, owner):
        seen = select(Member.person_id).where(Member.person_id == owner, _sees(request.deal_id))
        if session.exec(seen).first() is None:
            name = session.get_one(Person, owner).name
            raise Conflict(
                f"{name} looks after this customer and has to agree, but may not see this deal:"
                " it is confidential. Invite them first."
            )


def _require_slots(session: Session, request: ReferenceRequest, times: Sequence[datetime]) -> None:
    if not FEWEST_SLOTS <= len(times) <= MOST_SLOTS:
        raise Invalid(
            f"Offer {FEWEST_SLOTS} to {MOST_SLOTS} different times.",
            {"times": f"{FEWEST_SLOTS} to {MOST_SLOTS} different times are needed."},
        )
    for each in times:
        calendars.require_ahead(each)
    for day in sorted({each.date() for each in times}):
        try:
            _require_available(session, request, day)
        except Conflict as why:
            raise Conflict(f"Not on {advocates.spoken(day)}. {why}") from None


def _require_reason(reason: str) -> None:
    if not reason:
        raise Invalid("Say why: the one who asked reads it.", {"reason": "Needed."})


def _require_past(request: ReferenceRequest) -> None:
    if request.starts_at and request.starts_at > now():
        raise Conflict("This is still to come.")


def _owner(session: Session, request: ReferenceRequest) -> int | None:
    """Who looks after the customer of the advocate who is asked."""
    if request.advocate_id is None:
        return None
    account_id = session.exec(
        select(Person.account_id)
        .join(Advocate, col(Advocate.person_id) == col(Person.id))
        .where(Advocate.id == request.advocate_id)
    ).one()
    return account_owners(session, [account_id]).get(account_id) if account_id else None


def _approvals_of(
    session: Session,
    request: ReferenceRequest,
    parts: Collection[Part],
    rules: ReferencePolicy,
) -> bool:
    return missing_yes(request, parts, owner_needed(request, rules, _owner(session, request)))


def _advocate_person_id(session: Session, request: ReferenceRequest) -> int | None:
    query = select(Advocate.person_id).where(Advocate.id == request.advocate_id)
    return session.exec(query).first()


def _sees(deal_id: int) -> sa.ColumnElement[bool]:
    """The predicate of the members who may see a deal; as `visible_deals`, from the other side."""
    person = col(Member.person_id)
    return sa.or_(
        sa.exists().where(col(Deal.id) == deal_id, col(Deal.confidential).is_(False)),
        sa.exists().where(col(Deal.id) == deal_id, col(Deal.owner_id) == person),
        sa.exists().where(col(Seat.deal_id) == deal_id, col(Seat.person_id) == person),
        sa.exists().where(
            col(DealInvitation.deal_id) == deal_id, col(DealInvitation.person_id) == person
        ),
    )


def new_key(session: Session) -> str:
    """A key without a number: the gap that a confidential deal's request leaves would be seen."""
    while True:
        key = "R-" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(6))
        taken = select(ReferenceRequest.id).where(ReferenceRequest.key == key)
        if session.exec(taken).first() is None:
            return key


def _forget_times(session: Session, request: ReferenceRequest) -> None:
    session.execute(sa.delete(RequestSlot).where(col(RequestSlot.request_id) == request.id))
    request.starts_at = None


def _fix(session: Session, request: ReferenceRequest, starts_at: datetime, origin: str) -> None:
    """Set the time, and send both the invitation for their calendars."""
    calendars.require_ahead(starts_at)
    _require_available(session, request, starts_at.date())
    invitations.revoke_links(session, request.id)
    request.starts_at = starts_at
    request.calendar_sequence += 1
    invitations.write_appointment(session, _about(session, request), origin)


def _back_out(
    session: Session, guest: Guest, request: ReferenceRequest, before: State, reason: str
) -> None:
    """The advocate will not do it: back to the desk, who may ask another."""
    _call_off(session, request, before, to_advocate=False)
    _forget_times(session, request)
    request.approved_at = None
    request.reason = reason[:500]
    _finish(session, request, guest, "refuse", before, reason)


def _call_off(
    session: Session, request: ReferenceRequest, before: State, *, to_advocate: bool = True
) -> None:
    """Tell whoever was asked that it is off; no link and no waiting letter survives."""
    invitations.revoke_links(session, request.id)
    outbox.drop(session, about(request))
    scheduled = before == State.SCHEDULED
    request.calendar_sequence += scheduled
    if scheduled or (before == State.INVITED and to_advocate) or before == State.ACCEPTED:
        invitations.write_called_off(
            session,
            _about(session, request),
            to_advocate=to_advocate or scheduled,
            # The prospect's person hears of it once the advocate has said yes.
            to_prospect=before != State.INVITED,
            in_calendar=scheduled,
        )


def _ask_how_it_was(
    session: Session, request: ReferenceRequest, origin: str, *, missed: bool
) -> None:
    invitations.revoke_links(session, request.id)
    invitations.ask_how_it_was(
        session,
        _about(session, request),
        origin,
        missed=missed,
        of_prospect=request.activity in MEETINGS,
    )


def _about(session: Session, request: ReferenceRequest) -> About:
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
        subject=about(request),
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


def _moment(starts_at: datetime) -> str:
    return calendars.shown(starts_at, "UTC")
