"""Limits on guessing, which stop the guesser and not the member.

A browser in which a member has signed in before is known by a cookie and has attempts of its own,
so that guesses from elsewhere do not lock the member out. All other attempts are counted by
account, with a delay that grows, and by network.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete, func, or_, select

from workspace.audit import audit
from workspace.clock import now
from workspace.people.sign_in.tables import KnownDevice, SignInAttempt
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Member, Person

# The limits on attempts within the window: for an account, and from an address, which a whole
# office may share.
ATTEMPT_LIMIT = 10
ADDRESS_LIMIT = 100
ATTEMPT_WINDOW = timedelta(minutes=15)
# For an account the delay grows: who goes on after the first window waits for hours.
LONGER_LIMITS = ((timedelta(hours=2), 20), (timedelta(days=1), 40))
KEPT = LONGER_LIMITS[-1][0]
# How long a browser stays known after a sign-in.
KNOWN_FOR = timedelta(days=180)


@dataclass(frozen=True)
class Guess:
    """What an attempt to sign in is counted by."""

    # The account, or the known device of its member.
    subject: str
    address: str
    is_known_device: bool


def guess_of(session: Session, email: str, address: str, device: str | None) -> Guess:
    """What an attempt on an account is counted by, from an address and maybe a known device."""
    if device:
        known = session.exec(
            select(KnownDevice.token_hash)
            .join(Person, col(Person.id) == col(KnownDevice.person_id))
            .join(Member, col(Member.person_id) == col(Person.id))
            .where(
                KnownDevice.token_hash == token_hash(device),
                col(KnownDevice.expires_at) > now(),
                Person.email == email.strip().lower(),
            )
        ).first()
        if known:
            return Guess(_device_subject(known), f"address {address}", True)
    return Guess(account_subject(email), f"address {address}", False)


def may_try(session: Session, guess: Guess, more: int) -> bool:
    """Whether the counted attempts and `more` are within the limits."""
    subject = attempts(session, guess.subject) + more <= ATTEMPT_LIMIT
    address = attempts(session, guess.address) + more <= ADDRESS_LIMIT
    return (
        subject
        and address
        and (
            guess.is_known_device
            or all(
                attempts(session, guess.subject, window) + more <= limit
                for window, limit in LONGER_LIMITS
            )
        )
    )


def attempts(session: Session, subject: str, window: timedelta = ATTEMPT_WINDOW) -> int:
    """The number of attempts within a window for an account or a device, or from an address."""
    count = select(func.count()).select_from(SignInAttempt)
    return session.exec(
        count.where(SignInAttempt.subject == subject, col(SignInAttempt.at) > now() - window)
    ).one()


def count_attempt(session: Session, *subjects: str) -> list[int]:
    """Count an attempt before it is made, once a subject; returns the ids of the rows.

    Attempts before the longest window are deleted.
    """
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.at) < now() - KEPT))
    rows = [SignInAttempt(subject=subject, at=now()) for subject in subjects]
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


def code_subject(person_id: int) -> str:
    """What tries at a member's second step are counted by."""
    return f"code of {person_id}"


def password_subject(person_id: int | None) -> str:
    """What tries of a signed-in browser at its member's password are counted by."""
    return f"password of {person_id}"


def account_subject(email: str) -> str:
    """What attempts for an account are counted by."""
    return f"account {email.strip().lower()}"


def locked_accounts() -> sa.Select[Any]:
    """The subjects of accounts for which no attempt is allowed from an unknown device."""
    limits = ((ATTEMPT_WINDOW, ATTEMPT_LIMIT), *LONGER_LIMITS)
    return (
        sa.select(col(SignInAttempt.subject))
        .group_by(col(SignInAttempt.subject))
        .having(
            sa.or_(
                *(
                    sa.func.sum(sa.case((col(SignInAttempt.at) > now() - window, 1), else_=0))
                    >= limit
                    for window, limit in limits
                )
            )
        )
    )


def know_device(session: Session, person_id: int, device: str | None) -> str:
    """Know a browser from now on, after its member has signed in; the secret for its cookie."""
    session.exec(delete(KnownDevice).where(col(KnownDevice.expires_at) < now()))
    row = session.get(KnownDevice, token_hash(device)) if device else None
    if device and row is not None and row.person_id == person_id:
        row.expires_at = now() + KNOWN_FOR
        session.add(row)
        return device
    token = new_token()
    session.add(
        KnownDevice(token_hash=token_hash(token), person_id=person_id, expires_at=now() + KNOWN_FOR)
    )
    return token


def unlock(session: Session, person: Person) -> None:
    """Forget the failed attempts for a member's account, from known devices too."""
    devices = select(KnownDevice.token_hash).where(KnownDevice.person_id == person.id)
    for device in session.exec(devices).all():
        forget_attempts(session, _device_subject(device))
    for subject in (
        account_subject(person.email or ""),
        code_subject(person.id),
        password_subject(person.id),
    ):
        forget_attempts(session, subject)


def unlock_member(session: Session, person: Person, *, by: int | None) -> None:
    """Let a member sign in again who was locked out by wrong passwords."""
    unlock(session, person)
    audit(session, by, "member unlocked", f"person {person.id}")


def _device_subject(device_hash: str) -> str:
    return f"device {device_hash}"
