"""The consent behind an advocate: what was said, when, by which means, and what holds today."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from references.desk.advocates import Advocate, lock_customer, policy
from workspace.audit import audit
from workspace.clock import months_after, now, spoken, today
from workspace.errors import Conflict, Invalid


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


@dataclass(frozen=True)
class Standing:
    """What holds of an advocate's consent on a day; without a state nobody has asked yet."""

    state: ConsentState | None
    until: date | None = None
    consent: Consent | None = None


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
    lock_customer(session, advocate)
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


def _decision(consents: Sequence[Consent]) -> Consent | None:
    """The last thing that they said, as opposed to what they were asked."""
    said = (each for each in reversed(consents) if each.state != ConsentState.REQUESTED)
    return next(said, None)


def missing_consent(standing: Standing) -> str:
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
