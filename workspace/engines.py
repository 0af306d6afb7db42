"""Engines on SQLite and PostgreSQL, with the settings that all sessions count on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg.pq import Format
from sqlalchemy import event

# A statement that is executed with this option gets its rows in PostgreSQL's binary form.
BINARY = "rows in binary form"


def _make_private(path: Path) -> None:
    """Create the file and its folder without access for other users of the machine.

    Existing files keep their mode. SQLite gives its journal files the mode of the database.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.name.startswith("file:"):
        path.touch(mode=0o600)


def sqlite_engine(url: sa.URL, *, writes: bool, patience: Callable[[], float]) -> sa.Engine:
    """An engine that begins transactions itself.

    The driver's own transactions begin late and lose read-modify-write updates, so they are
    switched off. With a single connection for writing, writers wait for each other instead of
    colliding, and SQLite's WAL-reset race (fixed in 3.51.3) cannot occur. They wait for other
    programs as many seconds as `patience` says then.
    """
    engine = sa.create_engine(
        url,
        isolation_level=None,
        # Errors go to the log, where nothing personal belongs.
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 30},
        pool_size=1 if writes else 8,
        # The number of readers is not limited, because a reader may open a second, newer session.
        max_overflow=0 if writes else -1,
        # The connection that was used last is used next: it keeps most of what is asked again.
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: Any) -> None:
        # Checking whether a database exists must not create it, so this waits for a connection.
        _make_private(Path(url.database or ""))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if not writes:
            cursor.execute("PRAGMA busy_timeout=30000")
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if writes:
            # The lock is waited for as long as its writer has time.
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(patience() * 1000)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def postgresql_engine(url: sa.URL, *, pooled: bool, **connect_args: Any) -> sa.Engine:
    """An engine on PostgreSQL, whose connections are made with these arguments of the driver."""
    if pooled:
        # The driver prepares what it executes often on one connection of the server. With the next
        # transaction a pooler may give it another one.
        connect_args["prepare_threshold"] = None
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        max_overflow=-1,
        hide_parameters=True,
        connect_args=connect_args,
    )
    event.listen(engine, "before_cursor_execute", _choose_form)
    return engine


def _choose_form(
    _connection: sa.Connection,
    cursor: Any,
    _statement: str,
    _values: Any,
    context: Any,
    _many: bool,
) -> None:
    """Have rows come in binary form where the statement asks for it."""
    if context.execution_options.get(BINARY):
        cursor.format = Format.BINARY
