"""Which seat roles a member may take, by title, skills, past seats, and managers' decisions."""

import pytest
from sqlmodel import select

from tests.world import World
from workspace.audit import AuditEntry
from workspace.deals import seat_roles, team
from workspace.deals.eligibility import (
    EligibilityDecision,
    eligibility_of,
    eligible_members,
    set_eligibility,
)
from workspace.errors import NotFound
from workspace.people import members
from workspace.people.tables import Member, Person, Role


def roles(world: World, key: str) -> dict[str, str]:
    """The roles that a member may take, with the reasons."""
    with world.database.read() as session:
        return {role.name: role.because for role in eligibility_of(session, key).allowed}


def add(world: World, title: str, skills: str = "", *held: Role) -> str:
    with world.database.write() as session:
        return members.add_member(session, "Ona Nova", None, held, title=title, skills=skills).key


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Senior account executive, Poland", "account executive"),
        ("Pre-Sales Specialist", "sales engineer"),
        ("Principal consultant, demand planning", "consultant"),
        ("Internal Audit Manager", "auditor"),
        ("Audytorka", "auditor"),
        ("Sales enablement manager", "trainer"),
        ("VP sales, North America", "executive sponsor"),
        ("Chief Financial Officer", "executive sponsor"),
        ("Geschäftsführer", "executive sponsor"),
        ("Product specialist", "product expert"),
    ],
)
def test_should_derive_a_role_from_a_title(world: World, title: str, expected: str) -> None:
    assert roles(world, add(world, title)) == {expected: title}


@pytest.mark.parametrize(
    "title",
    [
        "Revenue operations and systems",
        "Sales content lead",
        "Content writer",
        "Customer marketing manager",
        "Executive assistant to the VP",
        "Trainee",
        "",
    ],
)
@pytest.mark.parametrize("held", [Role.ADMIN, Role.MARKETER])
def test_should_derive_no_role_from_work_that_is_none(world: World, title: str, held: Role) -> None:
    assert roles(world, add(world, title, "case studies; decks; sales data", held)) == {}


def test_should_derive_a_role_from_skills_and_from_the_role_in_the_workspace(world: World) -> None:
    key = add(world, "Colleague", "deal reviews; executive sponsorship", Role.REP, Role.EXPERT)
    assert roles(world, key) == {
        "account executive": "is a rep",
        "product expert": "is a product expert",
        "executive sponsor": "skill: executive sponsorship",
    }


def test_should_derive_a_role_from_seats_present_and_past(world: World) -> None:
    assert "trainer" not in roles(world, "erin-eriksen")
    with world.database.write() as session:
        deal = world.deal(session, "brannoc")
        seat = team.add_seat(session, deal, "trainer", world.people["erin"], None)
        session.flush()
        assert "trainer on 1 deal" in {
            role.because for role in eligibility_of(session, "erin-eriksen").allowed
        }
        team.free_seat(session, seat, None)
    assert roles(world, "erin-eriksen") == {"trainer": "trainer on 1 deal"}


def test_should_derive_nothing_from_a_deal_that_not_everybody_sees(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        team.add_seat(session, deal, "auditor", world.people["erin"], None)
    assert roles(world, "erin-eriksen") == {}


def test_should_follow_a_role_of_the_companys_own(world: World) -> None:
    with world.database.write() as session:
        seat_roles.add_seat_role(session, "Rollout lead", None)
    assert roles(world, add(world, "Rollout lead, North")) == {
        "Rollout lead": "Rollout lead, North"
    }


def test_should_put_a_managers_decision_first_and_keep_the_rest(world: World) -> None:
    dana = world.people["dana"]
    key = add(world, "Internal auditor", "training")
    with world.database.write() as session:
        person = eligibility_of(session, key).person_id
        set_eligibility(session, person, ["auditor", "consultant"], dana)
        # Only what differs from the record is stored.
        stored = session.exec(select(EligibilityDecision)).all()
        assert {row.allowed for row in stored} == {True, False}
        assert len(stored) == 2
    assert roles(world, key) == {
        "auditor": "Internal auditor",
        "consultant": "a manager decided so",
    }
    with world.database.write() as session:
        # A new title takes away what followed from the old one, and not what was decided.
        session.get_one(Person, person).title = "VP sales"
    assert set(roles(world, key)) == {"consultant", "executive sponsor"}
    with world.database.write() as session:
        set_eligibility(session, person, ["trainer", "executive-sponsor"], dana)
        assert session.exec(select(EligibilityDecision)).all() == []
        acts = session.exec(
            select(AuditEntry.by_id).where(AuditEntry.action == "seat roles of a member set")
        ).all()
        assert acts == [dana, dana]


def test_should_forget_decisions_with_their_role(world: World) -> None:
    with world.database.write() as session:
        set_eligibility(session, world.people["erin"], ["auditor"], None)
        seat_roles.remove_seat_role(session, world.viewer("dana"), "auditor")
        session.flush()
        assert session.exec(select(EligibilityDecision)).all() == []
    assert roles(world, "erin-eriksen") == {}


def test_should_leave_out_those_who_left(world: World) -> None:
    with world.database.write() as session:
        assert world.people["bob"] in eligible_members(session)["product expert"]
        session.get_one(Member, world.people["bob"]).active = False
        session.flush()
        assert world.people["bob"] not in eligible_members(session)["product expert"]
        with pytest.raises(NotFound):
            eligibility_of(session, "bob-brandt")
