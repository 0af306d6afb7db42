"""Keeping in touch: when a contact is due, and the reasons to write."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from references.network.address_books import Connection
from tests.world import World, ago
from workspace.clock import now, spoken, today
from workspace.collaboration import reminders
from workspace.collaboration.reminders import Occasion
from workspace.deals.tables import Deal, Stakeholder
from workspace.errors import Invalid, NotFound
from workspace.people import people
from workspace.people.tables import Employment, Person
from workspace.revisions.changes import record
from workspace.revisions.tables import Revision, RevisionKind


def ines(session: Session, world: World) -> Person:
    return session.get_one(Person, world.people["ines"])


def keep(world: World, *, days: int = 90, last: int = 0, name: str = "alice") -> None:
    with world.database.write() as session:
        person = ines(session, world)
        reminders.keep_in_touch(session, world.people[name], person, days, ago(last))


def due(world: World, name: str = "alice", *, all: bool = False) -> list[Occasion]:
    with world.database.read() as session:
        return reminders.occasions(session, world.viewer(name), due=not all)


def test_should_be_due_when_the_interval_is_over(world: World) -> None:
    keep(world, last=89)
    assert due(world) == []
    keep(world, last=90)
    [each] = due(world)
    assert (each.name, each.due) == ("Inês Moreira", today())
    last = ago(90)
    assert [r.text for r in each.reasons] == [f"Last in touch on {last.day} {last:%b %Y}"]


def test_should_keep_reminders_private(world: World) -> None:
    keep(world, last=200)
    assert due(world, "bob") == due(world, "dana") == []


def test_should_make_a_new_role_a_reason_at_once(world: World) -> None:
    keep(world, last=20)
    with world.database.write() as session:
        person = ines(session, world)
        session.add(
            Employment(person_id=person.id, organisation="Lumen Bank", title="COO", start=ago(5))
        )
    [each] = due(world)
    start = ago(5)
    assert each.reasons[0].text == f"New role: COO at Lumen Bank since {start.day} {start:%b %Y}"
    # After a contact the new role is no reason any more.
    with world.database.write() as session:
        reminders.got_in_touch(session, world.people["alice"], ines(session, world))
    assert due(world) == []


def test_should_make_the_anniversary_of_a_win_a_reason(world: World) -> None:
    day = today() + timedelta(days=3)
    closed = date(day.year - 2, day.month, min(day.day, 28) if day.month == 2 else day.day)
    for name in ("brannoc", "nightingale"):
        with world.database.write() as session:
            deal = world.deal(session, name)
            deal.closed = closed
            deal.opened = closed
            session.add(deal)
            session.add(Stakeholder(deal_id=deal.id, person_id=world.people["ines"]))
    keep(world, last=30)
    keep(world, last=30, name="charlie")
    [hers] = due(world)
    assert sum("was won" in reason.text for reason in hers.reasons) == 2
    # Charlie cannot see the confidential deal.
    [his] = due(world, "charlie")
    assert [reason.text for reason in his.reasons if "was won" in reason.text] == [
        f"2 years since St Brannoc patient records was won, on {day.day} {day:%b}"
    ]
    # After a recent contact an anniversary is no reason.
    keep(world, last=3)
    assert due(world) == []


def test_should_snooze_and_stop_a_reminder(world: World) -> None:
    keep(world, last=200)
    alice = world.people["alice"]
    with world.database.write() as session:
        reminders.snooze(session, alice, ines(session, world))
    assert due(world) == []
    assert due(world, all=True)[0].due == today() + timedelta(days=7)
    with world.database.write() as session:
        reminders.stop(session, alice, ines(session, world))
    assert due(world, all=True) == []
    with world.database.write() as session, pytest.raises(NotFound):
        reminders.got_in_touch(session, alice, ines(session, world))


def test_should_refuse_a_last_contact_in_the_future(world: World) -> None:
    with pytest.raises(Invalid):
        keep(world, last=-1)


def test_should_remind_before_an_event_that_both_attend(world: World) -> None:
    keep(world)
    day = today() + timedelta(days=10)
    with world.database.write() as session:
        alice = session.get_one(Person, world.people["alice"])
        for person in (alice, ines(session, world)):
            people.add_membership(session, person, "event", "Data Days", None, start=day, end=day)
    [each] = due(world)
    assert each.reasons[0].text.startswith("You both attend Data Days on ")
    # One that only one of them attends, and one that is over, are no reasons.
    with world.database.write() as session:
        bob = session.get_one(Person, world.people["bob"])
        people.add_membership(session, bob, "event", "Data Days", None, start=ago(9), end=ago(9))
        reminders.keep_in_touch(session, bob.id, ines(session, world), 90)
    assert due(world, "bob") == []


def test_should_remind_of_a_birthday_in_ones_own_address_book_alone(world: World) -> None:
    day = today() + timedelta(days=2)
    with world.database.write() as session:
        session.add(
            Connection(
                owner_id=world.people["alice"],
                name="Inês Moreira",
                plain_name="ines moreira",
                birthday=f"{day:%m-%d}",
                person_id=world.people["ines"],
            )
        )
    for name in ("alice", "bob"):
        keep(world, last=30, name=name)
    [hers] = due(world)
    assert hers.reasons[0].text == f"Birthday on {day.day} {day:%b}"
    assert hers.reasons[0].opening == "all the best for your birthday!"
    assert due(world, "bob") == []
    # After a recent contact it is no reason.
    keep(world, last=3)
    assert due(world) == []


def test_should_make_what_an_import_brought_of_the_employer_a_reason(world: World) -> None:
    with world.database.write() as session:
        revision = Revision(kind=RevisionKind.IMPORT, at=now() - timedelta(days=4))
        session.add(revision)
        session.flush()
        record(session, revision)
        account = world.account(session, "brannoc")
        account.headcount = 9_000
        session.add(account)
        for name, confidential in (("Ward beds", False), ("Project Owl", True)):
            deal = world.deal(session, "wards").model_dump(exclude={"id", "key", "name"})
            deal |= {"confidential": confidential, "owner_id": world.people["alice"]}
            session.add(Deal(**deal, key=name.lower().replace(" ", "-"), name=name))
    for name in ("alice", "charlie"):
        keep(world, last=30, name=name)
    day = (now() - timedelta(days=4)).date()
    [hers] = due(world)
    told = [reason.text for reason in hers.reasons if "import of" in reason.text]
    assert told == [
        f"St Brannoc Hospital: employees 2,400 → 9,000 (import of {spoken(day)})",
        f"New deal with St Brannoc Hospital: Ward beds (import of {spoken(day)})",
        f"New deal with St Brannoc Hospital: Project Owl (import of {spoken(day)})",
    ]
    assert hers.reasons[0].opening == "I see that St Brannoc Hospital is growing."
    # Charlie does not see the confidential deal, and what was undone is no news.
    [his] = due(world, "charlie")
    assert not any("Owl" in reason.text for reason in his.reasons)
    with world.database.write() as session:
        undone = session.get_one(Revision, revision.id)
        undone.undone_at = now()
        session.add(undone)
    assert due(world) == []
    # Once in touch, what was known before is no news.
    keep(world, last=3)
    assert due(world) == []
