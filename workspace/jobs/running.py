"""Running jobs: leases, parts, retries, and the threads of `serve` that do it.

A run takes a job by a conditional UPDATE, under a random name, for the time of a lease. A job
works in parts: each part is one transaction that first checks that the run still has the job, and
also commits the place where the job continues. If the process dies, the lease expires and another
run continues from that place; a run that has lost its job cannot commit another part.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import now
from workspace.database import Database
from workspace.errors import Busy, Conflict, DealkinError
from workspace.jobs.tables import Job, JobState
from workspace.told import Code, Told, told, told_of

logger = logging.getLogger("dealkin.jobs")

# How long a job is left alone after its process died. A run renews its lease three times in it.
LEASE = timedelta(minutes=1)
# How long a job waits after it failed; the delay doubles with each attempt.
FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(hours=1)
# Failed attempts after which a job is given up.
MOST_ATTEMPTS = 6
# Two, so that a short job does not wait for a long one.
THREADS = 2
# How long a thread waits when no job is due.
PAUSE_SECONDS = 1.0
# How often progress is stored outside of parts.
REPORT_SECONDS = 1.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Kind:
    """A kind of job. `work` returns what came of it, and keeps in `task.place` where it is."""

    label: str
    work: "Callable[[Task], dict[str, Any] | None]"


Kinds = Mapping[str, Kind]


class _Lost(Exception):
    """Another run has taken the job over."""


class _Cancelled(Exception):
    """A member has cancelled the job."""


class _Stopped(Exception):
    """The server stops; the job continues after the next start."""


class Task:
    """A job that is being worked on: its parameters, its place, and its parts."""

    def __init__(
        self,
        database: Database,
        job: Job,
        stopped: threading.Event,
        progress: Progress | None = None,
    ) -> None:
        self.id = job.id
        self.by = job.by_id
        self.parameters = job.parameters
        self.place: dict[str, Any] = deepcopy(job.place)
        self._database = database
        self._holder = job.holder
        self._stopped = stopped
        self._progress = progress
        self._done, self._total = job.done, job.total
        # Runs since the place last changed, this one included.
        self.attempts = job.attempts
        self._saved_place = deepcopy(job.place)
        self._in_part = False
        self._reported = time.monotonic()

    @contextmanager
    def part(self) -> Iterator[Session]:
        """A transaction of the job, which also commits `place` and the reported progress."""
        if self._stopped.is_set():
            raise _Stopped
        attempts = self.attempts
        try:
            with self._database.write(in_background=True) as session:
                self._update(session, leased_until=now() + LEASE)
                cancelled = select(Job.cancel_requested).where(Job.id == self.id)
                if session.exec(cancelled).one():
                    raise _Cancelled
                self._in_part = True
                yield session
                session.flush()
                if self.place != self._saved_place:
                    attempts = 1
                self._update(
                    session,
                    leased_until=now() + LEASE,
                    place=self.place,
                    done=self._done,
                    total=self._total,
                    attempts=attempts,
                )
        except BaseException:
            self.place = deepcopy(self._saved_place)
            raise
        finally:
            self._in_part = False
        self._saved_place = deepcopy(self.place)
        self.attempts = attempts
        self._reported = time.monotonic()

    def report(self, done: int, total: int) -> None:
        """Report progress. It is stored with the part, or by itself about once a second."""
        self._done, self._total = done, total
        if self._progress:
            self._progress(done, total)
        if not self._in_part and time.monotonic() - self._reported >= REPORT_SECONDS:
            with self.part():
                pass

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease while the block runs, as work between two parts may take long."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(LEASE.total_seconds() / 3):
                try:
                    with self._database.write() as session:
                        self._update(session, leased_until=now() + LEASE)
                except _Lost:
                    return
                except Exception:
                    logger.exception("The lease of job %s could not be renewed", self.id)

        threading.Thread(target=renew, name=f"lease of job {self.id}", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def end(self, state: JobState, **values: Any) -> None:
        """Store what became of the run, and give the lease back."""
        with self._database.write() as session:
            self._update(
                session,
                state=state,
                holder="",
                leased_until=None,
                done=self._done,
                total=self._total,
                **values,
            )

    def _update(self, session: Session, **values: Any) -> None:
        """Change the job's row if this run still has the job. On PostgreSQL this locks the row."""
        held = sa.update(Job).where(
            col(Job.id) == self.id,
            col(Job.holder) == self._holder,
            col(Job.state) == JobState.RUNNING,
        )
        if not session.connection().execute(held.values(**values)).rowcount:
            raise _Lost


def run_next(database: Database, kinds: Kinds, stopped: threading.Event | None = None) -> bool:
    """Run the job that is due first; whether there was one."""
    job = _take(database, kinds)
    if job is None:
        return False
    task = Task(database, job, stopped or threading.Event())
    try:
        with task.kept():
            _run(task, kinds[job.kind])
    except _Lost:
        logger.warning("Job %s was taken over by another run", job.id)
    return True


def run_now(
    database: Database,
    kinds: Kinds,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    by: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run a new job in this thread and return what came of it, as commands do.

    A failure is raised, and not tried again. If this process dies, a server continues the job.
    """
    moment = now()
    job = Job(
        kind=kind,
        by_id=by,
        parameters=dict(parameters or {}),
        started_at=moment,
        **_lease(moment),
    )
    with database.write() as session:
        session.add(job)
    task = Task(database, job, threading.Event(), progress)
    try:
        with task.kept():
            result = kinds[kind].work(task) or {}
    except KeyboardInterrupt:
        task.end(JobState.CANCELLED, finished_at=now())
        raise
    except _Cancelled:
        task.end(JobState.CANCELLED, finished_at=now())
        raise Conflict("The job was cancelled.") from None
    except _Lost:
        raise Conflict("Another process has taken the job over.") from None
    except Exception as error:
        task.end(JobState.FAILED, finished_at=now(), problem=told_of(error))
        raise
    task.end(JobState.DONE, finished_at=now(), result=result)
    return result


class Runner:
    """The threads of a server that run jobs."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._database = database
        self._kinds = kinds
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"jobs-{number}", daemon=True)
            for number in range(THREADS)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Stop after the running parts, and wait for them for at most some seconds."""
        self._stopped.set()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                ran = run_next(self._database, self._kinds, self._stopped)
            except Exception:
                # The database may be unreachable for a while; the jobs stay in it.
                logger.exception("Jobs could not be run")
                ran = False
            if not ran:
                self._stopped.wait(PAUSE_SECONDS)


def delay(attempts: int) -> timedelta:
    """How long a job waits after a number of failed attempts."""
    times: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_DELAY * times, LONGEST_DELAY)


def _run(task: Task, kind: Kind) -> None:
    try:
        result = kind.work(task) or {}
    except _Lost:
        raise
    except _Cancelled:
        task.end(JobState.CANCELLED, finished_at=now())
    except _Stopped:
        # A stop is no failure, so this run does not count.
        task.end(JobState.WAITING, due_at=now(), attempts=task.attempts - 1)
    except Busy as error:
        _end_attempt(task, told_of(error))
    except DealkinError as refusal:
        # The same work would be refused again.
        task.end(JobState.FAILED, finished_at=now(), problem=told_of(refusal))
    except Exception as error:
        logger.exception("Job %s failed", task.id)
        _end_attempt(task, told_of(error))
    else:
        task.end(JobState.DONE, finished_at=now(), result=result, problem={})


def _end_attempt(task: Task, problem: Told) -> None:
    """Have a job that failed wait for its next run, or give it up."""
    if task.attempts >= MOST_ATTEMPTS:
        task.end(JobState.FAILED, finished_at=now(), problem=problem)
    else:
        task.end(JobState.WAITING, due_at=now() + delay(task.attempts), problem=problem)


def _take(database: Database, kinds: Kinds) -> Job | None:
    """Lease the job that is due first, if there is one."""
    moment = now()
    # Looking needs no lock; only one of those that see the job gets it.
    with database.read() as session:
        job_id = session.exec(_due(kinds, moment).limit(1)).first()
    if job_id is None:
        return None
    with database.write() as session:
        available = _due(kinds, moment).where(col(Job.id) == job_id)
        if session.exec(available.with_for_update(skip_locked=True)).first() is None:
            return None
        job = session.get_one(Job, job_id, populate_existing=True)
        if job.attempts >= MOST_ATTEMPTS:
            # The process died each time, so nothing has said what the problem is.
            job.state, job.finished_at = JobState.FAILED, moment
            job.problem = job.problem or told(Code.INTERRUPTED, attempts=job.attempts)
            session.add(job)
            return None
        values = {**_lease(moment), "attempts": job.attempts + 1}
        job.sqlmodel_update(values | {"started_at": job.started_at or moment})
        session.add(job)
    return job


def _due(kinds: Kinds, moment: datetime) -> Any:
    """The jobs that may be taken: they are due, or the run that had them is gone."""
    waiting = sa.and_(col(Job.state) == JobState.WAITING, col(Job.due_at) <= moment)
    expired = sa.and_(col(Job.state) == JobState.RUNNING, col(Job.leased_until) < moment)
    known = col(Job.kind).in_(kinds.keys())
    query = select(Job.id).where(known, sa.or_(waiting, expired))
    return query.order_by(col(Job.due_at), col(Job.id))


def _lease(moment: datetime) -> dict[str, Any]:
    return {
        "state": JobState.RUNNING,
        "holder": secrets.token_hex(16),
        "leased_until": moment + LEASE,
        "attempts": 1,
    }
