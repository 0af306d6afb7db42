"""Quarters, and the categories of a forecast."""

from dataclasses import dataclass
from datetime import date

# The least probability of a stage, in per cent, for each category.
CATEGORIES = {"commit": 75, "likely": 50, "upside": 0}


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a year."""

    year: int
    number: int

    @property
    def key(self) -> str:
        """'2026-Q4', as in addresses."""
        return f"{self.year}-Q{self.number}"

    @property
    def label(self) -> str:
        """'Q4 2026'."""
        return f"Q{self.number} {self.year}"

    @property
    def first_day(self) -> date:
        """The first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def next(self) -> "Quarter":
        """The quarter that follows."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        """The quarter before."""
        return Quarter(self.year - (self.number == 1), (self.number + 2) % 4 + 1)


def quarter_of(day: date) -> Quarter:
    """The quarter of a day."""
    return Quarter(day.year, (day.month + 2) // 3)


def read_quarter(text: str) -> Quarter | None:
    """The quarter that a key names; None where it names none."""
    year, _, number = text.partition("-Q")
    known = len(year) == 4 and year.isascii() and year.isdigit() and year >= "1900"
    if known and number in ("1", "2", "3", "4"):
        return Quarter(int(year), int(number))
    return None


def category_of(probability: int) -> str:
    """The category of a stage of this probability."""
    return next(name for name, least in CATEGORIES.items() if probability >= least)
