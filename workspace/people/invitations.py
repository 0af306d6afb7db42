"""Invitations: one-time links by which members set their password.

A member is invited when they are added, and again when they lose their password. A new invitation
takes the place of the one before, and an invitation ends when it is used, when its time is up, or
when the member is deactivated.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import SECRET
from workspace.delivery import outbox
from workspace.errors import Conflict, Invalid
from workspace.people import members, sign_in
from workspace.people.tables import Member, Person, Role

INVITATION_LIFETIME = timedelta(days=7)


class MemberInvitation(SQLModel, table=True):
    """A member's link that waits to be used. Only the hash of its secret is stored."""

    __table_args__ = {"info": {SECRET: True}}

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    token_hash: str = Field(unique=True, max_length=64)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime


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
    if not session.get_one(Person, person_id).email:
        raise Invalid("A member signs in by e-mail.", {"email": "They have no e-mail address."})
    token = secrets.token_urlsafe(32)
    end_invitation(session, person_id)
    session.add(
        MemberInvitation(
            person_id=person_id,
            token_hash=sign_in.token_hash(token),
            expires_at=now() + INVITATION_LIFETIME,
        )
    )
    session.flush()
    audit(session, by, "member invited", f"person {person_id}")
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
        "you have been invited to Dealkin. Choose your password here:\n\n"
        f"{link}\n\n"
        f"The link works once, and for {days} days. If you did not expect this mail, ignore it.\n"
    )
    outbox.queue(session, person.email or "", "Your access to Dealkin", body, about=about)


def invited(session: Session, token: str) -> Person | None:
    """The active member whose invitation has this secret; None if it does not work any more."""
    return session.exec(
        select(Person)
        .join(MemberInvitation, col(MemberInvitation.person_id) == col(Person.id))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(
            MemberInvitation.token_hash == sign_in.token_hash(token),
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
        delete(MemberInvitation).where(
            col(MemberInvitation.token_hash) == sign_in.token_hash(token)
        )
    )
    if used.rowcount != 1 or not session.get_one(Member, person.id).active:
        return None
    sign_in.store_password(session, person.id, password_hash)
    sign_in.unlock(session, person)
    audit(session, person.id, "invitation used", f"person {person.id}")
    return person
