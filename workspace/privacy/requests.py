"""What persons and administrators ask for: links to what is stored, corrections, legal holds."""

from datetime import timedelta

from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Conflict, Invalid, NotFound, TooMany
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Person
from workspace.privacy.tables import Correction, LegalHold, PrivacyLink

LINK_LIFETIME = timedelta(days=30)
# Corrections that wait, for one person.
MOST_WAITING = 20


def make_link(session: Session, person: Person, *, by: int | None) -> str:
    """The secret of a link by which a person sees what is stored; earlier ones stop working."""
    token = new_token()
    session.exec(delete(PrivacyLink).where(col(PrivacyLink.person_id) == person.id))
    session.add(
        PrivacyLink(
            token_hash=token_hash(token),
            person_id=person.id,
            expires_at=now() + LINK_LIFETIME,
        )
    )
    audit(session, by, "person link made", f"person {person.id}")
    return token


def person_of_link(session: Session, token: str) -> Person | None:
    """The person whose link has this secret; None if it does not work any more."""
    return session.exec(
        select(Person)
        .join(PrivacyLink, col(PrivacyLink.person_id) == col(Person.id))
        .where(PrivacyLink.token_hash == token_hash(token), col(PrivacyLink.expires_at) > now())
    ).first()


def ask_for_correction(session: Session, person: Person, text: str) -> None:
    """Note what a person asks to be corrected."""
    if not text.strip():
        raise Invalid("Say what is wrong.", {"text": "Say what is wrong."})
    if len(corrections_of(session, person.id)) >= MOST_WAITING:
        raise TooMany("Your earlier corrections are still being looked at.")
    session.add(Correction(person_id=person.id, text=text))
    audit(session, None, "correction asked for", f"person {person.id}")


def corrections_of(session: Session, person_id: int) -> list[Correction]:
    """The corrections of a person that wait, the oldest first."""
    query = select(Correction).where(
        Correction.person_id == person_id, col(Correction.done_at).is_(None)
    )
    return list(session.exec(query.order_by(col(Correction.id))))


def finish_correction(session: Session, person: Person, correction_id: int, *, by: int) -> None:
    """Note that a correction was dealt with."""
    row = session.get(Correction, correction_id)
    if row is None or row.person_id != person.id:
        raise NotFound("There is no such correction.")
    row.done_at = now()
    session.add(row)
    audit(session, by, "correction finished", f"person {person.id}")


def hold(session: Session, person: Person, reason: str, *, by: int | None) -> None:
    """Keep a person from being erased, for a reason."""
    if session.get(LegalHold, person.id) is not None:
        raise Conflict("This person is on legal hold already.")
    session.add(LegalHold(person_id=person.id, reason=reason, by_id=by))
    audit(session, by, "legal hold set", f"person {person.id}", {"reason": reason})


def lift_hold(session: Session, person: Person, *, by: int | None) -> None:
    """Let a person be erased again."""
    row = session.get(LegalHold, person.id)
    if row is None:
        raise NotFound("This person is not on legal hold.")
    session.delete(row)
    session.flush()
    audit(session, by, "legal hold lifted", f"person {person.id}")
