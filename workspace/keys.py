"""Keys: the short, stable names by which URLs and files refer to things."""

import re
import secrets
import unicodedata
from collections.abc import Iterable

from sqlmodel import Session, SQLModel, col, select

# NFKD takes most accents off; these letters have no accent to take.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})

# Letters and digits that are not taken for each other when somebody reads a key aloud.
_KEY_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
_DIGITS = 8


def plain(text: str) -> str:
    """Lower case without accents and with one space between words: for comparing names."""
    # Twice, as letters of other shapes are capitals only once they are ordinary letters.
    ordinary = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    folded = unicodedata.normalize("NFKD", ordinary)
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", kept).split())


def joined(text: str) -> str:
    """As `plain`, without spaces: 'GTXPro' and 'GTX Pro' are written the same."""
    return plain(text).replace(" ", "")


def slug(text: str) -> str:
    """`text` as the part of a URL; at most 60 characters, empty where no letter is left."""
    ascii_only = re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")
    return ascii_only[:60].rstrip("-")


def free_key(session: Session, table: type[SQLModel], text: str) -> str:
    """A key for a new row of `table`, made from `text`, that no other row has."""
    stem = slug(text) or table.__name__.lower()
    column = col(table.key)  # type: ignore[attr-defined]

    def taken(numbers: Iterable[int]) -> set[int]:
        wanted = {f"{stem}-{number}": number for number in numbers}
        return {wanted[key] for key in session.exec(select(column).where(column.in_(wanted)))}

    # Where pages are, /accounts/new is the form for a new account.
    if stem != "new" and session.exec(select(column).where(column == stem)).first() is None:
        return stem
    # Thousands of names may come to one stem, so that trying every number would take too long.
    last, free = 1, 2**30
    points: Iterable[int] = [2**power for power in range(1, 30)]
    while free - last > 1:
        there = taken(points)
        for point in points:
            if point not in there:
                free = point
                break
            last = point
        points = range(last + 1, free, (free - last) // 32 + 1)
    return f"{stem}-{free}"


def random_key(session: Session, table: type[SQLModel], prefix: str, length: int = 6) -> str:
    """A key of random characters that no other row of `table` has, such as 'R-k7m2xq'.

    A number would do, but where confidential rows take numbers too, the gaps tell of them. The
    first character is a letter, so that the key is never taken for a number.
    """
    column = col(table.key)  # type: ignore[attr-defined]
    while True:
        first = secrets.choice(_KEY_LETTERS[_DIGITS:])
        key = prefix + first + "".join(secrets.choice(_KEY_LETTERS) for _ in range(length - 1))
        if session.exec(select(column).where(column == key)).first() is None:
            return key
