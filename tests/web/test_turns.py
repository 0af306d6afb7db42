"""Pages are made in turn: a few at a time, and nobody holds a turn for longer than that takes."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import anyio
import httpx
import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State

from tests.threads import SECONDS
from web.middleware import PAGES_AT_ONCE, InTurn

T = TypeVar("T")


class Handlers:
    """Pages that stay in the making until they are let go, and how many are."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.in_the_making = 0
        self.most = 0
        self.lock = threading.Lock()

    @contextmanager
    def making(self) -> Iterator[None]:
        with self.lock:
            self.in_the_making += 1
            self.most = max(self.most, self.in_the_making)
        try:
            yield
        finally:
            with self.lock:
                self.in_the_making -= 1

    def app(self) -> Litestar:
        @get("/page", sync_to_thread=True)
        def page() -> str:
            with self.making():
                self.let_go.wait(SECONDS)
            return "page"

        @get("/broken", sync_to_thread=True)
        def broken() -> str:
            raise RuntimeError

        @get("/quick")
        async def quick() -> str:
            return "quick"

        @post("/write", sync_to_thread=True)
        def write() -> str:
            return "written"

        return Litestar(
            [page, broken, quick, write],
            middleware=[InTurn()],
            state=State({"turns": asyncio.Semaphore(PAGES_AT_ONCE)}),
            openapi_config=None,
            logging_config=None,
        )


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handlers]:
    # Longer than any test goes on: what passes has had its turn.
    monkeypatch.setattr("web.middleware.PATIENCE", 60.0)
    made = Handlers()
    yield made
    made.let_go.set()


def test_a_few_pages_are_made_at_a_time(handlers: Handlers) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE + 2)]
            await _until(lambda: handlers.in_the_making == PAGES_AT_ONCE)
            handlers.let_go.set()
            return [answer.text for answer in await asyncio.gather(*pages)]

    assert _run(ask()) == ["page"] * (PAGES_AT_ONCE + 2)
    assert handlers.most == PAGES_AT_ONCE


def test_nobody_waits_for_ever_for_pages_that_wait_themselves(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.middleware.PATIENCE", 0.1)

    async def ask() -> int:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE)]
            await _until(lambda: handlers.in_the_making == PAGES_AT_ONCE)
            other = await client.get("/broken")
            handlers.let_go.set()
            await asyncio.gather(*pages)
            # Whoever had no turn gave none back: there are as many as before.
            monkeypatch.setattr("web.middleware.PATIENCE", 60.0)
            handlers.let_go.clear()
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE + 1)]
            await _until(lambda: handlers.in_the_making == PAGES_AT_ONCE)
            await asyncio.sleep(0.1)
            handlers.let_go.set()
            await asyncio.gather(*pages)
            return other.status_code

    assert _run(ask()) == 500
    assert handlers.most == PAGES_AT_ONCE


def test_writes_and_what_takes_no_thread_do_not_wait_for_pages(handlers: Handlers) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE)]
            await _until(lambda: handlers.in_the_making == PAGES_AT_ONCE)
            others = [await client.post("/write"), await client.get("/quick")]
            handlers.let_go.set()
            await asyncio.gather(*pages)
            return [answer.text for answer in others]

    assert _run(ask()) == ["written", "quick"]


def test_a_page_that_fails_gives_its_turn_back(handlers: Handlers) -> None:
    async def ask() -> int:
        async with _client(handlers) as client:
            handlers.let_go.set()
            for _ in range(PAGES_AT_ONCE + 1):
                await client.get("/broken")
            return (await client.get("/page")).status_code

    assert _run(ask()) == 200


def test_who_goes_away_gives_their_turn_back(handlers: Handlers) -> None:
    async def ask() -> int:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE)]
            await _until(lambda: handlers.in_the_making == PAGES_AT_ONCE)
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)
            other = await client.get("/broken")
            handlers.let_go.set()
            return other.status_code

    assert _run(ask()) == 500


def test_who_reads_slowly_holds_no_turn(handlers: Handlers) -> None:
    app = handlers.app()
    handlers.let_go.set()
    path = {"path": "/page", "raw_path": b"/page", "query_string": b"", "headers": []}
    scope = {"type": "http", "method": "GET", "http_version": "1.1", "root_path": "", **path}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        never = anyio.Event()
        reading = 0

        async def send(_message: object) -> None:
            nonlocal reading
            reading += 1
            await never.wait()

        async with anyio.create_task_group() as group:
            for _ in range(PAGES_AT_ONCE + 1):
                group.start_soon(app, dict(scope), receive, send)  # type: ignore[arg-type]
            await _until(lambda: reading == PAGES_AT_ONCE + 1)
            group.cancel_scope.cancel()

    _run(ask())


def _run(asked: Coroutine[None, None, T]) -> T:
    """What this comes to, in a loop of its own: tests in a browser leave one running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(asked, SECONDS)).result()


def _client(handlers: Handlers) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(handlers.app(), raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://dealkin.local")


async def _until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(SECONDS):
        while not holds():
            await asyncio.sleep(0.01)
