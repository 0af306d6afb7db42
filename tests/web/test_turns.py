"""The queue for pages: a few are built at a time, and a turn ends when the page is built."""

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

from web.middleware import PAGES_AT_ONCE, InTurn

T = TypeVar("T")


class Handlers:
    """Pages that take until `release` is set, with a count of those that are being built."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.building = 0
        self.most = 0
        self.lock = threading.Lock()

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self.building += 1
            self.most = max(self.most, self.building)
        try:
            yield
        finally:
            with self.lock:
                self.building -= 1

    def app(self) -> Litestar:
        @get("/page", sync_to_thread=True)
        def page() -> str:
            with self.counted():
                self.release.wait(30)
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
    # Longer than any test: a page that is built has had its turn.
    monkeypatch.setattr("web.middleware.LONGEST_WAIT", 60.0)
    made = Handlers()
    yield made
    made.release.set()


def test_should_build_a_few_pages_at_a_time(handlers: Handlers) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE + 2)]
            await _until(lambda: handlers.building == PAGES_AT_ONCE)
            handlers.release.set()
            return [answer.text for answer in await asyncio.gather(*pages)]

    assert _run(ask()) == ["page"] * (PAGES_AT_ONCE + 2)
    assert handlers.most == PAGES_AT_ONCE


def test_should_limit_the_wait_for_pages_that_are_blocked(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.middleware.LONGEST_WAIT", 0.1)

    async def ask() -> int:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE)]
            await _until(lambda: handlers.building == PAGES_AT_ONCE)
            other = await client.get("/broken")
            handlers.release.set()
            await asyncio.gather(*pages)
            # A page that had no turn gives none back: there are as many as before.
            monkeypatch.setattr("web.middleware.LONGEST_WAIT", 60.0)
            handlers.release.clear()
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE + 1)]
            await _until(lambda: handlers.building == PAGES_AT_ONCE)
            await asyncio.sleep(0.1)
            handlers.release.set()
            await asyncio.gather(*pages)
            return other.status_code

    assert _run(ask()) == 500
    assert handlers.most == PAGES_AT_ONCE


def test_should_not_queue_writes_and_async_handlers(handlers: Handlers) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE)]
            await _until(lambda: handlers.building == PAGES_AT_ONCE)
            others = [await client.post("/write"), await client.get("/quick")]
            handlers.release.set()
            await asyncio.gather(*pages)
            return [answer.text for answer in others]

    assert _run(ask()) == ["written", "quick"]


def test_should_end_the_turn_of_a_page_that_fails(handlers: Handlers) -> None:
    async def ask() -> int:
        async with _client(handlers) as client:
            handlers.release.set()
            for _ in range(PAGES_AT_ONCE + 1):
                await client.get("/broken")
            return (await client.get("/page")).status_code

    assert _run(ask()) == 200


def test_should_end_the_turn_of_a_client_that_goes_away(handlers: Handlers) -> None:
    async def ask() -> int:
        async with _client(handlers) as client:
            pages = [asyncio.create_task(client.get("/page")) for _ in range(PAGES_AT_ONCE)]
            await _until(lambda: handlers.building == PAGES_AT_ONCE)
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)
            other = await client.get("/broken")
            handlers.release.set()
            return other.status_code

    assert _run(ask()) == 500


def test_should_end_the_turn_before_a_slow_client_has_read(handlers: Handlers) -> None:
    app = handlers.app()
    handlers.release.set()
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


def _run(coroutine: Coroutine[None, None, T]) -> T:
    """The coroutine's result, in a thread of its own: browser tests leave a loop running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(coroutine, 10)).result()


def _client(handlers: Handlers) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(handlers.app(), raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://dealkin.local")


async def _until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await asyncio.sleep(0.01)
