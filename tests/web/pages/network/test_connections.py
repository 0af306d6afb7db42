"""A member's own connections, on their page and on nobody else's."""

import pytest
from sqlmodel import Session, select

from references.network.address_books import Connection
from references.network.ties import Tie
from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World
from workspace.keys import plain
from workspace.people.tables import Person


@pytest.fixture(autouse=True)
def _connections(world: World) -> None:
    with world.database.write() as session:
        for owner, name, company, position in (
            ("alice", "Uma Ulrich", "Fjord Logistics", "Head of freight"),
            ("alice", "Viktor Vogel", "Nowhere Ltd", "Buyer"),
            ("charlie", "Wanda Wolf", "Lumen Bank", "Auditor"),
        ):
            session.add(
                Connection(
                    owner_id=world.people[owner],
                    name=name,
                    plain_name=plain(name),
                    company=company,
                    plain_company=plain(company),
                    position=position,
                    source="LinkedIn",
                )
            )


def rows(world: World) -> dict[str, Connection]:
    with world.database.read() as session:
        return {row.name: row for row in session.exec(select(Connection))}


def ties(world: World) -> list[Tie]:
    with world.database.read() as session:
        return list(session.exec(select(Tie).where(Tie.origin == "")))


def test_should_show_members_only_their_own_connections(visit: Visit) -> None:
    mine = visit("alice").get("/connections").text
    assert "Uma Ulrich" in mine
    assert "Wanda Wolf" not in mine
    for name in ("bob", "charlie", "dana", "frank", "grace"):
        page = visit(name).get("/connections").text
        assert "Uma Ulrich" not in page
        assert "Uma Ulrich" not in visit(name).get("/people?q=Uma").text
    assert "Viktor Vogel" not in visit("alice").get("/connections?q=freight").text


def test_should_add_a_connection_to_the_record_and_keep_the_tie_private(
    visit: Visit, world: World
) -> None:
    uma = rows(world)["Uma Ulrich"]
    answer = visit("alice").post(f"/connections/{uma.id}/add")
    assert answer.headers["location"] == "/people/uma-ulrich"
    assert "Fjord Logistics" in visit("bob").get("/people/uma-ulrich").text
    (tie,) = ties(world)
    assert tie.visibility == "private"
    assert "LinkedIn" in visit("alice").get("/people/uma-ulrich/ties").text
    assert "Alice Adeyemi" not in visit("bob").get("/people/uma-ulrich/ties").text
    assert visit("alice").post(f"/connections/{uma.id}/add").status_code == 409


def test_should_find_a_person_whom_another_member_adds(visit: Visit, world: World) -> None:
    visit("erin").post("/people", {"name": "Uma Ulrich", "account": "Fjord Logistics"})
    (tie,) = ties(world)
    assert tie.asserted_by_id == world.people["alice"]
    assert tie.visibility == "private"
    assert rows(world)["Uma Ulrich"].person_id is not None


def test_should_share_the_tie_with_its_connection(visit: Visit, world: World) -> None:
    uma = rows(world)["Uma Ulrich"]
    visit("alice").post(f"/connections/{uma.id}/add")
    assert visit("alice").post("/connections/share", {"visibility": "everyone"}).status_code == 303
    assert [tie.visibility for tie in ties(world)] == ["everyone"]
    assert "Alice Adeyemi" in visit("bob").get("/people/uma-ulrich/ties").text
    assert rows(world)["Wanda Wolf"].visibility == "private"
    back = visit("alice").post(f"/connections/{uma.id}/share", {"visibility": "private"})
    assert back.status_code == 303
    assert [tie.visibility for tie in ties(world)] == ["private"]


def test_should_remove_the_tie_with_its_connection(
    visit: Visit, world: World, session: Session
) -> None:
    uma = rows(world)["Uma Ulrich"]
    visit("alice").post(f"/connections/{uma.id}/add")
    assert visit("alice").post(f"/connections/{uma.id}/forget").status_code == 303
    assert "Uma Ulrich" not in rows(world)
    assert ties(world) == []
    with world.database.read() as reading:
        assert reading.exec(select(Person).where(Person.name == "Uma Ulrich")).first()


def test_should_not_find_another_members_connection(visit: Visit, world: World) -> None:
    uma = rows(world)["Uma Ulrich"]
    for name in ("bob", "charlie", "dana", "grace"):
        for act, data in (("share", {"visibility": "everyone"}), ("add", {}), ("forget", {})):
            answer = visit(name).post(f"/connections/{uma.id}/{act}", data)
            assert answer.status_code == 404, (name, act)
    assert rows(world)["Uma Ulrich"].visibility == "private"


def test_should_refuse_what_every_write_must(visit: Visit, world: World) -> None:
    refuses(visit, world, "/connections/share", {"visibility": "everyone"})
