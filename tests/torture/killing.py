"""The torture: processes that write until they are killed, and the checks of what they left.

A write is two rows with one token: a deal and a note on it, a change of a deal and a note that says
so, an account in place of a deal, two accounts, or a job and its part. A process tells its parent
the token once the write is acknowledged. Whatever was told has to be there; whatever is there has
to be whole.
"""

import json
import os
import random
import secrets
import select as system
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.index.tables import Document
from similarity.search import search
from tests.threads import SECONDS
from tests.world import FakeEmbedder
from web.workspace import Workspace, workspace_on
from workspace.accounts.accounts import Account, add_account
from workspace.collaboration import notes
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.jobs import queue
from workspace.jobs.running import Kind, Task, run_next
from workspace.jobs.tables import Job, JobState
from workspace.people.viewer import PLAIN_VIEW
from workspace.revisions.deleting import delete_with_parts
from workspace.revisions.recorder import Place
from workspace.settings import Settings
from workspace.setup import open_database
from workspace.timeline.timeline import TimelineEntry

# A process is killed at a random moment of so many seconds after its first write.
LONGEST_LIFE = 0.8
# Kills between two checks.
CHECKED_EACH = 25
QUESTIONS = 10
WORDS = ("hospital", "records", "warehouse", "bank", "reporting", "grain", "ferry", "optics")


@dataclass
class Tally:
    """What a torture has done so far."""

    kills: int = 0
    acknowledged: int = 0
    rows: int = 0


class Torture:
    """Processes on a database, killed in turn."""

    def __init__(self, folder: Path, url: str, processes: int) -> None:
        self.folder = folder
        self.url = url
        self.processes = processes
        self._told = folder / "acknowledged.txt"
        self._kept = folder / "tally.json"
        kept = json.loads(self._kept.read_text()) if self._kept.exists() else {}
        self.tally = Tally(**kept)

    def run(self, kills: int) -> Tally:
        """Kill until there were so many kills in all, and check what is left."""
        open_database(self._settings()).close()
        while self.tally.kills < kills:
            until = min(kills, self.tally.kills + CHECKED_EACH)
            while self.tally.kills < until:
                self._write_and_kill()
            self.check()
            self._kept.write_text(json.dumps(asdict(self.tally)))
        return self.tally

    def check(self) -> None:
        """Fail if something acknowledged is gone, something is half, or search is wrong."""
        with closing(Database(self.url)) as database:
            workspace = workspace_on(database, self._settings(), FakeEmbedder())
            workspace.catalog.catch_up()
            with database.read() as session:
                there = written(session)
                told = set(self._told.read_text().split()) if self._told.exists() else set()
                assert told <= there, f"{len(told - there)} acknowledged writes are gone"
                self.tally.acknowledged, self.tally.rows = len(told), len(there)
                require_whole(session)
                require_true_answers(session, workspace, self.folder)

    def _write_and_kill(self) -> None:
        children = dict(self._fork() for _ in range(self.processes))
        for pipe in children.values():
            # Until its first write, or until it has failed to write one.
            system.select([pipe], [], [], SECONDS)
        time.sleep(random.uniform(0.0, LONGEST_LIFE))
        told = b""
        # One dies while the others write; then they die, too.
        for child, pipe in children.items():
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            assert os.WIFSIGNALED(status), "a process ended by itself"
            self.tally.kills += 1
            with os.fdopen(pipe, "rb") as file:
                # What it could not tell to the end was not acknowledged.
                told += file.read().rpartition(b"\n")[0] + b"\n"
        with self._told.open("ab") as file:
            file.write(told)

    def _fork(self) -> tuple[int, int]:
        """A process that writes, and the pipe in which it tells what was acknowledged."""
        pipe, end = os.pipe()
        child = os.fork()
        if child:
            os.close(end)
            return child, pipe
        try:
            self._write(lambda token: os.write(end, f"{token}\n".encode()))
        except BaseException:
            traceback.print_exc()
        os._exit(1)

    def _write(self, tell: Callable[[str], object]) -> None:
        database = Database(self.url)
        workspace = workspace_on(database, self._settings(), FakeEmbedder())
        while True:
            token = secrets.token_hex(8)
            if random.choice(WRITES)(workspace, token):
                tell(token)
            if random.random() < 0.1:
                with database.read() as session:
                    search(session, PLAIN_VIEW, workspace.catalog, random.choice(WORDS))

    def _settings(self) -> Settings:
        return Settings(home=self.folder, backups="off", DATABASE_URL=self.url)


def _log_deal(workspace: Workspace, token: str) -> bool:
    with workspace.database.write() as session:
        text = " ".join(random.sample(WORDS, 3))
        deal = lifecycle.log(session, f"Deal {token} {text}", None, None, notes=text)
        notes.write_note(session, deal, None, "note", f"Note {token}")
    return True


def _edit_deal(workspace: Workspace, token: str) -> bool:
    """Whether there is a deal to change."""
    with workspace.database.write() as session:
        if deal := _any(session):
            lifecycle.edit(session, deal, None, {"use_case": token})
            notes.write_note(session, deal, None, "note", f"Edit {token}")
    return deal is not None


def _replace_deal(workspace: Workspace, token: str) -> bool:
    """Whether there is a deal to delete: one that was changed keeps the notes of its changes."""
    with workspace.database.write() as session:
        if deal := _any(session, col(Deal.use_case) == ""):
            add_account(session, f"Gone {deal.name.split()[1]} {token}")
            delete_with_parts(session, [Place("deal", (deal.id,))], None)
    return deal is not None


def _any(session: Session, *conditions: sa.ColumnElement[bool]) -> Deal | None:
    """A deal of this record, locked."""
    query = select(Deal).where(*conditions).order_by(sa.func.random()).limit(1)
    return session.exec(query.with_for_update()).first()


def _add_accounts(workspace: Workspace, token: str) -> bool:
    with workspace.database.write() as session:
        add_account(session, f"First {token}")
        add_account(session, f"Second {token}")
    return True


def _run_job(workspace: Workspace, token: str) -> bool:
    def work(task: Task) -> None:
        token = task.parameters["token"]
        if "done" in task.place:
            return
        with task.part() as session:
            add_account(session, f"Part {token}")
            task.place["done"] = token

    with workspace.database.write() as session:
        queue.enqueue(session, "torture", None, {"token": token})
    # It may be a job that a killed process has left.
    run_next(workspace.database, {"torture": Kind("Torture", work)})
    return True


# Deleting is rarer than the rest, so that the record grows.
WRITES = (*2 * (_log_deal, _edit_deal, _add_accounts, _run_job), _replace_deal)


def written(session: Session) -> set[str]:
    """The tokens of everything that was written."""
    deals = {name.split()[1] for name in session.exec(_named(Deal, "Deal"))}
    # Of a deal and of its deletion.
    deals |= {token for name in session.exec(_named(Account, "Gone")) for token in name.split()[1:]}
    deals |= {text.split()[1] for text in session.exec(_noted("Edit"))}
    accounts = {name.split()[1] for name in session.exec(_named(Account, "First"))}
    jobs = {job.parameters["token"] for job in session.exec(select(Job))}
    return deals | accounts | jobs


def require_whole(session: Session) -> None:
    """Fail if one of two rows that were written together is without the other."""
    deals = {name.split()[1] for name in session.exec(_named(Deal, "Deal"))}
    assert {text.split()[1] for text in session.exec(_noted("Note"))} == deals
    gone = {name.split()[1] for name in session.exec(_named(Account, "Gone"))}
    assert not gone & deals, "a deal was deleted in part"
    last = {
        entry.deal_id: entry.text.split()[1]
        for entry in session.exec(
            select(TimelineEntry)
            .where(col(TimelineEntry.text).startswith("Edit "))
            .order_by(col(TimelineEntry.id))
        )
    }
    edited = select(Deal.id, Deal.use_case).where(Deal.use_case != "")
    assert dict(session.exec(edited).all()) == last, "a change was written without its note"
    first = {name.split()[1] for name in session.exec(_named(Account, "First"))}
    assert {name.split()[1] for name in session.exec(_named(Account, "Second"))} == first
    parts = sorted(name.split()[1] for name in session.exec(_named(Account, "Part")))
    done = {
        str(job.parameters["token"])
        for job in session.exec(select(Job))
        if job.place or job.state == JobState.DONE
    }
    assert parts == sorted(done), "each part was committed once, with its place"
    documented = select(Document.subject_id).where(Document.kind == "deal")
    assert set(session.exec(documented)) == set(session.exec(select(Deal.id)))
    require_sound(session)


def require_sound(session: Session) -> None:
    """Fail if SQLite finds its file damaged, or a row that refers to nothing."""
    if session.connection().dialect.name == "sqlite":
        for pragma, sound in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            rows = session.connection().exec_driver_sql(f"PRAGMA {pragma}").fetchall()
            assert list(map(tuple, rows)) == sound


def require_true_answers(session: Session, workspace: Workspace, folder: Path) -> None:
    """Fail if the caches, with what killed processes left in files, answer otherwise than caches
    that are made of the database alone."""
    alone = workspace_on(
        workspace.database, Settings(home=folder / "none", backups="off"), FakeEmbedder()
    )
    for _ in range(QUESTIONS):
        text = " ".join(random.sample(WORDS, 2))
        assert _answer(session, workspace, text) == _answer(session, alone, text), text


def _answer(session: Session, workspace: Workspace, text: str) -> list[str]:
    groups = search(session, PLAIN_VIEW, workspace.catalog, text).groups()
    return [hit.key for group in groups for hit in group]


def _noted(start: str) -> Any:
    return select(TimelineEntry.text).where(col(TimelineEntry.text).startswith(f"{start} "))


def _named(table: type[Deal] | type[Account], start: str) -> sa.Select[tuple[str]]:
    return select(table.name).where(col(table.name).startswith(f"{start} "))  # type: ignore[return-value]
