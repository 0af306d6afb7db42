"""Two-step verification: a code of an authenticator app (TOTP), or one of the recovery codes."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from sqlmodel import Session, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Conflict, Invalid
from workspace.keyring import Keyring
from workspace.people.members import locked_member
from workspace.people.sign_in.rules import rules_of
from workspace.people.sign_in.tables import Passkey, PendingSignIn, RecoveryCode, TwoStepSecret
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Member, MemberRole, Role

ISSUER = "Dealkin"
RECOVERY_CODES = 10
PENDING_LIFETIME = timedelta(minutes=10)
# Clocks differ: the code before and the one after are taken, too.
STEPS_APART = 1
WRONG_CODE = "Wrong code. Enter the six digits that your app shows now, or a recovery code."


@dataclass(frozen=True)
class TwoStepState:
    """How a member stands with two-step verification."""

    # Since when it is on; None while it is off.
    since: datetime | None
    is_required: bool
    codes_left: int

    @property
    def is_on(self) -> bool:
        """Whether a code is asked for at each sign-in."""
        return self.since is not None


def state_of(session: Session, person_id: int) -> TwoStepState:
    """How a member stands with two-step verification."""
    row = session.get(TwoStepSecret, person_id)
    codes = select(RecoveryCode.id).where(
        RecoveryCode.person_id == person_id, col(RecoveryCode.used_at).is_(None)
    )
    roles = session.exec(select(MemberRole.role).where(MemberRole.person_id == person_id))
    return TwoStepState(
        since=row.confirmed_at if row else None,
        is_required=bool(rules_of(session).two_step_roles & set(map(Role, roles))),
        codes_left=len(session.exec(codes).all()),
    )


def begin(session: Session, keyring: Keyring, person_id: int) -> None:
    """Make a secret for a member's app, which counts once a code of it was entered."""
    locked_member(session, person_id)
    row = session.get(TwoStepSecret, person_id)
    if row and row.confirmed_at:
        raise Conflict("Two-step verification is on already.")
    secret = keyring.encrypt(pyotp.random_base32())
    row = row or TwoStepSecret(person_id=person_id, secret=secret)
    row.secret = secret
    session.add(row)


def address_of(session: Session, keyring: Keyring, person_id: int, email: str) -> str | None:
    """The otpauth: address for a member's app, while their secret waits for its first code."""
    row = session.get(TwoStepSecret, person_id)
    if row is None or row.confirmed_at:
        return None
    return pyotp.TOTP(keyring.decrypt(row.secret)).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm(session: Session, keyring: Keyring, person_id: int, code: str) -> list[str]:
    """Turn two-step verification on with a first code; the recovery codes, to be shown once."""
    locked_member(session, person_id)
    row = session.get(TwoStepSecret, person_id)
    if row is None or row.confirmed_at:
        raise Conflict("Two-step verification is not being set up. Start again.")
    if not _takes(session, keyring, row, code):
        raise Invalid("This code is wrong.", {"code": "Enter the six digits that your app shows."})
    row.confirmed_at = now()
    session.add(row)
    audit(session, person_id, "two-step verification turned on", f"person {person_id}")
    return _new_codes(session, person_id)


def renew_codes(session: Session, person_id: int) -> list[str]:
    """Make new recovery codes, to be shown once; the earlier ones no longer work."""
    audit(session, person_id, "recovery codes renewed", f"person {person_id}")
    return _new_codes(session, person_id)


def turn_off(session: Session, person_id: int) -> None:
    """Turn a member's own two-step verification off; refused where their role requires it."""
    if state_of(session, person_id).is_required:
        raise Conflict("Your role requires two-step verification.")
    remove(session, person_id, by=person_id)


def remove(session: Session, person_id: int, *, by: int | None) -> None:
    """Forget a member's app and codes, who has lost both; where required they set it up again."""
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    session.exec(delete(TwoStepSecret).where(col(TwoStepSecret.person_id) == person_id))
    if by != person_id:
        # What is lost may have their passkeys, too.
        session.exec(delete(Passkey).where(col(Passkey.person_id) == person_id))
    audit(session, by, "two-step verification turned off", f"person {person_id}")


def accepts(session: Session, keyring: Keyring, person_id: int, code: str) -> bool:
    """Whether a code of a member's app, or a recovery code, is right; each works once."""
    locked_member(session, person_id)
    row = session.get(TwoStepSecret, person_id)
    if row and row.confirmed_at and _takes(session, keyring, row, code):
        return True
    used = session.exec(
        select(RecoveryCode).where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == token_hash(_normal(code)),
            col(RecoveryCode.used_at).is_(None),
        )
    ).first()
    if used is None:
        return False
    used.used_at = now()
    session.add(used)
    audit(session, person_id, "recovery code used", f"person {person_id}")
    return True


def wait_for_code(session: Session, person_id: int) -> str:
    """Note that a member has given their password and has a code to enter; the cookie's secret."""
    token = new_token()
    session.exec(delete(PendingSignIn).where(col(PendingSignIn.expires_at) < now()))
    session.add(
        PendingSignIn(
            token_hash=token_hash(token), person_id=person_id, expires_at=now() + PENDING_LIFETIME
        )
    )
    return token


def waiting_for_code(session: Session, token: str) -> int | None:
    """The active member who has a code to enter in the browser with this secret."""
    return session.exec(
        select(PendingSignIn.person_id)
        .join(Member, col(Member.person_id) == col(PendingSignIn.person_id))
        .where(
            PendingSignIn.token_hash == token_hash(token),
            col(PendingSignIn.expires_at) > now(),
            col(Member.active).is_(True),
        )
    ).first()


def end_waiting(session: Session, person_id: int) -> None:
    """A member has entered their code, or must begin again with the password."""
    session.exec(delete(PendingSignIn).where(col(PendingSignIn.person_id) == person_id))


def renew_secrets(session: Session, keyring: Keyring) -> int:
    """Encrypt all members' secrets with the first key; how many there are."""
    rows = session.exec(select(TwoStepSecret)).all()
    for row in rows:
        row.secret = keyring.renew(row.secret)
        session.add(row)
    return len(rows)


def _takes(session: Session, keyring: Keyring, row: TwoStepSecret, code: str) -> bool:
    """Whether a code is one of now that was not used before."""
    totp, moment = pyotp.TOTP(keyring.decrypt(row.secret)), now()
    step = totp.timecode(moment)
    digits = "".join(code.split())
    for offset in range(-STEPS_APART, STEPS_APART + 1):
        expected = totp.at(moment, counter_offset=offset)
        if hmac.compare_digest(expected.encode(), digits.encode()):
            if step + offset <= row.last_step:
                return False
            row.last_step = step + offset
            session.add(row)
            return True
    return False


def _new_codes(session: Session, person_id: int) -> list[str]:
    session.exec(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    codes = [secrets.token_hex(8) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(person_id=person_id, code_hash=token_hash(code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def _normal(code: str) -> str:
    """A recovery code without its hyphens, as it is hashed."""
    return "".join(letter for letter in code.lower() if letter.isalnum())
