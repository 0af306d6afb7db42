"""Who may sign in: passwords, roles, and the sessions that follow a sign-in."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Field, Session, SQLModel, col, delete, func, or_, select

from workspace.access import Viewer
from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Conflict, Invalid
from workspace.keys import free_key
from workspace.people import Member, MemberRole, Person, Role

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


def add_member(
    session: Session,
    name: str,
    email: str | None,
    roles: Iterable[Role],
    *,
    by: int | None = None,
    **facts: Any,
) -> Person:
    """A new member, who cannot sign in before `set_password`, nor without an e-mail address."""
    email = email.strip().lower() if email else None
    if email:
        _require_free_address(session, email)
    person = Person(key=free_key(session, Person, name), name=name, email=email, **facts)
    session.add(person)
    session.flush()
    session.add(Member(person_id=person.id))
    session.flush()
    given = sorted(set(roles))
    session.add_all(MemberRole(person_id=person.id, role=role) for role in given)
    session.flush()
    audit(session, by, "member added", f"person {person.id}", {"roles": given})
    return person


def set_roles(
    session: Session, person_id: int, roles: Iterable[Role], *, by: int | None = None
) -> None:
    """Give a member exactly these roles."""
    roles = sorted(set(roles))
    before = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    detail: dict[str, object] = {"roles": [sorted(before), roles]}
    audit(session, by, "roles set", f"person {person_id}", detail)
    session.exec(delete(MemberRole).where(col(MemberRole.person_id) == person_id))
    session.add_all(MemberRole(person_id=person_id, role=role) for role in roles)
    session.flush()


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


def viewer(session: Session, person_id: int, name: str) -> Viewer:
    """A member as the one who looks and acts."""
    roles = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    return Viewer(person_id=person_id, name=name, roles=frozenset(Role(role) for role in roles))


def viewer_by_email(session: Session, email: str) -> Viewer:
    """The member with this e-mail as the one who looks and acts; `Invalid` where none is."""
    found = session.exec(
        select(Person.id, Person.name)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(Person.email == email.strip().lower())
    ).first()
    if not found:
        raise Invalid(f"No member has the e-mail address {email}.")
    return viewer(session, found[0], found[1])


def _require_free_address(session: Session, email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Invalid(f"'{email}' is no e-mail address.", {"email": "name@example.com"})
    if session.exec(select(Person.id).where(Person.email == email)).first():
        raise Conflict(f"Somebody has the e-mail address {email} already.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _unknown_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
