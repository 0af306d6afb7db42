"""Makes the rows again beside those that are searched, and puts them in their place at once.

Nobody waits for that: searches use the old rows until the new ones are complete, and what is saved
meanwhile is caught up with. Only the last step, of some milliseconds, is alone.
"""

import logging
import time

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from similarity.index.in_database import tables
from similarity.index.in_database.writing import Rows, bring_in_step
from similarity.index.sources import Kind
from similarity.index.tables import CATALOG_LOG, Document
from workspace.change_log import Mark
from workspace.database import LOCK_NOT_AVAILABLE, Database
from workspace.locks import making_rows

log = logging.getLogger(__name__)

# In so many bytes of memory PostgreSQL makes the graph of vectors, where its own limit is lower.
GRAPH = 512 << 20
# So many changes are caught up with while saves wait. More are caught up with before.
FEW = 50
# How many milliseconds the exchange waits for searches that are under way, while new ones wait for
# it, and after how many seconds it is tried again.
LONGEST_WAIT = 300
PAUSE = 1.0
# After so many tries in vain the log says that searches are under way all the time.
MANY_TRIES = 60
# For how many seconds the exchange waits for readers who began before the new rows were complete,
# and would find them empty.
LONGEST_READ = 600.0
# Those who wait for their turn to make rows read nothing.
_OLDER_READERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND wait_event IS DISTINCT FROM 'advisory'
  AND age(backend_xmin) >= age(CAST(:made AS xid))
"""


def make(database: Database, model: str, partitions: int) -> None:
    """Make the rows for a model, in so many partitions, and put them in the place of those that
    there are."""
    with making_rows(database):
        while True:
            mark, made = _build(database, model, partitions)
            _vacuum(database)
            _let_readers_end(database, made)
            if _exchange(database, model, mark):
                return
            log.warning("All vectors have moved while the rows were made; they are made again.")


def _build(database: Database, model: str, partitions: int) -> tuple[Mark, str]:
    """Make the rows of what is stored, beside those that there are; the last generation before,
    and the transaction that has made them."""
    with database.write(in_background=True) as session:
        mark = CATALOG_LOG.last(session)
        tables.make(session, model, partitions)
        kinds = []
        for kind in Kind:
            every = sa.select(col(Document.subject_id)).where(col(Document.kind) == kind)
            subjects = session.scalars(every.order_by(col(Document.subject_id))).all()
            kinds.append(Rows(session, kind, model, fresh=True))
            kinds[-1].put(subjects)
        _make_room(session)
        tables.add_indexes(session)
        dimension = sa.text("SELECT vector_dims(vector) FROM search_piece LIMIT 1")
        if found := session.connection().execute(dimension).scalar():
            tables.index_vectors(session, found)
        for rows in kinds:
            rows.settle()
        number = sa.text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")
        return mark, session.connection().execute(number).scalar_one()


def _make_room(session: Session) -> None:
    """Let PostgreSQL make the graph of vectors in GRAPH bytes, unless it may have more anyway: one
    that does not fit takes several times as long."""
    had = sa.func.pg_size_bytes(sa.func.current_setting("maintenance_work_mem"))
    if session.scalars(sa.select(had)).one() < GRAPH:
        # Several workers would need shared memory, of which a container has little.
        room = {
            "maintenance_work_mem": f"{GRAPH >> 20}MB",
            "max_parallel_maintenance_workers": "0",
        }
        session.execute(
            sa.select(*(sa.func.set_config(name, value, True) for name, value in room.items()))
        )


def _vacuum(database: Database) -> None:
    """Let the planner know the rows; what is read in one go needs to know which everybody sees."""
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("posting", "document", "piece", "term", "print"):
            connection.execute(sa.text(f"VACUUM (ANALYZE) {tables.NEXT}.search_{table}"))


def _let_readers_end(database: Database, made: str) -> None:
    """Wait for those who read the state before a transaction."""
    until = time.monotonic() + LONGEST_READ
    while time.monotonic() < until:
        with database.read() as session:
            if not session.connection().execute(sa.text(_OLDER_READERS), {"made": made}).scalar():
                return
        time.sleep(PAUSE)
    log.warning("Readers of an older state find nothing until they begin again.")


def _exchange(database: Database, model: str, mark: Mark) -> bool:
    """Catch up with what was saved since a generation, and put the rows in use. False where that is
    no longer possible."""
    tries = 0
    while True:
        tries += 1
        try:
            with database.write(in_background=True) as session:
                number = len(session.execute(CATALOG_LOG.changed_after(mark)).all())
                alone = number <= FEW
                if alone:
                    # From here on saves wait.
                    CATALOG_LOG.lock(session)
                if not CATALOG_LOG.may_follow(session, mark):
                    return False
                last = CATALOG_LOG.last(session)
                _catch_up(session, model, mark, exchange=alone)
            if alone:
                return True
            mark = last
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            # A search takes longer: let others search before it is tried again.
            if tries % MANY_TRIES == 0:
                log.warning(
                    "Searches keep the rows in use; the new ones wait for a moment without."
                )
            time.sleep(PAUSE)


def _catch_up(session: Session, model: str, mark: Mark, *, exchange: bool) -> None:
    connection = session.connection()
    schema = connection.execute(sa.text("SELECT current_schema()")).scalar_one()
    changes = session.execute(CATALOG_LOG.changed_after(mark)).all()
    tables.use_next(session)
    bring_in_step(
        session,
        model,
        {kind: [row.subject_id for row in changes if row.kind == kind] for kind in Kind},
    )
    if exchange:
        connection.execute(sa.text(f"SET LOCAL lock_timeout = {LONGEST_WAIT}"))
        tables.put_in_use(session, schema)
