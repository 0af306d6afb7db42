"""Experts on a topic."""

import pytest

from tests.web.conftest import Visit
from tests.world import World
from workspace.deals import availability


def test_should_show_who_knows_a_topic_and_why(visit: Visit) -> None:
    page = visit("charlie").get("/experts?q=patient+records+of+hospitals").text
    assert "Experts on “patient records of hospitals”" in page
    shown = page[page.index("<ol") : page.index("</ol>")]
    assert "Bob Brandt" in shown
    assert "deals like this" in shown or "deal like this" in shown
    assert "On 2 of 6 deals" in shown
    assert "Nightingale" not in shown


@pytest.mark.parametrize("topic", ["qwxz", "<script>"])
def test_should_say_where_nobody_knows_a_topic(visit: Visit, topic: str) -> None:
    page = visit("charlie").get(f"/experts?q={topic}").text
    assert "No experts found" in page
    assert "<script>alert" not in page


def test_should_ask_for_a_topic_first(visit: Visit) -> None:
    page = visit("frank").get("/experts").text
    assert "Find an expert" in page
    assert "No experts found" not in page
    assert visit("frank").get(f"/experts?q={'x' * 2001}").status_code == 422


def test_should_show_who_is_at_their_limit(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        bob = world.people["bob"]
        availability.set_availability(
            session, bob, bob, seat_limit=1, away_from=None, away_until=None
        )
    assert "at their limit" in visit("dana").get("/experts?q=patient+records+of+hospitals").text
