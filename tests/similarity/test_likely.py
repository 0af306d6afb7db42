"""Records that a typed name may mean are offered; names of others are not."""

import pytest

from similarity.likely import likely_existing
from similarity.names import recorder
from similarity.names.tables import Subject
from tests.world import World
from workspace.accounts.accounts import add_account
from workspace.people.people import add_contact
from workspace.people.tables import Person

ACCOUNTS = (
    "Mazurski Smak", "Müller Maschinenbau GmbH", "Газпром нефть", "Northern Harbour Bank",
    "First Bank of Tilburg", "Orchard Lane Dairies Ltd",
)  # fmt: skip
PEOPLE = ("Roberta Lindqvist", "Katarzyna Wiśniewska", "Thomas Okonjo-Bell", "Robert Ames")


@pytest.fixture(autouse=True)
def _names_are_kept(world: World) -> None:
    recorder.attach(world.database)
    with world.database.write() as session:
        for name in ACCOUNTS:
            add_account(session, name)
        for name in PEOPLE:
            add_contact(session, name, world.people["alice"])


def offered(world: World, text: str, kind: Subject) -> list[str]:
    with world.database.read() as session:
        return [hit.name for hit in likely_existing(session, world.viewer("grace"), text, kind)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Mazurski Smk", "Mazurski Smak"),
        ("mazur", "Mazurski Smak"),
        ("Mueller Maschinenbau", "Müller Maschinenbau GmbH"),
        ("Gazprom Neft", "Газпром нефть"),
        ("Nothern Harbor Bank", "Northern Harbour Bank"),
        ("Orchard Lane Dairies Incorporated", "Orchard Lane Dairies Ltd"),
    ],
)
def test_should_offer_the_account_that_is_there(world: World, typed: str, meant: str) -> None:
    assert offered(world, typed, Subject.ACCOUNT)[:1] == [meant]


@pytest.mark.parametrize("typed", ["Southern Harbour Logistics", "Last Bank of Malmö", "Ma", ""])
def test_should_offer_no_account_for_another_name(world: World, typed: str) -> None:
    assert not set(offered(world, typed, Subject.ACCOUNT)) & set(ACCOUNTS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Wisniewska Katarzyna", "Katarzyna Wiśniewska"),
        ("Kasia Wiśniewska", "Katarzyna Wiśniewska"),
        ("Bob Ames", "Robert Ames"),
        ("Dr. Thomas Okonjo Bell", "Thomas Okonjo-Bell"),
        ("Roberta Lindquist", "Roberta Lindqvist"),
    ],
)
def test_should_offer_the_person_who_is_there(world: World, typed: str, meant: str) -> None:
    assert offered(world, typed, Subject.PERSON)[:1] == [meant]


def test_should_offer_nobody_for_a_telephone_number(world: World) -> None:
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        ines.phone = "+44 7700 900 017"
        session.add(ines)
    assert offered(world, "+44 7700 900 017", Subject.PERSON) == []


def test_should_offer_no_person_for_another_name(world: World) -> None:
    assert not set(offered(world, "Roberta Amesbury", Subject.PERSON)) & set(PEOPLE)
