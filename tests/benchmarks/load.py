"""Fifty active users for half an hour on a large record: what they open, ask and save.

The record has 20,000 deals, 100,000 people and 500,000 ties. A user opens something, reads for four
to six seconds and goes on; every eighth act saves a note on a deal of theirs. The server is a
process of its own. It is measured how long answers take, whether one fails, and how the memory of
the server grows from its first tenth of the time, when everything has been opened once, to the end.

`LOAD_MINUTES` has another time for it, where half an hour is too long. With `LOAD_WORKERS` so many
processes serve the record from PostgreSQL, which is beside them on the machine.
"""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from references.network.ties import Tie, TieKind
from similarity.index.catalog import Catalog
from tests.benchmarks._network import network
from tests.benchmarks._postgresql import copy_of_record, postgresql
from tests.benchmarks._record import MadeUpModel, count_on, record
from tests.benchmarks._serving import running, serve_record, serve_with_processes
from tests.benchmarks._work import add_work
from web.session_cookie import csrf_token_of
from workspace.accounts.accounts import Account
from workspace.database import Database
from workspace.deals import seat_roles
from workspace.deals.tables import Deal, Outcome
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Person, Role

DEALS = 20_000
PEOPLE = 100_000
TIES = 500_000
USERS = 50
READING = (4.0, 6.0)
MINUTES = float(os.environ.get("LOAD_MINUTES", "30"))
# None: one process, and SQLite.
WORKERS = int(os.environ.get("LOAD_WORKERS", "0"))
# Each user's own deals.
OWN = 8
# After so many acts a note is saved.
SAVES = 8
# What users open besides pages of deals, people and accounts.
PAGES = (
    "/",
    "/deals",
    "/deals?view=board",
    "/accounts",
    "/people",
    "/inbox",
    "/library",
    "/references",
    "/experts",
)
OF_DEAL = ("", "/kin", "/references", "/experts", "/playbook", "/activity", "/stakeholders")


@dataclass(frozen=True)
class User:
    """Somebody who works: their session, and the keys of what they open."""

    token: str
    deals: Sequence[str]
    accounts: Sequence[str]
    people: Sequence[str]
    words: Sequence[str]


@dataclass
class Figures:
    """How many seconds answers took, and how much memory the server held, in MB, at a moment."""

    reads: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)


def run() -> Iterator[dict[str, Any]]:
    """A row for the answers, and one for the memory."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if WORKERS:
            server = stack.enter_context(postgresql())
            url = copy_of_record(server, DEALS, "load")
        else:
            shutil.copytree(record(DEALS), folder, dirs_exist_ok=True)
            url = f"sqlite:///{folder / 'record.sqlite3'}"
        with closing(Database(url)) as database:
            database.upgrade()
            users = _prepare(database)
            Catalog(database, MadeUpModel(), folder / "indexes").catch_up()
            database.gather_statistics()
        figures = _measured(folder, url, users)
    for what, seconds in (("opens", figures.reads), ("saves", figures.saves)):
        p50, p95, p99 = np.percentile(seconds, [50, 95, 99]) * 1000
        yield {
            "act": what,
            "answers": f"{len(seconds):,}",
            "p50, p95, p99": f"{p50:.0f}, {p95:.0f}, {p99:.0f} ms",
        }
    settled = next(size for moment, size in figures.memory if moment >= MINUTES * 60 / 10)
    last = figures.memory[-1][1]
    yield {
        "minutes": f"{MINUTES:g}",
        "failed": f"{len(figures.failed)}",
        "memory": f"{settled:.0f}, {last:.0f} MB",
        "growth": f"{last / settled - 1:+.0%}",
    }
    if figures.failed:
        raise AssertionError("\n".join(figures.failed[:20]))


def _prepare(database: Database) -> list[User]:
    """Put work, people and ties into the record; the users, who own some of the deals."""
    choose = random.Random(7)
    with database.write() as session:
        seat_roles.add_default_seat_roles(session)
        add_work(session)
        _add_people(session)
        sellers = [
            members.add_member(session, f"Seller {n}", f"seller{n}@bench.example", [Role.REP])
            for n in range(USERS)
        ]
        deals = list(
            session.exec(
                select(Deal)
                .where(Deal.outcome == Outcome.OPEN, ~col(Deal.confidential))
                .order_by(col(Deal.id))
                .limit(USERS * OWN)
            )
        )
        for number, deal in enumerate(deals):
            deal.owner_id = sellers[number % USERS].id
        accounts = list(session.exec(select(Account.key).order_by(Account.key).limit(1_000)))
        people = list(session.exec(select(Person.key).order_by(Person.key).limit(5_000)))
        words = sorted({word for deal in deals for word in deal.name.split()})
        return [
            User(
                sessions.open_session(session, seller.id),
                [deal.key for deal in deals[number::USERS]],
                choose.sample(accounts, 20),
                choose.sample(people, 20),
                choose.sample(words, min(20, len(words))),
            )
            for number, seller in enumerate(sellers)
        ]


def _add_people(session: Any) -> None:
    """Add people at the accounts, and ties between them, up to PEOPLE and TIES."""
    count = PEOPLE - int(session.scalars(sa.select(sa.func.count(col(Person.id)))).one())
    ties = TIES - int(session.scalars(sa.select(sa.func.count(col(Tie.id)))).one())
    known = network(count, ties, np.random.default_rng(7))
    accounts = list(session.scalars(sa.select(col(Account.id)).order_by(col(Account.id))))
    first = int(session.scalars(sa.select(sa.func.max(col(Person.id)))).one()) + 1
    _insert(
        session,
        Person,
        (
            {
                "id": first + number,
                "key": f"somebody-{number}",
                "name": f"Somebody {number}",
                "title": "Head of Planning",
                "account_id": accounts[company % len(accounts)],
            }
            for number, company in enumerate(known.company.tolist())
        ),
    )
    count_on(session.connection(), Person)
    pairs = zip(
        (known.one + first).tolist(),
        (known.other + first).tolist(),
        known.strength.tolist(),
        strict=True,
    )
    _insert(
        session,
        Tie,
        (
            {"one_id": one, "other_id": other, "kind": TieKind.WORKED, "base": base}
            for one, other, base in pairs
        ),
    )


def _insert(session: Any, table: type[SQLModel], rows: Iterator[dict[str, Any]]) -> None:
    described: sa.Table = table.__table__  # type: ignore[attr-defined]
    while part := list(islice(rows, 10_000)):
        session.connection().execute(sa.insert(described), part)


def _measured(folder: Path, url: str, users: Sequence[User]) -> Figures:
    """What the users get from a server of its own."""
    if WORKERS:
        serving = running(serve_with_processes, url, str(folder), WORKERS)
    else:
        serving = running(serve_record, str(folder))
    with serving as server:
        return asyncio.run(_work(server.address, users, psutil.Process(server.process.pid)))


async def _work(address: str, users: Sequence[User], server: psutil.Process) -> Figures:
    figures = Figures()
    limits = httpx.Limits(max_connections=USERS, max_keepalive_connections=USERS)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=120) as client:
        # The first answer waits for the indexes.
        await client.get("/", cookies={"session": users[0].token})
        began = time.monotonic()
        until = began + MINUTES * 60

        async def watch() -> None:
            while time.monotonic() < until:
                size = sum(each.memory_info().rss for each in (server, *server.children()))
                figures.memory.append((time.monotonic() - began, size / 1e6))
                await asyncio.sleep(1)

        async def use(number: int, user: User) -> None:
            choose = random.Random(number)
            acts = number
            await asyncio.sleep(choose.uniform(0, READING[1]))
            while time.monotonic() < until:
                acts += 1
                await _act(client, user, choose, figures, saves=acts % SAVES == 0)
                await asyncio.sleep(choose.uniform(*READING))

        await asyncio.gather(watch(), *(use(*pair) for pair in enumerate(users)))
    return figures


async def _act(
    client: httpx.AsyncClient, user: User, choose: random.Random, figures: Figures, *, saves: bool
) -> None:
    """Open a page, or save a note."""
    path = f"/deals/{choose.choice(user.deals)}/activity" if saves else _place(user, choose)
    headers = {"Cookie": f"session={user.token}"}
    start = time.perf_counter()
    try:
        if saves:
            note = {"kind": "note", "text": f"They {choose.choice(user.words)} again this week."}
            sent = {**note, "_csrf_token": csrf_token_of(user.token)}
            answer = await client.post(path, data=sent, headers=headers)
        else:
            answer = await client.get(path, headers=headers)
    except httpx.HTTPError as error:
        figures.failed.append(f"{path}: {error!r}")
        return
    (figures.saves if saves else figures.reads).append(time.perf_counter() - start)
    if answer.status_code != (303 if saves else 200):
        figures.failed.append(f"{path}: {answer.status_code}")


def _place(user: User, choose: random.Random) -> str:
    """What a user opens: of ten times five a deal, twice a list, once each of the others."""
    kind = choose.randrange(10)
    if kind < 5:
        return f"/deals/{choose.choice(user.deals)}{choose.choice(OF_DEAL)}"
    if kind < 7:
        return choose.choice(PAGES)
    if kind == 7:
        return f"/search?q={choose.choice(user.words)}"
    if kind == 8:
        return f"/accounts/{choose.choice(user.accounts)}"
    return f"/people/{choose.choice(user.people)}"
