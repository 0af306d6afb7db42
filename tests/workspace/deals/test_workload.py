"""Workload: what a viewer may see of it, and the true limit when somebody accepts."""

import pytest

from tests.world import World
from workspace.deals import availability, lifecycle, team
from workspace.deals.workload import loads_of
from workspace.errors import Conflict


def limit(world: World, name: str, seats: int) -> None:
    with world.database.write() as session:
        person = world.people[name]
        availability.set_availability(
            session, person, person, seat_limit=seats, away_from=None, away_until=None
        )


def ask(world: World, name: str) -> int:
    with world.database.write() as session:
        seat = team.add_seat(session, world.deal(session, "meridian"), "trainer", None, None)
        session.flush()
        team.ask_seat(session, seat, world.people[name], world.people["alice"])
        return seat.id


def accept(world: World, name: str, seat_id: int) -> None:
    with world.database.write() as session:
        team.accept_seat(session, session.get_one(team.Seat, seat_id), world.people[name])


def test_should_look_at_the_true_limit_when_somebody_accepts(world: World) -> None:
    with world.database.write() as session:
        alice = world.people["alice"]
        secret = lifecycle.log(session, "Secret", None, alice, confidential=True)
        team.add_seat(session, secret, "trainer", world.people["erin"], alice)
    limit(world, "erin", 1)
    with world.database.read() as session:
        seen = loads_of(session, world.viewer("charlie"))[world.people["erin"]]
        true = loads_of(session, world.viewer("alice"))[world.people["erin"]]
    assert (seen.seats, seen.left, true.seats, true.left) == (0, 1, 1, 0)
    asked = ask(world, "erin")
    with pytest.raises(Conflict) as refused:
        accept(world, "erin", asked)
    assert "Secret" not in str(refused.value)
    with world.database.read() as session:
        seat = session.get_one(team.Seat, asked)
        assert (seat.person_id, seat.asked_id) == (None, world.people["erin"])
    limit(world, "erin", 2)
    accept(world, "erin", asked)


def test_should_count_no_seats_on_closed_deals(world: World) -> None:
    limit(world, "erin", 1)
    with world.database.write() as session:
        team.add_seat(
            session, world.deal(session, "brannoc"), "trainer", world.people["erin"], None
        )
    accept(world, "erin", ask(world, "erin"))


def test_should_say_a_workload_in_words(world: World) -> None:
    limit(world, "erin", 1)
    with world.database.read() as session:
        loads = loads_of(session, world.viewer("dana"))
    assert loads[world.people["erin"]].text == "On 0 of 1 deal"
    assert loads[world.people["bob"]].text == "On 2 of 6 deals"
