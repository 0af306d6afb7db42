"""PostgreSQL finds what the caches find, whoever has written it, and refuses where it cannot."""

import random
from contextlib import closing
from datetime import date
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from sqlmodel import Session, col, select

from similarity import health, inquiry
from similarity.index.catalog import Catalog
from similarity.index.in_database import permitted, tables, words
from similarity.index.in_database.known import fetched
from similarity.index.queries import Candidates, Scope
from similarity.index.sources import Kind
from similarity.questions import about_text
from similarity.retrieval import ask
from similarity.scoring import Facets, Weights
from tests.backends import SEARCHING
from tests.benchmarks._record import MadeUpModel, fill
from tests.conftest import Backend
from tests.similarity.asking import LONG, TEXTS, everything
from tests.similarity.index.catalogs import AbsentEmbedder, found, log
from tests.workspace.backups.postgres import empty_place, use_client_programs
from tests.world import FakeEmbedder, World
from workspace.accounts.size_bands import SIZE_BAND_NAMES
from workspace.assets.assets import Asset
from workspace.backups.copies import copy_database, count_rows, fill_database
from workspace.clock import today
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.filters import CLOSED, EXPECTED, Attention, DealFilter
from workspace.deals.quarters import CATEGORIES, quarter_of
from workspace.deals.tables import Deal, Outcome
from workspace.own_fields.fields import FieldKind
from workspace.own_fields.values import OwnFilter
from workspace.people.viewer import PLAIN_VIEW

BACKENDS = (SEARCHING,)


def in_memory(database: Database) -> Catalog:
    """A catalog whose caches are made of what the database says."""
    return Catalog(database, FakeEmbedder(), Path("/nonexistent/dealkin"))


def candidates(
    session: Session, catalog: Catalog, kind: Kind, text: str, filter: DealFilter | None
) -> Candidates:
    """What is found for a text, without the deal of the lowest id."""
    vector = about_text(catalog, text).vector
    sharing = Facets(industry="Q86", products=frozenset({"Atlas Warehouse"}))
    with catalog.searching(session, kind) as collection:
        query = ask(collection, text, vector, Weights(), frozenset()).query
        scope = Scope(filter=catalog.resolved(session, filter) if filter else None, pool=5)
        hidden = np.array([1], np.int64)
        shared = sharing if kind is Kind.DEAL else None
        return collection.candidates_of_each(query, [scope], hidden=hidden, sharing=shared)[0]


def assert_alike(database: Database, catalog: Catalog) -> None:
    """The database finds what caches find, with the same values as far as half precision goes."""
    caches = in_memory(database)
    with database.read() as session:
        for kind in Kind:
            for text in (*TEXTS, LONG, "board"):
                for filter in (None, DealFilter(outcome=CLOSED), DealFilter(text="a")):
                    given = filter if kind is Kind.DEAL else None
                    ours = candidates(session, catalog, kind, text, given)
                    theirs = candidates(session, caches, kind, text, given)
                    assert ours.ids.tolist() == theirs.ids.tolist(), (kind, text, given)
                    assert ours.words == pytest.approx(theirs.words, abs=1e-5)
                    assert ours.nearness == pytest.approx(theirs.nearness, abs=2e-3)
                    assert ours.passages.tolist() == theirs.passages.tolist()
                    assert ours.languages.tolist() == theirs.languages.tolist()


# Every field of a filter; the second quarter is the current one.
QUARTERS = (quarter_of(date(2024, 2, 1)), quarter_of(today()))
FILTERS = (
    *(DealFilter(outcome=outcome) for outcome in (Outcome.WON, Outcome.OPEN, CLOSED)),
    DealFilter(stage="Won", industry="Q", region="EU"),
    *(DealFilter(size=band) for band in SIZE_BAND_NAMES),
    DealFilter(since=date(2024, 1, 1), until=date(2025, 12, 31)),
    *(DealFilter(attention=reason) for reason in Attention),
    *(DealFilter(forecast=name) for name in (*CATEGORIES, EXPECTED)),
    *(DealFilter(quarter=quarter) for quarter in QUARTERS),
    DealFilter(product="atlas", competitor="acme", owner="alice", account="wards"),
    DealFilter(own=(OwnFilter("budget", FieldKind.NUMBER, low=1),)),
    DealFilter(own=(OwnFilter("signed", FieldKind.DAY, high="2025-01-01"),)),
    DealFilter(own=(OwnFilter("channel", FieldKind.CHOICES, text="50 % off"),)),
    DealFilter(text="100%_sure's \\ :name"),
    DealFilter(text="a"),
)


def test_should_ask_of_one_deal_after_the_other_what_a_list_asks(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permitted, "listed_at_most", lambda _: -1)
    found_any = 0
    with world.database.read() as session:
        for filter in FILTERS:
            scope = Scope(filter=catalog.resolved(session, filter))
            allowed = permitted.Permitted.of(session, scope, np.zeros(0, np.int64), 1000)
            asks = allowed.in_turn("every.id")
            query = f"SELECT id FROM deal AS every WHERE {asks}"  # noqa: S608
            asked = [number for (number,) in fetched(session, query, allowed.values)]
            listed = session.scalars(select(col(Deal.id)).where(*filter.where())).all()
            assert allowed.deals, filter
            assert sorted(asked) == sorted(listed), filter
            found_any += bool(listed)
    assert found_any > len(FILTERS) / 3


def test_should_find_what_the_caches_find_after_every_change(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_alike(world.database, catalog)
    pasted = "".join(random.Random(1).choices("abcdefghij", k=9_000))
    # What is postings of many, and deals of many, in a large record.
    monkeypatch.setattr(words, "POSTINGS", 10)
    monkeypatch.setattr("similarity.index.bm25.POSTINGS", 10)
    monkeypatch.setattr(permitted, "listed_at_most", lambda _: 2)
    shared = "This message is meant for its readers alone. "
    with world.database.write() as session:
        for number in range(6):
            log(session, f"Quay {number}", notes=shared + f"Cranes of harbour {number} need oil.")
        # As near as can be to a question of one word.
        log(session, "Board")
        log(session, "Pasted material", notes=f"{pasted} {pasted} of quays")
        secret = {"confidential": True, "notes": "heron osprey " * 9}
        lifecycle.edit(session, world.deal(session, "brannoc"), None, secret)
        session.delete(world.asset(session, "story"))
        asset = session.exec(select(Asset).order_by(col(Asset.id))).first()
        assert asset is not None
        asset.summary = "Cranes and quays, for harbours"
    assert_alike(world.database, catalog)
    assert found(world.database, catalog, pasted)[0] == "Pasted material"
    with world.database.read() as session, catalog.searching(session, Kind.DEAL) as collection:
        assert collection.content(shared + "Anchors.") == "Anchors."
        assert sorted(collection.confidential().tolist()) == sorted(
            session.exec(select(Deal.id).where(col(Deal.confidential)))
        )
    with world.database.write() as session:
        for deal in session.exec(select(Deal).where(col(Deal.name).startswith("Quay"))).all()[:4]:
            session.delete(deal)
        lifecycle.edit(session, world.deal(session, "brannoc"), None, {"confidential": False})
        lifecycle.edit(session, world.deal(session, "havel"), None, {"notes": shared})
    assert_alike(world.database, catalog)


def test_should_find_the_same_in_partitions(world: World, catalog: Catalog, tmp_path: Path) -> None:
    """Candidates and rights are worked out in each partition, and merged by the database."""
    database = world.database
    divided = Catalog(database, FakeEmbedder(), tmp_path, in_database=True, partitions=3)
    divided.prepare()
    assert rows_of_partitions(database) == {"posting": 3, "document": 3, "piece": 3}
    assert_alike(database, divided)
    with database.write() as session:
        for number in range(6):
            log(session, f"Quay {number}", notes=f"Cranes of harbour {number} need oil.")
        lifecycle.edit(session, world.deal(session, "brannoc"), None, {"confidential": True})
        session.delete(world.asset(session, "story"))
    assert_alike(database, divided)
    with database.read() as session:
        made = tables.kept(session)
    divided.prepare()
    with database.read() as session:
        assert tables.kept(session) == made
    # In one table again, by the catalog of a server that asks for that.
    catalog.prepare()
    assert rows_of_partitions(database) == {}
    assert_alike(database, catalog)


def rows_of_partitions(database: Database) -> dict[str, int]:
    """How many partitions of each table have rows, all with an index of their own for vectors."""
    found: dict[str, int] = {}
    query = """
      SELECT tablename, array(SELECT indexdef FROM pg_indexes AS own
                              WHERE own.tablename = pg_tables.tablename)
      FROM pg_tables WHERE schemaname = current_schema() AND tablename ~ '^search_.*_[0-9]+$'
    """
    with database.read() as session:
        connection = session.connection()
        for name, indexes in connection.exec_driver_sql(query).all():
            table = name.split("_")[1]
            assert table != "piece" or any("hnsw" in index for index in indexes)
            if connection.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first():  # noqa: S608
                found[table] = found.get(table, 0) + 1
    return found


def test_should_leave_no_word_that_nothing_has(database: Database, catalog: Catalog) -> None:
    with database.write() as session:
        deal = log(session, "Zebra crossing", use_case="Paint stripes on a road.")
    with database.write() as session:
        session.delete(session.get_one(Deal, deal.id))
    with database.read() as session:
        for table in (tables.TERM, tables.POSTING, tables.DOCUMENT, tables.PIECE, tables.PRINT):
            assert session.execute(table.select()).all() == []
        with catalog.searching(session, Kind.DEAL) as collection:
            assert collection.languages() == {}


def test_should_be_found_by_another_process_at_once_whatever_way_it_was_written(
    database: Database, catalog: Catalog
) -> None:
    with closing(Database(str(database.url.render_as_string(hide_password=False)))) as other:
        in_memory(other).attach()
        with other.write() as session:
            log(session, "Zebra crossing", use_case="Paint stripes")
    assert found(database, catalog, "zebra") == ["Zebra crossing"]


def test_should_find_by_words_until_a_model_has_read_the_text(
    database: Database, tmp_path: Path
) -> None:
    encoder = AbsentEmbedder()
    catalog = Catalog(database, encoder, tmp_path, in_database=True)
    catalog.attach()
    with database.write() as session:
        log(session, "Zebra crossing", use_case="Paint stripes on a road")
        log(session, "Bridge")
    assert found(database, catalog, "zebra") == ["Zebra crossing"]
    encoder.present = True
    catalog.catch_up()
    assert found(database, catalog, "zebra") == ["Zebra crossing", "Bridge"]


def test_should_make_the_rows_again_and_remove_them_only_where_that_is_asked_for(
    world: World, catalog: Catalog
) -> None:
    charlie, keys = world.viewer("charlie"), [world.deals["kestrel"]]
    before = everything(world.database, charlie, catalog, keys, TEXTS[:1])
    catalog.prepare(again=True)
    assert everything(world.database, charlie, catalog, keys, TEXTS[:1]) == before
    caches = in_memory(world.database)
    caches.prepare()
    with world.database.read() as session:
        assert tables.kept(session)
    caches.prepare(again=True)
    with world.database.read() as session:
        assert tables.kept(session)
    caches.remove_rows()
    with world.database.read() as session:
        assert tables.kept(session) is None
    with world.database.write() as session:
        log(session, "Zebra crossing")
    assert found(world.database, caches, "zebra crossing")[0] == "Zebra crossing"
    catalog.prepare()
    assert found(world.database, catalog, "zebra crossing")[0] == "Zebra crossing"


def test_should_say_what_searches_and_whether_it_is_whole(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    def index() -> dict[str, object]:
        found = health.check(world.database, FakeEmbedder(), tmp_path, in_database=True)
        return {**found["index"], "problems": found["problems"]}

    whole = index()
    assert (whole["searched by"], whole["state"]) == ("database", "in step")
    assert whole["problems"] == []
    with world.database.write() as session:
        session.execute(tables.DOCUMENT.delete().where(tables.DOCUMENT.c.kind == "asset"))
    assert index()["state"] == "wrong"
    assert "run `dealkin reindex`" in str(index()["problems"])
    with world.database.write() as session:
        tables.drop(session)
    assert index()["state"] == "missing"


def test_should_leave_the_rows_out_of_a_backup(
    world: World, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_client_programs(monkeypatch)
    file, rows = copy_database(world.database, tmp_path)
    with (
        empty_place(world.database, tmp_path) as place,
        closing(Database(place.database)) as restored,
    ):
        fill_database(restored, file)
        assert count_rows(restored) == rows
        with restored.read() as session:
            assert tables.kept(session) is None
        searching = Catalog(restored, FakeEmbedder(), tmp_path, in_database=True)
        searching.prepare()
        assert found(restored, searching, "patient") == found(world.database, catalog, "patient")


def test_should_put_the_same_ten_first_as_exact_search(backend: Backend, tmp_path: Path) -> None:
    backend.prepare("thousands", "empty")
    with closing(Database(backend.url("thousands"))) as database:
        fill(database, 1_500)
        catalog = Catalog(database, MadeUpModel(), tmp_path, in_database=True)
        # An empty record has rows of another model.
        catalog.prepare(may_replace=True)
        caches = Catalog(database, MadeUpModel(), tmp_path / "caches")
        # As in a large record: of the words only the rarest find anything.
        with database.read() as session, patch.object(words, "POSTINGS", 1_000):
            same = 0
            for number in range(1, 101):
                deal = session.get_one(Deal, number * 14)
                filter = (None, DealFilter(outcome=CLOSED))[number % 2]
                first = []
                for asked in (catalog, caches):
                    question = inquiry.ask_of_deal(
                        session, PLAIN_VIEW, asked, deal, weights=Weights()
                    )
                    ranked = inquiry.rank(session, asked, question, inquiry.Want(10, filter))
                    first.append({each.id for each in ranked})
                same += first[0] == first[1]
    assert same >= 95
