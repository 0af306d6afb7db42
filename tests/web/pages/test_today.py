"""The first page."""

import re

from references.desk import advocates, consent
from references.desk.advocates import Activity
from references.desk.consent import ConsentState
from tests.references.asking import advocate
from tests.web.conftest import Visit
from tests.world import World
from workspace.clock import today
from workspace.company import set_company
from workspace.deals.lifecycle import edit
from workspace.people.tables import Person


def test_should_show_what_is_to_be_done(visit: Visit, world: World) -> None:
    page = visit("alice").get("/").text
    assert "Hello, Alice" in page
    assert "St Brannoc ward dashboards" in page
    assert "Called the ward manager." in page
    assert "Tidewater claims warehouse" not in page.split("Recently closed")[0]


def test_should_say_in_words_what_is_overdue(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        past = today().replace(year=today().year - 1, day=1)
        edit(session, deal, None, {"expected_close": past, "next_step": "Ring them"})
    page = visit("alice").get("/").text
    assert "1 overdue" in page
    assert "days overdue" in page
    assert "Ring them" in page


def test_should_keep_confidential_deals_to_their_team(visit: Visit) -> None:
    assert "Project Nightingale" in visit("bob").get("/").text
    for name in ("charlie", "dana", "frank"):
        assert "Nightingale" not in visit(name).get("/").text


def test_should_greet_those_who_may_only_read(visit: Visit) -> None:
    page = visit("frank").get("/").text
    assert "You can read the record" in page
    assert "/deals/new" not in page


def test_should_bring_suggestions_once_the_page_is_shown(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        jonas = session.get_one(Person, world.people["jonas"])
        advocate = advocates.nominate(session, jonas, None, activities=[Activity.CALL])
        consent.record_consent(session, advocate, ConsentState.GIVEN, None, source="by mail")
    alice = visit("alice")
    page = alice.get("/").text
    assert 'hx-get="/advice"' in page
    assert "Similar deal: " not in page
    assert "Reference: " not in page
    brought = alice.get("/advice", **{"HX-Request": "true"}).text
    assert "Similar deal: " in brought
    assert "Reference: " in brought
    assert "Jonas Havelka" in brought
    assert "<html" not in brought
    assert "hx-get" not in brought
    # Without scripts the same address is the whole page.
    whole = alice.get("/advice").text
    assert "Hello, Alice" in whole
    assert "Similar deal: " in whole
    assert "Nightingale" not in visit("charlie").get("/advice").text
    assert 'hx-get="/advice"' not in visit("dana").get("/").text


def test_should_show_a_manager_the_pipeline_with_figures_that_lead_to_deals(
    visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        set_company(session, None, currency="EUR")
    page = visit("dana").get("/").text
    for heading in ("Needs attention", "Pipeline", "Forecast Q", "Busiest colleagues"):
        assert heading in page
    for address in re.findall(r'href="(/deals\?[^"]+)"', page):
        assert visit("dana").get(address.replace("&amp;", "&")).status_code == 200, address
    assert "Pipeline</h2>" not in visit("charlie").get("/").text
    # Every figure of a stage leads to its deals.
    rows = re.findall(
        r'<td data-label="(?:Deals|Amount|Weighted)" class="num">(.*?)</td>', page, re.S
    )
    assert rows
    assert all('href="/deals?' in row for row in rows)


def test_should_show_each_role_what_it_comes_for(visit: Visit) -> None:
    for name, heading in (
        ("alice", "My open deals"),
        ("erin", "Reference desk"),
        ("grace", "Setup"),
    ):
        assert f"{heading}</h2>" in visit(name).get("/").text, name


def test_should_begin_with_advocates_where_there_are_none(visit: Visit, world: World) -> None:
    page = visit("erin").get("/").text
    assert "No advocates yet" in page
    assert 'href="/references/advocates/new"' in page
    with world.database.write() as session:
        advocate(session, world, "ines")
    page = visit("erin").get("/").text
    assert "No advocates yet" not in page
    assert "Consents to renew</h2>" in page


def test_should_write_kinds_as_they_are_written(visit: Visit) -> None:
    page = visit("erin").get("/library/new").text
    assert ">ROI model</option>" in page
    assert ">Case study</option>" in page


def test_should_keep_currency_rates_and_quotas(visit: Visit, world: World) -> None:
    here, dana = "/deals/targets", visit("dana")
    assert dana.post(f"{here}/currency", {"currency": "eur"}).status_code == 303
    rate = {"of": "PLN", "day": "2026-01-01", "rate": "0.25"}
    assert dana.post(f"{here}/rates", rate).status_code == 303
    assert "0.250000" in dana.get(here).text
    for wrong in ({"rate": "0"}, {"rate": "x"}, {"of": "EUR"}, {"of": ""}, {"day": "1"}):
        assert dana.post(f"{here}/rates", {**rate, **wrong}).status_code == 422, wrong
    assert dana.post(f"{here}/rates/remove", {"of": "PLN", "day": "2026-01-01"}).status_code == 303
    field = re.search(r'name="(quota-[\w-]+-\d{4}-Q\d)"', dana.get(here).text)
    assert field
    assert dana.save(f"{here}", {}).status_code == 405
    seen = re.search(r'name="seen" value="([^"]+)"', dana.get(here).text)
    assert seen
    sent = {"seen": seen[1], field[1]: "125,000"}
    assert dana.post(f"{here}/quotas", sent).status_code == 303
    assert 'value="125,000"' in dana.get(here).text
    # The form was opened before.
    assert dana.post(f"{here}/quotas", sent).status_code == 409
    assert visit("alice").post(f"{here}/currency", {"currency": "EUR"}).status_code == 403
