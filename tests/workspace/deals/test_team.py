"""Seats on a deal's team."""

import pytest
from sqlmodel import Session, select

from tests.world import World, ago
from workspace.deals import team
from workspace.deals.tables import Seat
from workspace.errors import Conflict
from workspace.timeline.timeline import TimelineEntry


def seats(session: Session, world: World) -> list[Seat]:
    deal = world.deal(session, "tidewater")
    return list(session.exec(select(Seat).where(Seat.deal_id == deal.id)))


def test_should_let_a_seat_stay_open(world: World) -> None:
    with world.database.write() as session:
        team.add_seat(session, world.deal(session, "tidewater"), "trainer", None, by=None)
    with world.database.read() as session:
        assert [(seat.role, seat.person_id) for seat in seats(session, world)] == [
            ("trainer", None)
        ]


def test_should_fill_the_open_seat_of_a_new_members_role(world: World) -> None:
    bob = world.people["bob"]
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        team.add_seat(session, deal, "product expert", None, by=None)
        team.add_seat(session, deal, "trainer", None, by=None)
        team.add_seat(session, deal, "product expert", bob, by=None, since=ago(3))
    with world.database.read() as session:
        found = {seat.role: (seat.person_id, seat.since) for seat in seats(session, world)}
        assert len(seats(session, world)) == 2
        assert found["product expert"] == (bob, ago(3))
        assert found["trainer"][0] is None


def test_should_refuse_a_second_seat_of_one_role(world: World) -> None:
    bob = world.people["bob"]
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        team.add_seat(session, deal, "product expert", bob, by=None)
        team.add_seat(session, deal, "consultant", bob, by=None)
        with pytest.raises(Conflict):
            team.add_seat(session, deal, "product expert", bob, by=None)


def test_should_keep_a_freed_seat_and_tell_the_timeline_who_left(world: World) -> None:
    bob, charlie = world.people["bob"], world.people["charlie"]
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        seat = team.add_seat(session, deal, "product expert", bob, by=charlie)
        team.free_seat(session, seat, by=charlie)
    with world.database.read() as session:
        assert [each.person_id for each in seats(session, world)] == [None]
        entries = select(TimelineEntry).where(
            TimelineEntry.deal_id == deal.id, TimelineEntry.kind == "seat"
        )
        details = [entry.detail for entry in session.exec(entries)]
        assert {"role": "product expert", "person_id": bob} in details
        assert {"role": "product expert", "left_id": bob} in details


def test_should_free_a_seat_once(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        seat = team.add_seat(session, deal, "product expert", world.people["bob"], by=None)
        team.free_seat(session, seat, by=None)
        session.flush()
        with pytest.raises(Conflict):
            team.free_seat(session, seat, by=None)
