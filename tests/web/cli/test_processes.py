"""Several processes by one command: they serve, are replaced, and stop with their parent."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.threads import SECONDS
from tests.web.cli.conftest import Run
from tests.world import World
from web.session_cookie import csrf_token_of
from workspace.database import Database
from workspace.people.sign_in.sessions import open_session

# The command line on a model that takes no time to load.
SCRIPT = """
import web.workspace
from tests.world import FakeEmbedder
from web.cli.main import main
web.workspace.encoder_of = lambda _: FakeEmbedder()
main()
"""


@contextmanager
def serving(database: Database, home: Path, workers: int) -> Iterator[tuple[str, int]]:
    """The address of a server with some processes, and the process that was started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": database.url.render_as_string(hide_password=False),
        "DEALKIN_HOME": str(home),
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


@pytest.fixture
def shared(world: World) -> Database:
    if world.database.is_sqlite:
        pytest.skip("SQLite has one server process.")
    return world.database


@pytest.mark.slow
def test_should_serve_replace_and_stop(world: World, shared: Database, tmp_path: Path) -> None:
    with world.database.write() as session:
        secret = open_session(session, world.people["alice"])
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

        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(children(parent)) == 2 and children(parent) != before)
        until(lambda: answers(address))
        began, running = time.monotonic(), children(parent)
    assert time.monotonic() - began < SECONDS
    assert not any(Path(f"/proc/{pid}").exists() for pid in running)
    log = (tmp_path / "log.txt").read_text()
    assert len(re.findall(r"Dealkin is at", log)) == 1
    assert "Traceback" not in log


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
