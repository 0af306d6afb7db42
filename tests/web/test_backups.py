"""Backups as jobs and drills, and that a restored workspace gives the same answers."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from similarity.search import search
from tests.web.conftest import Visit
from tests.workspace.backups.postgres import use_client_programs
from tests.world import FakeEmbedder, World, log_closed_deals
from web import backups, conditions
from web.backups import back_up_when_due, drill
from web.jobs import kinds_of
from web.workspace import Workspace, workspace_on
from workspace.accounts.accounts import Account
from workspace.backups.archives import backups_in, make_backup
from workspace.backups.restoring import restore
from workspace.clock import now
from workspace.database import Database
from workspace.deals.tables import Deal
from workspace.errors import DealkinError
from workspace.jobs import queue
from workspace.jobs.running import run_next
from workspace.people.tables import Person
from workspace.people.viewer import PLAIN_VIEW
from workspace.told import in_words


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    use_client_programs(monkeypatch)


@pytest.fixture
def workspace(workspace: Workspace, tmp_path: Path) -> Workspace:
    """The workspace, with the settings of its database and a home of its own."""
    url = workspace.database.url.render_as_string(hide_password=False)
    changed = {"home": tmp_path / "home", "database_url": url}
    return replace(workspace, settings=workspace.settings.model_copy(update=changed))


def questions(session: Session) -> list[str]:
    """Two hundred questions: names, and pairs of words from them."""
    rows = [session.exec(select(table.name)).all() for table in (Deal, Account, Person)]
    named = sorted({name for group in rows for name in group})
    words = sorted({word for name in named for word in name.split() if len(word) > 3})
    pairs = [f"{one} {two}" for one in words for two in words if one < two]
    return (named + pairs)[:200]


def answers(session: Session, workspace: Workspace, asked: list[str]) -> list[list[str]]:
    found = []
    for text in asked:
        groups = search(session, PLAIN_VIEW, workspace.catalog, text).groups()
        found.append([hit.key for group in groups for hit in group])
    return found


@pytest.mark.slow
def test_should_give_the_same_answers_after_a_restore(
    world: World, workspace: Workspace, tmp_path: Path
) -> None:
    log_closed_deals(world)
    workspace.catalog.catch_up()
    with world.database.read() as session:
        asked = questions(session)
        before = answers(session, workspace, asked)
    assert len(asked) == 200
    assert sum(map(bool, before)) > 100
    file, _ = make_backup(world.database, workspace.settings, tmp_path / "kept")
    with backups._scratch(workspace.settings) as scratch:
        restore(file, scratch)
        with closing(Database(scratch.database)) as database:
            restored = workspace_on(database, scratch, FakeEmbedder())
            with database.read() as session:
                assert answers(session, restored, asked) == before


def test_should_hold_a_drill(world: World, workspace: Workspace, tmp_path: Path) -> None:
    file, manifest = make_backup(world.database, workspace.settings, tmp_path / "kept")
    done = drill(file, workspace.settings, FakeEmbedder())
    assert done["rows"] == sum(manifest.rows.values())
    assert done["questions"] == len(world.deals) - 1, "the confidential deal is not asked for"
    assert done["made at"] == manifest.made_at


def test_should_fail_a_drill_that_does_not_find_deals(
    world: World, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, _ = make_backup(world.database, workspace.settings, tmp_path / "kept")
    monkeypatch.setattr(backups, "restore", _restore_without_names)
    with pytest.raises(DealkinError, match="does not find D-"):
        drill(file, workspace.settings, FakeEmbedder())


def _restore_without_names(*arguments: object) -> object:
    manifest = restore(*arguments)  # type: ignore[arg-type]
    with closing(Database(arguments[1].database)) as database, database.write() as session:  # type: ignore[attr-defined]
        for table in ("nameentry", "passage", "document"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
    return manifest


def test_should_back_up_each_day_and_show_it(
    world: World, workspace: Workspace, visit: Visit
) -> None:
    folder = workspace.settings.backup_folder
    assert folder
    for _ in range(2):
        back_up_when_due(workspace)
    assert run_next(world.database, kinds_of(workspace))
    assert not run_next(world.database, kinds_of(workspace)), "it was queued once"
    (made,) = backups_in(folder)
    back_up_when_due(workspace)
    assert not run_next(world.database, kinds_of(workspace)), "the last one is of today"
    page = visit("grace").get("/administration/jobs").text
    assert "Back up" in page
    assert made.path.name in page


def test_should_not_try_again_at_once(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DealkinError("pg_dump is not installed here.")

    monkeypatch.setattr(backups, "make_backup", fail)
    for _ in range(3):
        back_up_when_due(workspace)
        run_next(world.database, kinds_of(workspace))
    with world.database.read() as session:
        (job,) = queue.job_rows(session)
    assert (job.state, in_words(job.problem)) == ("failed", "pg_dump is not installed here.")
    off = workspace.settings.model_copy(update={"backups": "off"})
    assert off.backup_folder is None
    back_up_when_due(replace(workspace, settings=off))


def test_should_tell_administrators_of_old_backups(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def codes() -> list[str]:
        with world.database.read() as session:
            return [each.code for each in conditions.conditions(session, workspace)]

    assert "backup" not in codes(), "the workspace is new"
    later = now() + timedelta(days=3)
    monkeypatch.setattr(conditions, "now", lambda: later)
    assert "backup" in codes()
    backups.back_up(workspace)
    assert "backup" in codes(), "it is three days old by then"
    monkeypatch.undo()
    assert "backup" not in codes()


def test_should_queue_a_backup_from_the_page(visit: Visit, world: World) -> None:
    grace = visit("grace")
    assert grace.post("/administration/jobs/backup", {"surprise": "x"}).status_code == 422
    assert grace.post("/administration/jobs/backup").status_code == 303
    assert grace.post("/administration/jobs/backup").status_code == 409
    assert visit("alice").post("/administration/jobs/backup").status_code == 403
    assert "Back up" in grace.get("/administration/jobs").text
