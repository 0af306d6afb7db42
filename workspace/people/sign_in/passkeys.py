"""Passkeys (WebAuthn): a member adds one with their password, and signs in with it alone.

A passkey asks its owner for a finger, a face or a PIN, and answers only the site that it was made
for: so it counts as two steps. Each answer is to a challenge that is taken once.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlmodel import Session, col, delete, select
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Invalid, NotFound
from workspace.people.members import locked_member
from workspace.people.sign_in.rules import rules_of
from workspace.people.sign_in.tables import Passkey, PasskeyChallenge
from workspace.people.tables import Member, Person

ISSUER = "Dealkin"
MOST_PASSKEYS = 10
CHALLENGE_LIFETIME = timedelta(minutes=5)
_NOT_TAKEN = "This passkey was not accepted. Try again, or use your password."
# What the library raises for an answer that is wrong or no answer at all.
_WRONG = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


def site_of(origin: str) -> str | None:
    """The site that passkeys are made for; None where browsers make none: not for an IP address,
    nor without TLS but on this machine."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    is_name = any(letter.isalpha() for letter in host) and ":" not in host
    is_safe = parts.scheme == "https" or host == "localhost"
    return host if is_name and is_safe else None


def passkeys_of(session: Session, person_id: int) -> list[Passkey]:
    """A member's passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.person_id == person_id)
    return list(session.exec(query.order_by(col(Passkey.created_at), col(Passkey.key))))


def begin_adding(session: Session, person: Person, site: str) -> str:
    """What the browser needs to make a passkey for a member, as JSON."""
    if len(passkeys_of(session, person.id)) >= MOST_PASSKEYS:
        why = f"You have {MOST_PASSKEYS} passkeys: remove one first."
        raise Invalid(why, {"name": why})
    # It says nothing of the person, and is the same for all of their passkeys.
    handle = hashlib.sha256(f"{person.id} {person.created_at.isoformat()}".encode()).digest()
    options = webauthn.generate_registration_options(
        rp_id=site,
        rp_name=ISSUER,
        user_id=handle,
        user_name=person.email or person.name,
        user_display_name=person.name,
        challenge=_new_challenge(session, person.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.options_to_json(options)


def add(session: Session, person_id: int, name: str, answer: str, origin: str) -> None:
    """Add the passkey that a browser has made; `Invalid` if it does not answer the challenge."""
    locked_member(session, person_id)
    try:
        credential = parse_registration_credential_json(answer)
        challenge = _take_challenge(session, credential, person_id)
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site_of(origin) or "",
            expected_origin=origin.rstrip("/"),
            require_user_verification=True,
        )
    except _WRONG:
        raise Invalid(_NOT_TAKEN, {"credential": _NOT_TAKEN}) from None
    passkey = Passkey(
        key=secrets.token_hex(8),
        person_id=person_id,
        name=name,
        credential_hash=_hash(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )
    session.add(passkey)
    audit(session, person_id, "passkey added", f"person {person_id}")


def remove(session: Session, person_id: int, key: str) -> None:
    """Remove a member's own passkey."""
    passkey = session.get(Passkey, key)
    if passkey is None or passkey.person_id != person_id:
        raise NotFound("There is no such passkey.")
    session.delete(passkey)
    audit(session, person_id, "passkey removed", f"person {person_id}")


def begin_sign_in(session: Session, site: str) -> str:
    """What the browser needs to ask for a passkey, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=site,
        challenge=_new_challenge(session, None),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def member_for(session: Session, answer: str, origin: str) -> int | None:
    """The active member whose passkey has answered a challenge; None if it is not taken.

    Where passwords are switched off, the identity provider decides alone who signs in.
    """
    if not rules_of(session).takes_passwords:
        return None
    try:
        credential = parse_authentication_credential_json(answer)
        challenge = _take_challenge(session, credential, None)
        query = (
            select(Passkey)
            .join(Member, col(Member.person_id) == col(Passkey.person_id))
            .where(
                Passkey.credential_hash == _hash(credential.raw_id), col(Member.active).is_(True)
            )
            .with_for_update()
        )
        passkey = session.exec(query).first()
        if passkey is None:
            return None
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site_of(origin) or "",
            expected_origin=origin.rstrip("/"),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _WRONG:
        return None
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, now()
    session.add(passkey)
    return passkey.person_id


def _new_challenge(session: Session, person_id: int | None) -> bytes:
    challenge = secrets.token_bytes(32)
    session.exec(delete(PasskeyChallenge).where(col(PasskeyChallenge.expires_at) <= now()))
    session.add(
        PasskeyChallenge(
            token_hash=_hash(challenge),
            person_id=person_id,
            expires_at=now() + CHALLENGE_LIFETIME,
        )
    )
    return challenge


def _take_challenge(session: Session, credential: Any, person_id: int | None) -> bytes:
    """The challenge that an answer is to, which is taken from now on; ValueError without one."""
    challenge = parse_client_data_json(credential.response.client_data_json).challenge
    taken = session.exec(
        delete(PasskeyChallenge).where(
            col(PasskeyChallenge.token_hash) == _hash(challenge),
            col(PasskeyChallenge.expires_at) > now(),
            col(PasskeyChallenge.person_id).is_not_distinct_from(person_id),
        )
    )
    if not taken.rowcount:
        raise ValueError("no such challenge")
    return challenge


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
