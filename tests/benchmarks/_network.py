"""A made-up network of people: companies, and a few people whom very many know."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The share of ties that are within a company.
WITHIN = 0.6


@dataclass(frozen=True)
class Network:
    """Ties between people 0 to n, and the company of each; people of a company are neighbours."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    strength: NDArray[np.float32]
    company: NDArray[np.int64]

    def degrees(self) -> NDArray[np.int64]:
        """How many ties each person has."""
        return np.bincount(self.one, minlength=len(self.company)) + np.bincount(
            self.other, minlength=len(self.company)
        )


def network(people: int, ties: int, random: np.random.Generator) -> Network:
    """Exactly so many ties between so many people.

    Companies have 2 to 5,000 people, log-normally. How many ties somebody draws has a Pareto
    tail; each tie is drawn within the company or anywhere, from either end by that pull.
    """
    sizes = np.clip(random.lognormal(3, 1.2, people), 2, 5_000).astype(np.int64)
    company = np.repeat(np.arange(people), sizes)[:people]
    pull = np.minimum(random.pareto(1.7, people) + 0.5, 500)
    total = np.concatenate(([0.0], pull.cumsum()))
    first = np.searchsorted(company, company)
    last = np.searchsorted(company, company, "right")
    pairs = np.empty(0, np.int64)
    while len(pairs) < ties:
        one = _drawn(total, 0.0, total[-1], random.random(ties * 2 // 3))
        within = random.random(len(one)) < WITHIN
        low = np.where(within, total[first[one]], 0.0)
        high = np.where(within, total[last[one]], total[-1])
        other = _drawn(total, low, high, random.random(len(one)))
        drawn = (np.minimum(one, other) << 32 | np.maximum(one, other))[one != other]
        # Sorting is many times faster than np.unique's hashing.
        pairs = np.sort(np.concatenate((pairs, drawn)))
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    pairs = random.permutation(pairs)[:ties]
    strength = np.clip(random.beta(2, 4, ties), 0.01, 1).astype(np.float32)
    return Network(pairs >> 32, pairs & 0xFFFFFFFF, strength, company)


def _drawn(
    total: NDArray[np.float64],
    low: NDArray[np.float64] | float,
    high: NDArray[np.float64] | float,
    chance: NDArray[np.float64],
) -> NDArray[np.int64]:
    """People drawn by their pull, between the sums `low` and `high`."""
    at = np.searchsorted(total, low + chance * (high - low), "right") - 1
    return np.clip(at, 0, len(total) - 2)
