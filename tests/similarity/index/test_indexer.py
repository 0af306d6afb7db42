"""Documents and vectors keep step with the record."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.index.catalog import Catalog
from similarity.index.tables import CatalogChange, CatalogGeneration, CatalogMean, Document, Passage
from similarity.index.vectors import Vectors
from tests.similarity.asking import kin_scores
from tests.similarity.index.catalogs import (
    CountingEmbedder,
    found,
    fresh,
    log,
    written,
)
from tests.threads import SECONDS, at_the_same_time
from tests.world import FakeEmbedder, World, ago
from workspace.accounts.accounts import edit_account
from workspace.assets import assets
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Competitor, Deal, DealProduct, Product
from workspace.people import people
from workspace.people.tables import Employment, Person
from workspace.people.viewer import PLAIN_VIEW


@pytest.fixture
def counting(database: Database, tmp_path: Path) -> tuple[Catalog, CountingEmbedder]:
    """A catalog that has caught up, and the encoder that says what is encoded from now on."""
    encoder = CountingEmbedder()
    catalog = Catalog(database, encoder, tmp_path / "indexes")
    catalog.attach()
    catalog.catch_up()
    encoder.encoded.clear()
    return catalog, encoder


def renewed(database: Database, change: Callable[[Session], object]) -> set[tuple[str, int]]:
    """The documents that a change to the record changed."""
    with database.read() as session:
        before = written(session)
    with database.write() as session:
        change(session)
    with database.read() as session:
        after = written(session)
        last = session.exec(select(CatalogGeneration.number)).all()
        noted = session.exec(
            select(CatalogChange.kind, CatalogChange.subject_id).where(
                CatalogChange.generation == max(last)
            )
        ).all()
    changed = {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)}
    if changed:
        assert changed == set(noted)
    return changed


def test_should_write_document_and_vectors_in_the_transaction_of_the_deal(
    database: Database, catalog: Catalog
) -> None:
    with database.write() as session:
        deal = log(session, "Zebra crossing", use_case="Paint stripes")
    with database.read() as session:
        document, vectors = written(session)[("deal", deal.id)]
        assert len(document) == 64
        assert len(vectors) == 2
        for vector in vectors:
            assert np.linalg.norm(np.frombuffer(vector or b"", np.float32)) == pytest.approx(1)


def test_should_leave_nothing_of_a_rollback(database: Database, catalog: Catalog) -> None:
    with database.write() as session:
        log(session, "Zebra crossing")

    class Refused(Exception):
        pass

    def fail(flush: bool) -> None:
        with database.write() as session:
            lifecycle.edit(session, session.exec(select(Deal)).one(), None, {"name": "Bridge"})
            log(session, "Tunnel")
            if flush:
                session.flush()
            raise Refused

    with database.read() as session:
        before = written(session), session.exec(select(CatalogGeneration)).all()
    for flush in (True, False):
        with pytest.raises(Refused):
            fail(flush)
    with database.read() as session:
        assert (written(session), session.exec(select(CatalogGeneration)).all()) == before
    assert found(database, catalog, "tunnel") == ["Zebra crossing"]


class BusyEmbedder(FakeEmbedder):
    """Notes whether somebody else could write while it encoded."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.could_write: list[bool] = []

    def encode(self, texts: list[str]) -> Vectors:
        others = threading.Thread(target=self._write)
        others.start()
        others.join(SECONDS)
        self.could_write.append(not others.is_alive())
        return super().encode(texts)

    def _write(self) -> None:
        with self.database.write() as session:
            session.execute(sa.update(CatalogMean).values(count=CatalogMean.count))


def test_should_never_encode_while_others_wait_to_write(database: Database, tmp_path: Path) -> None:
    encoder = BusyEmbedder(database)
    catalog = Catalog(database, encoder, tmp_path / "indexes")
    catalog.attach()
    with database.write() as session:
        deal = log(session, "Zebra crossing").id
    with database.write() as session:
        lifecycle.edit(session, session.get_one(Deal, deal), None, {"notes": "Egrets."})
    catalog.catch_up()
    assert encoder.could_write == [True, True]
    assert found(database, catalog, "egrets") == ["Zebra crossing"]
    with database.read() as session:
        assert all(session.exec(select(Passage.vector)))


class BrokenEmbedder(FakeEmbedder):
    """Fails as a model does that is read from a damaged file."""

    def encode(self, texts: list[str]) -> Vectors:
        raise OSError("The file is damaged.")


def test_should_keep_what_is_saved_if_encoding_fails(database: Database, tmp_path: Path) -> None:
    Catalog(database, BrokenEmbedder(), tmp_path / "indexes").attach()
    with database.write() as session:
        log(session, "Zebra crossing")
    with database.read() as session:
        assert session.exec(select(Deal.name)).all() == ["Zebra crossing"]
    catalog = Catalog(database, FakeEmbedder(), tmp_path / "others")
    assert catalog.catch_up() == 1
    assert found(database, catalog, "zebra") == ["Zebra crossing"]


def test_should_leave_nothing_of_a_failed_commit(database: Database, catalog: Catalog) -> None:
    def fail() -> None:
        with database.write() as session:
            log(session, "Zebra")
            session.add_all(Product(key="same", name=name) for name in ("One", "Other"))

    with pytest.raises(Exception, match=r"(?i)unique"):
        fail()
    with database.read() as session:
        assert written(session) == {}
    assert found(database, catalog, "zebra") == []


def test_should_prepare_older_documents_again_without_encoding_them(
    database: Database, counting: tuple[Catalog, CountingEmbedder]
) -> None:
    catalog, encoder = counting
    with database.write() as session:
        log(session, "Zebra crossing", use_case="Paint stripes on every road of the town.")
    encoder.encoded.clear()
    with database.read() as session:
        before = {row.id: row.terms for row in session.exec(select(Document))}
    with database.write() as session:
        older = {"prepared": 0, "content_hash": "older", "terms": "zebra cross"}
        session.execute(sa.update(Document).values(older))
    assert catalog.catch_up() == len(before)
    assert encoder.encoded == []
    with database.read() as session:
        after = sorted(row.terms for row in session.exec(select(Document)))
    assert after == sorted(before.values())


def test_should_not_encode_unchanged_text_again(
    world: World, counting: tuple[Catalog, CountingEmbedder]
) -> None:
    catalog, encoder = counting
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        lifecycle.edit(
            session, deal, None, {"next_step_on": ago(1), "amount": 5, "name": deal.name}
        )
    assert encoder.encoded == []
    assert catalog.catch_up() == 0
    # The account's name is among the words of its deals, and has no part in their meaning.
    with world.database.write() as session:
        account = world.account(session, "brannoc")
        edit_account(session, account, None, {"name": "Hospital of St Brannoc"})
    assert encoder.encoded == []
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "kestrel"), None, {"notes": "Something new."})
    assert len(encoder.encoded) == 1
    assert "Something new." in encoder.encoded[0]


def test_should_encode_identical_texts_once(
    database: Database, counting: tuple[Catalog, CountingEmbedder]
) -> None:
    catalog, encoder = counting
    with database.write() as session:
        for _ in range(20):
            log(session, "GTX Pro")
    assert encoder.encoded == ["GTX Pro."]
    with database.write() as session:
        log(session, "GTX Pro")
    assert encoder.encoded == ["GTX Pro."]
    with database.read() as session:
        vectors = {vector for _, (vector,) in written(session).values()}
    assert len(vectors) == 1
    assert len(found(database, catalog, "GTX Pro")) == 10


def product(session: Session, name: str) -> Product:
    return session.exec(select(Product).where(Product.name == name)).one()


def of_deals(world: World, *names: str) -> set[tuple[str, int]]:
    with world.database.read() as session:
        return {("deal", world.deal(session, name).id) for name in names}


def of_assets(world: World, *names: str) -> set[tuple[str, int]]:
    with world.database.read() as session:
        return {("asset", world.asset(session, name).id) for name in names}


def of_people(world: World, *names: str) -> set[tuple[str, int]]:
    return {("person", world.people[name]) for name in names}


def rename(session: Session, row: Product | Competitor, name: str) -> None:
    row.name = name
    session.add(row)


def test_should_renew_exactly_the_affected_documents(world: World, catalog: Catalog) -> None:
    database = world.database

    def change(do: Callable[[Session], object]) -> set[tuple[str, int]]:
        return renewed(database, do)

    at_brannoc = of_deals(world, "brannoc", "wards")
    with_ines = of_people(world, "ines")
    assert (
        change(
            lambda session: edit_account(
                session, world.account(session, "brannoc"), None, {"name": "Brannoc Trust"}
            )
        )
        == at_brannoc | with_ines
    )
    # The industry is not among the words of its people.
    assert (
        change(
            lambda session: edit_account(
                session, world.account(session, "brannoc"), None, {"industry": "Q87"}
            )
        )
        == at_brannoc
    )
    assert (
        change(
            lambda session: edit_account(
                session, world.account(session, "brannoc"), None, {"headcount": 7}
            )
        )
        == set()
    )
    relay = of_deals(world, "fjord", "meridian")
    assert change(lambda s: rename(s, product(s, "Relay Integration"), "Relay Bus")) == relay
    beacon = of_deals(world, "havel", "orlik", "meridian", "wards") | of_assets(world, "demo")
    assert change(lambda s: rename(s, product(s, "Beacon Dashboards"), "Beacon Views")) == beacon
    quarrystone = of_deals(world, "lumen", "orlik")
    assert (
        change(
            lambda session: rename(
                session,
                session.exec(select(Competitor).where(Competitor.name == "Quarrystone")).one(),
                "Quarry & Stone",
            )
        )
        == quarrystone
    )
    assert change(
        lambda session: people.add_employment(
            session, session.get_one(Person, world.people["jonas"]), "Quarrystone Labs", None
        )
    ) == of_people(world, "jonas")
    assert change(
        lambda session: assets.edit_asset(
            session,
            world.asset(session, "story"),
            None,
            {},
            [product(session, "Relay Bus").id],
        )
    ) == of_assets(world, "story")
    assert (
        change(
            lambda session: assets.edit_asset(
                session, world.asset(session, "story"), None, {"withdrawn": True}
            )
        )
        == set()
    )
    assert change(
        lambda session: lifecycle.change_links(
            session, world.deal(session, "unclaimed"), None, [product(session, "Relay Bus")], []
        )
    ) == of_deals(world, "unclaimed")
    with database.read() as session:
        kept = written(session)
    assert catalog.catch_up() == 0
    with database.read() as session:
        assert written(session) == kept


def test_should_renew_both_people_when_an_employment_moves(world: World, catalog: Catalog) -> None:
    def move(session: Session) -> None:
        job = session.exec(
            select(Employment).where(Employment.person_id == world.people["ines"])
        ).one()
        job.person_id = world.people["charlie"]
        session.add(job)

    assert renewed(world.database, move) == of_people(world, "ines", "charlie")


def test_should_catch_up_with_a_flag_that_was_changed_past_the_indexer(
    world: World, catalog: Catalog
) -> None:
    with world.database.write() as session:
        key = world.deals["brannoc"]
        session.execute(sa.update(Deal).where(col(Deal.key) == key).values(confidential=True))
    assert catalog.catch_up() == 1
    with world.database.read() as session:
        hidden = session.exec(
            select(Document.subject_id).where(col(Document.confidential).is_(True))
        ).all()
        assert world.deal(session, "brannoc").id in hidden


def test_should_resume_an_interrupted_catch_up(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similarity.index.indexer.CATCH_UP_BATCH", 4)
    with database.write() as session:
        for number in range(10):
            log(session, f"Deal number{number}")
    encoder = CountingEmbedder()
    catalog = Catalog(database, encoder, tmp_path / "indexes")

    def interrupt(done: int, _total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalog.catch_up(interrupt)
    with database.read() as session:
        assert len(written(session)) == 8
    assert catalog.catch_up() == 2
    assert len(encoder.encoded) == 10
    assert catalog.catch_up() == 0


class FailingEmbedder(CountingEmbedder):
    """Works for so many batches, and then no more."""

    batches = 2

    def encode(self, texts: list[str]) -> Vectors:
        if self.batches == 0:
            raise RuntimeError("The machine goes down.")
        self.batches -= 1
        return super().encode(texts)


def test_should_not_encode_again_what_was_encoded_before_a_crash(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similarity.index.indexer.CATCH_UP_BATCH", 4)
    with database.write() as session:
        for number in range(18):
            # Every third is what another is, word for word.
            log(session, f"Deal number{number % 12}", use_case=f"Records of ward{number % 12}")
    failing = FailingEmbedder()
    with pytest.raises(RuntimeError):
        Catalog(database, failing, tmp_path / "indexes").catch_up()
    with database.read() as session:
        assert len(written(session)) == 8
    resumed = CountingEmbedder()
    assert Catalog(database, resumed, tmp_path / "indexes").catch_up() == 10
    assert not set(failing.encoded) & set(resumed.encoded)
    encoded = [*failing.encoded, *resumed.encoded]
    assert len(encoded) == len(set(encoded)) == 24

    def stored() -> list[tuple[object, ...]]:
        rows = sa.select(
            Document.subject_id, Document.terms, Passage.position, Passage.text, Passage.vector
        ).join_from(Document, Passage)
        with database.read() as session:
            ordered = rows.order_by(col(Document.subject_id), col(Passage.position))
            return [tuple(row) for row in session.execute(ordered)]

    interrupted = stored()
    with database.write() as session:
        session.execute(sa.delete(Document))
    assert Catalog(database, FakeEmbedder(), tmp_path / "indexes").catch_up() == 18
    assert stored() == interrupted


def test_should_leave_postponed_documents_to_a_catch_up(
    database: Database, counting: tuple[Catalog, CountingEmbedder]
) -> None:
    catalog, encoder = counting
    with database.write() as session:
        old = log(session, "Zebra crossing")
    with database.write() as session:
        catalog.postpone(session)
        log(session, "Heron pond")
        # What is searched already stays true.
        lifecycle.edit(session, session.get_one(Deal, old.id), None, {"name": "Egret pond"})
    assert "Egret pond." in encoder.encoded
    assert "Heron pond." not in encoder.encoded
    assert catalog.catch_up() == 1
    assert "Heron pond." in encoder.encoded
    # The next transaction is as any.
    with database.write() as session:
        log(session, "Tern pond")
    assert catalog.catch_up() == 0


def test_should_let_the_first_two_deals_be_saved_at_the_same_time(
    database: Database, catalog: Catalog
) -> None:
    def save(name: str) -> Callable[[], None]:
        def run() -> None:
            with database.write() as session:
                log(session, name, key=name)

        return run

    assert at_the_same_time(*(save(f"zebra{number}") for number in range(6))) == []
    assert len(found(database, catalog, "zebra0")) == 6
    with database.read() as session:
        count = session.exec(select(CatalogMean.count).where(CatalogMean.kind == "deal")).one()
        assert 1 <= count <= 6


def test_should_keep_both_changes_of_a_text_that_two_change_at_once(
    world: World, catalog: Catalog
) -> None:
    """One renames the account while another writes on the deal: the document says both."""
    flushed = threading.Barrier(2)

    def rename_account() -> None:
        with world.database.write() as session:
            account = world.account(session, "brannoc")
            edit_account(session, account, None, {"name": "Heron Trust"})
            session.flush()
            if not world.database.is_sqlite:
                flushed.wait(SECONDS)

    def write_note() -> None:
        with world.database.write() as session:
            lifecycle.edit(
                session, world.deal(session, "wards"), None, {"notes": "About an egret."}
            )
            session.flush()
            if not world.database.is_sqlite:
                flushed.wait(SECONDS)

    assert at_the_same_time(rename_account, write_note) == []
    with world.database.read() as session:
        deal = world.deal(session, "wards").id
        terms = session.exec(
            select(Document.terms).where(Document.kind == "deal", Document.subject_id == deal)
        ).one()
    assert {"heron", "egret"} <= set(terms.split())
    assert catalog.catch_up() == 0


def test_should_renew_the_mean_when_documents_have_doubled(
    database: Database, catalog: Catalog, tmp_path: Path
) -> None:
    counts = []
    for number in range(9):
        with database.write() as session:
            log(session, f"Zebra{number} crossing{number}")
        with database.read() as session:
            row = session.exec(select(CatalogMean).where(CatalogMean.kind == "deal")).one()
            counts.append(row.count)
        if number in (0, 2, 8):
            assert kin_scores(database, PLAIN_VIEW, catalog) == kin_scores(
                database, PLAIN_VIEW, fresh(database, tmp_path)
            )
    assert counts == [1, 2, 2, 4, 4, 4, 4, 8, 8]


def test_should_leave_confidential_documents_out_of_the_mean(
    database: Database, catalog: Catalog
) -> None:
    with database.write() as session:
        log(session, "Zebra")
    with database.read() as session:
        before = session.exec(select(CatalogMean)).all()
    with database.write() as session:
        for _ in range(5):
            log(session, "Heron", confidential=True)
    with database.read() as session:
        assert session.exec(select(CatalogMean)).all() == before


def test_should_not_let_a_confidential_document_decide_when_the_mean_is_renewed(
    database: Database, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are many documents, they are not counted at every change."""
    monkeypatch.setattr("similarity.index.indexer.COUNT_OFTEN", 2)
    monkeypatch.setattr("similarity.index.indexer.COUNT_EACH", 4)

    def means() -> list[tuple[int, bytes]]:
        with database.read() as session:
            return [(row.count, row.vector) for row in session.exec(select(CatalogMean))]

    for turn in range(24):
        with database.write() as session:
            log(session, f"Zebra {turn}")
        before = means()
        with database.write() as session:
            log(session, "Heron", confidential=True)
        assert means() == before
    assert before[0][0] > 4


def test_should_renew_a_document_when_a_product_is_unlinked(world: World, catalog: Catalog) -> None:
    """A link that is deleted takes its word out of the document."""

    def unlink(session: Session) -> None:
        deal = world.deal(session, "fjord")
        link = session.exec(select(DealProduct).where(DealProduct.deal_id == deal.id)).one()
        session.delete(link)

    assert renewed(world.database, unlink) == of_deals(world, "fjord")
