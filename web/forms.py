"""One small parser for what people submit: forms and query strings."""

import re
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pycountry

from workspace.clock import zones
from workspace.errors import Invalid, NotFound

MOST_FIELDS = 500
# Whole numbers from outside have to fit into a column.
LARGEST_INTEGER = 2**63 - 1
# Rows are numbered in columns of 32 bits.
LARGEST_ID = 2**31 - 1
_ALWAYS_KNOWN = {"_csrf_token"}


def parse_pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The fields of an urlencoded body or query, in order; `Invalid` where it is none."""
    try:
        return parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError:
        raise Invalid("This form could not be read.") from None


def row_id(number: int) -> int:
    """A row's number from an address; NotFound where no row can have it."""
    if not 0 < number <= LARGEST_ID:
        raise NotFound("There is no such thing here.")
    return number


class Form:
    """Submitted fields, each asked for once by a reader that says what it must be.

    A reader never raises: it notes what is wrong and goes on, so that a page can show every
    mistake at once. `done()` raises `Invalid` where there was one, or where something was sent
    that nobody asked for. An empty field counts as not sent.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.sent: dict[str, list[str]] = {}
        for name, value in pairs:
            self.sent.setdefault(name, []).append(value)
        self.wrong: dict[str, str] = {}
        self._known = set(_ALWAYS_KNOWN)

    def done(self) -> None:
        """Raise `Invalid` where a field was wrong or unknown."""
        for name in self.sent.keys() - self._known:
            self.wrong.setdefault(name[:60], "This form has no such field.")
        self.check()

    def check(self) -> None:
        """Raise `Invalid` where a field was wrong; addresses may hold more than we know of."""
        if self.wrong:
            raise Invalid("Some of this could not be taken.", self.wrong)

    @property
    def values(self) -> dict[str, str]:
        """What was sent, to show it again; of a field sent several times, the first."""
        return {
            name: "".join(letter for letter in values[0] if not _is_control(letter))
            for name, values in self.sent.items()
        }

    def refuse(self, name: str, why: str) -> None:
        """Note that a field is wrong; the first reason stands."""
        self.wrong.setdefault(name, why)

    def text(self, name: str, most: int, *, required: bool = False) -> str:
        """A line of text, with single spaces; empty where it was not sent."""
        return " ".join(self._written(name, most, required).split())

    def lines(self, name: str, most: int, *, required: bool = False) -> str:
        """Text of several lines."""
        written = self._written(name, most, required).replace("\r\n", "\n").replace("\r", "\n")
        return written.strip()

    def maybe(self, name: str, most: int) -> str | None:
        """A line of text, or None."""
        return self.text(name, most) or None

    def integer(self, name: str, low: int = 0, high: int = LARGEST_INTEGER) -> int | None:
        """A whole number, plain or in groups of three with one kind of mark between them."""
        written = self.text(name, 40)
        if not written:
            return None
        if re.fullmatch(r"[0-9]{1,3}([\s,.'’_])[0-9]{3}(\1[0-9]{3})*", written):
            written = re.sub(r"[^0-9]", "", written)
        if not re.fullmatch(r"[0-9]{1,19}", written) or not low <= int(written) <= high:
            example = ", such as 2400 or 2,400" if high >= 2400 else ""
            self.refuse(name, f"A whole number from {low:,} to {high:,}{example}.")
            return None
        return int(written)

    def money(self, name: str) -> Decimal | None:
        """An amount of at most twelve digits, with two after the point."""
        written = re.sub(r"[\s'_]", "", self.text(name, 40))
        if not written:
            return None
        if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?", written):
            written = written.replace(",", "")
        elif re.fullmatch(r"[0-9]+,[0-9]{1,2}", written):
            written = written.replace(",", ".")
        try:
            if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", written):
                raise InvalidOperation
            return Decimal(written)
        except InvalidOperation:
            self.refuse(name, "An amount, such as 125000 or 125,000.50.")
            return None

    def currency(self, name: str) -> str | None:
        """A currency's code of three letters (ISO 4217)."""
        written = self.text(name, 10).upper()
        if written and written not in currencies():
            self.refuse(name, "A code of three letters, such as EUR.")
            return None
        return written or None

    def day(self, name: str) -> date | None:
        """A date as forms send it: 2026-03-31."""
        written = self.text(name, 10)
        if not written:
            return None
        try:
            if not re.fullmatch(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", written):
                raise ValueError
            return date.fromisoformat(written)
        except ValueError:
            self.refuse(name, "A date, such as 2026-03-31.")
            return None

    def choice(self, name: str, options: Collection[str], *, required: bool = False) -> str | None:
        """One of some values."""
        written = self.text(name, 200, required=required)
        if written and written not in options:
            self.refuse(name, "Choose one of the list.")
            return None
        return written or None

    def choices(self, name: str, options: Collection[str]) -> list[str]:
        """Any number of some values, each once."""
        self._known.add(name)
        sent = [value for value in self.sent.get(name, []) if value]
        if any(value not in options for value in sent):
            self.refuse(name, "Choose from the list.")
            return []
        return list(dict.fromkeys(sent))

    def flag(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name, 10) not in ("", "off", "no", "false", "0")

    def fraction(self, name: str) -> float | None:
        """A number from 0 to 1."""
        written = self.text(name, 20)
        if not written:
            return None
        if not re.fullmatch(r"[01](\.[0-9]{1,10})?", written) or float(written) > 1:
            self.refuse(name, "A number from 0 to 1.")
            return None
        return float(written)

    def link(self, name: str) -> str:
        """A web address; anything that a browser would run instead of visit is refused."""
        written = self.text(name, 2000)
        if not written:
            return ""
        if not is_link(written):
            self.refuse(name, "A web address, beginning with https://.")
            return ""
        return written

    def _written(self, name: str, most: int, required: bool) -> str:
        self._known.add(name)
        values = self.sent.get(name, [""])
        if len(values) > 1:
            self.refuse(name, "Sent more than once.")
            return ""
        written = values[0].strip()
        if any(_is_control(letter) for letter in written):
            self.refuse(name, "Control characters cannot be taken.")
            return ""
        if len(written) > most:
            self.refuse(name, f"At most {most:,} characters; this has {len(written):,}.")
            return ""
        if required and not written:
            self.refuse(name, "Needed.")
        return written


def _is_control(letter: str) -> bool:
    return (letter < " " and letter not in "\n\r\t") or letter == "\x7f"


def is_link(address: str) -> bool:
    """Whether this is an absolute http or https address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in address


@cache
def currencies() -> frozenset[str]:
    """The codes of ISO 4217."""
    return frozenset(each.alpha_3 for each in pycountry.currencies)


def zone_choices() -> tuple[tuple[str, str], ...]:
    """Time zones to choose from, as they are sent and as they are read."""
    return tuple((name, name.replace("_", " ")) for name in zones())
