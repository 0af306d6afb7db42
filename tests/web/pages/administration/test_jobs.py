"""The page of jobs: who may use it, what it shows, and its three acts."""

import pytest
from sqlmodel import Session

from tests.web.conftest import Visit, acts
from tests.world import World
from web.jobs import REINDEX, kinds_of
from web.pages.administration import jobs as page
from web.workspace import Workspace
from workspace.errors import DealkinError
from workspace.jobs import queue
from workspace.jobs.running import Kind, Task, run_next

JOBS = "/administration/jobs"


def enqueued(world: World, kind: str = REINDEX, by: str | None = "grace") -> int:
    with world.database.write() as session:
        return queue.enqueue(session, kind, world.people[by] if by else None).id


@pytest.mark.parametrize("name", ["alice", "dana", "frank"])
def test_should_be_for_administrators_alone(visit: Visit, world: World, name: str) -> None:
    job_id, before = enqueued(world), acts(world)
    other = visit(name)
    assert other.get(JOBS).status_code == 403
    for path in ("reindex", f"{job_id}/cancel", f"{job_id}/retry"):
        assert other.post(f"{JOBS}/{path}").status_code == 403
    assert acts(world) == before
    assert JOBS not in other.get("/").text
    assert JOBS in visit("grace").get("/").text


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    job_id, before = enqueued(world), acts(world)
    for path in ("reindex", f"{job_id}/cancel", f"{job_id}/retry"):
        assert visit("grace").post(f"{JOBS}/{path}", {"surprise": "x"}).status_code == 422
        assert visit("grace").post(f"{JOBS}/{path}", token="").status_code == 403
    for path in ("cancel", "retry"):
        for other in (job_id + 1, 0, 10**30):
            assert visit("grace").post(f"{JOBS}/{other}/{path}").status_code == 404
    assert acts(world) == before


def test_should_rebuild_the_index(
    visit: Visit, world: World, workspace: Workspace, session: Session
) -> None:
    grace = visit("grace")
    assert "No jobs yet" in grace.get(JOBS).text
    assert grace.post(f"{JOBS}/reindex").headers["location"] == JOBS
    assert grace.post(f"{JOBS}/reindex").status_code == 409
    waiting = grace.get(JOBS).text
    assert "Rebuild the search index" in waiting
    assert "Waiting" in waiting
    assert "Grace" in waiting
    assert "Refresh" in waiting
    assert run_next(world.database, kinds_of(workspace))
    session.rollback()
    (job,) = queue.job_rows(session)
    assert (job.state, job.result) == ("done", {"documents": 0})
    done = grace.get(JOBS).text
    assert "Done" in done
    assert "Refresh" not in done


def test_should_show_progress_and_problems(visit: Visit, world: World) -> None:
    enqueued(world, "export", by=None)
    grace = visit("grace")
    seen = []

    def work(task: Task) -> None:
        with task.part():
            task.report(1_500, 6_000)
        seen.append(grace.get(JOBS).text)
        raise DealkinError("The file is <gone>.")

    assert run_next(world.database, {"export": Kind("Export", work)})
    assert "1,500 of 6,000" in seen[0]
    failed = grace.get(JOBS).text
    assert "The file is &lt;gone&gt;." in failed
    assert "Failed" in failed
    assert "Refresh" not in failed


def test_should_cancel_and_retry(visit: Visit, world: World, session: Session) -> None:
    job_id, grace = enqueued(world), visit("grace")
    assert grace.post(f"{JOBS}/{job_id}/retry").status_code == 409
    assert grace.post(f"{JOBS}/{job_id}/cancel").status_code == 303
    assert grace.post(f"{JOBS}/{job_id}/cancel").status_code == 409
    assert queue.read_job(session, job_id).state == "cancelled"
    assert grace.post(f"{JOBS}/{job_id}/retry").status_code == 303
    session.rollback()
    assert queue.read_job(session, job_id).state == "waiting"


def test_should_filter_and_page(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE", 2)
    for kind in ("first", "second", "third"):
        enqueued(world, kind)
    grace = visit("grace")
    shown = grace.get(JOBS).text
    assert "Third" in shown
    assert "First" not in shown
    more = shown.split('href="/administration/jobs?after=')[1].split('"')[0]
    rest = grace.get(f"{JOBS}?after={more}", **{"HX-Request": "true"})
    assert "First" in rest.text
    assert "Second" not in rest.text
    assert "Refresh" in grace.get(f"{JOBS}?state=open&after={more}").text
    assert "No jobs found" in grace.get(f"{JOBS}?state=failed").text
    refreshed = grace.get(JOBS, **{"HX-Request": "true"})
    assert "hx-push-url" not in refreshed.headers
    assert refreshed.headers["hx-replace-url"] == JOBS
