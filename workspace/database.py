"""Engine and sessions, the one writer on SQLite, and how lists are read: rows, pages, batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlmodel import Session, SQLModel

from workspace.errors import DealkinError

# Named constraints can be dropped again on every database; Alembic needs them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Row = TypeVar("Row")

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """Sessions on one database: many that read, and, on SQLite, one that writes at a time.

    `read()` and `write()` are the only ways in. Whoever opens a `write()` is the edge of a
    unit of work: it commits when the block ends and rolls back when the block raises.
    """

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise DealkinError("DATABASE_URL must name a file: SQLite in memory is not shared.")
            self.writer = _sqlite_engine(self.url, writes=True)
            self.reader = _sqlite_engine(self.url, writes=False)
        else:
            self.writer = self.reader = sa.create_engine(
                self.url, pool_pre_ping=True, max_overflow=-1
            )
        self._watchers: list[Callable[[Session], None]] = []

    def watch(self, watcher: Callable[[Session], None]) -> None:
        """Have `watcher(session)` called with every `write()` session as it opens."""
        self._watchers.append(watcher)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent state of the database. It cannot write."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            if not self.is_sqlite:
                session.connection(
                    execution_options={
                        "isolation_level": "REPEATABLE READ",
                        "postgresql_readonly": True,
                    }
                )
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits once, at the end of the block, or not at all."""
        with (
            Session(self.writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            for watcher in self._watchers:
                watcher(session)
            yield session

    def close(self) -> None:
        """Give every connection back."""
        self.writer.dispose()
        self.reader.dispose()

    def upgrade(self) -> None:
        """Bring the schema to the newest revision."""
        command.upgrade(self._alembic(), "head")

    def is_current(self) -> bool:
        """Whether the schema is the one that this version works with."""
        head = ScriptDirectory.from_config(self._alembic()).get_current_head()
        with self.reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == head

    def _alembic(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.writer
        return config


def _make_private(path: Path) -> None:
    """Make the file, and its folder, so that nobody else on this machine reads them.

    What is there already keeps the mode that somebody gave it. SQLite makes the files beside
    it with the mode of this one.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.name.startswith("file:"):
        path.touch(mode=0o600)


def _sqlite_engine(url: sa.URL, *, writes: bool) -> sa.Engine:
    """An engine that begins transactions itself.

    The driver's own transactions begin late and lose read-modify-write updates, so they are
    switched off. One pooled connection for writing makes the writers queue instead of
    colliding, and leaves SQLite's WAL-reset race (fixed in 3.51.3) without its precondition.
    """
    engine = sa.create_engine(
        url,
        isolation_level=None,
        connect_args={"check_same_thread": False, "timeout": 30},
        pool_size=1 if writes else 8,
        # Readers are never refused: whoever reads may need a second, newer look.
        max_overflow=0 if writes else -1,
        pool_timeout=60,
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: Any) -> None:
        # Only once somebody connects: looking whether a database is there makes none.
        _make_private(Path(url.database or ""))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=30000")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def select_row(row: type, **columns: Any) -> sa.Select[Any]:
    """A query for rows of a dataclass; each column is named after the field that it fills.

    TypeError where the columns are not exactly the fields of `row` that have no default.
    """
    known = {field.name: field for field in fields(row)}
    needed = {
        name
        for name, field in known.items()
        if field.init and field.default is MISSING and field.default_factory is MISSING
    }
    if unknown := columns.keys() - known.keys():
        raise TypeError(f"{row.__name__} has no field {', '.join(sorted(unknown))}.")
    if missing := needed - columns.keys():
        raise TypeError(f"{row.__name__} needs the fields {', '.join(sorted(missing))}.")
    return sa.select(*(sa.label(name, column) for name, column in columns.items()))


def fetch(session: Session, row: type[Row], query: sa.Select[Any]) -> list[Row]:
    """The results of a query that `select_row` began, as rows of that dataclass."""
    return [row(**found) for found in session.execute(query).mappings()]


def page_after(
    session: Session,
    query: Any,
    order: Sequence[Any],
    place: sa.Select[Any] | None = None,
    *,
    descending: bool = False,
) -> Any:
    """A query in an order, from after the row whose order columns `place` selects.

    Pages begin after a row instead of at an offset, so that a list that changes meanwhile
    neither repeats nor skips a row (keyset pagination). The last column of `order` is unique,
    and none is ever null. Where `place` selects nothing, the page is the first one.
    """
    turn = sa.desc if descending else sa.asc
    query = query.order_by(*map(turn, order))
    last = session.execute(place).first() if place is not None else None
    if last is None:
        return query
    here, there = sa.tuple_(*order), sa.tuple_(*map(sa.literal, last))
    return query.where(here < there if descending else here > there)


# A statement names at most this many rows: databases limit how many values one may have, older
# builds of SQLite to 999.
BATCH = 900


def batches(ids: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """The ids in lists of at most `size`."""
    rows = list(ids)
    return (rows[start : start + size] for start in range(0, len(rows), size))
