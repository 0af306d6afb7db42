"""Accounts."""

import pytest
from sqlmodel import Session, select

from references.buyers import people
from references.network.ties import TieKind, assert_tie
from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World
from workspace.people.people import add_contact
from workspace.people.tables import Person

HTMX = {"HX-Request": "true"}


def test_should_show_the_form_again_though_nothing_was_in_it(visit: Visit, world: World) -> None:
    for path in (
        "/accounts",
        f"/accounts/{world.accounts['brannoc']}/edit",
        "/people",
        "/people/ines-moreira/edit",
        "/library",
        f"/library/{world.assets['demo']}/edit",
        "/deals",
    ):
        answer = visit("grace").save(path)
        assert answer.status_code == 422, path
        assert "Required." in answer.text, path


def test_should_list_and_search(visit: Visit) -> None:
    frank = visit("frank")
    assert "Banco Ribera" in frank.get("/accounts").text
    found = frank.get("/accounts?q=hospital", **HTMX).text
    assert "St Brannoc Hospital" in found
    assert "Banco Ribera" not in found
    assert "Banco Ribera" in frank.get("/accounts?industry=K", **HTMX).text
    assert frank.get("/accounts?relationship=friend").status_code == 422


def test_should_show_the_deals_that_the_viewer_may_see(visit: Visit, world: World) -> None:
    here = f"/accounts/{world.accounts['kestrel']}"
    assert "Project Nightingale" in visit("alice").get(here).text
    page = visit("charlie").get(here).text
    assert "Kestrel Health records" in page
    assert "Nightingale" not in page
    assert visit("charlie").get("/accounts/nowhere").status_code == 404


def test_should_say_that_some_of_a_large_account_are_looked_at(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.write() as session:
        account = world.account(session, "kestrel")
        made = [
            add_contact(session, f"Person {number}", None, account_id=account.id)
            for number in range(4)
        ]
        for other in made[1:]:
            assert_tie(
                *(session, made[0].id, other.id, TieKind.STUDIED),
                asserted_by_id=world.people["alice"],
            )
        there = len(session.exec(select(Person.id).where(Person.account_id == account.id)).all())
    here = f"/accounts/{world.accounts['kestrel']}"
    told = f"Among 3 of {there} people"
    page = visit("alice").get(here).text
    assert "Inner circle" in page
    assert "Among" not in page
    monkeypatch.setattr(people, "MOST_PEOPLE", 3)
    assert told in visit("alice").get(here).text


def test_should_add_an_account(visit: Visit) -> None:
    answer = visit("charlie").post(
        "/accounts",
        {"name": "Nový Účet", "country": "CZ", "headcount": "50", "relationship": "prospect"},
    )
    assert answer.headers["location"] == "/accounts/novy-ucet"
    assert "Central &amp; Eastern Europe" in visit("charlie").get("/accounts/novy-ucet").text
    again = visit("charlie").post("/accounts", {"name": "novy ucet"})
    assert again.status_code == 422
    assert "An account of this name exists already" in again.text


def test_should_keep_telephone_and_address(visit: Visit) -> None:
    reached = {"phone": "+44 1632 960 012; 112", "street": "Dlouhá 9", "postcode": "110 00"}
    facts = {"name": "Nový Účet", "city": "Praha", "country": "CZ", **reached}
    charlie = visit("charlie")
    assert charlie.post("/accounts", facts).status_code == 303
    page = charlie.get("/accounts/novy-ucet").text
    assert 'href="tel:+441632960012"' in page
    assert "Dlouhá 9, 110 00 Praha" in page
    for value in reached.values():
        assert f'value="{value}"' in charlie.get("/accounts/novy-ucet/edit").text
    rows = charlie.post("/exports/accounts", {"format": "csv"}).text
    assert "'+44 1632 960 012; 112,Dlouhá 9,110 00,Praha,Czechia" in rows
    wrong = charlie.save("/accounts/novy-ucet/edit", {**facts, "phone": "4.2E+11"})
    assert wrong.status_code == 422
    assert "Enter a phone number, for example" in wrong.text


def test_should_tell_an_account_called_new_from_the_form_for_one(visit: Visit) -> None:
    answer = visit("charlie").post("/accounts", {"name": "New"})
    assert answer.headers["location"] == "/accounts/new-2"
    assert "<h1>New</h1>" in visit("charlie").get("/accounts/new-2").text


def test_should_edit_an_account(visit: Visit, world: World, session: Session) -> None:
    here = f"/accounts/{world.accounts['havel']}/edit"
    assert "Havel Clinics" in visit("alice").get(here).text
    answer = visit("alice").save(
        here, {"name": "Havel Clinics", "parent": "Kestrel Health", "headcount": "900"}
    )
    assert answer.status_code == 303
    account = world.account(session, "havel")
    assert account.headcount == 900
    assert account.parent_id == world.account(session, "kestrel").id
    assert "Havel Clinics" in visit("alice").get(f"/accounts/{world.accounts['kestrel']}").text
    circle = visit("alice").save(
        f"/accounts/{world.accounts['kestrel']}/edit",
        {"name": "Kestrel Health", "parent": "Havel Clinics"},
    )
    assert circle.status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("parent", "Nobody"), ("headcount", "-5"), ("relationship", "friend")],
)
def test_should_return_the_form_with_what_is_wrong(
    visit: Visit, world: World, field: str, value: str
) -> None:
    answer = visit("alice").save(
        f"/accounts/{world.accounts['havel']}/edit",
        {"name": "Havel Clinics", "description": "keep me", field: value},
    )
    assert answer.status_code == 422
    assert "keep me" in answer.text


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses(visit, world, "/accounts", {"name": "Another"}, has_page=True)
    here = f"/accounts/{world.accounts['havel']}/edit"
    refuses(visit, world, here, {"name": "Havel Clinics", "domain": "x.example"}, has_page=True)
    assert visit("alice").post("/accounts/nowhere/edit", {"name": "x"}).status_code == 404
    assert visit("frank").get("/accounts/new").status_code == 403
