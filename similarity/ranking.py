"""Pure: candidates with features and weights in, a ranking with reasons out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term of a score: `contribution` = `value` × `weight`, and the reason in words."""

    name: str
    value: float
    weight: float
    because: str

    @property
    def contribution(self) -> float:
        return self.value * self.weight
