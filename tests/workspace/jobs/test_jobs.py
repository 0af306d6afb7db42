"""Jobs: parts, leases, retries, cancelling, and what survives a killed process."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from tests.threads import SECONDS, at_the_same_time
from workspace.accounts.accounts import Account, add_account
from workspace.clock import now
from workspace.database import Database
from workspace.errors import Conflict, Invalid, NotFound
from workspace.jobs import queue, running
from workspace.jobs.queue import JobRow
from workspace.jobs.running import Kind, Kinds, Runner, Task, run_next, run_now
from workspace.jobs.tables import Job
from workspace.told import in_words


class Killed(BaseException):
    """Takes the place of the end of a process: nothing after it is run."""


class Clock:
    """The moment of all leases and delays."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, delta: timedelta) -> None:
        self.moment += delta + timedelta(seconds=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(running, "now", made)
    monkeypatch.setattr(queue, "now", made)
    return made


class Adding:
    """A job that adds accounts, one a part, and calls `before` ahead of each commit."""

    def __init__(self) -> None:
        self.before: Callable[[int, Task], None] = lambda _number, _task: None
        self.between: Callable[[int], None] = lambda _number: None

    def work(self, task: Task) -> dict[str, Any]:
        total = task.parameters["accounts"]
        for number in range(task.place.get("next", 0), total):
            self.between(number)
            with task.part() as session:
                add_account(session, f"Account {number}")
                task.place["next"] = number + 1
                task.report(number + 1, total)
                self.before(number, task)
        return {"added": task.place["next"]}


@pytest.fixture
def adding() -> Adding:
    return Adding()


@pytest.fixture
def kinds(adding: Adding) -> Kinds:
    return {"add accounts": Kind("Add accounts", adding.work)}


def enqueued(database: Database, accounts: int = 3) -> int:
    with database.write() as session:
        return queue.enqueue(session, "add accounts", None, {"accounts": accounts}).id


def read(database: Database, job_id: int) -> JobRow:
    with database.read() as session:
        return queue.read_job(session, job_id)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Account.name).order_by(col(Account.id))))


def added(count: int) -> list[str]:
    return [f"Account {number}" for number in range(count)]


def test_should_run_a_job_in_parts(database: Database, kinds: Kinds) -> None:
    job_id = enqueued(database)
    waiting = read(database, job_id)
    assert (waiting.state, waiting.parameters, waiting.share) == ("waiting", {"accounts": 3}, 0.0)
    assert run_next(database, kinds)
    done = read(database, job_id)
    assert (done.state, done.result, done.done, done.total) == ("done", {"added": 3}, 3, 3)
    assert done.is_finished
    assert done.started_at
    assert done.finished_at
    assert names(database) == added(3)
    assert not run_next(database, kinds)


def test_should_show_progress_while_it_runs(
    database: Database, kinds: Kinds, adding: Adding
) -> None:
    job_id, seen = enqueued(database), []
    adding.between = lambda _: seen.append((read(database, job_id).done, read(database, job_id)))
    run_next(database, kinds)
    assert [done for done, _ in seen] == [0, 1, 2]
    assert {row.state for _, row in seen} == {"running"}
    assert [round(row.share, 2) for _, row in seen] == [0.0, 0.33, 0.67]


def test_should_store_progress_outside_of_parts_now_and_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.0)
    seen = []

    def work(task: Task) -> None:
        task.report(5, 10)
        seen.append(read(database, task.id).share)

    with database.write() as session:
        queue.enqueue(session, "look", None)
    run_next(database, {"look": Kind("Look", work)})
    assert seen == [0.5]


def test_should_start_jobs_in_the_order_in_which_they_are_due(
    database: Database, kinds: Kinds, clock: Clock
) -> None:
    with database.write() as session:
        later = queue.enqueue(
            session, "add accounts", None, {"accounts": 1}, due_at=clock() + timedelta(hours=1)
        ).id
    first = enqueued(database, 1)
    assert run_next(database, kinds)
    assert not run_next(database, kinds)
    assert (read(database, first).state, read(database, later).state) == ("done", "waiting")
    clock.pass_by(timedelta(hours=1))
    assert run_next(database, kinds)


def test_should_leave_kinds_alone_that_it_does_not_know(database: Database) -> None:
    job_id = enqueued(database)
    assert not run_next(database, {})
    assert read(database, job_id).state == "waiting"


def test_should_continue_where_a_killed_process_was(
    database: Database, kinds: Kinds, adding: Adding, clock: Clock
) -> None:
    job_id = enqueued(database)

    def kill(number: int, _task: Task) -> None:
        if number == 1:
            raise Killed

    adding.before = kill
    with pytest.raises(Killed):
        run_next(database, kinds)
    assert names(database) == added(1)
    assert not run_next(database, kinds), "the lease still holds"
    adding.before = lambda _number, _task: None
    clock.pass_by(running.LEASE)
    assert run_next(database, kinds)
    assert names(database) == added(3)
    assert read(database, job_id).result == {"added": 3}


def test_should_give_up_a_job_that_kills_its_process_each_time(
    database: Database, kinds: Kinds, adding: Adding, clock: Clock
) -> None:
    job_id = enqueued(database)

    def kill(_number: int, _task: Task) -> None:
        raise Killed

    adding.before = kill
    for _ in range(running.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            run_next(database, kinds)
        clock.pass_by(running.LEASE)
    assert not run_next(database, kinds)
    given_up = read(database, job_id)
    assert given_up.state == "failed"
    assert "Interrupted" in in_words(given_up.problem)
    assert names(database) == []


def test_should_commit_no_part_of_a_run_that_lost_its_job(
    database: Database, kinds: Kinds, adding: Adding, clock: Clock
) -> None:
    job_id = enqueued(database)

    def take_over(number: int) -> None:
        if number == 1:
            adding.between = lambda _: None
            clock.pass_by(running.LEASE)
            assert run_next(database, kinds)

    adding.between = take_over
    assert run_next(database, kinds)
    assert names(database) == added(3)
    assert read(database, job_id).state == "done"


def test_should_keep_a_job_whose_part_takes_longer_than_a_lease(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LEASE", timedelta(seconds=0.3))
    ends: list[datetime] = []

    def lease(job_id: int) -> datetime:
        with database.read() as session:
            end = session.exec(select(Job.leased_until).where(Job.id == job_id)).one()
        assert end
        return end

    def work(task: Task) -> None:
        first, until = lease(task.id), time.monotonic() + SECONDS
        while (last := lease(task.id)) == first:
            assert time.monotonic() < until
            time.sleep(0.02)
        ends.extend((first, last))

    with database.write() as session:
        job_id = queue.enqueue(session, "wait", None).id
    assert run_next(database, {"wait": Kind("Wait", work)})
    assert ends == sorted(set(ends))
    assert read(database, job_id).state == "done"


def test_should_give_a_job_to_one_of_many_runs(database: Database, kinds: Kinds) -> None:
    enqueued(database, 1)
    got: list[bool] = []
    assert not at_the_same_time(*[lambda: got.append(run_next(database, kinds))] * 6)
    assert sorted(got) == [False] * 5 + [True]
    assert names(database) == added(1)


def test_should_try_again_later_and_later_until_it_is_given_up(
    database: Database, kinds: Kinds, adding: Adding, clock: Clock
) -> None:
    job_id = enqueued(database)

    def fail(number: int, task: Task) -> None:
        if number == 1:
            task.place["next"] = 99
            raise OSError("The disk is away.")

    adding.before = fail
    delays = []
    while (job := read(database, job_id)).state == "waiting":
        delays.append(job.due_at - clock())
        clock.pass_by(job.due_at - clock())
        assert run_next(database, kinds)
    assert delays[1:] == [running.FIRST_DELAY * 2**n for n in range(running.MOST_ATTEMPTS - 1)]
    assert job.state == "failed"
    assert in_words(job.problem) == "OSError: The disk is away."
    assert names(database) == added(1)

    adding.before = lambda _number, _task: None
    with database.write() as session:
        queue.retry(session, job_id)
    assert run_next(database, kinds)
    assert names(database) == added(3)
    assert read(database, job_id).problem == {}


def test_should_not_repeat_what_was_refused(database: Database) -> None:
    def work(task: Task) -> None:
        raise Invalid("The file has no header.")

    with database.write() as session:
        job_id = queue.enqueue(session, "refuse", None).id
    assert run_next(database, {"refuse": Kind("Refuse", work)})
    job = read(database, job_id)
    assert (job.state, in_words(job.problem)) == ("failed", "The file has no header.")


def test_should_cancel_between_parts(database: Database, kinds: Kinds, adding: Adding) -> None:
    job_id = enqueued(database)

    def cancel(number: int) -> None:
        if number == 1:
            with database.write() as session:
                queue.cancel(session, job_id)

    adding.between = cancel
    assert run_next(database, kinds)
    job = read(database, job_id)
    assert (job.state, job.done) == ("cancelled", 1)
    assert names(database) == added(1)
    with pytest.raises(Conflict, match="cancelled already"), database.write() as session:
        queue.cancel(session, job_id)
    with pytest.raises(NotFound), database.write() as session:
        queue.cancel(session, job_id + 1)


def test_should_cancel_a_job_that_waits(database: Database, kinds: Kinds) -> None:
    job_id = enqueued(database)
    with database.write() as session:
        queue.cancel(session, job_id)
    assert not run_next(database, kinds)
    assert read(database, job_id).state == "cancelled"


def test_should_continue_after_a_restart_in_order(
    database: Database, kinds: Kinds, adding: Adding
) -> None:
    job_id, stopped = enqueued(database), threading.Event()
    adding.between = lambda number: stopped.set() if number == 1 else None
    assert run_next(database, kinds, stopped)
    job = read(database, job_id)
    assert (job.state, job.attempts, job.done) == ("waiting", 0, 1)
    assert run_next(database, kinds)
    assert names(database) == added(3)


def test_should_run_in_threads_of_its_own(database: Database, kinds: Kinds) -> None:
    done = threading.Event()

    def work(_task: Task) -> None:
        done.set()

    runner = Runner(database, {**kinds, "tell": Kind("Tell", work)})
    runner.start()
    try:
        with database.write() as session:
            queue.enqueue(session, "tell", None)
        assert done.wait(SECONDS)
    finally:
        runner.stop(SECONDS)


def test_should_run_a_job_of_a_command_at_once(database: Database, kinds: Kinds) -> None:
    shown: list[tuple[int, int]] = []
    result = run_now(
        database,
        kinds,
        "add accounts",
        {"accounts": 2},
        progress=lambda done, of: shown.append((done, of)),
    )
    assert result == {"added": 2}
    assert shown == [(1, 2), (2, 2)]
    with database.read() as session:
        (job,) = queue.job_rows(session)
        assert (job.state, job.by, job.kind) == ("done", None, "add accounts")


def test_should_tell_a_command_what_failed(
    database: Database, kinds: Kinds, adding: Adding
) -> None:
    def fail(_number: int, _task: Task) -> None:
        raise OSError("The disk is away.")

    adding.before = fail
    with pytest.raises(OSError, match="away"):
        run_now(database, kinds, "add accounts", {"accounts": 2})
    with database.read() as session:
        (job,) = queue.job_rows(session)
        assert (job.state, in_words(job.problem)) == ("failed", "OSError: The disk is away.")
        assert session.exec(select(func.count()).select_from(Account)).one() == 0


def test_should_list_jobs_by_state_and_kind(database: Database, kinds: Kinds) -> None:
    first = enqueued(database, 1)
    run_next(database, kinds)
    second = enqueued(database, 1)
    with database.read() as session:
        assert [row.id for row in queue.job_rows(session)] == [second, first]
        assert [row.id for row in queue.job_rows(session, before=second)] == [first]
        assert [row.id for row in queue.job_rows(session, limit=1)] == [second]
        waiting = queue.job_rows(session, states=[queue.JobState.WAITING])
        assert [row.id for row in waiting] == [second]
        assert queue.job_rows(session, kind="other") == []
        assert queue.is_unfinished(session, "add accounts")
        assert not queue.is_unfinished(session, "other")
