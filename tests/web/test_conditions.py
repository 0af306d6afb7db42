"""The state of things: who is told what, and where."""

import errno
import json
import re
import sqlite3
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy.exc import OperationalError

from tests.serving import set_mail_server
from tests.web.conftest import Visit
from tests.world import World
from web import conditions
from web.conditions import Condition, Conditions
from web.workspace import Workspace
from workspace.accounts import accounts
from workspace.clock import now
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.delivery import outbox
from workspace.jobs import queue
from workspace.jobs.tables import Job, JobState
from workspace.told import Code, told

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def _roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    leave(monkeypatch, 50_000_000_000)


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Have the disks with this many bytes left."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12 - free, free))


def found(workspace: Workspace) -> dict[str, Condition]:
    with workspace.database.read() as session:
        return {each.code: each for each in conditions.conditions(session, workspace)}


def without_model(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = "The model far/away could not be loaded: the hub does not answer."
    monkeypatch.setattr(type(workspace.catalog.encoder), "problem", problem)


def test_should_find_nothing_where_all_is_well(workspace: Workspace) -> None:
    assert set(found(workspace)) == {"index"}
    workspace.catalog.warm()
    assert found(workspace) == {}


def test_should_say_that_the_model_is_missing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_model(workspace, monkeypatch)
    said = found(workspace)["model"]
    assert "far/away" in said.text
    assert "words alone" in said.text
    assert not said.serious


@pytest.mark.parametrize(("free", "serious"), [(900_000_000, False), (5_000_000, True)])
def test_should_say_that_a_disk_is_almost_full(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, free: int, serious: bool
) -> None:
    leave(monkeypatch, free)
    said = found(workspace)["disk"]
    assert f"{free // 1_000_000} MB" in said.text
    assert said.serious == serious


def test_should_say_that_mail_is_stuck(workspace: Workspace, world: World) -> None:
    with world.database.write() as session:
        message = outbox.queue(session, "ines@example.com", "Hello", "Text")
        message.attempts, message.problem = 3, told(Code.SAID, text="450 try again")
    assert "mail" not in found(workspace), "without a mail server, mail waits for people"
    settings = workspace.settings.model_copy(update={"smtp_url": "smtp://mail.example"})
    said = found(replace(workspace, settings=settings))["mail"]
    assert "1 mail: 450 try again" in said.text


def test_should_say_that_jobs_have_failed_lately(workspace: Workspace, world: World) -> None:
    with world.database.write() as session:
        for hours in (1, 30):
            job = queue.enqueue(session, "export", None)
            job.state, job.finished_at = JobState.FAILED, now() - timedelta(hours=hours)
            session.add(job)
    assert found(workspace)["jobs"].text.startswith("1 job has failed")


def test_should_tell_administrators_above_each_page(
    app: Litestar, visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_model(app.state.workspace, monkeypatch)
    for path in ("/", "/deals", "/administration/jobs"):
        assert "far/away" in visit("grace").get(path).text
    assert "far/away" not in visit("alice").get("/deals").text


def test_should_look_once_in_a_while(
    workspace: Workspace, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Conditions()
    with world.database.read() as session:
        before = kept.current(session, workspace)
        without_model(workspace, monkeypatch)
        assert kept.current(session, workspace) == before
        monkeypatch.setattr(conditions, "KEPT_SECONDS", -1.0)
        assert kept.current(session, workspace) != before


def test_should_tell_programs_whether_it_is_ready(
    app: Litestar, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = visit(None)
    assert stranger.get("/health/live").text == "alive"
    ready = stranger.get("/health/ready")
    assert ready.status_code == 200
    assert json.loads(ready.text) == {"ready": True, "conditions": ["index"]}
    monkeypatch.setattr(conditions, "KEPT_SECONDS", -1.0)
    leave(monkeypatch, 0)
    full = stranger.get("/health/ready")
    assert full.status_code == 503
    assert json.loads(full.text)["conditions"] == ["index", "disk"]


def test_should_live_without_its_database(
    app: Litestar, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_database: Database) -> Any:
        raise OperationalError("SELECT", {}, Exception("away"))

    stranger = visit(None)
    monkeypatch.setattr(Database, "read", fail)
    assert stranger.get("/health/live").status_code == 200
    away = stranger.get("/health/ready")
    assert away.status_code == 503
    assert json.loads(away.text) == {"ready": False, "conditions": ["database"]}


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_should_say_that_the_disk_is_full(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    alice = visit("alice")
    monkeypatch.setattr(accounts, "add_account", fail)
    answer = alice.post("/accounts", {"name": "Harrow"})
    assert answer.status_code == 507
    assert "Nothing was saved" in answer.text
    assert 'name="name" value="Harrow"' in answer.text
    assert alice.get("/deals").status_code == 200


def test_should_give_metrics_for_the_token_only(app: Litestar, visit: Visit) -> None:
    grace = visit("grace")
    bearer = {"Authorization": "Bearer a-long-secret"}
    assert grace.get("/metrics", **bearer).status_code == 404
    settings = app.state.workspace.settings.model_copy(update={"metrics_token": "a-long-secret"})
    app.state.workspace = replace(app.state.workspace, settings=settings)
    assert grace.get("/metrics").status_code == 404
    assert grace.get("/metrics", Authorization="Bearer another").status_code == 404
    set_mail_server(app)
    with app.state.workspace.database.write() as session:
        outbox.queue(session, "ines@example.com", "Hello", "Text")
        queue.enqueue(session, "export", None)
    text = visit(None).get("/metrics", **bearer).text
    assert "dealkin_outbox_waiting 1.0" in text
    assert 'dealkin_jobs{state="waiting"} 1.0' in text
    assert "dealkin_write_wait_seconds_count" in text
    assert "ines" not in text


def test_should_tell_how_far_the_index_is_behind(app: Litestar, visit: Visit) -> None:
    settings = app.state.workspace.settings.model_copy(update={"metrics_token": "a-long-secret"})
    app.state.workspace = replace(app.state.workspace, settings=settings)

    def behind() -> float:
        text = visit(None).get("/metrics", Authorization="Bearer a-long-secret").text
        (found,) = re.findall(r"^dealkin_catalog_behind (\S+)$", text, re.MULTILINE)
        return float(found)

    alice = visit("alice")
    alice.get("/search?q=kestrel")
    assert behind() == 0
    for name in ("Quillfeather", "Harrow"):
        with app.state.workspace.database.write() as session:
            lifecycle.log(session, name, None, None)
    assert behind() >= 2
    alice.get("/search?q=harrow")
    assert behind() == 0


def test_should_count_jobs_by_state(workspace: Workspace, world: World) -> None:
    with world.database.write() as session:
        session.add(Job(kind="export", state=JobState.DONE))
    assert "jobs" not in found(workspace)
