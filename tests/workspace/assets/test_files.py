"""Files of assets: versions, where they are kept, and that what they say is found."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from references.removal import delete_asset
from similarity.search import search
from tests.conftest import Backend
from tests.workspace.assets import hostile_files
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.assets import files
from workspace.assets.assets import Asset
from workspace.assets.files import AssetFile, TextState
from workspace.assets.inspection import inspect
from workspace.database import Database
from workspace.errors import DealkinError, NotFound
from workspace.exports.record import export_record, import_record
from workspace.jobs.running import run_next
from workspace.keys import row_of_key
from workspace.revisions import history

SAVINGS = "The hospital halved the time of its night audits with lantern reports."


def add_file(workspace: Workspace, world: World, name: str, raw: bytes, key: str = "demo") -> int:
    """Upload a file for an asset of the world; its id."""
    file = inspect(name, raw)
    stored = files.keep(workspace.settings.files, file.raw)
    with workspace.database.write() as session:
        asset = row_of_key(session, Asset, world.assets[key])
        return files.add_version(session, asset, file, stored, world.people["alice"]).id


def work(workspace: Workspace) -> None:
    """Run the jobs that are due."""
    while run_next(workspace.database, kinds_of(workspace)):
        pass


def found(world: World, workspace: Workspace, text: str) -> dict[str, str]:
    """The assets that a search finds, each with its snippet."""
    with world.database.read() as session:
        hits = search(session, world.viewer("frank"), workspace.catalog, text).assets
        return {hit.key: "".join(span.text for span in hit.snippet) for hit in hits}


def test_should_find_an_asset_by_what_its_newest_file_says(
    world: World, workspace: Workspace
) -> None:
    workspace.catalog.catch_up()
    add_file(workspace, world, "case.docx", hostile_files.word("About us", SAVINGS))
    assert not found(world, workspace, "lantern audits")
    work(workspace)
    assert (
        "night audits with lantern"
        in found(world, workspace, "lantern audits")[world.assets["demo"]]
    )
    add_file(workspace, world, "case.pdf", hostile_files.pdf("Nothing of the kind"))
    work(workspace)
    assert not found(world, workspace, "lantern audits")
    with world.database.read() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        newest, first = files.versions_of(session, asset.id)
    assert (newest.version, newest.name, newest.text_state) == (2, "case.pdf", TextState.READ)
    assert (first.version, first.by, first.label) == (1, "Alice Adeyemi", "Word document")
    assert len(files.read(workspace.settings.files, first)) == first.size


def test_should_say_that_a_text_cannot_be_read(world: World, workspace: Workspace) -> None:
    deep = hostile_files.package(main=b"<a>" * 100_000)
    unreadable = add_file(workspace, world, "deep.docx", deep)
    picture = add_file(workspace, world, "logo.png", hostile_files.png())
    work(workspace)
    with world.database.read() as session:
        assert session.get_one(AssetFile, unreadable).text_state == TextState.UNREADABLE
        assert session.get_one(AssetFile, picture).text_state == TextState.NONE


def test_should_keep_files_under_random_names_for_their_owner_alone(tmp_path: Path) -> None:
    stored = files.keep(tmp_path / "files", b"content")
    path = files.path_of(tmp_path / "files", stored)
    assert len(stored) == 32
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stored != files.keep(tmp_path / "files", b"content")


def test_should_leave_nothing_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.assets.files.os.fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        files.keep(tmp_path / "files", b"content")
    assert not list(files.all_stored(tmp_path / "files"))


def disk_full(_: int) -> None:
    """Stands in for writing to a disk without room."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_should_notice_that_a_file_is_gone_or_damaged(world: World, workspace: Workspace) -> None:
    add_file(workspace, world, "logo.png", hostile_files.png())
    with world.database.read() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        row = files.version_of(session, asset.id, 1)
        with pytest.raises(NotFound):
            files.version_of(session, asset.id, 2)
    path = files.path_of(workspace.settings.files, row.stored)
    path.write_bytes(b"another")
    with pytest.raises(DealkinError, match="damaged on the server"):
        files.read(workspace.settings.files, row)
    path.unlink()
    with pytest.raises(DealkinError, match="not on this server"):
        files.read(workspace.settings.files, row)


def test_should_sweep_what_nothing_can_bring_back(world: World, workspace: Workspace) -> None:
    folder = workspace.settings.files
    add_file(workspace, world, "logo.png", hostile_files.png())
    with world.database.write() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        [named] = [row.stored for row in files.versions_of(session, asset.id)]
        revision = delete_asset(session, world.viewer("grace"), asset)
    orphan, fresh = files.keep(folder, b"orphan"), files.keep(folder, b"being uploaded")
    for stored in (named, orphan):
        hours_ago = time.time() - 7200
        os.utime(files.path_of(folder, stored), (hours_ago, hours_ago))
    with world.database.read() as session:
        assert files.sweep(session, folder) == 1
    assert {path.name for path in files.all_stored(folder)} == {named, fresh}
    with world.database.write() as session:
        history.take_back(session, world.viewer("grace"), revision.id, {})
    with world.database.read() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        [row] = files.versions_of(session, asset.id)
        assert files.read(folder, row) == hostile_files.png()


@pytest.fixture
def elsewhere(backend: Backend) -> Iterator[Database]:
    """An empty home beside the test's own."""
    name = backend.lend("empty")
    with closing(Database(backend.url(name))) as database:
        yield database
    backend.give_back(name)


def test_should_export_and_import_files_with_the_record(
    world: World, workspace: Workspace, elsewhere: Database, tmp_path: Path
) -> None:
    add_file(workspace, world, "logo.png", hostile_files.png())
    whole, other = tmp_path / "record.zip", tmp_path / "other files"
    export_record(world.database, whole, workspace.settings.files)
    import_record(elsewhere, whole, other, lambda _: None)
    with elsewhere.read() as session:
        asset = row_of_key(session, Asset, world.assets["demo"])
        [row] = files.versions_of(session, asset.id)
    assert files.read(other, row) == hostile_files.png()
