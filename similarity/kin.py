"""Kin: the past deals most like a deal, or like a sentence, and why."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from similarity.ranking import Term


@dataclass(frozen=True)
class Piece:
    """A stretch of a snippet; `hit` where it is one of the words that matched."""

    text: str
    hit: bool


@dataclass(frozen=True)
class Kin:
    """A past deal like the one in question, as pages and the command line show it."""

    id: int
    key: str
    name: str
    account: str
    account_key: str | None
    outcome: str
    amount: Decimal | None
    currency: str | None
    closed: date | None
    owner: str
    score: float
    band: str  # "strong", "fair" or "weak"
    terms: list[Term]  # Sorted by contribution; they add up to the score.
    snippet: list[Piece]
    difference: str  # One difference that matters; empty where there is none.
    liked: bool  # Somebody has said that it is like this deal.
