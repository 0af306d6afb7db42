"""Backups: what is in them, that they are checked, and how they are restored."""

import gzip
import io
import json
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from alembic import command
from sqlmodel import select

from tests.threads import wait_for
from tests.workspace.backups.postgres import empty_place, of_database, use_client_programs
from tests.world import World
from workspace.accounts.accounts import Account, add_account
from workspace.backups import archives, copies
from workspace.backups.archives import backups_in, is_due, make_backup, rotate, unpack
from workspace.backups.restoring import restore
from workspace.database import Database
from workspace.deals.tables import Deal
from workspace.errors import Conflict, DealkinError, Invalid
from workspace.settings import Settings
from workspace.setup import open_database


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    use_client_programs(monkeypatch)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """The settings of the test's database, with a home that has a file of an import."""
    home = tmp_path / "home"
    (home / "import-errors").mkdir(parents=True)
    (home / "import-errors" / "deals.csv").write_text("a;b\n")
    (home / "indexes").mkdir()
    (home / "indexes" / "vectors").write_text("made again")
    return of_database(database.url, home)


@pytest.fixture
def elsewhere(database: Database, tmp_path: Path) -> Iterator[Settings]:
    """The settings of an empty place of the same kind."""
    with empty_place(database, tmp_path / "elsewhere") as settings:
        yield settings


def names(settings: Settings) -> list[str]:
    with closing(Database(settings.database)) as database, database.read() as session:
        return sorted(session.exec(select(Deal.name)))


def test_should_restore_what_was_backed_up(
    world: World, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    file, manifest = make_backup(world.database, settings, tmp_path / "kept")
    assert file.stat().st_mode & 0o777 == 0o600
    assert manifest.rows["deal"] == len(world.deals)
    with world.database.write() as session:
        add_account(session, "After the backup")
    restored = restore(file, elsewhere)
    assert restored == manifest
    assert names(elsewhere) == names(settings)
    with closing(open_database(elsewhere)) as database, database.write() as session:
        found = select(Account).where(Account.name == "After the backup")
        assert session.exec(found).first() is None
        add_account(session, "After the restore")
    assert (elsewhere.home / "import-errors" / "deals.csv").read_text() == "a;b\n"
    assert not (elsewhere.home / "indexes").exists()
    assert [path.name for path in elsewhere.home.glob(".restoring-*")] == []


def test_should_overwrite_nothing(world: World, settings: Settings, tmp_path: Path) -> None:
    file, _ = make_backup(world.database, settings, tmp_path / "kept")
    with pytest.raises(Conflict, match="a database already"):
        restore(file, settings)
    assert names(settings)


def test_should_be_consistent_while_members_write(
    world: World, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    stopped, database = threading.Event(), world.database

    def write() -> None:
        number = 0
        while not stopped.is_set():
            with database.write() as session:
                add_account(session, f"First {number}")
                add_account(session, f"Second {number}")
            number += 1

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    files = [make_backup(database, settings, tmp_path / f"kept{n}")[0] for n in range(3)]
    stopped.set()
    wait_for(writer)
    restore(files[-1], elsewhere)
    with closing(Database(elsewhere.database)) as restored, restored.read() as session:
        found = session.exec(select(Account.name)).all()
    assert sum(name.startswith("First") for name in found) == sum(
        name.startswith("Second") for name in found
    )


def _truncate(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def _flip_between_files(file: Path) -> None:
    """Damage what no file of the archive has; its checksum stays."""
    packed = file.read_bytes()
    content = bytearray(gzip.decompress(packed))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        member = next(each for each in tar if each.size % tarfile.BLOCKSIZE)
    content[member.offset_data + member.size] ^= 0xFF
    checksum = slice(-8, None)
    file.write_bytes(gzip.compress(bytes(content))[:-8] + packed[checksum])


def _repack(file: Path, change: Callable[[Path], object]) -> None:
    """Pack the backup again with other content; its checksums stay."""
    folder = file.parent / "unpacked"
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    change(folder)
    with tarfile.open(file, "w:gz") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                tar.add(path, path.relative_to(folder).as_posix())


def _change_file(file: Path) -> None:
    _repack(file, lambda folder: (folder / "files/import-errors/deals.csv").write_text("other"))


def _add_file(file: Path) -> None:
    _repack(file, lambda folder: (folder / "files" / "more").write_text("more"))


def _lose_manifest(file: Path) -> None:
    _repack(file, lambda folder: (folder / "manifest.json").unlink())


def _point_outside(file: Path) -> None:
    def change(folder: Path) -> None:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        manifest["files"]["files/../../outside"] = "0" * 64
        (folder / "manifest.json").write_text(json.dumps(manifest))

    _repack(file, change)


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _flip,
        _flip_between_files,
        _change_file,
        _add_file,
        _lose_manifest,
        _point_outside,
    ],
)
def test_should_restore_nothing_that_is_damaged(
    world: World,
    settings: Settings,
    elsewhere: Settings,
    tmp_path: Path,
    damage: Callable[[Path], None],
) -> None:
    file, _ = make_backup(world.database, settings, tmp_path / "kept")
    damage(file)
    with pytest.raises(DealkinError, match=file.name):
        restore(file, elsewhere)
    with closing(Database(elsewhere.database)) as database:
        assert copies.is_empty(database)


def test_should_encrypt_for_a_recipient(
    world: World, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    settings = settings.model_copy(update={"backup_recipient": str(key.to_public())})
    file, _ = make_backup(world.database, settings, tmp_path / "kept")
    assert file.suffix == ".age"
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing else is left"
    assert b"Consolidate" not in file.read_bytes()
    secret, wrong = tmp_path / "key.txt", tmp_path / "other.txt"
    secret.write_text(f"# created for a test\n{key}\n")
    wrong.write_text(f"{other}\n")
    for identity in (None, wrong, tmp_path / "nowhere"):
        with pytest.raises(DealkinError, match="crypted"):
            restore(file, elsewhere, identity)
    restore(file, elsewhere, secret)
    assert names(elsewhere) == names(settings)
    with pytest.raises(Invalid, match="DEALKIN_BACKUP_RECIPIENT"):
        make_backup(
            world.database, settings.model_copy(update={"backup_recipient": "age1x"}), tmp_path
        )


def test_should_leave_no_part_of_a_backup_that_fails(
    world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(archives, "_pack", fail)
    with pytest.raises(OSError, match="No space"):
        make_backup(world.database, settings, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_should_back_up_before_an_upgrade(world: World, settings: Settings) -> None:
    database, folder = world.database, settings.backup_folder
    assert folder
    open_database(settings).close()
    assert backups_in(folder) == []
    command.downgrade(database._alembic(), "0008")
    open_database(settings).close()
    (made,) = backups_in(folder)
    assert made.before_upgrade
    assert database.is_current()
    scratch = folder / "look"
    scratch.mkdir()
    assert unpack(made.path, None, scratch).revision == "0008"


def test_should_delete_files_of_another_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        copy.execute("CREATE TABLE account (name TEXT)")
    target = tmp_path / "new" / "dealkin.sqlite3"
    target.parent.mkdir()
    for leftover in ("-wal", "-shm"):
        target.with_name(target.name + leftover).write_text("of another database")
    with closing(Database(f"sqlite:///{target}")) as database:
        copies.fill_database(database, tmp_path / "copy")
        assert not target.with_name(f"{target.name}-wal").exists()
        assert copies.count_rows(database) == {"account": 0}


def test_should_say_which_program_is_missing(
    world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if world.database.is_sqlite:
        pytest.skip("SQLite is copied by itself.")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DealkinError, match="pg_dump is not installed"):
        make_backup(world.database, settings, tmp_path / "kept")


def test_should_keep_the_password_out_of_the_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, told = tmp_path / "pg_restore", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@" > {told}\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with closing(Database("postgresql+psycopg://ada:h%40sh@pooler.example/deals")) as database:
        for direct, host in ((None, "pooler"), ("postgres://ada:h%40sh@db.example/deals", "db")):
            copies.fill_database(database, tmp_path / "copy", direct)
            password, *arguments = told.read_text().splitlines()
            assert password == "h@sh"
            assert arguments[0] == f"--dbname=postgresql://ada@{host}.example/deals"
            assert "sh@" not in "".join(arguments)


TODAY = datetime(2026, 11, 29, 12, tzinfo=UTC)


def put(folder: Path, days: float, suffix: str = "") -> str:
    name = f"dealkin-{TODAY - timedelta(days=days):%Y%m%dT%H%M%SZ}{suffix}.tar.gz"
    (folder / name).write_text("")
    return name


def test_should_keep_days_weeks_and_upgrades(tmp_path: Path) -> None:
    daily = [put(tmp_path, days) for days in range(60)]
    second = put(tmp_path, 0.25)
    upgrades = [put(tmp_path, days + 0.1, "-before-upgrade") for days in range(0, 50, 10)]
    (tmp_path / "notes.txt").write_text("not a backup")
    rotate(tmp_path)
    kept = {path.name for path in tmp_path.iterdir()}
    assert "notes.txt" in kept
    assert second not in kept
    assert kept & set(upgrades) == set(upgrades[:3])
    # Seven days, and the Sundays of the four weeks before this one.
    assert kept & set(daily) == {*daily[:7], *daily[7:29:7]}
    assert rotate(tmp_path) == []


def test_should_be_due_a_day_after_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "now", lambda: TODAY)
    day = timedelta(days=1)
    assert is_due(tmp_path, day)
    put(tmp_path, 0.1, "-before-upgrade")
    assert is_due(tmp_path, day)
    put(tmp_path, 1.1)
    assert is_due(tmp_path, day)
    put(tmp_path, 0.9)
    assert not is_due(tmp_path, day)


def test_should_back_up_while_files_are_deleted(
    world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is listed and then deleted is in neither the backup nor its manifest."""
    swept = settings.home / "files" / "ab" / "abcd"
    swept.parent.mkdir(parents=True)
    swept.write_text("swept")
    listed = archives._files_of

    def then_swept(home: Path, backups: Path) -> dict[str, Path]:
        files = listed(home, backups)
        swept.unlink()
        return files

    monkeypatch.setattr(archives, "_files_of", then_swept)
    file, made = make_backup(world.database, settings, tmp_path / "kept")
    assert "files/import-errors/deals.csv" in made.files
    assert "files/files/ab/abcd" not in made.files
    (tmp_path / "out").mkdir()
    assert unpack(file, None, tmp_path / "out") == made
