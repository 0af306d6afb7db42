"""The parser for submitted forms and query strings."""

import re
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import pycountry

from workspace.clock import zones
from workspace.errors import Conflict, Invalid, NotFound
from workspace.phones import LONGEST, read_phones

MOST_FIELDS = 500
# Integers from outside have to fit into a 64-bit column.
LARGEST_INTEGER = 2**63 - 1
# Primary keys are 32-bit columns, except for uncounted ids.
LARGEST_ID = 2**31 - 1
_ALWAYS_KNOWN = {"_csrf_token", "draft_of"}


def parse_pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The fields of a URL-encoded body or query in order; `Invalid` if it cannot be parsed."""
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
    """A primary key from an address; `NotFound` if it is out of range."""
    return _in_range(number, LARGEST_ID)


def uncounted_id(number: int) -> int:
    """A primary key that `workspace.ids` made; `NotFound` if it is out of range."""
    return _in_range(number, LARGEST_INTEGER)


def _in_range(number: int, largest: int) -> int:
    if not 0 < number <= largest:
        raise NotFound("There is no such page.")
    return number


class Form:
    """Submitted fields, each read by a method for its type.

    These methods never raise: they collect errors, so that a page shows all of them at once.
    `done()` raises `Invalid` if there are any, or if a field was sent that was never read. An
    empty field counts as not sent.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.sent: dict[str, list[str]] = {}
        for name, value in pairs:
            self.sent.setdefault(name, []).append(value)
        self.wrong: dict[str, str] = {}
        self.refusal: Invalid | Conflict | None = None
        self._known = set(_ALWAYS_KNOWN)

    def done(self) -> None:
        """Raise `Invalid` if a field is wrong or unknown."""
        for name in self.sent.keys() - self._known:
            self.wrong.setdefault(name[:60], "This form has no such field.")
        self.check()

    def check(self) -> None:
        """Raise `Invalid` if a field is wrong; unknown fields, as in addresses, are allowed."""
        if self.wrong:
            raise Invalid("Some fields could not be saved.", self.wrong)

    @property
    def values(self) -> dict[str, str]:
        """The sent values, to show them again; the first of a field that was sent repeatedly."""
        return {
            name: "".join(letter for letter in values[0] if not _is_control(letter))
            for name, values in self.sent.items()
        }

    def come_back(self, refusal: Invalid | Conflict) -> None:
        """Note why the form was not saved."""
        self.refusal = refusal
        if isinstance(refusal, Invalid):
            self.wrong.update(refusal.fields)

    @property
    def is_conflict(self) -> bool:
        """Whether the form was not saved because of a change in the meantime."""
        return isinstance(self.refusal, Conflict)

    @property
    def status(self) -> int:
        """The HTTP status of a page that shows the form: of success unless it was refused."""
        if self.refusal is None:
            return 200
        return 409 if self.is_conflict else 422

    def refuse(self, name: str, why: str) -> None:
        """Add an error to a field; the first error of a field stands."""
        self.wrong.setdefault(name, why)

    def text(self, name: str, most: int, *, required: bool = False) -> str:
        """A line of text with single spaces; empty if it was not sent."""
        return " ".join(self._value(name, most, required).split())

    def lines(self, name: str, most: int, *, required: bool = False) -> str:
        """Text of several lines."""
        value = self._value(name, most, required).replace("\r\n", "\n").replace("\r", "\n")
        return value.strip()

    def secret(self, name: str) -> str:
        """A password as it was typed: spaces at its ends belong to it. It is never shown again."""
        self._known.add(name)
        return (self.sent.get(name) or [""])[0][:1000]

    def maybe(self, name: str, most: int) -> str | None:
        """A line of text, or None."""
        return self.text(name, most) or None

    def integer(self, name: str, low: int = 0, high: int = LARGEST_INTEGER) -> int | None:
        """An integer, plain or in groups of three digits with one kind of separator."""
        value = self.text(name, 40)
        if not value:
            return None
        if re.fullmatch(r"[0-9]{1,3}([\s,.'’_])[0-9]{3}(\1[0-9]{3})*", value):
            value = re.sub(r"[^0-9]", "", value)
        if not re.fullmatch(r"[0-9]{1,19}", value) or not low <= int(value) <= high:
            example = ", such as 2400 or 2,400" if high >= 2400 else ""
            self.refuse(name, f"Enter a whole number from {low:,} to {high:,}{example}.")
            return None
        return int(value)

    def money(self, name: str) -> Decimal | None:
        """An amount of at most twelve digits and two decimals."""
        value = re.sub(r"[\s'_]", "", self.text(name, 40))
        if not value:
            return None
        if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?", value):
            value = value.replace(",", "")
        elif re.fullmatch(r"[0-9]+,[0-9]{1,2}", value):
            value = value.replace(",", ".")
        try:
            if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", value):
                raise InvalidOperation
            return Decimal(value)
        except InvalidOperation:
            self.refuse(name, "Enter an amount, for example 125,000.")
            return None

    def currency(self, name: str) -> str | None:
        """A currency's code of three letters (ISO 4217)."""
        value = self.text(name, 10).upper()
        if value and value not in currencies():
            self.refuse(name, "Enter a currency code, for example EUR.")
            return None
        return value or None

    def day(self, name: str) -> date | None:
        """An ISO date, as date inputs send it: 2026-03-31."""
        value = self.text(name, 10)
        if not value:
            return None
        try:
            if not re.fullmatch(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", value):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self.refuse(name, "Enter a date, for example 2026-03-31.")
            return None

    def choice(self, name: str, options: Collection[str], *, required: bool = False) -> str | None:
        """One of these options."""
        value = self.text(name, 200, required=required)
        if value and value not in options:
            self.refuse(name, "Choose from the list.")
            return None
        return value or None

    def choices(self, name: str, options: Collection[str]) -> list[str]:
        """Any number of these options, without repetitions."""
        self._known.add(name)
        sent = [value for value in self.sent.get(name, []) if value]
        if any(value not in options for value in sent):
            self.refuse(name, "Choose from the list.")
            return []
        return list(dict.fromkeys(sent))

    def flag(self, name: str) -> bool:
        """Whether a checkbox was checked."""
        return self.text(name, 10) not in ("", "off", "no", "false", "0")

    def fraction(self, name: str) -> float | None:
        """Enter a number from 0 to 1."""
        value = self.text(name, 20)
        if not value:
            return None
        if not re.fullmatch(r"[01](\.[0-9]{1,10})?", value) or float(value) > 1:
            self.refuse(name, "Enter a number from 0 to 1.")
            return None
        return float(value)

    def phones(self, name: str) -> str:
        """Telephone numbers, separated by semicolons."""
        try:
            return read_phones(self.text(name, LONGEST))
        except Invalid:
            self.refuse(name, "Enter a phone number, for example +44 20 7946 0018.")
            return ""

    def link(self, name: str) -> str:
        """An http or https address; others, such as javascript:, are refused."""
        value = self.text(name, 2000)
        if not value:
            return ""
        if not is_link(value):
            self.refuse(name, "Enter a web address that begins with https://.")
            return ""
        return value

    def _value(self, name: str, most: int, required: bool) -> str:
        self._known.add(name)
        values = self.sent.get(name, [""])
        if len(values) > 1:
            self.refuse(name, "Sent more than once.")
            return ""
        value = values[0].strip()
        if any(_is_control(letter) for letter in value):
            self.refuse(name, "Remove the control characters.")
            return ""
        if len(value) > most:
            self.refuse(name, f"At most {most:,} characters; this has {len(value):,}.")
            return ""
        if required and not value:
            self.refuse(name, "Required.")
        return value


def _is_control(letter: str) -> bool:
    return (letter < " " and letter not in "\n\r\t") or letter == "\x7f"


def is_link(address: str) -> bool:
    """Whether this is an absolute http or https URL."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in address


@cache
def currencies() -> frozenset[str]:
    """The codes of ISO 4217."""
    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def zone_choices() -> tuple[tuple[str, str], ...]:
    """Time zones to choose from: the value and the label of each."""
    return tuple((name, name.replace("_", " ")) for name in zones())
