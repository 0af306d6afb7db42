"""An import that is killed again and again comes to the same as one that runs through."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlmodel import select

from tests.whole_record import contents, dump
from tests.world import FakeEmbedder
from web.jobs import kinds_of
from web.workspace import Workspace, workspace_on
from workspace.database import Database
from workspace.imports import runs, undo
from workspace.imports.ledger import ImportRun, RunState
from workspace.imports.recognition import Reading
from workspace.imports.runs import Upload
from workspace.jobs import running
from workspace.settings import Settings
from workspace.setup import open_database

ROWS = 8_800
# A process is killed at a random moment of so many seconds after it began.
LIVES = (0.3, 3.0)


def deals(rows: int) -> bytes:
    """A file of deals in every outcome, at a third as many accounts."""
    stages = ("Prospecting", "Qualification", "Closed Won", "Closed Lost")
    lines = ["Deal Name,Account Name,Stage,Amount,Currency,Close Date,Created Date,Description"]
    lines += [
        f"Warehouse for Works {n},Works {n % (rows // 3)},{stages[n % 4]},{1_000 + n},EUR,"
        f"2025-{n % 12 + 1:02}-11,2024-{n % 12 + 1:02}-03,Load {n} tables each night"
        for n in range(rows)
    ]
    return "\n".join(lines).encode()


def kill_imports(folder: Path, kills: int, rows: int = ROWS) -> int:
    """Kill an import of so many rows until it has ended, then its undo; the number of kills.

    Both come to the same as without: the record as the file says it, and the record before.
    """
    straight, killed = (f"sqlite:///{folder / name}.sqlite3" for name in ("straight", "killed"))
    raw = deals(rows)
    for url in (straight, killed):
        settings = Settings(home=folder, backups="off", DATABASE_URL=url)
        open_database(settings).close()
    with closing(Database(straight)) as database:
        workspace = _workspace(database, folder)
        run_id = _prepare(workspace, raw)
        _go_on(workspace, runs.IMPORT, run_id)
        expected = contents(workspace)
    done = 0
    with closing(Database(killed)) as database:
        workspace = _workspace(database, folder)
        run_id = _prepare(workspace, raw)
        before = dump(workspace)
    done += _kill_until_ended(killed, folder, runs.IMPORT, run_id, kills)
    with closing(Database(killed)) as database:
        workspace = _workspace(database, folder)
        assert contents(workspace) == expected
        with database.write() as session:
            undo.begin_undo(session, runs.locked(session, run_id), None)
    done += _kill_until_ended(killed, folder, runs.UNDO, run_id, kills)
    with closing(Database(killed)) as database:
        workspace = _workspace(database, folder)
        with database.read() as session:
            assert session.exec(select(ImportRun.state)).one() == RunState.UNDONE
        after = dump(workspace)
        # What tells of the import itself stays.
        told = {"auditentry", "auditvalue", "auditsalt", "job", "importrun", "importfile"}
        wrong = [name for name in before if name not in told and before[name] != after[name]]
        assert not wrong, wrong
    return done


def _kill_until_ended(url: str, folder: Path, kind: str, run_id: int, kills: int) -> int:
    """Begin a job again and again, killed each time until it was killed so often or has ended."""
    done = 0
    while True:

        def work() -> None:
            with closing(Database(url)) as database:
                _go_on(_workspace(database, folder), kind, run_id)

        if _dies(work, random.uniform(*LIVES) if done < kills else None):
            done += 1
        else:
            return done


def _dies(work: Callable[[], None], seconds: float | None) -> bool:
    """Whether a process that does this work is killed before it has ended."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    until = time.monotonic() + (seconds or 3_600)
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0, "it failed"
            return False
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _workspace(database: Database, folder: Path) -> Workspace:
    return workspace_on(database, Settings(home=folder), FakeEmbedder())


def _prepare(workspace: Workspace, raw: bytes) -> int:
    with workspace.database.write() as session:
        run = runs.store(session, None, [Upload("deals.csv", raw, Reading())])
        runs.begin(session, run)
        return run.id


def _go_on(workspace: Workspace, kind: str, run_id: int) -> None:
    running.run_now(workspace.database, kinds_of(workspace), kind, {"import": run_id})
