"""Pools: writers that wait for a lock stop neither pages nor streams, and lose nothing typed."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import Session, col, select

from tests.serving import serving
from tests.threads import SECONDS, wait_for
from tests.web.conftest import Visit
from tests.world import World
from web import middleware
from web.pools import PASSWORDS_AT_ONCE, WRITES_AT_ONCE
from web.session_cookie import csrf_token_of
from workspace.accounts.accounts import Account
from workspace.database import Database, writing_until
from workspace.errors import Busy
from workspace.people.sign_in.sessions import open_session

NOTE = "They decide on Friday & want “two” references.\nCall <Ines>."


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another program writes, and does not stop: on SQLite to the file, else to the accounts."""
    if database.is_sqlite:
        with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    other_engine = sa.create_engine(database.url)
    with other_engine.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE account IN EXCLUSIVE MODE")
        yield
    other_engine.dispose()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "SAVE_SECONDS", 1.0)


def test_should_give_a_saver_a_page_that_keeps_what_they_typed(visit: Visit, world: World) -> None:
    alice = visit("alice")
    with locked(world.database):
        answer = alice.post("/accounts", {"name": "Harrow & Sons", "description": NOTE})
        told = alice.post("/accounts", {"name": "Harrow"}, **{"HX-Request": "true"})
    assert (answer.status_code, told.status_code) == (503, 503)
    assert answer.headers["retry-after"]
    assert "Nothing was saved" in answer.text
    assert 'action="/accounts"' in answer.text
    assert 'name="name" value="Harrow &amp; Sons"' in answer.text
    assert "They decide on Friday &amp; want" in answer.text
    assert "Call &lt;Ines&gt;." in answer.text
    assert answer.text.count('name="_csrf_token"') == 1
    assert "Nothing was saved" in told.text
    assert "<" not in told.text
    with world.database.read() as session:
        assert session.exec(select(Account).where(col(Account.name).like("Harrow%"))).all() == []
    assert (
        alice.post("/accounts", {"name": "Harrow & Sons", "description": NOTE}).status_code == 303
    )


def test_should_never_send_a_password_back(visit: Visit, world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("Accounts are locked, which a sign-in does not write.")
    stranger = visit(None)
    stranger.token = stranger.token_of("/sign-in")
    sent = {"email": world.email("alice"), "password": "my secret password"}
    with locked(world.database):
        answer = stranger.post("/sign-in", sent)
    assert answer.status_code == 503
    assert "secret" not in answer.text
    assert world.email("alice") not in answer.text


def test_should_answer_pages_and_streams_while_all_writers_wait(
    app: Litestar, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "SAVE_SECONDS", 4.0)
    names = ("alice", "bob", "charlie", "dana", "erin", "grace")
    assert len(names) > WRITES_AT_ONCE + PASSWORDS_AT_ONCE
    with world.database.write() as session:
        secrets = {name: open_session(session, world.people[name]) for name in names}

    async def ask(address: str) -> tuple[list[int], list[int]]:
        async with httpx.AsyncClient(base_url=address, timeout=SECONDS) as client:

            def headers(name: str) -> dict[str, str]:
                return {"Cookie": f"session={secrets[name]}"}

            async def save(name: str) -> int:
                sent = {"name": f"Of {name}", "_csrf_token": csrf_token_of(secrets[name])}
                answer = await client.post("/accounts", data=sent, headers=headers(name))
                return answer.status_code

            saves = [asyncio.create_task(save(name)) for name in names for _ in range(2)]
            await asyncio.sleep(0.5)
            answers = []
            for path in ("/deals", "/live", "/accounts", "/sign-in"):
                answers.append((await client.get(path, headers=headers("alice"))).status_code)
            assert not any(save.done() for save in saves), "pages took longer than the saves waited"
            return answers, list(await asyncio.gather(*saves))

    # In a thread, because the browser's driver leaves an event loop running in this one.
    with serving(app) as address, locked(world.database), ThreadPoolExecutor(1) as thread:
        pages, saved = thread.submit(lambda: asyncio.run(ask(address))).result()
    # Signed-in members are led on from the page for signing in.
    assert pages == [200, 200, 200, 303]
    assert set(saved) == {503}


def test_should_wait_no_longer_than_its_deadline(world: World) -> None:
    database = world.database
    began = time.monotonic()
    with (
        locked(database),
        pytest.raises(Busy),
        writing_until(time.monotonic() + 0.3),
        database.write() as session,
    ):
        _write(session)
    assert time.monotonic() - began < SECONDS / 2


def test_should_refuse_a_writer_whose_turn_does_not_come(world: World) -> None:
    database = world.database
    if not database.is_sqlite:
        pytest.skip("On PostgreSQL writers take no turns.")
    writing, done = threading.Event(), threading.Event()

    def write() -> None:
        with database.write():
            writing.set()
            done.wait(SECONDS)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    assert writing.wait(SECONDS)
    with pytest.raises(Busy), writing_until(time.monotonic() + 0.1), database.write():
        pass
    done.set()
    wait_for(thread)
    with writing_until(time.monotonic() + SECONDS), database.write() as session:
        _write(session)


def _write(session: Session) -> None:
    session.execute(sa.update(Account).values(description=""))
