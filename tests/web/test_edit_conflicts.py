"""Edit conflicts: two members with the same form open."""

import re

import pytest

from tests.web.conftest import Visit, acts
from tests.world import World
from workspace.deals import availability
from workspace.people.tables import Person

HTMX = {"HX-Request": "true"}
# The address and a field of each form, and the other fields that it requires.
FORMS = {
    "account": ("/accounts/st-brannoc-hospital/edit", "description", {"relationship": "customer"}),
    "person": ("/people/ines-moreira/edit", "about", {}),
    "asset": ("/library/ward-demo/edit", "summary", {"kind": "demo"}),
}


def seen(text: str) -> str:
    match = re.search(r'name="seen" value="([0-9a-f]+)"', text)
    assert match
    return match[1]


@pytest.mark.parametrize("thing", FORMS)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_should_show_both_versions_of_what_somebody_else_changed(
    visit: Visit, world: World, thing: str, headers: dict[str, str]
) -> None:
    path, field, needed = FORMS[thing]
    bob, dana = visit("bob"), visit("dana")
    opened = seen(bob.get(path).text)
    assert seen(dana.get(path).text) == opened
    sent = {"name": "A name", **needed, "seen": opened}
    assert bob.post(path, {**sent, field: "What Bob wrote"}).status_code == 303
    conflict = dana.post(path, {**sent, field: "What Dana wrote"}, **headers)
    assert conflict.status_code == 409
    table = conflict.text.split('<table class="compare">')[1].split("</table>")[0]
    assert "<td>What Dana wrote</td><td>What Bob wrote</td>" in table
    assert "A name" not in table
    assert "What Bob wrote" in dana.get(path).text
    fresh = {**sent, "seen": seen(conflict.text), field: "What Dana wrote"}
    assert dana.post(path, fresh).status_code == 303
    assert "What Dana wrote" in bob.get(path).text


@pytest.mark.parametrize("thing", FORMS)
def test_should_notice_a_conflict_after_an_invalid_form(
    visit: Visit, world: World, thing: str
) -> None:
    path, field, needed = FORMS[thing]
    bob, dana = visit("bob"), visit("dana")
    opened = seen(dana.get(path).text)
    invalid = dana.post(path, {"name": "", **needed, field: "What Dana wrote", "seen": opened})
    assert invalid.status_code == 422
    assert bob.save(path, {"name": "A name", **needed, field: "What Bob wrote"}).status_code == 303
    again = {"name": "A name", **needed, field: "What Dana wrote", "seen": seen(invalid.text)}
    assert dana.post(path, again).status_code == 409


def test_should_show_products_of_an_asset_that_somebody_else_changed(
    visit: Visit, world: World
) -> None:
    path, _, needed = FORMS["asset"]
    bob, dana = visit("bob"), visit("dana")
    sent = {"name": "Ward demo", **needed, "seen": seen(dana.get(path).text)}
    products = {"product": ["atlas-warehouse", "relay-integration"]}
    assert bob.post(path, {**sent, **products}).status_code == 303
    conflict = dana.post(path, {**sent, "product": "beacon-dashboards"})
    assert conflict.status_code == 409
    assert "<td>Beacon Dashboards</td><td>Atlas Warehouse, Relay Integration</td>" in conflict.text


def test_should_not_write_over_topics_that_an_administrator_changed(
    visit: Visit, world: World
) -> None:
    bob, grace = visit("bob"), visit("grace")
    opened = seen(bob.get("/availability").text)
    profile = {"name": "Bob Brandt", "email": "bob@dealkin.example", "skills": "lakes"}
    assert grace.save("/people/bob-brandt/edit", profile).status_code == 303
    sent = {"seat_limit": "4", "skills": "hospitals", "seen": opened}
    conflict = bob.post("/availability", sent)
    assert conflict.status_code == 409
    assert "<td>hospitals</td><td>lakes</td>" in conflict.text
    with world.database.read() as session:
        assert session.get_one(Person, world.people["bob"]).skills == "lakes"
        assert availability.availability_of(session, world.people["bob"]).seat_limit != 4
    assert bob.post("/availability", {**sent, "seen": seen(conflict.text)}).status_code == 303


@pytest.mark.parametrize("thing", FORMS)
def test_should_refuse_a_form_that_does_not_say_what_it_was_opened_with(
    visit: Visit, world: World, thing: str
) -> None:
    path, field, needed = FORMS[thing]
    bob, before = visit("bob"), acts(world)
    for seen_then in ({}, {"seen": ""}):
        answer = bob.post(path, {"name": "A name", **needed, field: "Over it", **seen_then})
        assert answer.status_code == 422
        assert "Open the page again" in answer.text
    assert acts(world) == before


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/availability", {"seat_limit": "2"}),
        ("/deals/stages", {}),
        ("/staffing/roles/trainer/rename", {"name": "Coach"}),
        ("/administration/members/bob-brandt/roles", {}),
        ("/administration/members/bob-brandt/handover", {"then": "deactivate"}),
    ],
)
def test_should_refuse_such_a_form_on_every_page(
    visit: Visit, world: World, path: str, data: dict[str, str]
) -> None:
    before = acts(world)
    assert visit("grace").post(path, data).status_code == 422
    assert acts(world) == before
