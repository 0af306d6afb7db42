"""Readers of cells: text to typed values. What is unclear is refused, never guessed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pycountry

from workspace.errors import Invalid
from workspace.keys import plain
from workspace.value_lists import split_values

# For columns without a length of their own.
LONGEST_TEXT = 100_000
# The largest amount that the columns of amounts hold.
LARGEST_AMOUNT = Decimal(10) ** 12 - Decimal("0.01")
# INTEGER columns have 32 bits on PostgreSQL.
LARGEST_WHOLE = 2**31 - 1


def quoted(text: str) -> str:
    """A cell as it is quoted in a message."""
    short = " ".join(text.split())
    return f"'{short[:57]}…'" if len(short) > 60 else f"'{short}'"


def read_line(text: str, limit: int | None = None) -> str:
    """A text on one line, no longer than its column."""
    return _bounded(" ".join(text.split()), limit)


def read_prose(text: str, limit: int | None = None) -> str:
    """A text with its paragraphs, no longer than its column."""
    return _bounded(text.replace("\r\n", "\n").replace("\r", "\n").strip(), limit)


def read_name(text: str, limit: int | None = None) -> str:
    """A name: a line with at least one letter or digit."""
    name = read_line(text, limit)
    if not plain(name):
        raise Invalid(f"{quoted(text)} is not a name: it has no letter or digit.")
    return name


def read_key(text: str) -> str:
    """A key; characters that a web address cannot hold become hyphens."""
    key = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", read_line(text))).strip("-.")
    if not key:
        raise Invalid(f"{quoted(text)} is not a key: it has no letter or digit.")
    return _bounded(key, 80)


def read_list(text: str) -> list[str]:
    """The values of a cell that holds several, separated by semicolons, without repetitions."""
    return list(dict.fromkeys(map(read_line, split_values(text))))


def read_choice(text: str, options: Iterable[str]) -> str:
    """One of the options, whatever its capitals and spaces."""
    by_plain = {plain(option): option for option in options}
    option = by_plain.get(plain(text))
    if option is None:
        raise Invalid(f"{quoted(text)} is none of {', '.join(by_plain.values())}.")
    return option


def read_email(text: str) -> str:
    """An e-mail address, in small letters."""
    address = text.strip().removeprefix("mailto:").lower()
    local, at, domain = address.rpartition("@")
    if (
        not at
        or not local
        or "@" in local
        or not all(domain.split("."))
        or "." not in domain
        or re.search(r"[\s,;<>\x00-\x1f\x7f]", address)
    ):
        raise Invalid(f"{quoted(text)} is not an e-mail address.")
    return _bounded(address, 254)


def read_domain(text: str) -> str:
    """The domain of a website, from the domain itself or an address on the site."""
    address = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    domain = re.split(r"[/?#]", address, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    if not domain or re.search(r"[\s@<>\"']", domain):
        raise Invalid(f"{quoted(text)} is not a domain.")
    return _bounded(domain, 200)


def read_link(text: str, limit: int | None = None) -> str:
    """The address of a page or a file on the web; never of a script, which a browser would run."""
    link = text.strip()
    if not re.fullmatch(r"https?://[^\s/?#\x00-\x20]+[^\s\x00-\x20]*", link, re.IGNORECASE):
        raise Invalid(f"{quoted(text)} is not a link: it begins with https://.")
    return _bounded(link, limit)


_TRUE = frozenset(["yes", "y", "true", "t", "1", "x", "tak", "ja", "oui", "si"])
_FALSE = frozenset(["no", "n", "false", "f", "0", "nie", "nein", "non"])


def read_boolean(text: str) -> bool:
    """Yes or no."""
    word = text.strip().casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Invalid(f"{quoted(text)} is neither yes nor no.")


_GROUPED = re.compile(r"[0-9]{1,3}(?:([,.' ])[0-9]{3})(?:\1[0-9]{3})*(?:([.,])([0-9]+))?")
_PLAIN = re.compile(r"([0-9]+)(?:([.,])([0-9]+))?")


def read_number(text: str) -> Decimal:
    """A number without sign: 1234.5, 1,234.50, 1 234,50, 1.234.567, 1'234."""
    written = unicodedata.normalize("NFKC", text).replace("’", "'").strip()
    if len(written) > 40:
        raise Invalid(f"{quoted(text)} is not a number.")
    if simple := _PLAIN.fullmatch(written):
        whole, mark, rest = simple.groups()
        # Three digits after a mark may be thousands, unless no thousands can precede them.
        if not mark or len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
            return Decimal(f"{whole}.{rest or 0}")
        if mark == ".":
            raise Invalid(
                f"{quoted(text)} could be {whole}{rest} or {whole} and a fraction:"
                f" write {whole}{rest} or {written}0."
            )
        return Decimal(whole + rest)
    grouped = _GROUPED.fullmatch(written)
    if not grouped or grouped[1] == grouped[2]:
        raise Invalid(f"{quoted(text)} is not a number.")
    fraction = grouped[3] or "0"
    whole = written[: grouped.start(2)] if grouped[2] else written
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{fraction}")


def read_whole(text: str) -> int:
    """A whole number that is not negative and fits its column."""
    number = read_number(text)
    if number != number.to_integral_value():
        raise Invalid(f"{quoted(text)} is not a whole number.")
    if number > LARGEST_WHOLE:
        raise Invalid(f"{quoted(text)} is too large.")
    return int(number)


@dataclass(frozen=True)
class Money:
    """An amount, with the currency where the cell names one."""

    amount: Decimal
    currency: str | None = None


_SIGNS = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "zł": "PLN", "zl": "PLN", "₽": "RUB"}
_UNITS = {
    "k": 3, "tys": 3, "tys.": 3, "thousand": 3,
    "m": 6, "mn": 6, "mm": 6, "mln": 6, "mio": 6, "mio.": 6, "million": 6,
    "b": 9, "bn": 9, "mld": 9, "billion": 9,
}  # fmt: skip
_MONEY = re.compile(r"([^0-9]*)([0-9][0-9.,' ]*)([^0-9]*)")
_AFTER = re.compile(
    rf"({'|'.join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))})?\s*(\D*)"
)


def read_money(text: str) -> Money:
    """An amount as people and systems write it: $1,234,567, 250k, 1 234,50 zł, EUR 1.5M."""
    written = unicodedata.normalize("NFKC", text).replace("’", "'").replace("−", "-").strip()
    parts = _MONEY.fullmatch(written) if len(written) <= 60 else None
    if not parts:
        raise Invalid(f"{quoted(text)} is not an amount.")
    before, digits, after = (part.strip().casefold() for part in parts.groups())
    if "-" in before or (before.startswith("(") and after.endswith(")")):
        raise Invalid(f"{quoted(text)} is below zero.")
    unit = ""
    if after not in _codes() and (trailing := _AFTER.fullmatch(after)):
        unit, after = trailing[1] or "", trailing[2]
    if before and after:
        raise Invalid(f"{quoted(text)} is not an amount.")
    try:
        code = _currency_of(before or after)
        amount = read_number(digits).scaleb(_UNITS.get(unit, 0))
    except Invalid as problem:
        if problem.args[0].startswith(quoted(digits) + " could"):
            raise
        raise Invalid(f"{quoted(text)} is not an amount.") from None
    if amount > LARGEST_AMOUNT:
        raise Invalid(f"{quoted(text)} is too large.")
    return Money(amount.quantize(Decimal("0.01"), ROUND_HALF_UP), code)


def read_currency(text: str) -> str:
    """The ISO 4217 code of a currency."""
    code = _currency_of(text.strip().casefold())
    if code is None:
        raise Invalid(f"{quoted(text)} is not a currency.")
    return code


_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?\s?(?:Z|AM|PM|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_DAY_FIRST = re.compile(rf"(\d{{1,2}})\.\s?(\d{{1,2}})\.\s?(\d{{4}}|\d{{2}}){_TIME}", re.ASCII)
_EITHER_FIRST = re.compile(rf"(\d{{1,2}})[/-](\d{{1,2}})[/-](\d{{4}}){_TIME}", re.ASCII)
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]+)\.?,?[ -](\d{4}|\d{2})", re.ASCII)
_MONTH_DAY = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.ASCII)


def read_day(text: str) -> date:
    """A date: 2024-03-12, 12 Mar 2024, 7-Feb-22, Mar 12, 2024, 12.03.2024, 25/03/2024."""
    written = " ".join(text.split()).casefold() if len(text) <= 60 else ""
    if parts := _ISO.fullmatch(written.upper()) or _COMPACT.fullmatch(written):
        return _date(text, parts[1], parts[2], parts[3])
    if parts := _DAY_FIRST.fullmatch(written.upper()):
        return _date(text, parts[3], parts[2], parts[1])
    if parts := _DAY_MONTH.fullmatch(written):
        return _date(text, parts[3], _MONTHS.get(parts[2], 0), parts[1])
    if parts := _MONTH_DAY.fullmatch(written):
        return _date(text, parts[3], _MONTHS.get(parts[1], 0), parts[2])
    if parts := _EITHER_FIRST.fullmatch(written.upper()):
        first, second = int(parts[1]), int(parts[2])
        if first != second and first <= 12 and second <= 12:
            day_first = _date(text, parts[3], second, first)
            month_first = _date(text, parts[3], first, second)
            raise Invalid(
                f"{quoted(text)} could be {day_first:%d %B} or {month_first:%d %B}:"
                f" write {day_first.isoformat()} or {month_first.isoformat()}."
            )
        month, month_day = (second, first) if first > 12 else (first, second)
        return _date(text, parts[3], month, month_day)
    raise Invalid(f"{quoted(text)} is not a date: write it like 2024-03-12.")


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
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = datetime.combine(read_day(text), datetime.min.time())
    _date(text, moment.year, moment.month, moment.day)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _year_and_month(text: str) -> tuple[int, int]:
    """Year and month of a cell that holds a year or a month; 0 for what the cell does not hold."""
    written = " ".join(text.split()).casefold()[:60]
    year, month = 0, 0
    if parts := re.fullmatch(r"([0-9]{4})(?:[-/.]([0-9]{1,2}))?", written):
        year, month = int(parts[1]), int(parts[2] or 0)
    elif parts := re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{4})", written):
        year, month = int(parts[2]), int(parts[1])
    elif parts := re.fullmatch(r"([a-z]+)\.?,? ([0-9]{4})", written):
        year, month = int(parts[2]), _MONTHS.get(parts[1], 13)
    if year:
        _date(text, year, month or 1, 1)
    return year, month


def _date(text: str, year: str | int, month: str | int, of_month: str | int) -> date:
    full = int(year)
    if isinstance(year, str) and len(year) == 2:
        # POSIX reads years of two digits like this.
        full += 2000 if full < 69 else 1900
    try:
        day = date(full, int(month), int(of_month))
    except ValueError:
        raise Invalid(f"{quoted(text)} is not a date: write it like 2024-03-12.") from None
    if not 1900 <= day.year <= 2200:
        raise Invalid(f"{quoted(text)} lies outside the years 1900 to 2200.")
    return day


def _currency_of(text: str) -> str | None:
    """The code of a currency's sign or code in small letters; None for an empty text."""
    if not text:
        return None
    code = _SIGNS.get(text) or _codes().get(text)
    if code is None:
        raise Invalid(f"{quoted(text)} is not a currency.")
    return code


@cache
def _codes() -> dict[str, str]:
    return {currency.alpha_3.casefold(): currency.alpha_3 for currency in pycountry.currencies}


def _bounded(text: str, limit: int | None) -> str:
    longest = limit or LONGEST_TEXT
    if len(text) > longest:
        raise Invalid(f"{len(text):,} characters are too many: at most {longest:,}.")
    return text
