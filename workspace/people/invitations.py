"""Invitations: one-time links by which members set their password.

A member is invited when they are added, and again when they lose their password: by an
administrator, or by mail when they ask for it. A new link takes the place of the one before, and a
link ends when it is used, when its time is up, or when the member is deactivated.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.delivery import outbox
from workspace.errors import Conflict, Invalid
from workspace.people import members
from workspace.people.sign_in import passwords, throttling, tokens
from workspace.people.sign_in.rules import rules_of
from workspace.people.sign_in.tables import MemberInvitation
from workspace.people.tables import Member, Person, Role

INVITATION_LIFETIME = timedelta(days=7)
# A link that anyone can ask for by typing an address.
RESET_LIFETIME = timedelta(hours=1)
RESETS_A_DAY = 5


def invite(
    session: Session, name: str, email: str, roles: Iterable[Role], *, by: int | None
) -> tuple[Person, str]:
    """Add a member and invite them; the member, and the secret of their link."""
    person = members.add_member(session, name, email, roles, by=by)
    return person, renew_invitation(session, person.id, by=by)


def renew_invitation(session: Session, person_id: int, *, by: int | None) -> str:
    """Invite a member, whose earlier link no longer works; the secret of 256 random bits."""
    member = members.locked_member(session, person_id)
    if not member.active:
        raise Conflict("This member is deactivated. Reactivate them first.")
    if member.service:
        raise Conflict("Nobody signs in as a service account. Create a token for it.")
    if not session.get_one(Person, person_id).email:
        raise Invalid(
            "A member needs an email address to sign in.",
            {"email": "Add an email address first."},
        )
    token = _new_link(session, person_id, INVITATION_LIFETIME)
    audit(session, by, "member invited", f"person {person_id}")
    return token


def ask_for_reset(session: Session, email: str) -> tuple[Person, str] | None:
    """Make a link for a member who has lost their password; None where none is made.

    The caller answers the same in both cases, so that nobody learns who is a member. A member who
    has not chosen a password yet keeps the invitation that they have.
    """
    subject = f"reset {email.strip().lower()}"
    if throttling.attempts(session, subject, timedelta(days=1)) >= RESETS_A_DAY:
        return None
    throttling.count_attempt(session, subject)
    person_id = members.active_member_id(session, email)
    if not rules_of(session).takes_passwords or person_id is None:
        return None
    if not members.locked_member(session, person_id).password_hash:
        return None
    token = _new_link(session, person_id, RESET_LIFETIME)
    audit(session, None, "password reset asked for", f"person {person_id}")
    return session.get_one(Person, person_id), token


def _new_link(session: Session, person_id: int, lifetime: timedelta) -> str:
    token = tokens.new_token()
    end_invitation(session, person_id)
    session.add(
        MemberInvitation(
            person_id=person_id,
            token_hash=tokens.token_hash(token),
            expires_at=now() + lifetime,
        )
    )
    session.flush()
    return token


def end_invitation(session: Session, person_id: int) -> None:
    """End a member's invitation, if there is one."""
    session.flush()
    session.exec(delete(MemberInvitation).where(col(MemberInvitation.person_id) == person_id))


def mail_invitation(session: Session, person_id: int, link: str) -> None:
    """Put the mail with a member's link into the outbox; earlier ones no longer leave."""
    person = session.get_one(Person, person_id)
    about = f"member {person_id}"
    outbox.drop(session, about)
    days = INVITATION_LIFETIME.days
    body = (
        f"Hello {person.name},\n\n"
        "You have been invited to Dealkin. Choose your password here:\n\n"
        f"{link}\n\n"
        f"The link works once, and for {days} days. If you did not expect this email, ignore it.\n"
    )
    outbox.queue(session, person.email or "", "Your access to Dealkin", body, about=about)


def mail_reset(session: Session, person: Person, link: str) -> None:
    """Put the mail with a member's link for a new password into the outbox."""
    about = f"member {person.id}"
    outbox.drop(session, about)
    minutes = int(RESET_LIFETIME.total_seconds() // 60)
    body = (
        f"Hello {person.name},\n\n"
        "Choose a new password for Dealkin here:\n\n"
        f"{link}\n\n"
        f"The link works once, and for {minutes} minutes. If you did not ask for it, ignore this"
        " email: your password stays as it is.\n"
    )
    outbox.queue(session, person.email or "", "Your new password for Dealkin", body, about=about)


def invited(session: Session, token: str) -> Person | None:
    """The active member whose invitation has this secret; None if it does not work any more.

    Nobody chooses a password while members sign in through an identity provider alone.
    """
    if not rules_of(session).takes_passwords:
        return None
    return session.exec(
        select(Person)
        .join(MemberInvitation, col(MemberInvitation.person_id) == col(Person.id))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(
            MemberInvitation.token_hash == tokens.token_hash(token),
            col(MemberInvitation.expires_at) > now(),
            col(Member.active).is_(True),
        )
    ).first()


def accept_invitation(session: Session, token: str, password_hash: str) -> Person | None:
    """Use an invitation: set the password of its member, whose other browsers are signed out.

    None where it does not work any more. Of two uses at the same time, one wins.
    """
    person = invited(session, token)
    if person is None:
        return None
    members.locked_member(session, person.id)
    used = session.exec(
        delete(MemberInvitation).where(col(MemberInvitation.token_hash) == tokens.token_hash(token))
    )
    if used.rowcount != 1 or not session.get_one(Member, person.id).active:
        return None
    passwords.store_password(session, person.id, password_hash)
    throttling.unlock(session, person)
    audit(session, person.id, "invitation used", f"person {person.id}")
    return person
