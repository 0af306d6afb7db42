"""Caches follow a log from where they are, or learn that they cannot."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from workspace.change_log import EMPTY, Change, ChangeLog, Generation, Mark, State, follow
from workspace.database import Database


class Base(SQLModel, registry=registry()):
    """Keeps the tables of this test out of the application's."""


class ShelfState(State, Base, table=True):
    """The state of a log of shelves."""


class ShelfGeneration(Generation, Base, table=True):
    """A change of shelves."""

    rebuilt: bool = False


class ShelfChange(Change, Base, table=True):
    """A shelf that changed."""

    shelf: str = Field(primary_key=True)


LOG = ChangeLog(ShelfState, ShelfGeneration, ShelfChange, breaks="rebuilt")


@pytest.fixture
def shelves(tmp_path: Path) -> Iterator[Database]:
    """A database with an empty log."""
    with closing(Database(f"sqlite:///{tmp_path / 'shelves.sqlite3'}")) as database:
        Base.metadata.create_all(database.writer)
        with database.write() as session:
            session.add(ShelfState(id=1))
        yield database


def change(shelves: Database, *names: str, breaks: bool = False) -> Mark:
    with shelves.write() as session:
        changes = [{"shelf": name} for name in names]
        LOG.append(session, LOG.lock(session), changes, breaks=breaks)
    with shelves.read() as session:
        return LOG.last(session)


def changed(session: Session, mark: Mark) -> list[str]:
    return sorted(session.execute(LOG.changed_after(mark)).scalars())


def test_should_start_from_the_empty_mark(shelves: Database) -> None:
    with shelves.read() as session:
        assert LOG.last(session) == EMPTY
        assert LOG.may_follow(session, EMPTY)
        assert changed(session, EMPTY) == []


def test_should_list_what_changed_after_a_mark_once(shelves: Database) -> None:
    first = change(shelves, "maps", "atlases")
    second = change(shelves, "maps")
    third = change(shelves, "maps", "poems")
    assert (first.number, second.number, third.number) == (1, 2, 3)
    assert len({first.token, second.token, third.token}) == 3
    with shelves.read() as session:
        assert all(LOG.may_follow(session, mark) for mark in (EMPTY, first, second, third))
        assert changed(session, EMPTY) == ["atlases", "maps", "poems"]
        assert changed(session, first) == ["maps", "poems"]
        assert changed(session, third) == []


def test_should_not_follow_past_a_generation_that_breaks(shelves: Database) -> None:
    before = change(shelves, "maps")
    after = change(shelves, breaks=True)
    with shelves.read() as session:
        assert LOG.knows(session, before)
        assert not LOG.may_follow(session, before)
        assert not LOG.may_follow(session, EMPTY)
        assert LOG.may_follow(session, after)


def test_should_not_know_the_same_number_of_another_history(shelves: Database) -> None:
    mark = change(shelves, "maps")
    with shelves.read() as session:
        for stranger in (mark._replace(token="0" * 32), mark._replace(number=9)):
            assert not LOG.knows(session, stranger)
            assert not LOG.may_follow(session, stranger)


def test_should_take_no_number_twice_and_leave_none_of_a_rollback(shelves: Database) -> None:
    class Refused(Exception):
        pass

    def fail() -> None:
        with shelves.write() as session:
            assert LOG.lock(session) == 1
            assert LOG.lock(session) == 2
            raise Refused

    with pytest.raises(Refused):
        fail()
    assert change(shelves, "maps").number == 1


def test_should_note_every_flushed_row_before_it_acts(shelves: Database) -> None:
    noted: list[str] = []
    seen: list[list[str]] = []

    def note(row: SQLModel) -> None:
        if isinstance(row, ShelfChange):
            noted.append(row.shelf)

    def act(session: Session) -> None:
        seen.append(list(noted))
        session.add(ShelfChange(generation=1, shelf="derived"))
        session.flush()

    with shelves.write() as session:
        follow(session, note, act)
        session.add(ShelfChange(generation=1, shelf="maps"))
        session.flush()
        session.add(ShelfChange(generation=1, shelf="not flushed yet"))
        assert seen == []
    assert seen == [["maps", "not flushed yet"]]
    assert noted == ["maps", "not flushed yet", "derived"]
