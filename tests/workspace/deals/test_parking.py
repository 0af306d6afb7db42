"""Parked deals: parked with a reason, woken by a member or by their day, and counted nowhere."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_deal
from similarity.kin import kin_of, past_and_running
from tests.world import World
from workspace.clock import today
from workspace.database import Database
from workspace.deals import board, bulk, lists, stages, workload
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.lifecycle import change_stage
from workspace.deals.parking import Parking, park, wake, wake_due
from workspace.deals.tables import Deal, Outcome
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import TimelineEntry

LATER = today() + timedelta(days=30)
PARKING = Parking("No budget this year", LATER, "their budget round")


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        yield session


@pytest.fixture
def parked(world: World, session: Session) -> Deal:
    """Alice's open deal on the wards, parked."""
    return park(session, world.viewer("alice"), world.deals["wards"], PARKING)


def test_should_park_an_open_deal_and_wake_it(world: World, session: Session, parked: Deal) -> None:
    stage = parked.stage_id
    assert (parked.outcome, parked.parked_reason) == (Outcome.PARKED, "No budget this year")
    woken = wake(session, world.viewer("bob"), parked.key)
    assert (woken.outcome, woken.stage_id, woken.stage_since) == (Outcome.OPEN, stage, today())
    assert (woken.parked_reason, woken.wakes_on, woken.wakes_when) == ("", None, "")
    entries = select(TimelineEntry).where(TimelineEntry.deal_id == parked.id)
    rows = session.exec(entries.order_by(col(TimelineEntry.id).desc()).limit(2)).all()
    assert [(row.kind, row.text) for row in rows] == [
        ("woken", "No budget this year"),
        ("parked", "No budget this year"),
    ]
    assert rows[1].detail == {"wakes_on": str(LATER), "wakes_when": "their budget round"}


@pytest.mark.parametrize(
    ("parking", "field"),
    [
        (Parking("", LATER), "park_reason"),
        (Parking("No budget"), "wakes_on"),
        (Parking("No budget", today()), "wakes_on"),
    ],
)
def test_should_need_a_reason_and_a_day_to_come_or_an_event(
    world: World, session: Session, parking: Parking, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        park(session, world.viewer("alice"), world.deals["wards"], parking)
    assert field in refused.value.fields


def test_should_park_open_deals_of_their_editors_only(world: World, session: Session) -> None:
    with pytest.raises(Conflict, match="this one is won"):
        park(session, world.viewer("alice"), world.deals["brannoc"], PARKING)
    with pytest.raises(Conflict, match="not parked"):
        wake(session, world.viewer("alice"), world.deals["wards"])
    with pytest.raises(Forbidden):
        park(session, world.viewer("charlie"), world.deals["wards"], PARKING)
    with pytest.raises(NotFound):
        park(session, world.viewer("charlie"), world.confidential_deal, PARKING)


def test_should_be_in_no_board_total_or_workload(
    world: World, session: Session, parked: Deal
) -> None:
    alice = world.viewer("alice")
    board_totals = board.stage_totals(session, alice)
    assert sum(total.count for total in board_totals.values()) == 4
    load = workload.loads_of(session, alice)[world.people["bob"]].seats
    totals = lists.deal_totals(session, alice, DealFilter(outcome=Outcome.OPEN))
    assert totals.counts == {Outcome.OPEN: 4}
    for chosen in (Outcome.OPEN, CLOSED):
        rows = lists.deal_rows(session, alice, DealFilter(outcome=chosen))
        assert parked.key not in {row.key for row in rows}
    [row] = lists.deal_rows(session, alice, DealFilter(outcome=Outcome.PARKED))
    assert (row.key, row.wakes_on, row.overdue, row.rotting) == (parked.key, LATER, False, False)
    wake(session, alice, parked.key)
    assert workload.loads_of(session, alice)[world.people["bob"]].seats == load + 1


def test_should_be_neither_past_nor_running_kin(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        park(session, world.viewer("charlie"), world.deals["kestrel"], PARKING)
    catalog.catch_up()
    with world.database.read() as session:
        deal = world.deal(session, "wards")
        inquiry = ask_of_deal(session, world.viewer("alice"), catalog, deal)
        for chosen in past_and_running():
            assert chosen is not None
            kin = kin_of(session, catalog, inquiry, filter=chosen, limit=20)
            assert world.deals["kestrel"] not in {row.key for row in kin}


def test_should_wake_on_its_day_and_tell_the_owner(world: World, database: Database) -> None:
    with database.write() as session:
        deal = park(session, world.viewer("bob"), world.deals["wards"], PARKING)
        other = park(session, world.viewer("alice"), world.deals["meridian"], PARKING)
        deal.wakes_on = today()
        session.add(deal)
    assert wake_due(database) == 1
    assert wake_due(database) == 0
    with database.read() as session:
        assert world.deal(session, "wards").outcome == Outcome.OPEN
        assert session.get_one(Deal, other.id).outcome == Outcome.PARKED
        told = select(Notification.person_id).where(Notification.why == "wake")
        assert session.exec(told).all() == [world.people["alice"]]


def test_should_wake_by_a_move_but_not_by_a_bulk_one(
    world: World, session: Session, parked: Deal
) -> None:
    alice = world.viewer("alice")
    [stage] = [row for row in stages.stages(session) if row.name == "Needs Analysis"]
    with pytest.raises(Invalid) as refused:
        bulk.change_all(session, alice, [(parked.key, parked.version)], stage=stage)
    assert refused.value.fields == {parked.key: "This deal is parked. Reopen it first."}
    moved = change_stage(session, alice, parked.key, stage.name)
    assert (moved.outcome, moved.parked_reason) == (Outcome.OPEN, "")


def test_should_park_and_wake_many(world: World, session: Session) -> None:
    alice = world.viewer("alice")
    chosen = [
        (world.deals[name], world.deal(session, name).version) for name in ("wards", "meridian")
    ]
    assert bulk.change_all(session, alice, chosen, parking=PARKING) == 2
    again = [(key, version + 1) for key, version in chosen]
    assert bulk.change_all(session, alice, again, wakes=True) == 2
    with pytest.raises(Invalid):
        bulk.change_all(session, alice, chosen, parking=Parking("", LATER))
