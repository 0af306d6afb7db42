"""Commits of other processes are told within a second."""

import threading
import time

import psycopg
import pytest
import sqlalchemy as sa

from tests.threads import SECONDS, wait_for
from workspace import commits
from workspace.accounts.accounts import add_account
from workspace.commits import listen
from workspace.database import Database


@pytest.fixture
def url(database: Database) -> str:
    if database.is_sqlite:
        pytest.skip("SQLite has one server process.")
    return database.url.render_as_string(hide_password=False)


def end(stopped: threading.Event) -> None:
    stopped.set()
    wait_for(*(thread for thread in threading.enumerate() if thread.name == "commits"))


def test_should_tell_of_each_commit(database: Database, url: str) -> None:
    told = threading.Event()
    stopped = listen(url, told.set)
    try:
        assert told.wait(SECONDS), "what was committed before is told once there is a connection"
        told.clear()
        began = time.monotonic()
        with database.write() as session:
            add_account(session, "Harrow")
            assert not told.wait(0.2)
        assert told.wait(1.0), time.monotonic() - began
    finally:
        end(stopped)


def test_should_connect_again(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "RETRY_SECONDS", 0.05)
    told = threading.Event()
    stopped = listen(url, told.set)
    try:
        assert told.wait(SECONDS)
        told.clear()
        plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as admin:
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN %' AND datname = current_database()"
            ).fetchall()
        assert ended == [(True,)]
        assert told.wait(SECONDS), "commits in between are told once it is connected again"
    finally:
        end(stopped)
