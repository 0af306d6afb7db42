"""The list of what seats may be for."""

import pytest
from sqlmodel import Session, select

from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.world import World
from workspace.deals import seat_roles
from workspace.deals.tables import Seat

HERE = "/staffing/roles"


def names(session: Session) -> list[str]:
    session.rollback()
    return [role.name for role in seat_roles.seat_roles(session)]


def test_should_keep_the_list(visit: Visit, world: World, session: Session) -> None:
    dana = visit("dana")
    assert dana.post(HERE, {"name": "Rollout  lead"}).status_code == 303
    assert names(session)[-1] == "Rollout lead"
    assert dana.post(f"{HERE}/rollout-lead/move", {"to": "up"}).status_code == 303
    assert names(session)[-2] == "Rollout lead"
    renaming = {"name": "Specialist", "seen": "product expert"}
    assert dana.post(f"{HERE}/product-expert/rename", renaming).status_code == 303
    assert dana.post(f"{HERE}/auditor/remove").status_code == 303
    assert names(session) == [
        *("account executive", "Specialist", "sales engineer", "consultant", "trainer"),
        *("Rollout lead", "executive sponsor"),
    ]
    assert set(session.exec(select(Seat.role))) == {"Specialist"}
    page = visit("alice").get(f"/deals/{world.deals['wards']}/experts").text
    assert "<option>Rollout lead</option>" in page
    assert "<option selected>Specialist</option>" in page
    assert "auditor" not in page
    here = f"/deals/{world.deals['wards']}/experts/seats"
    assert visit("alice").post(here, {"role": "Rollout lead"}).status_code == 303
    assert visit("alice").post(here, {"role": "auditor"}).status_code == 422


@pytest.mark.parametrize("who", ["alice", "bob", "erin", "frank"])
def test_should_leave_it_to_managers_and_administrators(
    visit: Visit, world: World, who: str
) -> None:
    before = acts(world)
    somebody = visit(who)
    page = somebody.get(HERE)
    assert page.status_code == 200
    assert f'action="{HERE}' not in page.text
    for path, data in (
        (HERE, {"name": "Pilot"}),
        (f"{HERE}/trainer/rename", {"name": "Coach"}),
        (f"{HERE}/trainer/move", {"to": "up"}),
        (f"{HERE}/trainer/remove", {}),
    ):
        assert somebody.post(path, data).status_code == 403
    assert acts(world) == before


@pytest.mark.parametrize(
    ("path", "data", "status", "said"),
    [
        (HERE, {"name": ""}, 422, "Required."),
        (HERE, {"name": "TRAINER"}, 422, "A role of this name exists already."),
        (HERE, {"name": "x" * 41}, 422, "At most 40 characters"),
        (
            f"{HERE}/auditor/rename",
            {"name": "!", "seen": "auditor"},
            422,
            "Use at least one letter",
        ),
        (
            f"{HERE}/auditor/rename",
            {"name": "Trainer", "seen": "auditor"},
            422,
            "A role of this name exists already.",
        ),
        (f"{HERE}/auditor/rename", {"name": "x", "seen": "old"}, 409, "renamed to auditor"),
        (f"{HERE}/auditor/move", {"to": "away"}, 422, "Choose from the list."),
        (f"{HERE}/product-expert/remove", {}, 409, "seats are for product expert: rename it"),
        (f"{HERE}/pilot/remove", {}, 404, "no such role"),
        (f"{HERE}/pilot/move", {"to": "up"}, 404, "no such role"),
        (f"{HERE}/pilot/rename", {"name": "x", "seen": "pilot"}, 404, "no such role"),
    ],
)
def test_should_say_what_cannot_be(
    visit: Visit, world: World, path: str, data: dict[str, str], status: int, said: str
) -> None:
    before = acts(world)
    answer = visit("grace").post(path, data)
    assert answer.status_code == status
    assert said in answer.text
    assert acts(world) == before
    if status == 422 and path != f"{HERE}/auditor/move":
        assert f'value="{data["name"]}"' in answer.text


def test_should_count_only_seats_that_one_may_see(visit: Visit, world: World) -> None:
    page = visit("grace").get(HERE).text
    seen = visit("alice").get(HERE).text
    assert "5 seats" in page
    assert "6 seats" in seen


@pytest.mark.parametrize(
    ("path", "data", "has_page"),
    [
        (HERE, {"name": "Pilot"}, True),
        (f"{HERE}/trainer/rename", {"name": "Coach", "seen": "trainer"}, False),
        (f"{HERE}/trainer/move", {"to": "up"}, False),
        (f"{HERE}/trainer/remove", {}, False),
    ],
)
def test_should_refuse_what_every_write_refuses(
    visit: Visit, world: World, path: str, data: dict[str, str], has_page: bool
) -> None:
    refuses(visit, world, path, data, has_page=has_page)
