"""Who may take which seat role: the list, and the form over a member."""

import pytest

from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World
from workspace.deals.eligibility import eligibility_of, set_eligibility


def allowed(world: World, key: str = "erin-eriksen") -> list[str]:
    with world.database.read() as session:
        return [role.key for role in eligibility_of(session, key).allowed]


def test_should_list_members_with_their_roles_and_reasons(visit: Visit) -> None:
    page = visit("charlie").get("/staffing/members").text
    assert "Solution architect" in page
    assert "product expert" in page
    assert 'href="/staffing/members/erin-eriksen"' not in page
    assert 'href="/staffing/members/erin-eriksen"' in visit("dana").get("/staffing/members").text


@pytest.mark.parametrize("who", ["dana", "grace"])
def test_should_change_the_roles_of_a_member(visit: Visit, world: World, who: str) -> None:
    here = "/staffing/members/erin-eriksen"
    assert visit(who).save(here, {"role": ["trainer", "auditor"]}).status_code == 303
    assert set(allowed(world)) == {"trainer", "auditor"}
    page = visit(who).get(here).text
    assert page.count("checked") == 2
    assert "a manager decided so" in page
    assert visit(who).save(here).status_code == 303
    assert allowed(world) == []


def test_should_not_overwrite_what_somebody_else_changed(visit: Visit, world: World) -> None:
    here = "/staffing/members/erin-eriksen"
    page = visit("dana").get(here).text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    with world.database.write() as session:
        set_eligibility(session, world.people["erin"], ["trainer"], None)
    answer = visit("dana").post(here, {"role": ["auditor"], "seen": seen})
    assert answer.status_code == 409
    assert "These roles changed" in answer.text
    assert allowed(world) == ["trainer"]


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    here = "/staffing/members/erin-eriksen"
    refuses(visit, world, here, {"role": "trainer"}, has_page=True)
    assert visit("alice").post(here, {"role": "trainer"}).status_code == 403
    assert visit("alice").get(here).status_code == 403
    assert visit("dana").save(here, {"role": "astronaut"}).status_code == 422
    assert visit("dana").post("/staffing/members/nobody", {}).status_code == 404
    assert visit("dana").post("/staffing/members/ines-moreira", {}).status_code == 404
