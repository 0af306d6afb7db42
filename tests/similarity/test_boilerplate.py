"""Sentences that many deals share word by word are no reason for anything."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_deal
from similarity.kin import Kin
from tests.similarity.asking import kin_of_deal, kin_of_text
from tests.similarity.index.catalogs import fresh, log
from tests.world import FakeEmbedder, World
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW

NOTES = {
    "en": "This summary is privileged. Do not forward. Ring the bid desk about special conditions.",
    "pl": "Rozmowa jest poufna. Nie przekazywać. Warunki specjalne uzgadnia dział ofert.",
    "ru": "Переписка конфиденциальна. Не пересылать. Особые условия согласует отдел продаж.",
    "de": "Vertraulich. Nicht weiterleiten. Sonderkonditionen klärt die Angebotsabteilung mit uns.",
}
SUBJECTS = ("Lighthouse lamps", "Beekeeping", "Violin strings", "Glacier maps", "Umbrella rental")


def log_all(world: World, notes: str, subjects: Sequence[str] = SUBJECTS) -> dict[str, int]:
    """Deals that have nothing but these notes in common; their ids by name."""
    ids = {}
    with world.database.write() as session:
        for subject in subjects:
            ids[subject] = log(session, subject, use_case=f"{subject} only", notes=notes).id
    return ids


def kin_of(world: World, catalog: Catalog, deal_id: int) -> dict[str, Kin]:
    with world.database.read() as session:
        deal = session.get_one(Deal, deal_id)
        return {kin.name: kin for kin in kin_of_deal(session, PLAIN_VIEW, catalog, deal, limit=50)}


def term(kin: Kin, name: str) -> tuple[float, str]:
    return next((each.value, each.because) for each in kin.terms if each.name == name)


@pytest.mark.parametrize("language", NOTES)
def test_should_make_no_kin_of_notes_that_many_deals_share(
    world: World, catalog: Catalog, language: str
) -> None:
    ids = log_all(world, NOTES[language])
    found = kin_of(world, catalog, ids["Beekeeping"])
    for subject in SUBJECTS:
        if subject != "Beekeeping":
            assert term(found[subject], "words") == (0, "no common words")
            assert not set(NOTES[language].split()) & {
                word for piece in found[subject].snippet for word in piece.text.split()
            }
    with world.database.read() as session:
        deal = session.get_one(Deal, ids["Beekeeping"])
        question = ask_of_deal(session, PLAIN_VIEW, catalog, deal).question
    assert question.text == "Beekeeping. Beekeeping only."
    assert np.array_equal(question.vector, FakeEmbedder().encode([question.text])[0])


def test_should_answer_a_text_of_boilerplate_with_no_words_and_no_meaning(
    world: World, catalog: Catalog
) -> None:
    log_all(world, NOTES["pl"])
    with world.database.read() as session:
        for kin in kin_of_text(session, PLAIN_VIEW, catalog, NOTES["pl"], limit=50):
            assert term(kin, "words")[0] == term(kin, "meaning")[0] == 0
        text = f"Violin concert. {NOTES['pl']}"
        found = kin_of_text(session, PLAIN_VIEW, catalog, text, limit=50)
    assert {kin.name for kin in found if term(kin, "words")[0]} == {"Violin strings"}


def test_should_give_a_deal_of_boilerplate_the_meaning_of_its_name_alone(
    world: World, catalog: Catalog
) -> None:
    log_all(world, NOTES["en"])
    with world.database.write() as session:
        log(session, "Renewal", notes=NOTES["en"])
    with world.database.read() as session:
        found = kin_of_text(session, PLAIN_VIEW, catalog, "bid desk conditions", limit=50)
    hollow = next(kin for kin in found if kin.name == "Renewal")
    assert term(hollow, "words")[0] == term(hollow, "meaning")[0] == 0


def test_should_compare_again_what_few_deals_share(world: World, catalog: Catalog) -> None:
    ids = log_all(world, NOTES["en"], SUBJECTS[:3])
    first, third = ids[SUBJECTS[0]], ids[SUBJECTS[2]]
    assert term(kin_of(world, catalog, first)[SUBJECTS[1]], "words")[0] == 0
    with world.database.write() as session:
        lifecycle.edit(session, session.get_one(Deal, third), None, {"notes": ""})
    assert term(kin_of(world, catalog, first)[SUBJECTS[1]], "words")[0] > 0
    # A confidential deal changes nothing of it.
    with world.database.write() as session:
        secret = session.get_one(Deal, third)
        changes = {"notes": NOTES["en"], "confidential": True, "owner_id": world.people["alice"]}
        lifecycle.edit(session, secret, None, changes)
    assert term(kin_of(world, catalog, first)[SUBJECTS[1]], "words")[0] > 0


def test_should_not_depend_on_the_order_of_writes(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    ids = log_all(world, NOTES["de"])
    before = {subject: kin_of(world, catalog, deal_id) for subject, deal_id in ids.items()}
    anew = fresh(world.database, tmp_path)
    assert {subject: kin_of(world, anew, deal_id) for subject, deal_id in ids.items()} == before
    # The last two become unlike and alike again, and all the others with them.
    for notes in ("", NOTES["de"]):
        with world.database.write() as session:
            for subject in SUBJECTS[:3]:
                deal = session.get_one(Deal, ids[subject])
                lifecycle.edit(session, deal, None, {"notes": notes})
        kin_of(world, catalog, ids["Beekeeping"])
    assert {subject: kin_of(world, catalog, deal_id) for subject, deal_id in ids.items()} == before


def test_should_name_products_and_names_before_other_words(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        deals = [
            log(
                session, f"Ward {name}", use_case="Steering of SAP interfaces, quickly and smoothly"
            )
            for name in ("north", "south")
        ]
        ids = [deal.id for deal in deals]
    _, because = term(kin_of(world, catalog, ids[0])["Ward south"], "words")
    assert because.startswith("both mention SAP, ")
