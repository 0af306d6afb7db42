"""A colleague's pages while one member, or a stranger, floods the server.

The limits on requests a minute are lifted, as they would end a flood before it is measured: what is
measured is that costly work waits in fair turns. The flood keeps forty long searches, or sixty
sign-ins with wrong passwords, under way all the time; the colleague opens one page after the other.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlmodel import select

from similarity.index.catalog import Catalog
from tests.benchmarks._record import MadeUpModel, record
from tests.benchmarks._serving import opened, running, serve_unlimited
from tests.benchmarks._work import add_work
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Role

SEARCHES_AT_ONCE = 40
SIGN_INS_AT_ONCE = 60
# The pages that the colleague opens, alone and during each flood.
PAGES = 60
# What people paste into the search field.
LONG_TEXT = "warehouse for a hospital group that merges records of four systems " * 25

Act = Callable[[httpx.AsyncClient, int], Awaitable[object]]


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each flood on a record of each size."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(Path(folder), size)


def _measured(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    shutil.copytree(record(size), folder, dirs_exist_ok=True)
    with closing(opened(folder)) as database:
        database.upgrade()
        with database.write() as session:
            add_work(session)
            people = [
                members.add_member(session, name, f"{name}@bench.example", [Role.REP])
                for name in ("colleague", "flooder")
            ]
            tokens = [sessions.open_session(session, person.id) for person in people]
        with database.read() as session:
            viewer = members.viewer(session, people[0].id, "colleague")
            deals = select(Deal.key).where(visible_deals(viewer), Deal.outcome == Outcome.OPEN)
            keys = session.exec(deals.order_by(Deal.key).limit(10)).all()
        Catalog(database, MadeUpModel(), folder / "indexes").catch_up()
    pages = ["/deals", *(f"/deals/{key}{tab}" for key in keys for tab in ("/kin", "/activity"))]
    floods: list[tuple[str, Act | None, int]] = [
        ("nobody", None, 0),
        (f"{SEARCHES_AT_ONCE} searches of one member", _search(tokens[1]), SEARCHES_AT_ONCE),
        (f"{SIGN_INS_AT_ONCE} sign-ins from one address", _sign_in, SIGN_INS_AT_ONCE),
    ]
    alone = 0.0
    for name, act, at_once in floods:
        took, flooded = _during(folder, pages, tokens[0], act, at_once)
        p50, p95 = np.percentile(took, [50, 95]) * 1000
        alone = alone or p50
        yield {
            "deals": f"{size:,}",
            "flood": name,
            "its answers a second": f"{flooded:.1f}",
            "a colleague's page, p50, p95": f"{p50:.0f}, {p95:.0f} ms",
            "times the p50 alone": f"{p50 / alone:.1f}",
        }


def _during(
    folder: Path, pages: Sequence[str], token: str, act: Act | None, at_once: int
) -> tuple[list[float], float]:
    """How long the colleague's pages take, and how many answers a second the flood gets."""
    with running(serve_unlimited, str(folder)) as server:
        return asyncio.run(_visit(server.address, pages, token, act, at_once))


async def _visit(
    address: str, pages: Sequence[str], token: str, act: Act | None, at_once: int
) -> tuple[list[float], float]:
    async with (
        httpx.AsyncClient(base_url=address, cookies={"session": token}, timeout=120) as colleague,
        httpx.AsyncClient(
            base_url=address, timeout=120, limits=httpx.Limits(max_connections=at_once + 1)
        ) as crowd,
    ):
        for page in pages:
            (await colleague.get(page)).raise_for_status()
        answers = 0

        async def flood(number: int) -> None:
            nonlocal answers
            while act:
                await act(crowd, number)
                answers += 1

        flooding = [asyncio.create_task(flood(number)) for number in range(at_once)]
        await asyncio.sleep(1 if act else 0)
        start, before, took = time.perf_counter(), answers, []
        for turn in range(PAGES):
            asked = time.perf_counter()
            (await colleague.get(pages[turn % len(pages)])).raise_for_status()
            took.append(time.perf_counter() - asked)
        a_second = (answers - before) / (time.perf_counter() - start)
        for task in flooding:
            task.cancel()
        await asyncio.gather(*flooding, return_exceptions=True)
    return took, a_second


def _search(token: str) -> Act:
    async def search(crowd: httpx.AsyncClient, number: int) -> None:
        answer = await crowd.get(
            "/search", params={"q": f"{number} {LONG_TEXT}"}, headers={"Cookie": f"session={token}"}
        )
        await _pause_if_refused(answer)

    return search


async def _sign_in(crowd: httpx.AsyncClient, number: int) -> None:
    page = await crowd.get("/sign-in")
    if page.status_code == httpx.codes.OK and "_csrf_token" in page.text:
        token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]
        sent = {"email": f"{number}@x.example", "password": "a guess", "_csrf_token": token}
        page = await crowd.post("/sign-in", data=sent)
    await _pause_if_refused(page)


async def _pause_if_refused(answer: httpx.Response) -> None:
    """A client that is refused at once, and asks again at once, would only measure itself."""
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        await asyncio.sleep(0.5)
