"""One box over everything."""

import pytest

from tests.web.conftest import Visit
from tests.world import World

HTMX = {"HX-Request": "true"}


def test_should_find_deals_assets_and_people(visit: Visit) -> None:
    page = visit("frank").get("/search?q=patient+records+of+hospitals").text
    assert "St Brannoc patient records" in page
    assert "Ward demo" in page
    fragment = visit("frank").get("/search?q=hospitals", **HTMX).text
    assert "Bob Brandt" in fragment
    assert "<html" not in fragment


def test_should_not_find_what_the_viewer_may_not_see(visit: Visit) -> None:
    words = "nine+hospitals+merger+board"
    assert "Project Nightingale" in visit("bob").get(f"/search?q={words}").text
    for name in ("charlie", "dana", "grace", "frank"):
        page = visit(name).get(f"/search?q={words}", **HTMX).text
        assert "Nightingale" not in page
        assert "not public" not in page


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%22", "q=AND", "q=a*", "q=NEAR(", "q=---", "q=%F0%9F%98%80", "q=%3C"]
)
def test_should_take_any_text(visit: Visit, query: str) -> None:
    assert visit("frank").get(f"/search?{query}").status_code == 200


def test_should_name_the_best_match_and_group_by_kind(visit: Visit) -> None:
    page = visit("frank").get("/search?q=brannoc+hospital+ST", **HTMX).text
    best = page[page.index("Best match") : page.index("Deals")]
    assert "/accounts/st-brannoc-hospital" in best
    assert page.index("Best match") < page.index(">Deals<")
    # It is not shown again under its kind.
    assert page.count('href="/accounts/st-brannoc-hospital"') == 1


def test_should_say_that_nothing_has_the_words(visit: Visit) -> None:
    page = visit("frank").get("/search?q=qqqqzzzz", **HTMX).text
    assert "Nothing found" in page
    assert 'class="item"' not in page


def test_should_show_withdrawn_assets_only_on_request(visit: Visit) -> None:
    address = "/search?q=figures+that+we+took+back"
    assert "withdrawn</span>" not in visit("frank").get(address, **HTMX).text
    assert "withdrawn</span>" in visit("frank").get(f"{address}&all=on", **HTMX).text


def test_should_offer_names_while_they_are_typed(visit: Visit) -> None:
    options = visit("frank").get("/search/names?q=bran", **HTMX).text
    assert '<a class="option"' in options
    assert "/accounts/st-brannoc-hospital" in options
    assert "/search?q=bran" in options
    # One letter names too many.
    assert "/accounts/" not in visit("frank").get("/search/names?q=b", **HTMX).text
    assert "Nightingale" not in visit("frank").get("/search/names?q=nighti", **HTMX).text
    assert "Project Nightingale" in visit("bob").get("/search/names?q=nighti", **HTMX).text


def test_should_turn_strangers_away_from_names(visit: Visit) -> None:
    assert visit(None).get("/search/names?q=bran").status_code in (303, 401)


def test_should_offer_pages_and_actions_beside_names(visit: Visit, world: World) -> None:
    address = f"/search/names?q=move&at=/deals/{world.deals['wards']}/kin"
    options = visit("alice").get(address).text
    assert "Move to stage Negotiation/Review" in options
    assert f'data-action="/deals/{world.deals["wards"]}/stage"' in options
    # The stage that the deal is at is no choice.
    assert "Move to stage Qualification" not in options
    assert "Go to" in visit("alice").get("/search/names?q=staff").text
    assert "/accounts/new" in visit("alice").get("/search/names?q=new+acc").text


def test_should_offer_only_actions_that_the_viewer_may_take(visit: Visit, world: World) -> None:
    for name, key in (("frank", "wards"), ("charlie", "wards"), ("dana", "nightingale")):
        options = visit(name).get(f"/search/names?at=/deals/{world.deals[key]}").text
        assert "This deal" not in options
        assert "Nightingale" not in options
    reader = visit("frank").get("/search/names").text
    assert "/deals/new" not in reader
    assert "/administration/members" not in reader
    assert "/administration/members" in visit("grace").get("/search/names").text


def test_should_name_recent_records_that_the_viewer_may_still_see(
    visit: Visit, world: World
) -> None:
    recent = [f"/deals/{world.deals['nightingale']}", "/accounts/st-brannoc-hospital", "/deals/new"]
    address = "/search/names?" + "&".join(f"recent={path}" for path in [*recent, "/x", "//"])
    assert "Project Nightingale" in visit("alice").get(address).text
    options = visit("charlie").get(address).text
    assert "Nightingale" not in options
    assert "St Brannoc Hospital" in options
    # While something is typed, only that counts.
    assert "St Brannoc Hospital" not in visit("charlie").get(address + "&q=zzz").text


def test_should_offer_what_is_there_before_it_is_added_again(visit: Visit) -> None:
    alice = visit("alice")
    page = alice.get("/search/existing?kind=account&name=St+Branoc+Hospitals", **HTMX).text
    assert 'href="/accounts/st-brannoc-hospital"' in page
    page = alice.get("/search/existing?kind=person&person=Moreira+Ines", **HTMX).text
    assert 'data-fill="person"' in page
    assert "Inês Moreira" in page
    page = alice.get("/deals/new/account?account=St+Branoc+Hospital", **HTMX).text
    assert 'data-value="St Brannoc Hospital"' in page
    assert not alice.get("/search/existing?kind=person&name=Nobody+Else", **HTMX).text.strip()
    assert alice.get("/search/existing?kind=deal&name=x").status_code == 422
