"""A record of any size, made up: deals with facets, words and vectors, and no model needed.

What makes searching hard is kept: vectors lie in clusters within clusters and are spread as those
of the default model, words follow Zipf's law with some that belong to a topic, and a
few products, industries and competitors are on many deals.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from similarity.index.centring import mean_of
from similarity.index.documents import PREPARATION, PieceRole
from similarity.index.language import stems
from similarity.index.sources import Kind
from similarity.index.tables import CatalogGeneration, CatalogMean, CatalogState, Document, Passage
from workspace.accounts.accounts import Account
from workspace.accounts.geography import region_of
from workspace.accounts.industries import DIVISIONS
from workspace.database import Database
from workspace.deals import stages as deal_stages
from workspace.deals.stages import add_default_stages
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealCounter,
    DealProduct,
    Outcome,
    Product,
)
from workspace.people.tables import Person

DIMENSION = 384
VOCABULARY = 50_000
# The directions in which texts of one topic differ, and how fast the later ones matter less.
DIRECTIONS = 64
DECAY = 0.65
# What vectors are made of, in lengths of a theme: what all texts share, the topic of a theme, what
# each text has of its own and how much that differs, and how much of it has any direction.
#
# The numbers are fitted to 10,000 texts, read by multilingual-e5-small: English descriptions of
# companies (5,706), case studies (508), reports of faults (2,503) and abstracts (1,400), without
# those of fewer than eight words. Fitted were the length of the mean; of centred vectors the
# deviation and the 99th percentile of the cosines, the share of the first 10 and 64 directions, and
# the cosines of the 1st, 10th, 100th and 1,000th nearest of a text, at 5, 50 and 95 %.
COMMON = 2.1
OF_TOPIC = 3.5
OWN, OWN_SPREAD, ANYWHERE = 1.65, 0.57, 1.3
TOPICS = 40
THEMES_PER_TOPIC = 25
PRODUCTS = 30
COMPETITORS = 20
COUNTRIES = ("US", "GB", "DE", "FR", "PL", "ES", "IT", "NL", "SE", "CA", "AU", "IN", "JP", "BR")
# How many in a thousand are confidential.
CONFIDENTIAL = 3
# Some texts are shorter than a passage, and a few are long: how many words, and how often.
LENGTHS = (25, 60, 140, 320)
LENGTH_SHARES = (0.35, 0.35, 0.22, 0.08)
CHUNK = 5_000

Vectors = NDArray[np.float32]


class MadeUpModel:
    """The model that the made-up vectors are of. A text that it is given is about anything."""

    model_id = "made-up"
    languages: frozenset[str] = frozenset()

    problem = ""

    def load(self) -> None:
        """There is nothing to load."""

    def load_in_background(self) -> None:
        """There is nothing to load."""

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors that follow from the texts, but not from what they mean."""
        seeds = (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts)
        rows = [np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds]
        return units(np.array(rows).reshape(len(texts), DIMENSION))


class Writer:
    """Makes up deals by their numbers: the same ones for the same seed."""

    def __init__(self, seed: int = 7) -> None:
        random = np.random.default_rng(seed)
        self.common = units(random.normal(size=(1, DIMENSION)))[0]
        self.topics = units(random.normal(size=(TOPICS, DIMENSION)))
        themes = np.repeat(self.topics, THEMES_PER_TOPIC, axis=0)
        self.themes = units(OF_TOPIC * themes + units(random.normal(size=themes.shape)))
        weights = np.arange(1, DIRECTIONS + 1) ** -DECAY
        weights /= np.linalg.norm(weights) * np.sqrt(DIMENSION)
        self.directions = weights[:, None] * random.normal(size=(DIRECTIONS, DIMENSION))
        # Without stop words the most frequent ones are not as frequent as Zipf has them.
        self.chance = np.cumsum(1 / np.arange(10, VOCABULARY + 10))
        self.chance /= self.chance[-1]
        self.shuffled = [random.permutation(VOCABULARY) for _ in range(TOPICS)]

    @cached_property
    def words(self) -> list[str]:
        """The vocabulary, the most frequent word first: syllables, unlike each other."""
        syllables = [c + v for c in "bdfgklmnprtvz" for v in "aiou"]
        count = len(syllables)
        return [
            syllables[n % count] + syllables[n // count % count] + syllables[n // count**2] + "k"
            for n in range(VOCABULARY)
        ]

    @cached_property
    def stems(self) -> list[str]:
        """What each word of the vocabulary is indexed as."""
        return stems(" ".join(self.words), "en")

    def about(self, themes: NDArray[np.int64], random: np.random.Generator, own: float) -> Vectors:
        """Unit vectors of texts of these themes; `own` is how much each differs from others."""
        count = len(themes)
        noise = random.normal(size=(count, DIRECTIONS)) @ self.directions
        noise += ANYWHERE * units(random.normal(size=(count, DIMENSION)))
        spread = OWN * np.exp(OWN_SPREAD * random.normal(size=(count, 1)))
        return units(COMMON * self.common + units(self.themes[themes] + own * spread * noise))

    def text(self, topic: int, length: int, random: np.random.Generator) -> NDArray[np.int64]:
        """The numbers of the words of a text; a third are of its topic."""
        ranks = np.searchsorted(self.chance, random.random(length))
        own = random.random(length) < 1 / 3
        return np.where(own, self.shuffled[topic][ranks], ranks)


def units(rows: NDArray[Any]) -> Vectors:
    """These rows at length 1, as float32."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def fill(database: Database, count: int, seed: int = 7) -> None:
    """Put `count` made-up deals with their documents into an empty, migrated database."""
    random = np.random.default_rng(seed)
    writer = Writer(seed)
    with database.write() as session:
        add_default_stages(session)
        stages = {row.outcome: row.id for row in deal_stages.stages(session)}
    with database.writer.connect() as connection:
        accounts, owners = max(20, count // 10), max(10, count // 1000)
        with connection.begin():
            _add(connection, Product, _named("Product", PRODUCTS))
            _add(connection, Competitor, _named("Competitor", COMPETITORS))
            _add(connection, Person, _named("Seller", owners))
            _add(connection, Account, _accounts(accounts, random))
        total, wholes = np.zeros(DIMENSION), 0
        for first in range(1, count + 1, CHUNK):
            numbers = np.arange(first, min(first + CHUNK, count + 1))
            rows = _Chunk(writer, numbers, stages, accounts, owners, random)
            with connection.begin():
                for table, made in rows.rows.items():
                    _add(connection, table, made)
            open_ = ~rows.confidential
            total += rows.wholes[open_].sum(axis=0, dtype=np.float64)
            wholes += int(open_.sum())
        with connection.begin():
            mean = mean_of(np.asarray(total, np.float32), wholes).tobytes()
            model = MadeUpModel.model_id
            _add(
                connection,
                CatalogMean,
                [{"kind": Kind.DEAL, "model": model, "count": wholes, "vector": mean}],
            )
            _add(connection, CatalogGeneration, [{"number": 1, "token": "made-up"}])
            connection.execute(sa.update(CatalogState).values(generation=1))
            connection.execute(sa.update(DealCounter).values(last=count))
            for table in (Deal, Document):
                count_on(connection, table)


def count_on(connection: sa.Connection, table: Any) -> None:
    """Number new rows of a table after those that were added with their ids."""
    if connection.dialect.name == "postgresql":
        counter = sa.func.pg_get_serial_sequence(table.__tablename__, "id")
        connection.execute(sa.select(sa.func.setval(counter, sa.func.max(table.id))))


def record(count: int) -> Path:
    """The folder of a record of so many deals, in `record.sqlite3`. It is made once and kept
    with the system's temporary files, as a million deals take many minutes and 10 GB."""
    folder = Path(tempfile.gettempdir()) / "dealkin-benchmarks" / str(count)
    made = folder / "made"
    if not made.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    database = Database(f"sqlite:///{folder / 'record.sqlite3'}")
    # One that was made before may lack what has been added to the schema since.
    database.upgrade()
    if not made.exists():
        fill(database, count)
        made.touch()
    # A server does so after an import; without it SQLite reads all open deals to find a few.
    database.gather_statistics()
    database.close()
    return folder


class _Chunk:
    """The rows of a few thousand deals, by table."""

    def __init__(
        self,
        writer: Writer,
        numbers: NDArray[np.int64],
        stages: dict[str, int],
        accounts: int,
        owners: int,
        random: np.random.Generator,
    ) -> None:
        count = len(numbers)
        themes = random.integers(len(writer.themes), size=count)
        lengths = random.choice(LENGTHS, count, p=LENGTH_SHARES)
        self.confidential = random.random(count) * 1000 < CONFIDENTIAL
        self.wholes = writer.about(themes, random, 1.0)
        titles = units(self.wholes + 0.8 * writer.about(themes, random, 2.0))
        passages = [max(0, length // 80) if length > 90 else 0 for length in lengths.tolist()]
        owner_of = np.repeat(np.arange(count), passages)
        split = units(self.wholes[owner_of] + 0.6 * writer.about(themes[owner_of], random, 2.0))
        starts = np.concatenate([[0], np.cumsum(passages)])
        products = _favoured(themes % PRODUCTS, PRODUCTS, random)
        competitors = _favoured(themes % COMPETITORS, COMPETITORS, random)
        self.rows: dict[Any, list[dict[str, Any]]] = {
            Deal: [],
            DealProduct: [],
            DealCompetitor: [],
            Document: [],
            Passage: [],
        }
        for row, number in enumerate(numbers.tolist()):
            theme = int(themes[row])
            told = writer.text(theme // THEMES_PER_TOPIC, int(lengths[row]), random).tolist()
            name = " ".join(writer.words[each] for each in told[:4])
            notes = " ".join(writer.words[each] for each in told[4:])
            whole = f"{name}. {notes}."
            confidential = bool(self.confidential[row])
            self._add_deal(number, name, notes, confidential, stages, accounts, owners, random)
            for table, column, held in (
                (DealProduct, "product_id", products[row]),
                (DealCompetitor, "competitor_id", competitors[row]),
            ):
                self.rows[table] += ({"deal_id": number, column: each + 1} for each in held)
            self.rows[Document].append(
                {
                    "id": number,
                    "kind": Kind.DEAL,
                    "subject_id": number,
                    "content_hash": _digest(whole),
                    "prepared": PREPARATION,
                    "language": "en",
                    "terms": " ".join(writer.stems[each] for each in (*told[:4], *told)),
                    "confidential": confidential,
                }
            )
            own = split[starts[row] : starts[row + 1]]
            size = len(told) // max(1, len(own))
            pieces = [
                (PieceRole.WHOLE, whole, self.wholes[row]),
                (PieceRole.TITLE, name, titles[row]),
            ]
            for position, vector in enumerate(own):
                words = told[position * size : (position + 1) * size]
                text = " ".join(writer.words[each] for each in words)
                pieces.append((PieceRole.PASSAGE, text, vector))
            self.rows[Passage] += (
                {
                    "document_id": number,
                    "position": position,
                    "part": int(part),
                    "text": text,
                    "text_hash": _digest(text),
                    "model": MadeUpModel.model_id,
                    "vector": vector.tobytes(),
                }
                for position, (part, text, vector) in enumerate(pieces)
            )

    def _add_deal(
        self,
        number: int,
        name: str,
        notes: str,
        confidential: bool,
        stages: dict[str, int],
        accounts: int,
        owners: int,
        random: np.random.Generator,
    ) -> None:
        opened = date(2021, 1, 1) + timedelta(days=int(random.integers(2100)))
        outcome = (Outcome.OPEN, Outcome.WON, Outcome.LOST)[int(random.integers(3))]
        closed = None if outcome == Outcome.OPEN else opened + timedelta(days=60)
        self.rows[Deal].append(
            {
                "id": number,
                "key": f"D-{number:04}",
                "name": name,
                "account_id": int(random.integers(accounts)) + 1,
                "owner_id": int(random.integers(owners)) + 1,
                "stage_id": stages[outcome],
                "outcome": outcome,
                "amount": int(random.integers(5, 900)) * 1000,
                "currency": "EUR",
                "opened": opened,
                "closed": closed,
                "notes": notes,
                "confidential": confidential,
            }
        )


def _named(what: str, count: int) -> list[dict[str, Any]]:
    return [{"key": f"{what.lower()}-{n}", "name": f"{what} {n}"} for n in range(count)]


def _accounts(count: int, random: np.random.Generator) -> list[dict[str, Any]]:
    divisions = sorted(DIVISIONS)
    made = []
    for row in _named("Account", count):
        country = COUNTRIES[int(random.integers(len(COUNTRIES)))]
        made.append(
            row
            | {
                "plain_name": row["name"].lower(),
                "industry": divisions[min(int(random.exponential(12)), len(divisions) - 1)],
                "headcount": int(np.exp(random.normal(6, 2))) + 1,
                "country": country,
                "region": region_of(country),
            }
        )
    return made


def _favoured(
    favourite: NDArray[np.int64], among: int, random: np.random.Generator
) -> list[set[int]]:
    """For each deal none to three numbers below `among`: its favourite most of the time."""
    counts = random.integers(0, 4, size=len(favourite))
    others = np.minimum(random.exponential(among / 4, (len(favourite), 3)), among - 1).astype(int)
    return [
        set([first, *other][:count])
        for first, other, count in zip(
            favourite.tolist(), others.tolist(), counts.tolist(), strict=True
        )
    ]


def _add(connection: sa.Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    remaining: Iterator[dict[str, Any]] = iter(rows)
    while part := list(islice(remaining, CHUNK)):
        connection.execute(sa.insert(table), part)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
