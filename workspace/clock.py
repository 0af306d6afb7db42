"""The present time, time zones, and dates."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import available_timezones


def now() -> datetime:
    """The present moment in UTC, with its time zone."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date, in UTC."""
    return now().date()


@cache
def zones() -> tuple[str, ...]:
    """The time zones that people can choose: those of places, and UTC."""
    places = (name for name in available_timezones() if re.fullmatch(r"[A-Z]\w+(/[\w-]+)+", name))
    return ("UTC", *sorted(name for name in places if not name.startswith(("Etc/", "SystemV/"))))


def zone_or_utc(name: str) -> str:
    """The name if it is that of a time zone, otherwise UTC."""
    return name if name in zones() else "UTC"


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def spoken(day: date) -> str:
    """The day in words: '3 Mar 2026'."""
    return f"{day.day} {day:%b %Y}"
