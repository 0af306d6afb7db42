"""The inbox: finishing, reopening and snoozing items."""

from datetime import timedelta

import pytest

from tests.workspace.collaboration.test_notes import told, write
from tests.world import World
from workspace.clock import now
from workspace.collaboration import inbox
from workspace.collaboration.inbox import InboxFolder
from workspace.errors import NotFound
from workspace.timeline.notifications import Notification


def test_should_keep_what_is_done_and_reopen_it(world: World) -> None:
    write(world, "@bob-brandt, one")
    write(world, "@bob-brandt, two")
    bob = world.viewer("bob")
    ids = [item.id for item in told(world, "bob")]
    assert ids == sorted(ids, reverse=True)
    with world.database.write() as session:
        assert inbox.finish(session, bob, ids[:1]) == 1
        assert inbox.count(session, bob) == 1
    assert [item.id for item in told(world, "bob", InboxFolder.DONE)] == ids[:1]
    with world.database.write() as session:
        assert inbox.put_back(session, bob, ids[:1]) == 1
    assert [item.id for item in told(world, "bob")] == ids


def test_should_leave_the_inboxes_of_others_alone(world: World) -> None:
    write(world, "@bob-brandt")
    ids = [item.id for item in told(world, "bob")]
    with world.database.write() as session:
        assert inbox.finish(session, world.viewer("dana"), ids) == 0
        with pytest.raises(NotFound):
            inbox.snooze(session, world.viewer("dana"), ids[0], "tomorrow")
    assert [item.id for item in told(world, "bob")] == ids


def test_should_bring_back_what_is_snoozed(world: World) -> None:
    write(world, "@bob-brandt")
    bob = world.viewer("bob")
    [item] = told(world, "bob")
    with world.database.write() as session:
        until = inbox.snooze(session, bob, item.id, "a week")
        assert timedelta(days=6) < until - now() <= timedelta(days=7)
    assert told(world, "bob") == []
    assert [each.id for each in told(world, "bob", InboxFolder.SNOOZED)] == [item.id]
    with world.database.write() as session:
        row = session.get_one(Notification, item.id)
        row.snoozed_until = now() - timedelta(minutes=1)
        session.add(row)
    assert [each.id for each in told(world, "bob")] == [item.id]
    assert told(world, "bob", InboxFolder.SNOOZED) == []


def test_should_page_through_an_inbox(world: World) -> None:
    for n in range(7):
        write(world, f"@bob-brandt {n}")
    bob = world.viewer("bob")
    with world.database.read() as session:
        first = inbox.items(session, bob, limit=3)
        second = inbox.items(session, bob, before=first[-1].id, limit=10)
    texts = [item.event.text for item in (*first, *second)]
    assert texts == [f"@bob-brandt {n}" for n in reversed(range(7))]
