"""Passkeys: only the right device, for this site, to a challenge that is taken once."""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import Session, select
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

from tests.world import World
from workspace.clock import now
from workspace.deals import leaving
from workspace.errors import Invalid, NotFound
from workspace.people.sign_in import passkeys, two_step
from workspace.people.sign_in.tables import Passkey, PasskeyChallenge
from workspace.people.tables import Person, SignInRules

ORIGIN = "https://deals.dealkin.example"
SITE = "deals.dealkin.example"


@dataclass
class Device:
    """A device with one passkey, which can be made to answer wrongly."""

    origin: str = ORIGIN
    site: str = SITE
    verified: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential: bytes = field(default_factory=lambda: token_bytes(32))

    def make(self, options: str) -> str:
        """The answer to being asked for a passkey."""
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        length = struct.pack(">H", len(self.credential))
        attested = bytes(16) + length + self.credential + public
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(0x40) + attested}
        response = {
            "clientDataJSON": self._client(options, "webauthn.create"),
            "attestationObject": bytes_to_base64url(encode_cbor(statement)),
        }
        return self._answer(response)

    def sign(self, options: str) -> str:
        """The answer to being asked to sign a challenge."""
        client, data = self._client(options, "webauthn.get"), self._data(0)
        signed = data + hashlib.sha256(base64url_to_bytes(client)).digest()
        response = {
            "clientDataJSON": client,
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        }
        return self._answer(response)

    def _answer(self, response: dict[str, str]) -> str:
        name = bytes_to_base64url(self.credential)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})

    def _client(self, options: str, kind: str) -> str:
        told = {
            "type": kind,
            "challenge": json.loads(options)["challenge"],
            "origin": self.origin,
        }
        return bytes_to_base64url(json.dumps(told).encode())

    def _data(self, flags: int) -> bytes:
        self.count += 1
        flags |= 0x05 if self.verified else 0x01
        return hashlib.sha256(self.site.encode()).digest() + struct.pack(">BI", flags, self.count)


def added(session: Session, person_id: int, device: Device) -> None:
    options = passkeys.begin_adding(session, session.get_one(Person, person_id), SITE)
    passkeys.add(session, person_id, "Laptop", device.make(options), ORIGIN)


def signed_in(session: Session, device: Device) -> int | None:
    answer = device.sign(passkeys.begin_sign_in(session, SITE))
    return passkeys.member_for(session, answer, ORIGIN)


def test_should_sign_in_the_member_whose_device_answers(world: World) -> None:
    alice, device, other = world.people["alice"], Device(), Device()
    with world.database.write() as session:
        added(session, alice, device)
        assert signed_in(session, device) == alice
        assert signed_in(session, other) is None
        stored = session.exec(select(Passkey)).one()
        assert stored.last_used_at is not None
        assert stored.sign_count == device.count


def test_should_take_a_challenge_once_and_in_time(world: World) -> None:
    device = Device()
    with world.database.write() as session:
        added(session, world.people["alice"], device)
        answer = device.sign(passkeys.begin_sign_in(session, SITE))
        assert passkeys.member_for(session, answer, ORIGIN)
        assert passkeys.member_for(session, answer, ORIGIN) is None
        late = device.sign(passkeys.begin_sign_in(session, SITE))
        session.exec(select(PasskeyChallenge)).one().expires_at = now() - timedelta(seconds=1)
        assert passkeys.member_for(session, late, ORIGIN) is None
        own = {"challenge": bytes_to_base64url(token_bytes(32))}
        assert passkeys.member_for(session, device.sign(json.dumps(own)), ORIGIN) is None
        # A challenge for adding a passkey signs nobody in.
        person = session.get_one(Person, world.people["alice"])
        options = passkeys.begin_adding(session, person, SITE)
        assert passkeys.member_for(session, device.sign(options), ORIGIN) is None


@pytest.mark.parametrize(
    ("field_name", "value"),
    [
        ("origin", "https://deals.dealkin.example.evil.example"),
        ("site", "evil.example"),
        ("verified", False),
        # A copy of the passkey counts from where it was copied.
        ("count", 0),
        ("key", ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_should_refuse_a_wrong_answer(world: World, field_name: str, value: object) -> None:
    device = Device(count=5)
    with world.database.write() as session:
        added(session, world.people["alice"], device)
        setattr(device, field_name, value)
        assert signed_in(session, device) is None


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"id": 1}', "x" * 20_000, '"\\ud800"'])
def test_should_refuse_what_is_no_answer(world: World, answer: str) -> None:
    with world.database.write() as session:
        assert passkeys.member_for(session, answer, ORIGIN) is None
        with pytest.raises(Invalid, match="not accepted"):
            passkeys.add(session, world.people["alice"], "Laptop", answer, ORIGIN)


def test_should_add_only_what_the_member_was_asked_for(world: World) -> None:
    alice, bob = world.people["alice"], world.people["bob"]
    with world.database.write() as session:
        asked = passkeys.begin_adding(session, session.get_one(Person, alice), SITE)
        with pytest.raises(Invalid):
            passkeys.add(session, bob, "Laptop", Device().make(asked), ORIGIN)
        with pytest.raises(Invalid):
            passkeys.add(session, alice, "Laptop", Device(verified=False).make(asked), ORIGIN)


def test_should_end_passkeys_with_their_member(world: World) -> None:
    """S13: neither a leaver's nor a lost device signs in, nor one past the identity provider."""
    alice, bob = world.people["alice"], world.people["bob"]
    device, lost = Device(), Device()
    with world.database.write() as session:
        added(session, alice, device)
        added(session, bob, lost)
        two_step.remove(session, bob, by=world.people["grace"])
        assert signed_in(session, lost) is None
        session.add(SignInRules(takes_passwords=False))
        session.flush()
        assert signed_in(session, device) is None
        session.get_one(SignInRules, 1).takes_passwords = True
        session.flush()
        assert signed_in(session, device) == alice
        key = session.exec(select(Passkey.key)).one()
        with pytest.raises(NotFound):
            passkeys.remove(session, bob, key)
    with world.database.write() as session:
        leaving.deactivate(session, alice, by=None)
    with world.database.write() as session:
        assert signed_in(session, device) is None


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("https://deals.dealkin.example", "deals.dealkin.example"),
        ("http://localhost:8000", "localhost"),
        ("http://deals.dealkin.example", None),
        ("https://192.0.2.7", None),
        ("http://127.0.0.1:8000", None),
        ("https://[2001:db8::1]", None),
    ],
)
def test_should_know_where_browsers_make_passkeys(origin: str, site: str | None) -> None:
    assert passkeys.site_of(origin) == site
