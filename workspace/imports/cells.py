"""Readers of cells: text to typed values. What is unclear is refused, never guessed."""

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from workspace.errors import Invalid
from workspace.imports.messages import Notice, tell
from workspace.keys import plain
from workspace.value_lists import split_values

# For columns without a length of their own.
LONGEST_TEXT = 100_000
# INTEGER columns have 32 bits on PostgreSQL.
LARGEST_WHOLE = 2**31 - 1


def brief(text: str) -> str:
    """A cell as a message tells it."""
    short = " ".join(text.split())
    return f"{short[:57]}…" if len(short) > 60 else short


def quoted(text: str) -> str:
    """A cell as one of several in a message."""
    return f"'{brief(text)}'"


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
        raise Invalid(tell(Notice.NO_NAME, text=brief(text)))
    return name


def read_key(text: str) -> str:
    """A key; characters that a web address cannot hold become hyphens."""
    key = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", read_line(text))).strip("-.")
    if not key:
        raise Invalid(tell(Notice.NO_KEY, text=brief(text)))
    return _bounded(key, 80)


def read_list(text: str) -> list[str]:
    """The values of a cell that holds several, separated by semicolons, without repetitions."""
    return list(dict.fromkeys(map(read_line, split_values(text))))


def read_choice(text: str, options: Iterable[str]) -> str:
    """One of the options, whatever its capitals and spaces."""
    by_plain = {plain(option): option for option in options}
    option = by_plain.get(plain(text))
    if option is None:
        raise Invalid(tell(Notice.NO_CHOICE, text=brief(text), options=list(by_plain.values())))
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
        raise Invalid(tell(Notice.NO_EMAIL, text=brief(text)))
    return _bounded(address, 254)


def read_domain(text: str) -> str:
    """The domain of a website, from the domain itself or an address on the site."""
    address = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    domain = re.split(r"[/?#]", address, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    if not domain or re.search(r"[\s@<>\"']", domain):
        raise Invalid(tell(Notice.NO_DOMAIN, text=brief(text)))
    return _bounded(domain, 200)


def read_link(text: str, limit: int | None = None) -> str:
    """The address of a page or a file on the web; never of a script, which a browser would run."""
    link = text.strip()
    if not re.fullmatch(r"https?://[^\s/?#\x00-\x20]+[^\s\x00-\x20]*", link, re.IGNORECASE):
        raise Invalid(tell(Notice.NO_LINK, text=brief(text)))
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
    raise Invalid(tell(Notice.NO_BOOLEAN, text=brief(text)))


_GROUPED = re.compile(r"[0-9]{1,3}(?:([,.' ])[0-9]{3})(?:\1[0-9]{3})*(?:([.,])([0-9]+))?")
_PLAIN = re.compile(r"([0-9]+)(?:([.,])([0-9]+))?")


def read_number(text: str) -> Decimal:
    """A number without sign: 1234.5, 1,234.50, 1 234,50, 1.234.567, 1'234."""
    written = unicodedata.normalize("NFKC", text).replace("’", "'").strip()
    if len(written) > 40:
        raise Invalid(tell(Notice.NO_NUMBER, text=brief(text)))
    if simple := _PLAIN.fullmatch(written):
        whole, mark, rest = simple.groups()
        # Three digits after a mark may be thousands, unless no thousands can precede them.
        if not mark or len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
            return Decimal(f"{whole}.{rest or 0}")
        if mark == ".":
            raise Invalid(
                tell(
                    Notice.NUMBER_UNCLEAR,
                    text=brief(text),
                    whole=whole,
                    rest=rest,
                    fraction=f"{written}0",
                )
            )
        return Decimal(whole + rest)
    grouped = _GROUPED.fullmatch(written)
    if not grouped or grouped[1] == grouped[2]:
        raise Invalid(tell(Notice.NO_NUMBER, text=brief(text)))
    fraction = grouped[3] or "0"
    whole = written[: grouped.start(2)] if grouped[2] else written
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{fraction}")


def read_whole(text: str) -> int:
    """A whole number that is not negative and fits its column."""
    number = read_number(text)
    if number != number.to_integral_value():
        raise Invalid(tell(Notice.NOT_WHOLE, text=brief(text)))
    if number > LARGEST_WHOLE:
        raise Invalid(tell(Notice.TOO_LARGE, text=brief(text)))
    return int(number)


def _bounded(text: str, limit: int | None) -> str:
    longest = limit or LONGEST_TEXT
    if len(text) > longest:
        raise Invalid(tell(Notice.TOO_LONG, count=len(text), most=longest))
    return text
