"""Passwords, sign-in sessions, and the limits on attempts."""

import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Field, Session, SQLModel, col, delete, func, or_, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import FOLLOWS
from workspace.errors import Invalid
from workspace.people.members import viewer
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

SESSION_LIFETIME = timedelta(hours=12)
# The limits on attempts within the window: for an account, and from an address, which a whole
# office may share.
ATTEMPT_LIMIT = 10
ADDRESS_LIMIT = 100
ATTEMPT_WINDOW = timedelta(minutes=15)
MINIMUM_PASSWORD = 12


class SignInSession(SQLModel, table=True):
    """A browser that is signed in. Only the hash of its secret is stored."""

    __table_args__ = {"info": {FOLLOWS: True}}

    token_hash: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime


class SignInAttempt(SQLModel, table=True):
    """An attempt to sign in, counted by account and by address to slow guessing down."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True, max_length=300)
    at: datetime = Field(default_factory=now)


_hasher = PasswordHasher()


def _let_others_go_first() -> None:
    # Elsewhere priority is of the whole process.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


# A hash takes a third of a second of a processor on purpose. One at a time, and after whatever else
# there is to do, a flood of sign-ins hardly delays pages.
_hashing = ThreadPoolExecutor(1, "passwords", _let_others_go_first)


def hash_password(password: str) -> str:
    """The hash of a new password. It takes a third of a second: not within a transaction."""
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid(
            f"A password needs at least {MINIMUM_PASSWORD} characters.",
            {"password": f"At least {MINIMUM_PASSWORD} characters."},
        )
    return _hashing.submit(_hasher.hash, password).result()


def set_password(session: Session, person_id: int, password: str, *, by: int | None = None) -> None:
    """Set a member's password and sign all their browsers out."""
    store_password(session, person_id, hash_password(password))
    audit(session, by, "password set", f"person {person_id}")


def store_password(session: Session, person_id: int, password_hash: str) -> None:
    """Store the hash of a member's new password and sign all their browsers out."""
    member = session.get_one(Member, person_id)
    member.password_hash = password_hash
    session.add(member)
    close_sessions(session, person_id)


def random_password() -> str:
    """A password of 96 random bits, easy to copy."""
    return secrets.token_urlsafe(12)


def attempts(session: Session, subject: str) -> int:
    """The number of attempts within the window for an account, or from an address."""
    since = now() - ATTEMPT_WINDOW
    count = select(func.count()).select_from(SignInAttempt)
    return session.exec(
        count.where(SignInAttempt.subject == subject, col(SignInAttempt.at) > since)
    ).one()


def count_attempt(session: Session, *subjects: str) -> list[int]:
    """Count an attempt before it is made, once a subject; returns the ids of the rows.

    Attempts before the window are deleted.
    """
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.at) < now() - ATTEMPT_WINDOW))
    rows = [SignInAttempt(subject=subject) for subject in subjects]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def forget_attempts(session: Session, account: str, attempt_ids: Iterable[int] = ()) -> None:
    """After a successful sign-in, delete the attempts for the account and this attempt's rows.

    Other attempts from the same address still count, because the owner of an account could
    otherwise guess other members' passwords without limit.
    """
    session.exec(
        delete(SignInAttempt).where(
            or_(
                col(SignInAttempt.subject) == account,
                col(SignInAttempt.id).in_(list(attempt_ids)),
            )
        )
    )


def account_subject(email: str) -> str:
    """What attempts for an account are counted by."""
    return f"account {email.strip().lower()}"


def unlock(session: Session, person: Person) -> None:
    """Forget the failed attempts for a member's account."""
    forget_attempts(session, account_subject(person.email or ""))


def unlock_member(session: Session, person: Person, *, by: int | None) -> None:
    """Let a member sign in again who was locked out by wrong passwords."""
    unlock(session, person)
    audit(session, by, "member unlocked", f"person {person.id}")


def check_password(session: Session, email: str, password: str) -> Person | None:
    """The active member with this e-mail address and password; None if there is none.

    An unknown address takes as long as a wrong password, so that the time reveals nothing.
    """
    row = session.exec(
        select(Person, Member.password_hash)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.email == email.strip().lower(), col(Member.active).is_(True))
    ).first()
    person, password_hash = row or (None, None)
    try:
        _hashing.submit(_hasher.verify, password_hash or _unknown_hash(), password).result()
    except (VerificationError, InvalidHashError):
        return None
    return person if password_hash else None


def open_session(session: Session, person_id: int) -> str:
    """Sign a member in; returns the session's secret of 256 random bits, for the cookie."""
    token = secrets.token_urlsafe(32)
    session.exec(delete(SignInSession).where(col(SignInSession.expires_at) < now()))
    session.add(
        SignInSession(
            token_hash=token_hash(token), person_id=person_id, expires_at=now() + SESSION_LIFETIME
        )
    )
    return token


def close_sessions(session: Session, person_id: int) -> None:
    """Sign all browsers of a member out."""
    session.exec(delete(SignInSession).where(col(SignInSession.person_id) == person_id))


def end_sessions(session: Session, person_id: int, *, by: int | None) -> None:
    """Sign all browsers of a member out, for an administrator."""
    close_sessions(session, person_id)
    audit(session, by, "sessions ended", f"person {person_id}")


def close_session(session: Session, token: str) -> None:
    """Sign a browser out."""
    session.exec(delete(SignInSession).where(col(SignInSession.token_hash) == token_hash(token)))


def viewer_of(session: Session, token: str) -> Viewer | None:
    """The viewer for the secret of a session; None if it has ended or the member is not active."""
    row = session.exec(
        select(Person.id, Person.name)
        .join(SignInSession, col(SignInSession.person_id) == col(Person.id))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(
            SignInSession.token_hash == token_hash(token),
            col(SignInSession.expires_at) > now(),
            col(Member.active).is_(True),
        )
    ).first()
    if row is None:
        return None
    person_id, name = row
    return viewer(session, person_id, name)


def token_hash(token: str) -> str:
    """What is stored of the secret of a session or of a link."""
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _unknown_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
