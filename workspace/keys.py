"""Keys: the short, stable names by which URLs and files refer to things."""

import re
import unicodedata

from sqlmodel import Session, SQLModel, col, select

# NFKD takes most accents off; these letters have no accent to take.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


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
    taken = set(
        session.exec(
            select(column).where((column == stem) | column.startswith(stem + "-", autoescape=True))
        )
    )
    if stem not in taken:
        return stem
    return next(key for n in range(2, len(taken) + 3) if (key := f"{stem}-{n}") not in taken)
