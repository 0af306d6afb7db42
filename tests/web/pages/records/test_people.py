"""People."""

import re

import pytest
from sqlmodel import Session, select

from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World
from workspace.deals.stakeholders import add_stakeholder
from workspace.people.tables import Membership, Person

HTMX = {"HX-Request": "true"}


def test_should_list_and_search(visit: Visit) -> None:
    frank = visit("frank")
    everybody = frank.get("/people").text
    assert "Inês Moreira" in everybody
    assert "Bob Brandt" in everybody
    ours = frank.get("/people?who=members", **HTMX).text
    assert "Bob Brandt" in ours
    assert "Inês Moreira" not in ours
    assert "Bob Brandt" in frank.get("/people?q=warehousing", **HTMX).text
    assert frank.get("/people?who=enemies").status_code == 422


def test_should_show_a_person_and_only_deals_that_the_viewer_may_see(visit: Visit) -> None:
    assert "Project Nightingale" in visit("alice").get("/people/bob-brandt").text
    page = visit("charlie").get("/people/bob-brandt").text
    assert "University of Porto" in page
    assert "St Brannoc ward dashboards" in page
    assert "Ward demo" in page
    assert "Nightingale" not in page
    assert visit("charlie").get("/people/nobody").status_code == 404


def test_should_credit_a_member_with_closed_deals(visit: Visit, world: World) -> None:
    page = visit("charlie").get("/people/bob-brandt").text
    credits = page[page.index('id="credits-title"') :]
    credits = credits[: credits.index("</section>")]
    assert "St Brannoc patient records" in credits
    assert "Product expert · St Brannoc Hospital" in credits
    assert "ward dashboards" not in credits
    # It is evidence, not a table of who brings most.
    assert "240,000" not in credits
    assert "Owner · Lumen Bank" in visit("frank").get("/people/charlie-costa").text
    assert "credits-title" not in visit("frank").get("/people/ines-moreira").text


def test_should_add_a_contact(visit: Visit, session: Session) -> None:
    answer = visit("erin").post(
        "/people",
        {"name": "Zoë Žák", "email": "Zoe@Havel.example", "account": "havel clinics"},
    )
    assert answer.headers["location"] == "/people/zoe-zak"
    page = visit("erin").get("/people/zoe-zak").text
    assert "zoe@havel.example" in page
    assert "Havel Clinics" in page
    again = visit("erin").post("/people", {"name": "Other", "email": "zoe@havel.example"})
    assert again.status_code == 422


def test_should_keep_a_members_telephone_and_ask_for_no_street(
    visit: Visit, session: Session, world: World
) -> None:
    bob, here = visit("bob"), "/people/bob-brandt"
    page = bob.get(f"{here}/edit").text
    assert 'name="phone"' in page
    assert 'name="street"' not in page
    assert bob.save(f"{here}/edit", {"name": "Bob Brandt", "phone": "555 0123"}).status_code == 303
    assert session.get_one(Person, world.people["bob"]).phone == "555 0123"
    assert 'href="tel:5550123"' in visit("frank").get(here).text
    home = {"name": "Bob Brandt", "street": "1 Mill Lane"}
    assert bob.save(f"{here}/edit", home).status_code == 422


def test_should_edit_a_contact_and_add_what_they_did(
    visit: Visit, session: Session, world: World
) -> None:
    charlie, here = visit("charlie"), "/people/jonas-havelka"
    assert (
        charlie.save(f"{here}/edit", {"name": "Jonas Havelka", "title": "CDO"}).status_code == 303
    )
    assert session.get_one(Person, world.people["jonas"]).title == "CDO"
    job = {"organisation": "Lumen Bank", "title": "Analyst", "start": "2010-01-01"}
    assert charlie.post(f"{here}/employment", job).status_code == 303
    school = {"institution": "Charles University", "degree": "MSc", "end": "2009-06-30"}
    assert charlie.post(f"{here}/education", school).status_code == 303
    page = charlie.get(here).text
    assert f"/accounts/{world.accounts['lumen']}" in page
    assert "Charles University" in page
    backwards = {**job, "end": "2001-01-01"}
    wrong = charlie.post(f"{here}/employment", backwards)
    assert wrong.status_code == 422
    assert "Enter a date after the start" in wrong.text


def test_should_keep_what_a_person_belongs_to(visit: Visit, session: Session) -> None:
    charlie, here = visit("charlie"), "/people/jonas-havelka"
    board = {"kind": "board", "organisation": "Ward Forum", "role": "chair", "start": "2019-01-01"}
    assert charlie.post(f"{here}/memberships", board).status_code == 303
    page = charlie.get(here).text
    assert "Ward Forum" in page
    assert "Board, chair" in page
    assert charlie.post(f"{here}/memberships", {**board, "kind": "club"}).status_code == 422
    wrong = charlie.post(f"{here}/memberships", {**board, "end": "2001-01-01"})
    assert wrong.status_code == 422
    assert "Enter a date after the start" in wrong.text
    row = session.exec(select(Membership)).one()
    fact = f"facts/memberships/{row.id}"
    assert charlie.post(f"/people/ines-moreira/{fact}/remove").status_code == 404
    assert charlie.post(f"{here}/{fact}/remove").status_code == 303
    undo = re.search(r'action="(/deleted/\d+/restore)"', charlie.get(here).text)
    assert undo
    del charlie.cookies["flash"]
    assert "Ward Forum" not in charlie.get(here).text
    assert charlie.post(undo[1]).status_code == 303
    assert "Ward Forum" in charlie.get(here).text
    assert charlie.post(f"{here}/{fact}/remove").status_code == 303


def test_should_keep_a_profile_in_one_form(visit: Visit) -> None:
    erin, here = visit("erin"), "/people/jonas-havelka"
    data = {"name": "Jonas Havelka", "profile": "https://www.LinkedIn.com/in/Jonas/?trk=x"}
    assert erin.save(f"{here}/edit", data).status_code == 303
    assert 'href="https://linkedin.com/in/jonas"' in erin.get(here).text
    wrong = erin.save(f"{here}/edit", {**data, "profile": "javascript:alert(1)"})
    assert wrong.status_code == 422
    assert "The address of a profile" in wrong.text


def test_should_leave_members_their_own_profile(visit: Visit) -> None:
    here = "/people/bob-brandt/edit"
    data = {"name": "Bob Brandt", "skills": "hospitals"}
    for stranger in ("alice", "dana", "frank"):
        assert visit(stranger).post(here, data).status_code == 403
        assert visit(stranger).get(here).status_code == 403
    assert visit("bob").save(here, data).status_code == 303
    data["email"] = "bob@dealkin.example"
    assert visit("bob").save(here, data).status_code == 422
    assert visit("grace").save(here, data).status_code == 303
    assert visit("bob").save(here, {**data, "email": ""}).status_code == 422
    assert visit("bob").save(here, {**data, "password_hash": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("path", "data", "has_page"),
    [
        ("/people", {"name": "New"}, True),
        ("/people/jonas-havelka/edit", {"name": "Jonas"}, True),
        ("/people/jonas-havelka/employment", {"organisation": "x"}, False),
        ("/people/jonas-havelka/education", {"institution": "x"}, False),
        ("/people/jonas-havelka/memberships", {"kind": "board", "organisation": "x"}, False),
        ("/people/jonas-havelka/facts/memberships/1/remove", {}, False),
    ],
)
def test_should_refuse_what_every_write_refuses(
    visit: Visit, world: World, path: str, data: dict[str, str], has_page: bool
) -> None:
    refuses(visit, world, path, data, has_page=has_page)
    missing = path.replace("jonas-havelka", "nobody")
    if missing != path:
        assert visit("alice").post(missing, data).status_code == 404


def test_should_say_what_a_contact_is_on_deals(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        for name in ("wards", "nightingale"):
            deal = world.deal(session, name)
            add_stakeholder(session, deal, world.people["ines"], None, buying_role="economic buyer")
    page = visit("charlie").get("/people/ines-moreira").text
    assert "St Brannoc ward dashboards" in page
    assert "Economic buyer" in page
    assert "Nightingale" not in page
    assert "Project Nightingale" in visit("alice").get("/people/ines-moreira").text
    assert "No deals yet" in visit("alice").get("/people/jonas-havelka").text
