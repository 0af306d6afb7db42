"""One box over everything."""

import pytest

from tests.web.conftest import Visit

HTMX = {"HX-Request": "true"}


def test_should_find_deals_assets_and_people(visit: Visit) -> None:
    page = visit("frank").get("/search?q=patient+records+of+hospitals").text
    assert "St Brannoc patient records" in page
    assert "Ward demo" in page
    fragment = visit("frank").get("/search?q=hospitals", **HTMX).text
    assert "Bob Brandt" in fragment
    assert "<html" not in fragment


def test_should_not_find_what_the_viewer_may_not_see(visit: Visit) -> None:
    words = "nine+hospitals+merger+board+Nightingale"
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
