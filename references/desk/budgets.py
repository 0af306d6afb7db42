"""How often a customer and an advocate may be asked, and from which day they may be asked again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk.advocates import (
    CALLS,
    EVENTS,
    Activity,
    Advocate,
    ReferencePolicy,
    activities_of,
    policy,
)
from references.desk.consent import (
    Consent,
    ConsentState,
    Standing,
    consent_on,
    consents_of,
    missing_consent,
)
from workspace.clock import months_after, spoken
from workspace.people.tables import Person

# The months that a limit is about: no window of so many holds more.
CALL_MONTHS = 3
EVENT_MONTHS = 6


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
    from references.desk.request import COMMITTED, ReferenceRequest

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
        reasons.append(missing_consent(standing))
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
