"""Finding by name as somebody types, over made-up people, on SQLite.

Each question is a name at a stage of typing: two letters, three letters, half of it, the whole,
and the whole with one letter missing.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlmodel import col, select

from similarity.names import recorder
from similarity.names.lookup import find_names
from similarity.names.tables import Subject
from workspace.database import Database
from workspace.people.tables import Person

QUESTIONS = 100
SYLLABLES = [
    "ba",
    "ce",
    "do",
    "fi",
    "gu",
    "ha",
    "je",
    "ko",
    "li",
    "mu",
    "na",
    "pe",
    "ro",
    "si",
    "tu",
    "va",
    "we",
    "zo",
    "ny",
    "sta",
    "kri",
    "mar",
    "lin",
    "der",
]


def run(sizes: Sequence[int]) -> Iterator[dict[str, object]]:
    """Milliseconds a question, for each stage of typing, with the names in four kinds asked."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{Path(folder) / 'names.sqlite3'}")
            database.upgrade()
            with closing(database):
                yield from _measured(database, size)


def _measured(database: Database, size: int) -> Iterator[dict[str, object]]:
    random = np.random.default_rng(7)
    names = [f"{_word(random)} {_word(random)}" for _ in range(size)]
    with database.write() as session:
        session.execute(
            sa.insert(Person),
            [{"key": f"p{n}", "name": name} for n, name in enumerate(names, start=1)],
        )
    start = time.perf_counter()
    recorder.catch_up(database)
    built = time.perf_counter() - start
    for stage, cut in (
        ("two letters", lambda name: name[:2]),
        ("three letters", lambda name: name[:3]),
        ("half", lambda name: name[: len(name) // 2]),
        ("whole", lambda name: name),
        ("a letter missing", lambda name: name[:3] + name[4:]),
    ):
        times, first = [], 0
        with database.read() as session:
            for number in random.choice(size, QUESTIONS):
                text = cut(names[number])
                start = time.perf_counter()
                found = [find_names(session, text, kind, limit=8) for kind in Subject]
                times.append(1000 * (time.perf_counter() - start))
                people = found[list(Subject).index(Subject.PERSON)]
                meant = [match.subject_id for match in people]
                shown = session.exec(select(Person.name).where(col(Person.id).in_(meant))).all()
                first += names[number] in shown
        yield {
            "names": f"{size:,}",
            "typed": stage,
            "p50": f"{statistics.median(times):.1f} ms",
            "p95": f"{np.percentile(times, 95):.1f} ms",
            "among the first eight": f"{first} of {QUESTIONS}",
            "kept in": f"{built:.1f} s",
        }


def _word(random: np.random.Generator) -> str:
    return "".join(random.choice(SYLLABLES, random.integers(2, 5))).capitalize()
