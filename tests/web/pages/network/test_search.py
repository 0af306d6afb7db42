"""The page of the network search, and who of us knows people at an account."""

import pytest

from references.network.ties import Visibility
from tests.references.prospecting.books import add_connection
from tests.web.conftest import Visit
from tests.world import World

QUESTION = "/network?q=Head+of+data+warehousing+at+a+bank+in+Germany"


@pytest.fixture(autouse=True)
def _connections(world: World) -> None:
    with world.database.write() as session:
        for owner, name, visibility in (
            ("alice", "Ann Own", Visibility.PRIVATE),
            ("bob", "Sam Shared", Visibility.EVERYONE),
            ("charlie", "Pia Private", Visibility.PRIVATE),
        ):
            add_connection(
                *(session, world, owner, name, "Lumen Bank", "Head of data warehouse"), visibility
            )


def test_should_show_what_was_understood_and_who_fits(visit: Visit) -> None:
    page = visit("alice").get(QUESTION).text
    for text in ("Title: Head of data warehousing", "Industry: Banking", "Country: Germany"):
        assert text in page
    assert "You know them (LinkedIn)" in page
    assert "Bob Brandt</a> knows them" in page
    assert "Pia Private" not in page
    # Only one's own connection can be added to the record.
    assert page.count("Add as a contact") == 1
    assert "Add as a contact" not in visit("frank").get(QUESTION).text


def test_should_say_where_nobody_is_found(visit: Visit) -> None:
    assert "Nobody found" in visit("alice").get("/network?q=Astronomer+at+a+bank").text
    assert "Examples" in visit("alice").get("/network").text


def test_should_count_colleagues_at_an_account(visit: Visit, world: World) -> None:
    account = f"/accounts/{world.accounts['lumen']}"
    assert "2 colleagues know" in visit("alice").get(account).text
    assert "1 colleague knows" in visit("dana").get(account).text
    paths = visit("alice").get(f"{account}/paths").text
    assert "Known, but not in the record yet" in paths
    assert "Ann Own" in paths
    assert "Pia Private" not in paths
