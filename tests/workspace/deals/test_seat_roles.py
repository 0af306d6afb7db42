"""What a seat may be for: the defaults, and a company's own list."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session, select

from tests.world import World
from workspace.audit import AuditEntry
from workspace.deals import seat_roles, team
from workspace.deals.seat_roles import DEFAULT_SEAT_ROLES
from workspace.deals.tables import PastSeat, Seat
from workspace.errors import Conflict, Invalid, NotFound


def names(world: World) -> list[str]:
    with world.database.read() as session:
        return [role.name for role in seat_roles.seat_roles(session)]


def acts(session: Session) -> list[str]:
    asked = select(AuditEntry.action).where(AuditEntry.subject.startswith("seat role"))  # type: ignore[attr-defined]
    return list(session.exec(asked.order_by(AuditEntry.id)))  # type: ignore[arg-type]


def test_should_add_the_default_roles_once(world: World) -> None:
    with world.database.write() as session:
        seat_roles.add_default_seat_roles(session)
    assert names(world) == list(DEFAULT_SEAT_ROLES)
    with world.database.read() as session:
        keys = {role.key for role in seat_roles.seat_roles(session)}
        assert {seat_roles.OWNERS_ROLE, seat_roles.EXPERTS_ROLE} <= keys


def test_should_add_a_role_last_and_move_it(world: World) -> None:
    grace = world.people["grace"]
    with world.database.write() as session:
        role = seat_roles.add_seat_role(session, "Rollout lead", grace)
        assert role.key == "rollout-lead"
        seat_roles.move_seat_role(session, role.key, grace, up=True)
    assert names(world)[-2:] == ["Rollout lead", "executive sponsor"]
    with world.database.write() as session:
        seat_roles.move_seat_role(session, "rollout-lead", grace, up=False)
        # There is none after it, so nothing happens, and nothing is told.
        seat_roles.move_seat_role(session, "rollout-lead", grace, up=False)
        assert acts(session) == ["seat role added", "seat role moved", "seat role moved"]
    assert names(world) == [*DEFAULT_SEAT_ROLES, "Rollout lead"]


def test_should_add_a_role_once_though_two_managers_add_it_at_the_same_time(world: World) -> None:
    def add() -> None:
        with world.database.write() as session:
            seat_roles.add_seat_role(session, "Rollout lead", world.people["frank"])

    with ThreadPoolExecutor(1) as other:
        with world.database.write() as session:
            seat_roles.add_seat_role(session, "Rollout lead", world.people["grace"])
            late = other.submit(add)
            # Time to come to where it has to wait.
            time.sleep(0.3)
        with pytest.raises(Invalid, match="This role exists"):
            late.result()
    assert names(world).count("Rollout lead") == 1


def test_should_rename_seats_with_their_role(world: World) -> None:
    bob, grace = world.people["bob"], world.people["grace"]
    with world.database.write() as session:
        left = team.add_seat(session, world.deal(session, "lumen"), "product expert", bob, None)
        team.free_seat(session, left, None)
        other = team.add_seat(session, world.deal(session, "lumen"), "trainer", bob, None)
        session.flush()
        role = seat_roles.rename_seat_role(session, "product-expert", "Specialist", grace)
        assert role.key == "product-expert"
        assert acts(session) == ["seat role renamed"]
    with world.database.read() as session:
        # The one on the confidential deal too.
        assert set(session.exec(select(Seat.role))) == {"Specialist", "trainer"}
        assert session.exec(select(PastSeat.role)).one() == "Specialist"
        assert session.get_one(Seat, other.id).role == "trainer"
    assert names(world)[1] == "Specialist"


@pytest.mark.parametrize("name", ["Trainer", "TRAINER ", "···"])
def test_should_refuse_a_second_role_of_one_name(world: World, name: str) -> None:
    with world.database.write() as session:
        with pytest.raises(Invalid):
            seat_roles.add_seat_role(session, name, None)
        with pytest.raises(Invalid):
            seat_roles.rename_seat_role(session, "auditor", name, None)
        # Its own name may be written otherwise.
        seat_roles.rename_seat_role(session, "trainer", "Trainer", None)
    assert "Trainer" in names(world)


def test_should_keep_a_role_with_seats(world: World) -> None:
    with world.database.write() as session:
        with pytest.raises(Conflict, match="seats are for product expert"):
            seat_roles.remove_seat_role(session, world.viewer("grace"), "product-expert")
        seat_roles.remove_seat_role(session, world.viewer("grace"), "auditor")
        with pytest.raises(NotFound):
            seat_roles.remove_seat_role(session, world.viewer("grace"), "auditor")
    assert "auditor" not in names(world)


def test_should_tell_nothing_of_a_confidential_deal_in_a_refusal(world: World) -> None:
    with world.database.write() as session:
        hidden = team.add_seat(session, world.deal(session, "nightingale"), "auditor", None, None)
        session.flush()
        rows = {row.key: row for row in seat_roles.seat_role_rows(session, world.viewer("grace"))}
        assert rows["auditor"].seats == 0
        seat_roles.remove_seat_role(session, world.viewer("grace"), "auditor")
    with world.database.read() as session:
        assert session.get_one(Seat, hidden.id).role == "auditor"


def test_should_keep_the_last_role(world: World) -> None:
    with world.database.write() as session:
        for seat in session.exec(select(Seat)):
            session.delete(seat)
        session.flush()
        for role in seat_roles.seat_roles(session)[1:]:
            seat_roles.remove_seat_role(session, world.viewer("grace"), role.key)
        with pytest.raises(Conflict, match="last"):
            seat_roles.remove_seat_role(session, world.viewer("grace"), "account-executive")


def test_should_find_an_owners_role_by_its_key(world: World) -> None:
    with world.database.write() as session:
        seat_roles.rename_seat_role(session, "account-executive", "Seller", None)
        assert seat_roles.owners_role(session) == "Seller"
        seat_roles.remove_seat_role(session, world.viewer("grace"), "account-executive")
        assert seat_roles.owners_role(session) == "product expert"
