"""The rows are made again while others save and search."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

import pytest
import sqlalchemy as sa
from sqlmodel import select

from similarity.index.catalog import Catalog
from similarity.index.in_database import rebuilding, tables
from tests.backends import SEARCHING
from tests.similarity.index.catalogs import found, log
from tests.similarity.index.in_database.test_collection import assert_alike
from tests.world import FakeEmbedder, World
from workspace.database import Database
from workspace.deals.tables import Deal

BACKENDS = (SEARCHING,)


class OtherEmbedder(FakeEmbedder):
    """A model whose vectors are others."""

    model_id = "another model"


def rows_of(database: Database) -> int:
    with database.read() as session:
        return session.scalars(sa.text("SELECT 'search_document'::regclass::oid::int")).one()


@pytest.mark.parametrize("few", [0, 50])
def test_should_catch_up_with_what_is_saved_meanwhile(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    before = rows_of(world.database)
    vacuum = rebuilding._vacuum
    done: list[int] = []

    def meanwhile(database: Database) -> None:
        vacuum(database)
        if done:
            return
        with database.write() as session:
            done.append(log(session, "Zebra crossing", use_case="Paint stripes on a road").id)
            session.delete(world.asset(session, "story"))
        # With the rows that are in use, for everybody.
        assert found(database, catalog, "zebra")[0] == "Zebra crossing"

    monkeypatch.setattr(rebuilding, "_vacuum", meanwhile)
    # More changes than FEW are caught up with in a step of their own.
    monkeypatch.setattr(rebuilding, "FEW", few)
    catalog.prepare(again=True)
    assert rows_of(world.database) != before
    assert found(world.database, catalog, "zebra")[0] == "Zebra crossing"
    assert_alike(world.database, catalog)
    with world.database.read() as session:
        kept = session.scalars(
            sa.text("SELECT count(*) FROM pg_namespace WHERE nspname = :name"),
            {"name": tables.NEXT},
        )
        assert kept.one() == 0
    with world.database.write() as session:
        session.delete(session.get_one(Deal, done[0]))
    assert_alike(world.database, catalog)


def test_should_make_them_once_more_where_all_vectors_have_moved(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    vacuum, built = rebuilding._vacuum, []

    def meanwhile(database: Database) -> None:
        vacuum(database)
        built.append(1)
        if len(built) == 1:
            # Twice as many deals have another mean.
            with database.write() as session:
                for number in range(2 * len(session.exec(select(Deal.id)).all())):
                    log(session, f"Quay {number}", notes=f"Cranes of harbour {number}")

    monkeypatch.setattr(rebuilding, "_vacuum", meanwhile)
    catalog.prepare(again=True)
    assert len(built) == 2
    assert_alike(world.database, catalog)


def test_should_let_searches_go_first(
    world: World,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(rebuilding, "LONGEST_WAIT", 50)
    monkeypatch.setattr(rebuilding, "PAUSE", 0.05)
    monkeypatch.setattr(rebuilding, "MANY_TRIES", 1)
    vacuum, before = rebuilding._vacuum, rows_of(world.database)
    with ExitStack() as searches:

        def meanwhile(database: Database) -> None:
            vacuum(database)
            tables.kept(searches.enter_context(database.read()))

        monkeypatch.setattr(rebuilding, "_vacuum", meanwhile)
        making = threading.Thread(target=lambda: catalog.prepare(again=True))
        making.start()
        deadline = time.monotonic() + 60
        while "Searches keep the rows in use" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # A long search holds the rows; others search, and save, all the same.
        with world.database.write() as writing:
            log(writing, "Zebra crossing")
        assert found(world.database, catalog, "zebra")[0] == "Zebra crossing"
        assert rows_of(world.database) == before
    making.join(60)
    assert rows_of(world.database) != before
    assert_alike(world.database, catalog)


def test_should_keep_the_rows_of_those_who_began_to_read_before(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PAUSE", 0.05)
    vacuum, made, before = rebuilding._vacuum, threading.Event(), rows_of(world.database)

    def meanwhile(database: Database) -> None:
        vacuum(database)
        made.set()

    monkeypatch.setattr(rebuilding, "_vacuum", meanwhile)
    with world.database.read() as session:
        session.execute(sa.text("SELECT 1"))
        making = threading.Thread(target=lambda: catalog.prepare(again=True))
        making.start()
        assert made.wait(60)
        making.join(0.5)
        kept = tables.kept(session)
        assert kept
        assert kept.model == FakeEmbedder.model_id
    making.join(60)
    assert rows_of(world.database) != before


def test_should_leave_the_rows_of_another_model_unless_they_are_to_be_replaced(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    def model() -> str:
        with world.database.read() as session:
            kept = tables.kept(session)
            assert kept
            return kept.model

    before = rows_of(world.database)
    other = Catalog(world.database, OtherEmbedder(), tmp_path, in_database=True)
    other.prepare()
    other.prepare(again=True)
    assert rows_of(world.database) == before
    other.prepare(may_replace=True)
    assert model() == OtherEmbedder.model_id


def test_should_say_which_right_is_missing(database: Database, catalog: Catalog) -> None:
    # Roles are the server's, and other runs of the tests may use it at the same time.
    role = f"dealkin_test_{token_hex(4)}"
    with database.write() as session:
        session.execute(sa.text(f"CREATE ROLE {role}"))
        session.execute(sa.text(f"SET LOCAL ROLE {role}"))
        said = tables.obstacle(session)
        session.execute(sa.text("RESET ROLE"))
        assert tables.obstacle(session) == ""
        session.rollback()
    assert "GRANT CREATE ON DATABASE" in said
    assert f'TO "{role}"' in said
    # What another role has made can only be replaced by that one.
    assert f'.search_document OWNER TO "{role}"' in said
