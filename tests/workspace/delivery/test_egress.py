"""S8: where the server itself may connect."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx2
import pytest

from workspace.delivery import egress
from workspace.delivery.egress import Guarded, Unreachable, may_connect
from workspace.errors import DealkinError
from workspace.settings import Settings

# The twelve spellings of this machine, and other addresses that are nobody's on the internet.
SPELLINGS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "017700000001",
    "0x7f.0.0.1",
    "0x7f000001",
    "2130706433",
    "0",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "[fd00::1]",
    "[fe80::1]",
)


@contextmanager
def listening() -> Iterator[tuple[int, list[Any]]]:
    """A port of this machine, and who has connected to it."""
    connected: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, address = server.accept()
                    connected.append(address)
                    connection.recv(1000)
                    connection.sendall(
                        b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n"
                        b"Content-Length: 0\r\n\r\n"
                    )
                    connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], connected


def test_s8_should_connect_to_no_internal_address_however_it_is_written() -> None:
    with listening() as (port, connected), httpx2.Client(transport=Guarded(Settings())) as client:
        for host in SPELLINGS:
            for scheme in ("http", "https"):
                with pytest.raises((Unreachable, httpx2.InvalidURL)):
                    client.get(f"{scheme}://{host}:{port}/")
        assert connected == []


def test_s8_should_connect_to_an_internal_address_that_is_allowed_without_following_on() -> None:
    settings = Settings(internal_addresses="127.0.0.1/32")
    with listening() as (port, connected), httpx2.Client(transport=Guarded(settings)) as client:
        assert client.get(f"http://127.0.0.1:{port}/").status_code == 302
        assert len(connected) == 1
        with pytest.raises(Unreachable):
            client.get(f"http://[::1]:{port}/")


def test_s8_should_dial_the_address_that_was_vetted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its address after the look-up is not looked up again (rebinding)."""
    real, asked, dialled = socket.getaddrinfo, [], []

    def resolve(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "rebinding.example":
            return real(host, *args, **kwargs)
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]

    def dial(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        dialled.append(address[0])
        raise OSError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)
    with httpx2.Client(transport=Guarded(Settings())) as client:
        with pytest.raises(httpx2.ConnectError):
            client.get("https://rebinding.example/")
        assert (asked, dialled) == (["rebinding.example"], ["93.184.215.14"])
        with pytest.raises(Unreachable):
            client.get("https://rebinding.example/")
        assert len(dialled) == 1


def test_s8_should_refuse_a_name_with_one_internal_address(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
        for address in ("93.184.215.14", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(Unreachable, match="internal"):
        egress.vetted_address("two.example", 443, [])


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_should_let_public_addresses_pass(address: str) -> None:
    assert may_connect(ipaddress.ip_address(address), [])


def test_should_say_which_setting_is_wrong() -> None:
    with pytest.raises(DealkinError, match="DEALKIN_INTERNAL_ADDRESSES"):
        Guarded(Settings(internal_addresses="the office"))
