"""Passwords, sign-in sessions, and the limits on attempts."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Field, Session, SQLModel, col, delete, func, or_, select

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Invalid
from workspace.people.members import viewer
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

SESSION_LIFETIME = timedelta(hours=12)
# Wrong passwords that may be tried within the window: for one account, and from one address,
# behind which a whole office may be.
ATTEMPT_LIMIT = 10
ADDRESS_LIMIT = 100
ATTEMPT_WINDOW = timedelta(minutes=15)
MINIMUM_PASSWORD = 12


class SignInSession(SQLModel, table=True):
    """One browser that is signed in. Only the hash of its secret is kept."""

    token_hash: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime


class SignInAttempt(SQLModel, table=True):
    """A failed sign-in, counted by account and by address to slow guessing down."""

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(index=True, max_length=300)
    at: datetime = Field(default_factory=now)


_hasher = PasswordHasher()


def set_password(session: Session, person_id: int, password: str, *, by: int | None = None) -> None:
    """Set a member's password; every browser that was signed in is signed out."""
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid(
            f"A password needs at least {MINIMUM_PASSWORD} characters.",
            {"password": f"At least {MINIMUM_PASSWORD} characters."},
        )
    member = session.get_one(Member, person_id)
    member.password_hash = _hasher.hash(password)
    session.add(member)
    session.exec(delete(SignInSession).where(col(SignInSession.person_id) == person_id))
    audit(session, by, "password set", f"person {person_id}")


def random_password() -> str:
    """A password of 96 random bits, easy to copy."""
    return secrets.token_urlsafe(12)


def attempts(session: Session, subject: str) -> int:
    """How many sign-ins were tried within the window for an account, or from an address."""
    since = now() - ATTEMPT_WINDOW
    counted = select(func.count()).select_from(SignInAttempt)
    return session.exec(
        counted.where(SignInAttempt.subject == subject, col(SignInAttempt.at) > since)
    ).one()


def count_attempt(session: Session, *subjects: str) -> list[int]:
    """Count a sign-in that is about to be tried: its rows. Forget those out of the window."""
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.at) < now() - ATTEMPT_WINDOW))
    rows = [SignInAttempt(subject=subject) for subject in subjects]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def forget_attempts(session: Session, account: str, counted: Iterable[int] = ()) -> None:
    """The sign-in succeeded: the tries at this account, and this one, no longer count.

    Other tries from the same address do: whoever has an account of their own could otherwise
    guess the passwords of others without end.
    """
    session.exec(
        delete(SignInAttempt).where(
            or_(
                col(SignInAttempt.subject) == account,
                col(SignInAttempt.id).in_(list(counted)),
            )
        )
    )


def check_password(session: Session, email: str, password: str) -> Person | None:
    """The active member with this e-mail and password. Takes as long for an unknown one."""
    found = session.exec(
        select(Person, Member)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.email == email.strip().lower(), col(Member.active).is_(True))
    ).first()
    known = found[1].password_hash if found else None
    try:
        _hasher.verify(known or _unknown_hash(), password)
    except (VerificationError, InvalidHashError):
        return None
    return found[0] if found and known else None


def open_session(session: Session, person_id: int) -> str:
    """Sign a member in: the new session's secret, 256 random bits, for the cookie."""
    token = secrets.token_urlsafe(32)
    session.exec(delete(SignInSession).where(col(SignInSession.expires_at) < now()))
    session.add(
        SignInSession(
            token_hash=_hash(token), person_id=person_id, expires_at=now() + SESSION_LIFETIME
        )
    )
    return token


def close_session(session: Session, token: str) -> None:
    """Sign this browser out."""
    session.exec(delete(SignInSession).where(col(SignInSession.token_hash) == _hash(token)))


def viewer_of(session: Session, token: str) -> Viewer | None:
    """Who the bearer of this secret is, or None: expired, signed out or no longer active."""
    found = session.exec(
        select(Person.id, Person.name)
        .join(SignInSession, col(SignInSession.person_id) == col(Person.id))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(
            SignInSession.token_hash == _hash(token),
            col(SignInSession.expires_at) > now(),
            col(Member.active).is_(True),
        )
    ).first()
    return viewer(session, found[0], found[1]) if found else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _unknown_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
