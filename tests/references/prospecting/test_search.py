"""Network search: who fits, and what each member may find of it."""

import pytest
from sqlmodel import Session

from references.network.ties import Visibility
from references.prospecting import contacts
from references.prospecting.known import presence_at, unrecorded_at, unrecorded_of_name
from references.prospecting.search import Prospect, search_network
from tests.references.prospecting.books import add_connection
from tests.references.telling import tell_tie
from tests.world import World
from web.workspace import Workspace
from workspace.accounts import accounts
from workspace.deals.discretion import read_for
from workspace.people import people
from workspace.people.tables import Member
from workspace.people.viewer import PLAIN_VIEW, Viewer

QUESTION = "Head of data warehousing at a bank in Germany"


def search(
    world: World, workspace: Workspace, viewer: Viewer | str = "alice", text: str = QUESTION
) -> dict[str, Prospect]:
    """Who is found, by name, in the order of the page."""
    viewer = world.viewer(viewer) if isinstance(viewer, str) else viewer
    with world.database.read() as session:
        found = search_network(
            session, viewer, workspace.catalog, workspace.network, workspace.shared_book, text
        )
    return {each.name: each for each in found.people}


def add_contact(session: Session, world: World, name: str, title: str, account: str) -> int:
    person = people.add_contact(
        session, name, None, title=title, account_id=world.account(session, account).id
    )
    world.people[name] = person.id
    return person.id


def lead_a_team(session: Session, world: World, lead: str, *others: str) -> None:
    for other in others:
        member = session.get_one(Member, world.people[other])
        member.manager_id = world.people[lead]
        session.add(member)


def test_should_find_who_has_the_title_at_such_an_employer(
    world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        add_contact(session, world, "Right", "Head of data warehouse", "lumen")
        add_contact(session, world, "Other Country", "Head of data warehouse", "ribera")
        add_contact(session, world, "Other Industry", "Head of data warehouse", "meridian")
        add_contact(session, world, "Other Title", "Head of nursing", "lumen")
        for name, company, title in (
            ("Book Right", "Lumen Bank AG", "DWH Lead"),
            ("Book By Name", "Landesbank Deutschland", "Head of data warehouse"),
            ("Book Elsewhere", "Banco Ribera", "Head of data warehouse"),
            ("Book Unknown", "Acme", "Head of data warehouse"),
            ("Book Other", "Lumen Bank", "Cook"),
        ):
            add_connection(session, world, "alice", name, company, title)
    found = search(world, workspace)
    assert set(found) == {"Right", "Book Right", "Book By Name", "Book Unknown"}
    assert found["Right"].reasons == ("Same title", "Banking", "Germany")
    # The employer's industry and country are not known: last, and only with the very title.
    assert list(found)[-1] == "Book Unknown"
    assert found["Book Unknown"].reasons == ("Same title",)


def test_should_find_by_the_employers_name(world: World, workspace: Workspace) -> None:
    with world.database.write() as session:
        add_contact(session, world, "Inside", "Treasurer", "lumen")
        add_connection(session, world, "alice", "Known", "Lumen Bank GmbH", "Treasurer")
        add_connection(session, world, "alice", "Elsewhere", "Lumenova", "Treasurer")
    assert set(search(world, workspace, text="Treasurer at Lumen Bank")) == {"Inside", "Known"}


def test_should_show_the_strongest_path_and_who_can_be_asked(
    world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        accounts.add_account(session, "Third Bank", industry="K64")
        world.accounts["third"] = "third-bank"
        for name, account in (("Direct", "lumen"), ("Hidden", "ribera"), ("Stranger", "third")):
            add_contact(session, world, name, "Head of data warehousing", account)
        tell_tie(session, world, "bob", "Direct")
        tell_tie(session, world, "bob", "Hidden", visibility=Visibility.ASK)
    found = search(world, workspace, text="Head of data warehousing at a bank")
    path = found["Direct"].path
    assert path is not None
    assert [person.name for person in path.people] == ["Bob Brandt", "Direct"]
    assert (found["Hidden"].path, found["Hidden"].may_be_asked) == (None, True)
    assert (found["Stranger"].path, found["Stranger"].may_be_asked) == (None, False)
    # The nearest comes first among people who fit alike.
    assert next(iter(found)) == "Direct"


def test_should_show_a_person_whom_several_know_once(world: World, workspace: Workspace) -> None:
    with world.database.write() as session:
        for owner in ("bob", "charlie"):
            add_connection(
                *(session, world, owner, "Uta Uhl", "Lumen Bank", "Head of data warehousing"),
                Visibility.EVERYONE,
            )
    found = search(world, workspace)
    assert {who.name for who in found["Uta Uhl"].known_by} == {"Bob Brandt", "Charlie Costa"}


VIEWERS = ("owner", "teammate", "stranger", "reader", "plain")
SEES = {
    Visibility.PRIVATE: {"owner"},
    Visibility.ASK: {"owner"},
    Visibility.TEAM: {"owner", "teammate"},
    Visibility.EVERYONE: set(VIEWERS),
}


@pytest.mark.parametrize("visibility", Visibility)
def test_should_find_what_each_viewer_may_read(
    world: World, workspace: Workspace, visibility: Visibility
) -> None:
    """Viewer × visibility × kind: an entry of an address book, and a tie to a contact."""
    who = {"owner": "bob", "teammate": "alice", "stranger": "charlie", "reader": "frank"}
    with world.database.write() as session:
        lead_a_team(session, world, "dana", "alice", "bob")
        add_contact(session, world, "Tied", "Head of data warehousing", "lumen")
        tell_tie(session, world, "bob", "Tied", visibility=visibility)
        add_connection(
            *(session, world, "bob", "Entry", "Lumen Bank", "Head of data warehousing"),
            visibility,
        )
    for viewer in VIEWERS:
        found = search(
            world, workspace, PLAIN_VIEW if viewer == "plain" else world.viewer(who[viewer])
        )
        sees = viewer in SEES[visibility]
        assert ("Entry" in found) == sees, viewer
        assert (found["Tied"].path is not None) == sees, viewer
        may_ask = visibility == Visibility.ASK and viewer in ("teammate", "stranger")
        assert found["Tied"].may_be_asked == may_ask, viewer
        with world.database.read() as session:
            account = world.account(session, "lumen")
            seen = PLAIN_VIEW if viewer == "plain" else world.viewer(who[viewer])
            presence = presence_at(session, seen, account)
            assert (presence.colleagues, presence.people) == ((1, 2) if sees else (0, 0)), viewer
            assert len(unrecorded_at(session, seen, account)) == sees, viewer
            assert len(unrecorded_of_name(session, seen, "Entry")) == sees, viewer


def test_should_leave_out_leavers_and_their_books(world: World, workspace: Workspace) -> None:
    with world.database.write() as session:
        add_connection(
            *(session, world, "bob", "Entry", "Lumen Bank", "Head of data warehousing"),
            Visibility.EVERYONE,
        )
        member = session.get_one(Member, world.people["bob"])
        member.active = False
        session.add(member)
    assert search(world, workspace) == {}


@pytest.mark.parametrize("most", [0, 50_000])
def test_should_keep_people_of_confidential_deals_hidden(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(contacts, "MOST_COMPARED", most)
    with world.database.write() as session:
        person = add_contact(session, world, "Secret", "Head of data warehousing", "lumen")
        session.get_one(people.Person, person).listed = False
    with world.database.read() as session:
        read_for(session, world.viewer("charlie"))
        for text in (QUESTION, "Head of data warehousing", "Anyone at Lumen"):
            found = search_network(
                session,
                world.viewer("charlie"),
                workspace.catalog,
                workspace.network,
                workspace.shared_book,
                text,
            )
            assert [each.name for each in found.people] == []
