"""Drafts of two lines: the reason to write, and the common ground."""

from sqlmodel import Session

from references.network.keeping_in_touch import drafts
from tests.world import World, ago
from workspace.collaboration import reminders
from workspace.people.tables import Education, Employment, Person


def keep(session: Session, world: World) -> None:
    person = session.get_one(Person, world.people["ines"])
    reminders.keep_in_touch(session, world.people["alice"], person, 90, ago(100))


def test_should_draft_the_reason_and_the_common_ground(world: World) -> None:
    alice, ines = world.people["alice"], world.people["ines"]
    with world.database.write() as session:
        keep(session, world)
        for person in (alice, ines):
            session.add(Education(person_id=person, institution="Trinity College"))
        session.add(
            Employment(person_id=ines, organisation="Havel Clinics", title="CIO", start=ago(20))
        )
    with world.database.read() as session:
        viewer = world.viewer("alice")
        occasions = reminders.occasions(session, viewer)
        [draft] = drafts(session, viewer, occasions).values()
    first, second = draft.splitlines()
    assert first == "Dear Inês Moreira, congratulations on your new role at Havel Clinics!"
    assert "Trinity College" in second


def test_should_draft_without_a_reason_and_without_common_ground(world: World) -> None:
    with world.database.write() as session:
        keep(session, world)
    with world.database.read() as session:
        viewer = world.viewer("alice")
        occasions = reminders.occasions(session, viewer)
        [draft] = drafts(session, viewer, occasions).values()
        assert drafts(session, viewer, []) == {}
    assert draft.splitlines()[0] == "Dear Inês Moreira, it has been a while – how are you?"
    assert len(draft.splitlines()) == 2
