"""Outlook: what kin say of a deal, and that it is no more than they know."""

import math
import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from similarity.index.catalog import Catalog
from similarity.outlook import (
    MINIMUM,
    MINIMUM_TRIALS,
    MINIMUM_VALUES,
    PRIOR,
    Case,
    Outlook,
    Trial,
    Usual,
    chance,
    learn,
    outlook,
    outlook_of_deal,
    trials,
)
from tests.world import World, ago, stage
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal

USUAL = Usual(120, 200)
CASES = st.lists(
    st.builds(
        Case,
        likeness=st.floats(0.35, 1),
        won=st.booleans(),
        days=st.none() | st.integers(0, 900),
        amount=st.none() | st.integers(0, 10**7).map(Decimal),
        currency=st.none() | st.sampled_from(["EUR", "USD"]),
    ),
    max_size=40,
)
PRIORS = st.sampled_from([10.0, PRIOR, math.inf])


def case(won: bool = True, **facts: object) -> Case:
    known = {"likeness": 0.7, "days": 90, "amount": Decimal(100), "currency": "EUR"}
    return Case(won=won, **{**known, **facts})


@given(CASES, PRIORS)
def test_should_contain_the_chance_in_its_interval(cases: list[Case], prior: float) -> None:
    found = chance(cases, USUAL, prior)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(CASES, PRIORS)
def test_should_not_lower_the_chance_by_a_won_kin_or_raise_it_by_a_lost_one(
    cases: list[Case], prior: float
) -> None:
    value = chance(cases, USUAL, prior).value
    assert chance([*cases, case(won=True)], USUAL, prior).value >= value - 1e-12
    assert chance([*cases, case(won=False)], USUAL, prior).value <= value + 1e-12


@given(CASES)
def test_should_put_the_chance_between_the_usual_rate_and_that_of_kin(cases: list[Case]) -> None:
    weight = sum(each.likeness for each in cases)
    own = sum(each.likeness for each in cases if each.won) / weight if cases else USUAL.rate
    low, high = sorted((own, USUAL.rate))
    assert low - 1e-9 <= chance(cases, USUAL, PRIOR).value <= high + 1e-9
    assert chance(cases, USUAL, math.inf).value == USUAL.rate


def test_should_weigh_kin_by_their_likeness() -> None:
    near = chance([case(won=False, likeness=0.9)] * 20, USUAL, PRIOR)
    far = chance([case(won=False, likeness=0.4)] * 20, USUAL, PRIOR)
    assert near.value < far.value < USUAL.rate
    # 20 × 0.9 cases beside 80 imagined ones.
    assert near.value == pytest.approx(USUAL.rate * 80 / 98)


@given(CASES.filter(lambda cases: len(cases) >= MINIMUM), PRIORS)
def test_should_say_how_the_chance_comes_about(cases: list[Case], prior: float) -> None:
    """The figures that a page puts into words give the chance again."""
    found = outlook(cases, USUAL, "EUR", prior)
    assert found is not None
    alike = sum(each.likeness for each in cases)
    assert found.likeness == pytest.approx(alike / len(cases))
    weighted = sum(each.likeness for each in cases if each.won) / alike
    again = found.weight * weighted + (1 - found.weight) * found.usual.rate
    assert found.chance.value == pytest.approx(again)
    assert 0 <= found.weight < 1
    assert (found.weight == 0) == math.isinf(prior)
    shown = round(100 * found.usual.rate) + found.points
    assert shown == round(100 * found.chance.value)


def test_should_know_that_the_most_alike_kin_went_otherwise_than_the_rest() -> None:
    usual = Usual(99, 198)
    lost, won = case(won=False, likeness=1.0), case(won=True, likeness=0.4)
    found = outlook([lost] * 15 + [won] * 17, usual, "EUR", 10.0)
    assert found is not None
    assert found.share > usual.rate > found.chance.value
    assert found.points < 0
    assert found.is_contrary
    plain = outlook([case(won=True)] * 12, usual, "EUR", 10.0)
    assert plain is not None
    assert not plain.is_contrary


def test_should_predict_nothing_from_too_few_kin() -> None:
    assert outlook([case()] * (MINIMUM - 1), USUAL, "EUR", PRIOR) is None
    found = outlook([case()] * MINIMUM, USUAL, "EUR", PRIOR)
    assert found is not None
    assert (found.won, found.closed) == (MINIMUM, MINIMUM)


def test_should_predict_no_days_and_no_amount_from_too_few_won_kin() -> None:
    cases = [case()] * (MINIMUM_VALUES - 1) + [case(won=False)] * MINIMUM
    found = outlook(cases, USUAL, "EUR", PRIOR)
    assert found is not None
    assert (found.days, found.amount) == (None, None)


def test_should_give_the_quartiles_of_won_kin() -> None:
    won = [case(days=day, amount=Decimal(day * 10)) for day in range(10, 101, 10)]
    lost = [case(won=False, days=900, amount=Decimal(9))] * 20
    found = outlook([*lost, *won], USUAL, "EUR", PRIOR)
    assert found is not None
    assert found.days is not None
    assert found.amount is not None
    days, amount = found.days, found.amount
    assert (days.low, days.median, days.high, days.cases) == (27.5, 55, 82.5, 10)
    assert (amount.low, amount.median, amount.high, amount.cases) == (275, 550, 825, 10)


@pytest.mark.parametrize(
    ("own", "shown", "median"),
    [("USD", "USD", 7), ("EUR", "EUR", 100), ("PLN", "EUR", 100), (None, "EUR", 100)],
)
def test_should_give_amounts_in_one_currency(own: str | None, shown: str, median: float) -> None:
    """The deal's own where enough kin have it, else the commonest one."""
    cases = [case()] * (MINIMUM + 1)
    cases += [case(amount=Decimal(7), currency="USD")] * MINIMUM_VALUES
    cases += [case(amount=Decimal(10**9), currency="PLN"), case(currency=None), case(amount=None)]
    found = outlook(cases, USUAL, own, PRIOR)
    assert found is not None
    assert found.amount is not None
    assert (found.currency, found.amount.median) == (shown, median)


def simulated(count: int, signal: float, seed: int) -> list[Trial]:
    """Deals whose kin are won more or less often than usual, by up to `signal`, as they are."""
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        rate = 0.6 + dice.uniform(-signal, signal)
        cases = [case(won=dice.random() < rate) for _ in range(60)]
        found.append(Trial(dice.random() < rate, 90, tuple(cases), USUAL))
    return found


@pytest.mark.parametrize("seed", range(10))
def test_should_predict_the_usual_rate_where_kin_tell_nothing(seed: int) -> None:
    learned = learn(simulated(400, 0.0, seed))
    assert learned is not None
    assert learned.prior >= 160
    for_all = chance([case(won=False)] * 40, USUAL, learned.prior)
    assert for_all.value > USUAL.rate - 0.1


@pytest.mark.parametrize("seed", range(10))
def test_should_trust_kin_where_they_tell_much(seed: int) -> None:
    learned = learn(simulated(400, 0.35, seed))
    assert learned is not None
    assert learned.prior <= 80
    tested = simulated(1_000, 0.35, seed + 1_000)

    def error(prior: float) -> float:
        chances = [chance(each.cases, USUAL, prior).value for each in tested]
        return sum((p - each.won) ** 2 for p, each in zip(chances, tested, strict=True)) / 1_000

    assert error(learned.prior) < error(math.inf) - 0.01


def test_should_learn_nothing_from_too_few_trials() -> None:
    assert learn(simulated(MINIMUM_TRIALS - 1, 0.3, 1)) is None


def log(
    session: Session, name: str, won: bool, opened: date, closed: date, **facts: object
) -> Deal:
    return lifecycle.log(
        session,
        name,
        None,
        None,
        stage=stage(session, "Closed Won" if won else "Closed Lost"),
        opened=opened,
        closed=closed,
        **facts,
    )


def of(world: World, catalog: Catalog, who: str, name: str = "Ferry timetable") -> Outlook | None:
    with world.database.read() as session:
        deal = world.deal(session, name)
        return outlook_of_deal(session, world.viewer(who), catalog, deal)


def add_ferries(world: World, count: int) -> None:
    """An open deal and deals like it, two of three won, that took from 100 days on."""
    with world.database.write() as session:
        for number in range(count):
            log(session, "Ferry timetable", number % 3 < 2, ago(400), ago(300 - number))
        deal = lifecycle.log(session, "Ferry timetable", None, world.people["charlie"])
        world.deals["Ferry timetable"] = deal.key


def test_should_count_an_outlook_from_kin(world: World, catalog: Catalog) -> None:
    add_ferries(world, 18)
    found = of(world, catalog, "charlie")
    assert found is not None
    # The cast's own deals are only weakly like it, and still count for what is usual.
    assert (found.won, found.closed) == (12, 18)
    assert (found.usual.won, found.usual.closed) == (16, 24)
    assert found.days is not None
    assert (found.days.cases, found.days.median) == (12, 108)
    assert found.amount is None
    assert found.chance.low < found.chance.value < found.chance.high


def test_should_give_no_outlook_by_few_kin(world: World, catalog: Catalog) -> None:
    add_ferries(world, MINIMUM - 1)
    assert of(world, catalog, "charlie") is None


def test_should_leave_confidential_kin_out_of_a_strangers_outlook(
    world: World, catalog: Catalog
) -> None:
    add_ferries(world, 18)
    before = of(world, catalog, "charlie")
    with world.database.write() as session:
        facts = {"confidential": True, "owner_id": world.people["alice"]}
        for _ in range(3):
            log(session, "Ferry timetable", False, ago(50), ago(20), **facts)
    assert of(world, catalog, "charlie") == before
    seen = of(world, catalog, "alice")
    assert seen is not None
    assert seen.closed == 21


def test_should_use_only_deals_that_had_closed_when_a_trial_was_opened(
    database: Database, catalog: Catalog
) -> None:
    start = date(2024, 1, 1)

    def day(number: int) -> date:
        return start + timedelta(days=number)

    with database.write() as session:
        for number in range(MINIMUM + 2):
            log(session, "Ferry timetable", True, day(number), day(10 + number))
        log(session, "Ferry timetable", False, day(10 + MINIMUM), day(90), notes="Lost to a bridge")
    with database.read() as session:
        (found,) = trials(session, catalog)
        assert len(found.cases) == MINIMUM
        assert all(each.won for each in found.cases)
        assert (found.won, found.days) == (False, 80 - MINIMUM)
        assert (found.usual.won, found.usual.closed) == (MINIMUM, MINIMUM)
    # What is written of how it ended says nothing of how it began.
    with database.write() as session:
        deal = session.get_one(Deal, MINIMUM + 3)
        lifecycle.edit(session, deal, None, {"notes": "Bridge after bridge after bridge " * 20})
    with database.read() as session:
        (again,) = trials(session, catalog)
    assert [each.likeness for each in again.cases] == pytest.approx(
        [each.likeness for each in found.cases], abs=0.02
    )
    assert replace(again, cases=()) == replace(found, cases=())


def test_should_try_only_deals_of_the_period_that_everybody_sees(
    database: Database, catalog: Catalog
) -> None:
    with database.write() as session:
        for _ in range(MINIMUM):
            log(session, "Ferry timetable", True, ago(400), ago(300))
        for closed in (200, 100):
            log(session, "Ferry timetable", True, ago(250), ago(closed))
    with database.read() as session:
        assert [each.days for each in trials(session, catalog)] == [150, 50]
        assert [each.days for each in trials(session, catalog, since=ago(100))] == [150]
        assert [each.days for each in trials(session, catalog, before=ago(100))] == [50]
        # One of the last, evenly: the newest of all, and none between.
        assert [each.days for each in trials(session, catalog, limit=1)] == [150]
    with database.write() as session:
        deal = session.get_one(Deal, MINIMUM + 2)
        deal.confidential = True
        session.add(deal)
    with database.read() as session:
        assert [each.days for each in trials(session, catalog)] == [50]
