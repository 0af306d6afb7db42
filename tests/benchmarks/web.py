"""Pages under fifty active users, beside a bare application that answers with the same bytes.

The server is a process of its own, as it is in earnest. A user opens a page, reads for 4 to 8
seconds and opens the next, so that fifty ask for about eight pages a second; what is measured is
how long each answer takes. The floor is Litestar alone, whose handler runs in a thread as ours do
and returns the page as it was rendered once.

By the clock a busy machine makes everything slower. So the time that the server's processor
spends on a page stands beside it: with eight pages a second, one process keeps up with what takes
less than an eighth of a second. In the last row everybody opens one page after the other.
"""

import asyncio
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from litestar import Litestar, MediaType, get
from sqlmodel import select

from similarity.index.catalog import Catalog
from tests.benchmarks._record import MadeUpModel, record
from tests.benchmarks._serving import WORKED, opened, running, serve, serve_record
from tests.benchmarks._work import add_work
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Role

USERS = 50
PAGES_EACH = 5
# Seconds that somebody looks at a page before they open the next.
READING = (4.0, 8.0)
# The deals that are looked at.
DEALS = 40


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each page of a record of each size, ours and the floor's."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(Path(folder), size)


def _measured(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    shutil.copytree(record(size), folder, dirs_exist_ok=True)
    with closing(opened(folder)) as database:
        database.upgrade()
        with database.write() as session:
            add_work(session)
            # Of one member only one page is made at a time, so each user is a member of their own.
            people = [
                members.add_member(session, f"Reader {n}", f"reader{n}@bench.example", [Role.REP])
                for n in range(USERS)
            ]
            tokens = [sessions.open_session(session, person.id) for person in people]
        with database.read() as session:
            viewer = members.viewer(session, people[0].id, people[0].name)
            deals = select(Deal.key).where(visible_deals(viewer), Deal.outcome == Outcome.OPEN)
            keys = session.exec(deals.order_by(Deal.key).limit(DEALS)).all()
        Catalog(database, MadeUpModel(), folder / "indexes").catch_up()
    pages = {
        "list": ["/deals"],
        "board": ["/deals?view=board"],
        "overview": [f"/deals/{key}" for key in keys],
        "kin": [f"/deals/{key}/kin" for key in keys],
    }
    pages["any of these"] = [
        paths[turn % len(paths)] for turn in range(DEALS) for paths in pages.values()
    ]
    for name, paths in pages.items():
        ours = _under_load(serve_record, (str(folder),), paths, tokens)
        floor = _under_load(_serve_floor, (ours.body,), paths, tokens)
        yield {
            "deals": f"{size:,}",
            "page": name,
            "kB": f"{len(ours.body) / 1000:.0f}",
            "p50, p95": _told(ours.took),
            "floor's": _told(floor.took),
            "times the floor's p95": f"{_p95(ours.took) / _p95(floor.took):.1f}",
            "processor a page": f"{ours.worked * 1000:.0f} ms",
            "floor's processor": f"{floor.worked * 1000:.1f} ms",
        }


@dataclass(frozen=True)
class Visits:
    """How long every answer took, how long the processor worked for one, and one of the bodies."""

    took: list[float]
    worked: float
    body: bytes


def _p95(seconds: Sequence[float]) -> float:
    return float(np.percentile(seconds, 95))


def _told(seconds: Sequence[float]) -> str:
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return f"{p50:.0f}, {p95:.0f} ms"


def _under_load(
    target: Callable[..., None], about: tuple[Any, ...], paths: Sequence[str], tokens: Sequence[str]
) -> Visits:
    """What fifty users get from a server of its own."""
    with running(target, *about) as server:
        return asyncio.run(_visit(server.address, paths, tokens))


async def _visit(address: str, paths: Sequence[str], tokens: Sequence[str]) -> Visits:
    limits = httpx.Limits(max_connections=USERS, max_keepalive_connections=USERS)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=120) as client:
        cookies = [{"Cookie": f"session={token}"} for token in tokens]
        # The first answers compile templates and queries; a socket that listens keeps them
        # waiting until the server is there.
        for path in dict.fromkeys(paths[:4]):
            body = (await client.get(path, headers=cookies[0])).raise_for_status().content
        took: list[float] = []
        before = float((await client.get(WORKED)).raise_for_status().text)

        async def use(user: int) -> None:
            choose = random.Random(user)
            await asyncio.sleep(choose.uniform(*READING))
            for _ in range(PAGES_EACH):
                start = time.perf_counter()
                answer = await client.get(choose.choice(paths), headers=cookies[user])
                answer.raise_for_status()
                took.append(time.perf_counter() - start)
                await asyncio.sleep(choose.uniform(*READING))

        await asyncio.gather(*map(use, range(USERS)))
        after = float((await client.get(WORKED)).raise_for_status().text)
    return Visits(took, (after - before) / len(took), body)


def _serve_floor(listener: socket.socket, body: bytes) -> None:
    @get("/{path:path}", sync_to_thread=True, media_type=MediaType.HTML)
    def page(path: str) -> bytes:
        return body

    serve(listener, Litestar([page], openapi_config=None, logging_config=None))
