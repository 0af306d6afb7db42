"""The References tab of a deal: whom to ask, and asking."""

import pytest
from sqlmodel import Session, select

from references.desk import advocates, consent
from references.desk.advocates import Activity
from references.desk.consent import ConsentState
from references.desk.request import ReferenceRequest, State
from references.network.ties import TieKind, assert_tie
from references.suggestions import in_a_line
from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World
from workspace.deals import stakeholders
from workspace.people import people
from workspace.people.tables import Person

ASK = {"advocate": "jonas-havelka", "activity": "reference call", "message": "About the move."}


@pytest.fixture(autouse=True)
def _advocate(world: World, network: object) -> None:
    """Jonas vouches for us and knows Ola, a stakeholder at Meridian Motors."""
    with world.database.write() as session:
        jonas = session.get_one(Person, world.people["jonas"])
        advocate = advocates.nominate(session, jonas, None, activities=[Activity.CALL])
        consent.record_consent(session, advocate, ConsentState.GIVEN, None, source="by mail")
        meridian = world.account(session, "meridian")
        ola = people.add_contact(session, "Ola Olsen", None, account_id=meridian.id, title="CFO")
        world.people["ola"] = ola.id
        stakeholders.add_stakeholder(
            session, world.deal(session, "meridian"), ola.id, None, buying_role="economic buyer"
        )
        assert_tie(
            session, jonas.id, ola.id, TieKind.STUDIED, evidence="Brno, 1999–2003",
            asserted_by_id=world.people["erin"],
        )  # fmt: skip


def requests(world: World) -> list[ReferenceRequest]:
    with world.database.read() as session:
        return list(session.exec(select(ReferenceRequest)))


def test_should_show_whom_to_ask_and_why(visit: Visit, world: World) -> None:
    page = visit("charlie").get(f"/deals/{world.deals['meridian']}/references").text
    assert "Jonas Havelka" in page
    assert "Brno, 1999–2003" in page
    assert '<svg class="path"' in page
    assert "Send request" not in page
    mine = visit("alice").get(f"/deals/{world.deals['meridian']}/references").text
    assert "Send request" in mine


def test_should_say_that_nobody_agreed_to_an_activity(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['meridian']}/references"
    page = visit("alice").get(here + "?activity=press").text
    assert "No advocate is available for this now" in page
    assert "1 advocate not available now" in page
    assert visit("alice").get(here + "?activity=bribe").status_code == 422


def test_should_show_the_first_who_cannot_be_asked_and_all_on_request(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pages.deal_room.references.LEFT_OUT", 1)
    with world.database.write() as session:
        meridian = world.account(session, "meridian")
        for name in ("Ada Quiet", "Bo Quiet"):
            person = people.add_contact(session, name, None, account_id=meridian.id)
            advocates.nominate(session, person, None, activities=[Activity.CALL])
    here = f"/deals/{world.deals['tidewater']}/references"
    page = visit("alice").get(here).text
    assert "2 advocates not available now" in page
    assert ("Ada Quiet" in page, "Bo Quiet" in page) == (True, False)
    everybody = visit("alice").get(here + "?activity=reference+call&all=on").text
    assert "Bo Quiet" in everybody
    # Whoever asked for all sees them.
    assert '<details class="card left-out">' in page
    assert '<details class="card left-out" open>' in everybody


def test_should_send_a_request(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['meridian']}/references"
    answer = visit("alice").post(here, {**ASK, "prospect": "ola-olsen"})
    assert answer.headers["location"] == here
    (request,) = requests(world)
    assert request.state == State.SUBMITTED
    assert request.prospect_id == world.people["ola"]
    assert request.requested_by_id == world.people["alice"]
    assert "knows Ola Olsen" in in_a_line(request.fit)
    page = visit("alice").get(here).text
    assert "Submitted" in page
    assert request.key in page


def test_should_keep_a_private_tie_out_of_the_request(
    visit: Visit, world: World, session: Session
) -> None:
    with world.database.write() as writing:
        jonas, havel = world.people["jonas"], world.account(writing, "havel")
        pia = people.add_contact(writing, "Pia Private", None, account_id=havel.id)
        assert_tie(
            writing, jonas, pia.id, TieKind.WORKED, asserted_by_id=world.people["alice"],
            visibility="private", base=0.95,
        )  # fmt: skip
        stakeholders.add_stakeholder(writing, world.deal(writing, "meridian"), pia.id, None)
    visit("alice").post(f"/deals/{world.deals['meridian']}/references", ASK)
    (request,) = requests(world)
    assert "Pia" not in in_a_line(request.fit)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"advocate": "nobody"}, 404),
        ({"advocate": ""}, 422),
        ({"activity": "bribe"}, 422),
        ({"prospect": "ines-moreira"}, 422),
        ({"activity": "press"}, 409),
    ],
)
def test_should_refuse_an_impossible_request(
    visit: Visit, world: World, wrong: dict[str, str], status: int
) -> None:
    answer = visit("alice").post(f"/deals/{world.deals['meridian']}/references", {**ASK, **wrong})
    assert answer.status_code == status
    assert requests(world) == []


def test_should_say_from_which_stage_a_deal_may_ask(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/references"
    page = visit("alice").get(here).text
    assert "requested from Needs Analysis on. This deal is at Qualification." in page
    assert "Send request" not in page
    assert visit("alice").post(here, ASK).status_code == 409


def test_should_refuse_what_every_write_must(visit: Visit, world: World) -> None:
    refuses_on_deals(visit, world, "/deals/{deal}/references", ASK, deal="meridian", has_page=True)
