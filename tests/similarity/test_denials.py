"""What a text denies is neither found by it nor finds it, in three languages."""

from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.inquiry import ask_of_text
from similarity.questions import about_deal
from similarity.search import search
from similarity.snippets import texts_of
from tests.similarity.asking import kin_of_text
from tests.world import FakeEmbedder, World
from workspace.collaboration import notes
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW


def _log(world: World, name: str, use_case: str) -> str:
    with world.database.write() as session:
        account = world.account(session, "orlik")
        deal = lifecycle.log(session, name, account, world.people["alice"], use_case=use_case)
        return deal.key


@pytest.mark.parametrize(
    ("denying", "wanting", "words"),
    [
        ("They do not want zither tuning.", "They want zither tuning.", "zither tuning"),
        ("Nie potrzebują strojenia cytry.", "Potrzebują strojenia cytry.", "strojenia cytry"),
        ("Им не нужна настройка цитры.", "Им нужна настройка цитры.", "настройка цитры"),
    ],
)
def test_should_not_find_a_deal_by_what_it_denies(
    world: World, catalog: Catalog, denying: str, wanting: str, words: str
) -> None:
    unlike = _log(world, "Opalux quay", f"Slots at the quay. {denying}")
    alike = _log(world, "Berylux wharf", f"Slots at the wharf. {wanting}")
    with world.database.read() as session:
        found = [hit.key for hit in search(session, PLAIN_VIEW, catalog, words).deals]
    assert alike in found
    assert unlike not in found


@pytest.mark.parametrize(
    "question",
    [
        "dashboards for wards, they do not want zither tuning",
        "dashboards for wards without zither tuning",
        "dashboards for wards, no zither tuning",
        "dashboards for wards, nie chcą zither tuning",
        "dashboards for wards, не нужны zither tuning",
    ],
)
def test_should_not_find_what_a_question_denies(
    world: World, catalog: Catalog, question: str
) -> None:
    other = _log(world, "Berylux wharf", "They want zither tuning.")
    with world.database.read() as session:
        found = [hit.key for hit in search(session, PLAIN_VIEW, catalog, question).deals]
        asked = ask_of_text(session, PLAIN_VIEW, catalog, question)
        kin = kin_of_text(session, PLAIN_VIEW, catalog, question, limit=3)
    assert other not in found
    assert world.deals["wards"] in found
    assert "zither" not in asked.question.text
    assert other not in [each.key for each in kin]


@pytest.mark.parametrize(
    ("use_case", "note"),
    [
        ("Slots at the quay. They do not want zither tuning.", "No zither tuning is needed."),
        ("Okna na nabrzeżu. Nie potrzebują strojenia zither.", "Nie chcą zither."),
        ("Окна на причале. Им не нужна настройка zither.", "Без zither."),
    ],
)
def test_should_make_no_vector_of_what_a_deal_denies(
    world: World, tmp_path: Path, use_case: str, note: str
) -> None:
    read: list[str] = []

    class Reading(FakeEmbedder):
        def encode(self, texts: list[str]) -> np.ndarray:
            read.extend(texts)
            return super().encode(texts)

    catalog = Catalog(world.database, Reading(), tmp_path / "indexes")
    catalog.attach()
    key = _log(world, "Opalux quay", use_case)
    with world.database.write() as session:
        deal = session.exec(select(Deal).where(Deal.key == key)).one()
        notes.write_note(session, deal, world.people["alice"], "note", note)
    assert any("Opalux quay" in text for text in read)
    assert not any("zither" in text for text in read)
    with world.database.read() as session:
        deal = session.exec(select(Deal).where(Deal.key == key)).one()
        read.clear()
        question = about_deal(session, catalog, deal)
        # The vector is the stored one, and pages show the text as it was written.
        assert not read
        assert question.vector is not None
        text = texts_of(session, Kind.DEAL, [deal.id])[deal.id]
        assert "zither" not in question.text
        assert "zither" in text.whole
