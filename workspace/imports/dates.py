"""Readers of dates and times of day, and the order of day and month in a column of a file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from workspace.errors import Invalid
from workspace.imports.cells import brief
from workspace.imports.messages import Notice, tell
from workspace.imports.rows import Row
from workspace.keys import plain


class DateOrder(StrEnum):
    """Whether the day or the month comes first in dates such as 03/04/2024."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


# The columns that hold dates.
_DATE_COLUMNS = frozenset(
    [
        *("opened", "expected_close", "closed", "close_date", "won_on", "lost_on", "next_step_on"),
        *("connected_on", "start", "end", "since", "used_on", "at", "published", "expires"),
        *("captured_on", "paused_until", "date", "birthday"),
    ]
)
# January to December in English, Polish, German, French, Czech, Russian, Ukrainian, Spanish,
# Italian, Portuguese and Dutch: in full, in the form that stands in dates, and abbreviated.
_MONTH_NAMES = (
    "jan january styczen stycznia sty januar janner janvier janv leden ledna led январь января янв"
    " січень січня січ enero ene gennaio gen janeiro januari",
    "feb february luty lutego lut februar feber fevrier fevr fev unor unora uno февраль февраля фев"
    " февр лютий лютого лют febrero febbraio fevereiro februari",
    "mar march marzec marca marz mrz mars brezen brezna bre март марта мар березень березня бер"
    " marzo março marco maart mrt",
    "apr april kwiecien kwietnia kwi avril avr duben dubna dub апрель апреля апр квітень квітня кві"
    " abril abr aprile",
    "may maj maja mai kveten kvetna kve май мая травень травня тра mayo maggio mag maio mei",
    "jun june czerwiec czerwca cze juni juin cerven cervna cvn июнь июня июн червень червня чер"
    " junio giugno giu junho",
    "jul july lipiec lipca lip juli juillet juil cervenec cervence cvc июль июля июл липень липня"
    " лип julio luglio lug julho",
    "aug august sierpien sierpnia sie aout srpen srpna srp август августа авг серпень серпня сер"
    " agosto ago augustus",
    "sep sept september wrzesien wrzesnia wrz septembre zari zar сентябрь сентября сен сент"
    " вересень вересня вер septiembre settembre set setembro",
    "oct october pazdziernik pazdziernika paz okt oktober octobre rijen rijna rij октябрь октября"
    " окт жовтень жовтня жов octubre ottobre ott outubro out",
    "nov november listopad listopada lis novembre listopadu ноябрь ноября ноя нояб листопад"
    " листопада лис noviembre novembro",
    "dec december grudzien grudnia gru dez dezember decembre prosinec prosince pro декабрь декабря"
    " дек грудень грудня гру diciembre dic dicembre dezembro",
)
_MONTHS = {
    plain(name): number
    for number, names in enumerate(_MONTH_NAMES, start=1)
    for name in names.split()
}
_YEAR = r"(?P<year>\d{4}|\d{2}(?!\d))"
_WORD = r"(?P<word>[^\W\d_]{3,})"
_FORMS = tuple(
    re.compile(form, re.ASCII if "word" not in form else 0)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        rf"(?P<year>\d{{4}})[-/ ]{_WORD}[-/ ](?P<day>\d{{1,2}})(?!\d)",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?![\d:])",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|-го|\.)?(?: de| of)?[ /-]*{_WORD}\.?,?(?: de)?"
        rf"[ ,/-]*{_YEAR}(?: ?(?:г\.|г|года|r\.|roku|року|р\.))?",
        rf"{_WORD}\.?[ -](?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?[ -](?P<year>\d{{4}})(?!\d)",
    )
)
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[/.-]) ?(?P<second>\d{{1,2}})(?P=mark) ?{_YEAR}", re.ASCII
)
_TIME = re.compile(
    r"[t,]? ?(?:at |um |o |в |à )?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,]\d+)?)? ?(?P<half>[ap])?(?:\.?m\.?)?(?: ?uhr)?"
    r" ?(?P<zone>z|utc|gmt|wet|west|cet|cest|eet|eest|msk|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?)?"
    r"(?: \([^)]*\))?",
)
# Hours before UTC of the zones whose abbreviation no other zone has.
_EUROPEAN = {"wet": 0, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3}
# In cards: 1984-04-12, 19840412, --04-12, --0412.
_BIRTHDAY = re.compile(r"(?:--|\d{4}-?)(?P<month>\d\d)-?(?P<day>\d\d)(?:T.*)?", re.ASCII)
_LEAP_YEAR = 2000
_ONLY_WEEKDAY = re.compile(r"[^\W\d_]+\.?,? (?=\d|[^\W\d_]+\.? \d)|[^\W\d_]+\.?, ")


@dataclass(frozen=True)
class _Stamp:
    """What a cell says: a day, and perhaps a time of that day."""

    day: date
    time_of_day: time | None = None


def read_day(text: str) -> date:
    """A date: 2024-03-12, 12 Mar 2024, 7-Feb-22, Mar 12, 2024, 12.03.2024, 25/03/2024."""
    return _read(text).day


def read_first_day(text: str) -> date:
    """The start of a period: a date, or the first day of a month or a year."""
    year, month = _year_and_month(text)
    return date(year, month or 1, 1) if year else read_day(text)


def read_last_day(text: str) -> date:
    """The end of a period: a date, or the last day of a month or a year."""
    year, month = _year_and_month(text)
    if not year:
        return read_day(text)
    following = date(year, month + 1, 1) if month and month < 12 else date(year + 1, 1, 1)
    return following - timedelta(days=1)


def read_moment(text: str) -> datetime:
    """A date with or without a time of day, in UTC unless it names a time zone."""
    stamp = _read(text)
    at = stamp.time_of_day or time()
    try:
        return datetime.combine(stamp.day, at, at.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise _no_date(text) from None


def settle_date_order(
    rows: Sequence[Row], titles: Mapping[str, str], asked: DateOrder | None
) -> list[str]:
    """Write the dates of each column so that one order of day and month holds for all of it.

    A column's order is settled by its dates that allow only one, otherwise by the other columns of
    the file. `titles` has the names of columns in the file. Returns warnings.
    """
    columns = [column for column in titles if column in _DATE_COLUMNS]
    dates = {column: [row.cells[column] for row in rows if column in row] for column in columns}
    unclear = {column for column in columns if any(map(_is_unclear, dates[column]))}
    if not unclear:
        return []
    orders = {column: _orders(dates[column]) for column in columns}
    of_file = set().union(*orders.values())
    warnings: list[str] = []
    for column in columns:
        if column not in unclear:
            continue
        order = asked or _only(orders[column])
        if order is None and not orders[column] and (order := _only(of_file)):
            warnings.append(
                tell(Notice.DATES_AS_OTHERS, title=titles[column], order=order.replace("-", " "))
            )
        if order:
            for row in rows:
                if column in row:
                    row.cells[column] = _in_order(row.cells[column], order)
        else:
            warnings += _leave_unclear(rows, column, titles[column], both=bool(orders[column]))
    return warnings


def _leave_unclear(rows: Sequence[Row], column: str, title: str, *, both: bool) -> list[str]:
    """Warnings about unclear dates in a column whose order nothing shows, or that has both orders.

    Dates with full stops begin with the day where nothing contradicts.
    """
    unclear = [row for row in rows if column in row and _is_unclear(row.cells[column])]
    dotted = [row for row in unclear if _is_dotted(row.cells[column])]
    warnings: list[str] = []
    if dotted and not both:
        warnings.append(tell(Notice.DATES_DOTTED, title=title, text=brief(dotted[0].cells[column])))
    for row in dotted:
        text = row.cells[column]
        # With slashes it is refused, as the others are.
        row.cells[column] = (
            re.sub(r"(?<=\d)\. ?(?=\d)", "/", text, count=2)
            if both
            else _in_order(text, DateOrder.DAY_FIRST)
        )
    if both or len(dotted) < len(unclear):
        warnings.append(tell(Notice.DATES_BOTH if both else Notice.DATES_UNCLEAR, title=title))
    return warnings


def _is_dotted(text: str) -> bool:
    parts = _NUMERIC.match(_written(text))
    return bool(parts and parts["mark"] == ".")


def _orders(texts: Iterable[str]) -> set[DateOrder]:
    """The orders of day and month that are the only possible ones of some of these dates."""
    orders = set()
    for text in texts:
        if parts := _NUMERIC.match(_written(text)):
            first, second = int(parts["first"]), int(parts["second"])
            if first > 12 >= second:
                orders.add(DateOrder.DAY_FIRST)
            elif second > 12 >= first:
                orders.add(DateOrder.MONTH_FIRST)
    return orders


def _only(orders: set[DateOrder]) -> DateOrder | None:
    return next(iter(orders)) if len(orders) == 1 else None


def _is_unclear(text: str) -> bool:
    parts = _NUMERIC.match(_written(text))
    return bool(
        parts
        and parts["first"].lstrip("0") != parts["second"].lstrip("0")
        and int(parts["first"]) <= 12
        and int(parts["second"]) <= 12
    )


def _in_order(text: str, order: DateOrder) -> str:
    """A cell whose date is unclear, with its date in the one order that is never unclear."""
    written = _written(text)
    parts = _NUMERIC.match(written)
    if parts is None or not _is_unclear(text):
        return text
    day, month = parts["first"], parts["second"]
    if order == DateOrder.MONTH_FIRST:
        day, month = month, day
    return f"{_full_year(parts['year']):04}-{int(month):02}-{int(day):02}{written[parts.end() :]}"


def read_birthday(text: str) -> str:
    """Month and day of a birthday, as 04-12; with or without a year, which is not kept."""
    if parts := _BIRTHDAY.fullmatch(text.strip()):
        day = _date(text, _LEAP_YEAR, parts["month"], parts["day"])
    else:
        day = _read(text).day
    return f"{day:%m-%d}"


def _read(text: str) -> _Stamp:
    written = _written(text)
    if bare := _ONLY_WEEKDAY.match(written):
        # 'Tue, 12 Mar 2024': the weekday follows from the date.
        written = written[bare.end() :] if plain(bare[0]) not in _MONTHS else written
    for form in _FORMS:
        if parts := form.match(written):
            month = _MONTHS.get(plain(parts["word"]), 0) if "word" in form.groupindex else 0
            month = month or int(parts.groupdict().get("month") or 0)
            day = _date(text, parts["year"], month, parts["day"])
            return _Stamp(day, _read_time(text, written[parts.end() :]))
    if parts := _NUMERIC.match(written):
        return _Stamp(_numeric(text, parts), _read_time(text, written[parts.end() :]))
    raise _no_date(text)


def _numeric(text: str, parts: re.Match[str]) -> date:
    first, second = int(parts["first"]), int(parts["second"])
    # Dates with full stops begin with the day.
    if first > 12 or first == second or (parts["mark"] == "." and second <= 12):
        return _date(text, parts["year"], second, first)
    if second > 12:
        return _date(text, parts["year"], first, second)
    day_first = _date(text, parts["year"], second, first)
    month_first = _date(text, parts["year"], first, second)
    raise Invalid(
        tell(
            Notice.DATE_UNCLEAR,
            text=brief(text),
            day_first=day_first.isoformat(),
            month_first=month_first.isoformat(),
        )
    )


def _read_time(text: str, rest: str) -> time | None:
    """The time of day behind a date; None without one."""
    if not rest.strip(" ,"):
        return None
    parts = _TIME.fullmatch(rest.strip())
    if parts is None:
        raise _no_date(text)
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise _no_date(text)
        hour = hour % 12 + (12 if parts["half"] == "p" else 0)
    try:
        return time(hour, minute, second, tzinfo=_zone(parts["zone"]))
    except ValueError:
        raise _no_date(text) from None


def _zone(written: str | None) -> timezone | None:
    """The time zone of 'z', 'utc' or '+02:00'; `ValueError` where there is no such zone."""
    if not written:
        return None
    if written in _EUROPEAN:
        return timezone(timedelta(hours=_EUROPEAN[written]))
    offset = re.sub(r"utc|gmt|z|:", "", written)
    if not offset:
        return UTC
    digits = offset[1:]
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    shift = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(shift if offset[0] == "+" else -shift)


def _written(text: str) -> str:
    return " ".join(text.split()).casefold() if len(text) <= 60 else ""


def _year_and_month(text: str) -> tuple[int, int]:
    """Year and month of a cell that holds a year or a month; 0 for what the cell does not hold."""
    written = _written(text)
    year, month = 0, 0
    if parts := re.fullmatch(r"([0-9]{4})(?:[-/.]([0-9]{1,2}))?", written):
        year, month = int(parts[1]), int(parts[2] or 0)
    elif parts := re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{4})", written):
        year, month = int(parts[2]), int(parts[1])
    elif parts := re.fullmatch(r"([^\W\d_]+)\.?,? ([0-9]{4})", written):
        year, month = int(parts[2]), _MONTHS.get(plain(parts[1]), 13)
    if year:
        _date(text, year, month or 1, 1)
    return year, month


def _full_year(year: str) -> int:
    full = int(year)
    # POSIX reads years of two digits like this.
    return full if len(year) == 4 else full + (2000 if full < 69 else 1900)


def _date(text: str, year: str | int, month: str | int, of_month: str | int) -> date:
    full = _full_year(year) if isinstance(year, str) else year
    try:
        day = date(full, int(month), int(of_month))
    except ValueError:
        raise _no_date(text) from None
    if not 1900 <= day.year <= 2200:
        raise Invalid(tell(Notice.YEAR_FAR, text=brief(text)))
    return day


def _no_date(text: str) -> Invalid:
    return Invalid(tell(Notice.NO_DATE, text=brief(text)))
