"""Telephone numbers: kept as they are written, and compared by their last digits.

Several numbers in one column are joined by `value_lists.join_values`.
"""

import re
import unicodedata

from workspace.errors import Invalid
from workspace.value_lists import join_values, split_values

# Characters of the numbers of one record together, and of a single number.
LONGEST, LONGEST_NUMBER = 200, 40
# Two numbers that agree in so many digits are the same: the codes of countries and areas in front
# of them are written or not.
_COMPARED = 7
_FEWEST, _MOST = 3, 17
_SEPARATORS = re.compile(r";|,(?!\s*ext)|:::|\||\n| / ")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# What a spreadsheet makes of a long number.
_ROUNDED = re.compile(r"\d[.,]\d+\s*e\+?\d+", re.IGNORECASE)
_EXTENSION = re.compile(r"[^\d\s()./+–-].*", re.DOTALL)


def read_phones(text: str) -> str:
    """The numbers of a text that may hold several; `Invalid` if one is no telephone number."""
    numbers = list(map(read_phone, split_phones(text)))
    phones = join_values(dict.fromkeys(numbers))
    if len(phones) > LONGEST:
        raise Invalid(f"{len(numbers)} telephone numbers are too many.")
    return phones


def split_phones(text: str) -> list[str]:
    """The parts of a text that may each be a telephone number."""
    return [part for each in _SEPARATORS.split(text) if (part := each.strip())]


def read_phone(text: str) -> str:
    """One telephone number; `Invalid` if it is none."""
    number = re.sub("^tel: ?", "", " ".join(text.split()), flags=re.IGNORECASE)
    is_number = (
        re.match(r"[+(\d]", number)
        and _FEWEST <= len(_digits(number)) <= _MOST
        and len(number) <= LONGEST_NUMBER
        and not _ROUNDED.search(number)
        and not _DAY.fullmatch(number)
        and "@" not in number
    )
    if not is_number:
        raise Invalid(f"'{number[:LONGEST_NUMBER]}' is not a telephone number.")
    return number


def phone_endings(phones: str) -> frozenset[str]:
    """The last digits of each number that has enough to be compared."""
    digits = [_digits(number) for number in split_values(phones)]
    return frozenset(each[-_COMPARED:] for each in digits if len(each) >= _COMPARED)


def typed_ending(text: str) -> str:
    """The last digits of a text that is a telephone number and nothing else; otherwise empty."""
    digits = _digits(text)
    is_number = _COMPARED <= len(digits) <= _MOST and not _EXTENSION.search(text)
    return digits[-_COMPARED:] if is_number else ""


def dialled(number: str) -> str:
    """A number as telephones dial it: its digits, without the zero that is not dialled abroad."""
    if not number.startswith("+"):
        return _digits(number)
    return "+" + _digits(number.replace("(0)", ""))


def _digits(number: str) -> str:
    """The digits of a number, in any script, without its extension."""
    return "".join(
        str(unicodedata.decimal(each)) for each in _EXTENSION.sub("", number) if each.isdecimal()
    )
