"""The daily digest: when it is sent, to whom, and what it leaves out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from tests.workspace.collaboration.test_notes import write
from tests.workspace.collaboration.test_tasks import add
from tests.world import World, ago
from workspace.clock import today
from workspace.collaboration import digests, inbox, reminders
from workspace.database import Database
from workspace.deals import leaving
from workspace.deals.tables import Stakeholder
from workspace.delivery.outbox import OutboxMessage
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

ORIGIN = "https://deals.example"


def at(hour: int, days: int = 0) -> datetime:
    day = today() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)


def mails(database: Database) -> dict[str, str]:
    """The text of the last mail in the outbox to each recipient."""
    with database.read() as session:
        rows = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))
        return {row.recipient: row.body for row in rows}


def test_should_send_a_digest_once_a_day_if_there_is_something(world: World) -> None:
    write(world, "@bob-brandt, the merger is near")
    assert digests.queue_due(world.database, ORIGIN, at(6)) == 0
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 1
    assert digests.queue_due(world.database, ORIGIN, at(9)) == 0
    [(recipient, text)] = mails(world.database).items()
    assert recipient == world.email("bob")
    assert "Hello Bob," in text
    assert "Alice Adeyemi mentioned you: St Brannoc ward dashboards" in text
    assert f"{ORIGIN}/inbox" in text
    # Notes do not leave the record.
    assert "merger" not in text
    # The next day nothing is new.
    assert digests.queue_due(world.database, ORIGIN, at(8, 1)) == 0
    with world.database.read() as session:
        assert inbox.count(session, world.viewer("bob")) == 1


def test_should_send_none_to_a_member_who_has_left(world: World) -> None:
    write(world, "@bob-brandt, the merger is near")
    with world.database.write() as session:
        leaving.deactivate(session, world.people["bob"], by=None)
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 0
    assert mails(world.database) == {}


def test_should_not_name_a_confidential_deal(world: World) -> None:
    write(world, "@bob-brandt", deal="nightingale")
    add(world, "Count the beds", deal="nightingale", to="bob-brandt", days=-1)
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 1
    text = mails(world.database)[world.email("bob")]
    assert "mentioned you: a confidential deal" in text
    assert "- A task (overdue)" in text
    assert "Nightingale" not in text
    assert "beds" not in text


def test_should_send_digests_by_each_members_time_zone(world: World) -> None:
    write(world, "@bob-brandt and @dana-dvorak")
    with world.database.write() as session:
        bob = session.get_one(Person, world.people["bob"])
        bob.timezone = "Pacific/Auckland"
        dana = session.get_one(Person, world.people["dana"])
        dana.timezone = "nowhere at all"
        session.add_all([bob, dana])
    # Half past eight in the evening in UTC is the next morning in Auckland.
    assert digests.queue_due(world.database, ORIGIN, at(2)) == 1
    assert list(mails(world.database)) == [world.email("bob")]
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 1


def test_should_send_digests_only_to_active_members_who_want_them(world: World) -> None:
    write(world, "@bob-brandt and @dana-dvorak")
    with world.database.write() as session:
        digests.choose(session, world.people["bob"], False)
        row = session.get_one(Member, world.people["dana"])
        row.active = False
        session.add(row)
        assert not digests.is_wanted(session, world.people["bob"])
        assert digests.is_wanted(session, world.people["erin"])
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 0
    assert mails(world.database) == {}


def test_should_repeat_what_is_due_every_day(world: World) -> None:
    add(world, "Prepare the demo", to="bob-brandt", days=1)
    for days in (1, 2):
        assert digests.queue_due(world.database, ORIGIN, at(8, days)) == 1
    assert (
        "Tasks due:\n- A task on St Brannoc ward dashboards (overdue)"
        in mails(world.database)[world.email("bob")]
    )


def test_should_not_name_confidential_wins(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        deal.opened = deal.closed = today().replace(year=today().year - 2, day=min(today().day, 28))
        session.add(deal)
        session.add(Stakeholder(deal_id=deal.id, person_id=world.people["ines"]))
        ines = session.get_one(Person, world.people["ines"])
        reminders.keep_in_touch(session, world.people["alice"], ines, 180, ago(200))
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 1
    text = mails(world.database)[world.email("alice")]
    assert "Inês Moreira: Last in touch on" in text
    assert "Nightingale" not in text


def test_should_send_the_other_digests_if_one_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world, "@bob-brandt and @dana-dvorak and @erin-eriksen")
    with world.database.write() as session:
        # The record accepts addresses to which no mail can be sent.
        bob = session.get_one(Person, world.people["bob"])
        bob.email = "a,b@example.com"
        session.add(bob)
    made = digests.digest_of

    def broken(session: Session, viewer: Viewer, *given: Any) -> Any:
        if viewer.person_id == world.people["dana"]:
            raise ZeroDivisionError
        return made(session, viewer, *given)

    monkeypatch.setattr(digests, "digest_of", broken)
    assert digests.queue_due(world.database, ORIGIN, at(8)) == 1
    assert list(mails(world.database)) == [world.email("erin")]
