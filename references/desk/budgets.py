"""Budgets: how often a customer and an advocate can be asked, and the first day of the next ask."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from references.desk.advocates import (
    CALLS,
    EVENTS,
    Activity,
    Advocate,
    is_in_review,
)
from references.desk.consent import (
    ConsentState,
    Standing,
    reason_without_consent,
    standings,
)
from references.desk.policy import ReferencePolicy, current_policy
from references.desk.request import BUDGET_STATES, ReferenceRequest
from workspace.clock import months_after, spoken
from workspace.database import batches, fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal
from workspace.people.field_rights import FieldGroup
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.value_lists import split_values

# The months in any window of which a limit of calls, or of events, must hold.
CALL_MONTHS = 3
EVENT_MONTHS = 6


@dataclass(frozen=True)
class Availability:
    """Whether an advocate may be asked for an activity on a day; the reason if not."""

    may_be_asked: bool
    reason: str
    # The first day on which they may be asked; None where none is known.
    next_on: date | None
    # The asks that the customer's budget, and the advocate's, still has; None: unlimited.
    customer_left: int | None
    own_left: int | None
    consent: Standing
    # Whether the viewer may read the consent; without it, `consent` is empty.
    shows_consent: bool = True

    def for_reader(self, fields: frozenset[FieldGroup]) -> "Availability":
        """The availability without what a viewer who may read these fields may not read."""
        if {FieldGroup.CONSENTS, FieldGroup.LIMITS} <= fields:
            return self
        shows_consent = FieldGroup.CONSENTS in fields
        shows_limits = FieldGroup.LIMITS in fields
        return Availability(
            may_be_asked=self.may_be_asked,
            # The reason would tell of the consent, or of a limit.
            reason=self.reason and "cannot be asked",
            next_on=None,
            customer_left=self.customer_left if shows_limits else None,
            own_left=self.own_left if shows_limits else None,
            consent=self.consent if shows_consent else Standing(None),
            shows_consent=shows_consent,
        )


@dataclass(frozen=True)
class Limits:
    """How many activities a customer and an advocate take in any window of so many months."""

    months: int
    customer: int
    advocate: int


@dataclass(frozen=True)
class UsedDays:
    """The days of activities that count towards budgets, by account and by advocate."""

    by_customer: dict[int, list[date]] = field(default_factory=dict)
    by_advocate: dict[int, list[date]] = field(default_factory=dict)


def availability(
    session: Session,
    advocate_ids: Collection[int],
    activity: Activity,
    on: date,
    *,
    viewer: Viewer | None = None,
    except_request: int | None = None,
) -> dict[int, Availability]:
    """Each advocate's availability, with four queries for any number of advocates.

    With a viewer, only requests on deals that they may see count towards the limits; the true
    limit is for `require_available`. `except_request` is a request that does not count.
    """
    rules = current_policy(session)
    rows: list[_Terms] = []
    for batch in batches(advocate_ids):
        query = (
            select_row(_Terms, Advocate, works_for=col(Person.account_id))
            .join(Person, col(Person.id) == col(Advocate.person_id))
            .where(col(Advocate.id).in_(batch))
        )
        rows += fetch(session, _Terms, query)
    consents = standings(session, advocate_ids, on)
    accounts = {row.works_for for row in rows if row.works_for}
    used = used_days(session, accounts, activity, viewer=viewer, except_request=except_request)
    return {
        row.id: _availability_of(
            row,
            activity,
            on,
            rules,
            consents[row.id],
            used.by_customer.get(row.works_for or 0, []),
            used.by_advocate.get(row.id, []),
        )
        for row in rows
    }


@dataclass(frozen=True)
class _Terms:
    """The terms of an advocate, and where they work now."""

    id: int
    account_id: int | None
    activities: str
    calls_a_quarter: int | None
    events_in_two_quarters: int | None
    paused_until: date | None
    works_for: int | None


def _limits_for(advocate: _Terms, activity: Activity, rules: ReferencePolicy) -> Limits | None:
    """The limits of an activity; None where it is unlimited."""
    if activity in CALLS:
        months, most, own = CALL_MONTHS, rules.calls_a_quarter, advocate.calls_a_quarter
    elif activity in EVENTS:
        months, most = EVENT_MONTHS, rules.events_in_two_quarters
        own = advocate.events_in_two_quarters
    else:
        return None
    return Limits(months, most, most if own is None else own)


@dataclass(frozen=True)
class _CountedRequest:
    account_id: int
    advocate_id: int
    at: datetime


def used_days(
    session: Session,
    account_ids: Collection[int],
    activity: Activity,
    *,
    viewer: Viewer | None = None,
    except_request: int | None = None,
) -> UsedDays:
    """The past and future days of activities that share a limit with this one.

    A request counts on the day that it is scheduled for; before it is scheduled, on the day of its
    approval.
    """
    used = UsedDays()
    kinds = next((kinds for kinds in (CALLS, EVENTS) if activity in kinds), ())
    if not kinds:
        return used
    query = (
        select_row(
            _CountedRequest,
            account_id=col(Person.account_id),
            advocate_id=col(Advocate.id),
            at=sa.func.coalesce(ReferenceRequest.starts_at, ReferenceRequest.approved_at),
        )
        .join(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(
            col(Person.account_id).in_(account_ids),
            col(ReferenceRequest.activity).in_(kinds),
            col(ReferenceRequest.state).in_(BUDGET_STATES),
        )
    )
    if except_request is not None:
        query = query.where(col(ReferenceRequest.id) != except_request)
    if viewer is not None:
        seen = sa.select(col(Deal.id)).where(visible_deals(viewer))
        query = query.where(col(ReferenceRequest.deal_id).in_(seen))
    for request in fetch(session, _CountedRequest, query):
        used.by_customer.setdefault(request.account_id, []).append(request.at.date())
        used.by_advocate.setdefault(request.advocate_id, []).append(request.at.date())
    return used


def days_of_customer(session: Session, account_id: int | None) -> list[date]:
    """All past and future days that count towards a customer's budgets, the newest first.

    Requests on confidential deals are included: a date tells nothing about the deal.
    """
    if account_id is None:
        return []
    kinds = (CALLS[0], EVENTS[0])
    used = [
        used_days(session, [account_id], kind).by_customer.get(account_id, []) for kind in kinds
    ]
    return sorted((day for days in used for day in days), reverse=True)


def remaining(days: Iterable[date], limit: int, months: int, on: date) -> int:
    """How many more activities a day takes so that no window of `months` holds over `limit`."""
    days = list(days)
    if not days:
        return max(0, limit)
    # The fullest window around `on` begins with a used day, or on `on` itself.
    starts = [on, *(day for day in days if day <= on < months_after(day, months))]
    fullest = max(
        sum(start <= day < months_after(start, months) for day in days) for start in starts
    )
    return max(0, limit - fullest)


def first_free_day(days: Iterable[date], limit: int, months: int, on: date) -> date | None:
    """The first day from `on` that takes one more activity; None where the limit is 0."""
    if limit <= 0:
        return None
    days = list(days)
    window_ends = sorted({months_after(day, months) for day in days})
    candidates = [on, *(day for day in window_ends if day > on)]
    return next(day for day in candidates if remaining(days, limit, months, day))


def _availability_of(
    advocate: _Terms,
    activity: Activity,
    on: date,
    rules: ReferencePolicy,
    standing: Standing,
    customer_days: Sequence[date],
    own_days: Sequence[date],
) -> Availability:
    reasons: list[str] = []
    if is_in_review(advocate.account_id, advocate.works_for):
        reasons.append("has a new employer; customer marketing has to confirm their consent")
    if standing.state != ConsentState.GIVEN:
        reasons.append(reason_without_consent(standing))
    if activity not in split_values(advocate.activities):
        reasons.append(f"has not agreed to a {activity}")
    next_on: date | None = None if reasons else on
    if advocate.paused_until and on < advocate.paused_until:
        reasons.append(f"asked for a pause until {spoken(advocate.paused_until)}")
        next_on = next_on and advocate.paused_until
    customer_left = own_left = None
    if limits := _limits_for(advocate, activity, rules):
        customer_left = remaining(customer_days, limits.customer, limits.months, on)
        own_left = remaining(own_days, limits.advocate, limits.months, on)
        span = "quarter" if limits.months == CALL_MONTHS else "two quarters"
        kind = "call" if activity in CALLS else "event"
        if not customer_left:
            reasons.append(f"their company takes no further {kind} within the {span}")
        elif not own_left:
            reasons.append(f"they take no further {kind} within the {span}")
        next_on = next_on and _first_day_free_in_both(customer_days, own_days, limits, next_on)
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


def _first_day_free_in_both(
    customer_days: Sequence[date], own_days: Sequence[date], limits: Limits, on: date
) -> date | None:
    """The first day from `on` that both the customer's and the advocate's budget take."""
    while True:
        customer = first_free_day(customer_days, limits.customer, limits.months, on)
        own = first_free_day(own_days, limits.advocate, limits.months, on)
        if customer is None or own is None:
            return None
        if customer == own == on:
            return on
        on = max(customer, own)
