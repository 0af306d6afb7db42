"""Which assets are general, and which belong to an industry."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity.asset_usage import MINIMUM_PRODUCTS, AssetUsage, ClosedDeal, at_least

PRODUCTS = ("Anvil", "Bellows", "Crane", "Drill", "Engine", "Forge")


def usage(used: dict[int, list[int]], *, products: tuple[str, ...] = PRODUCTS) -> AssetUsage:
    """120 closed deals, each about one product in turn; a third of them in section Q, half in G."""
    deals = {
        number: ClosedDeal(
            won=number % 2 == 0,
            section="Q" if number // 6 % 3 == 0 else "G",
            products=frozenset({products[number % len(products)]}),
        )
        for number in range(120)
    }
    return AssetUsage(deals, {asset: set(numbers) for asset, numbers in used.items()})


def test_should_call_general_what_serves_most_products() -> None:
    found = usage({1: list(range(0, 120, 5)), 2: list(range(0, 120, 6)), 3: [0, 1], 4: [7]})
    assert found.is_general(1, [])
    # Of one product, and too seldom used.
    assert not found.is_general(2, [])
    assert not found.is_general(3, [])
    # It says itself what it is about.
    assert found.is_general(4, PRODUCTS[:4])
    assert not found.is_general(4, PRODUCTS[:3])


def test_should_tell_nothing_general_with_few_products() -> None:
    few = PRODUCTS[: MINIMUM_PRODUCTS - 1]
    assert not usage({1: list(range(120))}, products=few).is_general(1, few)


def test_should_find_the_industry_that_an_asset_belongs_to() -> None:
    in_q = [number for number in range(120) if number // 6 % 3 == 0]
    in_g = [number for number in range(120) if number // 6 % 3]
    found = usage(
        {1: in_q[:8], 2: in_q[:8] + in_g[:3], 3: in_q[:2], 4: in_g[:8], 5: in_q[:5] + in_g[:9]}
    )
    assert found.home(1, []) == "Q"
    assert found.home(2, []) == "Q"
    # Two uses may be chance, and most deals are in G anyway.
    assert found.home(3, []) == ""
    assert found.home(4, []) == ""
    assert found.home(5, []) == ""
    assert found.home(99, []) == ""


@pytest.mark.parametrize("seed", range(5))
def test_should_hardly_ever_find_an_industry_by_chance(seed: int) -> None:
    dice = random.Random(seed)
    used = {asset: dice.sample(range(120), dice.randrange(3, 30)) for asset in range(200)}
    found = usage(used)
    assert sum(bool(found.home(asset, [])) for asset in used) <= 0.05 * len(used)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0, 1))
def test_should_compute_the_tail_of_the_binomial(one: int, other: int, rate: float) -> None:
    successes, trials = sorted((one, other))
    exact = math.fsum(
        math.comb(trials, number) * rate**number * (1 - rate) ** (trials - number)
        for number in range(successes, trials + 1)
    )
    assert at_least(successes, trials, rate) == pytest.approx(exact, abs=1e-9)
