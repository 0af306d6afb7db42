"""Amounts in one currency, the forecast, and the filters behind its figures."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from tests.world import World
from workspace.clock import today
from workspace.company import set_company
from workspace.deals.board import stage_totals
from workspace.deals.filters import Attention, DealFilter
from workspace.deals.forecast import forecast, set_quota
from workspace.deals.lists import deal_rows, deal_totals
from workspace.deals.money import Rates, rates_of, set_rate
from workspace.deals.quarters import Quarter, category_of, quarter_of, read_quarter
from workspace.deals.stages import stage_of
from workspace.deals.tables import Deal, Outcome, Stakeholder
from workspace.errors import Invalid
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer

SPRING, SUMMER = date(2026, 3, 1), date(2026, 6, 1)
RATES = Rates("EUR", {"PLN": [SPRING, SUMMER]}, {"PLN": [Decimal("0.20"), Decimal("0.25")]})


@pytest.mark.parametrize(
    ("amount", "currency", "day", "expected"),
    [
        (100, "EUR", SPRING, 100),
        (100, "PLN", SPRING, 20),
        (100, "PLN", SUMMER - timedelta(1), 20),
        (100, "PLN", SUMMER, 25),
        # Today's rate is the last one.
        (100, "PLN", None, 25),
        # No rate was entered for that day, or for that currency.
        (100, "PLN", SPRING - timedelta(1), None),
        (100, "USD", SUMMER, None),
        (100, None, SUMMER, None),
    ],
)
def test_should_convert_by_the_rate_of_the_day(
    amount: int, currency: str | None, day: date | None, expected: int | None
) -> None:
    assert RATES.convert(Decimal(amount), currency, day) == expected


def test_should_leave_amounts_without_a_rate_in_their_currency() -> None:
    parts = [
        (Decimal(10), "EUR", None),
        (Decimal(100), "PLN", SPRING),
        (Decimal(5), "USD", None),
        (None, "EUR", None),
    ]
    assert RATES.add_up(parts) == {"EUR": 30, "USD": 5}
    assert Rates().add_up(parts) == {"EUR": 10, "PLN": 100, "USD": 5}


@pytest.mark.parametrize(
    ("day", "key"), [(date(2026, 1, 1), "2026-Q1"), (date(2026, 12, 31), "2026-Q4")]
)
def test_should_know_the_quarter_of_a_day(day: date, key: str) -> None:
    quarter = quarter_of(day)
    assert quarter.key == key
    assert read_quarter(key) == quarter
    assert quarter.first_day <= day < quarter.next.first_day


@pytest.mark.parametrize("text", ["", "2026", "2026-Q5", "26-Q1", "2026-Q11", "²026-Q1"])
def test_should_not_read_another_text_as_a_quarter(text: str) -> None:
    assert read_quarter(text) is None


@pytest.mark.parametrize(
    ("probability", "name"), [(100, "commit"), (75, "commit"), (74, "likely"), (49, "upside")]
)
def test_should_sort_stages_into_categories(probability: int, name: str) -> None:
    assert category_of(probability) == name


def manager(world: World) -> Viewer:
    return Viewer(world.people["dana"], "Dana", frozenset({Role.MANAGER}))


def put(session: Session, world: World, name: str, stage: str, **facts: object) -> Deal:
    """Give a deal of the cast a stage and facts."""
    deal = world.deal(session, name)
    row = stage_of(session, stage)
    deal.stage_id, deal.outcome = row.id, row.outcome
    deal.sqlmodel_update(facts)
    session.add(deal)
    return deal


def clear(session: Session, world: World) -> None:
    """Close all deals long ago, without an amount."""
    lost = stage_of(session, "Closed Lost")
    for name in world.deals:
        deal = world.deal(session, name)
        deal.stage_id, deal.outcome, deal.amount = lost.id, Outcome.LOST, None
        deal.closed, deal.expected_close = date(2020, 1, 1), None
        session.add(deal)


def test_should_forecast_by_quarter_member_and_category(world: World) -> None:
    this = quarter_of(today())
    with world.database.write() as session:
        clear(session, world)
        set_company(session, None, currency="EUR")
        set_rate(session, None, "PLN", date(2020, 1, 1), Decimal("0.25"))
        alice = session.get_one(Person, world.people["alice"])
        facts = {"owner_id": alice.id, "confidential": False, "currency": "EUR"}
        put(session, world, "wards", "Negotiation/Review", **facts, amount=100, closed=None,
            expected_close=this.first_day)  # fmt: skip
        put(session, world, "kestrel", "Value Proposition", **{**facts, "currency": "PLN"},
            amount=400, closed=None, expected_close=this.next.first_day)  # fmt: skip
        put(session, world, "meridian", "Closed Won", **facts, amount=50, closed=today())
        set_quota(session, None, alice, this, Decimal(500))
    with world.database.read() as session:
        rates = rates_of(session)
        found = forecast(session, manager(world), rates)
        now, following = found.quarters
        assert (now.total.won, now.total.commit, now.total.weighted) == (50, 100, 90)
        assert (now.total.quota, now.total.gap) == (500, 360)
        assert [line.name for line in now.members] == [alice.name]
        assert (following.total.likely, following.total.weighted) == (100, 50)
        assert (found.count, found.amount) == (2, 200)
        # Each figure leads to the deals that it counts.
        for chosen, names in (
            (DealFilter(quarter=this, forecast="commit"), {"wards"}),
            (DealFilter(quarter=this.next, forecast="likely"), {"kestrel"}),
            (DealFilter(quarter=this, outcome="won"), {"meridian"}),
            (DealFilter(quarter=Quarter(2020, 1), outcome="won"), set()),
            (DealFilter(quarter=this, forecast="expected"), {"wards", "meridian"}),
            (DealFilter(quarter=Quarter(2020, 1), forecast="expected"), set()),
        ):
            keys = {row.key for row in deal_rows(session, manager(world), chosen)}
            assert keys == {world.deal(session, name).key for name in names}
        # Lists and board add up by the same rule.
        assert deal_totals(session, manager(world), DealFilter(outcome="open")).sums == {"EUR": 200}
        totals = stage_totals(session, manager(world))
        assert [total.sums for _, total in sorted(totals.items())] == [{"EUR": 100}, {"EUR": 100}]


def test_should_refuse_a_rate_of_nothing(world: World) -> None:
    with pytest.raises(Invalid), world.database.write() as session:
        set_rate(session, None, "PLN", date(2026, 1, 1), Decimal(0))


def test_should_find_the_deals_that_need_attention(world: World) -> None:
    with world.database.write() as session:
        clear(session, world)
        put(session, world, "wards", "Value Proposition", closed=None, confidential=False,
            next_step="", stage_since=today() - timedelta(46),
            expected_close=today() - timedelta(1))  # fmt: skip
        put(session, world, "kestrel", "Value Proposition", closed=None, confidential=False,
            next_step="Call", stage_since=today() - timedelta(45),
            expected_close=today())  # fmt: skip
        stakeholders = session.exec(select(Stakeholder)).all()
        for row in stakeholders:
            session.delete(row)
        deal, person = world.deal(session, "kestrel"), world.people["ines"]
        session.add(Stakeholder(deal_id=deal.id, person_id=person, stance="opponent"))
        deal = world.deal(session, "wards")
        session.add(Stakeholder(deal_id=deal.id, person_id=person, stance="neutral"))
    with world.database.read() as session:
        wards, kestrel = (world.deal(session, name).key for name in ("wards", "kestrel"))
        for attention, keys in (
            (Attention.NO_NEXT_STEP, {wards}),
            (Attention.STUCK, {wards}),
            (Attention.OVERDUE, {wards}),
            (Attention.CLOSING, {kestrel}),
            (Attention.OPPOSED, {kestrel}),
        ):
            rows = deal_rows(session, manager(world), DealFilter(attention=attention))
            assert {row.key for row in rows} == keys, attention
