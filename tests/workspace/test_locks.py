"""Locks between processes: parallel first starts, and a second server on a SQLite database."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from sqlmodel import select

from tests.conftest import Backend
from tests.threads import SECONDS, at_the_same_time
from workspace.database import Database
from workspace.deals import stages
from workspace.deals.tables import Stage
from workspace.errors import Conflict, DealkinError
from workspace.locks import serving, upgrading
from workspace.settings import Settings
from workspace.setup import open_database


def _open(url: str, home: str) -> None:
    open_database(Settings(DATABASE_URL=url, home=Path(home))).close()


def test_should_let_several_processes_start_on_an_empty_database(
    backend: Backend, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if "postgresql" in request.node.name:
        backend.prepare("nothing_yet", "empty")
        url = backend.url("nothing_yet")
        database = Database(url)
        with database.writer.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        database.close()
    else:
        url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    context = multiprocessing.get_context("spawn")
    starts = [context.Process(target=_open, args=(url, str(tmp_path))) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(SECONDS)
    assert [start.exitcode for start in starts] == [0, 0, 0]
    database = Database(url)
    with database.read() as session:
        assert len(session.exec(select(Stage)).all()) == len(stages.DEFAULT_STAGES)
    database.close()


def test_should_let_one_upgrade_at_a_time(database: Database) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def upgrade() -> None:
        nonlocal inside, most
        with upgrading(database):
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.05)
            with lock:
                inside -= 1

    assert not at_the_same_time(*[upgrade] * 4)
    assert most == 1


def test_should_refuse_a_second_server_on_one_sqlite_database(database: Database) -> None:
    with serving(database):
        if not database.is_sqlite:
            with serving(database):
                return
        with pytest.raises(Conflict, match="is served already"), serving(database):
            pass
    with serving(database):
        pass


def test_should_refuse_a_database_of_a_newer_version(database: Database) -> None:
    with database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DealkinError, match="newer version of Dealkin"):
        database.upgrade()
    assert not database.is_current()
