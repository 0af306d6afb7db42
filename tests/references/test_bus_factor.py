"""What hangs on one colleague, and handing it over to the nearest, with known answers."""

import pytest
from sqlmodel import Session, select

from references.bus_factor import Risk, Subject, bus_factor
from references.desk.advocates import Advocate, nominate
from references.handover import Work
from references.handover_plan import hand_over_as_planned, plan
from references.network.ties import TieKind, Visibility, assert_tie
from tests.world import World
from workspace.deals import team
from workspace.deals.tables import Deal
from workspace.errors import Conflict
from workspace.people.tables import Person


def know(
    session: Session, world: World, one: str, other: str, base: float, **facts: object
) -> None:
    assert_tie(
        *(session, world.people[one], world.people[other], TieKind.KNOWS),
        base=base,
        asserted_by_id=world.people["grace"],
        **facts,  # type: ignore[arg-type]
    )


def risks(world: World) -> dict[tuple[Subject, str], Risk]:
    with world.database.read() as session:
        found = bus_factor(session, world.viewer("dana"))
    return {(risk.subject, risk.name): risk for risk in found}


def test_should_name_who_alone_is_close_and_who_is_second(world: World) -> None:
    with world.database.write() as session:
        know(session, world, "alice", "jonas", 0.8)
        know(session, world, "bob", "jonas", 0.2)
        know(session, world, "alice", "ines", 0.8)
        know(session, world, "bob", "ines", 0.6)
        nominate(session, session.get_one(Person, world.people["jonas"]), None)
    found = risks(world)
    for subject, name in ((Subject.ACCOUNT, "Havel Clinics"), (Subject.ADVOCATE, "Jonas Havelka")):
        risk = found[subject, name]
        assert risk.second is not None
        assert (risk.first.name, risk.second.name) == ("Alice Adeyemi", "Bob Brandt")
        assert 0 < risk.cover < 0.5
    # Bob is near enough to step in.
    assert (Subject.ACCOUNT, "St Brannoc Hospital") not in found


def test_should_put_what_nobody_covers_first(world: World) -> None:
    with world.database.write() as session:
        know(session, world, "alice", "jonas", 0.4)
        know(session, world, "charlie", "ines", 0.9)
        know(session, world, "bob", "ines", 0.3)
    with world.database.read() as session:
        found = bus_factor(session, world.viewer("dana"))
    accounts = [risk.name for risk in found if risk.subject == Subject.ACCOUNT]
    assert accounts == ["Havel Clinics", "St Brannoc Hospital"]


def test_should_be_silent_on_faint_and_on_private_ties(world: World) -> None:
    with world.database.write() as session:
        know(session, world, "alice", "jonas", 0.2)
        know(session, world, "alice", "ines", 0.9, visibility=Visibility.PRIVATE)
    assert risks(world) == {}


def test_should_name_topics_of_three_won_deals(world: World) -> None:
    with world.database.write() as session:
        for name in ("brannoc", "havel", "lumen"):
            team.add_seat(
                session, world.deal(session, name), "consultant", world.people["bob"], None
            )
    found = risks(world)
    assert found[Subject.TOPIC, "Atlas Warehouse"].first.name == "Bob Brandt"
    # Fewer deals say nothing.
    assert (Subject.TOPIC, "Beacon Dashboards") not in found


@pytest.fixture
def _leaver(world: World) -> None:
    """Alice's open deals at St Brannoc and Meridian, her customers, and an advocate."""
    with world.database.write() as session:
        know(session, world, "bob", "ines", 0.7)
        know(session, world, "dana", "ines", 0.4)
        know(session, world, "dana", "jonas", 0.6)
        jonas = session.get_one(Person, world.people["jonas"])
        nominate(session, jonas, world.people["alice"])


def planned(world: World) -> dict[tuple[Work, str], str]:
    with world.database.read() as session:
        return {(each.work, each.name): each.to for each in plan(session, world.people["alice"])}


@pytest.mark.usefixtures("_leaver")
def test_should_plan_for_the_nearest(world: World) -> None:
    found = planned(world)
    assert found[Work.DEALS, "St Brannoc ward dashboards"] == "Bob Brandt"
    assert found[Work.CUSTOMERS, "Havel Clinics"] == "Dana Dvořák"
    assert found[Work.ADVOCATES, "Jonas Havelka"] == "Dana Dvořák"
    # He has a seat on this one, and confidential deals are not planned.
    assert found[Work.DEALS, "Meridian plant integration"] == "Bob Brandt"
    assert not any("Nightingale" in name for _, name in found)


@pytest.mark.usefixtures("_leaver")
def test_should_hand_over_as_planned_once(world: World) -> None:
    alice, grace = world.people["alice"], world.people["grace"]
    with world.database.write() as session:
        expected = [each.id for each in plan(session, alice)]
        assert hand_over_as_planned(session, alice, expected, grace) == len(expected)
    with world.database.read() as session:
        assert world.deal(session, "wards").owner_id == world.people["bob"]
        kept = session.exec(select(Advocate.kept_by_id)).one()
        assert kept == world.people["dana"]
        confidential = select(Deal.owner_id).where(Deal.key == world.confidential_deal)
        assert session.exec(confidential).one() == alice
    with pytest.raises(Conflict), world.database.write() as session:
        hand_over_as_planned(session, alice, expected, grace)
