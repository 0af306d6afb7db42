"""The pages of API tokens, and the documentation of the API."""

import re

import pytest
from sqlmodel import Session, col, select

from tests.web.conftest import Visit
from tests.world import World
from workspace.audit import AuditEntry
from workspace.people.api_tokens import ApiToken

FORM = {"label": "Forecast sheet", "scope": "read", "days": "90"}


def secret_in(text: str) -> str:
    found = re.search(r'value="(dealkin_[\w-]+)"', text)
    return found[1] if found else ""


def test_should_show_a_new_token_once(visit: Visit) -> None:
    alice = visit("alice")
    secret = secret_in(alice.post("/tokens", FORM).text)
    assert secret
    page = alice.get("/tokens").text
    assert "Forecast sheet" in page
    assert "never used" in page
    assert secret not in page
    calls = {"Authorization": f"Bearer {secret}"}
    assert alice.client.get("/api/v1/deals", headers=calls).status_code == 200


def test_should_end_a_token_where_it_is_listed(visit: Visit, session: Session) -> None:
    alice = visit("alice")
    secret = secret_in(alice.post("/tokens", FORM).text)
    [key] = session.exec(select(ApiToken.key)).all()
    assert visit("bob").post(f"/tokens/{key}/revoke").status_code == 404
    assert alice.post(f"/tokens/{key}/revoke").status_code == 303
    assert "No tokens yet" in alice.get("/tokens").text
    calls = {"Authorization": f"Bearer {secret}"}
    assert alice.client.get("/api/v1/deals", headers=calls).status_code == 401


def test_should_keep_a_refused_form(visit: Visit) -> None:
    page = visit("alice").post("/tokens", {"label": "Sheet", "days": "90"})
    assert page.status_code == 422
    assert 'value="Sheet"' in page.text
    assert "Select what the token may do." in page.text


def test_should_let_administrators_make_and_end_service_tokens(
    visit: Visit, world: World, session: Session
) -> None:
    grace, here = visit("grace"), "/administration/tokens"
    form = {**FORM, "scope": "write", "service": "new", "name": "Data warehouse", "role": "rep"}
    secret = secret_in(grace.post(here, form).text)
    page = grace.get(here).text
    assert "Data warehouse</a> (service account)" in page
    [key] = session.exec(select(ApiToken.key)).all()
    calls = {"Authorization": f"Bearer {secret}"}
    body = {"name": "Ward boards", "account": "Orlik Clinics"}
    made = grace.client.post("/api/v1/deals", json=body, headers=calls)
    assert made.json()["owner"]["name"] == "Data warehouse"
    session.rollback()
    logged = select(AuditEntry.by_id).where(AuditEntry.action == "deal logged")
    latest = logged.order_by(col(AuditEntry.id))
    service = select(ApiToken.person_id)
    assert session.exec(latest).all()[-1] == session.exec(service).one()
    # A second token for the account that is there.
    again = {**FORM, "service": "data-warehouse"}
    assert secret_in(grace.post(here, again).text)
    assert grace.post(f"{here}/{key}/revoke").status_code == 303


def test_should_document_the_api_without_anything_from_elsewhere(visit: Visit) -> None:
    page = visit("alice").get("/api/docs").text
    for text in ("/api/v1/deals/{key}/similar", "If-Match", "DealShown", "Idempotency-Key"):
        assert text in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.parametrize("path", ["/tokens", "/api/docs"])
def test_should_ask_for_a_sign_in(visit: Visit, path: str) -> None:
    assert visit(None).get(path).status_code == 303
