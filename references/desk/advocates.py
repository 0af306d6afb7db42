"""Advocates: contacts who agreed to vouch for us, for what, how often, and the consent to it."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import now, spoken, today
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.tables import Member, Person
from workspace.value_lists import join_values, split_values


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


class Advocate(SQLModel, table=True):
    """A contact who was nominated to vouch for us. Their last consent says whether they do."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(unique=True, foreign_key="person.id")
    # A list, joined by `value_lists.join_values`.
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
    return [Activity(activity) for activity in split_values(advocate.activities)]


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
    lock_customer(session, advocate)
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


def lock_customer(session: Session, advocate: Advocate) -> None:
    """See an advocate as they are now, and make whoever uses their customer's budget wait."""
    account = select(Person.account_id).where(Person.id == advocate.person_id).scalar_subquery()
    row = select(Account.id).where(Account.id == account)
    session.flush()
    session.exec(row.with_for_update(key_share=True)).first()
    session.refresh(advocate, with_for_update={"key_share": True})


def _require_stricter(advocate: Advocate, terms: dict[str, Any]) -> None:
    wrong = {}
    agreed = set(split_values(advocate.activities))
    if set(split_values(terms["activities"])) - agreed:
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
    return join_values(activity for activity in Activity if activity in chosen)
