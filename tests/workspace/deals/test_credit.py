"""Credit: who was on the deals that closed, and what becomes of it afterwards."""

import random

import sqlalchemy as sa
from sqlmodel import Session, select

from tests.world import World, ago, stage
from workspace.clock import today
from workspace.deals import bulk, credit, lifecycle, team
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, PastSeat, Seat


def on(world: World, deal: str, who: str = "bob", viewer: str = "alice") -> list[tuple[str, bool]]:
    """As what somebody is credited with a deal, and whether they left before it closed."""
    with world.database.read() as session:
        found = credit.credits_of(session, world.viewer(viewer), world.people[who])
        roles = next((each.roles for each in found if each.key == world.deals[deal]), [])
    return [(role.role, role.until is not None) for role in roles]


def seat_of(session: Session, world: World, deal: str, who: str = "bob") -> Seat:
    asked = select(Seat).where(Seat.deal_id == world.deal(session, deal).id)
    return session.exec(asked.where(Seat.person_id == world.people[who])).one()


def close(session: Session, world: World, deal: str, to: str = "Closed Won") -> Deal:
    row = world.deal(session, deal)
    lifecycle.advance(session, row, stage(session, to), world.people["alice"], reason="Speed")
    return row


def test_should_credit_the_team_when_a_deal_closes(world: World) -> None:
    assert on(world, "wards") == []
    with world.database.write() as session:
        close(session, world, "wards")
    assert on(world, "wards") == [("product expert", False)]
    assert on(world, "wards", "alice") == [("owner", False)]
    with world.database.write() as session:
        close(session, world, "meridian", "Closed Lost")
    assert on(world, "meridian") == [("product expert", False)]


def test_should_credit_when_many_deals_change_at_once(world: World) -> None:
    with world.database.write() as session:
        row = world.deal(session, "wards")
        alice, won = world.viewer("alice"), stage(session, "Closed Won")
        chosen = [(row.key, row.version)]
        bulk.change_all(session, alice, chosen, stage=won, changes={"reason": "Speed"})
    assert on(world, "wards") == [("product expert", False)]


def test_should_credit_nobody_for_a_deal_that_is_open_again(world: World) -> None:
    with world.database.write() as session:
        row = close(session, world, "wards")
        lifecycle.advance(session, row, stage(session, "Qualification"), None)
    assert on(world, "wards") == []


def test_should_credit_a_member_who_left_a_seat_once_the_deal_closes(world: World) -> None:
    with world.database.write() as session:
        team.free_seat(session, seat_of(session, world, "wards"), world.people["bob"], "On leave")
        session.exec(select(PastSeat)).one().until = ago(5)
    assert on(world, "wards") == []
    with world.database.write() as session:
        row = close(session, world, "wards")
        left = credit.former_team(session, row)
        assert [(each.name, each.role) for each in left] == [("Bob Brandt", "product expert")]
    assert on(world, "wards") == [("product expert", True)]


def test_should_keep_credit_when_seats_of_a_closed_deal_are_freed(world: World) -> None:
    dana = world.people["dana"]
    with world.database.write() as session:
        seat = seat_of(session, world, "brannoc")
        team.free_seat(session, seat, dana)
        team.fill_seat(session, seat, dana, dana)
    assert on(world, "brannoc") == [("product expert", False)]
    # Teams are put on past deals later.
    assert on(world, "brannoc", "dana") == [("product expert", False)]


def test_should_not_credit_a_seat_that_was_filled_by_mistake(world: World) -> None:
    with world.database.write() as session:
        seat = seat_of(session, world, "brannoc")
        team.free_seat(session, seat, None, "He was never there", mistaken=True)
    assert on(world, "brannoc") == []
    with world.database.read() as session:
        assert session.exec(select(PastSeat)).all() == []


def test_should_name_a_member_once_who_came_back(world: World) -> None:
    with world.database.write() as session:
        seat = seat_of(session, world, "brannoc")
        team.free_seat(session, seat, None)
        session.exec(select(PastSeat)).one().until = ago(300)
        team.fill_seat(session, seat, world.people["bob"], None)
        session.flush()
        assert credit.former_team(session, world.deal(session, "brannoc")) == []
    assert on(world, "brannoc") == [("product expert", False)]


def test_should_show_credit_only_to_viewers_who_may_see_the_deal(world: World) -> None:
    assert on(world, "nightingale") == [("product expert", False)]
    for who in ("charlie", "dana", "grace"):
        assert on(world, "nightingale", viewer=who) == []
    with world.database.write() as session:
        team.free_seat(session, seat_of(session, world, "nightingale"), world.people["alice"])
    # Their own credit, too, goes with the sight of the deal.
    assert on(world, "nightingale", viewer="bob") == []
    assert on(world, "nightingale", viewer="alice") == [("product expert", False)]


def test_should_count_what_the_history_of_visible_deals_has(world: World) -> None:
    """Whoever is on which deals, now or before, and whichever of these are hidden."""
    choose = random.Random(5)
    names = [name for name in world.deals if name != "confidential"]
    with world.database.write() as session:
        for name in names:
            deal = world.deal(session, name)
            deal.confidential = choose.random() < 0.4
            if choose.random() < 0.5:
                deal.owner_id = world.people[choose.choice(("alice", "dana"))]
        for _ in range(60):
            facts = {
                "deal_id": world.deal(session, choose.choice(names)).id,
                "person_id": world.people[choose.choice(("bob", "erin", "grace"))],
                "role": choose.choice(("trainer", "product expert")),
            }
            left = choose.random() < 0.5
            session.add(PastSeat(**facts, until=today()) if left else Seat(**facts))
    for who in ("alice", "bob", "dana"):
        with world.database.read() as session:
            viewer = world.viewer(who)
            part = credit.seat_history(visible_deals(viewer))
            rows = session.execute(
                sa.select(part.c.person_id, part.c.role, part.c.deal_id).distinct()
            )
            expected: dict[int, dict[str, int]] = {}
            for person_id, role, _ in rows:
                of_member = expected.setdefault(person_id, {})
                of_member[role] = of_member.get(role, 0) + 1
            counts = credit.seat_counts(session, viewer)
            assert {each: roles for each, roles in counts.items() if roles} == expected
            bob = world.people["bob"]
            assert credit.seat_counts(session, viewer, bob).get(bob, {}) == expected.get(bob, {})
