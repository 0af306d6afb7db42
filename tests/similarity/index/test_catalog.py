"""Documents and vectors keep step with the record, and the caches with both."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session, col, select

from similarity.encoders.embeddings import ModelUnavailable
from similarity.index.catalog import Catalog
from similarity.index.documents import DealText, deal_document
from similarity.index.sources import Kind
from similarity.index.tables import CatalogChange, CatalogGeneration, CatalogMean, Document, Passage
from similarity.index.vectors import Vectors
from similarity.kin import kin_of_text
from similarity.search import search
from tests.similarity.asking import kin_scores
from tests.workspace.test_database import at_the_same_time
from tests.world import FakeEmbedder, World
from workspace import assets
from workspace.accounts.accounts import edit_account
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Competitor, Deal, DealProduct, Product
from workspace.people import people
from workspace.people.tables import Employment, Person
from workspace.people.viewer import PLAIN_VIEW


class CountingEmbedder(FakeEmbedder):
    """Remembers what it was given to encode."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: list[str]) -> Vectors:
        self.encoded += texts
        return super().encode(texts)


class AbsentEmbedder(FakeEmbedder):
    """A model that is not there, until it is."""

    present = False

    def encode(self, texts: list[str]) -> Vectors:
        if not self.present:
            raise ModelUnavailable("The model is away.")
        return super().encode(texts)


class OtherEmbedder(FakeEmbedder):
    """Another model: other vectors, of another length."""

    model_id = "other"
    dimension = 32


@pytest.fixture
def counting(database: Database, tmp_path: Path) -> tuple[Catalog, CountingEmbedder]:
    """A catalog that has caught up, and the encoder that says what is encoded from now on."""
    encoder = CountingEmbedder()
    catalog = Catalog(database, encoder, tmp_path / "indexes")
    catalog.attach()
    catalog.catch_up()
    encoder.encoded.clear()
    return catalog, encoder


def log(session: Session, name: str, **facts: object) -> Deal:
    return lifecycle.log(session, name, None, None, **facts)


def found(database: Database, catalog: Catalog, text: str) -> list[str]:
    with database.read() as session:
        return [kin.name for kin in kin_of_text(session, PLAIN_VIEW, catalog, text)]


def fresh(database: Database, folder: Path) -> Catalog:
    """A catalog without caches in memory or in files: what the database says."""
    return Catalog(database, FakeEmbedder(), folder / "none")


def written(session: Session) -> dict[tuple[str, int], tuple[str, list[bytes | None]]]:
    """Every document's hash and vectors."""
    return {
        (row.kind, row.subject_id): (
            row.content_hash,
            list(
                session.exec(
                    select(Passage.vector)
                    .where(Passage.document_id == row.id)
                    .order_by(col(Passage.position))
                )
            ),
        )
        for row in session.exec(select(Document))
    }


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


def test_a_saved_deal_is_found_by_the_next_reader(database: Database, catalog: Catalog) -> None:
    assert found(database, catalog, "zebra crossing") == []
    with database.write() as session:
        log(session, "Zebra crossing", use_case="Paint stripes")
    assert found(database, catalog, "zebra crossing") == ["Zebra crossing"]
    with database.write() as session:
        deal = session.exec(select(Deal)).one()
        lifecycle.edit(session, deal, None, {"name": "Bridge"})
    assert found(database, catalog, "zebra") == ["Bridge"]
    with database.read() as session:
        kin = kin_of_text(session, PLAIN_VIEW, catalog, "zebra")[0]
    words = next(term for term in kin.terms if term.name == "words")
    assert (words.value, words.because) == (0, "no words in common")


def test_document_and_vectors_are_in_the_transaction_of_the_deal(
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


def test_what_is_rolled_back_leaves_nothing(database: Database, catalog: Catalog) -> None:
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


def test_a_commit_that_fails_leaves_nothing(database: Database, catalog: Catalog) -> None:
    def fail() -> None:
        with database.write() as session:
            log(session, "Zebra")
            session.add_all(Product(key="same", name=name) for name in ("One", "Other"))

    with pytest.raises(Exception, match=r"(?i)unique"):
        fail()
    with database.read() as session:
        assert written(session) == {}
    assert found(database, catalog, "zebra") == []


def test_a_deleted_deal_is_gone_with_its_document(database: Database, catalog: Catalog) -> None:
    with database.write() as session:
        deal = log(session, "Zebra crossing")
        log(session, "Zebra bridge")
    assert len(found(database, catalog, "zebra")) == 2
    with database.write() as session:
        session.delete(session.get_one(Deal, deal.id))
    assert found(database, catalog, "zebra") == ["Zebra bridge"]
    with database.read() as session:
        assert ("deal", deal.id) not in written(session)
        assert len(session.exec(select(Passage)).all()) == 1


def test_unchanged_text_is_not_encoded_again(
    world: World, counting: tuple[Catalog, CountingEmbedder]
) -> None:
    catalog, encoder = counting
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        lifecycle.edit(session, deal, None, {"next_step": "Call", "amount": 5, "name": deal.name})
    assert encoder.encoded == []
    assert catalog.catch_up() == 0
    # The account's name is among the words of its deals, and has no part in their meaning.
    with world.database.write() as session:
        account = world.account(session, "brannoc")
        edit_account(session, account, None, {"name": "Hospital of St Brannoc"})
    assert encoder.encoded == []
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "wards"), None, {"notes": "Something new."})
    assert len(encoder.encoded) == 1
    assert "Something new." in encoder.encoded[0]


def test_identical_texts_are_encoded_once(
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


def test_exactly_the_documents_concerned_are_renewed(world: World, catalog: Catalog) -> None:
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


def test_an_employment_that_moves_to_somebody_else_renews_both(
    world: World, catalog: Catalog
) -> None:
    def move(session: Session) -> None:
        job = session.exec(
            select(Employment).where(Employment.person_id == world.people["ines"])
        ).one()
        job.person_id = world.people["charlie"]
        session.add(job)

    assert renewed(world.database, move) == of_people(world, "ines", "charlie")


def test_the_confidential_flag_is_set_and_taken_back(world: World, catalog: Catalog) -> None:
    def flag(value: bool) -> set[tuple[str, int]]:
        with world.database.write() as session:
            lifecycle.edit(session, world.deal(session, "brannoc"), None, {"confidential": value})
        with world.database.read() as session:
            document = session.exec(
                select(Document).where(
                    Document.kind == "deal",
                    Document.subject_id == world.deal(session, "brannoc").id,
                )
            ).one()
            assert document.confidential is value
            with catalog.searching(session, Kind.DEAL) as collection:
                return set(collection.languages().items())

    charlie = world.viewer("charlie")
    before = kin_scores(world.database, charlie, catalog)
    assert flag(True) == {("en", 10)}
    hidden = kin_scores(world.database, charlie, catalog)
    assert world.deals["brannoc"] not in hidden
    assert hidden == kin_scores(world.database, charlie, fresh(world.database, catalog_folder()))
    assert flag(False) == {("en", 11)}
    assert kin_scores(world.database, charlie, catalog) == before


def catalog_folder() -> Path:
    """A folder that is never there."""
    return Path("/nonexistent/dealkin")


def test_a_flag_that_was_changed_behind_our_back_is_caught_up(
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


def test_without_a_model_deals_are_saved_and_found_by_words(
    database: Database, tmp_path: Path
) -> None:
    encoder = AbsentEmbedder()
    catalog = Catalog(database, encoder, tmp_path / "indexes")
    catalog.attach()
    with database.write() as session:
        log(session, "Zebra crossing", use_case="Paint stripes on a road")
        log(session, "Bridge")
    assert found(database, catalog, "zebra") == ["Zebra crossing"]
    with database.read() as session:
        assert catalog.whole_vector(session, Kind.DEAL, 1) is None
        kin = kin_of_text(session, PLAIN_VIEW, catalog, "zebra")[0]
        meaning = next(term for term in kin.terms if term.name == "meaning")
        assert meaning.value == 0
        assert [row.model for row in session.exec(select(Passage))] == [None] * 3
    catalog.warm()
    # Nothing is lost by catching up too early, and nothing is done twice.
    catalog.catch_up()
    encoder.present = True
    assert catalog.catch_up() == 2
    assert catalog.catch_up() == 0
    assert found(database, catalog, "zebra") == ["Zebra crossing", "Bridge"]
    after = kin_scores(database, PLAIN_VIEW, catalog)
    assert after == kin_scores(database, PLAIN_VIEW, fresh(database, tmp_path))


def test_a_document_that_is_only_partly_read_has_no_vectors_yet(
    database: Database, tmp_path: Path
) -> None:
    encoder = AbsentEmbedder()
    encoder.present = True
    catalog = Catalog(database, encoder, tmp_path / "indexes")
    catalog.attach()
    with database.write() as session:
        log(session, "Zebra", use_case="Stripes")
    encoder.present = False
    # The title is known, the whole is not.
    with database.write() as session:
        deal = log(session, "Zebra", use_case="Painting")
    with database.read() as session, catalog.searching(session, Kind.DEAL) as collection:
        assert collection.whole(deal.id) is None
    encoder.present = True
    assert catalog.catch_up() == 1


def test_another_model_encodes_all_and_vectors_are_never_mixed(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    kin_scores(world.database, PLAIN_VIEW, catalog)
    other = Catalog(world.database, OtherEmbedder(), tmp_path / "indexes")
    # Before it has caught up it knows no vector, and asks by words.
    with world.database.read() as session:
        assert other.whole_vector(session, Kind.DEAL, 1) is None
        with other.searching(session, Kind.DEAL) as collection:
            assert len(collection) == len(world.deals)
            assert len(collection.vectors) == 0
    kin_scores(world.database, PLAIN_VIEW, other)
    with world.database.read() as session:
        total = len(session.exec(select(Document)).all())
    reports: list[tuple[int, int]] = []
    assert other.catch_up(lambda done, of: reports.append((done, of))) == total
    assert reports[-1] == (total, total)
    with world.database.read() as session:
        assert set(session.exec(select(Passage.model))) == {"other"}
        assert {len(each or b"") for each in session.exec(select(Passage.vector))} == {4 * 32}
    by_other = kin_scores(world.database, PLAIN_VIEW, other)
    new = Catalog(world.database, OtherEmbedder(), tmp_path / "none")
    assert by_other == kin_scores(world.database, PLAIN_VIEW, new)
    # Who still has the old model has its words left, and then its vectors back.
    with world.database.read() as session, catalog.searching(session, Kind.DEAL) as collection:
        assert len(collection.vectors) == 0
    assert catalog.catch_up() == total
    alone = fresh(world.database, tmp_path)
    assert kin_scores(world.database, PLAIN_VIEW, catalog) == kin_scores(
        world.database, PLAIN_VIEW, alone
    )


def test_catching_up_is_resumed_where_it_was_interrupted(
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


def test_what_was_encoded_before_a_crash_is_not_encoded_again(
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


def test_what_is_new_can_be_left_to_a_catch_up(
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


def test_two_catalogs_on_one_database_follow_each_other(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    """As two processes do: each has its own connections, caches, and the same folder."""
    second_database = Database(world.database.url.render_as_string(hide_password=False))
    second = Catalog(second_database, FakeEmbedder(), tmp_path / "indexes")
    second.attach()
    try:
        for number in range(3):
            writer, reader = (world.database, second) if number % 2 else (second_database, catalog)
            with writer.write() as session:
                log(session, f"Zebra{number} crossing")
                lifecycle.edit(
                    session, world.deal(session, "wards"), None, {"notes": f"Note{number}"}
                )
            expected = kin_scores(world.database, PLAIN_VIEW, fresh(world.database, tmp_path))
            assert kin_scores(world.database, PLAIN_VIEW, reader) == expected
            assert kin_scores(world.database, PLAIN_VIEW, catalog) == expected
            assert kin_scores(world.database, PLAIN_VIEW, second) == expected
    finally:
        second_database.close()


def test_no_generation_is_skipped_when_commits_change_places(
    database: Database, catalog: Catalog
) -> None:
    """What began first and ends last is not overlooked by who has seen what ended first."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    first_wrote, second_done = threading.Event(), threading.Event()

    def first() -> None:
        with database.write() as session:
            log(session, "Zebra first", key="one")
            session.flush()
            first_wrote.set()
            assert second_done.wait(20)

    def second() -> None:
        assert first_wrote.wait(20)
        with database.write() as session:
            log(session, "Zebra second", key="two")
        assert found(database, catalog, "zebra") == ["Zebra second"]
        second_done.set()

    assert at_the_same_time(first, second) == []
    assert sorted(found(database, catalog, "zebra")) == ["Zebra first", "Zebra second"]


def test_generations_are_committed_in_their_order(database: Database, catalog: Catalog) -> None:
    """Whoever has taken a number is waited for: no reader sees a later one without it."""
    taken = threading.Event()
    seen: list[list[int]] = []

    # The catalog's own listener comes first, so that here the number has been taken.
    def slow_down(session: Session) -> None:
        @event.listens_for(session, "before_commit")
        def wait(session: Session) -> None:
            if not taken.is_set():
                taken.set()
                # The other transaction would commit in this time if it could.
                threading.Event().wait(0.3)

    database.watch(slow_down)

    def numbers() -> list[int]:
        with database.read() as session:
            return sorted(session.exec(select(CatalogGeneration.number)))

    def first() -> None:
        with database.write() as session:
            log(session, "Zebra first", key="one")

    def second() -> None:
        assert taken.wait(20)
        with database.write() as session:
            log(session, "Zebra second", key="two")
        seen.append(numbers())

    before = numbers()
    assert at_the_same_time(first, second) == []
    assert [len(each) for each in seen] == [len(before) + 2]
    assert len(found(database, catalog, "zebra")) == 2


def test_the_first_two_deals_may_be_saved_at_the_same_time(
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


def test_a_text_that_two_change_at_once_has_both_changes(world: World, catalog: Catalog) -> None:
    """One renames the account while another writes on the deal: the document says both."""
    flushed = threading.Barrier(2)

    def rename_account() -> None:
        with world.database.write() as session:
            account = world.account(session, "brannoc")
            edit_account(session, account, None, {"name": "Heron Trust"})
            session.flush()
            if not world.database.is_sqlite:
                flushed.wait(20)

    def write_note() -> None:
        with world.database.write() as session:
            lifecycle.edit(
                session, world.deal(session, "wards"), None, {"notes": "About an egret."}
            )
            session.flush()
            if not world.database.is_sqlite:
                flushed.wait(20)

    assert at_the_same_time(rename_account, write_note) == []
    with world.database.read() as session:
        deal = world.deal(session, "wards").id
        terms = session.exec(
            select(Document.terms).where(Document.kind == "deal", Document.subject_id == deal)
        ).one()
    assert {"heron", "egret"} <= set(terms.split())
    assert catalog.catch_up() == 0


def test_the_mean_is_renewed_when_documents_have_doubled(
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


def test_confidential_documents_have_no_part_in_the_mean(
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


def test_no_confidential_document_decides_when_the_mean_is_renewed(
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


def test_searches_while_others_write_see_a_state_that_was(
    database: Database, catalog: Catalog
) -> None:
    """Each search equals brute force over the documents of the generation that it saw."""
    with database.write() as session:
        made = [log(session, "Start", key=f"K-{number}").id for number in range(6)]
    texts: dict[int, list[str]] = {deal: [] for deal in made}
    seen: list[tuple[int, dict[int, float]]] = []
    done = threading.Event()

    def write(own: list[int], word: str) -> Callable[[], None]:
        def run() -> None:
            for turn in range(10):
                for deal in own:
                    text = "zebra " * (turn % 3) + f"{word}{turn}"
                    with database.write() as session:
                        lifecycle.edit(session, session.get_one(Deal, deal), None, {"notes": text})
                    texts[deal].append(text)
            if not seen_by_all():
                done.wait(0.01)

        return run

    def seen_by_all() -> bool:
        return bool(seen)

    def read() -> None:
        for _ in range(25):
            with (
                database.read() as session,
                catalog.searching(session, Kind.DEAL) as collection,
            ):
                assert catalog._mark is not None
                query = collection.query(["zebra", "start"], None)
                candidates = collection.candidates(query)
                seen.append(
                    (
                        catalog._mark[0],
                        dict(zip(candidates.ids.tolist(), candidates.words.tolist(), strict=True)),
                    )
                )

    halves = (write(made[:3], "heron"), write(made[3:], "egret"))
    assert at_the_same_time(*halves, read, read) == []

    with database.read() as session:
        changes = session.exec(
            select(CatalogChange.generation, CatalogChange.subject_id)
            .where(CatalogChange.kind == "deal")
            .order_by(col(CatalogChange.generation))
        ).all()
    start = changes[0][0]
    for generation, answer in seen:
        turns = dict.fromkeys(made, 0)
        for number, deal in changes:
            if start < number <= generation:
                turns[deal] += 1
        state = {deal: texts[deal][turns[deal] - 1] if turns[deal] else "" for deal in made}
        assert answer == pytest.approx(brute_force(state), rel=1e-4)


def brute_force(notes: dict[int, str]) -> dict[int, float]:
    from similarity.index.bm25 import WordIndex

    index = WordIndex()
    for deal, text in notes.items():
        written_ = DealText("Start", "", text, "", "", "", "", [], [])
        index.put(deal, deal_document(written_).terms)
    query = {"zebra": 1.0, "start": 1.0}
    known = {term: weight for term, weight in query.items() if index.holders(term)[0]}
    scores = index.search(known)
    return {
        int(deal): float(score) for deal, score in zip(index.ids, scores, strict=True) if score > 0
    }


def test_asking_and_writing_from_many_threads_raises_nothing(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    def write() -> None:
        for number in range(8):
            with world.database.write() as session:
                deal = world.deal(session, "wards")
                lifecycle.edit(session, deal, None, {"notes": f"Zebra{number}"})
                if number % 3 == 0:
                    secret = log(session, f"Secret{number}", confidential=True)
                if number % 3 == 2:
                    session.delete(session.get_one(Deal, secret.id))

    def ask() -> None:
        for _ in range(6):
            with world.database.read() as session:
                hits = search(session, world.viewer("charlie"), catalog, "zebra dashboards")
                assert not any("Secret" in kin.name for kin in hits.deals)

    assert at_the_same_time(write, ask, ask, ask) == []
    assert kin_scores(world.database, PLAIN_VIEW, catalog) == kin_scores(
        world.database, PLAIN_VIEW, fresh(world.database, tmp_path)
    )


def test_products_are_linked_by_the_session_alone(world: World, catalog: Catalog) -> None:
    """A link that is deleted takes its word out of the document."""

    def unlink(session: Session) -> None:
        deal = world.deal(session, "fjord")
        link = session.exec(select(DealProduct).where(DealProduct.deal_id == deal.id)).one()
        session.delete(link)

    assert renewed(world.database, unlink) == of_deals(world, "fjord")
