"""Cells to typed values. What cannot be read for certain is refused in words."""

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
    """A text that may have paragraphs."""
    return _bounded(text.replace("\r\n", "\n").replace("\r", "\n").strip(), limit)


def read_name(text: str, limit: int | None = None) -> str:
    """What something is called: with a letter or a digit at least."""
    found = read_line(text, limit)
    if not plain(found):
        raise Invalid(f"{quoted(text)} is not a name: it has no letter or digit.")
    return found


def read_key(text: str) -> str:
    """A key as it stands in the file, with what cannot stand in an address made a hyphen."""
    found = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", read_line(text))).strip("-.")
    if not found:
        raise Invalid(f"{quoted(text)} is not a key: it has no letter or digit.")
    return _bounded(found, 80)


def read_list(text: str) -> list[str]:
    """The values of a cell that holds several, separated by semicolons; each once."""
    return list(dict.fromkeys(value for part in text.split(";") if (value := read_line(part))))


def read_choice(text: str, options: Iterable[str]) -> str:
    """One of a fixed set of words, however it is capitalised and spaced."""
    known = {plain(option): option for option in options}
    found = known.get(plain(text))
    if found is None:
        raise Invalid(f"{quoted(text)} is none of {', '.join(known.values())}.")
    return found


def read_email(text: str) -> str:
    """An e-mail address, in small letters."""
    found = text.strip().removeprefix("mailto:").lower()
    local, at, domain = found.rpartition("@")
    if (
        not at
        or not local
        or "@" in local
        or not all(domain.split("."))
        or "." not in domain
        or re.search(r"[\s,;<>\x00-\x1f\x7f]", found)
    ):
        raise Invalid(f"{quoted(text)} is not an e-mail address.")
    return _bounded(found, 254)


def read_domain(text: str) -> str:
    """The domain of a web site, from its name or any address on it."""
    found = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    found = re.split(r"[/?#]", found, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    if not found or re.search(r"[\s@<>\"']", found):
        raise Invalid(f"{quoted(text)} is not a domain.")
    return _bounded(found, 200)


def read_link(text: str, limit: int | None = None) -> str:
    """The address of a page or a file on the web; nothing that a browser would run."""
    found = text.strip()
    if not re.fullmatch(r"https?://[^\s/?#\x00-\x20]+[^\s\x00-\x20]*", found, re.IGNORECASE):
        raise Invalid(f"{quoted(text)} is not a link: it begins with https://.")
    return _bounded(found, limit)


_TRUE = frozenset(["yes", "y", "true", "t", "1", "x", "tak", "ja", "oui", "si"])
_FALSE = frozenset(["no", "n", "false", "f", "0", "nie", "nein", "non"])


def read_boolean(text: str) -> bool:
    """Yes or no."""
    wanted = text.strip().casefold()
    if wanted in _TRUE:
        return True
    if wanted in _FALSE:
        return False
    raise Invalid(f"{quoted(text)} is neither yes nor no.")


_GROUPED = re.compile(r"[0-9]{1,3}(?:([,.' ])[0-9]{3})(?:\1[0-9]{3})*(?:([.,])([0-9]+))?")
_PLAIN = re.compile(r"([0-9]+)(?:([.,])([0-9]+))?")


def read_number(text: str) -> Decimal:
    """A number without sign: 1234.5, 1,234.50, 1 234,50, 1.234.567, 1'234."""
    found = unicodedata.normalize("NFKC", text).replace("’", "'").strip()
    if len(found) > 40:
        raise Invalid(f"{quoted(text)} is not a number.")
    if simple := _PLAIN.fullmatch(found):
        whole, mark, rest = simple.groups()
        # Three digits after a mark: thousands, if there could be a thousand before it.
        if not mark or len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
            return Decimal(f"{whole}.{rest or 0}")
        if mark == ".":
            raise Invalid(
                f"{quoted(text)} could be {whole}{rest} or {whole} and a fraction:"
                f" write {whole}{rest} or {found}0."
            )
        return Decimal(whole + rest)
    grouped = _GROUPED.fullmatch(found)
    if not grouped or grouped[1] == grouped[2]:
        raise Invalid(f"{quoted(text)} is not a number.")
    fraction = grouped[3] or "0"
    whole = found[: grouped.start(2)] if grouped[2] else found
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{fraction}")


def read_whole(text: str) -> int:
    """A whole number that is not negative and fits its column."""
    found = read_number(text)
    if found != found.to_integral_value():
        raise Invalid(f"{quoted(text)} is not a whole number.")
    if found > LARGEST_WHOLE:
        raise Invalid(f"{quoted(text)} is too large.")
    return int(found)


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
    found = unicodedata.normalize("NFKC", text).replace("’", "'").replace("−", "-").strip()
    parts = _MONEY.fullmatch(found) if len(found) <= 60 else None
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
    found = " ".join(text.split()).casefold() if len(text) <= 60 else ""
    if parts := _ISO.fullmatch(found.upper()) or _COMPACT.fullmatch(found):
        return _date(text, parts[1], parts[2], parts[3])
    if parts := _DAY_FIRST.fullmatch(found.upper()):
        return _date(text, parts[3], parts[2], parts[1])
    if parts := _DAY_MONTH.fullmatch(found):
        return _date(text, parts[3], _MONTHS.get(parts[2], 0), parts[1])
    if parts := _MONTH_DAY.fullmatch(found):
        return _date(text, parts[3], _MONTHS.get(parts[1], 0), parts[2])
    if parts := _EITHER_FIRST.fullmatch(found.upper()):
        first, second = int(parts[1]), int(parts[2])
        if first != second and first <= 12 and second <= 12:
            one = _date(text, parts[3], second, first)
            other = _date(text, parts[3], first, second)
            raise Invalid(
                f"{quoted(text)} could be {one:%d %B} or {other:%d %B}:"
                f" write {one.isoformat()} or {other.isoformat()}."
            )
        month, month_day = (second, first) if first > 12 else (first, second)
        return _date(text, parts[3], month, month_day)
    raise Invalid(f"{quoted(text)} is not a date: write it like 2024-03-12.")


def read_first_day(text: str) -> date:
    """A date, or the first day of a month or a year: when something began."""
    year, month = _part_of_date(text)
    return date(year, month or 1, 1) if year else read_day(text)


def read_last_day(text: str) -> date:
    """A date, or the last day of a month or a year: when something ended."""
    year, month = _part_of_date(text)
    if not year:
        return read_day(text)
    following = date(year, month + 1, 1) if month and month < 12 else date(year + 1, 1, 1)
    return following - timedelta(days=1)


def read_moment(text: str) -> datetime:
    """A date with or without a time of day; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = datetime.combine(read_day(text), datetime.min.time())
    _date(text, found.year, found.month, found.day)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _part_of_date(text: str) -> tuple[int, int]:
    """The year and, where there is one, the month of a cell that holds no more than these."""
    found = " ".join(text.split()).casefold()[:60]
    year, month = 0, 0
    if parts := re.fullmatch(r"([0-9]{4})(?:[-/.]([0-9]{1,2}))?", found):
        year, month = int(parts[1]), int(parts[2] or 0)
    elif parts := re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{4})", found):
        year, month = int(parts[2]), int(parts[1])
    elif parts := re.fullmatch(r"([a-z]+)\.?,? ([0-9]{4})", found):
        year, month = int(parts[2]), _MONTHS.get(parts[1], 13)
    if year:
        _date(text, year, month or 1, 1)
    return year, month


def _date(text: str, year: str | int, month: str | int, of_month: str | int) -> date:
    full = int(year)
    if isinstance(year, str) and len(year) == 2:
        # As POSIX reads years of two digits.
        full += 2000 if full < 69 else 1900
    try:
        found = date(full, int(month), int(of_month))
    except ValueError:
        raise Invalid(f"{quoted(text)} is not a date: write it like 2024-03-12.") from None
    if not 1900 <= found.year <= 2200:
        raise Invalid(f"{quoted(text)} lies outside the years 1900 to 2200.")
    return found


def _currency_of(text: str) -> str | None:
    """The code of a written currency, already in small letters; None where there is none."""
    if not text:
        return None
    code = _SIGNS.get(text) or _codes().get(text)
    if code is None:
        raise Invalid(f"{quoted(text)} is not a currency.")
    return code


@cache
def _codes() -> dict[str, str]:
    return {each.alpha_3.casefold(): each.alpha_3 for each in pycountry.currencies}


def _bounded(text: str, limit: int | None) -> str:
    longest = limit or LONGEST_TEXT
    if len(text) > longest:
        raise Invalid(f"{len(text):,} characters are too many: at most {longest:,}.")
    return text
