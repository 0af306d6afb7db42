"""Who may see and change what, by the fixed cast."""

import pytest
from sqlmodel import Session, select

from tests.world import World
from workspace.deals import access, lifecycle, team
from workspace.deals.tables import Deal, Seat
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.people.tables import Member, Role
from workspace.people.viewer import PLAIN_VIEW, Viewer, require_role, require_writer

# Everybody, with the plain view of the command line.
EVERYBODY = ("alice", "bob", "charlie", "dana", "erin", "frank", "grace", "nobody")
# Those without a part in Alice's confidential deal: leading or administering is none.
OUTSIDERS = ("charlie", "dana", "erin", "frank", "grace", "nobody")


def viewer(world: World, name: str) -> Viewer:
    return PLAIN_VIEW if name == "nobody" else world.viewer(name)


def visible(session: Session, viewer: Viewer) -> set[str]:
    return set(session.exec(select(Deal.key).where(access.visible_deals(viewer))))


@pytest.mark.parametrize("name", EVERYBODY)
def test_should_show_everybody_the_deals_that_are_not_confidential(world: World, name: str) -> None:
    with world.database.read() as session:
        seen = visible(session, viewer(world, name))
    assert set(world.deals.values()) - {world.confidential_deal} <= seen


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_should_show_a_confidential_deal_to_its_owner_and_team(world: World, name: str) -> None:
    with world.database.read() as session:
        assert world.confidential_deal in visible(session, world.viewer(name))
        found = access.readable_deal(session, world.viewer(name), world.confidential_deal)
        assert found.name == "Project Nightingale"
        assert access.hidden_deal_ids(session, world.viewer(name)) == []


@pytest.mark.parametrize("name", OUTSIDERS)
def test_should_hide_a_confidential_deal_from_others(world: World, name: str) -> None:
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
def test_should_show_a_confidential_deal_to_an_invited_member_until_the_invitation_ends(
    world: World, name: str
) -> None:
    who = world.viewer(name)
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        lifecycle.invite(session, deal, world.people[name], by=world.people["alice"])
    with world.database.read() as session:
        assert world.confidential_deal in visible(session, who)
        assert access.hidden_deal_ids(session, who) == []
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        lifecycle.uninvite(session, deal, world.people[name], by=world.people["alice"])
    with world.database.read() as session:
        assert world.confidential_deal not in visible(session, who)


def test_should_hide_a_confidential_deal_without_an_owner_from_all(world: World) -> None:
    with world.database.write() as session:
        secret = lifecycle.log(session, "Found in a file", None, None, confidential=True)
    with world.database.read() as session:
        for name in EVERYBODY:
            who = viewer(world, name)
            assert secret.key not in visible(session, who)
            assert secret.id in access.hidden_deal_ids(session, who)


def test_should_hide_a_confidential_deal_from_a_member_who_left_the_team(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        seat = session.exec(select(Seat).where(Seat.deal_id == deal.id)).one()
        team.free_seat(session, seat, by=world.people["alice"])
    with world.database.read() as session, pytest.raises(NotFound):
        access.readable_deal(session, world.viewer("bob"), world.confidential_deal)


def test_should_keep_a_reader_for_a_confidential_deal(world: World) -> None:
    alice, dana = world.people["alice"], world.people["dana"]
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        seat = session.exec(select(Seat).where(Seat.deal_id == deal.id)).one()
        # Bob is on the team.
        lifecycle.edit(session, deal, alice, {"owner_id": None})
        with pytest.raises(Conflict, match="A confidential deal needs at least one reader"):
            team.free_seat(session, seat, by=alice)
        lifecycle.invite(session, deal, dana, by=alice)
        team.free_seat(session, seat, by=alice)
        with pytest.raises(Conflict, match="A confidential deal needs at least one reader"):
            lifecycle.uninvite(session, deal, dana, by=alice)
        lifecycle.edit(session, deal, dana, {"owner_id": alice})
        lifecycle.uninvite(session, deal, dana, by=alice)
        with pytest.raises(
            Invalid, match="A confidential deal needs at least one reader"
        ) as refused:
            lifecycle.edit(session, deal, alice, {"owner_id": None})
        assert set(refused.value.fields) == {"owner"}
        session.get_one(Member, dana).active = False
        with pytest.raises(Invalid):
            lifecycle.edit(session, deal, alice, {"owner_id": dana})
        assert deal.owner_id == alice
        lifecycle.edit(session, deal, alice, {"owner_id": None, "confidential": False})


def test_should_let_a_manager_hide_a_deal_that_others_still_see(world: World) -> None:
    dana = world.people["dana"]
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "brannoc"), dana, {"confidential": True})
        with pytest.raises(
            Invalid, match="A confidential deal needs at least one reader"
        ) as refused:
            lifecycle.edit(session, world.deal(session, "unclaimed"), dana, {"confidential": True})
        assert set(refused.value.fields) == {"confidential"}
    with world.database.read() as session:
        assert world.deal(session, "brannoc").confidential
        assert not world.deal(session, "unclaimed").confidential


@pytest.mark.parametrize("name", ["alice", "bob", "dana", "grace"])
def test_should_let_owner_team_managers_and_administrators_edit_a_deal(
    world: World, name: str
) -> None:
    with world.database.write() as session:
        found = access.editable_deal(session, world.viewer(name), world.deals["brannoc"])
        assert found.key == world.deals["brannoc"]


@pytest.mark.parametrize("name", ["charlie", "erin", "frank", "nobody"])
def test_should_let_others_read_a_deal_but_not_edit_it(world: World, name: str) -> None:
    who = viewer(world, name)
    with world.database.write() as session:
        access.readable_deal(session, who, world.deals["brannoc"])
        with pytest.raises(Forbidden):
            access.editable_deal(session, who, world.deals["brannoc"])


def test_should_let_an_invited_member_see_a_deal_but_not_edit_it(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        lifecycle.invite(session, deal, world.people["charlie"], by=world.people["alice"])
        with pytest.raises(Forbidden):
            access.editable_deal(session, world.viewer("charlie"), deal.key)


def test_should_let_a_member_without_a_role_change_nothing_even_on_the_team(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "brannoc")
        team.add_seat(session, deal, "auditor", world.people["frank"], by=None)
        with pytest.raises(Forbidden):
            access.editable_deal(session, world.viewer("frank"), deal.key)
    with pytest.raises(Forbidden):
        require_writer(world.viewer("frank"))
    with pytest.raises(Forbidden):
        require_writer(PLAIN_VIEW)
    require_writer(world.viewer("erin"))


def test_should_require_a_role_by_name(world: World) -> None:
    require_role(world.viewer("grace"), Role.ADMIN)
    require_role(world.viewer("dana"), Role.ADMIN, Role.MANAGER)
    with pytest.raises(Forbidden, match="admin or manager"):
        require_role(world.viewer("alice"), Role.MANAGER, Role.ADMIN)
    with pytest.raises(Forbidden):
        require_role(PLAIN_VIEW, Role.ADMIN)
