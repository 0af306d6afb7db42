"""What other programs are told, and of what they are not."""

import json
from typing import Any

import pytest
from sqlmodel import col, select

from references import removal
from references.desk import consent
from references.desk.advocates import advocate_of
from references.desk.consent import ConsentState
from references.imports import EXTENSION
from references.webhook_events import TYPES
from tests.references.asking import advocate
from tests.world import World, stage
from web.workspace import Workspace
from workspace.deals import lifecycle, team
from workspace.deals.access import readable_deal
from workspace.deals.tables import Seat
from workspace.people.field_rights import FieldGroup, set_roles_of_field
from workspace.people.tables import Role
from workspace.revisions import history
from workspace.webhooks import endpoints
from workspace.webhooks.tables import EventGroup, WebhookMessage


@pytest.fixture
def hooked(world: World, workspace: Workspace) -> World:
    """The cast, with an endpoint that acts as Grace and is told of everything."""
    with world.database.write() as session:
        by = world.people["grace"]
        endpoints.add_endpoint(
            session, workspace.keyring, "All", "https://a.example", EventGroup, by=by
        )
        endpoints.add_endpoint(
            session, workspace.keyring, "Stages", "https://b.example", [EventGroup.STAGE], by=by
        )
    return world


def told(world: World, endpoint: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """The types and the data of the messages to an endpoint, which are then forgotten."""
    with world.database.write() as session:
        query = select(WebhookMessage).where(WebhookMessage.endpoint_id == endpoint)
        rows = session.exec(query.order_by(col(WebhookMessage.id))).all()
        bodies = [json.loads(row.body) for row in rows]
        for row in rows:
            session.delete(row)
    assert all(body.keys() == {"type", "timestamp", "data"} for body in bodies)
    assert {body["type"] for body in bodies} <= set(TYPES)
    return [(body["type"], body["data"]) for body in bodies]


def test_should_tell_of_deals_and_stages_with_keys_and_links(hooked: World) -> None:
    wards = hooked.deals["wards"]
    with hooked.database.write() as session:
        deal = hooked.deal(session, "wards")
        lifecycle.edit(session, deal, None, {"name": "Secret plan", "next_step": "Call Inês"})
        lifecycle.advance(session, deal, stage(session, "Closed Won"), None)
        logged = lifecycle.log(
            session, "A deal", hooked.account(session, "havel"), hooked.people["alice"]
        ).key
    link = {"key": wards, "url": f"http://127.0.0.1:8000/deals/{wards}"}
    assert told(hooked) == [
        ("deal.edited", {"deal": link, "changed": ["name", "next_step"]}),
        ("stage.changed", {"deal": link, "stage": {"from": "Qualification", "to": "Closed Won"}}),
        ("deal.logged", {"deal": {"key": logged, "url": link["url"].replace(wards, logged)}}),
    ]
    assert [kind for kind, _ in told(hooked, 2)] == ["stage.changed"]


def test_should_tell_of_deletion_and_restoration(hooked: World) -> None:
    dana = hooked.viewer("dana")
    with hooked.database.write() as session:
        deal = readable_deal(session, dana, hooked.deals["wards"])
        revision = removal.delete_deal(session, dana, deal).id
    assert told(hooked) == [("deal.deleted", {"deal": {"key": hooked.deals["wards"]}})]
    with hooked.database.write() as session:
        history.take_back(session, dana, revision, EXTENSION.removers)
    assert [kind for kind, _ in told(hooked)] == ["deal.restored"]


def test_should_tell_of_seats_and_their_members(hooked: World) -> None:
    charlie = hooked.people["charlie"]
    with hooked.database.write() as session:
        deal = hooked.deal(session, "wards")
        seat = team.add_seat(session, deal, "trainer", None, None)
        session.flush()
        team.ask_seat(session, seat, charlie, None)
        team.accept_seat(session, session.get_one(Seat, seat.id), charlie)
        team.free_seat(session, seat, charlie)
    events = told(hooked)
    assert [kind for kind, _ in events] == [
        "seat.opened", "seat.asked", "seat.filled", "seat.left",
    ]  # fmt: skip
    assert [data.get("member", {}).get("key") for _, data in events] == [
        None, "charlie-costa", "charlie-costa", "charlie-costa",
    ]  # fmt: skip
    assert all(data["role"] == "trainer" for _, data in events)


def test_should_tell_of_consent_only_where_the_acting_member_may_read_it(hooked: World) -> None:
    with hooked.database.write() as session:
        who = advocate(session, hooked, "ines")
        consent.record_consent(session, who, ConsentState.WITHDRAWN, None)
    assert [kind for kind, _ in told(hooked)][-1] == "advocate.consent_withdrawn"
    with hooked.database.write() as session:
        set_roles_of_field(session, FieldGroup.CONSENTS, [Role.MARKETER], by=None)
        who, _ = advocate_of(session, "ines-moreira")
        consent.record_consent(session, who, ConsentState.REQUESTED, None)
    assert told(hooked) == []


def test_should_tell_nothing_of_a_confidential_deal_that_the_acting_member_does_not_see(
    hooked: World,
) -> None:
    alice = hooked.viewer("alice")
    with hooked.database.write() as session:
        deal = hooked.deal(session, "nightingale")
        lifecycle.edit(session, deal, None, {"next_step": "Wait"})
        lifecycle.advance(session, deal, stage(session, "Closed Lost"), None)
        team.add_seat(session, deal, "trainer", None, None)
        public = hooked.deal(session, "wards")
        lifecycle.edit(session, public, alice.person_id, {"confidential": True})
    assert told(hooked) == []
    with hooked.database.write() as session:
        deal = hooked.deal(session, "nightingale")
        lifecycle.invite(session, deal, hooked.people["grace"], None)
        lifecycle.edit(session, deal, None, {"next_step": "Act"})
    assert [kind for kind, _ in told(hooked)] == ["deal.edited"]
    with hooked.database.write() as session:
        removal.delete_deal(session, alice, hooked.deal(session, "nightingale"))
    assert told(hooked) == []
