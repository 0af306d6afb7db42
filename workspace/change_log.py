"""Change logs: numbered generations of what changed, by which caches follow the database.

A log has three tables. One row of state holds the last number. A row for each generation holds
its random token: after a backup is restored, the same numbers are used again, and only the
token tells a cache that it knows another history. A row for each change says what a generation
changed. The subject of a log defines its own tables from the three classes below.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.database import FOLLOWS
from workspace.reading import found_once, unfiltered


class State(SQLModel):
    """The columns of a log's state: one row, which holds the last generation's number."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(primary_key=True)
    generation: int = 0


class Generation(SQLModel):
    """The columns of a generation."""

    __table_args__ = {"info": {FOLLOWS: True}}

    number: int = Field(primary_key=True)
    token: str = Field(max_length=32)


class Change(SQLModel):
    """The columns of a change; the subject adds a key of what was changed."""

    __table_args__ = {"info": {FOLLOWS: True}}

    generation: int = Field(primary_key=True)


class Mark(NamedTuple):
    """A generation as a cache remembers it."""

    number: int
    token: str


# The state before the first generation, which every database has been through.
EMPTY = Mark(0, "")


class ChangeLog:
    """One log in its three tables.

    `breaks` names a boolean column of the generations. Where it is true, the changes do not say
    all that changed, and caches from before that generation have to be rebuilt.
    """

    def __init__(
        self,
        state: type[State],
        generations: type[Generation],
        changes: type[Change],
        *,
        breaks: str,
    ) -> None:
        self._next = (
            sa.update(state)
            .values(generation=col(state.generation) + 1)
            .returning(col(state.generation))
        )
        self._generations = generations
        self._last = select(generations).order_by(col(generations.number).desc()).limit(1)
        self._breaks = breaks
        columns = sa.inspect(changes).columns
        self._insert_changes = sa.insert(changes)
        self._generation_of_change = columns["generation"]
        self._changed = [column for column in columns if column.name != "generation"]

    def lock(self, session: Session) -> int:
        """Take the next generation's number, and lock the log until the transaction ends.

        Generations are committed in the order of their numbers, so that no cache overlooks one
        that is committed late. A number that is never logged leaves a harmless gap.
        """
        return int(session.execute(self._next).scalar_one())

    def append(
        self,
        session: Session,
        number: int,
        changes: Sequence[Mapping[str, Any]],
        *,
        breaks: bool = False,
    ) -> None:
        """Log a generation under a number from `lock`, with the keys of what it changed."""
        token = secrets.token_hex(16)
        session.add(self._generations(number=number, token=token, **{self._breaks: breaks}))
        if changes:
            rows = [{"generation": number, **change} for change in changes]
            session.execute(self._insert_changes, rows)

    def last(self, session: Session) -> Mark:
        """The last generation that is committed, as far as the session sees."""

        def find() -> Mark:
            last = session.exec(self._last).first()
            return Mark(last.number, last.token) if last else EMPTY

        return found_once(session, self._generations, find)

    def knows(self, session: Session, mark: Mark) -> bool:
        """Whether this database has been through that generation."""
        if mark == EMPTY:
            return True
        generation = session.get(self._generations, mark.number)
        return generation is not None and generation.token == mark.token

    def may_follow(self, session: Session, mark: Mark) -> bool:
        """Whether a cache at that mark lacks nothing but the changes since."""
        if not self.knows(session, mark):
            return False
        number = col(self._generations.number)
        broken = select(number).where(
            number > mark.number, col(getattr(self._generations, self._breaks))
        )
        return session.exec(broken.limit(1)).first() is None

    def changed_after(self, mark: Mark) -> sa.Select[Any]:
        """A query for the keys of what changed after a mark, each once."""
        return sa.select(*self._changed).where(self._generation_of_change > mark.number).distinct()


def follow(
    session: Session, note: Callable[[SQLModel], None], before_commit: Callable[[Session], None]
) -> None:
    """Call `note` with every row that a session flushes, then `before_commit` once it commits.

    What `before_commit` writes and flushes itself is noted, too.
    """

    @event.listens_for(session, "after_flush")
    def note_rows(session: Session, _context: UOWTransaction) -> None:
        for row in (*session.new, *session.dirty, *session.deleted):
            if isinstance(row, SQLModel):
                note(row)

    @event.listens_for(session, "before_commit")
    def flush_and_act(session: Session) -> None:
        session.flush()
        with unfiltered(session):
            before_commit(session)
