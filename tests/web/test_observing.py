"""The log and the metrics of requests: what is noted of each, and what never is."""

import io
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from litestar import Litestar
from prometheus_client import REGISTRY

from tests.serving import serving
from tests.threads import SECONDS
from tests.web.conftest import Visit
from tests.world import World
from web.logs import LogFormat, configure_logs
from workspace.accounts import accounts
from workspace.people.sign_in.sessions import open_session


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What the log of the test is written to, as JSON."""
    root, dealkin = logging.getLogger(), logging.getLogger("dealkin")
    before = root.handlers, root.level, dealkin.level
    configure_logs(LogFormat.JSON)
    text = io.StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(text)
    yield text
    root.handlers = before[0]
    root.setLevel(before[1])
    dealkin.setLevel(before[2])


def test_should_write_one_line_for_each_request(
    app: Litestar, world: World, printed: io.StringIO
) -> None:
    with world.database.write() as session:
        secret = open_session(session, world.people["alice"])
    cookies = {"session": secret}
    with serving(app) as address:
        httpx.get(f"{address}/people/ines-moreira?q=secret-words", cookies=cookies, timeout=SECONDS)
        httpx.get(f"{address}/nowhere/ines-moreira", timeout=SECONDS)
        httpx.get(f"{address}/health/live", timeout=SECONDS)
    lines = [json.loads(line) for line in printed.getvalue().splitlines()]
    found = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"], line["member"]) for line in found] == [
        ("/people/{key}", 200, world.people["alice"]),
        ("unknown", 404, None),
    ]
    for line in found:
        assert line["level"] == "info"
        assert line["timestamp"]
        assert len(line["request"]) == 8
    assert found[0]["request"] != found[1]["request"]
    for private in ("ines", "secret-words", secret, "Alice"):
        assert private not in printed.getvalue()


def test_should_log_faults_without_what_was_written(
    app: Litestar, visit: Visit, printed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: object, name: str, *_: object, **__: object) -> None:
        typed = name
        assert typed == ""

    monkeypatch.setattr(accounts, "add_account", fail)
    assert visit("alice").post("/accounts", {"name": "Quillfeather"}).status_code == 500
    (line,) = [json.loads(line) for line in printed.getvalue().splitlines()]
    assert line["event"] == "POST /accounts failed"
    assert line["exception"][0]["exc_type"] == "AssertionError"
    assert "locals" not in line["exception"][0]["frames"][0]


def test_should_count_requests_by_route(app: Litestar) -> None:
    def count() -> float:
        labels = {"method": "GET", "route": "/sign-in", "status": "200"}
        return REGISTRY.get_sample_value("dealkin_requests_total", labels) or 0.0

    before = count()
    with serving(app) as address:
        httpx.get(f"{address}/sign-in", timeout=SECONDS)
    assert count() == before + 1


def test_should_stop_within_two_seconds_whatever_is_open(app: Litestar, world: World) -> None:
    with world.database.write() as session:
        secret = open_session(session, world.people["alice"])
    started, ended = threading.Event(), threading.Event()

    def stream(address: str) -> None:
        with httpx.stream(
            "GET",
            f"{address}/live",
            cookies={"session": secret},
            headers={"Accept": "text/event-stream"},
            timeout=SECONDS,
        ) as answer:
            for _ in answer.iter_lines():
                started.set()
        ended.set()

    with serving(app) as address:
        thread = threading.Thread(target=stream, args=(address,), daemon=True)
        thread.start()
        assert started.wait(SECONDS)
        half = socket.create_connection((urlsplit(address).hostname, urlsplit(address).port))
        half.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
        )
        time.sleep(0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
    assert ended.wait(SECONDS)
    half.close()
