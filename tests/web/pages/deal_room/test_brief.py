"""The brief before a call, and what the viewer shares with somebody."""

import pytest

from tests.web.conftest import Visit
from tests.world import World
from workspace.deals import lifecycle, stakeholders
from workspace.people.tables import Person


@pytest.fixture(autouse=True)
def _meeting(world: World, network: object) -> None:
    with world.database.write() as session:
        for deal in ("wards", "nightingale"):
            stakeholders.add_stakeholder(
                session, world.deal(session, deal), world.people["ines"], None,
                stance="supporter", influence="high", note="Short of time",
            )  # fmt: skip
        session.get_one(Person, world.people["ines"]).about = "Hates slides."


def test_should_say_who_they_are_and_what_we_share(visit: Visit, world: World) -> None:
    page = visit("charlie").get(f"/deals/{world.deals['wards']}/brief").text
    assert "Inês Moreira" in page
    assert "Supporter, high influence" in page
    assert "Hates slides." in page
    assert "Short of time" in page
    assert "Bob Brandt: both studied at University of Porto, 2006–2009" in page
    assert "No economic buyer" in page
    # That they are on this deal together is nothing to talk about.
    assert "met through us: On the deal" not in page
    assert "St Brannoc patient records" in page
    assert "Nightingale" not in page


def test_should_say_what_to_do_for_a_deal_without_stakeholders(visit: Visit, world: World) -> None:
    page = visit("alice").get(f"/deals/{world.deals['meridian']}/brief").text
    assert "No stakeholders yet" in page


def test_should_show_a_brief_only_to_those_who_may_see_the_deal(visit: Visit, world: World) -> None:
    here = f"/deals/{world.confidential_deal}/brief"
    assert visit("charlie").get(here).status_code == 404
    assert visit("bob").get(here).status_code == 200


def test_should_show_what_the_viewer_shares_with_a_contact(visit: Visit) -> None:
    assert (
        "both studied at University of Porto" in visit("bob").get("/people/ines-moreira/ties").text
    )
    assert "What you share</h2>" not in visit("charlie").get("/people/ines-moreira/ties").text


def test_should_mention_only_wins_that_are_like_the_deal(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = lifecycle.log(session, "Qwx", None, world.people["alice"], use_case="vbn mkj plo")
        key = deal.key
    assert "No similar won deals yet." in visit("alice").get(f"/deals/{key}/brief").text
    alike = visit("charlie").get(f"/deals/{world.deals['kestrel']}/brief").text
    assert "St Brannoc patient records" in alike
    assert "No similar won deals yet." not in alike
