"""Imports by page: how long a preview takes, and what others notice while the import runs.

Eight members save notes, each a second after the last answer, while 8,800 deals are imported on
SQLite. Encoding is not part of it: the vectors are made up.
"""

import asyncio
import io
import re
import shutil
import socket
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
from tests.benchmarks._serving import opened, running, serve
from tests.benchmarks._work import add_work
from tests.torture.importing import ROWS, deals
from web import limits
from web.app import create_app
from web.jobs import kinds_of
from web.limits import Kind, Limit
from web.server import settle
from web.session_cookie import csrf_token_of
from web.workspace import workspace_on
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome
from workspace.imports.ledger import ImportRun, RunState
from workspace.jobs.running import Runner
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Role
from workspace.settings import Settings

CONNECTIONS = 5_000
SAVERS = 8
CELL = 30_000_000
COLUMNS = 100_000


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Rows for a record of each size: two files that are imported and two that are awkward."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(Path(folder), size)


def connections(rows: int) -> bytes:
    """An export of LinkedIn with so many connections."""
    lines = ["First Name,Last Name,URL,Email Address,Company,Position,Connected On"]
    lines += [
        f"Ada{n},Onym{n % 977},https://www.linkedin.com/in/ada-onym-{n},,Works {n % 700},"
        f"Head of Data {n % 13},{n % 28 + 1:02} Jan 2024"
        for n in range(rows)
    ]
    return "\n".join(lines).encode()


def _measured(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    shutil.copytree(record(size), folder, dirs_exist_ok=True)
    with closing(opened(folder)) as database:
        database.upgrade()
        with database.write() as session:
            add_work(session)
            people = [
                members.add_member(
                    session, f"Saver {n}", f"saver{n}@bench.example", [Role.ADMIN, Role.REP]
                )
                for n in range(SAVERS + 1)
            ]
            tokens = [sessions.open_session(session, person.id) for person in people]
        with database.read() as session:
            viewer = members.viewer(session, people[0].id, people[0].name)
            found = select(Deal.key).where(visible_deals(viewer), Deal.outcome == Outcome.OPEN)
            keys = session.exec(found.order_by(Deal.key).limit(SAVERS)).all()
        Catalog(database, MadeUpModel(), folder / "indexes").catch_up()
    with running(_serve_with_jobs, str(folder)) as server:
        # The server answers once it has started.
        httpx.get(f"{server.address}/health/live", timeout=120).raise_for_status()
        for name, raw, saving in (
            (f"{CONNECTIONS:,} connections", connections(CONNECTIONS), False),
            (f"{ROWS:,} deals", deals(ROWS), False),
            (f"{ROWS:,} deals, eight members save", deals(ROWS), True),
        ):
            visit = _Visit(server.address, folder, tokens, keys)
            yield {"deals": f"{size:,}", "file": name, **asyncio.run(visit.take(raw, saving))}
        awkward = (
            ("a cell of 30 MB", b"Deal Name,Account Name\n" + b"a" * CELL + b",Works\n"),
            ("100,000 columns", b",".join(b"c%d" % n for n in range(COLUMNS)) + b"\n"),
        )
        for name, raw in awkward:
            _forget_peak(server.process.pid)
            before = _peak(server.process.pid)
            status, seconds = asyncio.run(_Visit(server.address, folder, tokens, keys).look(raw))
            yield {
                "deals": f"{size:,}",
                "awkward file": name,
                "answer": f"{status} after {seconds:.1f} s",
                "more memory at its peak": f"{(_peak(server.process.pid) - before) / 1024:.0f} MB",
            }


class _Visit:
    """What one administrator does by page, and what others do meanwhile."""

    def __init__(
        self, address: str, folder: Path, tokens: Sequence[str], keys: Sequence[str]
    ) -> None:
        self.address, self.folder, self.tokens, self.keys = address, folder, tokens, keys

    async def take(self, raw: bytes, saving: bool) -> dict[str, str]:
        """Import a file and undo it."""
        async with self._client() as client:
            at, looked = await self._upload(client, raw)
            done = asyncio.Event()
            answers: Counter[int] = Counter()
            took: list[float] = []
            savers = [
                asyncio.create_task(self._save(client, number, done, answers, took))
                for number in range(1, SAVERS + 1)
                if saving
            ]
            imported = await self._go(client, f"{at}/run", RunState.DONE)
            done.set()
            await asyncio.gather(*savers)
            undone = await self._go(client, f"{at}/undo", RunState.UNDONE)
        told = {
            "preview": f"{looked:.1f} s",
            "import": f"{imported:.1f} s",
            "undo": f"{undone:.1f} s",
        }
        if took:
            p50, p95 = np.percentile(took, [50, 95]) * 1000
            told["a save, p50, p95, longest"] = f"{p50:.0f}, {p95:.0f}, {max(took) * 1000:.0f} ms"
            told["answers to saves"] = ", ".join(f"{n} × {code}" for code, n in answers.items())
        return told

    async def look(self, raw: bytes) -> tuple[int, float]:
        """Upload a file; the status of the page that comes of it, and the seconds."""
        async with self._client() as client:
            began = time.perf_counter()
            answer = await self._send(client, raw)
            if answer.status_code == 303:
                answer = await client.get(answer.headers["location"], headers=self._cookie())
            return answer.status_code, time.perf_counter() - began

    async def _upload(self, client: httpx.AsyncClient, raw: bytes) -> tuple[str, float]:
        began = time.perf_counter()
        answer = await self._send(client, raw)
        assert answer.status_code == 303, answer.text[:500]
        at = answer.headers["location"]
        page = (await client.get(at, headers=self._cookie())).raise_for_status().text
        assert f"{at}/run" in page, page[-3000:]
        return at, time.perf_counter() - began

    async def _send(self, client: httpx.AsyncClient, raw: bytes) -> httpx.Response:
        return await client.post(
            "/imports",
            data={"_csrf_token": csrf_token_of(self.tokens[0])},
            files={"files": ("export.csv", io.BytesIO(raw))},
            headers=self._cookie(),
        )

    async def _go(self, client: httpx.AsyncClient, path: str, until: RunState) -> float:
        began = time.perf_counter()
        sent = {"_csrf_token": csrf_token_of(self.tokens[0])}
        answer = await client.post(path, data=sent, headers=self._cookie())
        assert answer.status_code == 303, answer.text[:500]
        with closing(opened(self.folder)) as database:
            while True:
                with database.read() as session:
                    state = session.exec(
                        select(ImportRun.state).order_by(ImportRun.id.desc()).limit(1)  # type: ignore[attr-defined]
                    ).one()
                if state == until:
                    return time.perf_counter() - began
                await asyncio.sleep(0.1)

    async def _save(
        self,
        client: httpx.AsyncClient,
        number: int,
        done: asyncio.Event,
        answers: Counter[int],
        took: list[float],
    ) -> None:
        token, key = self.tokens[number], self.keys[number - 1]
        while not done.is_set():
            text = f"Called {time.monotonic_ns()}"
            sent = {"kind": "note", "text": text, "_csrf_token": csrf_token_of(token)}
            began = time.perf_counter()
            answer = await client.post(
                f"/deals/{key}/activity", data=sent, headers={"Cookie": f"session={token}"}
            )
            took.append(time.perf_counter() - began)
            answers[answer.status_code] += 1
            await asyncio.sleep(1)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address, timeout=300)

    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"session={self.tokens[0]}"}


def _serve_with_jobs(listener: socket.socket, folder: str) -> None:
    limits.LIMITS = dict.fromkeys(Kind, Limit(1_000_000))
    workspace = workspace_on(opened(Path(folder)), Settings(home=folder), MadeUpModel())
    workspace.catalog.warm()
    settle()
    Runner(workspace.database, kinds_of(workspace)).start()
    serve(listener, create_app(workspace))


def _peak(pid: int | None) -> int:
    """The most memory that a process has held since `_forget_peak`, in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def _forget_peak(pid: int | None) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
