"""Everything in the record is found by what it is called, and nothing by what it is not."""

import pytest
import sqlalchemy as sa
from alembic import command
from sqlmodel import col, select

from similarity.names import recorder
from similarity.names.lookup import Closeness, NameMatch, find_names
from similarity.names.tables import NameEntry, NameWord, Subject
from tests.world import World
from workspace.accounts.accounts import Account, add_account
from workspace.assets.assets import Asset
from workspace.database import Database
from workspace.deals.tables import Deal
from workspace.people import people
from workspace.people.tables import Person


@pytest.fixture(autouse=True)
def _names_are_kept(world: World) -> None:
    recorder.attach(world.database)


def find(
    world: World, text: str, kind: Subject, *, hidden: tuple[int, ...] = ()
) -> list[NameMatch]:
    with world.database.read() as session:
        return find_names(session, text, kind, limit=8, hidden=hidden)


@pytest.mark.parametrize("kind", list(Subject))
def test_should_put_everything_first_for_its_own_name_and_key(world: World, kind: Subject) -> None:
    table = recorder.TABLES[kind]
    with world.database.read() as session:
        rows = session.execute(select(table.id, table.key, table.name)).all()
    assert rows
    names = [name for _, _, name in rows]
    for row_id, key, name in rows:
        if names.count(name) == 1:
            words = name.split()
            for text in (name, name.upper(), " ".join(reversed(words)), f"  {name} "):
                best = find(world, text, kind)[0]
                assert (best.subject_id, best.closeness.exact) == (row_id, True), text
        assert find(world, key.lower(), kind)[0].subject_id == row_id


def test_should_find_people_by_address_accounts_by_domain(world: World) -> None:
    with world.database.write() as session:
        account = world.account(session, "brannoc")
        account.domain = "brannoc.example"
        session.add(account)
    alice = find(world, world.email("alice").upper(), Subject.PERSON)[0]
    assert (alice.subject_id, alice.closeness) == (world.people["alice"], Closeness.ADDRESS)
    found = find(world, "Brannoc.example", Subject.ACCOUNT)[0]
    assert (found.subject_id, found.closeness) == (account.id, Closeness.ADDRESS)


def test_should_find_a_telephone_number_however_it_is_written(world: World) -> None:
    with world.database.write() as session:
        account = world.account(session, "brannoc")
        account.phone = "+44 1482 555 123; 01482/555-124"
        session.add(account)
    for text in ("01482 555123", "+44 (0)1482 555-124", "0044 1482.555.124"):
        found = find(world, text, Subject.ACCOUNT)
        assert [(each.subject_id, each.closeness) for each in found] == [
            (account.id, Closeness.PHONE)
        ]
    # A part of a number is that of many.
    assert find(world, "555 12", Subject.ACCOUNT) == []


@pytest.mark.parametrize(
    ("text", "closeness"),
    [
        ("Moreira", Closeness.WORDS),
        ("mor in", Closeness.BEGINNINGS),
        ("ines morera", Closeness.MISSPELT),
        ("inse moreira", Closeness.MISSPELT),
        ("Ines Moriera", Closeness.MISSPELT),
    ],
)
def test_should_find_parts_and_misspelt_names(
    world: World, text: str, closeness: Closeness
) -> None:
    best = find(world, text, Subject.PERSON)[0]
    assert (best.subject_id, best.closeness) == (world.people["ines"], closeness)


@pytest.mark.parametrize(
    "text", ["qqqqzzzz", "żółw morski", "ыыыыы", "%", "' or 1=1", "", "?" * 500, "a b c d e f g h"]
)
def test_should_find_nothing_that_is_not_called_so(world: World, text: str) -> None:
    for kind in Subject:
        assert find(world, text, kind) == []


def test_should_say_nothing_of_what_is_hidden(world: World) -> None:
    with world.database.read() as session:
        deal = world.deal(session, "havel")
    for text in (deal.key, deal.name, deal.name[:4]):
        assert deal.id in {match.subject_id for match in find(world, text, Subject.DEAL)}
        hidden = find(world, text, Subject.DEAL, hidden=(deal.id,))
        assert deal.id not in {match.subject_id for match in hidden}


def test_should_follow_what_is_changed_and_deleted(world: World) -> None:
    with world.database.write() as session:
        person = session.get_one(Person, world.people["ines"])
        people.edit_person(session, person, None, {"name": "Inês Carvalho"})
        session.delete(world.asset(session, "withdrawn_paper"))
    assert find(world, "Moreira", Subject.PERSON) == []
    assert find(world, "carvalho ines", Subject.PERSON)[0].subject_id == world.people["ines"]
    with world.database.read() as session:
        for table in (NameEntry, NameWord):
            assets = select(table.subject_id).where(table.kind == Subject.ASSET)
            assert set(session.exec(assets)) <= set(session.exec(select(Asset.id)))


def test_should_undo_names_with_the_transaction(world: World) -> None:
    def add_and_fail() -> None:
        with world.database.write() as session:
            add_account(session, "Vanishing Freight")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    assert find(world, "vanishing", Subject.ACCOUNT) == []


def test_should_add_the_names_of_an_older_record_once(world: World) -> None:
    with world.database.write() as session:
        for table in (NameEntry, NameWord):
            for row in session.exec(select(table)):
                session.delete(row)
    with world.database.read() as session:
        subjects = sum(
            len(session.exec(select(col(table.id))).all())
            for table in (Account, Asset, Deal, Person)
        )
    assert recorder.catch_up(world.database) == subjects
    assert recorder.catch_up(world.database) == 0
    assert find(world, "Moreira", Subject.PERSON)


def test_should_find_more_names_than_a_page_has(database: Database) -> None:
    recorder.attach(database)
    with database.write() as session:
        for number in range(30):
            add_account(session, f"Harbour Works {number}")
    with database.read() as session:
        found = find_names(session, "harb", Subject.ACCOUNT, limit=8)
        assert len(found) == 8
        best = find_names(session, "harbour works 17", Subject.ACCOUNT, limit=8)[0]
        assert session.get_one(Account, best.subject_id).name == "Harbour Works 17"


def test_should_find_a_name_of_another_script_in_an_older_workspace(database: Database) -> None:
    recorder.attach(database)
    with database.write() as session:
        account = add_account(session, "Газпром Нефть")
        add_account(session, "Harbour Works")
        # As names were kept before.
        session.execute(
            sa.delete(NameEntry).where(
                col(NameEntry.subject_id) == account.id, col(NameEntry.joined) == "gazpromneft"
            )
        )
    command.downgrade(database._alembic(), "0018")
    database.upgrade()
    assert recorder.catch_up(database) == 1
    with database.read() as session:
        for typed in ("gazprom neft", "газпром", "gazpr"):
            [found] = find_names(session, typed, Subject.ACCOUNT, limit=8)
            assert found.subject_id == account.id, typed
