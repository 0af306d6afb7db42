"""Leading: of all server processes on a database one does what must not be done twice at a time.

The leader holds a lease in the database and renews it. If its process dies, another one leads
within a minute. Work that a former leader still does protects itself: mails have leases, and a
digest locks its member.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, SQLModel, col

from workspace.clock import now
from workspace.database import FOLLOWS, Database
from workspace.workers import start_worker

logger = logging.getLogger("dealkin.leading")

LEASE = timedelta(seconds=45)
# How often a worker that does not lead looks whether it does by now.
PAUSE_SECONDS = 2.0
_ROW = 1


class LeaderLease(SQLModel, table=True):
    """One row: which process leads, and until when."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(primary_key=True)
    holder: str = Field(max_length=32)
    leased_until: datetime


class Leader:
    """This process as one that may lead; its workers work while it does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = secrets.token_hex(16)
        self._stops: list[threading.Event] = []
        # On the monotonic clock. It ends before the lease in the database does.
        self._leads_until = 0.0

    @property
    def leads(self) -> bool:
        """Whether this process leads now."""
        return time.monotonic() < self._leads_until

    def start(self) -> None:
        """Start a thread that asks for the lease, and renews it three times in its time."""

        def ask() -> float:
            try:
                self.ask()
            except Exception:
                # The database may be unreachable for a while; the lease then ends by itself.
                logger.exception("The lease of the leader could not be renewed")
            return LEASE.total_seconds() / 3

        self._stops.append(start_worker("leader", ask))

    def start_worker(self, name: str, work: Callable[[], float]) -> None:
        """Start a worker of the leader: `work` is called while this process leads.

        It returns the seconds to wait before the next call, and lets no exception out.
        """

        def work_if_leading() -> float:
            return work() if self.leads else PAUSE_SECONDS

        self._stops.append(start_worker(name, work_if_leading))

    def ask(self) -> bool:
        """Take or renew the lease if no other process has it; whether this process leads now."""
        asked, moment = time.monotonic(), now()
        values = {"holder": self._holder, "leased_until": moment + LEASE}
        free = sa.or_(
            col(LeaderLease.holder) == self._holder, col(LeaderLease.leased_until) < moment
        )
        try:
            with self._database.write() as session:
                connection = session.connection()
                update = sa.update(LeaderLease).where(col(LeaderLease.id) == _ROW, free)
                got = connection.execute(update.values(**values)).rowcount
                if not got and not connection.execute(sa.select(col(LeaderLease.id))).first():
                    got = connection.execute(
                        sa.insert(LeaderLease).values(id=_ROW, **values)
                    ).rowcount
        except IntegrityError:
            # Another process was the first.
            got = 0
        self._leads_until = asked + LEASE.total_seconds() if got else 0.0
        return bool(got)

    def stop(self) -> None:
        """Stop the workers, and let another process lead at once."""
        for stop in self._stops:
            stop.set()
        if self.leads:
            self._leads_until = 0.0
            with self._database.write() as session:
                session.connection().execute(
                    sa.update(LeaderLease)
                    .where(col(LeaderLease.holder) == self._holder)
                    .values(leased_until=now())
                )
