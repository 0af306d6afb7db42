"""A reader's pages while sixty members save and another program holds SQLite's lock.

The program takes the lock once the savers are under way, and holds it for forty seconds. A saver
who gets no answer in words within fifteen seconds would count as lost, and so would a page that
waits for the savers.
"""

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
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
from web.session_cookie import csrf_token_of
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Role

SAVERS = 60
HELD_SECONDS = 40.0
# Between two pages of the reader.
PAUSE_SECONDS = 0.2


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Two rows for a record of each size: without and with the lock held."""
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
                members.add_member(session, f"Saver {n}", f"saver{n}@bench.example", [Role.REP])
                for n in range(SAVERS + 1)
            ]
            tokens = [sessions.open_session(session, person.id) for person in people]
        with database.read() as session:
            viewer = members.viewer(session, people[0].id, people[0].name)
            deals = select(Deal.key).where(visible_deals(viewer), Deal.outcome == Outcome.OPEN)
            keys = session.exec(deals.order_by(Deal.key).limit(10)).all()
        Catalog(database, MadeUpModel(), folder / "indexes").catch_up()
    pages = ["/deals", *(f"/deals/{key}{tab}" for key in keys for tab in ("/kin", "/activity"))]
    with running(serve_unlimited, str(folder)) as server:
        for held in (False, True):
            took, answers, longest = asyncio.run(
                _visit(server.address, folder, pages, tokens, held)
            )
            p50, p95 = np.percentile(took, [50, 95]) * 1000
            yield {
                "deals": f"{size:,}",
                "another program": f"holds the lock for {HELD_SECONDS:.0f} s" if held else "none",
                "a reader's page, p50, p95, longest": (
                    f"{p50:.0f}, {p95:.0f}, {max(took) * 1000:.0f} ms"
                ),
                "answers to savers": ", ".join(
                    f"{count} × {status}" for status, count in sorted(answers.items())
                ),
                "longest save": f"{longest:.1f} s",
            }


async def _visit(
    address: str, folder: Path, pages: Sequence[str], tokens: Sequence[str], held: bool
) -> tuple[list[float], Counter[int], float]:
    answers: Counter[int] = Counter()
    longest = 0.0
    until = time.monotonic() + HELD_SECONDS
    async with httpx.AsyncClient(
        base_url=address, timeout=120, limits=httpx.Limits(max_connections=SAVERS + 1)
    ) as client:
        for page in pages:
            (await client.get(page, headers=_cookie(tokens[0]))).raise_for_status()

        async def save(token: str) -> None:
            nonlocal longest
            while time.monotonic() < until:
                sent = {
                    "name": f"Account {time.monotonic_ns()}",
                    "_csrf_token": csrf_token_of(token),
                }
                asked = time.perf_counter()
                answer = await client.post("/accounts", data=sent, headers=_cookie(token))
                longest = max(longest, time.perf_counter() - asked)
                answers[answer.status_code] += 1
                # A person does not save again at once.
                await asyncio.sleep(2)

        with closing(_connection(folder)) as other:
            if held:
                other.execute("BEGIN IMMEDIATE")
            saving = [asyncio.create_task(save(token)) for token in tokens[1:]]
            took: list[float] = []
            while time.monotonic() < until:
                asked = time.perf_counter()
                page = pages[len(took) % len(pages)]
                (await client.get(page, headers=_cookie(tokens[0]))).raise_for_status()
                took.append(time.perf_counter() - asked)
                await asyncio.sleep(PAUSE_SECONDS)
            if held:
                other.execute("ROLLBACK")
        await asyncio.gather(*saving)
    return took, answers, longest


def _connection(folder: Path) -> sqlite3.Connection:
    (path,) = folder.glob("*.sqlite3")
    return sqlite3.connect(path, isolation_level=None, timeout=60)


def _cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"session={token}"}
