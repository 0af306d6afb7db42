"""What doctor says, when all is well and for each thing that can be wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from similarity import health
from similarity.health import check
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.index.tables import CatalogGeneration, Document, Passage
from tests.similarity.encoders.test_reranking import BrokenReranker, FakeReranker
from tests.similarity.index.test_catalog import AbsentEmbedder, OtherEmbedder
from tests.world import FakeEmbedder, World
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal


@pytest.fixture
def indexes(world: World, catalog: Catalog, tmp_path: Path) -> Path:
    """The folder of snapshots that are in step with the cast's database."""
    search(world, catalog)
    return tmp_path / "indexes"


def search(world: World, catalog: Catalog) -> None:
    with world.database.read() as session, catalog.searching(session, Kind.DEAL):
        pass


def said(world: World, folder: Path) -> dict[str, Any]:
    return check(world.database, FakeEmbedder(), folder)


def mended(found: dict[str, Any]) -> list[str]:
    """The warnings that are not about this machine's SQLite."""
    return [each for each in found["warnings"] if "SQLite" not in each]


def test_should_report_no_problem_where_all_is_well(world: World, indexes: Path) -> None:
    found = said(world, indexes)
    assert found["problems"] == mended(found) == []
    assert found["index"]["state"] == "in step"
    assert found["index"]["generation"] == found["index"]["snapshot"] > 0
    assert found["rows"]["deal"] == len(world.deals)
    assert found["rows"]["document"] == sum(
        found["rows"][table] for table in ("deal", "asset", "person")
    )
    assert found["vectors"]["fake"] == found["rows"]["passage"]
    assert found["vectors"]["deals without a document"] == 0
    assert found["model"] == {"id": "fake", "dimension": 64}
    assert found["database"]["kind"] == ("SQLite" if world.database.is_sqlite else "PostgreSQL")
    assert found["database"]["version"][0].isdigit()
    assert found["database"]["schema is current"] is True
    assert found["versions"]["faiss-cpu"][0].isdigit()
    assert json.loads(json.dumps(found)) == found


def test_should_report_no_problem_of_an_empty_record(database: Database, tmp_path: Path) -> None:
    found = check(database, FakeEmbedder(), tmp_path / "none")
    assert found["problems"] == mended(found) == []
    searched = {"searched by": "caches", "generation": 0, "snapshot": 0, "state": "in step"}
    assert found["index"] == searched


def test_should_report_a_missing_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'none.sqlite3'}")
    found = check(database, FakeEmbedder(), tmp_path)
    assert [each for each in found["problems"] if "no database yet" in each]
    # Looking makes none: what opens it finds nothing in it.
    assert not found.keys() & {"rows", "index"}
    database.close()


def test_should_report_a_schema_of_another_version(world: World, indexes: Path) -> None:
    with world.database.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = 'another'"))
    assert "newer version of Dealkin" in said(world, indexes)["problems"][0]
    with world.database.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    found = said(world, indexes)
    assert [each for each in found["problems"] if "schema" in each]
    assert "index" not in found


def test_should_report_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "noise.sqlite3"
    path.write_bytes(b"not a database" * 1000)
    database = Database(f"sqlite:///{path}")
    found = check(database, FakeEmbedder(), tmp_path)
    assert [each for each in found["problems"] if "cannot be read" in each]
    database.close()


def test_should_report_a_damaged_database(world: World, indexes: Path, tmp_path: Path) -> None:
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL looks after its own files")
    with world.database.read() as session:
        session.execute(select(Deal))
    path = tmp_path / "damaged.sqlite3"
    world.database.close()
    shutil.copy(str(world.database.url.database), path)
    content = bytearray(path.read_bytes())
    # The header stays, so that it opens; pages in the middle are noise.
    middle = len(content) // 2
    content[middle : middle + 40_000] = b"\x5a" * 40_000
    path.write_bytes(content)
    database = Database(f"sqlite:///{path}")
    found = check(database, FakeEmbedder(), indexes)
    assert found["problems"]
    database.close()


def test_should_report_a_missing_model(world: World, indexes: Path) -> None:
    found = check(world.database, AbsentEmbedder(), indexes)
    assert [each for each in found["problems"] if "words alone" in each]


def test_should_name_the_reranker(world: World, indexes: Path) -> None:
    found = check(world.database, FakeEmbedder(), indexes, FakeReranker(""))
    assert found["reranker"] == {"name": "fake", "state": "ready"}
    assert found["problems"] == []
    found = check(world.database, FakeEmbedder(), indexes, BrokenReranker(""))
    assert found["reranker"]["state"] == "cannot be used"
    assert found["problems"] == ["The reranker is away. Until then results are ranked without it."]
    assert "reranker" not in said(world, indexes)


def test_should_report_vectors_of_another_model(world: World, indexes: Path) -> None:
    found = check(world.database, OtherEmbedder(), indexes)
    assert [each for each in found["problems"] if "dealkin reindex" in each]
    assert found["index"]["state"] == "damaged, or of another model"


def test_should_report_missing_documents(world: World, tmp_path: Path) -> None:
    with world.database.write() as session:
        session.execute(sa.delete(Passage))
        session.execute(sa.delete(Document))
    found = said(world, tmp_path / "none")
    assert found["vectors"]["deals without a document"] == len(world.deals)
    assert [each for each in found["problems"] if "dealkin reindex" in each]


def test_should_report_missing_vectors(world: World, indexes: Path) -> None:
    with world.database.write() as session:
        session.execute(sa.update(Passage).values(model=None, vector=None))
    found = said(world, indexes)
    assert found["vectors"]["none"] == found["rows"]["passage"]
    (problem,) = found["problems"]
    assert "dealkin reindex" in problem


def test_should_only_warn_of_missing_snapshots(world: World, indexes: Path) -> None:
    shutil.rmtree(indexes)
    found = said(world, indexes)
    assert found["problems"] == []
    assert found["index"]["state"] == "missing"
    assert [each for each in mended(found) if "missing" in each]


def test_should_only_warn_of_damaged_snapshots(world: World, indexes: Path) -> None:
    path = next(indexes.glob("deal-*.vectors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found = said(world, indexes)
    assert found["problems"] == []
    assert found["index"]["state"] == "damaged, or of another model"
    assert len(mended(found)) == 1


def test_should_not_warn_of_snapshots_that_are_behind(
    world: World, catalog: Catalog, indexes: Path
) -> None:
    with world.database.write() as session:
        lifecycle.log(session, "New", None, None)
    found = said(world, indexes)
    assert found["problems"] == mended(found) == []
    assert found["index"]["state"] == "behind"
    assert found["index"]["snapshot"] < found["index"]["generation"]


def test_should_warn_of_snapshots_of_another_database(world: World, indexes: Path) -> None:
    with world.database.write() as session:
        session.execute(sa.update(CatalogGeneration).values(token="0" * 32))
    found = said(world, indexes)
    assert found["index"]["state"] == "of another database"
    assert len(mended(found)) == 1


def test_should_warn_of_snapshots_that_lack_a_document(world: World, indexes: Path) -> None:
    with world.database.write() as session:
        document = session.exec(select(Document.id).limit(1)).one()
        session.execute(sa.delete(Passage).where(col(Passage.document_id) == document))
        session.execute(sa.delete(Document).where(col(Document.id) == document))
    assert said(world, indexes)["index"]["state"] == "wrong"


@pytest.mark.parametrize(
    ("version", "is_safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), False),
        ((3, 53, 0), True),
    ],
)
def test_should_warn_of_an_sqlite_that_can_lose_commits(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int, int],
    is_safe: bool,
) -> None:
    monkeypatch.setattr(health.sqlite3, "sqlite_version_info", version)
    found = check(database, FakeEmbedder(), tmp_path)
    warned = any("can lose commits" in each for each in found["warnings"])
    assert warned == (database.is_sqlite and not is_safe)
