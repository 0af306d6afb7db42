"""The queue for pages: a few are built at a time, and a turn ends when the page is built."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

import anyio
import httpx
import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State

from tests.threads import SECONDS
from web.middleware import PAGES_AT_ONCE, InTurn, Queues

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
                self.release.wait(SECONDS)
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

        @post("/slow-write", sync_to_thread=True)
        def slow_write() -> str:
            with self.counted():
                self.release.wait(SECONDS)
            return "written"

        @post("/hash", sync_to_thread=True, opt={"hashes_password": True})
        def hash_password() -> str:
            with self.counted():
                self.release.wait(SECONDS)
            return "hashed"

        return Litestar(
            [page, broken, quick, write, slow_write, hash_password],
            middleware=[InTurn()],
            state=State({"queues": Queues()}),
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
    clients = count(1)

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
                client = (f"10.1.1.{next(clients)}", 1)
                group.start_soon(app, {**scope, "client": client}, receive, send)  # type: ignore[arg-type]
            await _until(lambda: reading == PAGES_AT_ONCE + 1)
            group.cancel_scope.cancel()

    _run(ask())


FLOOD = {"x-visitor": "65000"}


def test_should_build_one_page_of_a_visitor_at_a_time(handlers: Handlers) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            flood = [asyncio.create_task(client.get("/page", headers=FLOOD)) for _ in range(6)]
            await _until(lambda: handlers.building == 1)
            # There is room for another visitor, whatever waits.
            other = asyncio.create_task(client.get("/page"))
            await _until(lambda: handlers.building == 2)
            handlers.release.set()
            return [answer.text for answer in await asyncio.gather(*flood, other)]

    assert _run(ask()) == ["page"] * 7
    assert handlers.most == PAGES_AT_ONCE


def test_should_not_let_a_flood_past_its_turn_however_long_it_waits(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.middleware.LONGEST_WAIT", 0.05)

    async def ask() -> int:
        async with _client(handlers) as client:
            flood = [asyncio.create_task(client.get("/page", headers=FLOOD)) for _ in range(6)]
            await asyncio.sleep(0.5)
            building = handlers.building
            handlers.release.set()
            await asyncio.gather(*flood)
            return building

    assert _run(ask()) == 1


def test_should_refuse_what_would_wait_too_long(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.middleware.MOST_WAITING", 3)

    async def ask() -> list[int]:
        async with _client(handlers) as client:
            flood = [asyncio.create_task(client.get("/page", headers=FLOOD)) for _ in range(6)]
            await _until(lambda: sum(task.done() for task in flood) == 2)
            other = asyncio.create_task(client.get("/page"))
            await _until(lambda: handlers.building == 2)
            handlers.release.set()
            answers = await asyncio.gather(*flood, other)
            assert all("retry-after" in answer.headers for answer in answers[4:6])
            return [answer.status_code for answer in answers]

    assert _run(ask()) == [200] * 4 + [429] * 2 + [200]


def test_should_do_one_write_of_a_visitor_at_a_time_and_take_no_thread(
    handlers: Handlers,
) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            writes = [
                asyncio.create_task(client.post("/slow-write", headers=FLOOD)) for _ in range(20)
            ]
            await _until(lambda: handlers.building == 1)
            other = asyncio.create_task(client.post("/slow-write"))
            await _until(lambda: handlers.building == 2)
            handlers.release.set()
            return [answer.text for answer in await asyncio.gather(*writes, other)]

    assert _run(ask()) == ["written"] * 21
    assert handlers.most == 2


def test_should_hash_passwords_one_at_a_time_in_turn_for_all(handlers: Handlers) -> None:
    async def ask() -> list[str]:
        async with _client(handlers) as client:
            done: list[str] = []

            async def sign_in(who: str, **headers: str) -> None:
                await client.post("/hash", headers=headers)
                done.append(who)

            flood = [asyncio.create_task(sign_in("flood", **FLOOD)) for _ in range(8)]
            await _until(lambda: handlers.building == 1)
            other = asyncio.create_task(sign_in("other"))
            # Pages do not wait behind passwords.
            page = asyncio.create_task(client.get("/page"))
            await _until(lambda: handlers.building == 2)
            handlers.release.set()
            await asyncio.gather(*flood, other, page)
            return done

    assert "other" in _run(ask())[:3]
    assert handlers.most == 2


def _run(coroutine: Coroutine[None, None, T]) -> T:
    """The coroutine's result, in a thread of its own: browser tests leave a loop running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(coroutine, SECONDS)).result()


class Visitors(httpx.ASGITransport):
    """Sends each request from another network, unless one is named in the request."""

    numbers = count(1)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = int(request.headers.get("x-visitor") or next(self.numbers))
        self.client = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)
        return await super().handle_async_request(request)


def _client(handlers: Handlers) -> httpx.AsyncClient:
    transport = Visitors(handlers.app(), raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://dealkin.local")


async def _until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)
