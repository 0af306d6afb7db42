"""A backup of a large workspace, and the drill that restores it, checks it and asks it questions.

The record has 20,000 deals, and notes until its database has `BACKUP_GB` gigabytes, 1 without it.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from similarity.index.catalog import Catalog
from tests.benchmarks._record import MadeUpModel, record
from tests.benchmarks._serving import opened
from web.backups import drill
from workspace.backups.archives import make_backup
from workspace.clock import now
from workspace.database import Database, insert_rows
from workspace.deals import seat_roles
from workspace.settings import Settings
from workspace.timeline.timeline import TimelineEntry

DEALS = 20_000
SIZE = float(os.environ.get("BACKUP_GB", "1")) * 1e9
# So many letters has a note, of words that do not compress to nothing.
NOTE = 4_000
NOTES_AT_ONCE = 5_000


def run() -> Iterator[dict[str, Any]]:
    """A row for the backup, and one for the drill."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        shutil.copytree(record(DEALS), home, dirs_exist_ok=True)
        (path,) = home.glob("*.sqlite3")
        settings = Settings(home=home, database_url=f"sqlite:///{path}")
        with closing(opened(home)) as database:
            database.upgrade()
            with database.write() as session:
                seat_roles.add_default_seat_roles(session)
            Catalog(database, MadeUpModel(), home / "indexes").catch_up()
            _write_notes(database, path)
            began = time.perf_counter()
            file, manifest = make_backup(database, settings, home / "backups")
            yield {
                "what": "backup",
                "database": f"{path.stat().st_size / 1e9:.1f} GB",
                "rows": f"{sum(manifest.rows.values()):,}",
                "file": f"{file.stat().st_size / 1e9:.1f} GB",
                "seconds": f"{time.perf_counter() - began:.0f}",
            }
        began = time.perf_counter()
        held = drill(file, settings, MadeUpModel())
        yield {
            "what": "drill",
            "rows": f"{held['rows']:,}",
            "questions": f"{held['questions']}",
            "seconds": f"{time.perf_counter() - began:.0f}",
        }


def _write_notes(database: Database, path: Path) -> None:
    """Add notes until the database is as large as it is to be."""
    choose = random.Random(3)
    words = ["".join(choose.choices("abcdefghijklmnoprstuwyz", k=7)) for _ in range(20_000)]
    while path.stat().st_size < SIZE:
        with database.write() as session:
            _write_some(session, choose, words)
        database.shrink_log()


def _write_some(session: Session, choose: random.Random, words: list[str]) -> None:
    first = int(session.execute(sa.text("SELECT max(id) FROM timelineentry")).scalar() or 0) + 1
    insert_rows(
        session,
        TimelineEntry,
        [
            {
                "id": first + number,
                "deal_id": choose.randint(1, DEALS),
                "kind": "note",
                "at": now(),
                "text": " ".join(choose.choices(words, k=NOTE // 8)),
                "detail": {},
            }
            for number in range(NOTES_AT_ONCE)
        ],
    )
