"""What reading sessions find once and keep, on both databases."""

import itertools
from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from workspace.accounts.accounts import add_account
from workspace.database import Database
from workspace.errors import DealkinError
from workspace.reading import found_once, note_left_out, unfiltered


@pytest.fixture
def uncompared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is counted how often something is found, so that nothing is found to compare it."""
    monkeypatch.setattr("workspace.reading._found_again", lambda kept, _: kept)


@pytest.fixture
def find(uncompared: None) -> Callable[[], int]:
    """Finds how often it was asked."""
    asked = itertools.count(1)
    return lambda: next(asked)


def test_should_find_once_in_a_session_that_reads(
    database: Database, find: Callable[[], int]
) -> None:
    with database.read() as session:
        assert [found_once(session, "a", find), found_once(session, "a", find)] == [1, 1]
        assert found_once(session, "another", find) == 2
    # What a writing session finds may change while it writes.
    with database.write() as session:
        assert [found_once(session, "a", find), found_once(session, "a", find)] == [3, 4]


def test_should_keep_what_was_found_until_something_is_committed(
    database: Database, find: Callable[[], int]
) -> None:
    def found() -> int:
        with database.read() as session:
            return found_once(session, "a", find)

    # Only SQLite tells whether the state is the same.
    kept = int(database.is_sqlite)
    first = found()
    assert found() == first + 1 - kept
    before = found()
    with database.read() as session:
        assert found_once(session, "a", find) == before + 1 - kept
        with database.write() as writing:
            add_account(writing, "Harbour")
        # A session sees one state until it ends, whatever others write.
        assert found_once(session, "a", find) == before + 1 - kept
    with suppress(DealkinError), database.write() as writing:
        add_account(writing, "Never there")
        raise DealkinError("Not saved.")
    after = found()
    assert after == before + 2 - kept
    # As another process does.
    url = database.url.render_as_string(hide_password=False)
    with closing(Database(url)) as other, other.write() as writing:
        add_account(writing, "Quay")
    assert found() == after + 1


def test_should_keep_apart_what_is_found_among_other_rows(
    database: Database, find: Callable[[], int]
) -> None:
    def found(*left_out: str) -> int:
        with database.read() as session:
            for what in left_out:
                note_left_out(session, what)
            return found_once(session, "a", find)

    everything, others = found(), found("account 3")
    assert everything != others
    with database.read() as session, unfiltered(session):
        assert found_once(session, "a", find) not in (everything, others)


def test_should_find_anew_in_the_next_transaction_of_a_session(
    database: Database, find: Callable[[], int]
) -> None:
    with database.read() as session:
        first = found_once(session, "a", find)
        session.rollback()
        with database.write() as writing:
            add_account(writing, "Harbour")
        assert found_once(session, "a", find) == first + 1
