"""A streaming replica: which reads go there, and how they know that it is new enough for them.

A write counts for its member in the transaction that it is (`WriteMark`). What a member reads needs
their count; the replica has it, or another state of it, in the very state that would be read. So
nobody misses what they have just written, whichever process, browser or token wrote it. Writes that
decide who may see what count for everybody: no right goes on where a replica lags.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.database import FOLLOWS, RIGHTS, Database
from workspace.engines import postgresql_engine
from workspace.errors import DealkinError, NotFound
from workspace.metrics import REPLICA_READS

logger = logging.getLogger("dealkin.replica")

# A replica that is further behind is not read: what colleagues write is seen within seconds.
LONGEST_BEHIND = 15.0
# How often a process looks how far the replica has got, and whether one that was lost is back.
CHECK_SECONDS = 1.0
RETRY_SECONDS = 5.0
# Whose mark counts the writes that change who may see what. No person has this number.
EVERYONE = 0

_writer: ContextVar[int | None] = ContextVar("for whom writes count", default=None)
_WRITES = re.compile(r'\s*(?P<verb>INSERT INTO|UPDATE|DELETE FROM) "?(?P<table>\w+)')
# A physical replica has the same numbers as its primary, and no other database has.
_IDENTITY = (
    "(SELECT system_identifier FROM pg_control_system()),"
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# What is committed may be written to the log a moment later.
_WRITTEN = sa.text(f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), {_IDENTITY}")
_REPLAYED = sa.text(
    f"SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), pg_is_in_recovery(), {_IDENTITY}"
)
# The next record of an idle database begins after the header of a page, where the last one may have
# ended before it.
_PAGE_HEADER = 40
# The SQLSTATEs of a query that was in the way of what is replayed, and of one that took too long.
_CANCELLED = ("40001", "57014")
_NO_REPLICA = "DATABASE_REPLICA_URL leads to no streaming replica of the database in DATABASE_URL"


class WriteMark(SQLModel, table=True):
    """How many writes of a member, or of those that change rights, are committed."""

    __table_args__ = {"info": {FOLLOWS: True}}

    # A member's person, or EVERYONE, which is why it is no foreign key.
    subject: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(sa_type=sa.BigInteger)


@dataclass(frozen=True)
class Marks:
    """What a state of the database has to have for a member who reads."""

    person_id: int
    # The member's own writes.
    own: int
    # All writes that change who may see what.
    rights: int


class ReplicaLost(Exception):
    """The replica failed while it was read, or does not have what was asked for. What was read can
    be read again, elsewhere."""


def marks_of(session: Session, person_id: int) -> Marks:
    """What a session sees of a member's writes, and of those that change rights."""
    query = select(WriteMark).where(col(WriteMark.subject).in_((person_id, EVERYONE)))
    numbers = {row.subject: row.number for row in session.exec(query)}
    return Marks(person_id, numbers.get(person_id, 0), numbers.get(EVERYONE, 0))


@contextmanager
def writing_for(person_id: int | None) -> Iterator[None]:
    """Have what is committed within the block count for a member, with what follows each commit."""
    token = _writer.set(person_id)
    try:
        yield
    finally:
        _writer.reset(token)


class Replica:
    """The replica of a database, as far as this process knows how it is."""

    def __init__(self, database: Database, url: str) -> None:
        address = sa.make_url(url)
        if database.is_sqlite or address.get_backend_name() != "postgresql":
            raise DealkinError(
                "DATABASE_REPLICA_URL needs PostgreSQL: set DATABASE_URL to the database that it is"
                " a replica of, both as postgresql://…, or take DATABASE_REPLICA_URL away."
            )
        self._database = database
        # A machine that has gone is noticed within seconds, not within the minutes of TCP.
        self.engine = postgresql_engine(
            address,
            pooled=database.pooled,
            connect_timeout=2,
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=3,
            tcp_user_timeout=5000,
        )
        # Until when the replica has replayed all that was written, on the monotonic clock.
        self._as_of = float("-inf")
        # How far the primary had written at moments of the monotonic clock.
        self._written: list[tuple[float, int]] = []
        self._lost_why = ""
        self._retry_at = float("-inf")
        self._began = monotonic()
        # Until when members read the database itself, as the replica lacked what they asked for.
        self._passed_by: dict[int, float] = {}
        # How much the replica had not replayed when it was last asked.
        self.bytes_behind: int | None = None

    def attach(self) -> None:
        """Count the writes that the database commits from now on."""
        self._database.watch(_count_writes)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @property
    def is_near(self) -> bool:
        """Whether the replica is read: it answers, and is not far behind."""
        return monotonic() - self._as_of <= LONGEST_BEHIND

    @property
    def problem(self) -> str:
        """Why the replica has not been read for a while; empty where it is."""
        if self._lost_why:
            return f"The replica cannot be read: {self._lost_why}."
        if monotonic() - max(self._as_of, self._began) > LONGEST_BEHIND:
            return f"The replica is more than {LONGEST_BEHIND:.0f} seconds behind."
        return ""

    @contextmanager
    def reading(self, marks: Marks) -> Iterator[Session]:
        """A session on a state that has what the marks ask for: of the replica, if it has got so
        far, else of the database.

        `ReplicaLost` if the replica fails before the block has ended, or does not find something: a
        colleague may have just written it, and sent its address.
        """
        with ExitStack() as stack:
            session = self._reached(stack, marks)
            REPLICA_READS.labels("primary" if session is None else "replica").inc()
            if session is None:
                yield stack.enter_context(self._database.read())
                return
            try:
                yield session
            except NotFound as error:
                self._pass_by(marks.person_id)
                raise ReplicaLost from error
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", "") in _CANCELLED:
                    self._pass_by(marks.person_id)
                else:
                    self._lose(error)
                raise ReplicaLost from error

    def _pass_by(self, person_id: int) -> None:
        """Have a member read the database itself for as long as the replica may be behind."""
        moment = monotonic()
        still = {each: until for each, until in self._passed_by.items() if until > moment}
        self._passed_by = {**still, person_id: moment + LONGEST_BEHIND}

    def _reached(self, stack: ExitStack, marks: Marks) -> Session | None:
        if not self.is_near or self._passed_by.get(marks.person_id, 0.0) > monotonic():
            return None
        try:
            with ExitStack() as trying:
                session = trying.enter_context(self._database.read(self.engine))
                has = marks_of(session, marks.person_id)
                if has.own >= marks.own and has.rights >= marks.rights:
                    stack.push(trying.pop_all())
                    return session
        except OperationalError as error:
            self._lose(error)
        return None

    def check(self) -> float:
        """Look how far the replica has got; the seconds until the next look."""
        began = monotonic()
        if began < self._retry_at:
            return self._retry_at - began
        try:
            # In this order: what the replica has by then, it has of this moment.
            with self._database.reader.connect() as connection:
                position, *identity = connection.execute(_WRITTEN).one()
        except SQLAlchemyError:
            # Without the database itself no page is read, and what is near grows old.
            return CHECK_SECONDS
        try:
            # Else a connection that was used before begins a transaction that may write.
            read_only = {"postgresql_readonly": True}
            with self.engine.connect().execution_options(**read_only) as connection:
                replayed, in_recovery, *own_identity = connection.execute(_REPLAYED).one()
        except SQLAlchemyError as error:
            self._lose(error)
            return RETRY_SECONDS
        if not in_recovery or own_identity != identity:
            # A replica that was promoted goes its own way.
            self._lose_because(_NO_REPLICA)
            return RETRY_SECONDS
        self._note(began, int(position), int(replayed))
        return CHECK_SECONDS

    def _note(self, moment: float, written: int, replayed: int) -> None:
        """Note how far both had got at a moment."""
        self.bytes_behind = max(0, written - replayed)
        recent = [each for each in self._written if moment - each[0] <= LONGEST_BEHIND]
        self._written = [*recent, (moment, written)]
        reached = (at for at, position in self._written if position <= replayed + _PAGE_HEADER)
        self._as_of = max(reached, default=self._as_of)
        if self._lost_why:
            logger.warning("The replica answers again")
        self._lost_why = ""

    def _lose(self, error: SQLAlchemyError) -> None:
        self._lose_because(str(getattr(error, "orig", None) or error).strip().partition("\n")[0])

    def _lose_because(self, why: str) -> None:
        """Read nothing from the replica until it is asked again."""
        if not self._lost_why:
            logger.warning("The replica cannot be read, so that the database answers: %s", why)
        self._lost_why = why.rstrip(".")
        self._as_of = float("-inf")
        self._written = []
        self._retry_at = monotonic() + RETRY_SECONDS


def _count_writes(session: Session) -> None:
    """Count what a session writes in the same transaction, just before it commits."""
    wrote = changed_rights = False

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal wrote, changed_rights
        if found := _WRITES.match(statement):
            wrote = True
            changed_rights = changed_rights or _decides(found, statement)

    event.listen(session.connection(), "before_cursor_execute", note)

    @event.listens_for(session, "before_commit")
    def count(session: Session) -> None:
        if session.in_nested_transaction():
            return
        session.flush()
        writer = _writer.get()
        # In this order everywhere, so that no two transactions wait for each other.
        subjects = [EVERYONE] if changed_rights else []
        if wrote and writer is not None:
            subjects.append(writer)
        for subject in subjects:
            one_more = {"number": col(WriteMark.number) + 1}
            marked = insert(WriteMark).values(subject=subject, number=1)
            session.connection().execute(
                marked.on_conflict_do_update(index_elements=["subject"], set_=one_more)
            )


def _decides(found: re.Match[str], statement: str) -> bool:
    """Whether a statement writes what decides who may see what."""
    table = SQLModel.metadata.tables.get(found["table"])
    if table is None:
        return False
    if table.info.get(RIGHTS):
        return True
    columns = [column.name for column in table.columns if column.info.get(RIGHTS)]
    match found["verb"]:
        case "UPDATE":
            # In the WHERE of a compiled statement there are spaces around the sign.
            return any(re.search(rf"\b{name}=", statement) for name in columns)
        case "DELETE FROM":
            return bool(columns)
    # Nobody could see a new row before.
    return False
