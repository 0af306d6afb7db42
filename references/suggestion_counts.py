"""What became of suggestions, counted by day and kind: never by member, deal or suggestion."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

# A share is shown from so many shown suggestions on.
FEWEST_SHOWN = 20


class SuggestionKind(StrEnum):
    """What is suggested on a deal."""

    SIMILAR = "similar deal"
    CONTENT = "content"
    EXPERT = "expert"
    TEAM = "team proposal"
    REFERENCE = "reference"
    PATH = "introduction"


class Fate(StrEnum):
    """What becomes of a suggestion."""

    SHOWN = "shown"
    OPENED = "opened"
    USED = "used"
    DISMISSED = "dismissed"


Counts = Mapping[tuple[date, SuggestionKind, Fate], int]


class SuggestionCount(SQLModel, table=True):
    """How many suggestions of a kind had a fate on a day."""

    day: date = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=20)
    fate: str = Field(primary_key=True, max_length=20)
    count: int


@dataclass
class Fates:
    """How many suggestions were shown, and what became of them."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))

    @property
    def shown(self) -> int:
        """How many were shown."""
        return self.counts[Fate.SHOWN]

    def share(self, fate: str) -> float | None:
        """The share of those shown that had a fate; None while few were shown."""
        if self.shown < FEWEST_SHOWN:
            return None
        return min(1.0, self.counts[fate] / self.shown)


@dataclass(frozen=True)
class KindFates:
    """The fates of the suggestions of a kind: in sum, and by the Monday of each week."""

    kind: SuggestionKind
    total: Fates
    weeks: dict[date, Fates]


def add_counts(session: Session, counts: Counts) -> None:
    """Add counts to those of their days; several processes may do so at once."""
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    # One order for all, so that no two processes wait for each other.
    for (day, kind, fate), count in sorted(counts.items()):
        row = make(SuggestionCount).values(day=day, kind=kind, fate=fate, count=count)
        keys = ["day", "kind", "fate"]
        added = {"count": col(SuggestionCount.count) + row.excluded["count"]}
        session.execute(row.on_conflict_do_update(index_elements=keys, set_=added))


def fates_of(session: Session, first: date, until: date) -> list[KindFates]:
    """The fates of each kind from a day on, until another."""
    rows = session.execute(
        sa.select(
            col(SuggestionCount.day),
            col(SuggestionCount.kind),
            col(SuggestionCount.fate),
            col(SuggestionCount.count),
        ).where(col(SuggestionCount.day) >= first, col(SuggestionCount.day) < until)
    )
    weeks: dict[str, dict[date, Fates]] = defaultdict(dict)
    monday = first - timedelta(days=first.weekday())
    for kind in SuggestionKind:
        weeks[kind] = {
            monday + timedelta(weeks=number): Fates()
            for number in range(((until - monday).days + 6) // 7)
        }
    totals = {kind: Fates() for kind in SuggestionKind}
    for day, kind, fate, count in rows:
        weeks[kind][day - timedelta(days=day.weekday())].counts[fate] += count
        totals[SuggestionKind(kind)].counts[fate] += count
    return [KindFates(kind, totals[kind], weeks[kind]) for kind in SuggestionKind]
