"""Several processes by one command: they serve, are replaced, and stop with their parent."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.mail_server import mail_server
from tests.threads import SECONDS
from tests.web.cli.conftest import Run
from tests.web.pages.network.test_ties import JONAS, TIE
from tests.web.pages.test_live import STREAM, Stream
from tests.workspace.collaboration.test_notes import write
from tests.workspace.delivery.test_outbox import Inbox
from tests.world import World
from web.session_cookie import csrf_token_of
from workspace.clock import now, zones
from workspace.database import Database
from workspace.delivery import outbox
from workspace.people.sign_in.sessions import open_session
from workspace.people.tables import Person

# The command line on a model that takes no time to load.
SCRIPT = """
import web.workspace
from tests.world import FakeEmbedder
from web.cli.main import main
web.workspace.encoder_of = lambda _: FakeEmbedder()
main()
"""


@contextmanager
def serving(
    database: Database, home: Path, workers: int, **settings: str
) -> Iterator[tuple[str, int]]:
    """The address of a server with some processes, and the process that was started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": database.url.render_as_string(hide_password=False),
        "DEALKIN_HOME": str(home),
        **settings,
    }
    command = [sys.executable, "-c", SCRIPT, "serve", "--port", str(port)]
    with (home / "log.txt").open("w") as log:
        parent = subprocess.Popen(
            [*command, "--workers", str(workers)], env=environment, stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{port}", parent.pid
    finally:
        parent.send_signal(signal.SIGTERM)
        parent.wait(SECONDS)


def children(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(child) for child in text.split()}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/sign-in").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def process_of(client: httpx.Client, running: set[int]) -> int:
    """The server process that a client is connected to, by the socket at its other end."""
    stream = client.get("/health/live").extensions["network_stream"]
    end = f"{stream.get_extra_info('client_addr')[1]:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    (inode,) = (line[9] for line in lines if line[2].endswith(f":{end}"))
    for pid in running:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            # A process may close others of its files meanwhile.
            with suppress(FileNotFoundError):
                if str(file.readlink()) == f"socket:[{inode}]":
                    return pid
    raise AssertionError(running)


@contextmanager
def one_of_each(address: str, secret: str, running: set[int]) -> Iterator[list[httpx.Client]]:
    """A client of each process, whose connection stays open."""
    found: dict[int, httpx.Client] = {}
    end = time.monotonic() + SECONDS
    with ExitStack() as clients:
        while len(found) < len(running):
            assert time.monotonic() < end
            client = httpx.Client(base_url=address, cookies={"session": secret}, timeout=SECONDS)
            found.setdefault(process_of(clients.enter_context(client), running), client)
        yield list(found.values())


def within_a_second(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 1
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def agree(address: str, secret: str, ended: str, deal: str, running: set[int]) -> None:
    """What one process writes, the other one shows within a second: ties, events, and sessions."""
    token = csrf_token_of(secret)
    knows = {**TIE, "_csrf_token": token}
    with one_of_each(address, secret, running) as (one, other):
        for client in (one, other):
            assert TIE["evidence"] not in client.get(JONAS).text
        assert one.post(JONAS, data=knows).status_code == 303
        within_a_second(lambda: TIE["evidence"] in other.get(JONAS).text)

        stream = Stream()
        with other.stream("GET", "/live", params={"deal": deal}, headers=STREAM) as answer:
            threading.Thread(target=stream.read, args=(answer,), daemon=True).start()
            _, before = stream.next()
            note = {"text": "42 beds", "kind": "note", "_csrf_token": token}
            assert one.post(f"/deals/{deal}/activity", data=note).status_code == 303
            _, after = stream.events.get(timeout=1) or ("", "")
            assert json.loads(after)["state"] != before["state"]
    with one_of_each(address, ended, running) as (one, other):
        for client in (one, other):
            assert client.get("/people").status_code == 200
        sent = {"_csrf_token": csrf_token_of(ended)}
        assert one.post("/sign-out", data=sent).status_code == 303
        assert other.get("/people").status_code == 303


@pytest.fixture
def shared(world: World) -> Database:
    if world.database.is_sqlite:
        pytest.skip("SQLite has one server process.")
    return world.database


@pytest.mark.slow
def test_should_serve_replace_and_stop(world: World, shared: Database, tmp_path: Path) -> None:
    with world.database.write() as session:
        secret = open_session(session, world.people["alice"])
        ended = open_session(session, world.people["alice"])
    with serving(shared, tmp_path, 2) as (address, parent):
        until(lambda: answers(address))
        before = children(parent)
        assert len(before) == 2
        with httpx.Client(base_url=address, cookies={"session": secret}, timeout=SECONDS) as client:
            sent = {"name": "Quillfeather Optics", "_csrf_token": csrf_token_of(secret)}
            assert client.post("/accounts", data=sent).status_code == 303
        # Whichever process answers, it knows what the other one has saved.
        for _ in range(8):
            found = httpx.get(
                f"{address}/search?q=Quillfeather", cookies={"session": secret}, timeout=SECONDS
            )
            assert "Quillfeather Optics" in found.text
        agree(address, secret, ended, world.deals["wards"], before)

        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(children(parent)) == 2 and children(parent) != before)
        until(lambda: answers(address))
        began, running = time.monotonic(), children(parent)
    assert time.monotonic() - began < SECONDS
    assert not any(Path(f"/proc/{pid}").exists() for pid in running)
    log = (tmp_path / "log.txt").read_text()
    assert len(re.findall(r"Dealkin is at", log)) == 1
    assert "Traceback" not in log


def past_seven() -> str:
    """A time zone in which the day's digests are due, whatever the time is."""
    moment = now()
    return next(
        zone for zone in sorted(zones()) if 9 <= moment.astimezone(ZoneInfo(zone)).hour <= 20
    )


def ask_for_a_password(client: httpx.Client, email: str) -> None:
    client.cookies.clear()
    page = client.get("/sign-in/forgotten").text
    token = re.search(r'name="_csrf_token" value="([^"]+)"', page)
    assert token
    sent = {"email": email, "_csrf_token": token[1]}
    assert client.post("/sign-in/forgotten", data=sent).status_code == 200


@pytest.mark.slow
def test_should_mail_once_whichever_process_is_asked(
    world: World, shared: Database, tmp_path: Path
) -> None:
    told = {"bob", "erin"}
    write(world, "@bob-brandt @erin-eriksen, the merger is near")
    with world.database.write() as session:
        for name in told:
            session.get_one(Person, world.people[name]).timezone = past_seven()
        for number in range(12):
            outbox.queue(session, f"buyer{number}@outside.example", "A question", "Will you?")
        secret = open_session(session, world.people["alice"])
    wanted = Counter(
        [f"buyer{number}@outside.example" for number in range(12)]
        + [world.email(name) for name in (*told, "alice", "dana")]
    )
    inbox = Inbox()
    with ExitStack() as stack:
        server = stack.enter_context(mail_server(inbox, "desk@dealkin.example"))
        mail = {
            "DEALKIN_SMTP_URL": f"smtp://{server.host}:{server.port}",
            "DEALKIN_MAIL_FROM": server.sender,
        }
        address, parent = stack.enter_context(serving(shared, tmp_path, 2, **mail))
        until(lambda: answers(address))
        with one_of_each(address, secret, children(parent)) as (one, other):
            ask_for_a_password(one, world.email("alice"))
            ask_for_a_password(other, world.email("dana"))
        until(lambda: len(inbox.mails) >= wanted.total())
        # A process that also sends them would do it within its next look.
        time.sleep(2 * outbox.PAUSE_SECONDS)
    assert Counter(str(mail["To"]) for mail in inbox.mails) == wanted
    subjects = Counter(str(mail["Subject"]) for mail in inbox.mails)
    assert subjects["Dealkin: 1 update"] == len(told)


@pytest.mark.slow
def test_should_end_with_a_parent_that_is_killed(shared: Database, tmp_path: Path) -> None:
    with serving(shared, tmp_path, 2) as (address, parent):
        until(lambda: answers(address))
        running = children(parent)
        os.kill(parent, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in running))


def test_should_refuse_several_processes_on_sqlite(run: Run) -> None:
    refused = run("serve", "--workers", 2)
    assert refused.code == 1
    assert "PostgreSQL" in refused.err
