"""Advocates: the contacts who agreed to vouch for us, for which activities, and how often."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from references.desk.policy import current_policy
from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import now, spoken, today
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.people import list_account, list_people
from workspace.people.tables import Member, Person
from workspace.value_lists import join_values, split_values


class Activity(StrEnum):
    """What an advocate can be asked for."""

    CALL = "reference call"
    VISIT = "site visit"
    CASE_STUDY = "case study"
    QUOTE = "quote"
    LOGO = "logo"
    REVIEW = "review"
    SPEAKING = "speaking"
    PRESS = "press"


# Activities with an appointment; the others take no time out of an advocate's day.
CALLS = (Activity.CALL,)
EVENTS = (Activity.VISIT, Activity.SPEAKING, Activity.PRESS)


class CodeNeeded(Invalid):
    """Consent or terms would be widened, which the policy allows only with a code from an email."""

    def __init__(self) -> None:
        super().__init__("Enter the code from the email.", {"code": "Required."})


class Advocate(SQLModel, table=True):
    """A contact who was nominated to vouch for us; their last consent says whether they do."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(unique=True, foreign_key="person.id")
    # The customer for which they consented. Where they work elsewhere now, their consent is in
    # review: they are not offered until customer marketing confirms it. Empty where they consented
    # for an employer that was no account.
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    # Where emails to them go; only `addresses.confirm_address` sets it. The address in the record,
    # which every member with a role may edit, is no more than a proposal.
    address: str | None = Field(default=None, max_length=254)
    # A list, joined by `value_lists.join_values`.
    activities: str = Field(default="", max_length=300)
    # Their own limits; None leaves the policy's.
    calls_a_quarter: int | None = None
    events_in_two_quarters: int | None = None
    paused_until: date | None = None
    # Whether they set these terms themselves: then members can narrow them, but not widen them.
    own_terms: bool = False
    note: str = Field(default="", sa_type=Text)
    nominated_by_id: int | None = Field(default=None, foreign_key="person.id")
    # The member who keeps in touch with them: at first the member who nominated them.
    kept_by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now)


def nominate(
    session: Session,
    person: Person,
    by: int | None,
    *,
    activities: Iterable[Activity] = (),
    note: str = "",
) -> Advocate:
    """Make a contact an advocate, who cannot be asked for anything before they consent."""
    if session.get(Member, person.id):
        raise Invalid(
            "Our own people vouch for us anyway; choose a contact.", {"person": "A member."}
        )
    if person.account_id is None:
        raise Invalid("Add this person’s account first.", {"person": "Has no account."})
    if session.exec(select(Advocate.id).where(Advocate.person_id == person.id)).first():
        raise Conflict(f"{person.name} is nominated already.")
    # Everybody sees the advocates.
    list_account(session, person.account_id)
    list_people(session, [person.id])
    advocate = Advocate(
        person_id=person.id,
        account_id=person.account_id,
        activities=_joined(activities),
        note=note,
        nominated_by_id=by,
        kept_by_id=by,
    )
    session.add(advocate)
    session.flush()
    audit(session, by, "advocate nominated", f"person {person.id}")
    return advocate


def is_in_review(consented_for: int | None, works_for: int | None) -> bool:
    """Whether an advocate consented for another account than the one where they work now."""
    return consented_for != works_for


def nominated(session: Session, person_ids: Collection[int]) -> set[int]:
    """The people of these who are advocates, with or without consent."""
    query = select(Advocate.person_id).where(col(Advocate.person_id).in_(person_ids))
    return set(session.exec(query))


def advocate_of(session: Session, person_key: str) -> tuple[Advocate, Person]:
    """The advocate who is the person with that key, or NotFound."""
    row = session.exec(
        select(Advocate, Person)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(Person.key == person_key)
    ).first()
    if row is None:
        raise NotFound("There is no such advocate.")
    return row


def activities_of(advocate: Advocate) -> list[Activity]:
    """The activities that an advocate agreed to."""
    return parse_activities(advocate.activities)


def parse_activities(joined: str) -> list[Activity]:
    """The activities of a column that holds them joined."""
    return [Activity(name) for name in split_values(joined)]


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
    confirmed: bool = False,
) -> None:
    """Set what an advocate can be asked for, how often, and from which day.

    `own` terms come from the advocate; after them members can be stricter, but not laxer. Wider
    terms need a code if the policy says so: `confirmed` says that it was given.
    """
    lock_customer(session, advocate)
    terms = {
        "activities": _joined(activities),
        "calls_a_quarter": calls_a_quarter,
        "events_in_two_quarters": events_in_two_quarters,
        "paused_until": paused_until,
    }
    laxer = _laxer(advocate, terms)
    if laxer and advocate.own_terms and not own:
        raise Invalid("The advocate said so themselves; only they can take it back.", laxer)
    if laxer and not confirmed and current_policy(session).code_to_widen:
        raise CodeNeeded
    changed = {name: value for name, value in terms.items() if getattr(advocate, name) != value}
    for name, value in changed.items():
        setattr(advocate, name, value)
    advocate.own_terms = advocate.own_terms or own
    session.add(advocate)
    if changed:
        detail: dict[str, object] = {"changed": sorted(changed), "own": own}
        audit(session, by, "advocate terms set", f"person {advocate.person_id}", detail)


def lock_customer(session: Session, advocate: Advocate) -> None:
    """Refresh an advocate, and lock their customer's budget until this transaction ends."""
    account = select(Person.account_id).where(Person.id == advocate.person_id).scalar_subquery()
    row = select(Account.id).where(Account.id == account)
    session.flush()
    session.exec(row.with_for_update(key_share=True)).first()
    session.refresh(advocate, with_for_update={"key_share": True})


def hand_over_advocate(
    session: Session, advocate: Advocate, to: int | None, *, by: int | None
) -> None:
    """Have another member keep in touch with an advocate, or nobody."""
    advocate.kept_by_id = to
    session.add(advocate)
    detail: dict[str, object] = {"kept_by_id": to}
    audit(session, by, "advocate handed over", f"person {advocate.person_id}", detail)


def _laxer(advocate: Advocate, terms: dict[str, Any]) -> dict[str, str]:
    """The new terms that are laxer than an advocate's, each with what theirs say."""
    errors = {}
    agreed = set(split_values(advocate.activities))
    if set(split_values(terms["activities"])) - agreed:
        errors["activities"] = "They did not agree to all of these."
    for name in ("calls_a_quarter", "events_in_two_quarters"):
        limit = getattr(advocate, name)
        if limit is not None and (terms[name] is None or terms[name] > limit):
            errors[name] = f"They take no more than {limit}."
    pause = advocate.paused_until
    if pause and pause > today() and (terms["paused_until"] or today()) < pause:
        errors["paused_until"] = f"They want to be left alone until {spoken(pause)}."
    return errors


def _joined(activities: Iterable[Activity]) -> str:
    chosen = set(activities)
    return join_values(activity for activity in Activity if activity in chosen)
