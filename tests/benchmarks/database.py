"""Searching in PostgreSQL beside searching in caches, over the same made-up record.

Each way has two processes of its own, as of two servers. Every question is a deal of the record.
Its answer is compared with what an exact search of the caches finds: all lists of vectors, and all
postings of all words.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil
import sqlalchemy as sa

from similarity import inquiry
from similarity.index import bm25, vectors
from similarity.index.catalog import Catalog
from similarity.scoring import Weights
from tests.benchmarks._postgresql import postgresql, record_in
from tests.benchmarks._record import MadeUpModel
from web.server import settle
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW

QUESTIONS = 20
WRITES = 10
# What PostgreSQL searches is in one table, and in partitions by the hash of the document.
LAYOUTS = {1: "PostgreSQL", 16: "PostgreSQL, 16 partitions"}
EVERYTHING = 10**12
SINCE = date(2023, 1, 1)
FILTERS = {
    "none": None,
    "closed, as on pages": DealFilter(outcome=CLOSED),
    "10 %": DealFilter(outcome="open", since=SINCE, until=SINCE + timedelta(days=630)),
    "1 %": DealFilter(outcome="open", since=SINCE, until=SINCE + timedelta(days=63)),
}


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each size a row for each filter and way, then a row for each way."""
    with postgresql() as server:
        measured = [_measured(server, size) for size in sizes]
    for questions, _ in measured:
        yield from questions
    for _, processes in measured:
        yield from processes


def _measured(server: str, size: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    url = record_in(server, size)
    numbers = (np.random.default_rng(1).choice(size, QUESTIONS, replace=False) + 1).tolist()
    with _Processes(url) as caches:
        exact = caches.first(_answers, numbers, True)
        of_caches = caches.first(_answers, numbers, False)
        processes = [{"deals": f"{size:,}", "searched by": "caches"} | caches.figures()]
    answers_of = {"caches": of_caches}
    for partitions, way in LAYOUTS.items():
        with _Processes(url, partitions) as searching:
            answers_of[way] = searching.first(_answers, numbers, False)
            processes.append({"deals": f"{size:,}", "searched by": way} | searching.figures())
    questions = [
        {
            "deals": f"{size:,}",
            "filter": name,
            "searched by": way,
            "p50 / p95": percentiles([each.clock for each in answers[name]]),
            "of the processor, in Dealkin": percentiles([each.ours for each in answers[name]]),
            "in PostgreSQL": f"{np.mean([each.theirs for each in answers[name]]):.0f} ms",
            "recall@10": f"{_recall(answers[name], exact[name]):.3f}",
        }
        for name in FILTERS
        for way, answers in answers_of.items()
    ]
    return questions, processes


def percentiles(taken: Sequence[float]) -> str:
    return f"{np.percentile(taken, 50):.1f} / {np.percentile(taken, 95):.1f} ms"


@dataclass(frozen=True)
class Answer:
    """The kin that were found, and the milliseconds that it took: by the clock, of the processor
    that asks, and of the one that PostgreSQL answers with, which is known to ten milliseconds."""

    ids: list[int]
    clock: float
    ours: float
    theirs: float


def _recall(found: list[Answer], exact: list[Answer]) -> float:
    shares = [
        len({*one.ids} & {*whole.ids}) / len(whole.ids)
        for one, whole in zip(found, exact, strict=True)
        if whole.ids
    ]
    return float(np.mean(shares))


class _Processes(ExitStack):
    """Two processes that search in one way, each with its own connections: in caches, or in
    PostgreSQL with so many partitions."""

    def __init__(self, url: str, partitions: int | None = None) -> None:
        super().__init__()
        start = time.perf_counter()
        self._pools = [
            self.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
            for _ in range(2)
        ]
        self.first(_open, url, partitions)
        self._ready = time.perf_counter() - start
        self._pools[1].submit(_open, url, partitions).result()

    def first(self, do: Callable[..., Any], *given: Any) -> Any:
        """What the first process finds."""
        return self._pools[0].submit(do, *given).result()

    def figures(self) -> dict[str, Any]:
        """How long a first start takes, how much memory a process then holds, and how soon a
        process finds what the other one has written."""
        waits = []
        for number in range(WRITES):
            name = f"Quayside {number} crane"
            written = self.first(_write, name)
            waits.append(self._pools[1].submit(_find, name, written).result())
            self.first(_delete, written)
        return {
            "first start": f"{self._ready:.0f} s",
            "memory (PSS)": f"{self.first(_memory):.0f} MB",
            "found at once": f"{np.mean([found for found, _ in waits]):.0%}",
            "the question after a write": percentiles([taken for _, taken in waits]),
        }


_opened: list[tuple[Database, Catalog]] = []


def _open(url: str, partitions: int | None) -> None:
    database = Database(url)
    folder = Path(tempfile.mkdtemp(prefix="dealkin-"))
    catalog = Catalog(
        database,
        MadeUpModel(),
        folder,
        in_database=partitions is not None,
        partitions=partitions or 1,
    )
    catalog.attach()
    catalog.prepare()
    _opened.append((database, catalog))
    catalog.warm()
    settle()


def _answers(numbers: Sequence[int], exactly: bool) -> dict[str, list[Answer]]:
    """The answer for each of these deals, by the filter's name."""
    with ExitStack() as stack:
        if exactly:
            stack.enter_context(patch.object(vectors, "EXACT", EVERYTHING))
            stack.enter_context(patch.object(bm25, "POSTINGS", EVERYTHING))
        found = {}
        for name, filter in FILTERS.items():
            _asked(numbers[0], filter)
            found[name] = [_asked(number, filter) for number in numbers]
        return found


def _asked(number: int, filter: DealFilter | None) -> Answer:
    database, catalog = _opened[0]
    with database.read() as session:
        backend = psutil.Process(session.scalars(sa.text("SELECT pg_backend_pid()")).one())
        before = backend.cpu_times()
        start, worked = time.perf_counter(), time.thread_time()
        deal = session.get_one(Deal, number)
        asked = inquiry.ask_of_deal(session, PLAIN_VIEW, catalog, deal, weights=Weights())
        found = inquiry.rank(session, catalog, asked, inquiry.Want(10, filter))
        clock, ours = time.perf_counter() - start, time.thread_time() - worked
        after = backend.cpu_times()
        theirs = after.user + after.system - before.user - before.system
        ids = [each.id for each in found]
        return Answer(ids, clock * 1000, ours * 1000, theirs * 1000)


def _write(name: str) -> int:
    with _opened[0][0].write() as session:
        return lifecycle.log(session, name, None, None, use_case=name).id


def _delete(deal: int) -> None:
    with _opened[0][0].write() as session:
        session.delete(session.get_one(Deal, deal))


def _find(name: str, deal: int) -> tuple[bool, float]:
    """Whether a deal is the first that is found by its name, and the milliseconds it took."""
    database, catalog = _opened[0]
    with database.read() as session:
        start = time.perf_counter()
        asked = inquiry.ask_of_text(session, PLAIN_VIEW, catalog, name, weights=Weights())
        found = inquiry.rank(session, catalog, asked, inquiry.Want(10))
        return found[0].id == deal, (time.perf_counter() - start) * 1000


def _memory() -> float:
    return float(psutil.Process().memory_full_info().pss) / 2**20
