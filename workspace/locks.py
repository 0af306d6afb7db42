"""Locks between processes: one upgrade at a time, and one server on a SQLite database.

On SQLite they are locks on files beside the database, which end with their process. On PostgreSQL
the lock belongs to a transaction, so that it also holds where a pooler stands before the database.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from workspace.database import Database
from workspace.errors import Conflict

# Any numbers that no other program locks in this database.
_UPGRADE = 4_715_022_611
_ROWS = 4_715_022_612


@contextmanager
def upgrading(database: Database) -> Iterator[None]:
    """Let one process at a time open the database: create it, upgrade it, fill it."""
    if database.is_sqlite:
        with _locked(_beside(database, "lock"), wait=True):
            yield
    else:
        with _held(database, _UPGRADE):
            yield


@contextmanager
def making_rows(database: Database) -> Iterator[None]:
    """On PostgreSQL, let one process at a time make the rows that are searched."""
    with _held(database, _ROWS):
        yield


@contextmanager
def _held(database: Database, key: int) -> Iterator[None]:
    with database.reader.connect() as connection, connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        # The lock is held while other connections work. The statement also ends the one before,
        # whose view of the database would keep others from cleaning up.
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield


@contextmanager
def serving(database: Database) -> Iterator[None]:
    """Let one server at a time have a SQLite database; `Conflict` for the second."""
    if not database.is_sqlite:
        yield
        return
    try:
        with _locked(_beside(database, "serving"), wait=False):
            yield
    except BlockingIOError:
        raise Conflict(
            f"{database.url.database} is served already. Stop the other `dealkin serve`, or set"
            " DEALKIN_HOME to another folder; several servers need PostgreSQL (DATABASE_URL)."
        ) from None


def _beside(database: Database, suffix: str) -> Path:
    path = Path(f"{database.url.database}.{suffix}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[None]:
    """The lock on a file, which stays: removing it would let two processes lock two files."""
    with path.open("a") as file:
        path.chmod(0o600)
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
