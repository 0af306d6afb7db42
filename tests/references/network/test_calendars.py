"""Calendars: whom their owner has met, and when last."""

from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from references.imports import EXTENSION
from references.network import calendars
from references.network.address_books import Connection
from tests.workspace.imports.files import put
from tests.world import World
from workspace.clock import today
from workspace.imports.run import import_files
from workspace.people.tables import Person


def event(day: str, *people: str, extra: str = "") -> str:
    lines = [f"ATTENDEE;CUTYPE=INDIVIDUAL;{person}" for person in people]
    body = "\r\n".join([f"DTSTART;TZID=Europe/Warsaw:{day}T090000", extra, *lines])
    return f"BEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\n"


def rows(*events: str, method: str = "PUBLISH") -> list[list[str]]:
    text = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\n{''.join(events)}END:VCALENDAR\r\n"
    return [row.cells for row in calendars.split(text)[1:]]


INES = "PARTSTAT=ACCEPTED;CN=Ines Moreira:mailto:Ines@clinic.example"


def test_should_take_the_last_meeting_with_each_person() -> None:
    found = rows(event("20240312", INES), event("20240501", INES), event("20240101", INES))
    assert found == [["Ines Moreira", "ines@clinic.example", "2024-05-01"]]


def test_should_write_a_name_as_it_is_spoken() -> None:
    guest = 'PARTSTAT=ACCEPTED;CN="Novák, Jan":mailto:jan@novak.example'
    assert rows(event("20240312", guest))[0][0] == "Jan Novák"


def test_should_leave_out_who_did_not_accept() -> None:
    assert (
        rows(
            event("20240312", "PARTSTAT=DECLINED;CN=A B:mailto:a@x.example"),
            event("20240312", "CN=A B:mailto:a@x.example"),
            event("20240312", 'PARTSTAT=ACCEPTED;CN="Room 4: left":mailto:room@x.example').replace(
                "INDIVIDUAL", "ROOM"
            ),
        )
        == []
    )


def test_should_leave_out_meetings_that_did_not_happen() -> None:
    tomorrow = f"{today() + timedelta(days=1):%Y%m%d}"
    assert rows(event("20240312", INES, extra="STATUS:CANCELLED"), event(tomorrow, INES)) == []
    assert rows(event("20240312", INES), method="CANCEL") == []


def test_should_leave_out_large_meetings() -> None:
    crowd = [f"PARTSTAT=ACCEPTED;CN=P Q:mailto:p{number}@x.example" for number in range(21)]
    assert rows(event("20240312", *crowd)) == []


def test_should_unfold_lines_and_skip_alarms() -> None:
    folded = INES.replace("Moreira", "Mor\r\n eira")
    alarm = "BEGIN:VALARM\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:me@x.example\r\nEND:VALARM"
    assert rows(event("20240312", folded, extra=alarm)) == [
        ["Ines Moreira", "ines@clinic.example", "2024-03-12"]
    ]


def test_should_take_a_name_from_an_address_that_spells_it_out() -> None:
    found = rows(
        event("20240312", "PARTSTAT=ACCEPTED;CN=ann.onym@x.example:mailto:ann.onym@x.example"),
        event("20240312", "PARTSTAT=ACCEPTED:mailto:ao7@x.example"),
    )
    assert [name for name, *_ in found] == ["Ann Onym", ""]


def test_should_give_the_owner_a_private_tie_to_a_person_of_the_record(
    world: World, tmp_path: Path
) -> None:
    text = f"BEGIN:VCALENDAR\r\n{event('20240312', INES)}END:VCALENDAR\r\n"
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        ines.email = "ines@clinic.example"
        session.add(ines)
    for new in (1, 0):
        with world.database.write() as session:
            path = put(tmp_path, "calendar.ics", text)
            (report,) = import_files(session, [path], world.people["bob"], tmp_path, EXTENSION)
            assert (report.kind, report.created, report.refused) == ("meetings", new, "")
    with world.database.read() as session:
        (row,) = session.exec(select(Connection)).all()
        assert (row.owner_id, row.person_id, row.visibility, row.source) == (
            world.people["bob"],
            world.people["ines"],
            "private",
            "Calendar",
        )
        assert row.tie_id is not None
