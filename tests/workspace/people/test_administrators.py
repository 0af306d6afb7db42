"""The last administrator: whatever anybody does, one who can sign in is left."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from tests.threads import at_the_same_time
from tests.world import World
from workspace.deals import leaving
from workspace.errors import Conflict, Invalid
from workspace.people import members
from workspace.people.sign_in import passwords
from workspace.people.tables import Member, MemberRole, Role


def administrators(session: Session) -> list[int]:
    """The active administrators who can sign in."""
    query = (
        select(Member.person_id)
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(
            MemberRole.role == Role.ADMIN,
            col(Member.active).is_(True),
            col(Member.password_hash).is_not(None),
        )
    )
    return sorted(session.exec(query))


def promote(world: World, name: str) -> None:
    with world.database.write() as session:
        members.set_roles(session, world.people[name], [Role.ADMIN])


@pytest.mark.parametrize(
    "remove",
    [
        lambda session, who: leaving.deactivate(session, who, by=None),
        lambda session, who: members.set_roles(session, who, [Role.REP]),
        lambda session, who: members.set_roles(session, who, []),
    ],
    ids=["deactivated", "another role", "no role"],
)
def test_should_keep_the_last_administrator(
    world: World, remove: Callable[[Session, int], object]
) -> None:
    with pytest.raises(Conflict), world.database.write() as session:
        remove(session, world.people["grace"])
    promote(world, "dana")
    with world.database.write() as session:
        remove(session, world.people["grace"])
    with world.database.read() as session:
        assert administrators(session) == [world.people["dana"]]


def test_should_not_count_an_administrator_who_cannot_sign_in(world: World) -> None:
    with world.database.write() as session:
        members.add_member(session, "Hana Horák", "hana@dealkin.example", [Role.ADMIN])
    with pytest.raises(Conflict), world.database.write() as session:
        leaving.deactivate(session, world.people["grace"], by=None)


def test_should_keep_one_of_two_who_remove_each_other(world: World) -> None:
    promote(world, "dana")

    def deactivate_dana() -> None:
        with world.database.write() as session:
            leaving.deactivate(session, world.people["dana"], by=world.people["grace"])

    def demote_grace() -> None:
        with world.database.write() as session:
            members.set_roles(session, world.people["grace"], [], by=world.people["dana"])

    refused = at_the_same_time(deactivate_dana, demote_grace)
    assert [type(why) for why in refused] == [Conflict]
    with world.database.read() as session:
        assert len(administrators(session)) == 1


def test_should_refuse_the_view_of_a_deactivated_member(world: World) -> None:
    with world.database.write() as session:
        leaving.deactivate(session, world.people["bob"], by=None)
    with world.database.read() as session:
        with pytest.raises(Invalid, match="deactivated"):
            members.viewer_by_email(session, world.email("bob"))
        email, password = world.email("bob"), world.password("bob")
        assert passwords.check_password(session, email, password) is None
    with world.database.write() as session:
        leaving.reactivate(session, world.people["bob"], by=None)
    with world.database.read() as session:
        assert passwords.check_password(session, email, password) is not None
