"""Adding members, finding them by address, and the audit log of both."""

import pytest
from sqlmodel import select

from tests.world import World
from workspace.audit import AuditEntry
from workspace.database import Database
from workspace.errors import Conflict, Invalid
from workspace.people import members
from workspace.people.sign_in import passwords
from workspace.people.tables import Role


def test_should_refuse_the_address_of_another_person(world: World) -> None:
    with pytest.raises(Conflict), world.database.write() as session:
        members.add_member(session, "Another Alice", "Alice@dealkin.example", [])


def test_should_refuse_what_is_no_address(database: Database) -> None:
    with pytest.raises(Invalid), database.write() as session:
        members.add_member(session, "Hana Horák", "hana", [])


def test_should_refuse_an_unknown_address(world: World) -> None:
    with world.database.read() as session, pytest.raises(Invalid):
        members.viewer_by_email(session, "nobody@dealkin.example")


def test_should_put_new_members_passwords_and_roles_on_the_audit_log(world: World) -> None:
    grace = world.people["grace"]
    with world.database.write() as session:
        person = members.add_member(session, "Hana Horák", "h@x.example", [Role.REP], by=grace)
        passwords.set_password(session, person.id, "a long password", by=grace)
        members.set_roles(session, person.id, [Role.EXPERT], by=grace)
    with world.database.read() as session:
        about = select(AuditEntry).where(AuditEntry.subject == f"person {person.id}")
        found = {each.action: each for each in session.exec(about)}
        assert set(found) == {"member added", "password set", "roles set"}
        assert {each.by_id for each in found.values()} == {grace}
        assert found["roles set"].detail == {"roles": [["rep"], ["expert"]]}
        assert found["password set"].detail == {}
