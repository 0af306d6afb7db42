"""What a text denies is neither found by it nor finds it, in three languages."""

import pytest

from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_text
from similarity.search import search
from tests.similarity.asking import kin_of_text
from tests.world import World
from workspace.deals import lifecycle
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
