"""A real server: requests that are sent by halves are cut off, and slow streams are not."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.serving import application, serving
from web import middleware, server
from web.workspace import Workspace

FORM = (
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)


@pytest.fixture
def address(
    world: object, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.5)
    with serving(application(workspace)) as url:
        yield "127.0.0.1", int(url.rsplit(":", 1)[1])


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with closing(socket.create_connection(address, timeout=30)) as connection:
        yield connection


def until_closed(connection: socket.socket) -> bytes:
    """What the server sends before it closes the connection."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


@pytest.mark.parametrize("start", [b"", b"GE", b"GET /sign-in HTTP/1.1\r\nHost: x\r\n"])
def test_should_close_a_connection_without_a_whole_head(
    address: tuple[str, int], start: bytes
) -> None:
    with connected(address) as connection:
        connection.sendall(start)
        assert until_closed(connection) == b""


def test_should_not_be_kept_waiting_by_single_bytes(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        connection.settimeout(0.1)
        started = time.monotonic()
        closed = False
        while not closed and time.monotonic() < started + 20:
            try:
                connection.sendall(b"G")
                closed = connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert closed


def test_should_close_after_half_of_a_second_request(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\nGET /sig")
        assert until_closed(connection).startswith(b"HTTP/1.1 200")


def test_should_answer_half_a_body_and_close(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        connection.sendall(FORM + b"email=x")
        assert until_closed(connection).startswith(b"HTTP/1.1 408")


def test_should_serve_a_request_that_comes_in_parts(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        for part in (b"GET /sign-in HT", b"TP/1.1\r\nHost: x\r\n", b"Connection: close\r\n\r\n"):
            connection.sendall(part)
            time.sleep(0.02)
        assert until_closed(connection).startswith(b"HTTP/1.1 200")


def test_should_keep_a_connection_while_its_answer_takes_long(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*_: object) -> bool:
        time.sleep(1.0)
        return False

    monkeypatch.setattr("web.signin.throttling.may_try", slowly)
    with connected(address) as connection:
        connection.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n")
        first = b""
        while b"</html>" not in first:
            first += connection.recv(65_536)
        token = first.split(b'name="_csrf_token" value="')[1].split(b'"')[0]
        cookie = first.split(b"set-cookie: ")[1].split(b";")[0]
        body = b"email=a&password=b&_csrf_token=" + token
        head = FORM.replace(b"400", str(len(body)).encode())
        head = head.replace(b"Host: x", b"Host: x\r\nConnection: close\r\nCookie: " + cookie)
        connection.sendall(head + body)
        assert b"HTTP/1.1 429" in until_closed(connection)
