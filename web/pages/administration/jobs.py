"""Jobs, for administrators: what runs, how far it is, and what failed."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.backups import BACKUP
from web.forms import row_id
from web.jobs import REINDEX, kinds_of
from web.lists import filled, first_page
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import get, post
from web.visits import Visit
from workspace.audit import audit
from workspace.errors import Conflict
from workspace.jobs import queue
from workspace.jobs.queue import JobRow
from workspace.jobs.tables import UNFINISHED, JobState

LIST = "/administration/jobs"
PAGE = 50
_CHOICES = (("", "All"), ("open", "Open"), ("failed", "Failed"))
_STATES = {
    None: (),
    "open": UNFINISHED,
    "failed": (JobState.FAILED,),
}


@dataclass(frozen=True)
class JobList:
    """The jobs that were chosen, the latest first."""

    rows: list[JobRow]
    labels: dict[str, str]
    more: int | None
    params: dict[str, str]
    # Whether a job on the page is unfinished, so that the page looks again.
    changes: bool
    choices: tuple[tuple[str, str], ...] = _CHOICES


class JobController(Controller):
    """/administration/jobs."""

    path = LIST
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        with visit.read() as session:
            page = job_list(session, visit)
        fragment = "_rows.html" if "after" in visit.form.sent else "_results.html"
        # The page looks again by itself, which must not fill the browser's history.
        return visit.answer(
            "administration/jobs/list.html",
            f"administration/jobs/{fragment}",
            page,
            address=f"{LIST}?{query(page.params)}",
            replace=True,
        )

    @post("/reindex")
    def reindex(self, visit: NamedDependency[Visit]) -> Response[Any]:
        running = "The search index is being rebuilt already."
        return _start(visit, REINDEX, running, "The search index will be rebuilt.")

    @post("/backup")
    def back_up(self, visit: NamedDependency[Visit]) -> Response[Any]:
        return _start(visit, BACKUP, "A backup is being made already.", "A backup will be made.")

    @post("/{job_id:int}/cancel")
    def cancel(self, visit: NamedDependency[Visit], job_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            queue.cancel(session, row_id(job_id))
            audit(session, visit.viewer.person_id, "job cancelled", f"job {job_id}")
        return visit.go(LIST, "The job is cancelled.")

    @post("/{job_id:int}/retry")
    def retry(self, visit: NamedDependency[Visit], job_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            queue.retry(session, row_id(job_id))
            audit(session, visit.viewer.person_id, "job retried", f"job {job_id}")
        return visit.go(LIST, "The job will be tried again.")


def job_list(session: Session, visit: Visit) -> JobList:
    """The jobs that the filter leaves."""
    chosen = visit.form.choice("state", ("open", "failed"))
    after = visit.form.integer("after")
    visit.form.check()
    rows = queue.job_rows(session, states=_STATES[chosen], before=after, limit=PAGE + 1)
    shown, last = first_page(rows, PAGE)
    labels = {name: kind.label for name, kind in kinds_of(visit.workspace).items()}
    return JobList(
        rows=shown,
        labels=labels,
        more=last.id if last else None,
        params=filled(state=chosen),
        changes=any(not row.is_finished for row in shown),
    )


def _start(visit: Visit, kind: str, running: str, started: str) -> Response[Any]:
    """Start a job of a kind of which no other is unfinished, and say so."""
    visit.form.done()
    with visit.write() as session:
        if queue.is_unfinished(session, kind):
            raise Conflict(running)
        job = queue.enqueue(session, kind, visit.viewer.person_id)
        audit(session, visit.viewer.person_id, "job started", f"job {job.id}")
    return visit.go(LIST, started)
