"""The shared address book: all connections that every member may read, in memory, for each search.

The database owns them. Each process brings its book up to the database's last generation before it
searches. Connections that only some members may read are never in it, and leave no trace in the log
that it follows. Whom a search shows is read from the database, under the viewer's rights.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlmodel import Field, Session, SQLModel, col

from references.network.address_books import Connection
from references.network.circles import changed_values
from references.network.ties import Visibility
from references.prospecting.book import Book, Row, book_rows
from references.prospecting.known import shared_with_everyone
from references.prospecting.titles import Titles
from workspace.change_log import EMPTY, Change, ChangeLog, Generation, State, follow
from workspace.database import Database, batches
from workspace.ids import ID

# With more changed connections, reading all again is no slower than following them.
MOST_CHANGES = 20_000
READ_AT_ONCE = 200


class SharedBookState(State, table=True):
    """The number of the last generation of shared connections."""


class SharedBookGeneration(Generation, table=True):
    """A committed change of shared connections."""

    # Whether it changed so many that its changes are not listed.
    sweeping: bool = False


class SharedBookChange(Change, table=True):
    """A connection that a generation changed, and that was shared before or is now."""

    connection_id: int = Field(primary_key=True, sa_type=ID)


BOOK_LOG = ChangeLog(SharedBookState, SharedBookGeneration, SharedBookChange, breaks="sweeping")


class SharedBook:
    """Keeps the connections that every member may read in step with the database."""

    def __init__(self, database: Database, titles: Titles) -> None:
        self.titles = titles
        self._database = database
        self._book = Book()
        self._mark = EMPTY
        self._is_loaded = False
        # How many connections have changed since all were read.
        self._followed = 0
        self._lock = threading.RLock()

    def attach(self) -> None:
        """Log the shared connections that each transaction changes."""
        self._database.watch(_follow_writes)

    def warm(self) -> None:
        """Read all connections and their companies, so that the first search does not wait."""
        unread = [0]
        while unread:
            with self._database.read() as session, self.searching(session) as book:
                # A few at a time, so that searches meanwhile need not wait for all.
                unread = book.companies.unread()[:READ_AT_ONCE]
                book.companies.read_names(unread)

    @contextmanager
    def searching(self, session: Session) -> Iterator[Book]:
        """The connections, at least as new as the session's view.

        The book is locked until the block ends, so the block should only search.
        """
        with self._lock:
            if not self._is_loaded or BOOK_LOG.last(session) != self._mark:
                # The session may see an older state than the book already has.
                with self._database.read() as newest:
                    self._renew(newest)
            yield self._book

    def _renew(self, newest: Session) -> None:
        mark = BOOK_LOG.last(newest)
        changed = self._changed(newest)
        if changed is None:
            self._book = Book(_rows(newest))
            self._is_loaded, self._followed = True, 0
        else:
            self._book.change(changed, _rows(newest, changed))
            self._followed += len(changed)
        self._mark = mark

    def _changed(self, session: Session) -> list[int] | None:
        """The connections that have changed since the book was read; None where all have to be
        read again."""
        if not self._is_loaded or not BOOK_LOG.may_follow(session, self._mark):
            return None
        rows = session.execute(BOOK_LOG.changed_after(self._mark).limit(MOST_CHANGES + 1))
        changed = [row.connection_id for row in rows]
        # Titles and companies that nobody has any more go when all are read.
        most = max(len(self._book), MOST_CHANGES)
        return changed if self._followed + len(changed) <= most else None


def _rows(session: Session, ids: Collection[int] | None = None) -> Iterator[Row]:
    """The shared connections: all, or these."""
    query = book_rows().where(shared_with_everyone())
    if ids is None:
        yield from session.execute(query.execution_options(yield_per=10_000))
        return
    for batch in batches(ids):
        yield from session.execute(query.where(col(Connection.id).in_(batch)))


def _follow_writes(session: Session) -> None:
    """Log the shared connections that this transaction changes before it commits."""
    changed: set[int] = set()

    def note(row: SQLModel) -> None:
        # What others cannot see leaves no trace in the log that all processes follow.
        if isinstance(row, Connection) and Visibility.EVERYONE in changed_values(row, "visibility"):
            changed.add(row.id)

    def log(session: Session) -> None:
        if not changed:
            return
        sweeping = len(changed) > MOST_CHANGES
        ids = () if sweeping else sorted(changed)
        number = BOOK_LOG.lock(session)
        BOOK_LOG.append(session, number, [{"connection_id": each} for each in ids], breaks=sweeping)

    follow(session, note, log)
