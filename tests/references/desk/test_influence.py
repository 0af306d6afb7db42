"""Influence: what the figures are, and over which deals."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from references.desk.advocates import Advocate
from references.desk.consent import ConsentState
from references.desk.influence import (
    FEWEST,
    FEWEST_REQUESTS,
    Z90,
    Influence,
    measure_influence,
    wilson,
)
from references.desk.request import ReferenceRequest, RequestStep, State
from tests.references.asking import advocate, ahead, call, contact, noon
from tests.web.test_contracts import counted
from tests.world import World, ago, stage
from workspace.clock import today
from workspace.deals import lifecycle
from workspace.deals.tables import Deal


@given(st.integers(0, 500), st.integers(1, 500))
def test_should_hold_the_share_in_an_interval_that_narrows_with_cases(won: int, more: int) -> None:
    cases = won + more
    low, high = wilson(won, cases)
    assert 0.0 <= low <= won / cases <= high <= 1.0
    surer_low, surer_high = wilson(won * 10, cases * 10)
    assert surer_high - surer_low < high - low


@given(st.integers(0, 500), st.integers(1, 500))
def test_should_end_the_interval_at_the_roots_of_the_score_test(won: int, more: int) -> None:
    cases = won + more
    for end in wilson(won, cases):
        off = abs(won / cases - end)
        assert off == pytest.approx(Z90 * math.sqrt(end * (1 - end) / cases), abs=1e-9)


def test_should_span_0_to_1_without_cases() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def closed(
    session: Session,
    world: World,
    outcome: str,
    *,
    through: str = "Negotiation/Review",
    amount: int | None = 1_000,
    currency: str = "EUR",
    confidential: bool = False,
    count: int = 1,
) -> list[Deal]:
    """Deals that were closed from a stage."""
    made = []
    for _ in range(count):
        deal = lifecycle.log(
            session,
            "A deal",
            world.account(session, "lumen"),
            world.people["alice"],
            stage=stage(session, through),
            amount=None if amount is None else Decimal(amount),
            currency=currency,
            confidential=confidential,
        )
        lifecycle.advance(session, deal, stage(session, f"Closed {outcome}"), world.people["alice"])
        made.append(deal)
    return made


def vouched(session: Session, some: list[Deal], who: int, state: State = State.COMPLETED) -> None:
    """A reference on each of these deals, of a kind that uses nobody's budget."""
    for deal in some:
        session.add(
            ReferenceRequest(
                key=f"R-{deal.key}-{state}",
                deal_id=deal.id,
                activity="quote",
                advocate_id=who,
                state=state,
                approved_at=noon(ago(10)),
            )
        )
    session.flush()


def figures(world: World, name: str = "charlie") -> Influence:
    with world.database.read() as session:
        return measure_influence(session, world.viewer(name))


@pytest.fixture
def cast_only(world: World) -> World:
    """The cast's own deals, and Inês as an advocate."""
    with world.database.write() as session:
        world.people["advocate"] = advocate(session, world, "ines").id
    return world


def test_should_compare_deals_with_and_without_a_completed_reference(cast_only: World) -> None:
    world = cast_only
    before = figures(world).everywhere.without
    with world.database.write() as session:
        who = world.people["advocate"]
        vouched(session, closed(session, world, "Won", count=6), who)
        vouched(session, closed(session, world, "Lost", count=2), who)
        vouched(session, closed(session, world, "Won", count=3), who, State.CANCELLED)
        closed(session, world, "Lost", count=5)
    found = figures(world).everywhere
    assert (found.with_one.won, found.with_one.closed) == (6, 8)
    assert (found.without.won, found.without.closed) == (before.won + 3, before.closed + 8)
    assert found.with_one.rate == 0.75
    assert found.difference
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert found.difference.value > 0


def test_should_count_a_deal_with_two_references_once(cast_only: World) -> None:
    world = cast_only
    with world.database.write() as session:
        (deal,) = closed(session, world, "Won")
        vouched(session, [deal], world.people["advocate"])
        session.add(
            ReferenceRequest(
                key="R-again", deal_id=deal.id, activity="quote", state=State.COMPLETED
            )
        )
    assert figures(world).everywhere.with_one.closed == 1


def test_should_conclude_nothing_from_few_cases(cast_only: World) -> None:
    world = cast_only
    with world.database.write() as session:
        who = world.people["advocate"]
        vouched(session, closed(session, world, "Won", count=FEWEST - 1), who)
        closed(session, world, "Lost", count=FEWEST)
    found = figures(world).everywhere
    assert found.difference is None
    assert not found.with_one.enough
    with world.database.write() as session:
        vouched(session, closed(session, world, "Won"), world.people["advocate"])
    assert figures(world).everywhere.difference is not None


def test_should_add_up_no_currencies(cast_only: World) -> None:
    world = cast_only
    with world.database.write() as session:
        who = world.people["advocate"]
        some = closed(session, world, "Won", amount=100, count=2)
        some += closed(session, world, "Won", amount=700, currency="USD")
        some += closed(session, world, "Won", amount=None, currency="USD")
        some += closed(session, world, "Lost", amount=9_000, currency="USD")
        vouched(session, some, who)
    side = figures(world).everywhere.with_one
    assert side.amounts == (("USD", Decimal(700)), ("EUR", Decimal(200)))
    assert side.unpriced == 1


def test_should_compare_only_deals_that_came_far_enough_to_ask(cast_only: World) -> None:
    world = cast_only
    assert figures(world).as_far.without.closed == 0
    with world.database.write() as session:
        closed(session, world, "Lost", through="Prospecting", count=4)
        closed(session, world, "Lost", through="Value Proposition", count=2)
        closed(session, world, "Won", through="Needs Analysis", count=1)
    found = figures(world)
    assert found.stage == "Needs Analysis"
    assert (found.as_far.without.won, found.as_far.without.closed) == (1, 3)
    with world.database.write() as session:
        (deal,) = closed(session, world, "Won", through="Prospecting")
        vouched(session, [deal], world.people["advocate"])
    assert figures(world).as_far.with_one.closed == 1


def test_should_count_a_confidential_deal_only_for_those_who_may_see_it(
    cast_only: World,
) -> None:
    world = cast_only
    before = {name: figures(world, name) for name in ("alice", "charlie", "dana", "grace")}
    with world.database.write() as session:
        who = world.people["advocate"]
        some = closed(session, world, "Won", confidential=True, count=3)
        vouched(session, some, who)
        for n, deal in enumerate(some):
            _life(session, deal, n, days=1)
    for name in ("charlie", "dana", "grace"):
        assert figures(world, name) == before[name]
    mine = figures(world, "alice")
    assert mine.everywhere.with_one.closed == before["alice"].everywhere.with_one.closed + 3
    assert mine.flow.scheduled == 3


def _life(session: Session, deal: Deal, n: int, *, days: int, said: str = "accept") -> None:
    """A request that was asked for, answered by the customer and, after a yes, scheduled."""
    request = ReferenceRequest(
        key=f"R-life-{deal.id}-{n}", deal_id=deal.id, activity="reference call", state="cancelled"
    )
    session.add(request)
    session.flush()
    at = noon(ago(60))
    steps = [("submit", "draft", at), (said, "invited", at + timedelta(hours=1))]
    if said == "accept":
        steps.append(("schedule", "accepted", at + timedelta(days=days)))
        # Moved and fixed again: the first time counts.
        steps.append(("schedule", "accepted", at + timedelta(days=days + 30)))
        # Backing out later is no answer to the invitation.
        steps.append(("refuse", "scheduled", at + timedelta(days=days + 31)))
    for action, before, when in steps:
        session.add(
            RequestStep(request_id=request.id, action=action, before=before, after="x", at=when)
        )


def test_should_measure_the_turnaround_and_the_acceptance(cast_only: World) -> None:
    world = cast_only
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        for n, days in enumerate((2, 4, 9, 30)):
            _life(session, deal, n, days=days)
    flow = figures(world).flow
    assert (flow.scheduled, flow.median_days, flow.acceptance) == (4, None, None)
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        _life(session, deal, 4, days=6)
        _life(session, deal, 5, days=0, said="refuse")
    flow = figures(world).flow
    assert (flow.scheduled, flow.median_days) == (FEWEST_REQUESTS, 6.0)
    assert (flow.accepted, flow.answered) == (5, 6)
    assert flow.acceptance == pytest.approx(5 / 6)


def test_should_list_segments_without_an_available_advocate(cast_only: World) -> None:
    world = cast_only
    found = figures(world)
    gaps = {(gap.section, gap.region): gap for gap in found.gaps}
    # Inês of St Brannoc covers health in Northern Europe, where two deals are open.
    assert set(gaps) == {("K", "North America"), ("C", "Western Europe")}
    assert found.segments == 3
    assert found.unplaced == 1
    meridian = gaps["C", "Western Europe"]
    assert (meridian.deals, meridian.advocates, meridian.next_on) == (1, 0, None)
    assert meridian.amounts == (("EUR", Decimal(520_000)),)


def test_should_tell_when_a_gap_ends(cast_only: World) -> None:
    world = cast_only
    with world.database.write() as session:
        call(session, world, session.get_one(Advocate, world.people["advocate"]), ago(20))
    (gap,) = [gap for gap in figures(world).gaps if gap.section == "Q"]
    assert (gap.deals, gap.advocates) == (2, 1)
    assert gap.next_on
    assert today() < gap.next_on < ahead(100)


def test_should_ignore_an_advocate_without_consent(world: World) -> None:
    with world.database.write() as session:
        contact(session, world, "Karl Kraus", "meridian")
        advocate(session, world, "karl", consent=ConsentState.REQUESTED)
    assert ("C", 1) in [(gap.section, gap.advocates) for gap in figures(world).gaps]


def test_should_take_a_fixed_number_of_queries(cast_only: World) -> None:
    world = cast_only
    figures(world)
    with counted(world.database) as before:
        figures(world)
    with world.database.write() as session:
        some = closed(session, world, "Won", count=5)
        vouched(session, some, world.people["advocate"])
        for n, deal in enumerate(some):
            _life(session, deal, n, days=3)
            contact(session, world, f"Nurse{n} Novak", "kestrel")
            advocate(session, world, f"nurse{n}")
    with counted(world.database) as after:
        figures(world)
    assert len(after) <= len(before)
