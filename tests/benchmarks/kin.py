"""The kin of a deal, without the page around them, in records of several sizes.

Every question is a deal of the record. Its answer is compared with what an exact search
finds: all lists of vectors, and all postings of all words.
"""

import multiprocessing
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil
from sqlmodel import Session

from similarity import inquiry
from similarity.index import bm25 as words
from similarity.index import vectors as index
from similarity.index.bm25 import WordIndex
from similarity.index.catalog import Catalog
from similarity.index.collection import Collection
from similarity.index.facets import FacetIndex
from similarity.scoring import Weights
from tests.benchmarks._record import MadeUpModel, record
from web.server import settle
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW

QUESTIONS = 50
# An exact search of a million deals takes a second, so there are fewer.
QUESTIONS_OF_A_MILLION = 30
# Deals were opened evenly over so many days.
DAYS = 2100
EVERYTHING = 10**12


def run(sizes: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each size in each of these tables: starts, questions, stages, changes."""
    found = [_apart(_measure, record(size), size) for size in sizes]
    for table in ("starts", "questions", "stages", "changes"):
        for measured in found:
            yield from measured[table]


def _apart(do: Callable[..., Any], *given: Any) -> Any:
    """What `do` returns in a process of its own, so that memory and start are its own too."""
    # Not a pool of multiprocessing's: its processes may have none of their own.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(do, *given).result()


def _open(folder: Path) -> tuple[Database, Catalog]:
    database = Database(f"sqlite:///{folder / 'record.sqlite3'}")
    return database, Catalog(database, MadeUpModel(), folder / "indexes")


def _answer(folder: Path, number: int) -> tuple[float, float]:
    """Seconds from opening the record to its first answer, and the memory then used, in GB."""
    start = time.perf_counter()
    database, catalog = _open(folder)
    _asked(database, catalog, number)
    taken = time.perf_counter() - start
    return taken, psutil.Process().memory_info().rss / 2**30


def _measure(folder: Path, size: int) -> dict[str, list[dict[str, Any]]]:
    random = np.random.default_rng(1)
    count = QUESTIONS if size < 1_000_000 else QUESTIONS_OF_A_MILLION
    numbers = (random.choice(size, count, replace=False) + 1).tolist()
    start = time.perf_counter()
    database, catalog = _open(folder)
    had = (folder / "indexes" / "manifest.json").exists()
    _asked(database, catalog, numbers[0])
    built = time.perf_counter() - start
    settle()
    return {
        "starts": [_starts(folder, size, numbers[0], None if had else built)],
        "questions": list(_questions(database, catalog, size, numbers)),
        "stages": [_stages(database, catalog, size, numbers)],
        "changes": [_changes(database, catalog, size, numbers)],
    }


def _starts(folder: Path, size: int, number: int, built: float | None) -> dict[str, Any]:
    taken, memory = _apart(_answer, folder, number)
    return {
        "deals": f"{size:,}",
        "caches rebuilt": f"{built:.0f} s" if built else "not measured",
        "restart to first answer": f"{taken:.1f} s",
        "memory": f"{memory:.2f} GB",
        "snapshots": f"{sum(map(_size, (folder / 'indexes').iterdir())):.2f} GB",
    }


def _size(path: Path) -> float:
    return path.stat().st_size / 1e9


@dataclass(frozen=True)
class Answer:
    """The kin that were found, and the milliseconds that it took: by the clock, and of the
    processor, which are the same where nothing else runs on the machine."""

    ids: list[int]
    clock: float
    processor: float


def _asked(
    database: Database, catalog: Catalog, number: int, filter: DealFilter | None = None
) -> Answer:
    """The kin of a deal."""
    with database.read() as session:
        start, worked = time.perf_counter(), time.thread_time()
        deal = session.get_one(Deal, number)
        asked = inquiry.ask_of_deal(session, PLAIN_VIEW, catalog, deal, weights=Weights())
        found = inquiry.rank(session, catalog, asked, inquiry.Want(10, filter))
        clock, processor = time.perf_counter() - start, time.thread_time() - worked
        return Answer([each.id for each in found], clock * 1000, processor * 1000)


def _questions(
    database: Database, catalog: Catalog, size: int, numbers: list[int]
) -> Iterator[dict[str, Any]]:
    since = date(2023, 1, 1)
    for name, days in (("none", 0), ("10 %", DAYS // 10), ("1 %", DAYS // 100)):
        filter = DealFilter(outcome="open", since=since, until=since + timedelta(days=3 * days))
        given = filter if days else None
        _asked(database, catalog, numbers[0], given)
        answers = [_asked(database, catalog, number, given) for number in numbers]
        with patch.object(index, "EXACT", EVERYTHING), patch.object(words, "POSTINGS", EVERYTHING):
            exact = [_asked(database, catalog, number, given).ids for number in numbers]
        shares = [
            len({*found.ids} & {*whole}) / len(whole)
            for found, whole in zip(answers, exact, strict=True)
            if whole
        ]
        yield {
            "deals": f"{size:,}",
            "filter": name,
            "p50 / p95": _percentiles([each.clock for each in answers]),
            "of the processor": _percentiles([each.processor for each in answers]),
            "recall@10": f"{np.mean(shares):.3f}",
            "answers": f"{np.mean([len(each.ids) for each in answers]):.1f}",
        }


def _percentiles(taken: Sequence[float]) -> str:
    return f"{np.percentile(taken, 50):.1f} / {np.percentile(taken, 95):.1f} ms"


STAGES: dict[str, list[tuple[Any, str]]] = {
    "question": [(inquiry, "about_deal"), (inquiry, "ask")],
    "access": [(inquiry, "confidential_deals")],
    "words": [(WordIndex, "best_of_each"), (WordIndex, "scores")],
    "vectors": [(Collection, "_nearest"), (Collection, "_scored")],
    "facets": [(FacetIndex, "alike"), (FacetIndex, "values")],
}


@contextmanager
def _clocks(spent: dict[str, float]) -> Iterator[None]:
    """Adds the milliseconds of the processor that each stage takes to `spent`."""

    def clocked(stage: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return do(*given, **named)
            finally:
                spent[stage] += (time.thread_time() - start) * 1000

        return wrapped

    with ExitStack() as stack:
        for stage, places in STAGES.items():
            for where, name in places:
                stack.enter_context(patch.object(where, name, clocked(stage, getattr(where, name))))
        yield


def _stages(database: Database, catalog: Catalog, size: int, numbers: list[int]) -> dict[str, Any]:
    taken = defaultdict(list)
    for number in numbers:
        spent: dict[str, float] = defaultdict(float)
        with _clocks(spent):
            whole = _asked(database, catalog, number).processor
        for stage in STAGES:
            taken[stage].append(spent[stage])
        taken["ranking"].append(whole - sum(spent.values()))
    return {"deals, of the processor": f"{size:,}"} | {
        stage: _percentiles(each) for stage, each in taken.items()
    }


def _changes(database: Database, catalog: Catalog, size: int, numbers: list[int]) -> dict[str, Any]:
    """Questions while somebody logs, edits and deletes deals without a pause."""
    catalog.attach()
    writes: dict[str, list[float]] = defaultdict(list)
    stop = threading.Event()

    def write(what: str, change: Callable[[Session], Any]) -> Any:
        start = time.perf_counter()
        with database.write() as session:
            done = change(session)
        writes[what].append((time.perf_counter() - start) * 1000)
        return done

    def write_once() -> None:
        facts = {"use_case": "Cranes and quays"}
        deal = write("add", lambda session: lifecycle.log(session, "Harbour", None, None, **facts))
        for what, change in (("edit", _edited), ("delete", Session.delete)):
            write(what, lambda session, of=deal, do=change: do(session, _again(session, of)))

    def keep_writing() -> None:
        while not stop.is_set():
            write_once()

    # The first one loads what tells languages apart.
    write_once()
    writes.clear()
    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        answers = [_asked(database, catalog, number) for number in 3 * numbers]
    finally:
        stop.set()
        writer.join()
    return {
        "deals, while they change": f"{size:,}",
        "question p50 / p95": _percentiles([each.clock for each in answers]),
        "of the processor": _percentiles([each.processor for each in answers]),
    } | {what: f"{np.percentile(each, 50):.1f} ms" for what, each in sorted(writes.items())}


def _again(session: Session, deal: Deal) -> Deal:
    return session.get_one(Deal, deal.id)


def _edited(session: Session, deal: Deal) -> None:
    lifecycle.edit(session, deal, None, {"notes": "Tides and cranes."})
