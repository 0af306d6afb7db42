"""Help pages, and the way to the one that explains a page."""

import pytest

from tests.web.conftest import Visit
from web.help_places import help_for
from web.pages.help import AREAS


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("/", "deals"),
        ("/deals/D-0001", "deals"),
        ("/deals/D-0001/kin", "suggestions"),
        ("/deals/D-0001/references", "references"),
        ("/references/R-1", "references"),
        ("/staffing/members/bob", "teams"),
        ("/people/bob", "network"),
        ("/imports/3", "administration"),
    ],
)
def test_should_explain_each_page(path: str, area: str) -> None:
    assert help_for(path) == f"/help/{area}"
    assert area in AREAS


def test_should_have_a_page_for_each_area(visit: Visit) -> None:
    for area, (title, _) in AREAS.items():
        assert f"<h1>{title}</h1>" in visit("frank").get(f"/help/{area}").text
    assert visit("frank").get("/help/nothing").status_code == 404
    assert 'href="/help/suggestions"' in visit("alice").get("/library").text
