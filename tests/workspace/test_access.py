"""Who may see and change what, by the fixed cast."""

import pytest
from sqlmodel import Session, select

from tests.world import World
from workspace import access, deals, teams
from workspace.access import PLAIN_VIEW, Viewer
from workspace.deals import Deal
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.people import Member, Role

# Everybody, with the plain view of the command line.
EVERYBODY = ("alice", "bob", "charlie", "dana", "erin", "frank", "grace", "nobody")
# Those without a part in Alice's confidential deal: leading or administering is none.
OUTSIDERS = ("charlie", "dana", "erin", "frank", "grace", "nobody")


def viewer(world: World, name: str) -> Viewer:
    return PLAIN_VIEW if name == "nobody" else world.viewer(name)


def visible(session: Session, viewer: Viewer) -> set[str]:
    return set(session.exec(select(Deal.key).where(access.visible_deals(viewer))))


@pytest.mark.parametrize("name", EVERYBODY)
def test_everybody_sees_the_deals_that_are_not_confidential(world: World, name: str) -> None:
    with world.database.read() as session:
        seen = visible(session, viewer(world, name))
    assert set(world.deals.values()) - {world.confidential_deal} <= seen


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_confidential_deal_is_seen_by_its_owner_and_team(world: World, name: str) -> None:
    with world.database.read() as session:
        assert world.confidential_deal in visible(session, world.viewer(name))
        found = access.readable_deal(session, world.viewer(name), world.confidential_deal)
        assert found.name == "Project Nightingale"
        assert access.hidden_deal_ids(session, world.viewer(name)) == []


@pytest.mark.parametrize("name", OUTSIDERS)
def test_a_confidential_deal_does_not_exist_for_others(world: World, name: str) -> None:
    who = viewer(world, name)
    with world.database.read() as session:
        hidden = world.deal(session, "nightingale").id
        assert world.confidential_deal not in visible(session, who)
        assert access.hidden_deal_ids(session, who) == [hidden]
        with pytest.raises(NotFound) as secret:
            access.readable_deal(session, who, world.confidential_deal)
        with pytest.raises(NotFound) as missing:
            access.readable_deal(session, who, "D-9999")
        assert str(secret.value) == str(missing.value)
        with pytest.raises(NotFound):
            access.editable_deal(session, who, world.confidential_deal)


@pytest.mark.parametrize("name", ["charlie", "dana", "frank"])
def test_an_invitation_shows_a_confidential_deal_until_it_is_taken_back(
    world: World, name: str
) -> None:
    who = world.viewer(name)
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        deals.invite(session, deal, world.people[name], by=world.people["alice"])
    with world.database.read() as session:
        assert world.confidential_deal in visible(session, who)
        assert access.hidden_deal_ids(session, who) == []
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        deals.uninvite(session, deal, world.people[name], by=world.people["alice"])
    with world.database.read() as session:
        assert world.confidential_deal not in visible(session, who)


def test_a_confidential_deal_without_an_owner_is_hidden_from_all(world: World) -> None:
    with world.database.write() as session:
        secret = deals.log(session, "Found in a file", None, None, confidential=True)
    with world.database.read() as session:
        for name in EVERYBODY:
            who = viewer(world, name)
            assert secret.key not in visible(session, who)
            assert secret.id in access.hidden_deal_ids(session, who)


def test_who_left_the_team_no_longer_sees_a_confidential_deal(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        seat = session.exec(select(teams.Seat).where(teams.Seat.deal_id == deal.id)).one()
        teams.free_seat(session, seat, by=world.people["alice"])
    with world.database.read() as session, pytest.raises(NotFound):
        access.readable_deal(session, world.viewer("bob"), world.confidential_deal)


def test_somebody_must_still_see_a_confidential_deal(world: World) -> None:
    alice, dana = world.people["alice"], world.people["dana"]
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        seat = session.exec(select(teams.Seat).where(teams.Seat.deal_id == deal.id)).one()
        # Bob is on the team.
        deals.edit(session, deal, alice, {"owner_id": None})
        with pytest.raises(Conflict, match="Somebody must still see this deal"):
            teams.free_seat(session, seat, by=alice)
        deals.invite(session, deal, dana, by=alice)
        teams.free_seat(session, seat, by=alice)
        with pytest.raises(Conflict, match="Somebody must still see this deal"):
            deals.uninvite(session, deal, dana, by=alice)
        deals.edit(session, deal, dana, {"owner_id": alice})
        deals.uninvite(session, deal, dana, by=alice)
        with pytest.raises(Invalid, match="Somebody must still see this deal") as refused:
            deals.edit(session, deal, alice, {"owner_id": None})
        assert set(refused.value.fields) == {"owner"}
        session.get_one(Member, dana).active = False
        with pytest.raises(Invalid):
            deals.edit(session, deal, alice, {"owner_id": dana})
        assert deal.owner_id == alice
        deals.edit(session, deal, alice, {"owner_id": None, "confidential": False})


def test_who_hides_a_deal_need_not_see_it_if_somebody_does(world: World) -> None:
    dana = world.people["dana"]
    with world.database.write() as session:
        deals.edit(session, world.deal(session, "brannoc"), dana, {"confidential": True})
        with pytest.raises(Invalid, match="Somebody must still see this deal") as refused:
            deals.edit(session, world.deal(session, "unclaimed"), dana, {"confidential": True})
        assert set(refused.value.fields) == {"confidential"}
    with world.database.read() as session:
        assert world.deal(session, "brannoc").confidential
        assert not world.deal(session, "unclaimed").confidential


@pytest.mark.parametrize("name", ["alice", "bob", "dana", "grace"])
def test_owner_team_managers_and_administrators_edit_a_deal(world: World, name: str) -> None:
    with world.database.write() as session:
        found = access.editable_deal(session, world.viewer(name), world.deals["brannoc"])
        assert found.key == world.deals["brannoc"]


@pytest.mark.parametrize("name", ["charlie", "erin", "frank", "nobody"])
def test_others_may_read_a_deal_but_not_edit_it(world: World, name: str) -> None:
    who = viewer(world, name)
    with world.database.write() as session:
        access.readable_deal(session, who, world.deals["brannoc"])
        with pytest.raises(Forbidden):
            access.editable_deal(session, who, world.deals["brannoc"])


def test_an_invitation_is_to_see_not_to_edit(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        deals.invite(session, deal, world.people["charlie"], by=world.people["alice"])
        with pytest.raises(Forbidden):
            access.editable_deal(session, world.viewer("charlie"), deal.key)


def test_a_member_without_a_role_changes_nothing_even_on_the_team(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "brannoc")
        teams.add_seat(session, deal, "auditor", world.people["frank"], by=None)
        with pytest.raises(Forbidden):
            access.editable_deal(session, world.viewer("frank"), deal.key)
    with pytest.raises(Forbidden):
        access.require_writer(world.viewer("frank"))
    with pytest.raises(Forbidden):
        access.require_writer(PLAIN_VIEW)
    access.require_writer(world.viewer("erin"))


def test_a_role_is_required_by_name(world: World) -> None:
    access.require_role(world.viewer("grace"), Role.ADMIN)
    access.require_role(world.viewer("dana"), Role.ADMIN, Role.MANAGER)
    with pytest.raises(Forbidden, match="admin or manager"):
        access.require_role(world.viewer("alice"), Role.MANAGER, Role.ADMIN)
    with pytest.raises(Forbidden):
        access.require_role(PLAIN_VIEW, Role.ADMIN)
