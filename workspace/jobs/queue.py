"""The queue of jobs: add one, read it, list all, cancel it, try it again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import now
from workspace.database import fetch, page_after, select_row
from workspace.errors import Conflict, NotFound
from workspace.jobs.tables import UNFINISHED, Job, JobState
from workspace.people.tables import Person
from workspace.told import Told


@dataclass(frozen=True)
class JobRow:
    """A job, as pages show it."""

    id: int
    kind: str
    state: str
    by_id: int | None
    # The name of the member who asked for it; None for the command line and for schedules.
    by: str | None
    parameters: dict[str, Any]
    done: int
    total: int
    attempts: int
    created_at: datetime
    due_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    result: dict[str, Any]
    problem: Told

    @property
    def is_finished(self) -> bool:
        """Whether nothing more is done for it."""
        return self.state not in UNFINISHED

    @property
    def share(self) -> float:
        """The share of the work that is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else float(self.state == "done")


def enqueue(
    session: Session,
    kind: str,
    by: int | None,
    parameters: Mapping[str, Any] | None = None,
    *,
    due_at: datetime | None = None,
) -> Job:
    """Add a job in this transaction; a runner starts it after the commit.

    The parameters are JSON, and all that the job knows when it continues after a restart.
    """
    job = Job(kind=kind, by_id=by, parameters=dict(parameters or {}), due_at=due_at or now())
    session.add(job)
    session.flush()
    return job


def read_job(session: Session, job_id: int) -> JobRow:
    """A job; NotFound if there is none with this number."""
    rows = fetch(session, JobRow, _rows().where(col(Job.id) == job_id))
    if not rows:
        raise NotFound("There is no such job.")
    return rows[0]


def job_rows(
    session: Session,
    *,
    states: Collection[JobState] = (),
    kind: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[JobRow]:
    """Jobs, the latest first, of some states or of all, from before the job of that number."""
    query = _rows()
    if states:
        query = query.where(col(Job.state).in_(states))
    if kind:
        query = query.where(col(Job.kind) == kind)
    place = select(Job.id).where(Job.id == before) if before else None
    query = page_after(session, query, (col(Job.id),), place, descending=True)
    return fetch(session, JobRow, query.limit(limit))


def is_unfinished(session: Session, kind: str) -> bool:
    """Whether a job of this kind waits or runs."""
    query = select(Job.id).where(Job.kind == kind, col(Job.state).in_(UNFINISHED))
    return session.exec(query.limit(1)).first() is not None


def cancel(session: Session, job_id: int) -> None:
    """Cancel a job. What its finished parts have written stays; a running part ends first."""
    moment = now()
    waiting = sa.update(Job).where(col(Job.id) == job_id, col(Job.state) == JobState.WAITING)
    if (
        session.connection()
        .execute(waiting.values(state=JobState.CANCELLED, finished_at=moment))
        .rowcount
    ):
        return
    running = sa.update(Job).where(col(Job.id) == job_id, col(Job.state) == JobState.RUNNING)
    if session.connection().execute(running.values(cancel_requested=True)).rowcount:
        return
    job = read_job(session, job_id)
    raise Conflict(f"This job is {job.state} already.")


def retry(session: Session, job_id: int) -> None:
    """Have a failed or cancelled job continue from where it stopped."""
    stopped = sa.update(Job).where(
        col(Job.id) == job_id, col(Job.state).in_((JobState.FAILED, JobState.CANCELLED))
    )
    again = stopped.values(
        state=JobState.WAITING,
        due_at=now(),
        attempts=0,
        finished_at=None,
        cancel_requested=False,
        problem={},
    )
    if not session.connection().execute(again).rowcount:
        job = read_job(session, job_id)
        raise Conflict(f"This job is {job.state}; only a failed or cancelled job is retried.")


def _rows() -> sa.Select[Any]:
    person = sa.select(col(Person.name)).where(col(Person.id) == col(Job.by_id))
    return select_row(JobRow, Job, by=person.scalar_subquery())
