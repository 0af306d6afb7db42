"""Stakeholders: who is on the buyer's side of a deal, and who reports to whom."""

from datetime import date

import pytest
from sqlmodel import Session, select

from tests.workspace.imports.files import counts, load_text
from tests.world import World
from workspace.audit import AuditEntry
from workspace.deals import stakeholders
from workspace.deals.stakeholders import StakeholderRow
from workspace.deals.tables import Stakeholder
from workspace.errors import Conflict, Invalid
from workspace.people import people
from workspace.people.tables import Membership, Person
from workspace.timeline.timeline import TimelineEntry, timeline


def add_people(session: Session, *names: str) -> list[int]:
    return [people.add_contact(session, name, None).id for name in names]


def rows(session: Session, world: World, deal: str = "wards") -> dict[str, StakeholderRow]:
    found = stakeholders.stakeholders_of(session, world.deal(session, deal).id)
    return {row.name: row for row in found}


def test_should_show_a_stakeholder_with_role_stance_and_account(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        (ward,) = add_people(session, "Wanda Ward")
        low = stakeholders.add_stakeholder(session, deal, ward, alice, influence="low")
        top = stakeholders.add_stakeholder(
            session,
            deal,
            world.people["ines"],
            alice,
            buying_role="decision maker",
            stance="supporter",
            influence="high",
            coverage="in depth",
        )
        stakeholders.edit_stakeholder(session, low, alice, {"reports_to_id": top.id})
    with world.database.read() as session:
        first, second = stakeholders.stakeholders_of(session, world.deal(session, "wards").id)
        assert (first.name, first.account) == ("Inês Moreira", "St Brannoc Hospital")
        assert (first.buying_role, first.stance, first.coverage) == (
            "decision maker", "supporter", "in depth"
        )  # fmt: skip
        assert (second.name, second.reports_to) == ("Wanda Ward", "Inês Moreira")
        assert (second.buying_role, second.coverage, second.account) == ("", "unknown", None)
        deal = world.deal(session, "wards")
        events = timeline(session, [(deal.id, deal.key, deal.name)], kinds=["stakeholder"])
        assert [event.detail for event in events] == [
            {"person_id": "Wanda Ward", "changed": ["reports_to_id"]},
            {"person_id": "Inês Moreira", "role": "decision maker"},
            {"person_id": "Wanda Ward", "role": ""},
        ]
        assert {event.by for event in events} == {"Alice Adeyemi"}
        audited = select(AuditEntry).where(AuditEntry.action == "deal stakeholder")
        assert len(session.exec(audited).all()) == 3


def test_should_leave_no_trace_of_an_edit_that_changes_nothing(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        row = stakeholders.add_stakeholder(session, deal, world.people["ines"], None)
        assert not stakeholders.edit_stakeholder(session, row, None, {"stance": ""})
        assert stakeholders.edit_stakeholder(session, row, None, {"stance": "mentor"})
    with world.database.read() as session:
        entries = select(TimelineEntry).where(TimelineEntry.kind == "stakeholder")
        assert len(session.exec(entries).all()) == 2


def test_should_refuse_a_second_stakeholder_and_a_member(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        stakeholders.add_stakeholder(session, deal, world.people["ines"], None)
        with pytest.raises(Conflict):
            stakeholders.add_stakeholder(session, deal, world.people["ines"], None)
        with pytest.raises(Invalid, match="one of ours"):
            stakeholders.add_stakeholder(session, deal, world.people["bob"], None)
        with pytest.raises(Invalid, match="Choose from the list"):
            stakeholders.add_stakeholder(session, deal, world.people["jonas"], None, stance="cool")


def test_should_refuse_a_reporting_line_in_a_circle_or_to_another_deal(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        one, two, three = (
            stakeholders.add_stakeholder(session, deal, person_id, None)
            for person_id in add_people(session, "One", "Two", "Three")
        )
        other = stakeholders.add_stakeholder(
            session, world.deal(session, "kestrel"), world.people["jonas"], None
        )
        stakeholders.edit_stakeholder(session, one, None, {"reports_to_id": two.id})
        stakeholders.edit_stakeholder(session, two, None, {"reports_to_id": three.id})
        for superior in (one, two, three):
            with pytest.raises(Invalid, match="Nobody reports to themselves"):
                stakeholders.edit_stakeholder(session, three, None, {"reports_to_id": superior.id})
        with pytest.raises(Invalid, match="same deal"):
            stakeholders.edit_stakeholder(session, three, None, {"reports_to_id": other.id})
        stakeholders.edit_stakeholder(session, one, None, {"reports_to_id": None})
        stakeholders.edit_stakeholder(session, three, None, {"reports_to_id": one.id})


def test_should_end_reporting_lines_to_a_stakeholder_who_is_removed(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        one, two = (
            stakeholders.add_stakeholder(session, deal, person_id, None)
            for person_id in add_people(session, "One", "Two")
        )
        stakeholders.edit_stakeholder(session, one, None, {"reports_to_id": two.id})
        stakeholders.remove_stakeholder(session, two, None)
    with world.database.read() as session:
        assert rows(session, world)["One"].reports_to_id is None
        assert len(rows(session, world)) == 1


FILE = (
    "deal,person,buying_role,stance,influence,coverage,reports_to,note\n"
    "{wards},One,Technical Buyer,Opponent,high,brief contact,Two,Certified elsewhere\n"
    "{wards},two@brannoc.example,EXECUTIVE SPONSOR,supporter,,,,\n"
)


def test_should_take_a_file_that_names_a_report_before_the_superior(world: World, tmp_path) -> None:
    with world.database.write() as session:
        people.add_contact(session, "One", None)
        people.add_contact(session, "Two", None, email="two@brannoc.example")
    text = FILE.format(**world.deals)
    report = load_text(world.database, tmp_path, text)
    assert (report.kind, counts(report), report.warnings) == ("stakeholders", (2, 0, 0, 0), [])
    with world.database.read() as session:
        found = rows(session, world)
        assert (found["One"].buying_role, found["One"].stance) == ("technical buyer", "opponent")
        assert (found["One"].reports_to, found["One"].note) == ("Two", "Certified elsewhere")
        assert found["Two"].buying_role == "executive sponsor"
    assert counts(load_text(world.database, tmp_path, text)) == (0, 0, 2, 0)
    moved = text.replace("Opponent", "neutral")
    assert counts(load_text(world.database, tmp_path, moved)) == (0, 1, 1, 0)


def test_should_put_wrong_stakeholders_into_the_error_file(world: World, tmp_path) -> None:
    wards, hidden = world.deals["wards"], world.confidential_deal
    text = (
        "deal,person,stance,reports_to\n"
        f"{wards},Inês Moreira,friendly,\n"
        f"{wards},Nobody,,\n"
        f"{wards},Bob Brandt,,\n"
        f"{wards},Jonas Havelka,,Inês Moreira\n"
        f"{hidden},Jonas Havelka,,\n"
        f"{world.deals['kestrel']},Jonas Havelka,,\n"
    )
    report = load_text(world.database, tmp_path, text, by=world.people["alice"])
    assert counts(report) == (1, 0, 0, 5)
    with world.database.read() as session:
        assert list(rows(session, world, "nightingale")) == ["Jonas Havelka"]
        assert session.exec(select(Stakeholder)).one()
    problems = report.error_file.read_text(encoding="utf-8-sig")
    for reason in (
        "'friendly' is none of mentor",
        "'Nobody' is no person",
        "one of ours takes a seat",
        "'Inês Moreira' is no stakeholder of this deal",
        "Only this deal's team",
    ):
        assert reason in problems
    unseen = load_text(world.database, tmp_path, text, by=world.people["dana"])
    assert f"'{hidden}' is no deal" in unseen.error_file.read_text(encoding="utf-8-sig")


def test_should_take_memberships_and_attendance_from_files(world: World, tmp_path) -> None:
    text = (
        "person,kind,organisation,role,start,end,source\n"
        "Inês Moreira,Board,Ward Forum,chair,2019,,register\n"
        "Inês Moreira,club,Ward Forum,,,,\n"
    )
    report = load_text(world.database, tmp_path, text)
    assert (report.kind, counts(report)) == ("memberships", (1, 0, 0, 1))
    assert counts(load_text(world.database, tmp_path, text)) == (0, 0, 1, 1)
    # As an event's organiser has it: with columns that only the organiser needs.
    event = (
        "Name,Email,Company,Job Title,Event,Date,Role\n"
        "Bobby B.,bob@dealkin.example,Us,Architect,Records Day,2026-03-05,speaker\n"
        "Jonas Havelka,,Havel Clinics,Head of data,Records Day,2026-03-05,\n"
        "Somebody Else,,Havel Clinics,,Records Day,2026-03-05,\n"
    )
    report = load_text(world.database, tmp_path, event)
    assert (report.kind, counts(report), report.warnings) == ("memberships", (2, 0, 0, 1), [])
    assert counts(load_text(world.database, tmp_path, event)) == (0, 0, 2, 1)
    with world.database.read() as session:
        board, talk, visit = session.exec(select(Membership).order_by(Membership.id))
        assert (board.kind, board.role, board.source) == ("board", "chair", "register")
        assert (board.start, board.end) == (date(2019, 1, 1), None)
        assert (talk.person_id, talk.kind, talk.role) == (world.people["bob"], "event", "speaker")
        assert (talk.start, talk.end) == (date(2026, 3, 5), date(2026, 3, 5))
        assert (visit.person_id, visit.source) == (world.people["jonas"], "imported")


def test_should_correct_a_membership_and_keep_its_source(world: World) -> None:
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        with pytest.raises(Invalid):
            people.add_membership(session, ines, "club", "Ward Forum", None)
        row = people.add_membership(session, ines, "board", "Ward Forum", None, source="register")
        people.edit_fact(session, row, None, {"organisation": "Wards Forum", "kind": "event"})
        [row] = people.memberships(session, ines.id)
        assert (row.organisation, row.kind, row.source) == ("Wards Forum", "event", "register")
        with pytest.raises(Invalid):
            people.edit_fact(
                session, row, None, {"start": date(2020, 1, 2), "end": date(2020, 1, 1)}
            )


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/ArjunMehta/",
        "linkedin.com/in/arjunmehta?trk=export",
        "http://pl.linkedin.com/in/arjunmehta#top",
        " HTTPS://LinkedIn.com/in/arjunmehta ",
    ],
)
def test_should_read_one_profile_from_any_spelling_of_its_address(written: str) -> None:
    assert people.profile_address(written) == "linkedin.com/in/arjunmehta"


@pytest.mark.parametrize(
    "written", ["javascript:alert(1)", "ArjunMehta", "https://linkedin.com", "x.example/a b", ""]
)
def test_should_read_no_profile_from_what_is_no_address(written: str) -> None:
    with pytest.raises(Invalid):
        people.profile_address(written)
