"""Calendars (iCalendar) as rows: the people whom their owner has met, each with the last meeting.

Meetings count that are over and were not cancelled, with the people who accepted the invitation. An
event with many participants acquaints nobody, and rooms and groups are no people.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from workspace.clock import today
from workspace.imports.files import RawRow
from workspace.people.names import personal_name

# The first line of a calendar.
OPENING = "begin:vcalendar"
HEADER = ["name", "email", "met_on"]

# More participants than this do not all get to know each other.
MOST_PARTICIPANTS = 20
_ACCEPTED = frozenset({"ACCEPTED", "TENTATIVE", "COMPLETED"})
_PROPERTY = re.compile(r'([\w-]+)((?:;[\w-]+=(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([\w-]+)=("[^"]*"|[^":;]*)')
_KNOWN = frozenset(
    {"BEGIN", "END", "METHOD", "STATUS", "DTSTART", "RECURRENCE-ID", "ATTENDEE", "ORGANIZER"}
)
# Longer lines are cut.
_LONGEST = 20_000


@dataclass
class _Event:
    line: int
    on: date | None = None
    cancelled: bool = False
    # Names by address.
    people: dict[str, str] = field(default_factory=dict)


def split(text: str) -> list[RawRow]:
    """A record for each person, below a header."""
    met: dict[str, tuple[date, str, int]] = {}
    for event in _events(text):
        if (
            event.cancelled
            or event.on is None
            or event.on > today()
            or len(event.people) > MOST_PARTICIPANTS
        ):
            continue
        for email, name in event.people.items():
            last = met.get(email)
            if last is None or event.on >= last[0]:
                met[email] = (event.on, name or (last[1] if last else ""), event.line)
            elif name and not last[1]:
                met[email] = (last[0], name, last[2])
    rows = [
        RawRow(line, [name or _name_in(email), email, str(on)])
        for email, (on, name, line) in met.items()
    ]
    return [RawRow(1, HEADER), *rows]


def _name_in(email: str) -> str:
    """The name that an address spells out: 'Ines Moreira' for ines.moreira@…; empty otherwise."""
    words = re.split(r"[._]", email.partition("@")[0])
    spelt = len(words) > 1 and all(word.isalpha() and len(word) > 1 for word in words)
    return " ".join(map(str.capitalize, words)) if spelt else ""


def _events(text: str) -> Iterator[_Event]:
    event: _Event | None = None
    cancels = False
    # Alarms within an event have attendees of their own.
    nested = 0
    for number, name, parameters, value in _properties(text):
        upper = value.strip().upper()
        if name == "METHOD":
            cancels = upper == "CANCEL"
        elif name == "BEGIN":
            if upper == "VEVENT":
                event, nested = _Event(number, cancelled=cancels), 0
            elif event:
                nested += 1
        elif event is None:
            continue
        elif name == "END":
            if upper == "VEVENT":
                yield event
                event = None
            else:
                nested = max(0, nested - 1)
        elif not nested:
            _note(event, name, parameters, value)


def _note(event: _Event, name: str, parameters: dict[str, str], value: str) -> None:
    match name:
        case "STATUS":
            event.cancelled |= value.strip().upper() == "CANCELLED"
        case "DTSTART" | "RECURRENCE-ID":
            event.on = _day(value) or event.on
        case _:
            email = value.strip().lower().removeprefix("mailto:")
            is_person = parameters.get("CUTYPE", "INDIVIDUAL").upper() == "INDIVIDUAL"
            answered = parameters.get("PARTSTAT", "NEEDS-ACTION").upper() in _ACCEPTED
            if "@" in email and is_person and (answered or name == "ORGANIZER"):
                called = personal_name(parameters.get("CN", ""))
                event.people[email] = "" if "@" in called else called


def _day(value: str) -> date | None:
    match = re.match(r"\s*(\d{4})-?(\d\d)-?(\d\d)", value)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _properties(text: str) -> Iterator[tuple[int, str, dict[str, str], str]]:
    """The known properties: line number, name, parameters and value, their lines unfolded."""
    for number, line in _lines(text):
        if match := _PROPERTY.fullmatch(line):
            parameters = {
                name.upper(): written.strip('"') for name, written in _PARAMETER.findall(match[2])
            }
            yield number, match[1].upper(), parameters, match[3]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start, parts = 0, [""]
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in (" ", "\t"):
            if parts[0] and len(parts) < 100:
                parts.append(line[1:_LONGEST])
            continue
        if parts[0]:
            yield start, "".join(parts)
        name = re.match(r"[\w-]+", line[:60])
        known = name is not None and name[0].upper() in _KNOWN
        start, parts = number, [line[:_LONGEST] if known else ""]
    if parts[0]:
        yield start, "".join(parts)
