"""A team in three clicks, with a swap in four."""

from playwright.sync_api import Page, expect

from tests.browser.test_short_journeys import clicks, open_deal
from tests.world import World
from workspace.deals import team
from workspace.deals.eligibility import set_eligibility
from workspace.deals.seat_roles import seat_roles
from workspace.deals.tables import Seat
from workspace.keys import row_of_key
from workspace.people.tables import Person


def open_seats(world: World) -> list[int]:
    """Two open seats on a deal, for which two members each are suitable."""
    with world.database.write() as session:
        for name in ("erin", "grace"):
            set_eligibility(session, world.people[name], ["trainer", "auditor"], None)
        deal = world.deal(session, "kestrel")
        made = [team.add_seat(session, deal, role, None, None) for role in ("trainer", "auditor")]
        session.flush()
        assert {role.key for role in seat_roles(session)} >= {"trainer", "auditor"}
        return [seat.id for seat in made]


def seated(world: World, ids: list[int]) -> list[int | None]:
    with world.database.read() as session:
        return [session.get_one(Seat, seat).person_id for seat in ids]


def test_should_staff_a_deal_in_three_clicks(page: Page, world: World) -> None:
    ids = open_seats(world)
    open_deal(page, world, "dana", "kestrel")
    page.locator(".tabs").get_by_role("link", name="Experts").click()
    assert page.locator("input[name=place]:checked").count() == 0
    page.get_by_role("button", name="Select all proposed").click()
    page.get_by_role("button", name="Assign selected").click()
    expect(page.locator(".toast")).to_contain_text("2 seats are filled")
    assert clicks(page) <= 3
    assert set(seated(world, ids)) == {world.people["erin"], world.people["grace"]}


def test_should_swap_a_proposal_with_one_more_click(page: Page, world: World) -> None:
    ids = open_seats(world)
    with world.database.write() as session:
        bob = row_of_key(session, Person, "bob-brandt")
        set_eligibility(session, bob.id, ["trainer"], None)
    open_deal(page, world, "dana", "kestrel")
    page.locator(".tabs").get_by_role("link", name="Experts").click()
    row = page.locator(".proposal li.item").first
    name = row.locator(".swap a").first.evaluate("each => each.firstChild.textContent")
    row.locator(".swap a").first.click()
    row = page.locator(".proposal li.item").first
    expect(row.locator("a.strong")).to_have_text(name)
    page.get_by_role("button", name="Select all proposed").click()
    page.get_by_role("button", name="Assign selected").click()
    expect(page.locator(".toast")).to_contain_text("2 seats are filled")
    assert clicks(page) <= 4
    with world.database.read() as session:
        assert (
            seated(world, ids)[0] == row_of_key(session, Person, name.lower().replace(" ", "-")).id
        )
