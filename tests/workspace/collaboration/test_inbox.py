"""What a member does with their inbox."""

from datetime import timedelta

import pytest

from tests.workspace.collaboration.test_notes import told, write
from tests.world import World
from workspace.clock import now
from workspace.collaboration import inbox
from workspace.collaboration.inbox import InboxFolder
from workspace.errors import NotFound
from workspace.timeline.notifications import Notification


def test_what_is_done_is_kept_and_can_be_put_back(world: World) -> None:
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


def test_nobody_touches_what_is_in_anothers_inbox(world: World) -> None:
    write(world, "@bob-brandt")
    ids = [item.id for item in told(world, "bob")]
    with world.database.write() as session:
        assert inbox.finish(session, world.viewer("dana"), ids) == 0
        with pytest.raises(NotFound):
            inbox.snooze(session, world.viewer("dana"), ids[0], "tomorrow")
    assert [item.id for item in told(world, "bob")] == ids


def test_what_is_snoozed_comes_back_by_itself(world: World) -> None:
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


def test_an_inbox_is_leafed_through(world: World) -> None:
    for n in range(7):
        write(world, f"@bob-brandt {n}")
    bob = world.viewer("bob")
    with world.database.read() as session:
        first = inbox.items(session, bob, limit=3)
        second = inbox.items(session, bob, before=first[-1].id, limit=10)
    texts = [item.event.text for item in (*first, *second)]
    assert texts == [f"@bob-brandt {n}" for n in reversed(range(7))]
