"""Network search and inner circle, over a made-up record with large address books."""

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
from sqlmodel import Session, select

from references.buyers.inner_circle import inner_circle
from references.network.address_books import Connection
from references.network.paths import Network as Ties
from references.network.ties import Tie, TieKind, Visibility
from references.prospecting.search import search_network
from references.prospecting.titles import Titles
from similarity.index.catalog import Catalog
from tests.benchmarks._network import Network as Made
from tests.benchmarks._network import network
from workspace.accounts.accounts import Account
from workspace.clock import now
from workspace.database import Database, batches, insert_rows
from workspace.ids import new_id
from workspace.keys import plain
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

PEOPLE = 20_000
TIES = 200_000
CONNECTIONS = 100_000
MEMBERS = 50
ROUNDS = 20
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
    "Treasury",
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


def rows() -> Iterator[tuple[str, str]]:
    """Milliseconds a question: the median and the 95th percentile."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.sqlite3")
        database.upgrade()
        with closing(database):
            accounts, titles = _fill(database)
            catalog = Catalog(database, _Encoder(), Path(folder) / "indexes")
            ties, vectors = Ties(database), Titles(database, _Encoder())
            vectors.prepare()
            viewer = Viewer(1, "Member 1")
            label = (
                f"{PEOPLE:,} people, {TIES:,} ties, {CONNECTIONS:,} connections, {titles:,} titles:"
            )
            for text in QUESTIONS:
                seconds = []
                for _ in range(ROUNDS + 1):
                    with database.read() as session:
                        start = time.perf_counter()
                        found = search_network(session, viewer, catalog, ties, vectors, text)
                        seconds.append(time.perf_counter() - start)
                if not found.people:
                    raise AssertionError(f"Nobody is found: {text}")
                yield f"{label} search, {text}", _quantiles(seconds)
            seconds = []
            for account_id in [0, *accounts[: 5 * ROUNDS]]:
                with database.read() as session:
                    account = session.get(Account, account_id or accounts[0])
                    start = time.perf_counter()
                    inner_circle(session, viewer, account)
                    seconds.append(time.perf_counter() - start)
            yield f"{label} inner circle", _quantiles(seconds)


def _fill(database: Database) -> tuple[list[int], int]:
    """Fill the record; the ids of accounts, those with most people first, and how many titles."""
    random = np.random.default_rng(7)
    known = network(PEOPLE, TIES, random)
    titles = [
        f"{level} {subject}{number or ''}"
        for level, subject, number in itertools.product(_LEVELS, _SUBJECTS, range(40))
    ]
    sizes = np.bincount(known.company)
    with database.write() as session:
        for company in range(len(sizes)):
            session.add(
                Account(
                    key=f"company-{company}",
                    name=f"Company {company}",
                    industry=_INDUSTRIES[company % len(_INDUSTRIES)],
                    country=_COUNTRIES[company // len(_INDUSTRIES) % len(_COUNTRIES)],
                )
            )
    with database.write() as session:
        _insert_people(session, known.company, titles, random)
        for batch in batches(range(TIES), 20_000):
            insert_rows(session, Tie, [_tie(known, number) for number in batch])
        for batch in batches(range(CONNECTIONS), 20_000):
            chosen = random.integers(0, len(titles), len(batch))
            insert_rows(
                session,
                Connection,
                [
                    _connection(number, titles[title], len(sizes))
                    for number, title in zip(batch, chosen.tolist(), strict=True)
                ],
            )
    with database.read() as session:
        ids = list(session.exec(select(Account.id).order_by(Account.id)))  # type: ignore[arg-type]
    return [ids[company] for company in np.argsort(-sizes).tolist()], len(titles)


def _insert_people(
    session: Session, company: np.ndarray, titles: list[str], random: np.random.Generator
) -> None:
    chosen = random.integers(0, len(titles), PEOPLE).tolist()
    for number in range(PEOPLE):
        session.add(
            Person(
                id=number + 1,
                key=f"person-{number + 1}",
                name=f"Person {number + 1}",
                title=titles[chosen[number]],
                account_id=None if number < MEMBERS else int(company[number]) + 1,
            )
        )
    session.flush()
    for number in range(MEMBERS):
        session.add(Member(person_id=number + 1))
    session.flush()


def _tie(known: Made, number: int) -> dict[str, object]:
    one, other = int(known.one[number]) + 1, int(known.other[number]) + 1
    return {
        "id": new_id(),
        "one_id": min(one, other),
        "other_id": max(one, other),
        "kind": TieKind.STUDIED,
        "evidence": "A school, 2001–2004",
        "source": "made up",
        "start": date(2001, 10, 1),
        "end": date(2024, 6, 30),
        "base": float(known.strength[number]),
        "asserted_by_id": None,
        "visibility": Visibility.EVERYONE,
        "origin": "study:made up",
        "created_at": now(),
    }


def _connection(number: int, title: str, companies: int) -> dict[str, object]:
    company = f"Company {number % companies}"
    return {
        "id": new_id(),
        "owner_id": number % MEMBERS + 1,
        "name": f"Contact {number}",
        "plain_name": f"contact {number}",
        "email": None,
        "url": None,
        "company": company,
        "plain_company": plain(company),
        "position": title,
        "connected_on": date(2022, 3, 4),
        "source": "LinkedIn",
        "visibility": Visibility.EVERYONE,
        "person_id": None,
        "tie_id": None,
        "created_at": now(),
    }


def _quantiles(seconds: list[float]) -> str:
    """The first answer loads caches, and is told apart."""
    median, most = np.percentile(seconds[1:], (50, 95)) * 1000
    return f"{median:.0f} and {most:.0f} ms (the first {seconds[0] * 1000:.0f} ms)"
