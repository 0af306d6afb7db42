"""Several values in one text column or cell, such as a person's skills: joined by '; '."""

from collections.abc import Iterable


def join_values(values: Iterable[str]) -> str:
    """The values as one text."""
    return "; ".join(values)


def split_values(text: str) -> list[str]:
    """The values of a text without the spaces around them; empty ones are left out."""
    return [value for part in text.split(";") if (value := part.strip())]
