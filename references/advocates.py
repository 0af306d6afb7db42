"""Advocates: contacts who agreed to vouch for us, for what, how often, and the consent to it."""

from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts import Account
from workspace.audit import audit
from workspace.clock import now, today
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people import Member, Person


class Activity(StrEnum):
    """What an advocate may be asked for."""

    CALL = "reference call"
    VISIT = "site visit"
    CASE_STUDY = "case study"
    QUOTE = "quote"
    LOGO = "logo"
    REVIEW = "review"
    SPEAKING = "speaking"
    PRESS = "press"


# Those that take an advocate out of their day; the others cost them no appointment.
CALLS = (Activity.CALL,)
EVENTS = (Activity.VISIT, Activity.SPEAKING, Activity.PRESS)
# The months that a limit is about: no window of so many holds more.
CALL_MONTHS = 3
EVENT_MONTHS = 6


class LegalBasis(StrEnum):
    """Why their data may be used for this."""

    PROSPECT = "legitimate interest (prospect)"
    CUSTOMER = "legitimate interest (existing customer)"
    CONTRACT = "performance of a contract"
    CONSENT = "freely given consent"
    NONE = "not applicable"


class ConsentState(StrEnum):
    """What an advocate said; that it has expired follows from its end."""

    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Advocate(SQLModel, table=True):
    """A contact who was nominated to vouch for us. Their last consent says whether they do."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(unique=True, foreign_key="person.id")
    # Joined by '; '.
    activities: str = Field(default="", max_length=300)
    # Their own limits, where they are not the policy's.
    calls_a_quarter: int | None = None
    events_in_two_quarters: int | None = None
    # They want to be left alone until then.
    paused_until: date | None = None
    # Whether they said all this themselves: then we may narrow it down, but not widen it.
    own_terms: bool = False
    note: str = Field(default="", sa_type=Text)
    nominated_by_id: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(default_factory=now)


class Consent(SQLModel, table=True):
    """What an advocate said about being asked, and the proof of it. Rows are only added."""

    id: int = Field(default=None, primary_key=True)
    advocate_id: int = Field(foreign_key="advocate.id", index=True, ondelete="CASCADE")
    state: str = Field(max_length=20)
    legal_basis: str = Field(default=LegalBasis.CONSENT, max_length=60)
    captured_on: date
    # How it was captured: by mail, their own link, a contract.
    source: str = Field(default="", max_length=200)
    purpose: str = Field(default="", max_length=300)
    start: date | None = None
    end: date | None = None
    # The member who wrote it down; None where the advocate did it by a link.
    recorded_by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)


class ReferencePolicy(SQLModel, table=True):
    """One row: the rules of the reference desk."""

    id: int = Field(default=1, primary_key=True)
    # A customer's budget, over all of its advocates.
    calls_a_quarter: int = 1
    events_in_two_quarters: int = 1
    # The position of the stage from which a deal may ask.
    earliest_stage: int = 3
    # Whether the one who looks after the customer has to agree, too.
    owner_approval: bool = True
    # How long a consent holds, and how long before its end a renewal is asked for.
    consent_months: int = 12
    renewal_days: int = 30
    # Days that each step may take, and that a guest's link works.
    approval_days: int = 2
    answer_days: int = 5
    link_days: int = 14


POLICY_RANGES = {
    "calls_a_quarter": (0, 20),
    "events_in_two_quarters": (0, 20),
    "earliest_stage": (1, 50),
    "consent_months": (1, 60),
    "renewal_days": (0, 365),
    "approval_days": (1, 60),
    "answer_days": (1, 60),
    "link_days": (1, 60),
}


@dataclass(frozen=True)
class Standing:
    """What holds of an advocate's consent on a day; without a state nobody has asked yet."""

    state: ConsentState | None
    until: date | None = None
    consent: Consent | None = None


@dataclass(frozen=True)
class Availability:
    """Whether an advocate may be asked for an activity on a day, and else why not."""

    may_be_asked: bool
    reason: str
    # The first day on which nothing of this stands in the way; None where none is known.
    next_on: date | None
    # How often the customer, and the advocate, may still be asked; None where nothing limits it.
    customer_left: int | None
    own_left: int | None
    consent: Standing


# The policy


def policy(session: Session) -> ReferencePolicy:
    """The rules of the desk: those that were set, else the defaults."""
    return session.get(ReferencePolicy, 1) or ReferencePolicy()


def set_policy(session: Session, by: int | None, changes: dict[str, Any]) -> None:
    """Change rules of the desk; what is on its way already is judged by them at its next step."""
    wrong = {
        name: f"A whole number from {low} to {high}."
        for name, (low, high) in POLICY_RANGES.items()
        if name in changes and not low <= changes[name] <= high
    }
    if wrong:
        raise Invalid("Some of this could not be taken.", wrong)
    rules = policy(session)
    before = {name: getattr(rules, name) for name in changes}
    rules.sqlmodel_update(changes)
    session.add(rules)
    session.flush()
    changed: dict[str, object] = {
        name: [before[name], value] for name, value in changes.items() if before[name] != value
    }
    if changed:
        audit(session, by, "reference policy set", "reference policy", changed)


# Nomination, and what an advocate agreed to


def nominate(
    session: Session,
    person: Person,
    by: int | None,
    *,
    activities: Iterable[Activity] = (),
    note: str = "",
) -> Advocate:
    """Put a contact forward; before they consent nobody may ask them for anything."""
    if session.get(Member, person.id):
        raise Invalid(
            "Our own people vouch for us anyway; choose a contact.", {"person": "A member."}
        )
    if person.account_id is None:
        raise Invalid("Their customer must be known first.", {"person": "Has no account."})
    if session.exec(select(Advocate.id).where(Advocate.person_id == person.id)).first():
        raise Conflict(f"{person.name} is nominated already.")
    advocate = Advocate(
        person_id=person.id, activities=_joined(activities), note=note, nominated_by_id=by
    )
    session.add(advocate)
    session.flush()
    audit(session, by, "advocate nominated", f"person {person.id}")
    return advocate


def nominated(session: Session, person_ids: Collection[int]) -> set[int]:
    """Those of these people who are advocates, whether or not they consented."""
    query = select(Advocate.person_id).where(col(Advocate.person_id).in_(person_ids))
    return set(session.exec(query))


def advocate_of(session: Session, person_key: str) -> tuple[Advocate, Person]:
    """The advocate who is the person of that key, or NotFound."""
    found = session.exec(
        select(Advocate, Person)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(Person.key == person_key)
    ).first()
    if found is None:
        raise NotFound("There is no such advocate.")
    return found


def activities_of(advocate: Advocate) -> list[Activity]:
    """What an advocate may be asked for."""
    return [Activity(each) for each in advocate.activities.split("; ") if each]


def set_terms(
    session: Session,
    advocate: Advocate,
    by: int | None,
    *,
    activities: Iterable[Activity],
    calls_a_quarter: int | None,
    events_in_two_quarters: int | None,
    paused_until: date | None,
    own: bool = False,
) -> None:
    """What an advocate may be asked for, how often, and from when on.

    `own` terms are the advocate's own word. After it others may be stricter, not laxer.
    """
    hold_customer(session, advocate)
    terms = {
        "activities": _joined(activities),
        "calls_a_quarter": calls_a_quarter,
        "events_in_two_quarters": events_in_two_quarters,
        "paused_until": paused_until,
    }
    if advocate.own_terms and not own:
        _require_stricter(advocate, terms)
    changed = {name: value for name, value in terms.items() if getattr(advocate, name) != value}
    for name, value in changed.items():
        setattr(advocate, name, value)
    advocate.own_terms = advocate.own_terms or own
    session.add(advocate)
    if changed:
        detail: dict[str, object] = {"changed": sorted(changed), "own": own}
        audit(session, by, "advocate terms set", f"person {advocate.person_id}", detail)


def hold_customer(session: Session, advocate: Advocate) -> None:
    """See an advocate as they are now, and make whoever uses their customer's budget wait."""
    account = select(Person.account_id).where(Person.id == advocate.person_id).scalar_subquery()
    row = select(Account.id).where(Account.id == account)
    session.flush()
    session.exec(row.with_for_update(key_share=True)).first()
    session.refresh(advocate, with_for_update={"key_share": True})


# Consent


def record_consent(
    session: Session,
    advocate: Advocate,
    state: ConsentState,
    by: int | None,
    *,
    captured_on: date | None = None,
    legal_basis: LegalBasis = LegalBasis.CONSENT,
    source: str = "",
    purpose: str = "",
    start: date | None = None,
    end: date | None = None,
) -> Consent:
    """Write down what an advocate said, or that they were asked; `by` None is the advocate.

    A given consent ends after the policy's months where no end is said. What was captured before
    the last thing that they said does not undo it.
    """
    hold_customer(session, advocate)
    captured_on = captured_on or today()
    if captured_on > today():
        raise Invalid("This is yet to come.", {"captured_on": "After today."})
    if state == ConsentState.GIVEN:
        start = start or captured_on
        end = end or months_after(start, policy(session).consent_months)
    if start and end and end < start:
        raise Invalid("It cannot end before it began.", {"end": "Before it began."})
    last = _decision(consents_of(session, [advocate.id])[advocate.id])
    if last and captured_on < last.captured_on:
        raise Conflict(
            f"They said what holds now later: {last.state} on {spoken(last.captured_on)}."
        )
    if state == ConsentState.WITHDRAWN and (last is None or last.state != ConsentState.GIVEN):
        raise Conflict("There is no consent to withdraw.")
    consent = Consent(
        advocate_id=advocate.id,
        state=state,
        legal_basis=legal_basis,
        captured_on=captured_on,
        source=source,
        purpose=purpose,
        start=start,
        end=end,
        recorded_by_id=by,
    )
    session.add(consent)
    session.flush()
    audit(session, by, f"consent {state}", f"person {advocate.person_id}")
    return consent


def consents_of(session: Session, advocate_ids: Collection[int]) -> dict[int, list[Consent]]:
    """What each of these advocates said, in the order in which it was written down."""
    found: dict[int, list[Consent]] = {each: [] for each in advocate_ids}
    rows = select(Consent).where(col(Consent.advocate_id).in_(advocate_ids))
    for consent in session.exec(rows.order_by(col(Consent.id))):
        found[consent.advocate_id].append(consent)
    return found


def consent_on(consents: Sequence[Consent], day: date) -> Standing:
    """What holds on a day, from all that one advocate said, in its order.

    Asking again does not end what was given before; only its end does, or a no.
    """
    said = _decision(consents)
    asked = bool(consents) and consents[-1].state == ConsentState.REQUESTED
    if said is None:
        return Standing(ConsentState.REQUESTED if asked else None)
    if said.state == ConsentState.GIVEN:
        begins, ends = said.start or said.captured_on, said.end
        if begins <= day and (ends is None or day <= ends):
            return Standing(ConsentState.GIVEN, ends, said)
    if asked:
        return Standing(ConsentState.REQUESTED, None, said)
    if said.state == ConsentState.GIVEN:
        return Standing(ConsentState.EXPIRED, said.end, said)
    return Standing(ConsentState(said.state), None, said)


# Who may be asked


def availability(
    session: Session,
    advocate_ids: Collection[int],
    activity: Activity,
    on: date,
    *,
    but_not: int | None = None,
) -> dict[int, Availability]:
    """Whether each of these advocates may be asked, with four queries however many they are.

    `but_not` leaves one request out of what their customers gave already.
    """
    rules = policy(session)
    rows = session.exec(
        select(Advocate, Person.account_id)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(col(Advocate.id).in_(advocate_ids))
    ).all()
    consents = consents_of(session, advocate_ids)
    by_customer, by_advocate = used_days(
        session, {account_id for _, account_id in rows if account_id}, activity, but_not=but_not
    )
    return {
        advocate.id: _available(
            advocate,
            activity,
            on,
            rules,
            consents[advocate.id],
            by_customer.get(account_id or 0, []),
            by_advocate.get(advocate.id, []),
        )
        for advocate, account_id in rows
    }


def used_days(
    session: Session,
    account_ids: Collection[int],
    activity: Activity,
    *,
    but_not: int | None = None,
) -> tuple[dict[int, list[date]], dict[int, list[date]]]:
    """The days on which these customers' advocates were, or will be, taken out of their day.

    By account and by advocate, for activities that share a limit with this one. A request counts
    on the day it is for, and until that is known on the day it was approved. `but_not` leaves
    one request out.
    """
    # Requests are built upon advocates.
    from references.course import COMMITTED, ReferenceRequest

    by_customer: dict[int, list[date]] = {}
    by_advocate: dict[int, list[date]] = {}
    limited = _limited_alike(activity)
    if not limited:
        return by_customer, by_advocate
    query: Any = (
        sa.select(
            col(Person.account_id),
            col(Advocate.id),
            col(ReferenceRequest.starts_at),
            col(ReferenceRequest.approved_at),
        )
        .join(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(
            col(Person.account_id).in_(account_ids),
            col(ReferenceRequest.activity).in_(limited),
            col(ReferenceRequest.state).in_(COMMITTED),
        )
    )
    if but_not is not None:
        query = query.where(col(ReferenceRequest.id) != but_not)
    for account_id, advocate_id, starts_at, approved_at in session.exec(query):
        day = (starts_at or approved_at).date()
        by_customer.setdefault(account_id, []).append(day)
        by_advocate.setdefault(advocate_id, []).append(day)
    return by_customer, by_advocate


def days_of_customer(session: Session, account_id: int | None) -> list[date]:
    """All the days on which a customer was, or will be, taken out of its day, the newest first.

    For whichever deal: a date says nothing of a confidential one.
    """
    if account_id is None:
        return []
    kinds = (CALLS[0], EVENTS[0])
    found = [used_days(session, [account_id], kind)[0].get(account_id, []) for kind in kinds]
    return sorted((day for days in found for day in days), reverse=True)


def room(days: Iterable[date], limit: int, months: int, on: date) -> int:
    """How many more a day takes, where no window of so many months may hold more than `limit`."""
    days = list(days)
    # The fullest window begins with one of them, or on the day itself.
    starts = [on, *(day for day in days if day <= on < months_after(day, months))]
    fullest = max(
        sum(start <= day < months_after(start, months) for day in days) for start in starts
    )
    return max(0, limit - fullest)


def first_room(days: Iterable[date], limit: int, months: int, on: date) -> date | None:
    """The first day from `on` that takes one more; None where none ever does."""
    if limit <= 0:
        return None
    days = list(days)
    later = sorted({months_after(day, months) for day in days})
    tried = [on, *(day for day in later if day > on)]
    return next(day for day in tried if room(days, limit, months, day))


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or that month's last where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def limits(
    advocate: Advocate, activity: Activity, rules: ReferencePolicy
) -> tuple[int, int, int] | None:
    """The months of a window, what the customer and what the advocate takes in it; None: all."""
    if activity in CALLS:
        own, months, most = advocate.calls_a_quarter, CALL_MONTHS, rules.calls_a_quarter
    elif activity in EVENTS:
        own, months = advocate.events_in_two_quarters, EVENT_MONTHS
        most = rules.events_in_two_quarters
    else:
        return None
    return months, most, most if own is None else own


def _available(
    advocate: Advocate,
    activity: Activity,
    on: date,
    rules: ReferencePolicy,
    consents: Sequence[Consent],
    customer_days: Sequence[date],
    own_days: Sequence[date],
) -> Availability:
    standing = consent_on(consents, on)
    reasons: list[str] = []
    if standing.state != ConsentState.GIVEN:
        reasons.append(_no_consent(standing))
    if activity not in activities_of(advocate):
        reasons.append(f"has not agreed to a {activity}")
    next_on: date | None = None if reasons else on
    if advocate.paused_until and on < advocate.paused_until:
        reasons.append(f"asked for a pause until {spoken(advocate.paused_until)}")
        next_on = next_on and advocate.paused_until
    customer_left = own_left = None
    if limited := limits(advocate, activity, rules):
        months, most, own = limited
        customer_left = room(customer_days, most, months, on)
        own_left = room(own_days, own, months, on)
        span = "quarter" if months == CALL_MONTHS else "two quarters"
        kind = "call" if activity in CALLS else "event"
        if not customer_left:
            reasons.append(f"their company takes no further {kind} within the {span}")
        elif not own_left:
            reasons.append(f"they take no further {kind} within the {span}")
        next_on = next_on and _free_of_both(customer_days, most, own_days, own, months, next_on)
    if next_on and standing.until and standing.until < next_on:
        next_on = None
    return Availability(
        may_be_asked=not reasons,
        reason=reasons[0] if reasons else "",
        next_on=next_on,
        customer_left=customer_left,
        own_left=own_left,
        consent=standing,
    )


def _free_of_both(
    customer_days: Sequence[date],
    most: int,
    own_days: Sequence[date],
    own: int,
    months: int,
    on: date,
) -> date | None:
    while True:
        customer = first_room(customer_days, most, months, on)
        theirs = first_room(own_days, own, months, on)
        if customer is None or theirs is None:
            return None
        if customer == theirs == on:
            return on
        on = max(customer, theirs)


def _limited_alike(activity: Activity) -> tuple[Activity, ...]:
    return next((kind for kind in (CALLS, EVENTS) if activity in kind), ())


def _decision(consents: Sequence[Consent]) -> Consent | None:
    """The last thing that they said, as opposed to what they were asked."""
    said = (each for each in reversed(consents) if each.state != ConsentState.REQUESTED)
    return next(said, None)


def _no_consent(standing: Standing) -> str:
    match standing.state:
        case ConsentState.REQUESTED:
            return "was asked for consent and has not answered"
        case ConsentState.REFUSED:
            return "said no"
        case ConsentState.WITHDRAWN:
            return "withdrew their consent"
        case ConsentState.EXPIRED if standing.until:
            return f"their consent ended on {spoken(standing.until)}"
        case ConsentState.EXPIRED:
            return "their consent ended"
    return "was not asked for consent yet"


def _require_stricter(advocate: Advocate, terms: dict[str, Any]) -> None:
    wrong = {}
    agreed = set(advocate.activities.split("; "))
    if set(terms["activities"].split("; ")) - agreed - {""}:
        wrong["activities"] = "They did not agree to all of these."
    for name in ("calls_a_quarter", "events_in_two_quarters"):
        theirs = getattr(advocate, name)
        if theirs is not None and (terms[name] is None or terms[name] > theirs):
            wrong[name] = f"They take no more than {theirs}."
    pause = advocate.paused_until
    if pause and pause > today() and (terms["paused_until"] or today()) < pause:
        wrong["paused_until"] = f"They want to be left alone until {spoken(pause)}."
    if wrong:
        raise Invalid("The advocate said so themselves; only they can take it back.", wrong)


def _joined(activities: Iterable[Activity]) -> str:
    chosen = set(activities)
    return "; ".join(each for each in Activity if each in chosen)


def spoken(day: date) -> str:
    """'3 Mar 2026'."""
    return f"{day.day} {day:%b %Y}"
