"""Staffing: proposed teams, asking and answering, and everybody's own time."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from references.network.common_ground import common_ground, worth_of
from references.teams.proposals import staffing
from similarity.index.catalog import Catalog
from tests.web.checklist import refuses, refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World
from web.rendering import day
from workspace.clock import today
from workspace.deals import availability, stakeholders, team, workload
from workspace.deals.eligibility import set_eligibility
from workspace.deals.tables import Seat
from workspace.people.tables import Person
from workspace.timeline.timeline import TimelineEntry


def open_seat(world: World, deal: str = "meridian", role: str = "consultant") -> int:
    with world.database.write() as session:
        seat = team.add_seat(session, world.deal(session, deal), role, None, None)
        session.flush()
    return seat.id


def seat(world: World, seat_id: int) -> Seat:
    with world.database.read() as session:
        return session.get_one(Seat, seat_id)


def test_should_propose_a_team_with_reasons_that_add_up(visit: Visit, world: World) -> None:
    open_seat(world, "kestrel", "product expert")
    page = visit("dana").get(f"/deals/{world.deals['kestrel']}/experts").text
    assert "Proposed team" in page
    shown = page[page.index("Proposed team") :]
    assert "Bob Brandt" in shown[: shown.index("</section>")]
    assert "Assign" in page
    assert "Proposed team" not in visit("dana").get(f"/deals/{world.deals['lumen']}/experts").text


def test_should_assign_all_open_seats_at_once(visit: Visit, world: World) -> None:
    one, other = open_seat(world), open_seat(world, role="trainer")
    here = f"/deals/{world.deals['meridian']}/experts"
    places = {"place": [f"{one}:dana-dvorak", f"{other}:erin-eriksen"]}
    assert visit("dana").post(f"{here}/assign", places).status_code == 303
    assert seat(world, one).person_id == world.people["dana"]
    assert seat(world, other).person_id == world.people["erin"]
    again = visit("dana").post(f"{here}/assign", places)
    assert again.status_code == 422


@pytest.mark.parametrize(
    "places",
    [
        [],
        ["{one}:nobody"],
        ["{one}:dana-dvorak", "{one}:erin-eriksen"],
        ["{one}:dana-dvorak", "{other}:dana-dvorak"],
        ["999:dana-dvorak"],
        ["x"],
    ],
)
def test_should_change_nothing_if_a_seat_cannot_be_assigned(
    visit: Visit, world: World, places: list[str]
) -> None:
    one, other = open_seat(world), open_seat(world, role="trainer")
    sent = {"place": [each.format(one=one, other=other) for each in places]}
    answer = visit("dana").post(f"/deals/{world.deals['meridian']}/experts/assign", sent)
    assert answer.status_code == 422
    assert seat(world, one).person_id is None
    assert seat(world, other).person_id is None


def test_should_keep_a_locked_member_in_their_seat(visit: Visit, world: World) -> None:
    one = open_seat(world, "kestrel", "product expert")
    here = f"/deals/{world.deals['kestrel']}/experts?lock={one}:erin-eriksen"
    page = visit("dana").get(here).text
    shown = page[page.index("Proposed team") :]
    assert "Erin Eriksen" not in shown[: shown.index("</section>")], "she may not take the role"
    with world.database.write() as session:
        set_eligibility(session, world.people["erin"], ["product-expert"], None)
        bob = world.people["bob"]
        availability.set_availability(
            session, bob, bob, seat_limit=20, away_from=None, away_until=None
        )
        team.add_seat(
            session, world.deal(session, "brannoc"), "trainer", world.people["erin"], None
        )
    page = visit("dana").get(here).text
    shown = page[page.index("Proposed team") :]
    assert "Erin Eriksen" in shown[: shown.index("</section>")]
    assert "picked by you" in shown
    # A lock that fits nobody is left out: somebody may have left since the address was kept.
    stale = visit("dana").get(here + "x")
    assert stale.status_code == 200
    assert "picked by you" not in stale.text


def test_should_let_the_asked_member_accept(visit: Visit, world: World) -> None:
    one = open_seat(world)
    here = f"/deals/{world.deals['meridian']}/experts/seats/{one}"
    assert visit("alice").post(f"{here}/ask", {"person": "erin-eriksen"}).status_code == 303
    assert "You are asked to join" in visit("erin").get("/").text
    assert "You are asked to join" not in visit("charlie").get("/").text
    assert visit("charlie").post(f"{here}/accept").status_code == 403
    assert visit("alice").post(f"{here}/ask", {"person": "dana-dvorak"}).status_code == 409
    assert visit("erin").post(f"{here}/accept").status_code == 303
    assert (seat(world, one).person_id, seat(world, one).asked_id) == (world.people["erin"], None)
    assert visit("erin").post(f"{here}/accept").status_code == 403


def test_should_tell_whoever_is_asked_why_for_what_by_when_and_with_which_load(
    visit: Visit, world: World
) -> None:
    one = open_seat(world, "kestrel", "product expert")
    with world.database.write() as session:
        world.deal(session, "kestrel").expected_close = today() + timedelta(days=30)
    here = f"/deals/{world.deals['kestrel']}/experts"
    visit("dana").post(f"{here}/seats/{one}/ask", {"person": "bob-brandt"})
    for path in ("/", here):
        page = visit("bob").get(path).text
        shown = page[page.index("You are asked to join") :]
        shown = shown[: shown.index("</section>")]
        assert "As product expert" in shown
        assert "200,000" in shown
        assert f"closes {day(today() + timedelta(days=30))}" in shown
        assert re.search(r"<li>Product expert on \d deals</li>", shown)
        assert "deals like this" in shown
        assert "Product expert on St Brannoc patient records (won)" in shown
        assert "Your workload: On 2 of 6 deals" in shown
        assert f'action="{here}/seats/{one}/accept"' in shown
        assert "You are asked to join" not in visit("erin").get(path).text


def test_should_not_accept_beyond_the_true_limit(visit: Visit, world: World) -> None:
    one = open_seat(world)
    here = f"/deals/{world.deals['meridian']}/experts/seats/{one}"
    visit("alice").post(f"{here}/ask", {"person": "bob-brandt"})
    assert f'action="{here}/accept"' in visit("bob").get("/").text
    visit("bob").save("/availability", {"seat_limit": "2"})
    # A button that would be refused is not offered.
    page = visit("bob").get("/").text
    assert f'action="{here}/accept"' not in page
    assert f'action="{here}/decline"' in page
    assert "Raise your limit</a> to accept" in page
    answer = visit("bob").post(f"{here}/accept")
    assert answer.status_code == 409
    assert "Nightingale" not in answer.text
    assert seat(world, one).asked_id == world.people["bob"]


def test_should_select_nobody_before_a_manager_does(visit: Visit, world: World) -> None:
    one = open_seat(world, "kestrel", "product expert")
    for path in ("/staffing", f"/deals/{world.deals['kestrel']}/experts"):
        for query in ("", f"?lock={one}:bob-brandt"):
            page = visit("dana").get(path + query).text
            assert f'value="{one}:bob-brandt"' in page
            assert "checked" not in page
            assert "Select all proposed" in page
        assert "Select all proposed" not in visit("frank").get(path).text


def test_should_show_one_proposal_on_every_page(visit: Visit, world: World) -> None:
    seats = [
        open_seat(world, "kestrel", "product expert"),
        open_seat(world, "meridian", "product expert"),
        open_seat(world, "wards", "account executive"),
    ]
    everywhere = visit("dana").get("/staffing").text
    for name in ("kestrel", "meridian", "wards"):
        page = visit("dana").get(f"/deals/{world.deals[name]}/experts").text
        for one in seats:
            found = re.findall(rf'name="place"[^>]*value="({one}:[a-z-]+)"', page)
            if found:
                assert f'value="{found[0]}"' in everywhere
    assert len(re.findall(r'name="place"', everywhere)) >= 2


def test_should_say_that_nobody_is_suitable(visit: Visit, world: World) -> None:
    open_seat(world, "kestrel", "auditor")
    for path in ("/staffing", f"/deals/{world.deals['kestrel']}/experts"):
        page = visit("dana").get(path).text
        assert "<b>Auditor: no suggestion.</b>" in page


def test_should_let_the_asked_member_decline_with_a_reason(visit: Visit, world: World) -> None:
    one = open_seat(world)
    here = f"/deals/{world.deals['meridian']}/experts/seats/{one}"
    visit("alice").post(f"{here}/ask", {"person": "erin-eriksen"})
    assert visit("erin").post(f"{here}/decline").status_code == 422
    assert visit("erin").post(f"{here}/decline", {"reason": "On leave"}).status_code == 303
    assert (seat(world, one).person_id, seat(world, one).asked_id) == (None, None)
    with world.database.read() as session:
        entry = session.exec(select(TimelineEntry).where(TimelineEntry.text == "On leave")).one()
        assert entry.by_id == world.people["erin"]
    assert "declined" in visit("alice").get(f"/deals/{world.deals['meridian']}/activity").text


def test_should_cancel_the_request_to_take_a_seat(visit: Visit, world: World) -> None:
    one = open_seat(world)
    here = f"/deals/{world.deals['meridian']}/experts/seats/{one}"
    visit("alice").post(f"{here}/ask", {"person": "erin-eriksen"})
    assert (
        "Erin Eriksen is asked"
        in visit("alice").get(f"/deals/{world.deals['meridian']}/experts").text
    )
    assert visit("alice").post(f"{here}/unask").status_code == 303
    assert visit("erin").post(f"{here}/accept").status_code == 403
    assert seat(world, one).asked_id is None


def test_should_ask_nobody_who_may_not_see_a_confidential_deal(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        one = team.add_seat(session, world.deal(session, "nightingale"), "auditor", None, None)
    here = f"/deals/{world.confidential_deal}/experts/seats/{one.id}"
    answer = visit("alice").post(f"{here}/ask", {"person": "erin-eriksen"})
    assert answer.status_code == 409
    assert "Invite them" in answer.text
    assert "asked to join" not in visit("erin").get("/").text
    assert visit("erin").post(f"{here}/accept").status_code == 404


def test_should_show_understaffed_deals_and_assign_several(visit: Visit, world: World) -> None:
    one, other = open_seat(world), open_seat(world, "kestrel", "trainer")
    page = visit("dana").get("/staffing").text
    assert "Meridian plant integration" in page
    assert "Kestrel Health records" in page
    assert "Nightingale" not in page
    places = {"place": [f"{one}:erin-eriksen", f"{other}:erin-eriksen"]}
    # Charlie may change only one of the two, so nothing is changed.
    assert visit("charlie").post("/staffing/assign", places).status_code == 403
    assert seat(world, other).person_id is None
    assert visit("dana").post("/staffing/assign", places).status_code == 303
    assert seat(world, one).person_id == seat(world, other).person_id == world.people["erin"]
    again = visit("dana").post("/staffing/assign", places)
    assert again.status_code == 422


def test_should_let_members_set_only_their_own_availability(visit: Visit, world: World) -> None:
    sent = {"seat_limit": "2", "away_from": str(today() - timedelta(days=1)), "away_until": ""}
    assert visit("bob").save("/availability", sent).status_code == 303
    with world.database.read() as session:
        loads = workload.loads_of(session, world.viewer("dana"))
    assert loads[world.people["bob"]].away
    assert loads[world.people["bob"]].left == 0
    assert 'value="2"' in visit("bob").get("/availability").text
    assert "Away" in visit("dana").get("/staffing").text
    for wrong in ({"seat_limit": "many"}, {"seat_limit": ""}, {"seat_limit": "99"}):
        assert visit("bob").save("/availability", {**sent, **wrong}).status_code == 422
    backwards = {**sent, "away_until": str(today() - timedelta(days=9))}
    assert visit("bob").save("/availability", backwards).status_code == 422


def test_should_count_topics_for_experts_at_once(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['kestrel']}/experts"

    def proof(name: str) -> bool:
        return f"Skills: {name}" in visit("charlie").get(here).text

    topics = "records of patients, hospitals"
    assert not proof(topics)
    sent = {"seat_limit": "3", "skills": f" {topics.replace(', ', ' ;')};; hospitals"}
    assert visit("erin").save("/availability", sent).status_code == 303
    assert proof(topics)
    page = visit("erin").get("/availability").text
    assert 'value="records of patients; hospitals"' in page
    # A form without them leaves them, one that empties them takes them away.
    assert visit("erin").save("/availability", {"seat_limit": "3"}).status_code == 303
    assert proof(topics)
    assert visit("erin").save("/availability", {"seat_limit": "3", "skills": ""}).status_code == 303
    assert not proof(topics)
    too_long = {"seat_limit": "3", "skills": "x" * 1_001}
    assert visit("erin").save("/availability", too_long).status_code == 422


def test_should_refuse_what_every_write_must(visit: Visit, world: World) -> None:
    one = open_seat(world)
    refuses(visit, world, "/availability", {"seat_limit": "3"}, has_page=True)
    for tail, data in (
        ("assign", {"place": f"{one}:erin-eriksen"}),
        (f"seats/{one}/ask", {"person": "erin-eriksen"}),
        (f"seats/{one}/unask", {}),
    ):
        path = f"/deals/{{deal}}/experts/{tail}"
        refuses_on_deals(visit, world, path, data, deal="meridian")


def test_should_find_what_two_people_share(world: World, session: Session) -> None:
    bob, ines, jonas = (world.people[name] for name in ("bob", "ines", "jonas"))
    with world.database.write() as writing:
        for person_id in (bob, ines):
            person = writing.get_one(Person, person_id)
            person.home_town, person.languages = "Évora", "pt; en"
    with world.database.read() as reading:
        found = common_ground(reading, world.viewer("alice"), [bob], [ines, jonas])
    texts = [each.text for each in found[bob, ines]]
    assert "both from Évora" in texts
    assert "both speak Portuguese" in texts
    assert "both studied at University of Porto, 2006–2009" in texts
    assert [each.text for each in found[bob, jonas]] == [
        "both studied at University of Porto, 2006–2009"
    ]
    assert worth_of(found[bob, ines]) > worth_of(found[bob, jonas]) > 0


def test_should_propose_a_member_for_common_ground(
    world: World, catalog: Catalog, network: object
) -> None:
    one = open_seat(world, "tidewater", "trainer")
    with world.database.write() as session:
        stakeholders.add_stakeholder(
            session, world.deal(session, "tidewater"), world.people["ines"], None
        )
        for name in ("grace", "ines"):
            session.get_one(Person, world.people[name]).home_town = "Évora"
        set_eligibility(session, world.people["grace"], ["trainer"], None)
    with world.database.read() as session:
        deal = world.deal(session, "tidewater")
        found = staffing(session, world.viewer("dana"), catalog)
        (proposal,) = found.proposals[deal.id]
        fits = {fit.person_id: fit for fit in (proposal.best, *proposal.others) if fit}
    for fit in fits.values():
        assert fit.score == pytest.approx(sum(term.contribution for term in fit.terms))
    because = {term.because for fit in fits.values() for term in fit.terms if term.name == "ground"}
    assert "Inês Moreira: both from Évora" in because
    assert seat(world, one).person_id is None
