"""Pure: how much better deals went with something than without it, shrunk while cases are few."""

import math
from dataclasses import dataclass

# The beta prior of both win rates: as many pseudo-cases at the win rate of all deals. They shrink
# the lift of an asset that was rarely used.
PRIOR = 6.0
# The half-width of a 90 % interval in standard deviations of the normal distribution.
Z90 = 1.645


@dataclass(frozen=True)
class Lift:
    """The shrunk difference of two win rates, with its 90 % interval."""

    value: float
    low: float
    high: float


def lift(won_with: int, closed_with: int, won_without: int, closed_without: int) -> Lift:
    """The shrunk difference of the win rates with and without an asset, with its 90 % interval.

    Both rates have a beta prior of PRIOR deals at the win rate of all deals together, so that an
    asset that was used once has hardly any lift. The interval is that of the difference of two
    independent beta distributions, approximated by a normal distribution.
    """
    closed = closed_with + closed_without
    base = (won_with + won_without + 1) / (closed + 2)

    def posterior(won: int, total: int) -> tuple[float, float]:
        a = PRIOR * base + won
        b = PRIOR * (1 - base) + total - won
        return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))

    with_mean, with_variance = posterior(won_with, closed_with)
    without_mean, without_variance = posterior(won_without, closed_without)
    value = with_mean - without_mean
    half = Z90 * math.sqrt(with_variance + without_variance)
    return Lift(value, max(-1.0, value - half), min(1.0, value + half))
