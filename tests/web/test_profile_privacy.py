"""What members hide of their profile: found by no colleague, and shown to themselves."""

from datetime import date

import pytest
from sqlmodel import Session, select

from references.network.common_ground import common_ground
from references.network.ties import Tie
from tests.web.conftest import Visit
from tests.world import World
from web.workspace import Workspace
from workspace.people import people
from workspace.people.profile_privacy import ProfileField, hide_fields, read_facts_for
from workspace.people.tables import Person

SECRETS = ("Zakopane", "Plays the theremin", "Kelpworks", "Sedgeford College", "Lantern Society")
QUESTIONS = ("Zakopane", "theremin", "Kelpworks", "Sedgeford")


@pytest.fixture
def bob(world: World, workspace: Workspace) -> str:
    """The address of Bob, who has much in common with Inês."""
    workspace.catalog.catch_up()
    with world.database.write() as session:
        ours, theirs = (session.get_one(Person, world.people[name]) for name in ("bob", "ines"))
        for person in (ours, theirs):
            by = world.people["grace"]
            changes = {"home_town": "Zakopane", "languages": "pl"}
            people.edit_person(session, person, by, changes)
            facts = {"start": date(2012, 1, 1), "end": date(2014, 1, 1)}
            people.add_employment(session, person, "Kelpworks", by, **facts)
            people.add_education(session, person, "Sedgeford College", by, **facts)
            people.add_membership(session, person, "association", "Lantern Society", by, **facts)
        changes = {"about": "Plays the theremin.", "profile": "linkedin.com/in/bob-of-zakopane"}
        people.edit_person(session, ours, world.people["bob"], changes)
        key = ours.key
    return f"/people/{key}"


def evidence(session: Session, world: World) -> set[str]:
    """What ties between Bob and Inês follow from."""
    pair = sorted((world.people["bob"], world.people["ines"]))
    ties = session.exec(select(Tie).where(Tie.one_id == pair[0], Tie.other_id == pair[1])).all()
    return {tie.origin.split(":")[0] for tie in ties}


def test_should_hide_what_a_member_hides_everywhere(
    visit: Visit, world: World, workspace: Workspace, bob: str
) -> None:
    me, colleagues = visit("bob"), [visit(name) for name in ("alice", "grace")]
    for colleague in colleagues:
        page = colleague.get(bob).text
        assert all(secret in page for secret in SECRETS)
        assert "Who sees your profile" not in page
    assert "Bob Brandt" in visit("alice").get("/search?q=theremin").text
    with world.database.read() as session:
        assert {"work", "study", "association"} <= evidence(session, world)
    assert "Colleagues see all of it" in me.get(bob).text
    assert me.post(f"{bob}/visibility").headers["location"] == bob
    page = me.get(bob).text
    assert "see: about, profile url, home town, languages, experience" in page
    assert all(secret in page for secret in SECRETS)
    for colleague in colleagues:
        page = colleague.get(bob).text
        assert not [secret for secret in (*SECRETS, "bob-of-zakopane") if secret in page]
        for question in QUESTIONS:
            assert "Bob Brandt" not in colleague.get(f"/search?q={question}").text, question
        assert "Bob Brandt" not in colleague.get("/experts?q=theremin").text
        assert "theremin" not in colleague.get("/people?q=Bob").text
    with world.database.read() as session:
        assert not {"work", "study", "association"} & evidence(session, world)
    assert me.post(f"{bob}/visibility", {"shown": ["about", "employment"]}).status_code == 303
    page = visit("alice").get(bob).text
    assert "theremin" in page
    assert "Kelpworks" in page
    assert "Sedgeford" not in page
    with world.database.read() as session:
        assert "work" in evidence(session, world)
        assert "study" not in evidence(session, world)


def test_should_find_no_common_ground_in_what_is_hidden(world: World, bob: str) -> None:
    ours, theirs = world.people["bob"], world.people["ines"]

    def shared(name: str) -> str:
        with world.database.read() as session:
            viewer = world.viewer(name)
            read_facts_for(session, viewer)
            ground = common_ground(session, viewer, [ours], [theirs])
            return " ".join(fact.text for facts in ground.values() for fact in facts)

    secrets = ("Zakopane", "Polish", "Kelpworks", "Sedgeford", "Lantern")
    assert all(secret in shared("alice") for secret in secrets)
    with world.database.write() as session:
        hide_fields(session, ours, list(ProfileField))
    assert not [secret for secret in secrets if secret in shared("alice")]
    assert "Zakopane" in shared("bob")


def test_should_keep_what_is_hidden_when_another_edits_the_rest(
    visit: Visit, world: World, bob: str
) -> None:
    visit("bob").post(f"{bob}/visibility")
    grace = visit("grace")
    form = grace.get(f"{bob}/edit").text
    assert "theremin" not in form
    assert 'name="about"' not in form
    sent = {
        "name": "Bob Brandt",
        "title": "Principal architect",
        "skills": "Atlas",
        "email": "bob@dealkin.example",
    }
    assert grace.save(f"{bob}/edit", sent).status_code == 303
    assert grace.save(f"{bob}/edit", {**sent, "about": "Overwritten"}).status_code == 422
    with world.database.read() as session:
        row = session.get_one(Person, world.people["bob"])
        assert (row.title, row.about) == ("Principal architect", "Plays the theremin.")


def test_should_let_nobody_decide_for_another(visit: Visit, bob: str) -> None:
    for name in ("alice", "dana", "grace"):
        assert visit(name).post(f"{bob}/visibility").status_code == 403
    assert visit("bob").post(f"{bob}/visibility", {"shown": "salary"}).status_code == 422
