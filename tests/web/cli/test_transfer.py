"""The whole record taken out by one command, and into an empty home by another."""

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from references.network.ties import Tie, TieKind, Visibility, assert_tie
from similarity.index.tables import Document
from tests.conftest import Backend
from tests.web.cli.conftest import Run
from tests.world import World
from workspace.database import Database
from workspace.keys import row_of_key
from workspace.people.tables import Person


def derived(database: Database) -> tuple[list[tuple[object, ...]], list[str]]:
    """What follows from the record: ties with their origin, and the texts of documents."""
    with database.read() as session:
        ties = sa.select(
            col(Tie.one_id), col(Tie.other_id), col(Tie.kind), col(Tie.evidence), col(Tie.origin)
        )
        rows = sorted(tuple(row) for row in session.execute(ties.where(col(Tie.origin) != "")))
        return rows, sorted(session.exec(select(Document.content_hash)))


def test_should_take_the_record_along(
    on_world: Run,
    world: World,
    backend: Backend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with world.database.write() as session:
        ines = row_of_key(session, Person, "ines-moreira")
        assert_tie(
            session,
            world.people["alice"],
            ines.id,
            TieKind.KNOWS,
            asserted_by_id=world.people["alice"],
            visibility=Visibility.PRIVATE,
        )
    file, again = tmp_path / "record.zip", tmp_path / "again.zip"
    assert "rows." in on_world("export", file).out
    assert "is there already" in on_world("export", file).err
    assert "overwrites nothing" in on_world("import", file).err
    before = derived(world.database)

    empty = backend.lend("empty")
    monkeypatch.setenv("DATABASE_URL", backend.url(empty))
    imported = on_world("import", file)
    assert imported.code == 0, imported.err
    assert "Alice Adeyemi: http://" in imported.out
    on_world("export", again)
    with closing(Database(backend.url(empty))) as database:
        assert derived(database) == before
    backend.give_back(empty)
    assert again.read_bytes() == file.read_bytes()


def test_should_take_a_whole_record_by_itself(on_world: Run, tmp_path: Path) -> None:
    (tmp_path / "other.zip").write_bytes(b"PK no record")
    assert "is damaged" in on_world("import", tmp_path / "other.zip").err
    assert on_world("import", tmp_path / "other.zip", "--dry-run").code == 2
