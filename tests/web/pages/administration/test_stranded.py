"""Confidential deals without readers, and the way into them."""

import pytest
from sqlmodel import select

from tests.web.conftest import Visit, acts
from tests.world import World
from workspace.audit import AuditEntry
from workspace.deals import leaving
from workspace.deals.tables import DealInvitation
from workspace.delivery.outbox import OutboxMessage
from workspace.people import members
from workspace.people.tables import Role

LIST = "/administration/deals"
PROPOSAL = {"reader": "dana-dvorak", "reason": "The customer calls"}


@pytest.fixture
def stranded(world: World) -> str:
    """The deal of Alice and Bob, who have left; Erin administers beside Grace."""
    with world.database.write() as session:
        members.set_roles(session, world.people["erin"], [Role.ADMIN], by=None)
        for name in ("alice", "bob"):
            leaving.deactivate(session, world.people[name], by=None)
    return world.confidential_deal


def test_should_be_for_administrators_and_deals_without_readers(visit: Visit, world: World) -> None:
    key = world.confidential_deal
    before = acts(world)
    for name in ("alice", "charlie", "dana", "erin", "frank"):
        assert visit(name).get(LIST).status_code == 403
        assert visit(name).post(f"{LIST}/{key}/proposal", PROPOSAL).status_code == 403
    # While a member sees it, administrators learn nothing of it.
    page = visit("grace").get(LIST).text
    assert "Every deal has a reader" in page
    assert key not in page
    for absent in (key, "D-9999", world.deals["wards"]):
        assert visit("grace").post(f"{LIST}/{absent}/proposal", PROPOSAL).status_code == 404
    assert acts(world) == before


def test_should_take_two_administrators(visit: Visit, world: World, stranded: str) -> None:
    grace, erin = visit("grace"), visit("erin")
    page = grace.get(LIST).text
    assert stranded in page
    assert "Former team: Alice Adeyemi, Bob Brandt" in page
    assert "Nightingale" not in page
    here = f"{LIST}/{stranded}"
    assert grace.post(f"{here}/proposal", {**PROPOSAL, "reason": ""}).status_code == 422
    assert (
        grace.post(f"{here}/proposal", {**PROPOSAL, "reader": "alice-adeyemi"}).status_code == 422
    )
    assert grace.post(f"{here}/proposal", PROPOSAL).status_code == 303
    assert "Grace Gwara proposes Dana" in erin.get(LIST).text
    confirmation = {"reader": "dana-dvorak"}
    # The same administrator cannot confirm, and nobody something else than they read.
    assert grace.post(f"{here}/confirmation", confirmation).status_code == 409
    assert erin.post(f"{here}/confirmation", {"reader": "erin-eriksen"}).status_code == 409
    assert visit("dana").get(f"/deals/{stranded}").status_code == 404
    assert erin.post(f"{here}/confirmation", confirmation).status_code == 303
    assert visit("dana").get(f"/deals/{stranded}").status_code == 200
    for name in ("grace", "erin"):
        assert visit(name).get(f"/deals/{stranded}").status_code == 404
        assert "Every deal has a reader" in visit(name).get(LIST).text
    with world.database.read() as session:
        told = session.exec(select(OutboxMessage)).all()
        assert sorted(mail.recipient for mail in told) == [world.email("alice"), world.email("bob")]
        assert all("Nightingale" not in mail.subject + mail.body for mail in told)
        done = session.exec(
            select(AuditEntry).where(AuditEntry.action == "recovery confirmed")
        ).one()
        assert done.by_id == world.people["erin"]
        assert done.detail["asked_by_id"] == world.people["grace"]
        assert session.exec(select(DealInvitation.person_id)).one() == world.people["dana"]
    page = visit("dana").get(f"/deals/{stranded}").text
    assert "Visible to" in page


def test_should_withdraw_a_proposal(visit: Visit, world: World, stranded: str) -> None:
    here = f"{LIST}/{stranded}"
    visit("grace").post(f"{here}/proposal", PROPOSAL)
    assert visit("erin").post(f"{here}/withdrawal").status_code == 303
    assert visit("erin").post(f"{here}/confirmation", {"reader": "dana-dvorak"}).status_code == 404
    assert "Propose" in visit("grace").get(LIST).text


def test_should_say_who_sees_a_confidential_deal_and_why(visit: Visit, world: World) -> None:
    key = world.confidential_deal
    visit("alice").post(f"/deals/{key}/invitations", {"person": "charlie-costa"})
    page = visit("charlie").get(f"/deals/{key}").text
    for name, why in (("Alice Adeyemi", "Owner"), ("Charlie Costa", "Invited")):
        assert f'{name}</p><p class="muted">{why}' in page
