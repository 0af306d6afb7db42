"""Rows of members and contacts."""

from sqlmodel import select

from tests.workspace.imports.files import (
    counts,
    load_text,
)
from workspace.people.tables import Member, Person


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
