"""The Experts & team tab."""

import pytest
from sqlmodel import Session, select

from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World
from workspace.deals.tables import Seat
from workspace.deals.team import fill_seat, free_seat
from workspace.people.tables import Member


def seats(session: Session, world: World, name: str = "wards") -> list[Seat]:
    session.rollback()
    deal = world.deal(session, name)
    return list(session.exec(select(Seat).where(Seat.deal_id == deal.id).order_by(Seat.id)))  # type: ignore[arg-type]


def test_should_show_experts_with_evidence(visit: Visit, world: World) -> None:
    page = visit("charlie").get(f"/deals/{world.deals['kestrel']}/experts")
    assert page.status_code == 200
    assert "Bob Brandt" in page.text
    assert "Nightingale" not in page.text


def test_should_staff_a_deal(visit: Visit, world: World, session: Session) -> None:
    here = f"/deals/{world.deals['wards']}/experts"
    alice = visit("alice")
    assert alice.post(f"{here}/seats", {"role": "sales engineer", "person": ""}).status_code == 303
    made = seats(session, world)[-1]
    assert (made.role, made.person_id) == ("sales engineer", None)
    fill = f"{here}/seats/{made.id}/fill"
    assert alice.post(fill, {"person": "charlie-costa"}).status_code == 303
    assert alice.post(fill, {"person": "dana-dvorak"}).status_code == 409
    assert seats(session, world)[-1].person_id == world.people["charlie"]
    assert alice.post(f"{here}/seats/{made.id}/free").status_code == 303
    assert seats(session, world)[-1].person_id is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"role": "product expert", "person": "bob-brandt"}, 409),
        ({"role": "astronaut"}, 422),
        ({"role": "trainer", "person": "ines-moreira"}, 422),
        ({"role": "trainer", "person": "nobody"}, 422),
    ],
)
def test_should_refuse_seats_that_make_no_sense(
    visit: Visit, world: World, data: dict[str, str], status: int
) -> None:
    here = f"/deals/{world.deals['wards']}/experts/seats"
    assert visit("alice").post(here, data).status_code == status


def test_should_not_touch_another_deals_seat(visit: Visit, world: World, session: Session) -> None:
    other = seats(session, world, "meridian")[0]
    here = f"/deals/{world.deals['wards']}/experts/seats"
    for seat in (other.id, 999_999, 2**70):
        assert visit("alice").post(f"{here}/{seat}/free").status_code == 404


def test_should_lose_sight_of_a_confidential_deal_with_ones_seat(
    visit: Visit, world: World, session: Session
) -> None:
    seat = seats(session, world, "nightingale")[0]
    here = f"/deals/{world.confidential_deal}/experts/seats/{seat.id}/free"
    left = visit("bob").post(here, {"reason": "On leave"})
    assert left.headers["location"] == "/deals"
    assert visit("bob").get(f"/deals/{world.confidential_deal}").status_code == 404


@pytest.mark.parametrize(
    ("tail", "data"),
    [
        ("seats", {"role": "trainer"}),
        ("seats/1/fill", {"person": "charlie-costa"}),
        ("seats/1/free", {}),
    ],
)
def test_should_refuse_what_every_write_refuses(
    visit: Visit, world: World, tail: str, data: dict[str, str]
) -> None:
    refuses_on_deals(visit, world, "/deals/{deal}/experts/" + tail, data)


@pytest.mark.parametrize("seat", ["0", "-1", str(2**70), "-99999999999999999999"])
def test_should_not_find_a_seat_that_no_row_can_be(visit: Visit, world: World, seat: str) -> None:
    here = f"/deals/{world.deals['wards']}/experts/seats/{seat}"
    assert visit("alice").post(f"{here}/free").status_code == 404
    assert visit("alice").post(f"{here}/fill", {"person": "bob-brandt"}).status_code == 404


def test_should_not_offer_seats_to_those_who_have_left(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/experts"
    assert '<option value="erin-eriksen">' in visit("alice").get(here).text
    with world.database.write() as session:
        session.get_one(Member, world.people["erin"]).active = False
    assert '<option value="erin-eriksen">' not in visit("alice").get(here).text


def test_should_hand_over_ones_own_seat_with_a_reason(
    visit: Visit, world: World, session: Session
) -> None:
    here = f"/deals/{world.deals['wards']}"
    mine = seats(session, world)[0]
    free = f"{here}/experts/seats/{mine.id}/free"
    assert "Reassign" in visit("bob").get(f"{here}/experts").text
    assert "Reassign" not in visit("alice").get(f"{here}/experts").text
    without = visit("bob").post(free)
    assert without.status_code == 422
    assert "Enter a reason" in without.text
    assert seats(session, world)[0].person_id == world.people["bob"]
    sent = {"reason": "On leave <until> May"}
    assert visit("bob").post(free, sent).status_code == 303
    assert seats(session, world)[0].person_id is None
    timeline = visit("alice").get(f"{here}/activity").text
    assert "left the team as product expert: On leave &lt;until&gt; May" in timeline
    page = visit("alice").get(f"{here}/experts").text
    assert "product expert · until" in page
    assert visit("alice").post(free).status_code == 409


def test_should_take_somebody_out_who_was_never_there(
    visit: Visit, world: World, session: Session
) -> None:
    here = f"/deals/{world.deals['wards']}"
    seat = seats(session, world)[0]
    sent = {"mistaken": "yes"}
    assert visit("alice").post(f"{here}/experts/seats/{seat.id}/free", sent).status_code == 303
    told = visit("alice").get(f"{here}/activity").text
    assert "removed <b>Bob Brandt</b> from the team as product expert, assigned by mistake" in told
    assert "· until" not in visit("alice").get(f"{here}/experts").text


def test_should_show_a_closed_deals_team_as_credited(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "brannoc")
        seat = session.exec(select(Seat).where(Seat.deal_id == deal.id)).one()
        free_seat(session, seat, world.people["dana"])
        fill_seat(session, seat, world.people["erin"], world.people["dana"])
    page = visit("charlie").get(f"/deals/{world.deals['brannoc']}").text
    assert "Credited with this won deal." in page
    team = page[page.index('id="team-title"') :]
    team = team[: team.index("</section>")]
    assert "Erin Eriksen" in team
    assert "Bob Brandt" in team
    assert "Credited" not in visit("charlie").get(f"/deals/{world.deals['wards']}").text
