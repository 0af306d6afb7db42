"""Network search and inner circle, over a made-up record with large address books.

The record is made once and kept with the system's temporary files: ten million ties take minutes.
Its people have no documents, as `kin` measures searching those.
"""

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import SQLModel, col

from references.buyers.inner_circle import inner_circle
from references.network.address_books import Connection
from references.network.paths import Network as Ties
from references.network.ties import Tie, TieKind, Visibility
from references.prospecting.search import Prospects, search_network
from references.prospecting.shared_book import SharedBook
from references.prospecting.titles import Titles
from similarity.index.catalog import Catalog
from tests.benchmarks._network import Network, network
from web.server import settle
from workspace.accounts.accounts import Account
from workspace.database import Database
from workspace.keys import plain
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

TIES_EACH = 10
CONNECTIONS = 100_000
# So many of the people are at the largest account.
LARGEST = 5_000
# So many titles of a level and a subject.
NUMBERS = 300
MEMBERS = 50
ROUNDS = 10
MADE_AT = datetime(2024, 1, 1, tzinfo=UTC)
_LEVELS = ("Head of", "Director of", "Manager,", "VP", "Senior", "Lead,", "Chief of")
_SUBJECTS = (
    "data warehousing", "human resources", "procurement", "logistics", "finance", "marketing",
    "nursing", "maintenance", "risk", "customer service", "planning", "security", "engineering",
    "quality", "legal affairs", "treasury", "audit", "research", "sales", "operations",
)  # fmt: skip
_INDUSTRIES = ("K64", "C10", "Q86", "G47", "H52", "J62")
_COUNTRIES = ("PL", "DE", "GB", "NO", "US", "ES")
QUESTIONS = (
    "Head of data warehousing at a bank in Poland",
    "Head of procurement at a hospital",
    "Anyone at Company 500",
    "VP marketing at a retailer in Germany",
    "anyone at a bank in Norway",
)


class _Encoder:
    """Gives each text a vector by chance, as fast as a model would be slow."""

    model_id = "all-MiniLM-L6-v2@made-up"
    dimension = 384
    languages = frozenset({"en"})
    problem = ""

    def load(self) -> None:
        """There is nothing to load."""

    def load_in_background(self) -> None:
        """There is nothing to load."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """A unit vector for each text, the same for the same text."""
        rows = [
            np.random.default_rng(list(text.encode())).normal(size=self.dimension) for text in texts
        ]
        vectors = np.asarray(rows, np.float32).reshape(len(texts), self.dimension)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def run(sizes: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Milliseconds a question with so many people: the median and the 95th percentile."""
    for people in sizes:
        yield from _run(people)


def _run(people: int) -> Iterator[tuple[str, str]]:
    folder = _record(people)
    database = Database(f"sqlite:///{folder / 'record.sqlite3'}")
    with closing(database):
        catalog = Catalog(database, _Encoder(), folder / "indexes")
        ties, book = Ties(database), SharedBook(database, Titles(database, _Encoder()))
        viewer = Viewer(1, "Member 1")
        label = f"{people:,} people:"
        with database.read() as session:
            start = time.perf_counter()
            ties.graph(session)
            yield f"{label} reading the ties", f"{time.perf_counter() - start:.0f} s"
        start = time.perf_counter()
        book.warm()
        yield f"{label} reading the connections", f"{time.perf_counter() - start:.0f} s"
        settle()
        for text in QUESTIONS:
            found: list[Prospects] = []

            def ask(text: str = text, found: list[Prospects] = found) -> None:
                with database.read() as session:
                    found.append(search_network(session, viewer, catalog, ties, book, text))

            timed = _timed(ask, ROUNDS)
            if not all(each.people for each in found):
                raise AssertionError(f"Nobody is found: {text}")
            yield f"{label} search, {text}", timed
        with database.read() as session:
            largest = sa.select(col(Person.account_id)).where(col(Person.account_id).is_not(None))
            largest = largest.group_by(col(Person.account_id)).order_by(sa.func.count().desc())
            accounts = list(session.scalars(largest.limit(1 + 2 * ROUNDS)))

        def look_at(account_id: int) -> None:
            with database.read() as session:
                inner_circle(session, viewer, session.get(Account, account_id))

        of_largest = _timed(lambda: look_at(accounts[0]), ROUNDS)
        yield f"{label} inner circle of {min(LARGEST, people // 2):,} people", of_largest
        others = iter(accounts[1:])
        timed = _timed(lambda: look_at(next(others)), 2 * ROUNDS - 1)
        yield f"{label} inner circle of other large accounts", timed


def _record(people: int) -> Path:
    """The folder of the record, which is made if it is not there."""
    folder = Path(tempfile.gettempdir()) / "dealkin-benchmarks" / f"prospecting-{people}"
    made = folder / "made"
    if not made.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with closing(Database(f"sqlite:///{folder / 'record.sqlite3'}")) as database:
        # One that was made before may lack what has been added to the schema since.
        database.upgrade()
        if not made.exists():
            _fill(database, people)
            Titles(database, _Encoder()).prepare()
            made.touch()
    return folder


def _fill(database: Database, people: int) -> None:
    random = np.random.default_rng(7)
    known = network(people, TIES_EACH * people, random)
    # Companies beside each other, whose people know each other, are one account.
    known.company[: min(LARGEST, people // 2)] = 0
    titles = [
        f"{level} {subject}{number or ''}"
        for level, subject, number in itertools.product(_LEVELS, _SUBJECTS, range(NUMBERS))
    ]
    companies = int(known.company.max()) + 1
    chosen = random.integers(0, len(titles), people + CONNECTIONS).tolist()
    with database.writer.connect() as connection, connection.begin():
        _add(connection, Account, map(_account, range(companies)))
        _add(
            connection,
            Person,
            (
                {
                    "id": number + 1,
                    "key": f"person-{number + 1}",
                    "name": f"Person {number + 1}",
                    "title": titles[chosen[number]],
                    "account_id": None if number < MEMBERS else company + 1,
                }
                for number, company in enumerate(known.company.tolist())
            ),
        )
        _add(connection, Member, ({"person_id": number + 1} for number in range(MEMBERS)))
        _add(
            connection,
            Connection,
            (
                _connection(number, titles[chosen[people + number]], companies)
                for number in range(CONNECTIONS)
            ),
        )
        _add_ties(connection, known)
        connection.execute(sa.text("ANALYZE"))


def _add(connection: sa.Connection, table: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    remaining = iter(rows)
    while part := list(itertools.islice(remaining, 20_000)):
        connection.execute(sa.insert(table), part)


def _account(number: int) -> dict[str, Any]:
    return {
        "id": number + 1,
        "key": f"company-{number}",
        "name": f"Company {number}",
        "plain_name": f"company {number}",
        "industry": _INDUSTRIES[number % len(_INDUSTRIES)],
        "country": _COUNTRIES[number // len(_INDUSTRIES) % len(_COUNTRIES)],
    }


def _add_ties(connection: sa.Connection, known: Network) -> None:
    """Add all ties as copies of the first one: SQLite makes them in a tenth of the time."""
    described: sa.Table = Tie.__table__  # type: ignore[attr-defined]
    first = {
        "id": 1,
        "one_id": int(known.one[0]) + 1,
        "other_id": int(known.other[0]) + 1,
        "kind": TieKind.STUDIED,
        "evidence": "A school, 2001–2004",
        "source": "made up",
        "start": date(2001, 10, 1),
        "end": date(2024, 6, 30),
        "base": float(known.strength[0]),
        "visibility": Visibility.EVERYONE,
        "origin": "study:made up",
        "created_at": MADE_AT,
    }
    connection.execute(sa.insert(Tie), first)
    # Indexes are made many times faster when the rows are there.
    for index in described.indexes:
        index.drop(connection)
    connection.exec_driver_sql("CREATE TEMP TABLE made (id INTEGER PRIMARY KEY, one, other, base)")
    made = zip(
        range(1, len(known.one) + 1),
        (known.one + 1).tolist(),
        (known.other + 1).tolist(),
        known.strength.tolist(),
        strict=True,
    )
    while part := list(itertools.islice(made, 500_000)):
        connection.exec_driver_sql("INSERT INTO made VALUES (?, ?, ?, ?)", part)
    columns = [column.name for column in described.columns]
    of_made = {"id": "made.id", "one_id": "one", "other_id": "other", "base": "made.base"}
    values = ", ".join(of_made.get(name, f'tie."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    connection.exec_driver_sql(
        f"INSERT INTO tie ({names}) SELECT {values} FROM made, tie"  # noqa: S608
        " WHERE tie.id = 1 AND made.id > 1"
    )
    for index in described.indexes:
        index.create(connection)


def _connection(number: int, title: str, companies: int) -> dict[str, Any]:
    """One of two is at an employer that is not in the record."""
    company = f"Company {number % companies}" if number % 2 else f"House {number // 4} of Norway"
    return {
        "id": number + 1,
        "owner_id": number % MEMBERS + 1,
        "name": f"Contact {number}",
        "plain_name": f"contact {number}",
        "company": company,
        "plain_company": plain(company),
        "position": title,
        "connected_on": date(2022, 3, 4),
        "source": "LinkedIn",
        "visibility": Visibility.EVERYONE,
        "created_at": MADE_AT,
    }


def _timed(act: Callable[[], object], rounds: int) -> str:
    """By the clock, and by the processor, where others use it too.

    The first time loads caches, and is told apart.
    """
    wall, processor = [], []
    for _ in range(rounds + 1):
        clock, used = time.perf_counter(), time.process_time()
        act()
        processor.append(time.process_time() - used)
        wall.append(time.perf_counter() - clock)
    return (
        f"{_quantiles(wall)} ms (processor {_quantiles(processor)}; the first {wall[0] * 1000:.0f})"
    )


def _quantiles(seconds: list[float]) -> str:
    median, most = np.percentile(seconds[1:], (50, 95)) * 1000
    return f"{median:.0f} and {most:.0f}"
