"""Members who all save at once: nothing is refused, lost or written over unseen.

Each adds a note, an account, or one to a number in the description of an account, by the form that
they opened; members share these accounts. A change of what was opened meanwhile has to be refused
with both versions, so that the numbers are as many as the changes that were acknowledged.
"""

import asyncio
import random
import re
import secrets
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from sqlmodel import Session, col, select

from similarity.index.catalog import Catalog
from tests.benchmarks._record import MadeUpModel
from tests.benchmarks._serving import running, serve_unlimited
from tests.torture.killing import require_sound
from web.session_cookie import csrf_token_of
from workspace.accounts.accounts import Account, add_account
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.people import members
from workspace.people.sign_in.sessions import open_session
from workspace.people.tables import Role
from workspace.settings import Settings
from workspace.setup import open_database
from workspace.timeline.timeline import TimelineEntry

SHARED_ACCOUNTS = 5
DEALS = 20
# A member does not save again at once.
PAUSE_SECONDS = 2.0


@dataclass
class Said:
    """What the server answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    changes: Counter[str] = field(default_factory=Counter)

    def report(self) -> str:
        p50, p95, p99 = np.percentile(self.seconds, [50, 95, 99]) * 1000
        answers = ", ".join(f"{count:,} × {code}" for code, count in sorted(self.statuses.items()))
        return (
            f"{answers}; a save p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f},"
            f" longest {max(self.seconds) * 1000:.0f} ms; nothing lost, nothing written over."
        )


def save_together(savers: int, seconds: float) -> Said:
    """What so many members were answered on SQLite; fails if anything is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'record.sqlite3'}"
        database = open_database(Settings(home=Path(folder), backups="off", DATABASE_URL=url))
        with closing(database):
            with database.write() as session:
                tokens = [_token(session, number) for number in range(savers)]
                deals = [lifecycle.log(session, f"Deal {n}", None, None).key for n in range(DEALS)]
                shared = [
                    add_account(session, f"Shared {n}", description="0 by none").key
                    for n in range(SHARED_ACCOUNTS)
                ]
            Catalog(database, MadeUpModel(), Path(folder) / "indexes").catch_up()
            said = _serve_and_save(folder, tokens, deals, shared, seconds)
            _require_all(database, said)
    return said


def _token(session: Session, number: int) -> str:
    email = f"saver{number}@torture.example"
    person = members.add_member(session, f"Saver {number}", email, [Role.MANAGER])
    return open_session(session, person.id)


def _serve_and_save(
    folder: str, tokens: list[str], deals: list[str], shared: list[str], seconds: float
) -> Said:
    with running(serve_unlimited, folder) as server:
        return asyncio.run(_save(server.address, tokens, deals, shared, seconds))


async def _save(
    address: str, tokens: list[str], deals: list[str], shared: list[str], seconds: float
) -> Said:
    said = Said()
    limits = httpx.Limits(max_connections=len(tokens))
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        cookies = {"Cookie": f"session={tokens[0]}"}
        # The first page waits until the server has started.
        (await client.get("/deals", headers=cookies)).raise_for_status()
        until = time.monotonic() + seconds

        async def member(token: str) -> None:
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))
            saver = _Saver(client, token, said)
            while time.monotonic() < until:
                what = random.randrange(3)
                if what == 0:
                    await saver.add_note(random.choice(deals))
                elif what == 1:
                    await saver.add_account()
                else:
                    await saver.change(random.choice(shared))
                await asyncio.sleep(PAUSE_SECONDS)

        await asyncio.gather(*map(member, tokens))
    return said


class _Saver:
    def __init__(self, client: httpx.AsyncClient, token: str, said: Said) -> None:
        self._client = client
        self._token = token
        self._said = said

    async def add_note(self, deal: str) -> None:
        word = secrets.token_hex(8)
        sent = {"text": f"Note {word}", "kind": "note"}
        if await self._post(f"/deals/{deal}/activity", sent) == 303:
            self._said.notes.add(word)

    async def add_account(self) -> None:
        word = secrets.token_hex(8)
        if await self._post("/accounts", {"name": f"Account {word}"}) == 303:
            self._said.accounts.add(word)

    async def change(self, key: str) -> None:
        path = f"/accounts/{key}/edit"
        form = (await self._client.get(path, headers=self._cookie())).text
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', form)
        number = re.search(r'name="description"[^>]*>\s*(\d+)', form)
        assert seen
        assert number
        # A member reads the form while others have it open.
        await asyncio.sleep(random.uniform(0, 1))
        sent = {
            "name": f"Shared {key.rpartition('-')[2]}",
            "description": f"{int(number[1]) + 1} by {secrets.token_hex(4)}",
            "seen": seen[1],
        }
        if await self._post(path, sent) == 303:
            self._said.changes[key] += 1

    async def _post(self, path: str, sent: dict[str, str]) -> int:
        sent = {**sent, "_csrf_token": csrf_token_of(self._token)}
        asked = time.perf_counter()
        answer = await self._client.post(path, data=sent, headers=self._cookie())
        self._said.seconds.append(time.perf_counter() - asked)
        self._said.statuses[answer.status_code] += 1
        assert answer.status_code in (303, 409), f"{path}: {answer.status_code}\n{answer.text}"
        if answer.status_code == 409:
            table = answer.text.partition('<table class="compare">')[2].partition("</table>")[0]
            assert f"<td>{sent['description']}</td>" in table
            assert len(re.findall(r"<td>\d+ by \w+</td>", table)) == 2
        return answer.status_code

    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"session={self._token}"}


def _require_all(database: Database, said: Said) -> None:
    """Fail if something that was acknowledged is not there, or was written over."""
    with database.read() as session:
        written = select(TimelineEntry.text).where(col(TimelineEntry.text).startswith("Note "))
        assert {text.split()[1] for text in session.exec(written)} == said.notes
        added = select(Account.name).where(col(Account.name).startswith("Account "))
        assert {name.split()[1] for name in session.exec(added)} == said.accounts
        shared = select(Account).where(col(Account.name).startswith("Shared "))
        numbers = {
            account.key: int(account.description.split()[0]) for account in session.exec(shared)
        }
        assert numbers == {key: said.changes[key] for key in numbers}
        require_sound(session)
