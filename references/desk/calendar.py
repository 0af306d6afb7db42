"""Times as guests enter and read them, and calendar invitations (iCalendar)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from workspace.clock import now
from workspace.errors import Invalid

# A time further ahead than this is taken for a typing error.
FARTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Attendee:
    """A person in a calendar invitation."""

    name: str
    email: str


@dataclass(frozen=True)
class Meeting:
    """The content of an invitation; of one `uid`, the highest `sequence` is valid."""

    uid: str
    sequence: int
    title: str
    about: str
    starts_at: datetime
    minutes: int
    organizer: Attendee
    attendees: Sequence[Attendee]


def invitation(meeting: Meeting) -> str:
    """An iCalendar object that adds the meeting to calendars, or moves it."""
    return _calendar(meeting, "REQUEST", "CONFIRMED")


def cancellation(meeting: Meeting) -> str:
    """An iCalendar object that removes the meeting from calendars."""
    return _calendar(meeting, "CANCEL", "CANCELLED")


def moment(written: str, zone: str) -> datetime:
    """The time in UTC of a form's '2026-12-01T14:30' in a time zone; `Invalid` if there is none."""
    try:
        if not re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", written):
            raise ValueError
        local = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise Invalid("Enter a day and a time, for example 2026-12-01 and 14:30.") from None
    utc = local.astimezone(UTC)
    if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Invalid("The clocks go forward over this hour that day; choose another.")
    if local.replace(fold=1).astimezone(UTC) != utc:
        raise Invalid("The clocks go back that day, and this hour comes twice; choose another.")
    require_ahead(utc)
    return utc


def require_ahead(moment: datetime) -> None:
    """Refuse a time that has passed, or that is more than a year ahead."""
    if moment <= now():
        raise Invalid("This time has passed.")
    if moment > now() + FARTHEST:
        raise Invalid("Choose a time within a year.")


def shown(moment: datetime, zone: str) -> str:
    """A time in words, such as 'Tue 1 Dec 2026, 14:30 (Europe/Warsaw, UTC+1)'."""
    local = moment.astimezone(ZoneInfo(zone))
    place = "UTC" if zone == "UTC" else f"{zone}, {offset(local)}"
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} ({place})"


def offset(local: datetime) -> str:
    """How far a local time is from UTC: 'UTC+1'."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return "UTC" + (f"{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else "")


def _calendar(meeting: Meeting, method: str, status: str) -> str:
    event = Event()
    event.add("uid", meeting.uid)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", now())
    # Calendars show a time in UTC correctly even if they do not know the guest's time zone.
    event.add("dtstart", meeting.starts_at.astimezone(UTC))
    event.add("dtend", meeting.starts_at.astimezone(UTC) + timedelta(minutes=meeting.minutes))
    event.add("summary", meeting.title)
    event.add("description", meeting.about)
    event.add("status", status)
    event.add("organizer", _address(meeting.organizer))
    for guest in meeting.attendees:
        attendee = _address(guest)
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
        attendee.params["RSVP"] = vText("TRUE")
        event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Dealkin//Reference desk//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


def _address(guest: Attendee) -> vCalAddress:
    address = vCalAddress(f"mailto:{guest.email}")
    address.params["CN"] = vText(guest.name)
    return address
