"""Passwords: how they are hashed, and which are refused."""

import os
import re
import secrets
import sys
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.errors import Invalid
from workspace.people.sign_in.sessions import close_sessions
from workspace.people.sign_in.tables import MemberInvitation
from workspace.people.tables import Member, Person

MINIMUM_PASSWORD = 12
# What the estimate reads of a password: its time grows with the square of the length.
READ_BY_THE_ESTIMATE = 72
# From 0 to 4; at 3 an attacker needs a hundred million guesses (zxcvbn's scale).
LEAST_SCORE = 3
# Characters that a password has besides the words of its member's name and address.
LEFT_WITHOUT_THE_NAME = 8

_hasher = PasswordHasher()


def _let_others_go_first() -> None:
    # Elsewhere priority is of the whole process.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


# A hash takes a third of a second of a processor on purpose. One at a time, and after whatever else
# there is to do, a flood of sign-ins hardly delays pages.
_hashing = ThreadPoolExecutor(1, "passwords", _let_others_go_first)


def hash_password(password: str, about: Collection[str] = ()) -> str:
    """The hash of a new password. It takes a third of a second: not within a transaction.

    `about` is what a guesser knows of its member: name and e-mail address.
    """
    _require_strong(password, about)
    return _hashing.submit(_hasher.hash, password).result()


def known_of(person: Person) -> tuple[str, ...]:
    """What a guesser knows of a member, and a password must not consist of."""
    return (person.name, person.email or "")


def set_password(session: Session, person_id: int, password: str, *, by: int | None = None) -> None:
    """Set a member's password and sign all their browsers out."""
    known = known_of(session.get_one(Person, person_id))
    store_password(session, person_id, hash_password(password, known))
    audit(session, by, "password set", f"person {person_id}")


def store_password(session: Session, person_id: int, password_hash: str) -> None:
    """Store the hash of a member's new password and sign all their browsers out."""
    member = session.get_one(Member, person_id)
    member.password_hash = password_hash
    session.add(member)
    close_sessions(session, person_id)
    end_links(session, person_id)


def end_links(session: Session, person_id: int) -> None:
    """Have a link that sets a member's password work no longer."""
    session.exec(delete(MemberInvitation).where(col(MemberInvitation.person_id) == person_id))


def random_password() -> str:
    """A password of 96 random bits, easy to copy."""
    return secrets.token_urlsafe(12)


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
    return person if verify(password, password_hash) else None


def verify(password: str, password_hash: str | None) -> bool:
    """Whether a password has this hash; without a hash it takes as long, and it has not."""
    try:
        _hashing.submit(_hasher.verify, password_hash or _unknown_hash(), password).result()
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _require_strong(password: str, about: Collection[str]) -> None:
    """Refuse a password that is short, common, or made of the name."""
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid(
            f"A password needs at least {MINIMUM_PASSWORD} characters.",
            {"password": f"At least {MINIMUM_PASSWORD} characters."},
        )
    # Loaded when the first password is set: it carries lists of 30,000 passwords and names.
    from zxcvbn import zxcvbn

    words = ["dealkin", *(word for text in about for word in re.split(r"[\W_]+", text.lower()))]
    guessed = zxcvbn(password[:READ_BY_THE_ESTIMATE], user_inputs=words)
    rest = password.lower()
    for word in sorted(words, key=len, reverse=True):
        if len(word) > 2:
            rest = rest.replace(word, "")
    if guessed["score"] < LEAST_SCORE or len(rest) < LEFT_WITHOUT_THE_NAME:
        raise Invalid(
            "This password is too easy to guess.",
            {"password": "Too easy to guess. Use several words that do not belong together."},
        )


@cache
def _unknown_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
