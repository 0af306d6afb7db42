"""Index files are a cache: whatever happens to them, the next search is the database's answer."""

import json
import multiprocessing
import random
import resource
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from similarity.index import snapshots
from similarity.index.catalog import Catalog
from similarity.index.collection import Collection
from similarity.index.snapshots import Snapshots
from similarity.index.sources import Kind
from tests.similarity.index.crashing import edit, write_for_ever
from tests.similarity.index.saved_indexes import (
    NOWHERE,
    Saved,
    answer,
    asked,
    copy_of,
    files,
    is_believed,
    make,
    writing,
)
from tests.world import FakeEmbedder
from workspace.database import Database


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    """Snapshots that no test changes."""
    made = make(tmp_path_factory.mktemp("snapshots") / "one")
    yield made
    made.database.close()


@pytest.fixture
def saved(original: Saved, tmp_path: Path) -> Saved:
    """A copy of the snapshots, to be damaged, of a database that is not written to."""
    shutil.copytree(original.folder, tmp_path / "indexes")
    return Saved(original.database, tmp_path / "indexes", original.answer)


@pytest.fixture
def own(original: Saved, tmp_path: Path) -> Iterator[Saved]:
    """A copy of the database too, to be written to."""
    shutil.copytree(original.folder.parent, tmp_path / "own")
    database = Database(f"sqlite:///{tmp_path / 'own' / 'record.sqlite3'}")
    yield Saved(database, tmp_path / "own" / "indexes", original.answer)
    database.close()


# The manifest, and four files of each of three kinds.
FILES = range(17)


def test_should_believe_valid_snapshots_and_not_write_them_again(saved: Saved) -> None:
    assert len(files(saved.folder)) == len(FILES)
    assert is_believed(saved)
    before = {path: path.stat().st_mtime_ns for path in saved.folder.iterdir()}
    assert answer(saved.database, saved.folder) == saved.answer
    assert {path: path.stat().st_mtime_ns for path in saved.folder.iterdir()} == before


@pytest.mark.parametrize("file", FILES)
def test_should_rebuild_when_a_file_is_deleted(saved: Saved, file: int) -> None:
    files(saved.folder)[file].unlink()
    assert not is_believed(saved)
    assert answer(saved.database, saved.folder) == saved.answer
    # And the next start finds whole ones again.
    assert is_believed(saved)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("file", FILES)
def test_should_rebuild_s16_when_a_file_is_truncated(saved: Saved, file: int, share: float) -> None:
    path = files(saved.folder)[file]
    content = path.read_bytes()
    path.write_bytes(content[: min(int(len(content) * share), len(content) - 1)])
    assert not is_believed(saved)
    assert answer(saved.database, saved.folder) == saved.answer


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("file", FILES)
def test_should_rebuild_s16_when_a_bit_is_flipped(saved: Saved, file: int, share: float) -> None:
    path = files(saved.folder)[file]
    content = bytearray(path.read_bytes())
    at = int(len(content) * share)
    content[at] ^= 1 << (at % 8)
    path.write_bytes(content)
    assert answer(saved.database, saved.folder) == saved.answer


def test_should_hash_every_block_of_a_large_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "DIGEST_BLOCK", 100)
    content = random.Random(2).randbytes(1_050)
    flipped = [
        content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in range(0, 1_050, 7)
    ]
    swapped = content[100:200] + content[:100] + content[200:]
    cut = [content[:size] for size in (0, 100, 1_000, 1_049)]
    longer = [content + bytes(size) for size in (1, 50, 150)]
    every = [content, *flipped, swapped, *cut, *longer]
    sums = set()
    for number, each in enumerate(every):
        path = tmp_path / str(number)
        path.write_bytes(each)
        sums.add(snapshots._file_digest(path))
    assert len(sums) == len(every)


@pytest.mark.parametrize("share", [n / 24 for n in range(24)])
def test_should_rebuild_when_any_byte_of_the_manifest_is_wrong(saved: Saved, share: float) -> None:
    path = saved.folder / "manifest.json"
    content = bytearray(path.read_bytes())
    at = int(len(content) * share)
    # A digit becomes another digit, a letter another letter: still JSON, mostly.
    content[at] ^= 1
    path.write_bytes(content)
    assert answer(saved.database, saved.folder) == saved.answer


@pytest.mark.parametrize(("one", "other"), [(1, 4), (2, 3), (3, 6), (4, 7), (2, 9)])
def test_should_rebuild_when_two_files_are_swapped(saved: Saved, one: int, other: int) -> None:
    paths = files(saved.folder)
    a, b = paths[one].read_bytes(), paths[other].read_bytes()
    paths[one].write_bytes(b)
    paths[other].write_bytes(a)
    assert not is_believed(saved)
    assert answer(saved.database, saved.folder) == saved.answer


GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "zeros": bytes(1000),
    "noise": random.Random(1).randbytes(1000),
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "a text": b'"manifest"',
    "deep": b"[" * 100_000,
    "no files": b'{"preparation": 1, "model": "fake", "generation": 1, "token": "", "files": {}}',
    "files of another shape": b'{"preparation": 1, "model": "fake", "generation": 1e999,'
    b' "token": "", "files": {"deal": [["manifest.json", ""]], "asset": 1, "person": {}}}',
    "a number too large": b'{"generation": 1e999, "token": ""}',
    "not text": b"\xff\xfe{}",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_should_rebuild_when_the_manifest_is_garbage(saved: Saved, name: str) -> None:
    (saved.folder / "manifest.json").write_bytes(GARBAGE[name])
    assert Snapshots(saved.folder).mark() is None or "generation" in GARBAGE[name].decode()
    assert not is_believed(saved)
    assert answer(saved.database, saved.folder) == saved.answer


def test_should_not_follow_a_manifest_to_files_elsewhere(saved: Saved, tmp_path: Path) -> None:
    """A path that leads out of the folder is not followed."""
    manifest = json.loads((saved.folder / "manifest.json").read_text())
    away = tmp_path / "away"
    away.mkdir()
    for path in files(saved.folder)[1:]:
        path.rename(away / path.name)
    for kind in manifest["files"].values():
        for entry in kind:
            entry[0] = f"../away/{entry[0]}"
    (saved.folder / "manifest.json").write_text(json.dumps(manifest))
    assert not is_believed(saved)
    assert answer(saved.database, saved.folder) == saved.answer


@pytest.mark.parametrize(
    "change",
    [
        {"model": "another"},
        {"preparation": -1},
        {"format": 1},
        {"generation": 0, "token": "0" * 32},
        {"generation": 10**6},
        {"generation": -5},
        {"token": "0" * 32},
        {"generation": 1},
    ],
)
def test_should_rebuild_when_the_manifest_says_something_else(
    saved: Saved, change: dict[str, object]
) -> None:
    path = saved.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert answer(saved.database, saved.folder) == saved.answer


def test_should_catch_up_when_older_snapshots_are_put_back(own: Saved, tmp_path: Path) -> None:
    catalog = writing(own)
    shutil.copytree(own.folder, tmp_path / "older")
    edit(own.database, "Zebra dashboards")
    now = asked(own.database, catalog)
    assert now != own.answer
    newer = (own.folder / "manifest.json").read_text()
    assert newer != (tmp_path / "older" / "manifest.json").read_text()
    # The manifest alone, whose files are gone; and then with its files.
    shutil.copy(tmp_path / "older" / "manifest.json", own.folder)
    assert answer(own.database, own.folder) == now
    shutil.copytree(tmp_path / "older", own.folder, dirs_exist_ok=True)
    assert answer(own.database, own.folder) == now


def test_should_not_believe_snapshots_of_another_database(own: Saved, tmp_path: Path) -> None:
    other = make(tmp_path / "other")
    writing(other)
    edit(other.database, "Zebra records")
    elsewhere = answer(other.database, other.folder)
    other.database.close()
    assert elsewhere != own.answer
    # Its files under our names, and all of it with its own manifest.
    for path, foreign in zip(files(own.folder)[1:], files(other.folder)[1:], strict=True):
        shutil.copy(foreign, path)
    assert answer(own.database, own.folder) == own.answer
    shutil.rmtree(own.folder)
    shutil.copytree(other.folder, own.folder)
    assert is_believed(own)
    assert answer(own.database, own.folder) == own.answer


def test_should_not_believe_snapshots_of_a_copy_that_diverged(own: Saved, tmp_path: Path) -> None:
    """Both have the same generations up to the copy, and the same numbers after it."""
    copy = copy_of(own.database, tmp_path / "copy.sqlite3")
    catalogs = {}
    for database, text in ((own.database, "Zebra"), (copy, "Heron records")):
        catalogs[database] = Catalog(database, FakeEmbedder(), tmp_path / text)
        catalogs[database].attach()
        edit(database, text)
        asked(database, catalogs[database])
    assert answer(own.database) != answer(copy)
    assert answer(own.database, tmp_path / "Heron records") == answer(own.database)
    assert answer(copy, tmp_path / "Zebra") == answer(copy)
    copy.close()


def test_should_rebuild_when_a_restored_backup_reuses_generations(
    own: Saved, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.sqlite3"
    copy_of(own.database, backup).close()
    before = writing(own)
    edit(own.database, "Zebra dashboards")
    lost = asked(own.database, before)

    path = Path(str(own.database.url.database))
    own.database.close()
    for stale in path.parent.glob(f"{path.name}*"):
        stale.unlink()
    shutil.copy(backup, path)
    # A process that was there all the time, and one that starts with its snapshots.
    assert asked(own.database, before) == own.answer
    assert answer(own.database, own.folder) == own.answer
    edit(own.database, "Heron records")
    now = answer(own.database)
    assert now not in (lost, own.answer)
    assert asked(own.database, before) == now
    assert answer(own.database, own.folder) == now


def test_should_work_with_a_file_in_the_place_of_the_folder(saved: Saved) -> None:
    shutil.rmtree(saved.folder)
    saved.folder.write_text("not a folder")
    assert answer(saved.database, saved.folder) == saved.answer
    catalog = Catalog(saved.database, FakeEmbedder(), saved.folder)
    catalog.reset()
    assert asked(saved.database, catalog) == saved.answer


def test_should_work_with_folders_in_the_place_of_files(saved: Saved) -> None:
    for path in files(saved.folder):
        path.unlink()
        path.mkdir()
        (path / "inside-it").touch()
    assert answer(saved.database, saved.folder) == saved.answer
    catalog = Catalog(saved.database, FakeEmbedder(), saved.folder)
    catalog.reset()
    assert asked(saved.database, catalog) == saved.answer


def test_should_work_without_a_writable_folder(
    saved: Saved, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As root may write everywhere, each kind of file is in turn in the way of itself."""
    shutil.rmtree(saved.folder)
    saved.folder.mkdir()
    monkeypatch.setattr(secrets, "token_hex", lambda _length: "stem")
    for name in ("deal-stem.vectors", "asset-stem.words", "manifest-stem.json"):
        (saved.folder / name).mkdir()
        assert answer(saved.database, saved.folder) == saved.answer
        assert "could not be written" in caplog.text
        caplog.clear()
        # Half-written ones are not left behind.
        assert [path.name for path in saved.folder.iterdir()] == [name]
        (saved.folder / name).rmdir()


def test_should_work_on_a_full_disk(saved: Saved, tmp_path: Path) -> None:
    """Files are limited to less than a snapshot needs."""
    folder = tmp_path / "full"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for size in (0, 300, 2_000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
            assert answer(saved.database, folder) == saved.answer
            assert list(folder.glob("*-*")) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert answer(saved.database, folder) == saved.answer
    assert is_believed(Saved(saved.database, folder, {}))


class Killed(BaseException):
    """What no handler in the code catches, as no handler catches SIGKILL."""


# What a publication does, in its order; each may be the last thing that happens.
STEPS: dict[str, tuple[object, str, int]] = {
    "before anything": (Collection, "save", 0),
    "after the first kind": (Collection, "save", 1),
    "after the second kind": (Collection, "save", 2),
    "in the middle of a kind": (snapshots, "_file_digest", 0),
    "before the last sum": (snapshots, "_file_digest", 8),
    "before the draft of the manifest": (Path, "write_text", 0),
    "before the manifest is replaced": (Path, "replace", 0),
    "before the old files are removed": (snapshots, "_remove", 0),
    "while the old files are removed": (Path, "unlink", 2),
}


@pytest.mark.parametrize("step", STEPS)
def test_should_survive_being_killed_at_each_step_of_publishing(
    own: Saved, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, name, after = STEPS[step]
    catalog = writing(own)
    asked(own.database, catalog)
    edit(own.database, "Zebra dashboards")
    real: Callable[..., Any] = getattr(where, name)
    calls = 0

    def kill(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, kill)
        with pytest.raises(Killed):
            asked(own.database, catalog)
    now = answer(own.database)
    assert now != own.answer
    assert answer(own.database, own.folder) == now
    # Whoever publishes next leaves nothing of it behind.
    edit(own.database, "Heron records")
    assert answer(own.database, own.folder) == answer(own.database)
    assert sorted(own.folder.iterdir()) == sorted(files(own.folder))


def test_should_let_two_processes_publish_to_one_folder(own: Saved) -> None:
    second_database = Database(own.database.url.render_as_string())
    one, other = writing(own), Catalog(second_database, FakeEmbedder(), own.folder)
    for turn in range(4):
        edit(own.database, f"Zebra{turn}")
        assert asked(own.database, one) == asked(second_database, other)
        assert is_believed(own)
    assert answer(own.database, own.folder) == answer(own.database)
    second_database.close()


def test_should_remove_every_file_on_reset(own: Saved) -> None:
    catalog = writing(own)
    (own.folder / "deal-orphan.vectors").touch()
    catalog.reset()
    assert list(own.folder.iterdir()) == []
    assert asked(own.database, catalog) == own.answer
    assert is_believed(own)


def test_should_load_what_was_saved(saved: Saved) -> None:
    catalog = Catalog(saved.database, FakeEmbedder(), NOWHERE)
    loaded = Snapshots(saved.folder).load(FakeEmbedder.model_id)
    assert loaded is not None
    with saved.database.read() as session:
        for kind in Kind:
            with catalog.searching(session, kind) as collection:
                assert len(loaded[1][kind]) == len(collection)
                assert loaded[1][kind].languages() == collection.languages()


@pytest.mark.slow
def test_should_answer_from_the_database_after_being_killed_at_any_moment(own: Saved) -> None:
    # A server that has imported everything once forks the processes: each starts at once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.similarity.index.crashing"])
    moments = random.Random(20)
    url = own.database.url.render_as_string()
    published = set()
    for _ in range(10):
        # Two at a time, as two web processes share a folder.
        events = [context.Event(), context.Event()]
        processes = [
            context.Process(target=write_for_ever, args=(url, own.folder, event))
            for event in events
        ]
        for process in processes:
            process.start()
        assert all(event.wait(60) for event in events)
        for process in processes:
            process.join(moments.uniform(0, 0.08))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            process.close()
        assert answer(own.database, own.folder) == answer(own.database)
        published.add(Snapshots(own.folder).mark())
    # It was really writing them.
    assert len(published) > 5


def test_should_publish_nothing_of_an_empty_record(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'record.sqlite3'}")
    database.upgrade()
    for matches in answer(database, tmp_path / "indexes").values():
        assert matches.ids == []
    assert not (tmp_path / "indexes").exists()
    database.close()
