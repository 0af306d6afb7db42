"""Consent: what an advocate said about being asked, when and how, and what is valid on a day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from sqlmodel import Field, Session, SQLModel, col, select

from references.desk.advocates import Advocate, CodeNeeded, lock_customer
from references.desk.policy import current_policy
from workspace.audit import audit
from workspace.clock import months_after, now, spoken, today
from workspace.database import batches, fetch, select_row
from workspace.errors import Conflict, Invalid
from workspace.people.tables import Person

_Row = TypeVar("_Row", "Consent", "_Said")


class LegalBasis(StrEnum):
    """Why an advocate's data can be used for references."""

    PROSPECT = "legitimate interest (prospect)"
    CUSTOMER = "legitimate interest (existing customer)"
    CONTRACT = "performance of a contract"
    CONSENT = "freely given consent"
    NONE = "not applicable"


class ConsentState(StrEnum):
    """What an advocate said; EXPIRED is never stored, but follows from a consent's end."""

    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Consent(SQLModel, table=True):
    """What an advocate said about being asked, and the proof of it. Rows are only added."""

    id: int = Field(default=None, primary_key=True)
    advocate_id: int = Field(foreign_key="advocate.id", index=True, ondelete="CASCADE")
    state: str = Field(max_length=20)
    legal_basis: str = Field(default=LegalBasis.CONSENT, max_length=60)
    captured_on: date
    # How it was captured, such as by mail, their own link, a contract.
    source: str = Field(default="", max_length=200)
    purpose: str = Field(default="", max_length=300)
    start: date | None = None
    end: date | None = None
    # The member who recorded it; None where the advocate did so by a link.
    recorded_by_id: int | None = Field(default=None, foreign_key="person.id")
    # The colleague whom the advocate told; None where they used the link, which is the next column.
    told_by_id: int | None = Field(default=None, foreign_key="person.id")
    link_id: int | None = Field(default=None, foreign_key="guestlink.id")
    at: datetime = Field(default_factory=now)


@dataclass(frozen=True)
class Standing:
    """The state of an advocate's consent on a day; None before they were asked."""

    state: ConsentState | None
    until: date | None = None


@dataclass(frozen=True)
class _Said:
    """What of a consent decides what is valid on a day."""

    advocate_id: int
    state: str
    captured_on: date
    start: date | None
    end: date | None


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
    told_by: int | None = None,
    link_id: int | None = None,
    confirmed: bool = False,
) -> Consent:
    """Record what an advocate said, or that they were asked.

    They said it by the link `link_id`, or to a colleague: `told_by`, otherwise the recorder `by`.
    A given consent needs a code if the policy says so: `confirmed` says that it was given.
    Without an end, a given consent ends after the policy's months. Conflict for what was captured
    before the advocate's last decision.
    """
    lock_customer(session, advocate)
    if state == ConsentState.GIVEN and not confirmed and current_policy(session).code_to_widen:
        raise CodeNeeded
    captured_on = captured_on or today()
    if captured_on > today():
        raise Invalid(
            "The date is in the future.", {"captured_on": "Enter today or an earlier date."}
        )
    if state == ConsentState.GIVEN:
        start = start or captured_on
        end = end or months_after(start, current_policy(session).consent_months)
    if start and end and end < start:
        raise Invalid("The end is before the start.", {"end": "Enter a date after the start."})
    last = _last_decision(consents_of(session, [advocate.id])[advocate.id])
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
        told_by_id=None if state == ConsentState.REQUESTED else told_by or by,
        link_id=link_id,
    )
    session.add(consent)
    if state == ConsentState.GIVEN and link_id is not None:
        # Their own word holds for the customer where they work now.
        advocate.account_id = session.get_one(Person, advocate.person_id).account_id
        session.add(advocate)
    session.flush()
    detail: dict[str, object] = {}
    if consent.told_by_id:
        detail["told_by_id"] = consent.told_by_id
    audit(session, by, f"consent {state}", f"person {advocate.person_id}", detail)
    return consent


def consents_of(session: Session, advocate_ids: Collection[int]) -> dict[int, list[Consent]]:
    """The consents of each of these advocates, in the order in which they were recorded."""
    consents: dict[int, list[Consent]] = {advocate_id: [] for advocate_id in advocate_ids}
    rows = select(Consent).where(col(Consent.advocate_id).in_(advocate_ids))
    for consent in session.exec(rows.order_by(col(Consent.id))):
        consents[consent.advocate_id].append(consent)
    return consents


def standings(session: Session, advocate_ids: Collection[int], day: date) -> dict[int, Standing]:
    """The standing of each of these advocates on a day."""
    said: dict[int, list[_Said]] = {advocate_id: [] for advocate_id in advocate_ids}
    for batch in batches(said):
        query = select_row(_Said, Consent).where(col(Consent.advocate_id).in_(batch))
        for row in fetch(session, _Said, query.order_by(col(Consent.id))):
            said[row.advocate_id].append(row)
    return {advocate_id: consent_on(rows, day) for advocate_id, rows in said.items()}


def consent_on(consents: Sequence[_Row], day: date) -> Standing:
    """The standing on a day, from all consents of one advocate in the order of `consents_of`.

    A new request does not end a given consent: only its end or a no does.
    """
    decision = _last_decision(consents)
    asked = bool(consents) and consents[-1].state == ConsentState.REQUESTED
    if decision is None:
        return Standing(ConsentState.REQUESTED if asked else None)
    if decision.state == ConsentState.GIVEN:
        start, end = decision.start or decision.captured_on, decision.end
        if start <= day and (end is None or day <= end):
            return Standing(ConsentState.GIVEN, end)
    if asked:
        return Standing(ConsentState.REQUESTED)
    if decision.state == ConsentState.GIVEN:
        return Standing(ConsentState.EXPIRED, decision.end)
    return Standing(ConsentState(decision.state))


def reason_without_consent(standing: Standing) -> str:
    """Why an advocate without a valid consent cannot be asked, in words."""
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


def _last_decision(consents: Sequence[_Row]) -> _Row | None:
    """The last thing that the advocate said, as opposed to what they were asked."""
    for consent in reversed(consents):
        if consent.state != ConsentState.REQUESTED:
            return consent
    return None
