"""What time it is, and where."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import available_timezones


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date, in UTC."""
    return now().date()


@cache
def zones() -> tuple[str, ...]:
    """The time zones that people choose from: of places, and UTC."""
    places = (name for name in available_timezones() if re.fullmatch(r"[A-Z]\w+(/[\w-]+)+", name))
    return ("UTC", *sorted(name for name in places if not name.startswith(("Etc/", "SystemV/"))))


def zone_or_utc(name: str) -> str:
    """A time zone's name where it is one, else UTC."""
    return name if name in zones() else "UTC"


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or that month's last where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def spoken(day: date) -> str:
    """'3 Mar 2026'."""
    return f"{day.day} {day:%b %Y}"
