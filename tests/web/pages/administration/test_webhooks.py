"""The administrators' pages of webhooks."""

import re
from pathlib import Path

import pytest
from sqlmodel import col, select

from tests.web.conftest import Visit
from tests.webhook_receiver import receiving
from tests.world import World
from web.conditions import stored_conditions
from web.workspace import Workspace
from workspace.audit import AuditEntry
from workspace.deals import lifecycle
from workspace.people import members
from workspace.people.tables import Role
from workspace.settings import Settings
from workspace.webhooks import sending
from workspace.webhooks.tables import WebhookEndpoint, WebhookMessage

LIST = "/administration/webhooks"
FACTS = {"name": "BI", "url": "https://bi.example/events", "events": ["deal", "stage"]}


def secret_in(page: str) -> str:
    found = re.search(r'value="(whsec_[^"]+)"', page)
    assert found
    return found[1]


def test_should_add_a_webhook_test_it_and_replay_what_failed(
    visit: Visit, world: World, tmp_path: Path
) -> None:
    grace = visit("grace")
    assert "No webhooks yet" in grace.get(LIST).text
    settings = Settings(home=tmp_path, internal_addresses="127.0.0.1/32")
    with receiving() as receiver:
        added = grace.post(LIST, {**FACTS, "url": receiver.url})
        assert added.status_code == 200
        assert secret_in(added.text) not in grace.get(f"{LIST}/1").text
        with world.database.write() as session:
            deal = world.deal(session, "wards")
            lifecycle.edit(session, deal, None, {"next_step": "Call"})
        receiver.answer = 410
        assert sending.send_next(world.database, settings)
        page = grace.get(f"{LIST}/1").text
        assert "Stopped" in page
        assert "The receiver answered 410 Gone" in page
        with world.database.read() as session:
            conditions = stored_conditions(session, world.database, settings)
        assert "Events are not delivered: see Webhooks, BI." in [each.text for each in conditions]
        receiver.answer = 200
        assert grace.post(f"{LIST}/1/resume").status_code == 303
        assert grace.post(f"{LIST}/1/test").status_code == 303
        while sending.send_next(world.database, settings):
            pass
        page = grace.get(f"{LIST}/1?state=delivered").text
        assert "deal.edited" in page
        assert page.count("msg_") == 4
        with world.database.write() as session:
            first = session.exec(select(WebhookMessage).order_by(col(WebhookMessage.id))).first()
            assert first is not None
        assert grace.post(f"{LIST}/1/messages/{first.id}/replay").status_code == 303
        assert sending.send_next(world.database, settings)
        assert receiver.ids.count(receiver.ids[0]) == 2
    with world.database.write() as session:
        session.get_one(WebhookMessage, first.id).dropped_at = first.created_at
    assert grace.post(f"{LIST}/1/replay", {"since": ""}).status_code == 422
    assert grace.post(f"{LIST}/1/replay", {"since": "2026-01-01"}).status_code == 303
    with world.database.read() as session:
        assert session.get_one(WebhookMessage, first.id).dropped_at is None
        actions = session.exec(
            select(AuditEntry.action).where(AuditEntry.subject == "webhook 1")
        ).all()
    assert {"webhook added", "webhook stopped", "webhook resumed", "webhook replayed"} == set(
        actions
    )


@pytest.mark.parametrize(
    ("field", "value"), [("url", "ftp://a.example"), ("url", ""), ("name", ""), ("events", "all")]
)
def test_should_refuse_what_cannot_be_an_endpoint(visit: Visit, field: str, value: str) -> None:
    answer = visit("grace").post(LIST, {**FACTS, field: value})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text


def test_should_act_as_the_administrator_who_saves_it_last(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        members.set_roles(session, world.people["bob"], {Role.ADMIN})
    bob, grace = visit("bob"), visit("grace")
    assert bob.post(LIST, FACTS).status_code == 200
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        lifecycle.edit(session, deal, None, {"next_step": "Wait"})
    assert "deal.edited" in bob.get(f"{LIST}/1").text
    page = grace.get(f"{LIST}/1").text
    assert "Acts as Bob Brandt" in page
    assert "deal.edited" not in page
    assert "No events yet" in page
    assert grace.save(f"{LIST}/1", {**FACTS, "url": "https://grace.example"}).status_code == 303
    with world.database.read() as session:
        assert session.get_one(WebhookEndpoint, 1).acts_as_id == world.people["grace"]
        assert session.exec(select(WebhookMessage)).all() == []


def test_should_rotate_the_secret_and_renew_its_key(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    grace = visit("grace")
    first = secret_in(grace.post(LIST, FACTS).text)
    second = secret_in(grace.post(f"{LIST}/1/rotate").text)
    assert first != second
    with world.database.read() as session:
        row = session.get_one(WebhookEndpoint, 1)
        assert workspace.keyring.decrypt(row.secret) == second
        assert workspace.keyring.decrypt(row.former_secret) == first
    assert grace.post(f"{LIST}/1/remove").status_code == 303
    assert grace.get(f"{LIST}/1").status_code == 404
