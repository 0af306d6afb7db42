"""Pages under fifty active users, beside a bare application that answers with the same bytes.

The server is a process of its own, as it is in earnest. A user opens a page, reads for some
seconds and opens the next; what is measured is how long each answer takes. The floor is Litestar
alone, whose handler runs in a thread as ours do and returns the page as it was rendered once.
"""

import asyncio
import multiprocessing
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from litestar import Litestar, MediaType, get
from sqlmodel import select

from references.network import Network
from similarity.catalog import Catalog
from tests.benchmarks._record import MadeUpModel, record
from web.app import create_app
from workspace import members
from workspace.access import visible_deals
from workspace.database import Database
from workspace.deals import Deal, Outcome
from workspace.people import Role
from workspace.settings import Settings

USERS = 50
PAGES_EACH = 5
# Seconds that somebody looks at a page before they open the next.
READING = (4.0, 8.0)


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each page of a record of each size, ours and the floor's."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(Path(folder), size)


def _measured(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    shutil.copytree(record(size), folder, dirs_exist_ok=True)
    with closing(_opened(folder)) as database:
        database.upgrade()
        with database.write() as session:
            person = members.add_member(session, "Reader", "reader@bench.example", [Role.REP])
            token = members.open_session(session, person.id)
        with database.read() as session:
            viewer = members.viewer(session, person.id, person.name)
            deals = select(Deal.key).where(visible_deals(viewer), Deal.outcome == Outcome.OPEN)
            keys = session.exec(deals.limit(40)).all()
    pages = {
        "list": ["/deals"],
        "deal": [f"/deals/{key}" for key in keys],
        "kin": [f"/deals/{key}/kin" for key in keys],
    }
    for name, paths in pages.items():
        ours, body = _under_load(_serve_ours, (str(folder),), paths, token)
        floor, _ = _under_load(_serve_floor, (body,), paths, token)
        yield {
            "deals": f"{size:,}",
            "page": name,
            "kB": f"{len(body) / 1000:.0f}",
            "p50, p95": _told(ours),
            "floor's": _told(floor),
            "times the floor's p95": f"{np.percentile(ours, 95) / np.percentile(floor, 95):.1f}",
        }


def _told(seconds: Sequence[float]) -> str:
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return f"{p50:.0f}, {p95:.0f} ms"


def _under_load(
    serve: Any, about: tuple[Any, ...], paths: Sequence[str], token: str
) -> tuple[list[float], bytes]:
    """How long every answer took, and one of the bodies."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # A fork would take over the threads' locks of this process, but not the threads.
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(listener, *about))
    process.start()
    try:
        return asyncio.run(_visit(address, paths, token))
    finally:
        process.terminate()
        process.join()
        listener.close()


async def _visit(address: str, paths: Sequence[str], token: str) -> tuple[list[float], bytes]:
    limits = httpx.Limits(max_connections=USERS, max_keepalive_connections=USERS)
    async with httpx.AsyncClient(
        base_url=address, cookies={"session": token}, limits=limits, timeout=120
    ) as client:
        for path in dict.fromkeys(paths[:3]):
            body = (await client.get(path)).raise_for_status().content
        took: list[float] = []

        async def use(user: int) -> None:
            choose = random.Random(user)
            await asyncio.sleep(choose.uniform(*READING))
            for _ in range(PAGES_EACH):
                start = time.perf_counter()
                (await client.get(choose.choice(paths))).raise_for_status()
                took.append(time.perf_counter() - start)
                await asyncio.sleep(choose.uniform(*READING))

        await asyncio.gather(*map(use, range(USERS)))
    return took, body


def _opened(folder: Path) -> Database:
    (path,) = folder.glob("*.sqlite3")
    return Database(f"sqlite:///{path}")


def _serve_ours(listener: socket.socket, folder: str) -> None:
    database = _opened(Path(folder))
    catalog = Catalog(database, MadeUpModel(), Path(folder) / "indexes")
    catalog.warm()
    _serve(listener, create_app(Settings(home=folder), database, catalog, Network(database)))


def _serve_floor(listener: socket.socket, body: bytes) -> None:
    @get("/{path:path}", sync_to_thread=True, media_type=MediaType.HTML)
    def page(path: str) -> bytes:
        return body

    _serve(listener, Litestar([page], openapi_config=None, logging_config=None))


def _serve(listener: socket.socket, app: Litestar) -> None:
    config = uvicorn.Config(app, log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
