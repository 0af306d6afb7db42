"""One cell of the list of deals, edited where it stands."""

import pytest
from sqlmodel import Session

from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World

LIST = "?sort=-amount&columns=name%2Camount%2Cowner"


def test_should_edit_the_cell_that_was_clicked(
    visit: Visit, world: World, session: Session
) -> None:
    here = f"/deals/{world.deals['wards']}/cells"
    alice = visit("alice")
    assert 'data-edit="amount"' in alice.get(f"/deals{LIST}").text
    form = alice.get(f"{here}/amount{LIST}").text
    # The row of the list as it is arranged, with one form in it.
    assert form.count("<tr") == 1
    assert 'data-label="Owner"' in form
    assert 'data-label="Stage"' not in form
    assert form.count("<form") == 1
    version = world.deal(session, "wards").version
    sent = {"amount": "98,000", "currency": "EUR", "version": version}
    row = alice.post(f"{here}/amount{LIST}", sent)
    assert row.status_code == 200
    assert "98,000 EUR" in row.text
    assert "<form" not in row.text
    session.rollback()
    deal = world.deal(session, "wards")
    assert deal.amount == 98_000
    # The next change of many deals knows the version that this made.
    assert f'value="{deal.key}:{deal.version}"' in row.text
    assert "<form" not in alice.get(f"{here}{LIST}").text


def test_should_return_the_form_with_what_is_wrong(
    visit: Visit, world: World, session: Session
) -> None:
    here = f"/deals/{world.deals['wards']}/cells/amount"
    alice, version = visit("alice"), world.deal(session, "wards").version
    wrong = alice.post(here, {"amount": "much", "currency": "EUR", "version": version})
    assert wrong.status_code == 422
    assert 'value="much"' in wrong.text
    late = alice.post(here, {"amount": "1", "currency": "EUR", "version": version + 5})
    assert late.status_code == 409
    assert "Changed by a colleague" in late.text
    # A cell changes nothing but its own fields.
    other = {"amount": "1", "currency": "EUR", "version": version, "confidential": "on"}
    assert alice.post(here, other).status_code == 422
    session.rollback()
    assert world.deal(session, "wards").version == version


@pytest.mark.parametrize("cell", ["stage", "confidential", "notes"])
def test_should_edit_no_other_cell(visit: Visit, world: World, cell: str) -> None:
    here = f"/deals/{world.deals['wards']}/cells/{cell}"
    assert visit("alice").get(here).status_code == 404
    assert visit("alice").post(here, {"version": 1}).status_code == 404


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    assert "data-edit" not in visit("frank").get("/deals").text
    address = "/deals/{deal}/cells/owner"
    sent = {"owner": "alice-adeyemi", "version": 1}
    refuses_on_deals(visit, world, address, sent, has_page=True)
