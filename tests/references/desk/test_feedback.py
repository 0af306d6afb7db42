"""Feedback on references in search and among similar deals, for members who may read it alone."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from references.desk.advocates import Activity
from references.desk.feedback import REFERENCE_FEEDBACK
from references.desk.request import ReferenceRequest
from references.removal import delete_deal
from similarity.index.catalog import Catalog
from similarity.index.tables import Document, Passage
from similarity.search import search
from tests.backends import EVERY
from tests.conftest import Backend
from tests.similarity.asking import everything, kin_of_text
from tests.world import FakeEmbedder, World

BACKENDS = EVERY

GASKET = "They had replaced the zirconium gasket within a week"
PUMPE = "Nach dem Umbau lief die Wendelpumpe ohne Ausfall"
NASOS = "Винтовой насос заменили за одну ночь"
# Charlie's deal: he, managers and the desk read what was said for it.
READERS = ("charlie", "dana", "erin", "grace")
OTHERS = ("alice", "bob", "frank")


@pytest.fixture
def feedback(world: World, backend: Backend, tmp_path: Path) -> Catalog:
    """A catalog that listens to the database, and is handed the feedback of the desk."""
    made = Catalog(
        world.database,
        FakeEmbedder(),
        tmp_path / "indexes",
        feedback=REFERENCE_FEEDBACK,
        in_database=backend.searches,
    )
    made.attach()
    made.catch_up()
    return made


def _request(session: Session, world: World, deal: str, key: str, **said: str) -> ReferenceRequest:
    request = ReferenceRequest(
        key=key, deal_id=world.deal(session, deal).id, activity=Activity.CALL, **said
    )
    session.add(request)
    return request


def _say(world: World, deal: str, key: str, **said: str) -> None:
    with world.database.write() as session:
        _request(session, world, deal, key, **said)


def _found(world: World, catalog: Catalog, who: str, text: str) -> list[tuple[str, str]]:
    with world.database.read() as session:
        notes = search(session, world.viewer(who), catalog, text).notes
    return [(hit.key, hit.source) for hit in notes]


@pytest.mark.parametrize(
    ("said", "question"),
    [
        (GASKET, "zirconium gaskets"),
        (PUMPE, "Wendelpumpen"),
        (NASOS, "винтового насоса"),
    ],
)
def test_should_find_feedback_by_its_words_for_its_readers_alone(
    world: World, feedback: Catalog, said: str, question: str
) -> None:
    _say(world, "tidewater", "R-0007", prospect_feedback=said)
    for who in READERS:
        expected = [(world.deals["tidewater"], "feedback:R-0007")]
        assert _found(world, feedback, who, question) == expected
    for who in OTHERS:
        assert _found(world, feedback, who, question) == []


def test_should_show_feedback_as_the_reason_of_a_similar_deal(
    world: World, feedback: Catalog
) -> None:
    _say(world, "tidewater", "R-0007", advocate_feedback=GASKET, outcome_note="Worth a lot.")
    with world.database.read() as session:
        shown = {
            who: kin_of_text(session, world.viewer(who), feedback, "zirconium gasket", limit=3)
            for who in (*READERS, *OTHERS)
        }
    for who in READERS:
        first = shown[who][0]
        assert (first.key, first.source) == (world.deals["tidewater"], "feedback:R-0007")
        assert "gasket" in "".join(span.text for span in first.snippet)
        words = next(term.because for term in first.terms if term.name == "words")
        assert "zirconium" in words
    for who in OTHERS:
        assert not any("feedback" in kin.source or "gasket" in str(kin) for kin in shown[who])


def test_should_tell_nothing_of_feedback_to_members_who_may_not_read_it(
    world: World, feedback: Catalog
) -> None:
    keys = [world.deals["kestrel"]]
    texts = ["patient records in one warehouse", "zirconium gasket"]

    def told(who: str) -> dict[str, object]:
        return everything(world.database, world.viewer(who), feedback, keys, texts)

    before = {who: told(who) for who in OTHERS}
    _say(world, "tidewater", "R-0007", advocate_feedback=f"{GASKET}. Patient records, too.")
    _say(world, "lumen", "R-0008", prospect_feedback="A warehouse of patient records")
    assert {who: told(who) for who in OTHERS} == before


def test_should_answer_readers_of_one_text_the_same_whatever_the_others_say(
    world: World, feedback: Catalog
) -> None:
    _say(world, "wards", "R-0001", advocate_feedback="The ward demo convinced the nurses")
    keys = [world.deals["kestrel"]]
    texts = ["nurses on the wards"]

    def told() -> dict[str, object]:
        # Alice may change her own deals alone.
        return everything(world.database, world.viewer("alice"), feedback, keys, texts)

    before = told()
    for number in range(8):
        _say(world, "tidewater", f"R-001{number}", prospect_feedback="Nurses, wards and demos")
    assert told() == before


def test_should_show_no_feedback_on_a_deal_that_the_desk_does_not_see(
    world: World, feedback: Catalog
) -> None:
    _say(world, "nightingale", "R-0009", prospect_feedback=GASKET)
    assert _found(world, feedback, "alice", "zirconium") != []
    for who in ("charlie", "dana", "erin", "grace"):
        assert _found(world, feedback, who, "zirconium") == []


def test_should_forget_feedback_that_is_deleted(world: World, feedback: Catalog) -> None:
    _say(world, "tidewater", "R-0007", prospect_feedback=GASKET)
    _say(world, "lumen", "R-0008", prospect_feedback=f"{GASKET} as well")
    with world.database.write() as session:
        query = select(ReferenceRequest).where(ReferenceRequest.key == "R-0007")
        session.exec(query).one().prospect_feedback = ""
    assert _found(world, feedback, "erin", "zirconium") == [
        (world.deals["lumen"], "feedback:R-0008")
    ]
    with world.database.write() as session:
        delete_deal(session, world.viewer("dana"), world.deal(session, "lumen"))
    assert _found(world, feedback, "erin", "zirconium") == []
    with world.database.read() as session:
        texts = session.exec(select(Passage.text)).all()
        kinds = session.exec(select(Document.kind)).all()
    assert not any("zirconium" in text for text in texts)
    # The request that has become empty.
    assert kinds.count("feedback") == 1


def test_should_prepare_feedback_that_was_written_before(world: World, tmp_path: Path) -> None:
    _say(world, "tidewater", "R-0007", prospect_feedback=GASKET)
    made = Catalog(world.database, FakeEmbedder(), tmp_path / "i", feedback=REFERENCE_FEEDBACK)
    made.catch_up()
    assert _found(world, made, "erin", "zirconium gasket") != []
    assert made.catch_up(thorough=True) == 0
