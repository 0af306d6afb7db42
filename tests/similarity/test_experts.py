"""Experts: colleagues by evidence that is true."""

import json
import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from similarity.experts import (
    EVIDENCE_HALF_LIFE,
    Expert,
    decay,
    experts_of_deal,
    experts_of_text,
    proven,
    vote,
)
from similarity.index.catalog import Catalog
from tests.backends import EVERY
from tests.world import World, ago, stage
from workspace.assets import assets
from workspace.assets.assets import Asset, Use
from workspace.clock import today
from workspace.database import Database
from workspace.deals import availability, lifecycle, seat_roles, team
from workspace.deals.availability import USUAL_LIMIT
from workspace.deals.tables import Deal, Seat
from workspace.people import people
from workspace.people.tables import Member, Person
from workspace.people.viewer import PLAIN_VIEW

BACKENDS = EVERY


def experts(
    world: World, catalog: Catalog, name: str = "kestrel", who: str = "charlie"
) -> dict[str, Expert]:
    """The experts for a deal by the short names of the cast, best first."""
    names = {person: short for short, person in world.people.items()}
    with world.database.read() as session:
        deal = world.deal(session, name)
        found = experts_of_deal(session, world.viewer(who), catalog, deal, limit=50)
    return {names[expert.person_id]: expert for expert in found}


def value(expert: Expert, name: str) -> float:
    return next(term.value for term in expert.terms if term.name == name)


def because(expert: Expert, name: str) -> str:
    return next(term.because for term in expert.terms if term.name == name)


def test_should_put_those_who_won_the_nearest_deals_first(world: World, catalog: Catalog) -> None:
    found = experts(world, catalog)
    assert next(iter(found)) == "bob"
    bob = found["bob"]
    assert (bob.name, bob.title, bob.band) == ("Bob Brandt", "Solution architect", "strong")
    assert "Product expert on St Brannoc patient records (won)" in [
        evidence.text for evidence in bob.evidence
    ]
    assert value(bob, "skills") > 0
    assert "hospitals" in because(bob, "skills")


def test_should_give_reasons_that_add_up_to_the_score(world: World, catalog: Catalog) -> None:
    found = list(experts(world, catalog, who="alice").values())
    assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)
    for expert in found:
        assert expert.score == math.fsum(term.contribution for term in expert.terms)
        assert {term.name for term in expert.terms} == {"deals", "assets", "skills", "time"}
        assert all(0 <= term.value <= 1 and term.because for term in expert.terms)
    json.dumps([asdict(each) for each in found], default=str)


@pytest.mark.parametrize("who", ["charlie", "alice"])
def test_should_show_only_evidence_that_is_true(world: World, catalog: Catalog, who: str) -> None:
    with world.database.read() as session:
        for expert in experts(world, catalog, who=who).values():
            assert expert.evidence or value(expert, "skills") >= 0.5
            for evidence in expert.evidence:
                if evidence.deal_key:
                    deal = session.exec(select(Deal).where(Deal.key == evidence.deal_key)).one()
                    roles = session.exec(
                        select(Seat.role).where(
                            Seat.deal_id == deal.id, Seat.person_id == expert.person_id
                        )
                    ).all()
                    assert evidence.text in {
                        f"{role.capitalize()} on {deal.name} ({deal.outcome})" for role in roles
                    }
                    assert evidence.when == deal.closed
                else:
                    asset = session.exec(select(Asset).where(Asset.key == evidence.asset_key)).one()
                    assert asset.author_id == expert.person_id
                    assert asset.name in evidence.text
                    on = session.exec(
                        select(Deal.outcome)
                        .join(Use, col(Use.deal_id) == col(Deal.id))
                        .where(Use.asset_id == asset.id)
                    ).all()
                    assert "won" in on


def test_should_show_evidence_of_a_confidential_deal_only_to_those_who_see_it(
    world: World, catalog: Catalog
) -> None:
    def keys(who: str) -> set[str | None]:
        return {each.deal_key for each in experts(world, catalog, who=who)["bob"].evidence}

    assert world.confidential_deal in keys("alice")
    assert world.confidential_deal not in keys("charlie")


def test_should_not_propose_a_member_who_left(world: World, catalog: Catalog) -> None:
    assert "bob" in experts(world, catalog)
    with world.database.write() as session:
        member = session.get_one(Member, world.people["bob"])
        member.active = False
        session.add(member)
    assert "bob" not in experts(world, catalog)


def test_should_not_propose_contacts(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        person = session.get_one(Person, world.people["jonas"])
        people.edit_person(session, person, None, {"skills": "patient records; data warehouse"})
    assert "jonas" not in experts(world, catalog)


def test_should_mark_members_of_the_team(world: World, catalog: Catalog) -> None:
    assert experts(world, catalog, "wards")["bob"].on_team
    assert not experts(world, catalog, "kestrel")["bob"].on_team
    with world.database.read() as session:
        found = experts_of_text(session, PLAIN_VIEW, catalog, "patient records")
    assert not any(expert.on_team for expert in found)


def test_should_lower_the_term_of_time_by_the_load(world: World, catalog: Catalog) -> None:
    before = experts(world, catalog)["bob"]
    # Alice's two open deals.
    assert before.load.seats == 2
    assert because(before, "time") == "On 2 of 6 deals"
    assert value(before, "time") == pytest.approx(1 - 2 / USUAL_LIMIT)
    with world.database.write() as session:
        for number in range(USUAL_LIMIT):
            deal = lifecycle.log(session, f"Tram {number}", None, world.people["dana"])
            team.add_seat(session, deal, "trainer", world.people["bob"], None)
    after = experts(world, catalog)["bob"]
    assert after.load.seats == USUAL_LIMIT + 2
    assert after.is_full
    assert value(after, "time") == 0
    assert after.score < before.score
    # Being busy makes nobody less of an expert.
    assert after.band == before.band


def test_should_put_members_without_time_last(world: World, catalog: Catalog) -> None:
    found = experts(world, catalog, "kestrel")
    assert next(iter(found)) == "bob"
    assert len(found) > 1
    with world.database.write() as session:
        availability.set_availability(
            session, world.people["bob"], None, seat_limit=2, away_from=None, away_until=None
        )
    after = experts(world, catalog, "kestrel")
    assert list(after)[-1] == "bob"
    assert after["bob"].is_full
    assert after["bob"].band == found["bob"].band


def test_should_not_offer_the_owner_on_their_own_deal(world: World, catalog: Catalog) -> None:
    assert "charlie" not in experts(world, catalog, "kestrel")
    with world.database.write() as session:
        deal = world.deal(session, "kestrel")
        deal.owner_id = world.people["dana"]
        won = world.deal(session, "brannoc")
        team.add_seat(session, won, "consultant", world.people["charlie"], None)
    assert "charlie" in experts(world, catalog, "kestrel")


def test_should_let_only_deals_that_are_alike_speak(world: World, catalog: Catalog) -> None:
    for name in ("kestrel", "wards", "tidewater"):
        for expert in experts(world, catalog, name).values():
            assert (value(expert, "deals") > 0) == (
                because(expert, "deals") != "No similar deals yet"
            )


def test_should_not_count_seats_on_hidden_deals_as_load(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        alice = world.people["alice"]
        secret = lifecycle.log(session, "Secret", None, alice, confidential=True)
        team.add_seat(session, secret, "trainer", world.people["bob"], alice)
    assert experts(world, catalog, who="charlie")["bob"].load.seats == 2
    assert experts(world, catalog, who="alice")["bob"].load.seats == 3


def test_should_value_a_won_deal_more_than_a_lost_one(world: World, catalog: Catalog) -> None:
    def deals_value() -> float:
        return value(experts(world, catalog)["bob"], "deals")

    before = deals_value()
    with world.database.write() as session:
        lifecycle.advance(
            session, world.deal(session, "brannoc"), stage(session, "Closed Lost"), None
        )
    assert deals_value() < before


def test_should_propose_authors_of_assets_that_won(world: World, catalog: Catalog) -> None:
    found = experts(world, catalog)
    assert because(found["bob"], "assets").startswith("Wrote ")
    with world.database.write() as session:
        for name in ("demo", "battlecard"):
            asset = world.asset(session, name)
            assets.edit_asset(session, asset, None, {"author_id": world.people["erin"]})
    after = experts(world, catalog)
    assert value(after["erin"], "assets") > 0
    assert because(after["bob"], "assets") == "Wrote none of the content that won"


def test_should_propose_a_member_by_declared_skills_alone_where_they_fit(
    world: World, catalog: Catalog
) -> None:
    def asked(name: str) -> list[float]:
        text = "zebra crossings and stripes"
        with world.database.read() as session:
            found = experts_of_text(session, PLAIN_VIEW, catalog, text)
        return [value(each, "skills") for each in found if each.person_id == world.people[name]]

    # Some of what she wrote was used, but she declares nothing.
    assert set(asked("erin")) <= {0.0}
    assert asked("frank") == []
    with world.database.write() as session:
        for name in ("erin", "frank"):
            person = session.get_one(Person, world.people[name])
            people.edit_person(session, person, None, {"skills": "zebra crossings; stripes"})
    # Who also does something else fits less well.
    assert asked("frank") == [1.0] or asked("erin") == [1.0]
    assert asked("frank")


def test_should_propose_nobody_from_an_empty_record(database: Database, catalog: Catalog) -> None:
    with database.read() as session:
        assert experts_of_text(session, PLAIN_VIEW, catalog, "anything") == []


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 50), st.integers(0, 50))
def test_should_raise_a_vote_with_relevance_and_share_it(
    one: float, other: float, few: int, many: int
) -> None:
    if one <= other:
        assert vote(one, few) <= vote(other, few)
    if few <= many:
        assert vote(one, few) >= vote(one, many)
    assert vote(one, few) >= 0
    # Two faint matches do not outvote one that is twice as good.
    assert 2.3 * vote(0.4, 1) <= vote(0.8, 1)


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_should_value_more_evidence_more_but_never_as_certain(one: float, other: float) -> None:
    assert 0 <= proven(one) < 1
    assert (proven(one) <= proven(other)) == (one <= other) or math.isclose(one, other)


@given(st.integers(-400, 8_000), st.integers(-400, 8_000))
def test_should_let_evidence_fade(one: int, other: int) -> None:
    a, b = decay(ago(one), today()), decay(ago(other), today())
    assert 0 < a <= 1
    assert a >= b if one <= other else a <= b
    assert decay(ago(one + EVIDENCE_HALF_LIFE), today()) <= a
    assert decay(None, today()) == decay(ago(EVIDENCE_HALF_LIFE), today()) == 0.5


def test_should_value_old_evidence_less(world: World, catalog: Catalog) -> None:
    before = value(experts(world, catalog)["bob"], "deals")
    with world.database.write() as session:
        for name in ("brannoc", "havel"):
            deal = world.deal(session, name)
            lifecycle.edit(session, deal, None, {"opened": ago(4_000), "closed": ago(3_900)})
    assert value(experts(world, catalog)["bob"], "deals") < before


def test_should_propose_a_member_who_left_a_seat_of_a_won_deal_just_as_well(
    world: World, catalog: Catalog
) -> None:
    before = experts(world, catalog)["bob"]
    with world.database.write() as session:
        deal = world.deal(session, "brannoc")
        team.free_seat(session, session.exec(select(Seat).where(Seat.deal_id == deal.id)).one(), 1)
    after = experts(world, catalog)["bob"]
    assert value(after, "deals") == value(before, "deals")
    assert after.evidence == before.evidence
    with world.database.write() as session:
        # Of an open deal, the one who has the seat now is the one who knows.
        deal = world.deal(session, "wards")
        team.free_seat(session, session.exec(select(Seat).where(Seat.deal_id == deal.id)).one(), 1)
    assert world.deals["wards"] not in {
        each.deal_key for each in experts(world, catalog)["bob"].evidence
    }


def test_should_value_a_renamed_role_the_same(world: World, catalog: Catalog) -> None:
    before = value(experts(world, catalog)["bob"], "deals")
    with world.database.write() as session:
        seat_roles.rename_seat_role(session, "product-expert", "Specialist", None)
    bob = experts(world, catalog)["bob"]
    assert value(bob, "deals") == before
    assert "Specialist on St Brannoc patient records (won)" in [each.text for each in bob.evidence]
