"""Times of a call to choose from: hours of business days in the guest's time zone."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from references.desk import budgets, calendar
from references.desk.advocates import Activity
from references.desk.request import ReferenceRequest
from workspace.clock import now
from workspace.errors import Invalid

# So many days are offered, of this many days ahead.
DAYS = 6
DAYS_AHEAD = 60
FIRST_HOUR, LAST_HOUR = 9, 18
_SATURDAY = 5


@dataclass(frozen=True)
class DayOfSlots:
    """A business day, and its times as forms send them: '2026-12-01T09:00'."""

    day: date
    times: list[str]


def business_days(session: Session, request: ReferenceRequest, zone: str) -> list[DayOfSlots]:
    """The next business days on which the advocate can be asked, with the hours of each.

    The call ends within the business day. Days off are not known, but those of the weekend.
    """
    if request.advocate_id is None:
        return []
    days: list[DayOfSlots] = []
    tomorrow = now().astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    for ahead in range(DAYS_AHEAD):
        day = tomorrow + timedelta(days=ahead)
        if day.weekday() >= _SATURDAY or not _is_available(session, request, day):
            continue
        if times := _hours_of(day, request.minutes, zone):
            days.append(DayOfSlots(day, times))
        if len(days) == DAYS:
            break
    return days


def _hours_of(day: date, minutes: int, zone: str) -> list[str]:
    times = []
    for hour in range(FIRST_HOUR, LAST_HOUR):
        if hour * 60 + minutes > LAST_HOUR * 60:
            break
        written = f"{day:%Y-%m-%d}T{hour:02}:00"
        try:
            calendar.moment(written, zone)
        except Invalid:
            # The clocks change over this hour.
            continue
        times.append(written)
    return times


def _is_available(session: Session, request: ReferenceRequest, day: date) -> bool:
    advocate = request.advocate_id or 0
    activity = Activity(request.activity)
    found = budgets.availability(session, [advocate], activity, day, except_request=request.id)
    return found[advocate].may_be_asked
