"""Times with their zones, and the calendar files that guests are sent."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from references.desk import calendar
from references.desk import calendar as calendars
from references.desk.calendar import Attendee, Meeting
from workspace import clock
from workspace.errors import Invalid

MEETING = Meeting(
    uid="2f1c@dealkin",
    sequence=2,
    title="Reference call: Inês Moreira and Tess Tide",
    about="On the migration;\nnothing to prepare, really.",
    starts_at=datetime(2027, 3, 28, 12, 0, tzinfo=UTC),
    minutes=30,
    organizer=Attendee("Erin; Eriksen", "erin@dealkin.example"),
    attendees=(
        Attendee("Inês Moreira", "ines@brannoc.example"),
        Attendee("Tess, Tide", "tess@tidewater.example"),
    ),
)


@pytest.fixture(autouse=True)
def in_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "now", lambda: datetime(2026, 9, 1, 8, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("write", "method", "status"),
    [
        (calendar.invitation, "REQUEST", "CONFIRMED"),
        (calendar.cancellation, "CANCEL", "CANCELLED"),
    ],
)
def test_should_write_a_calendar_file_that_reads_as_meant(write, method: str, status: str) -> None:
    written = write(MEETING)
    found = Calendar.from_ical(written)
    assert (found["METHOD"], found["VERSION"]) == (method, "2.0")
    [event] = found.events
    assert (str(event["UID"]), event["SEQUENCE"]) == (MEETING.uid, 2)
    assert event["DTSTART"].dt == MEETING.starts_at
    assert event["DTEND"].dt == MEETING.starts_at + timedelta(minutes=30)
    assert "DTSTART:20270328T120000Z" in written
    assert str(event["SUMMARY"]) == MEETING.title
    assert str(event["DESCRIPTION"]) == MEETING.about
    assert event["STATUS"] == status
    assert str(event["ORGANIZER"]) == "mailto:erin@dealkin.example"
    guests = event["ATTENDEE"]
    assert [str(each) for each in guests] == [
        "mailto:ines@brannoc.example",
        "mailto:tess@tidewater.example",
    ]
    assert [each.params["CN"] for each in guests] == ["Inês Moreira", "Tess, Tide"]
    assert {each.params["PARTSTAT"] for each in guests} == {"NEEDS-ACTION"}
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))


def test_should_add_no_lines_from_what_people_write() -> None:
    hostile = "x\r\nATTENDEE:mailto:all@example.com\r\nEND:VEVENT"
    guest = Attendee('Ann "x"\r\nX-A:1', "ann@example.com")
    meeting = Meeting("u", 0, hostile, hostile, MEETING.starts_at, 30, guest, (guest,))
    lines = calendar.invitation(meeting).split("\r\n")
    assert sum(line.startswith("ATTENDEE") for line in lines) == 1
    assert sum(line.startswith(("END:VEVENT", "X-A")) for line in lines) == 1


@pytest.mark.parametrize(
    ("written", "zone", "expected"),
    [
        ("2026-12-01T14:30", "UTC", datetime(2026, 12, 1, 14, 30, tzinfo=UTC)),
        ("2026-12-01T14:30", "Europe/Warsaw", datetime(2026, 12, 1, 13, 30, tzinfo=UTC)),
        ("2027-07-01T14:30", "Europe/Warsaw", datetime(2027, 7, 1, 12, 30, tzinfo=UTC)),
        ("2026-12-01T00:15", "Asia/Kolkata", datetime(2026, 11, 30, 18, 45, tzinfo=UTC)),
        ("2026-12-01T20:00", "America/Los_Angeles", datetime(2026, 12, 2, 4, 0, tzinfo=UTC)),
    ],
)
def test_should_read_a_time_in_the_guests_time_zone(
    written: str, zone: str, expected: datetime
) -> None:
    assert calendar.moment(written, zone) == expected


@pytest.mark.parametrize(
    ("written", "zone", "why"),
    [
        ("2027-03-28T02:30", "Europe/Warsaw", "go forward"),
        ("2027-03-14T02:15", "America/New_York", "go forward"),
        ("2026-10-25T02:30", "Europe/Warsaw", "comes twice"),
        ("2026-08-31T12:00", "UTC", "has passed"),
        ("2026-09-01T10:00", "Europe/Warsaw", "has passed"),
        ("2028-01-01T12:00", "UTC", "within a year"),
        ("2026-13-01T12:00", "UTC", "Enter a day and a time"),
        ("2026-12-01 12:00", "UTC", "Enter a day and a time"),
        ("2026-12-01T12:00:00+02:00", "UTC", "Enter a day and a time"),
        ("", "UTC", "Enter a day and a time"),
    ],
)
def test_should_refuse_an_impossible_time_with_the_reason(
    written: str, zone: str, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        calendar.moment(written, zone)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Warsaw", "Sun 28 Mar 2027, 14:00 (Europe/Warsaw, UTC+2)"),
        ("Asia/Kolkata", "Sun 28 Mar 2027, 17:30 (Asia/Kolkata, UTC+5:30)"),
        ("America/St_Johns", "Sun 28 Mar 2027, 09:30 (America/St_Johns, UTC-2:30)"),
        ("UTC", "Sun 28 Mar 2027, 12:00 (UTC)"),
    ],
)
def test_should_show_a_time_with_its_zone(zone: str, expected: str) -> None:
    assert calendar.shown(MEETING.starts_at, zone) == expected


def test_should_offer_the_zones_of_places() -> None:
    assert {"UTC", "Europe/Warsaw", "America/Argentina/Buenos_Aires"} <= set(clock.zones())
    assert not {"localtime", "posixrules", "Etc/GMT+5", "EST"} & set(clock.zones())
    assert clock.zone_or_utc("Mars/Olympus") == "UTC"
    assert clock.zone_or_utc("../../etc/passwd") == "UTC"
