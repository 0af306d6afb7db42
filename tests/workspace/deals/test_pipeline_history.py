"""What was open in each stage on past days, of deals whose history is known."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlmodel import Session, col, select

from tests.world import World, ago, stage
from workspace.company import set_company
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.money import rates_of, set_rate
from workspace.deals.parking import Parking, set_awake, set_parked
from workspace.deals.pipeline_history import (
    Level,
    deals_then,
    month_ends,
    pipeline_history,
    week_ends,
)
from workspace.deals.stage_settings import change_stages, settings_of
from workspace.deals.tables import Deal, NewDeal, Stage
from workspace.people.viewer import PLAIN_VIEW, Viewer
from workspace.timeline.timeline import TimelineEntry

EARLY, LATE = "Qualification", "Negotiation/Review"


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        yield session


def log(session: Session, name: str, opened: int, at: str = EARLY, **facts: Any) -> Deal:
    """A deal that was logged on the day when it was opened, so many days ago."""
    facts = {"amount": Decimal(100), "currency": "EUR", **facts}
    deal = lifecycle.log(
        session, name, None, None, stage=stage(session, at), opened=ago(opened), **facts
    )
    return dated(session, deal, opened)


def dated(session: Session, deal: Deal, days: int) -> Deal:
    """The deal, with what was done to it last dated back by these days."""
    session.flush()
    today = datetime.combine(ago(0), time(), UTC)
    entries = session.exec(
        select(TimelineEntry).where(
            TimelineEntry.deal_id == deal.id, col(TimelineEntry.at) >= today
        )
    )
    for entry in entries:
        entry.at = datetime.combine(ago(days), time(12), UTC)
        session.add(entry)
    session.flush()
    return deal


def move(session: Session, deal: Deal, to: str, days: int, **closing: Any) -> None:
    lifecycle.advance(session, deal, stage(session, to), None, **closing)
    dated(session, deal, days)


def names(
    session: Session, days: int, at: str | None = None, viewer: Viewer = PLAIN_VIEW
) -> set[str]:
    """The names of the deals that were open so many days ago, at a stage if one is named."""
    rows = deals_then(session, viewer, rates_of(session), ago(days), at)
    return {row.name for row in rows}


def test_should_follow_moves_back_to_the_stage_of_the_day(session: Session) -> None:
    canal = log(session, "canal", 40)
    move(session, canal, LATE, 20)
    move(session, canal, "Closed Won", 5, closed=ago(6))
    assert not names(session, 41)
    assert names(session, 40, EARLY) == names(session, 21, EARLY) == {"canal"}
    assert names(session, 20, LATE) == names(session, 7, LATE) == {"canal"}
    assert not names(session, 20, EARLY)
    # It was open at the end of the day before its closing day, which is not that of the click.
    assert not names(session, 6)
    assert not names(session, 0)
    # A deal that is open again was closed meanwhile.
    move(session, canal, EARLY, 2)
    assert not names(session, 3)
    assert names(session, 2, EARLY) == {"canal"}


def test_should_leave_out_parked_deals_while_they_were_parked(session: Session) -> None:
    dyke = log(session, "dyke", 40)
    set_parked(session, dyke, None, Parking("Budget freeze", wakes_when="a new budget"))
    dated(session, dyke, 30)
    assert names(session, 31) == {"dyke"}
    assert not names(session, 30)
    assert not names(session, 0)
    set_awake(session, dyke, None)
    dated(session, dyke, 10)
    assert not names(session, 11)
    assert names(session, 10) == {"dyke"}
    set_parked(session, dyke, None, Parking("Again", wakes_when="spring"))
    dated(session, dyke, 6)
    move(session, dyke, LATE, 4)
    assert not names(session, 5)
    assert names(session, 4, LATE) == {"dyke"}


def test_should_not_know_stages_of_the_time_before_an_import(session: Session) -> None:
    facts = {"opened": ago(60), "amount": Decimal(7), "currency": "EUR"}
    new = [
        NewDeal("open", None, stage(session, EARLY), facts=dict(facts)),
        NewDeal("won", None, stage(session, "Closed Won"), facts=facts | {"closed": ago(30)}),
        NewDeal("parked", None, stage(session, EARLY), facts=dict(facts), parked=True),
    ]
    for deal in lifecycle.log_all(session, new, None, "imported", {"file": "deals.csv"}):
        dated(session, deal, 10)
    log(session, "logged late", 50, "Closed Lost", closed=ago(20))
    # A deal that was imported as parked is not known to have been open.
    assert names(session, 40, "") == {"open", "won", "logged late"}
    assert names(session, 25, "") == {"open", "logged late"}
    assert names(session, 10) == names(session, 0, EARLY) == {"open"}
    parked = session.exec(select(Deal).where(Deal.name == "parked")).one()
    set_awake(session, parked, None)
    dated(session, parked, 5)
    assert names(session, 6) == {"open"}
    assert names(session, 5) == {"open", "parked"}


def test_should_add_up_the_amounts_and_rates_of_the_day(session: Session) -> None:
    set_company(session, None, currency="EUR")
    set_rate(session, None, "PLN", ago(40), Decimal("0.20"))
    set_rate(session, None, "PLN", ago(15), Decimal("0.25"))
    grown = log(session, "grown", 50)
    lifecycle.edit(session, grown, None, {"amount": Decimal(300)})
    dated(session, grown, 20)
    lifecycle.edit(session, grown, None, {"amount": Decimal(1000), "currency": "PLN"})
    dated(session, grown, 10)
    log(session, "no amount", 30, LATE, amount=None, currency=None)
    log(session, "foreign", 45, LATE, amount=Decimal(1000), currency="PLN")
    days = [ago(days) for days in (45, 30, 12, 0)]
    found = pipeline_history(session, PLAIN_VIEW, rates_of(session), days)
    rows = {row.stage: row.levels for row in found.rows}
    assert found.currency == "EUR"
    assert [level.amount for level in rows[EARLY]] == [100, 100, 300, 250]
    # There was no rate 45 days ago.
    assert [level.amount for level in rows[LATE]] == [0, 200, 250, 250]
    assert [level.unconverted for level in rows[LATE]] == [1, 1, 1, 1]
    assert [level.count for level in found.totals] == [2, 3, 3, 3]
    assert [level.amount for level in found.totals] == [100, 300, 550, 500]
    assert "" not in rows


def test_should_know_stages_by_their_former_names(session: Session) -> None:
    first, second = stage(session, EARLY), stage(session, LATE)
    deal = log(session, "renamed", 40)
    move(session, deal, LATE, 20)
    # The two stages swap their names.
    change_stages(session, {first.id: named(first, LATE), second.id: named(second, EARLY)}, None)
    assert names(session, 30, LATE) == names(session, 10, EARLY) == {"renamed"}


def named(row: Stage, name: str) -> Any:
    """A stage's settings with another name."""
    settings = settings_of(row)
    return type(settings)(name, settings.probability, settings.rotting_days)


@dataclass
class Past:
    """What a deal was at the end of a day; without a stage, it is unknown."""

    stage: str | None
    amount: Decimal | None
    currency: str | None
    open: bool


def lived(session: Session, random: Random, number: int) -> dict[int, Past]:
    """A deal with a made-up life, and what it was so many days ago."""
    opened = random.randint(20, 80)
    stages = [EARLY, "Value Proposition", LATE]
    amount, currency = (
        Decimal(random.randint(0, 90_000)) / 100,
        random.choice(["EUR", "PLN", "CHF"]),
    )
    now = Past(random.choice(stages), amount, currency, True)
    past: dict[int, Past] = {}
    since = opened
    if random.random() < 0.3:
        since = random.randint(5, opened)
        facts = {"opened": ago(opened), "amount": amount, "currency": currency}
        new = [NewDeal(f"deal {number}", None, stage(session, now.stage or ""), facts=facts)]
        deal = next(iter(lifecycle.log_all(session, new, None, "imported", {"file": "deals.csv"})))
        dated(session, deal, since)
        past = dict.fromkeys(range(since + 1, opened + 1), Past(None, amount, currency, True))
    else:
        deal = log(
            session, f"deal {number}", opened, now.stage or "", amount=amount, currency=currency
        )
    parked = False
    for day in range(since, -1, -1):
        act = random.choice(["", "", "", "", "move", "amount", "currency", "step", "park", "close"])
        if not now.open or parked:
            act = {"move": "move", "park": "wake" if parked else ""}.get(act, "")
        if act == "move":
            to = random.choice([name for name in stages if name != now.stage])
            lifecycle.advance(session, deal, stage(session, to), None)
            now, parked = replace(now, stage=to, open=True), False
        elif act == "close":
            to = random.choice(["Closed Won", "Closed Lost"])
            lifecycle.advance(session, deal, stage(session, to), None, closed=ago(day))
            now = replace(now, stage=to, open=False)
        elif act == "park":
            set_parked(session, deal, None, Parking("No budget", wakes_when="spring"))
            parked = True
        elif act == "wake":
            set_awake(session, deal, None)
            parked = False
        elif act == "amount":
            now = replace(now, amount=random.choice([None, Decimal(random.randint(1, 500))]))
            lifecycle.edit(session, deal, None, {"amount": now.amount})
        elif act == "currency":
            now = replace(now, currency=random.choice(["EUR", "PLN"]))
            lifecycle.edit(session, deal, None, {"currency": now.currency})
        elif act == "step":
            lifecycle.edit(session, deal, None, {"next_step": f"step {day}"})
        dated(session, deal, day)
        past[day] = replace(now, open=now.open and not parked)
    return past


@pytest.mark.parametrize("seed", range(3))
def test_should_add_up_what_each_deal_was_on_each_day(session: Session, seed: int) -> None:
    random = Random(seed)
    set_company(session, None, currency="EUR")
    set_rate(session, None, "PLN", ago(40), Decimal("0.21"))
    set_rate(session, None, "PLN", ago(15), Decimal("0.25"))
    lives = [lived(session, random, number) for number in range(25)]
    rates = rates_of(session)
    numbers = [70, 41, 33, 26, 19, 12, 5, 1, 0]
    found = pipeline_history(session, PLAIN_VIEW, rates, [ago(number) for number in numbers])
    for place, number in enumerate(numbers):
        alive = [life[number] for life in lives if number in life and life[number].open]
        for name in {row.stage for row in found.rows} | {past.stage or "" for past in alive}:
            level = next((row.levels[place] for row in found.rows if row.stage == name), Level())
            there = [past for past in alive if (past.stage or "") == name]
            worth = [rates.convert(past.amount, past.currency, ago(number)) for past in there]
            assert level.count == len(there)
            assert level.amount == sum(amount for amount in worth if amount is not None)
            assert level.unconverted == worth.count(None)
            # Each figure leads to exactly its deals.
            behind = deals_then(session, PLAIN_VIEW, rates, ago(number), name)
            assert sorted(str(row.amount) for row in behind) == sorted(
                str(past.amount) for past in there
            )


def test_should_show_nobody_what_they_may_not_see(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        before = (deal.closed or date.max) - timedelta(days=5)
        days = (ago(0) - before).days
        assert "Project Nightingale" in names(session, days, viewer=world.viewer("alice"))
        assert "Project Nightingale" not in names(session, days, viewer=world.viewer("dana"))
        rates = rates_of(session)
        counts = [
            pipeline_history(session, world.viewer(name), rates, [before]).totals[0].count
            for name in ("alice", "dana")
        ]
        assert counts[0] == counts[1] + 1


def test_should_end_weeks_on_sundays_and_months_on_their_last_day() -> None:
    assert [day.isoweekday() for day in week_ends()[:-1]] == [7] * 8
    assert all((day + timedelta(days=1)).day == 1 for day in month_ends()[:-1])
    for days in (week_ends(), month_ends()):
        assert days[-1] == ago(0)
        assert days == sorted(set(days))
        assert len(days) == 9
