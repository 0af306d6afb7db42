"""Results as JSON."""

import math
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

import pytest

from tests.world import World
from web.cli.output import encoded, print_json
from workspace.deals.tables import Deal


class Stance(StrEnum):
    """An enum of a result."""

    FOR = "for"


@dataclass(frozen=True)
class Part:
    """A part of a result."""

    id: int = 7
    name: str = "part"

    @property
    def length(self) -> int:
        """A property of a result."""
        return len(self.name)


@dataclass(frozen=True)
class Result:
    """A result with a field of every type."""

    person_id: int = 9
    amount: Decimal = Decimal("1250.50")
    day: date = date(2026, 3, 31)
    stance: Stance = Stance.FOR
    prior: float = math.inf
    comment: str | None = None
    parts: tuple[Part, ...] = (Part(),)
    counts: dict[str, int] = field(default_factory=lambda: {"won": 2})


def test_should_encode_fields_and_properties_without_primary_keys() -> None:
    assert encoded([Result()]) == [
        {
            "amount": "1250.50",
            "day": "2026-03-31",
            "stance": "for",
            "prior": None,
            "comment": None,
            "parts": [{"name": "part", "length": 4}],
            "counts": {"won": 2},
        }
    ]


def test_should_refuse_a_row_of_a_table(world: World) -> None:
    with world.database.read() as session, pytest.raises(TypeError, match="not JSON serializable"):
        print_json({"deal": session.get_one(Deal, 1)})
