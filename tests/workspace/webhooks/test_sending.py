"""R8: every message arrives under one id, or is stopped in words."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from tests.webhook_receiver import Receiver, receiving
from tests.world import World
from workspace.audit import AuditEntry
from workspace.clock import now
from workspace.database import Database
from workspace.deals import leaving
from workspace.errors import NotFound
from workspace.keyring import Keyring
from workspace.people import members
from workspace.people.tables import Role
from workspace.settings import Settings
from workspace.told import in_words
from workspace.webhooks import endpoints, messages, sending
from workspace.webhooks.messages import Event
from workspace.webhooks.tables import EventGroup, WebhookEndpoint, WebhookMessage

DAY = timedelta(days=1)


class Clock:
    """The time of the test."""

    def __init__(self) -> None:
        self.moment = now()

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("delivery.attempts", *map("webhooks.{}".format, MODULES)):
        monkeypatch.setattr(f"workspace.{module}.now", clock.now)
    # An attempt that is not answered ends soon.
    monkeypatch.setattr(sending, "SECONDS", 0.08)
    monkeypatch.setattr(sending, "ATTEMPT_SECONDS", 0.12)
    return clock


MODULES = ("endpoints", "messages", "sending")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, internal_addresses="127.0.0.1/32")


def endpoint(world: World, settings: Settings, url: str, by: str = "grace") -> int:
    with world.database.write() as session:
        made, _ = endpoints.add_endpoint(
            session, Keyring(settings), "Warehouse", url, EventGroup, by=world.people[by]
        )
        return made.id


def happen(world: World, count: int = 1, **facts: object) -> None:
    """Have something happen on the wards deal."""
    with world.database.write() as session:
        deal_id = world.deal(session, "wards").id
        event = Event("deal.edited", now(), {"changed": ["name"]}, **{"deal_id": deal_id, **facts})  # type: ignore[arg-type]
        messages.publish(session, lambda: [event] * count)


def rows(database: Database) -> list[WebhookMessage]:
    with database.read() as session:
        return list(session.exec(select(WebhookMessage).order_by(col(WebhookMessage.id))))


def of(database: Database, endpoint_id: int) -> WebhookEndpoint:
    with database.read() as session:
        return session.get_one(WebhookEndpoint, endpoint_id)


def work(database: Database, settings: Settings, clock: Clock, until: datetime) -> None:
    """Send whatever becomes due until a moment, with the clock going on to the next one."""
    while True:
        while sending.send_next(database, settings):
            pass
        waiting = [row.due_at for row in rows(database) if not (row.sent_at or row.dropped_at)]
        if not waiting or clock.moment >= until:
            return
        clock.moment = min(max(clock.moment + timedelta(minutes=1), min(waiting)), until)


@pytest.mark.parametrize("fault", ["down", 503, 302, "reset", "slow", "drip"])
def test_should_deliver_every_message_after_a_day_under_one_id(
    world: World, settings: Settings, clock: Clock, receiver: Receiver, fault: str | int
) -> None:
    began = clock.moment
    here = receiver.url if fault != "down" else "http://127.0.0.1:9/"
    endpoint_id = endpoint(world, settings, here)
    happen(world, 2)
    receiver.answer = fault
    work(world.database, settings, clock, began + DAY)
    waiting = rows(world.database)
    assert receiver.accepted == []
    assert [row.sent_at or row.dropped_at for row in waiting] == [None] * 2
    assert all(2 < row.attempts < 10 and row.problem for row in waiting)
    receiver.answer = 204
    if fault == "down":
        with world.database.write() as session:
            session.get_one(WebhookEndpoint, endpoint_id).url = receiver.url
    happen(world)
    work(world.database, settings, clock, began + 3 * DAY)
    ids = [row.message_id for row in rows(world.database)]
    assert sorted(receiver.ids) == sorted(ids)
    assert all(row.sent_at and not row.problem for row in rows(world.database))
    assert set(receiver.attempts) <= set(ids)
    assert of(world.database, endpoint_id).failures == 0


def test_should_give_up_in_words_after_ten_attempts_and_send_again_when_asked(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    began = clock.moment
    endpoint_id = endpoint(world, settings, receiver.url)
    receiver.answer = 500
    happen(world, 2)
    work(world.database, settings, clock, began + 5 * DAY)
    assert clock.moment < began + 3 * DAY
    assert Counter(receiver.attempts) == {row.message_id: 10 for row in rows(world.database)}
    grace = world.viewer("grace")
    with world.database.read() as session:
        failed = messages.message_rows(session, grace, endpoint_id, state="failed", limit=9)
    assert [in_words(row.problem) for row in failed] == ["The receiver answered 500."] * 2
    receiver.answer = 200
    with world.database.write() as session:
        row = endpoints.locked_endpoint(session, endpoint_id)
        messages.replay(session, grace, row, failed[0].id)
    work(world.database, settings, clock, clock.moment + DAY)
    assert receiver.ids == [failed[0].message_id]
    with world.database.write() as session:
        row = endpoints.locked_endpoint(session, endpoint_id)
        messages.replay_failed(session, grace, row, clock.moment)
    assert not sending.send_next(world.database, settings)
    with world.database.write() as session:
        row = endpoints.locked_endpoint(session, endpoint_id)
        messages.replay_failed(session, grace, row, began)
    work(world.database, settings, clock, clock.moment + DAY)
    assert sorted(receiver.ids) == sorted(row.message_id for row in failed)
    clock.moment += 31 * DAY
    happen(world)
    sending.forget_when_due(world.database)
    assert [row.sent_at for row in rows(world.database)] == [None]


def test_should_stop_an_endpoint_that_is_gone_until_it_is_resumed(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    endpoint_id = endpoint(world, settings, receiver.url)
    receiver.answer = 410
    happen(world, 2)
    work(world.database, settings, clock, clock.moment + timedelta(hours=1))
    stopped = of(world.database, endpoint_id)
    assert stopped.stopped_at
    assert stopped.stopped_why == {"code": "receiver gone"}
    assert len(receiver.attempts) == 1
    happen(world)
    assert len(rows(world.database)) == 2
    receiver.answer = 200
    with world.database.write() as session:
        row = endpoints.locked_endpoint(session, endpoint_id)
        endpoints.resume_endpoint(session, row, by=world.people["grace"])
        acts = session.exec(
            select(AuditEntry.action).where(AuditEntry.subject == f"webhook {endpoint_id}")
        ).all()
    assert sorted(acts) == ["webhook added", "webhook resumed", "webhook stopped"]
    work(world.database, settings, clock, clock.moment + timedelta(hours=1))
    assert len(receiver.ids) == 2


def test_should_keep_no_endpoint_waiting_for_one_that_fails(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    endpoint(world, settings, "http://127.0.0.1:9/")
    endpoint(world, settings, receiver.url)
    happen(world, 5)
    for _ in range(6):
        sending.send_next(world.database, settings)
    assert len(receiver.ids) == 5


def test_should_withhold_what_the_endpoint_may_no_longer_know(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    endpoint(world, settings, receiver.url)
    happen(world)
    with world.database.write() as session:
        world.deal(session, "wards").confidential = True
    happen(world)
    work(world.database, settings, clock, clock.moment + DAY)
    assert receiver.attempts == []
    assert rows(world.database) == []


def test_should_send_again_after_a_worker_died(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    endpoint(world, settings, receiver.url)
    happen(world)

    def die(*_: object) -> None:
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "_settle", die)
        with pytest.raises(SystemExit):
            sending.send_next(world.database, settings)
    assert not sending.send_next(world.database, settings)
    clock.moment += timedelta(minutes=6)
    assert sending.send_next(world.database, settings)
    assert receiver.ids == [rows(world.database)[0].message_id] * 2


def test_should_stop_when_its_administrator_leaves_and_act_as_who_resumes_it(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    endpoint_id = endpoint(world, settings, receiver.url)
    with world.database.write() as session:
        nightingale = world.deal(session, "nightingale").id
        world.deal(session, "nightingale").owner_id = world.people["grace"]
    happen(world, deal_id=nightingale)
    with world.database.write() as session:
        members.set_roles(session, world.people["dana"], {Role.ADMIN})
        leaving.deactivate(session, world.people["grace"], by=None)
    assert sending.send_due(world.database, settings) > 0
    assert receiver.attempts == []
    assert "Grace Gwara is no longer an administrator" in in_words(
        of(world.database, endpoint_id).stopped_why
    )
    dana = world.viewer("dana")
    with world.database.write() as session:
        assert messages.message_rows(session, dana, endpoint_id, limit=9) == []
        row = endpoints.locked_endpoint(session, endpoint_id)
        with pytest.raises(NotFound):
            messages.replay(session, dana, row, rows(world.database)[0].id)
        endpoints.resume_endpoint(session, row, by=world.people["dana"])
    assert rows(world.database) == []


def test_should_connect_to_no_internal_address_that_is_not_allowed(
    world: World, tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    settings = Settings(home=tmp_path)
    endpoint(world, settings, receiver.url)
    happen(world)
    assert sending.send_next(world.database, settings)
    assert receiver.attempts == []
    assert "is an internal address" in in_words(rows(world.database)[0].problem)


def test_should_sign_with_both_secrets_for_a_day(
    world: World, settings: Settings, clock: Clock, receiver: Receiver
) -> None:
    endpoint_id = endpoint(world, settings, receiver.url)
    with world.database.write() as session:
        row = endpoints.locked_endpoint(session, endpoint_id)
        endpoints.rotate_secret(session, Keyring(settings), row, by=world.people["grace"])
        messages.send_test(session, row)
    work(world.database, settings, clock, clock.moment)
    clock.moment += timedelta(hours=25)
    with world.database.write() as session:
        messages.send_test(session, endpoints.locked_endpoint(session, endpoint_id))
    work(world.database, settings, clock, clock.moment)
    during, after = (headers for headers, _ in receiver.accepted)
    assert len(during["webhook-signature"].split()) == 2
    assert len(after["webhook-signature"].split()) == 1
    body = json.loads(receiver.accepted[0][1])
    assert body["type"] == "test"
    assert body["data"] == {}
    stored = of(world.database, endpoint_id)
    assert "whsec_" not in stored.secret + stored.former_secret
