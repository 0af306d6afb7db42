"""What counts the writes that a replica has to have, without a replica."""

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from tests.backends import POSTGRESQL
from tests.world import World
from workspace import replica
from workspace.database import RIGHTS, Database
from workspace.deals import access, discretion, lifecycle
from workspace.deals.tables import DealInvitation
from workspace.errors import DealkinError
from workspace.people.profile_privacy import ProfileField, is_hidden
from workspace.people.tables import MemberRole, Person
from workspace.people.viewer import Viewer
from workspace.replica import Marks, Replica, marks_of, writing_for

BACKENDS = (POSTGRESQL,)

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def marks(database: Database, person_id: int) -> Marks:
    with database.read() as session:
        return marks_of(session, person_id)


def test_should_refuse_a_replica_of_sqlite(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DealkinError, match="DATABASE_REPLICA_URL needs PostgreSQL"):
        Replica(database, "sqlite:///other.sqlite3")
    with (
        closing(Database(f"sqlite:///{tmp_path / 'record.sqlite3'}")) as on_sqlite,
        pytest.raises(DealkinError, match="DATABASE_REPLICA_URL needs PostgreSQL"),
    ):
        Replica(on_sqlite, NOWHERE)


def test_should_count_what_is_committed(database: Database, world: World) -> None:
    alice, bob = world.people["alice"], world.people["bob"]
    with closing(Replica(database, NOWHERE)) as nowhere:
        nowhere.attach()
        before = marks(database, alice)

        def step(own: int, rights: int) -> None:
            nonlocal before
            after = marks(database, alice)
            assert (after.own - before.own, after.rights - before.rights) == (own, rights)
            before = after

        with writing_for(alice), database.write() as session:
            lifecycle.edit(session, world.deal(session, "wards"), alice, {"next_step": "Demo"})
        step(1, 0)
        with writing_for(alice), database.write() as session:
            world.deal(session, "wards")
        step(0, 0)
        with writing_for(bob), database.write() as session:
            lifecycle.edit(session, world.deal(session, "wards"), bob, {"next_step": "Call"})
        step(0, 0)
        with writing_for(alice), database.write() as session:
            lifecycle.edit(session, world.deal(session, "wards"), alice, {"next_step": "No"})
            session.flush()
            session.rollback()
        step(0, 0)
        with writing_for(alice), database.write() as session, session.begin_nested():
            session.add(MemberRole(person_id=bob, role="rep"))
        step(1, 1)
        # Statements count as rows of objects do.
        with database.write() as session:
            session.execute(sa.update(Person).where(sa.column("id") == bob).values(listed=True))
        step(0, 1)
        with database.write() as session:
            session.execute(sa.delete(DealInvitation))
        step(0, 1)
        with database.write() as session:
            session.execute(sa.update(Person).where(sa.column("id") == bob).values(city="Brno"))
        step(0, 0)


def test_should_not_count_without_a_replica(database: Database, world: World) -> None:
    alice = world.people["alice"]
    before = marks(database, alice)
    with writing_for(alice), database.write() as session:
        lifecycle.edit(session, world.deal(session, "wards"), alice, {"confidential": True})
    assert marks(database, alice) == before


def test_should_name_what_the_rules_ask() -> None:
    viewer = Viewer(1, "Alice")
    rules = (
        access.visible_deals(viewer),
        discretion._known_accounts(viewer),
        discretion._known_people(viewer),
        is_hidden(1, ProfileField.ABOUT),
    )
    columns = {
        part
        for rule in rules
        for part in visitors.iterate(rule)
        if isinstance(part, sa.Column) and part.name != "id"
    }
    assert {str(column) for column in columns} >= {"deal.confidential", "seat.person_id"}
    unnamed = {
        str(column)
        for column in columns
        if not column.info.get(RIGHTS) and not column.table.info.get(RIGHTS)
    }
    assert unnamed == set()


def test_should_know_the_statements_that_take_rights_away() -> None:
    taken = {
        "UPDATE deal SET name=%(name)s, owner_id=%(owner_id)s WHERE deal.id = 1": True,
        "UPDATE deal SET name=%(name)s WHERE deal.owner_id = %(owner_id_1)s": False,
        "INSERT INTO deal (owner_id) VALUES (%(owner_id)s)": False,
        "DELETE FROM deal WHERE deal.id = 1": True,
        "DELETE FROM draft WHERE draft.person_id = 1": False,
        "INSERT INTO hiddenfield (person_id, field) VALUES (1, 'about')": True,
        "UPDATE tie SET visibility=%(visibility)s WHERE tie.id = 1": True,
        "UPDATE ownfield SET readers=%(readers)s WHERE ownfield.id = 1": True,
        "UPDATE savedview SET shared=%(shared)s WHERE savedview.id = 1": True,
        "SELECT deal.owner_id FROM deal": False,
    }
    for statement, expected in taken.items():
        found = replica._WRITES.match(statement)
        assert bool(found and replica._decides(found, statement)) is expected, statement
