"""Rows of members and contacts."""

import sqlalchemy as sa
from sqlmodel import select

from tests.workspace.imports.files import (
    counts,
    load_text,
)
from workspace.accounts.accounts import Account
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Member, MemberRole, Person


def test_should_know_people_of_the_same_file_again(database, tmp_path):
    text = (
        "name,email,account,title\nIna Roy,ina@havel.example,Havel,Head\nJo Day,,Spree,Clerk\n"
        "Ina Roy,ina@havel.example,Spree,Chief\nJo Day,,Spree,Buyer\nJo Day,,Havel,\n"
    )
    report = load_text(database, tmp_path, text)
    # Two rows of a Jo Day at one account differ, so that the first was added and the second asks.
    assert counts(report) == (3, 1, 0, 1)
    with database.read() as session:
        accounts = dict(session.exec(select(Account.id, Account.name)).all())
        people = session.exec(select(Person)).all()
        found = sorted((row.name, accounts[row.account_id], row.title, row.key) for row in people)
    assert found == [
        ("Ina Roy", "Spree", "Chief", "ina-roy"),
        ("Jo Day", "Havel", "", "jo-day-2"),
        ("Jo Day", "Spree", "Clerk", "jo-day"),
    ]


def test_should_write_new_people_and_their_accounts_together(database, tmp_path):
    sent = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    sa.event.listen(database.writer, "before_cursor_execute", note)
    text = "name,email,account\n" + "".join(
        f"Ann{n} Low,ann{n}@works{n}.example,Works {n}\n" for n in range(200)
    )
    try:
        assert load_text(database, tmp_path, text).created == 200
    finally:
        sa.event.remove(database.writer, "before_cursor_execute", note)
    # On SQLite each new row takes a statement, but nothing is asked about each.
    assert len([statement for statement in sent if statement.startswith("SELECT")]) < 50


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
        token = sessions.open_session(session, people["Ann"])
    text = f"{header}Ann,ann@x.example,,no\nBob,bob@x.example,none,\n"
    assert counts(load_text(database, tmp_path, text)) == (0, 2, 0, 0)
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 2, 0)
    with database.read() as session:
        assert not session.get_one(Member, people["Ann"]).active
        assert sessions.viewer_of(session, token) is None
        roles = session.exec(select(MemberRole.person_id)).all()
        # An empty cell leaves the roles as they are, and `none` empties them.
        assert roles == [people["Ann"]]
    assert load_text(database, tmp_path, f"{header}Ann,ann@x.example,,yes\n").updated == 1
    with database.read() as session:
        assert session.get_one(Member, people["Ann"]).active
        assert sessions.viewer_of(session, token) is None


def test_should_keep_the_last_administrator_whatever_a_file_says(world, tmp_path):
    for cells in ("none,", "rep,", ",no"):
        text = f"name,email,roles,active\nGrace Gwara,{world.email('grace')},{cells}\n"
        report = load_text(world.database, tmp_path, text)
        assert (report.updated, report.failed) == (0, 1)
    with world.database.read() as session:
        assert members.viewer_by_email(session, world.email("grace")).leads


def test_should_not_give_a_team_s_address_or_another_s_to_somebody_else(database, tmp_path):
    text = (
        "name,email,account,title\n"
        "Ivo Horn,sales@borealis.example,Borealis,CFO\n"
        "Rut Alm,sales@borealis.example,Borealis,CIO\n"
        "Lea Fink,lea@borealis.example,Borealis,CTO\n"
        "Tom Wilk,lea@borealis.example,Borealis,COO\n"
        "Ida Fink,lea@borealis.example,Borealis,COO\n"
    )
    report = load_text(database, tmp_path, text)
    assert counts(report) == (3, 0, 0, 2)
    assert "belongs to 'Lea Fink'" in report.error_file.read_text(encoding="utf-8-sig")
    assert any("'Rut Alm' was imported without it" in text for text in report.warnings)
    assert people_of(database) == [
        ("Ivo Horn", "sales@borealis.example", "CFO"),
        ("Rut Alm", None, "CIO"),
        ("Lea Fink", "lea@borealis.example", "CTO"),
    ]
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 3, 2)
    # The same in another file.
    again = (
        "name,email,title\nTom Wilk,lea@borealis.example,COO\nIvo Horn,sales@borealis.example,\n"
    )
    assert counts(load_text(database, tmp_path, again)) == (0, 0, 1, 1)


def test_should_know_a_person_by_an_address_whatever_form_their_name_has(database, tmp_path):
    load_text(database, tmp_path, "name,email\nWilliam Ash,ash@tundra.example\n")
    for name, kept in (
        ("Ash, William", "William Ash"),
        ("Dr. William Ash", "William Ash"),
        ("W. Ash", "William Ash"),
        ("William Peter Ash", "William Peter Ash"),
    ):
        load_text(database, tmp_path, f'name,email\n"{name}",ash@tundra.example\n')
        assert people_of(database) == [(kept, "ash@tundra.example", "")]


def test_should_know_a_person_by_their_profile(database, tmp_path):
    header = "name,email,account,profile\n"
    load_text(database, tmp_path, f"{header}Ivo Horn,,Borealis,x.example/ivo\n")
    moved = f"{header}Ivo Horn,ivo@tundra.example,Tundra,https://x.example/ivo/\n"
    assert counts(load_text(database, tmp_path, moved)) == (0, 1, 0, 0)
    # Another profile is another person, whatever the name and the account.
    other = f"{header}Ivo Horn,,Tundra,x.example/ivo-2\n"
    assert counts(load_text(database, tmp_path, other)) == (1, 0, 0, 0)
    # A profile and an address of two people.
    load_text(database, tmp_path, f"{header}Ivo Horn,ivo.h@tundra.example,Lumen,\n")
    both = f"{header}Ivo Horn,ivo.h@tundra.example,,x.example/ivo\n"
    assert counts(load_text(database, tmp_path, both)) == (0, 0, 0, 1)
    named = f"{header}Rut Alm,,,x.example/ivo\n"
    assert counts(load_text(database, tmp_path, named)) == (0, 0, 0, 1)


def test_should_ask_for_more_where_a_name_stands_twice_in_a_file(database, tmp_path):
    header = "name,email,account,title\n"
    load_text(database, tmp_path, f"{header}Ivo Horn,,Borealis,CFO\n")
    twice = f"{header}Ivo Horn,,Borealis,CTO\nIvo Horn,,Borealis,COO\n"
    report = load_text(database, tmp_path, twice)
    assert counts(report) == (0, 0, 0, 2)
    assert "(lines 2, 3)" in report.error_file.read_text(encoding="utf-8-sig")
    assert [title for *_, title in people_of(database)] == ["CFO"]
    # Said twice, it is said once.
    same = f"{header}Rut Alm,,Borealis,CTO\nRut Alm,,Borealis,CTO\n"
    assert counts(load_text(database, tmp_path, same)) == (1, 0, 1, 0)


def people_of(database):
    with database.read() as session:
        rows = session.exec(select(Person).order_by(Person.id)).all()
        return [(row.name, row.email, row.title) for row in rows]


def test_should_keep_a_member_s_telephone_and_not_where_they_live(database, tmp_path):
    load_text(database, tmp_path, "name,email,roles\nAnn,ann@x.example,rep\n")
    text = (
        "name,email,phone,street,postcode,city\n"
        "Ann,ann@x.example,555 0100,1 Mill Lane,HU1 1AA,Hull\n"
        "Ina,ina@havel.example,555 0101,2 Quay Street,HU1 1AB,Hull\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (1, 1, 0, 0)
    with database.read() as session:
        ann, ina = session.exec(select(Person).order_by(Person.id)).all()
        assert (ann.phone, ann.street, ann.postcode, ann.city) == ("555 0100", "", "", "Hull")
        assert (ina.phone, ina.street, ina.postcode) == ("555 0101", "2 Quay Street", "HU1 1AB")
