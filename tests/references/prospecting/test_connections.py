"""Connections that fit: those at the end of a large book are found like the first."""

from datetime import date

import pytest
from sqlmodel import Session

from references.network.ties import Visibility
from references.prospecting import contacts, search
from references.prospecting.connections import readable_fitting
from references.prospecting.known import (
    Unrecorded,
    presence_at,
    unrecorded_at,
)
from references.prospecting.search import search_network
from similarity.sentences.positions import position_in
from tests.references.prospecting.books import add_connection
from tests.references.telling import tell_tie
from tests.world import World
from web.workspace import Workspace
from workspace.accounts import accounts
from workspace.people import people

QUESTION = "Head of treasury at a bank in Germany"
TITLE = "Head of treasury"


def fitting(
    world: World, workspace: Workspace, text: str = QUESTION, *, viewer: str = "alice", most: int
) -> list[str]:
    """The names of the connections that fit, the best first."""
    seen = world.viewer(viewer)
    with world.database.read() as session:
        found = readable_fitting(session, seen, workspace.shared_book, position_in(text), most=most)
    return [row.name for row, _ in found]


def found(world: World, workspace: Workspace, text: str) -> list[str]:
    with world.database.read() as session:
        prospects = search_network(
            session,
            world.viewer("alice"),
            workspace.catalog,
            workspace.network,
            workspace.shared_book,
            text,
        )
    return [person.name for person in prospects.people]


def fill_book(
    session: Session,
    world: World,
    owner: str,
    visibility: Visibility = Visibility.PRIVATE,
    company: str = "Banco Ribera",
    title: str = TITLE,
) -> None:
    """Entries with the title, at employers elsewhere."""
    for number in range(12):
        add_connection(
            *(session, world, owner, f"Elsewhere {owner} {number}", company, title),
            visibility,
        )


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.EVERYONE])
def test_should_find_who_fits_at_the_end_of_a_book(
    world: World, workspace: Workspace, visibility: Visibility
) -> None:
    with world.database.write() as session:
        fill_book(session, world, "alice", visibility)
        add_connection(session, world, "alice", "Last", "Lumen Bank AG", TITLE, visibility)
    assert fitting(world, workspace, most=2) == ["Last"]
    assert "Last" in found(world, workspace, QUESTION)


def test_should_find_who_fits_behind_many_titles(world: World, workspace: Workspace) -> None:
    with world.database.write() as session:
        for number in range(9):
            title = f"Head of treasury {number}"
            add_connection(session, world, "alice", f"Other {number}", "Banco Ribera", title)
        add_connection(session, world, "alice", "Last", "Lumen Bank", "Deputy treasury manager")
        add_connection(session, world, "alice", "Same", "Lumen Bank", TITLE)
    assert fitting(world, workspace, most=9) == ["Same", "Last"]
    assert fitting(world, workspace, most=1) == ["Same"]


def test_should_leave_out_older_contacts_of_those_who_fit_alike(
    world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        for year in (2019, 2025, 2016):
            add_connection(
                *(session, world, "alice", f"Since {year}", "Lumen Bank", TITLE),
                connected_on=date(year, 3, 4),
            )
    assert fitting(world, workspace, most=2) == ["Since 2025", "Since 2019"]


def test_should_find_by_the_employers_name_among_longer_ones(
    world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        fill_book(session, world, "alice", company="Lumenova")
        add_connection(session, world, "alice", "Last", "Lumen Bank AG", "Treasurer")
    assert fitting(world, workspace, "anyone at Lumen Bank", most=2) == ["Last"]


def test_should_find_anyone_at_an_employer_of_an_industry(
    world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        fill_book(session, world, "alice")
        add_connection(session, world, "alice", "By Account", "Lumen Bank AG", "Cook")
        add_connection(session, world, "alice", "By Name", "Bank of Germany", "Driver")
        add_connection(session, world, "alice", "Unknown", "Acme", "Clerk")
    assert set(fitting(world, workspace, "anyone at a bank in Germany", most=3)) == {
        "By Account",
        "By Name",
    }


def test_should_count_connections_behind_companies_of_longer_names(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("references.prospecting.known.MOST_AT_ACCOUNT", 3)
    with world.database.write() as session:
        fill_book(session, world, "alice", company="Lumen Bank Foundation for Music")
        add_connection(session, world, "alice", "Last", "Lumen Bank AG", TITLE)
    with world.database.read() as session:
        account, viewer = world.account(session, "lumen"), world.viewer("alice")
        assert presence_at(session, viewer, account).people == 1
        (only,) = unrecorded_at(session, viewer, account)
        assert isinstance(only, Unrecorded)
        assert only.name == "Last"


def test_should_find_contacts_at_the_end_of_a_large_record(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "MOST_COMPARED", 4)
    with world.database.write() as session:
        lumen = world.account(session, "lumen").id
        for number in range(6):
            people.add_contact(session, f"Cook {number}", None, title="Cook", account_id=lumen)
        people.add_contact(session, "Last", None, title=TITLE, account_id=lumen)
    workspace.catalog.catch_up()
    assert found(world, workspace, QUESTION) == ["Last"]


def test_should_believe_the_name_of_an_account_of_which_nothing_else_is_known(
    world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        for name in ("Bank of Germany", "Bank Gdynia Polska", "Kwik"):
            account = accounts.add_account(session, name)
            people.add_contact(
                session, f"At {name}", None, title="Treasury clerk", account_id=account.id
            )
    workspace.catalog.catch_up()
    assert found(world, workspace, "Treasury clerk at a bank in Germany") == [
        "At Bank of Germany",
        "At Kwik",
    ]


def test_should_show_the_nearest_of_many_who_fit_alike(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SHOWN", 2)
    with world.database.write() as session:
        lumen = world.account(session, "lumen").id
        for number in range(8):
            name = f"Contact {number}"
            person = people.add_contact(session, name, None, title=TITLE, account_id=lumen)
            world.people[name] = person.id
        tell_tie(session, world, "bob", "Contact 7")
    assert found(world, workspace, QUESTION)[0] == "Contact 7"
