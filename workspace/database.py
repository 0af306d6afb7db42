"""Engine and sessions, the one writer on SQLite, and how lists are read: rows, pages, batches."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, col

from workspace.engines import postgresql_engine, sqlite_engine
from workspace.errors import Busy, DealkinError
from workspace.metrics import LOCK_SECONDS
from workspace.reading import keep_what_is_found
from workspace.told import Code, refusal

# Named constraints can be dropped again on every database; Alembic needs them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Row = TypeVar("Row")
Item = TypeVar("Item")

# Stands in the `info` of tables whose rows follow from other rows, or tell what happened: an import
# is not undone in them. True for a whole table, or the column that is filled in such rows only. In
# the `info` of a column, its values follow from other rows.
FOLLOWS = "follows"
# Stands in the `info` of tables and columns that hold secrets: they are in no exported record.
SECRET = "secret"  # noqa: S105
# Stands in the `info` of tables and columns that decide who may see what: no reader gets a state
# from before they were changed. A row that is deleted counts as changed.
RIGHTS = "rights"

MIGRATIONS = Path(__file__).parent / "migrations"

log = logging.getLogger(__name__)

_AFTER_COMMIT = "what follows the commit"
NEWER = (
    "A newer version of Dealkin has upgraded this database. Install that version, or restore the"
    " backup that was made before the upgrade."
)

# The channel on which PostgreSQL tells all server processes of each commit.
CHANNEL = "dealkin_commits"
_NOTIFY = sa.text(f"NOTIFY {CHANNEL}")

# PostgreSQL's SQLSTATE of a statement that has waited for a lock for too long.
LOCK_NOT_AVAILABLE = "55P03"

# How long work that nobody waits for waits for other writers.
PATIENCE = 60.0
# How long background work lets others write first before it takes its turn.
LONGEST_WAY = 0.5
# What follows a commit has at least this long, however long its writer has waited.
PATIENCE_AFTERWARDS = 5.0

# The moment on the monotonic clock until when this thread, or task, waits for other writers.
_deadline: ContextVar[float | None] = ContextVar("deadline of writes", default=None)


@contextmanager
def writing_until(deadline: float) -> Iterator[None]:
    """Have writes of this block give up with `Busy` at a moment on the monotonic clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def _seconds_left() -> float:
    deadline = _deadline.get()
    return PATIENCE if deadline is None else max(0.0, deadline - time.monotonic())


@contextmanager
def _busy_in_words() -> Iterator[None]:
    """On PostgreSQL, `Busy` where a lock was waited for until the deadline of `writing_until`."""
    try:
        yield
    except OperationalError as error:
        if _deadline.get() is None or getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        raise refusal(Busy, Code.BUSY) from error


class Database:
    """Sessions on one database: many that read, and, on SQLite, one that writes at a time.

    All sessions come from `read()` and `write()`. A `write()` block is a transaction: it commits
    at its end, or rolls back if it raises. Nothing else commits. `pooled` says that a pooler stands
    before a PostgreSQL database, whose connections change with each transaction.
    """

    def __init__(self, url: str, *, pooled: bool = False) -> None:
        self.url = sa.make_url(url)
        self.pooled = pooled
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise DealkinError("DATABASE_URL must name a file: SQLite in memory is not shared.")
            self.writer = sqlite_engine(self.url, writes=True, patience=_seconds_left)
            self.reader = sqlite_engine(self.url, writes=False, patience=_seconds_left)
        else:
            self.writer = self.reader = postgresql_engine(self.url, pooled=pooled)
        self._watchers: list[Callable[[Session], None]] = []
        # On SQLite, the turn of the only writer of this process.
        self._turn = threading.Lock()
        # Writes, and what follows them, that background work gives way to.
        self._urgent = 0
        self._none_urgent = threading.Condition()

    def watch(self, watcher: Callable[[Session], None]) -> None:
        """Call `watcher(session)` with every `write()` session as it opens."""
        self._watchers.append(watcher)

    @contextmanager
    def read(self, engine: sa.Engine | None = None) -> Iterator[Session]:
        """A session that cannot write and sees one consistent state of the database, or of the
        copy of it that an engine leads to."""
        with Session(engine or self.reader, expire_on_commit=False, autoflush=False) as session:
            keep_what_is_found(session)
            if not self.is_sqlite:
                session.connection(
                    execution_options={
                        "isolation_level": "REPEATABLE READ",
                        "postgresql_readonly": True,
                    }
                )
            yield session

    @contextmanager
    def write(self, *, in_background: bool = False) -> Iterator[Session]:
        """A session that commits once, at the end of the block, or not at all.

        `Busy` if others write until the deadline of `writing_until`. What was left to
        `after_commit` follows when the connection is free for other writers. Work in the
        background gives way to all other writes, for at most `LONGEST_WAY` seconds.
        """
        with self._way(in_background), self._write() as session:
            yield session

    @contextmanager
    def _way(self, in_background: bool) -> Iterator[None]:
        """Let writes that members wait for go before those in the background."""
        if in_background:
            with self._none_urgent:
                self._none_urgent.wait_for(lambda: not self._urgent, LONGEST_WAY)
            yield
            return
        with self._none_urgent:
            self._urgent += 1
        try:
            yield
        finally:
            with self._none_urgent:
                self._urgent -= 1
                self._none_urgent.notify_all()

    @contextmanager
    def _write(self) -> Iterator[Session]:
        began = time.monotonic()
        with (
            self._take_turn(),
            _busy_in_words(),
            Session(self.writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            self._begin(session)
            LOCK_SECONDS.observe(time.monotonic() - began)
            for watcher in self._watchers:
                watcher(session)
            yield session
            if not self.is_sqlite and session.in_transaction():
                # Sent with the commit: it wakes the open pages of every process.
                session.connection().execute(_NOTIFY)
        acts = session.info.get(_AFTER_COMMIT, ())
        if not acts:
            return
        with writing_until(time.monotonic() + max(_seconds_left(), PATIENCE_AFTERWARDS)):
            for act in acts:
                try:
                    act()
                except Exception:
                    # What was written is written, and must not look as if it had failed.
                    log.exception("What follows a write has failed; a catch-up does it later.")

    @contextmanager
    def _take_turn(self) -> Iterator[None]:
        """On SQLite, wait for the other writers of this process."""
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=_seconds_left()):
            raise refusal(Busy, Code.BUSY)
        try:
            yield
        finally:
            self._turn.release()

    def _begin(self, session: Session) -> None:
        """Begin the transaction: on SQLite, wait for the lock that other programs may hold."""
        try:
            connection = session.connection()
        except OperationalError as error:
            if "locked" in str(error.orig):
                raise refusal(Busy, Code.BUSY) from error
            raise
        if not self.is_sqlite and _deadline.get() is not None:
            # 0 would be no limit.
            limit = max(1, int(_seconds_left() * 1000))
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {limit}")

    def shrink_log(self) -> None:
        """On SQLite, empty the log of writes, which still has what was deleted."""
        if self.is_sqlite:
            with self._take_turn(), self.reader.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA query_only=OFF")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                driver.execute("PRAGMA query_only=ON")

    def gather_statistics(self) -> None:
        """On SQLite, count what the tables hold, so that queries are planned by it; readers plan
        with it from their next connection. PostgreSQL does it by itself."""
        if not self.is_sqlite:
            return
        with self.write(in_background=True) as session:
            connection = session.connection()
            # It looks at so many rows of an index, which takes a moment however many there are.
            connection.exec_driver_sql("PRAGMA analysis_limit=1000")
            connection.exec_driver_sql("ANALYZE")
        self.reader.dispose()

    def close(self) -> None:
        """Close all connections."""
        self.writer.dispose()
        self.reader.dispose()

    def upgrade(self) -> None:
        """Migrate the schema to the newest revision; refused if a newer Dealkin has written it."""
        if self.is_newer():
            raise DealkinError(NEWER)
        command.upgrade(self._alembic(), "head")

    def is_newer(self) -> bool:
        """Whether the schema has a revision that this version does not know."""
        current = self.revision()
        return current is not None and not self.knows(current)

    def knows(self, revision: str) -> bool:
        """Whether this version has a revision of the schema."""
        known = ScriptDirectory.from_config(self._alembic()).walk_revisions()
        return revision in {script.revision for script in known}

    def revision(self) -> str | None:
        """The revision of the schema; None where there are no tables yet."""
        with self.reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def is_current(self) -> bool:
        """Whether the schema has the newest revision."""
        head = ScriptDirectory.from_config(self._alembic()).get_current_head()
        return self.revision() == head

    def _alembic(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.writer
        return config


def after_commit(session: Session, act: Callable[[], object]) -> None:
    """Call `act` after a database session has committed, outside of its transaction.

    Use it for slow work that a later catch-up repeats if it fails, such as encoding.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(act)


# What is told of rows that a statement inserts: the table, and the primary keys.
_INSERT_LISTENERS = "who is told of inserted rows"
InsertListener = Callable[[sa.Table, list[tuple[Any, ...]]], None]


def on_insert(session: Session, listener: InsertListener) -> None:
    """Tell a listener of the rows that `insert_rows` inserts."""
    session.info.setdefault(_INSERT_LISTENERS, []).append(listener)


# Called with rows that a statement is about to insert.
_INSERT_PREPARERS: list[Callable[[Session, sa.Table, list[dict[str, Any]]], None]] = []


def before_insert(prepare: Callable[[Session, sa.Table, list[dict[str, Any]]], None]) -> None:
    """Have `prepare` called with the rows of every `insert_rows`; it may add values to them."""
    _INSERT_PREPARERS.append(prepare)


def insert_rows(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows, with values for all columns but a number; much faster than objects.

    Watchers do not see these rows, so it is for tables that they do not follow.
    """
    if not rows:
        return
    described: sa.Table = table.__table__  # type: ignore[attr-defined]
    keys = [column.name for column in described.primary_key]
    rows = [dict(row) for row in rows]
    for prepare in _INSERT_PREPARERS:
        prepare(session, described, rows)
    listeners = session.info.get(_INSERT_LISTENERS, ())
    if listeners and keys[0] not in rows[0]:
        made = session.execute(sa.insert(table).returning(*described.primary_key), rows)
        inserted = [tuple(row) for row in made]
    else:
        session.execute(sa.insert(table), rows)
        inserted = [tuple(row.get(key) for key in keys) for row in rows]
    for listener in listeners:
        listener(described, inserted)


def select_row(row: type, /, *tables: type[SQLModel], **columns: Any) -> sa.Select[Any]:
    """A query for rows of a dataclass; each column is named after the field that it fills.

    A required field that is not named takes the column of its name from the first table that has
    one, or, as `deal_key`, a column of the table that its name begins with. The query selects from
    the first table; the caller joins the others. TypeError if a column is not a field of `row`,
    or a required field has no column.
    """
    row_fields = {field.name: field for field in fields(row)}
    required = [
        name
        for name, field in row_fields.items()
        if field.init and field.default is MISSING and field.default_factory is MISSING
    ]
    for table in tables:
        prefix = f"{table.__name__.lower()}_"
        for field_name in required:
            for name in (field_name, field_name.removeprefix(prefix)):
                if name in table.model_fields:
                    columns.setdefault(field_name, getattr(table, name))
    if unknown := columns.keys() - row_fields.keys():
        raise TypeError(f"{row.__name__} has no field {', '.join(sorted(unknown))}.")
    if missing := set(required) - columns.keys():
        raise TypeError(f"{row.__name__} needs the fields {', '.join(sorted(missing))}.")
    # In the order of the fields, so that `fetch` need not name them for each row.
    ordered = [name for name in row_fields if name in columns]
    query = sa.select(*(sa.label(name, columns[name]) for name in ordered))
    return query.select_from(tables[0]) if tables else query


def contains(text: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Whether one of the columns contains a text, whatever its capitals."""
    return sa.or_(*(col(column).icontains(text, autoescape=True) for column in columns))


def _field_names(row: type) -> list[str]:
    """The fields of a dataclass in the order in which its constructor takes them."""
    return [field.name for field in fields(row) if field.init]


def fetch(
    session: Session, row: type[Row], query: sa.Select[Any], **parameters: object
) -> list[Row]:
    """The results of a query from `select_row`, as rows of that dataclass."""
    found = session.execute(query, parameters)
    names = list(found.keys())
    if names == _field_names(row)[: len(names)]:
        return [row(*values) for values in found]
    return [row(**dict(zip(names, values, strict=True))) for values in found]


def page_after(
    session: Session,
    query: Any,
    order: Sequence[Any],
    place: sa.Executable | None = None,
    *,
    descending: bool = False,
) -> Any:
    """The query in an order, starting after the row whose order columns `place` selects.

    Pages start after a row instead of at an offset, so that a list that changes meanwhile
    neither repeats nor skips a row (keyset pagination). The last column of `order` is unique,
    and no column is ever null. If `place` selects nothing, the page is the first one.
    """
    direction = sa.desc if descending else sa.asc
    query = query.order_by(*map(direction, order))
    last = session.execute(place).first() if place is not None else None
    if last is None:
        return query
    row_key, last_key = sa.tuple_(*order), sa.tuple_(*map(sa.literal, last))
    return query.where(row_key < last_key if descending else row_key > last_key)


def page_by_name(
    session: Session,
    row: type[Item],
    query: Any,
    table: Any,
    *,
    where: Sequence[sa.ColumnElement[bool]] = (),
    order: Any = None,
    descending: bool = False,
    after: str | None,
    limit: int,
) -> list[Item]:
    """The rows of a list in the order of their names, after the row of the key `after`.

    `order` takes the place of the name. `query` selects every row, and `where` those that were
    chosen: a page begins after a row that may be chosen no longer.
    """
    by = sa.func.lower(table.name) if order is None else order
    columns = (by, col(table.id))
    place = query.with_only_columns(*columns).where(col(table.key) == after) if after else None
    chosen = query.where(*where)
    page = page_after(session, chosen, columns, place, descending=descending)
    return fetch(session, row, page.limit(limit))


# How many values a statement has at most. Databases limit this number, older builds of SQLite to
# 999.
BATCH = 900


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items in lists of at most `size`."""
    everything = list(items)
    return (everything[start : start + size] for start in range(0, len(everything), size))
