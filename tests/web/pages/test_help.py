"""Help pages, and the way to the one that explains a page."""

import re

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
    # Links in help lead somewhere.
    new = visit("alice").get("/help/new").text.split("<article")[1].split("</article>")[0]
    for address in re.findall(r'href="([^"]+)"', new):
        assert (
            visit("grace" if "administration" in address else "erin").get(address).status_code
            == 200
        ), address
    assert (
        "Ctrl"
        in visit("frank").get("/help/keyboard").text.split("<article")[1].split("</article>")[0]
    )
    assert visit("frank").get("/help/nothing").status_code == 404
    assert 'href="/help/suggestions"' in visit("alice").get("/library").text
