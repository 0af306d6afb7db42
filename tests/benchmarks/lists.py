"""The list and the board of deals, as a browser asks for them, in pipelines of several sizes."""

import gzip
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from litestar.testing import TestClient
from sqlmodel import Session

from tests.benchmarks._record import MadeUpModel
from web.app import create_app
from web.workspace import workspace_on
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import Database
from workspace.deals import stages as deal_stages
from workspace.deals.stages import add_default_stages
from workspace.deals.tables import Deal, Outcome
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Person, Role
from workspace.settings import Settings

# How often each page is asked for.
TIMES = 40
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP")
CONFIDENTIAL_PER_THOUSAND = 5
PAGES = {
    "list": "/deals",
    "list, open, by owner": "/deals?outcome=open&sort=owner",
    "list, by name or account": "/deals?q=account+7",
    "board": "/deals?view=board",
    "board, one owner's": "/deals?view=board&owner=seller-3",
    "board, more of a column": "/deals?view=board&column=Qualification&after=D-0101",
}


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each page, in each number of open deals, as a rep and as a manager."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(Path(folder), size)


def _measured(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    with closing(Database(f"sqlite:///{folder / 'record.sqlite3'}")) as database:
        database.upgrade()
        with database.write() as session:
            tokens = fill(session, size)
        app = create_app(workspace_on(database, Settings(home=folder), MadeUpModel()))
        for who, token in tokens.items():
            with TestClient(app, cookies={"session": token}) as client:
                for name, path in PAGES.items():
                    yield {"open deals": f"{size:,}", "who": who, "page": name} | _asked(
                        client, path
                    )


def _asked(client: Any, path: str) -> dict[str, Any]:
    taken = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        answer = client.get(path)
        taken.append(time.perf_counter() - start)
        assert answer.status_code == 200, answer.text
    # The first question compiles templates and queries.
    p50, p95 = np.percentile(taken[1:], [50, 95]) * 1000
    return {
        "p50 ms": f"{p50:.0f}",
        "p95 ms": f"{p95:.0f}",
        "gzipped kB": f"{len(gzip.compress(answer.content)) / 1000:.0f}",
    }


def fill(session: Session, count: int, seed: int = 7) -> dict[str, str]:
    """Put so many open deals, and half as many closed ones, into an empty, migrated database.

    They are spread over all stages, a hundred owners and three currencies. Returns the session
    token of a rep and of a manager.
    """
    random = np.random.default_rng(seed)
    add_default_stages(session)
    stages = deal_stages.stages(session)
    session.execute(
        sa.insert(Account),
        [
            {"key": f"account-{n}", "name": f"Account {n}", "plain_name": f"account {n}"}
            for n in range(max(20, count // 10))
        ],
    )
    session.execute(
        sa.insert(Person), [{"key": f"seller-{n}", "name": f"Seller {n}"} for n in range(100)]
    )
    open_stages = [row for row in stages if row.outcome == Outcome.OPEN]
    closed_stages = [row for row in stages if row.outcome != Outcome.OPEN]
    rows = []
    for number in range(1, count + count // 2 + 1):
        among = open_stages if number <= count else closed_stages
        stage = among[int(random.integers(len(among)))]
        opened = today() - timedelta(days=int(random.integers(1, 200)))
        rows.append(
            {
                "key": f"D-{number:04}",
                "name": f"Deal {number} of a pipeline",
                "account_id": int(random.integers(max(20, count // 10))) + 1,
                "owner_id": int(random.integers(100)) + 1,
                "stage_id": stage.id,
                "stage_since": opened + timedelta(days=int(random.integers(0, 60))),
                "outcome": stage.outcome,
                "amount": int(random.integers(5, 900)) * 1000,
                "currency": CURRENCIES[int(random.integers(len(CURRENCIES)))],
                "opened": opened,
                "expected_close": today() + timedelta(days=int(random.integers(-60, 300))),
                "closed": None if stage.outcome == Outcome.OPEN else today(),
                "next_step": "Call the architect about the integration" if number % 3 else "",
                "confidential": bool(random.integers(1000) < CONFIDENTIAL_PER_THOUSAND),
            }
        )
    session.execute(sa.insert(Deal), rows)
    tokens = {}
    for name, role in (("rep", Role.REP), ("manager", Role.MANAGER)):
        person = members.add_member(session, name.capitalize(), f"{name}@example.com", {role})
        tokens[name] = sessions.open_session(session, person.id)
    return tokens
