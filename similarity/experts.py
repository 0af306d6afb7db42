"""Experts: the colleagues to bring in, by evidence."""

from dataclasses import dataclass
from datetime import date

from similarity.ranking import Term


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for an expert, in words, with the deal or asset it is about."""

    text: str
    when: date | None
    deal_key: str | None
    asset_key: str | None


@dataclass(frozen=True)
class Expert:
    """A colleague, the score that ranks them, and what it rests on."""

    person_id: int
    key: str
    name: str
    title: str
    score: float
    band: str
    terms: list[Term]
    evidence: list[Evidence]
    open_seats: int
    on_team: bool
