"""Tasks: assignees, due dates, and notifications."""

from datetime import timedelta

import pytest

from tests.workspace.collaboration.test_notes import told
from tests.world import World
from workspace.clock import today
from workspace.collaboration import tasks
from workspace.collaboration.tasks import TaskRow
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people.viewer import Viewer

WARDS, HIDDEN = "wards", "nightingale"


def add(world: World, text: str, *, deal: str = WARDS, to: str | None = None, days: int = 0) -> int:
    with world.database.write() as session:
        row = world.deal(session, deal)
        due = today() + timedelta(days=days) if days else None
        by = world.people["alice"]
        return tasks.add_task(session, row, text, by, due=due, assignee=to).id


def of(world: World, name: str) -> list[TaskRow]:
    with world.database.read() as session:
        return tasks.tasks_of_member(session, world.viewer(name))


def test_should_assign_a_task_to_its_author_by_default(world: World) -> None:
    add(world, "Send the offer")
    add(world, "Prepare the demo", to="bob-brandt")
    assert [row.text for row in of(world, "alice")] == ["Send the offer"]
    assert [row.text for row in of(world, "bob")] == ["Prepare the demo"]
    assert [(item.why, item.event.text) for item in told(world, "bob")] == [
        ("task", "Prepare the demo")
    ]
    assert told(world, "alice") == []


def test_should_list_the_most_urgent_task_first(world: World) -> None:
    for text, days in (("one day", 0), ("next week", 7), ("late", -3), ("tomorrow", 1)):
        add(world, text, days=days)
    rows = of(world, "alice")
    assert [row.text for row in rows] == ["late", "tomorrow", "next week", "one day"]
    assert [row.overdue for row in rows] == [True, False, False, False]


def test_should_refuse_assignees_who_cannot_see_the_deal(world: World) -> None:
    with pytest.raises(Invalid):
        add(world, "Count the beds", deal=HIDDEN, to="charlie-costa")
    add(world, "Count the beds", deal=HIDDEN, to="bob-brandt")
    with world.database.read() as session:
        nobody = Viewer(person_id=world.people["bob"], name="Bob")
        assert len(tasks.tasks_of_member(session, nobody)) == 1
        assert tasks.tasks_of_member(session, world.viewer("dana")) == []


def change(world: World, name: str, task_id: int) -> None:
    """Finish a task as one of the cast."""
    with world.database.write() as session:
        viewer = world.viewer(name)
        key = world.deals[WARDS]
        _, task = tasks.changeable_task(session, viewer, key, task_id)
        tasks.finish_task(session, task, viewer.person_id)


def test_should_let_the_assignee_finish_a_task_and_notify_its_author(world: World) -> None:
    task = add(world, "Find the form", to="charlie-costa")
    for name, refused in (("frank", Forbidden), ("erin", Forbidden)):
        with pytest.raises(refused):
            change(world, name, task)
    change(world, "charlie", task)
    assert of(world, "charlie") == []
    [item] = told(world, "alice")
    assert (item.why, item.event.detail["step"]) == ("task", "done")
    # Finishing it again notifies nobody.
    change(world, "alice", task)
    assert len(told(world, "alice")) == 1


def test_should_move_reassign_reopen_and_remove_a_task(world: World) -> None:
    task_id = add(world, "Send the offer")
    alice, key = world.viewer("alice"), world.deals[WARDS]
    with world.database.write() as session:
        _, task = tasks.changeable_task(session, alice, key, task_id)
        day = today() + timedelta(days=2)
        tasks.change_task(session, task, alice.person_id, due=day, assignee="bob-brandt")
    assert [(row.text, row.due) for row in of(world, "bob")] == [("Send the offer", day)]
    with world.database.write() as session:
        _, task = tasks.changeable_task(session, alice, key, task_id)
        tasks.finish_task(session, task, alice.person_id)
        tasks.reopen_task(session, task, alice.person_id)
    assert len(of(world, "bob")) == 1
    with world.database.write() as session:
        _, task = tasks.changeable_task(session, alice, key, task_id)
        tasks.remove_task(session, task, alice.person_id)
    assert of(world, "bob") == []
    with pytest.raises(NotFound):
        change(world, "alice", task_id)


def test_should_reach_a_task_only_by_its_own_deal(world: World) -> None:
    task_id = add(world, "Count the beds", deal=HIDDEN)
    with pytest.raises(NotFound):
        change(world, "dana", task_id)
    dana = world.viewer("dana")
    with world.database.write() as session, pytest.raises(NotFound):
        tasks.changeable_task(session, dana, world.confidential_deal, task_id)
