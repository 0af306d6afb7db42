"""Which network serves a deal's stage, on a made record."""

import pytest
from sqlmodel import Session, select

from references.buyers.stage_network import Phase, StageNetwork, phase_of, stage_network
from references.network.paths import Network
from references.network.ties import TieKind, Visibility, assert_tie
from tests.references.prospecting.books import add_connection
from tests.world import World
from workspace.deals import stakeholders, team
from workspace.deals.tables import Stage
from workspace.people import people


def network_at(
    world: World, network: Network, stage: str, viewer: str = "charlie"
) -> StageNetwork | None:
    """What serves Charlie's deal with Kestrel at a stage."""
    with world.database.read() as session:
        return stage_network(
            session,
            world.viewer(viewer),
            network,
            world.deal(session, "kestrel"),
            session.exec(select(Stage).where(Stage.name == stage)).one(),
        )


def meet(
    session: Session, world: World, one: str, other: str, base: float, **facts: object
) -> None:
    assert_tie(
        *(session, world.people[one], world.people[other], TieKind.KNOWS),
        evidence=f"{one} and {other}",
        base=base,
        asserted_by_id=world.people["grace"],
        **facts,  # type: ignore[arg-type]
    )


def named(found: StageNetwork | None) -> list[tuple[str, str]]:
    return [(each.name, each.about) for each in found.contacts] if found else []


@pytest.fixture
def _kestrel(world: World) -> None:
    with world.database.write() as session:
        account = world.account(session, "kestrel")
        for name in ("Ann", "Ben"):
            person = people.add_contact(session, name, None, account_id=account.id)
            world.people[name] = person.id
        stakeholders.add_stakeholder(
            *(session, world.deal(session, "kestrel"), world.people["Ann"], None),
            buying_role="decision maker",
        )
        meet(session, world, "bob", "Ann", 0.9)
        meet(session, world, "dana", "Ben", 0.1)
        meet(session, world, "jonas", "Ann", 0.6)
        meet(session, world, "alice", "Ben", 0.15, visibility=Visibility.PRIVATE)
        add_connection(
            *(session, world, "erin", "Cas", "Kestrel Health", "Buyer", Visibility.EVERYONE)
        )


@pytest.mark.parametrize(
    ("probability", "phase"),
    [(10, Phase.FIND), (20, Phase.GET_IN), (50, Phase.STAFF), (75, Phase.CLOSE)],
)
def test_should_tell_the_phase_by_the_probability(probability: int, phase: Phase) -> None:
    stage = Stage(id=1, name="Any", position=1, probability=probability)
    assert phase_of(stage) == phase


@pytest.mark.usefixtures("_kestrel")
def test_should_name_weak_ties_at_first(world: World, network: Network) -> None:
    found = network_at(world, network, "Prospecting")
    # Bob's tie is strong, and Alice's is private.
    assert named(found) == [("Dana Dvořák", "Ben"), ("Erin Eriksen", "Cas")]


@pytest.mark.usefixtures("_kestrel")
def test_should_name_the_strongest_ties_inside_then(world: World, network: Network) -> None:
    found = network_at(world, network, "Needs Analysis")
    assert named(found)[0] == ("Bob Brandt", "Ann")
    assert "Alice Adeyemi" not in str(found)


def test_should_name_colleagues_who_won_together(world: World, network: Network) -> None:
    with world.database.write() as session:
        for name in ("lumen", "fjord"):
            deal = world.deal(session, name)
            team.add_seat(session, deal, "product expert", world.people["bob"], None)
        deal = world.deal(session, "lumen")
        team.add_seat(session, deal, "consultant", world.people["erin"], None)
    # Charlie won two deals with Bob, and only one with Erin.
    found = network_at(world, network, "Value Proposition")
    assert named(found) == [("Bob Brandt", "2 deals won together")]


@pytest.mark.usefixtures("_kestrel")
def test_should_name_customers_of_deciders_at_the_end(world: World, network: Network) -> None:
    found = network_at(world, network, "Negotiation/Review")
    assert named(found) == [("Jonas Havelka (Havel Clinics)", "Ann")]


def test_should_say_nothing_where_nobody_is_known(world: World, network: Network) -> None:
    for stage in ("Prospecting", "Needs Analysis", "Value Proposition", "Negotiation/Review"):
        assert network_at(world, network, stage) is None
