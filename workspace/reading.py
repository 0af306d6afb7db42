"""What sessions that read leave out for their reader, and what they find once and keep."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

Item = TypeVar("Item")

# What a session that reads has found and keeps, and the transaction in which it did.
_FOUND = "what was found"
# What its queries leave out, for its reader.
_LEFT_OUT = "what is left out"
# So much is kept of one state of the database, on each connection.
MOST_FOUND = 1_000

# What a session is told about the rows that its reader may not know of.
_UNFILTERED = "all rows"


@contextmanager
def unfiltered(session: Session) -> Iterator[None]:
    """Within the block, queries of a session get all rows, whatever its reader may see."""
    session.info[_UNFILTERED] = session.info.get(_UNFILTERED, 0) + 1
    try:
        yield
    finally:
        session.info[_UNFILTERED] -= 1


def is_unfiltered(session: Session) -> bool:
    """Whether queries of a session get all rows at the moment."""
    return bool(session.info.get(_UNFILTERED))


def note_left_out(session: Session, what: Hashable) -> None:
    """Keep what a session finds apart from what others find who do not leave out the same."""
    session.info[_LEFT_OUT] = (*session.info.get(_LEFT_OUT, ()), what)


def keep_what_is_found(session: Session) -> None:
    """Have a session that does not write keep what it finds."""
    session.info[_FOUND] = (None, {})


def found_once(session: Session, key: Hashable, find: Callable[[], Item]) -> Item:
    """What `find` returns, which reading sessions keep while they see the same state of the
    database: PostgreSQL's until they end, SQLite's until something is committed.

    Whatever it depends on besides the state and what the session leaves out, such as the viewer or
    the day, has to be in the key. Nobody may change what is returned: others get it, too.
    """
    if _FOUND not in session.info:
        return find()
    found = _found_in(session)
    place = (session.info.get(_LEFT_OUT, ()), is_unfiltered(session), key)
    if place in found:
        kept: Item = found[place]
        return _found_again(kept, find)
    item = found[place] = find()
    return item


def _found_in(session: Session) -> dict[Hashable, Any]:
    """What is found already of the state that a reading session sees."""
    transaction, found = session.info[_FOUND]
    if transaction is None or transaction is not session.get_transaction():
        connection = session.connection()
        is_sqlite = connection.dialect.name == "sqlite"
        found = _found_in_same_state(connection) if is_sqlite else {}
        session.info[_FOUND] = session.get_transaction(), found
    known: dict[Hashable, Any] = found
    return known


def _found_in_same_state(connection: sa.Connection) -> dict[Hashable, Any]:
    """What the sessions of a connection to SQLite found since the database was last written to.

    The version of its data changes with every commit of another connection, whatever the process,
    and readers commit nothing (https://www.sqlite.org/pragma.html#pragma_data_version). A
    transaction sees the state of the version that it is told.
    """
    driver: Any = connection.connection.driver_connection
    (version,) = driver.execute("PRAGMA data_version").fetchone()
    kept: tuple[int, dict[Hashable, Any]] | None = connection.info.get(_FOUND)
    if kept is None or kept[0] != version or len(kept[1]) > MOST_FOUND:
        kept = connection.info[_FOUND] = (version, {})
    return kept[1]


def _found_again(kept: Item, find: Callable[[], Item]) -> Item:
    """What was found and kept. Tests compare it with what is found anew."""
    return kept
