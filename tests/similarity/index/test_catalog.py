"""The caches keep step with the documents, whoever writes them."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from similarity.index.catalog import Catalog
from similarity.index.documents import DealText, deal_document
from similarity.index.sources import Kind
from similarity.index.tables import CatalogChange, CatalogGeneration, Document, Passage
from similarity.search import search
from tests.similarity.asking import kin_of_text, kin_scores
from tests.similarity.index.catalogs import (
    AbsentEmbedder,
    found,
    fresh,
    log,
    written,
)
from tests.threads import SECONDS, at_the_same_time
from tests.world import FakeEmbedder, World
from workspace.assets import assets
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW


class OtherEmbedder(FakeEmbedder):
    """Another model: other vectors, of another length."""

    model_id = "other"
    dimension = 32


def test_should_let_the_next_reader_find_a_saved_deal(database: Database, catalog: Catalog) -> None:
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
    assert (words.value, words.because) == (0, "no common words")


def test_should_delete_the_document_with_its_deal(database: Database, catalog: Catalog) -> None:
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


def test_should_follow_the_confidential_flag(world: World, catalog: Catalog) -> None:
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


def test_should_save_and_find_deals_by_words_without_a_model(
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


def test_should_not_use_vectors_of_a_document_that_is_only_partly_encoded(
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


def test_should_never_mix_vectors_of_two_models(
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


def test_should_follow_another_catalog_on_the_same_database(
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


def test_should_not_skip_a_generation_that_is_committed_late(
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
            assert second_done.wait(SECONDS)

    def second() -> None:
        assert first_wrote.wait(SECONDS)
        with database.write() as session:
            log(session, "Zebra second", key="two")
        assert found(database, catalog, "zebra") == ["Zebra second"]
        second_done.set()

    assert at_the_same_time(first, second) == []
    assert sorted(found(database, catalog, "zebra")) == ["Zebra first", "Zebra second"]


def test_should_commit_generations_in_their_order(database: Database, catalog: Catalog) -> None:
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
        assert taken.wait(SECONDS)
        with database.write() as session:
            log(session, "Zebra second", key="two")
        seen.append(numbers())

    before = numbers()
    assert at_the_same_time(first, second) == []
    # There may be more of them, because each text gets its vector in a generation of its own.
    (numbers_seen,) = seen
    assert len(numbers_seen) >= len(before) + 2
    assert numbers_seen == list(range(numbers_seen[0], numbers_seen[0] + len(numbers_seen)))
    assert len(found(database, catalog, "zebra")) == 2


@pytest.mark.slow
def test_should_search_a_committed_state_while_others_write(
    database: Database, catalog: Catalog
) -> None:
    """Each search equals brute force over the documents of the generation that it saw."""
    with database.write() as session:
        # Texts with a known vector are written in one generation.
        texts_of_word = [text_of(word, turn) for word in ("heron", "egret") for turn in range(10)]
        for text in ("", *texts_of_word):
            assets.publish(session, "Start", "demo", None, [], summary=text)
    with database.write() as session:
        made = [log(session, "Start", key=f"K-{number}").id for number in range(6)]
    texts: dict[int, list[str]] = {deal: [] for deal in made}
    seen: list[tuple[int, dict[int, float]]] = []
    done = threading.Event()

    def write(own: list[int], word: str) -> Callable[[], None]:
        def run() -> None:
            for turn in range(10):
                for deal in own:
                    text = text_of(word, turn)
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


def text_of(word: str, turn: int) -> str:
    return "zebra " * (turn % 3) + f"{word}{turn}"


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


def test_should_search_and_write_from_many_threads(
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
