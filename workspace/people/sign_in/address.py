"""A member's new e-mail address, which holds once a link that was mailed there is used."""

from datetime import timedelta

from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.delivery import outbox
from workspace.errors import Conflict, Invalid
from workspace.people.members import locked_member, require_free_address
from workspace.people.sign_in.passwords import end_links
from workspace.people.sign_in.tables import AddressChange
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Member, Person

CHANGE_LIFETIME = timedelta(hours=24)


def ask_for_change(session: Session, person_id: int, email: str) -> str:
    """Keep a member's new address until it is confirmed; the secret of the link to mail there."""
    email = email.strip().lower()
    if not outbox.is_address(email):
        raise Invalid("Enter an email address.", {"email": "name@example.com"})
    try:
        require_free_address(session, email)
    except Conflict as taken:
        raise Invalid(str(taken), {"email": "Another person has this address."}) from None
    token = new_token()
    end_change(session, person_id)
    session.add(
        AddressChange(
            person_id=person_id,
            token_hash=token_hash(token),
            email=email,
            expires_at=now() + CHANGE_LIFETIME,
        )
    )
    audit(session, person_id, "address change asked for", f"person {person_id}")
    return token


def mail_link(session: Session, person: Person, email: str, link: str) -> None:
    """Put the mail with the link into the outbox, to the new address."""
    about = f"address of member {person.id}"
    outbox.drop(session, about)
    hours = int(CHANGE_LIFETIME.total_seconds() // 3600)
    body = (
        f"Hello {person.name},\n\n"
        "Confirm that you want to sign in to Dealkin with this email address:\n\n"
        f"{link}\n\n"
        f"The link works once, and for {hours} hours. If you did not ask for it, ignore this"
        " email.\n"
    )
    outbox.queue(session, email, "Confirm your new e-mail address", body, about=about)
    if person.email:
        body = (
            f"Hello {person.name},\n\n"
            f"You asked to sign in to Dealkin with {email} from now on. The link that was sent"
            " there confirms it.\n\n"
            "If you did not ask for it, change your password at once, which ends the link.\n"
        )
        outbox.queue(session, person.email, "A new e-mail address was asked for", body, about=about)


def end_change(session: Session, person_id: int) -> None:
    """Forget a new address that was not confirmed, if there is one."""
    session.flush()
    session.exec(delete(AddressChange).where(col(AddressChange.person_id) == person_id))


def pending_change(session: Session, person_id: int) -> AddressChange | None:
    """The new address of a member that waits for its link."""
    change = session.get(AddressChange, person_id)
    return change if change and change.expires_at > now() else None


def asked_change(session: Session, token: str) -> AddressChange | None:
    """The change whose link has this secret; None if it does not work any more."""
    return session.exec(
        select(AddressChange)
        .join(Member, col(Member.person_id) == col(AddressChange.person_id))
        .where(
            AddressChange.token_hash == token_hash(token),
            col(AddressChange.expires_at) > now(),
            col(Member.active).is_(True),
        )
    ).first()


def confirm_change(session: Session, token: str) -> Person | None:
    """Use a link: its member's address is the new one, and the old one is told.

    None where the link does not work any more, or the address has become another person's.
    """
    change = asked_change(session, token)
    if change is None:
        return None
    locked_member(session, change.person_id)
    used = session.exec(
        delete(AddressChange).where(col(AddressChange.token_hash) == token_hash(token))
    )
    if used.rowcount != 1:
        return None
    taken = select(Person.id).where(Person.email == change.email)
    if session.exec(taken).first() is not None:
        return None
    person = session.get_one(Person, change.person_id)
    before, person.email = person.email, change.email
    # A link to a new password that was mailed to the old address.
    end_links(session, person.id)
    session.add(person)
    audit(session, person.id, "address changed", f"person {person.id}")
    if before:
        body = (
            f"Hello {person.name},\n\n"
            f"You now sign in to Dealkin with {person.email}, and no longer with this address.\n\n"
            "If you did not change it, tell your administrator at once.\n"
        )
        outbox.queue(session, before, "Your e-mail address was changed", body)
    return person
