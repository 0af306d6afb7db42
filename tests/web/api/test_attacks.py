"""Attacks of SECURITY.md that go over the API as well as over pages."""

import socket
from typing import Any

import pytest

from tests.web.api.conftest import Programs
from tests.world import World

# Ways to write an address of this machine, of its network, or of a cloud's metadata (S8).
INTERNAL = (
    "http://127.0.0.1/", "http://0177.0.0.1/", "http://0x7f.1/", "http://2130706433/",
    "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
    "http://100.64.0.1/", "http://169.254.169.254/latest/meta-data/", "http://localhost/",
    "http://metadata.google.internal/", "gopher://127.0.0.1/", "file:///etc/passwd",
)  # fmt: skip


@pytest.mark.parametrize("address", INTERNAL)
def test_should_connect_nowhere_for_an_address_that_is_sent(
    program: Programs, world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S8: an address that a program sends is stored or refused, and never opened."""
    dialled: list[Any] = []

    def dial(_socket: socket.socket, to: Any) -> None:
        dialled.append(to)
        raise OSError("No connection is made in this test.")

    grace, host = program("grace"), address.split("/")[2]
    # The database may be reached over a socket.
    grace.get("/api/v1/me")
    monkeypatch.setattr(socket.socket, "connect", dial)
    for method, path, body in (
        ("POST", "/api/v1/assets", {"name": "Deck", "kind": "deck", "url": address}),
        ("POST", "/api/v1/people", {"name": "Nadia Ferro", "profile": address}),
        ("POST", "/api/v1/accounts", {"name": "Orlik", "domain": host or "localhost"}),
    ):
        answer = grace.call(method, path, body)
        assert answer.status_code in (201, 422), (path, answer.text)
    assert dialled == []


def test_should_write_no_field_that_is_not_described(program: Programs, world: World) -> None:
    """S10: ids, hashes, owners of others and versions are no fields of a body."""
    alice, here = program("alice"), f"/api/v1/deals/{world.deals['wards']}"
    before = alice.get(here)
    for name in ("id", "key", "version", "stage_id", "owner_id", "outcome", "created_at"):
        answer = alice.call("PATCH", here, {name: 1}, If_Match=before.headers["etag"])
        assert answer.status_code == 422, name
    assert alice.get(here).json() == before.json()
