"""The first page."""

from tests.web.conftest import Visit
from tests.world import World
from workspace.clock import today
from workspace.deals.lifecycle import edit


def test_should_show_what_is_to_be_done(visit: Visit, world: World) -> None:
    page = visit("alice").get("/").text
    assert "Hello, Alice" in page
    assert "St Brannoc ward dashboards" in page
    assert "Called the ward manager." in page
    assert "Tidewater claims warehouse" not in page.split("Recently closed")[0]


def test_should_say_in_words_what_is_overdue(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        past = today().replace(year=today().year - 1, day=1)
        edit(session, deal, None, {"expected_close": past, "next_step": "Ring them"})
    page = visit("alice").get("/").text
    assert "1 overdue" in page
    assert "days overdue" in page
    assert "Ring them" in page


def test_should_keep_confidential_deals_to_their_team(visit: Visit) -> None:
    assert "Project Nightingale" in visit("bob").get("/").text
    for name in ("charlie", "dana", "frank"):
        assert "Nightingale" not in visit(name).get("/").text


def test_should_greet_those_who_may_only_read(visit: Visit) -> None:
    page = visit("frank").get("/").text
    assert "You can read the record" in page
    assert "/deals/new" not in page
