"""Rows of members and contacts."""

from sqlmodel import select

from tests.workspace.imports.files import (
    counts,
    load_text,
)
from workspace.people import members, sign_in
from workspace.people.tables import Member, MemberRole, Person


def test_should_set_managers_wherever_they_stand_in_the_file(database, tmp_path):
    text = (
        "name,email,roles,manager\nAnn,ann@x.example,rep,Max Moss\nBob,bob@x.example,rep,Zoe\n"
        "Max Moss,max@x.example,manager,\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (3, 0, 0, 0)
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 3, 0)
    with database.read() as session:
        people = {person.name: person for person in session.exec(select(Person))}
        assert sorted(people) == ["Ann", "Bob", "Max Moss", "Zoe"]
        assert session.get_one(Member, people["Ann"].id).manager_id == people["Max Moss"].id
        assert session.get_one(Member, people["Bob"].id).manager_id == people["Zoe"].id
        assert people["Max Moss"].email == "max@x.example"


def test_should_give_a_member_without_address_the_one_that_a_file_has(database, tmp_path):
    load_text(database, tmp_path, "sales_agent,manager,regional_office\nAnn,Zoe,East\n")
    report = load_text(database, tmp_path, "name,email,roles\nAnn,ann@x.example,rep; expert\n")
    assert counts(report) == (0, 1, 0, 0)
    again = load_text(database, tmp_path, "sales_agent,manager,regional_office\nAnn,Zoe,East\n")
    assert counts(again) == (0, 0, 1, 0)


def test_should_keep_members_and_contacts_apart(database, tmp_path):
    load_text(database, tmp_path, "name,email,account\nIna,ina@havel.example,Havel\n")
    load_text(database, tmp_path, "name,email,roles\nAnn,ann@x.example,rep\n")
    assert load_text(database, tmp_path, "name,email,roles\nIna,ina@havel.example,rep\n").failed
    assert load_text(database, tmp_path, "name,email,account\nAnn,ann@x.example,Havel\n").failed
    # A namesake at an account is somebody else.
    assert load_text(database, tmp_path, "name,account,title\nAnn,Havel,\n").created == 1
    assert load_text(database, tmp_path, "name,account,title\nAnn,Havel,\n").unchanged == 1


def test_should_end_and_give_back_access(database, tmp_path):
    header = "name,email,roles,active\n"
    load_text(database, tmp_path, f"{header}Ann,ann@x.example,rep,\nBob,bob@x.example,rep,yes\n")
    with database.write() as session:
        people = {person.name: person.id for person in session.exec(select(Person))}
        token = sign_in.open_session(session, people["Ann"])
    text = f"{header}Ann,ann@x.example,,no\nBob,bob@x.example,none,\n"
    assert counts(load_text(database, tmp_path, text)) == (0, 2, 0, 0)
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 2, 0)
    with database.read() as session:
        assert not session.get_one(Member, people["Ann"]).active
        assert sign_in.viewer_of(session, token) is None
        roles = session.exec(select(MemberRole.person_id)).all()
        # An empty cell leaves the roles as they are, and `none` empties them.
        assert roles == [people["Ann"]]
    assert load_text(database, tmp_path, f"{header}Ann,ann@x.example,,yes\n").updated == 1
    with database.read() as session:
        assert session.get_one(Member, people["Ann"]).active
        assert sign_in.viewer_of(session, token) is None


def test_should_keep_the_last_administrator_whatever_a_file_says(world, tmp_path):
    for cells in ("none,", "rep,", ",no"):
        text = f"name,email,roles,active\nGrace Gwara,{world.email('grace')},{cells}\n"
        report = load_text(world.database, tmp_path, text)
        assert (report.updated, report.failed) == (0, 1)
    with world.database.read() as session:
        assert members.viewer_by_email(session, world.email("grace")).leads
