"""The demo's one-click sign-in: only there, only from this machine; and the tour."""

from dataclasses import replace
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.web.conftest import Visitor
from tests.world import World
from web.workspace import Workspace
from workspace.imports.ledger import Import
from workspace.people.tables import Member, MemberRole, Person

HERE = "http://127.0.0.1:8000"


def make_demo(world: World, file_name: str = "demo/people.csv", by: int | None = None) -> None:
    """Let the record look like the demo's, with one of its members."""
    with world.database.write() as session:
        session.add(Import(file_name=file_name, digest="0" * 64, kind="people", by_id=by))
        person = Person(
            key="agnieszka-wrona",
            name="Agnieszka Wrona",
            email="agnieszka.wrona@haldenworks.example",
        )
        session.add(person)
        session.flush()
        session.add(Member(person_id=person.id))
        session.flush()
        session.add(MemberRole(person_id=person.id, role="rep"))


def browser(app: Litestar, world: World, address: str = HERE, peer: str = "127.0.0.1") -> Visitor:
    """A visitor at an address, whose connection comes from a peer."""

    async def from_peer(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "client": (peer, 50_000)}, receive, send)

    return Visitor(TestClient(from_peer, base_url=address), world)


def choose(visitor: Visitor, **headers: str) -> int:
    """Sign in as the demo's rep; returns the status."""
    token = visitor.token_of("/sign-in")
    answer = visitor.post("/demo/sign-in", {"part": "agnieszka.wrona"}, token=token, **headers)
    return int(answer.status_code)


def test_should_offer_the_demos_members_and_sign_in_by_one_click(
    app: Litestar, world: World
) -> None:
    make_demo(world)
    visitor = browser(app, world)
    page = visitor.get("/sign-in").text
    assert "Explore the demo" in page
    assert "Agnieszka Wrona" in page
    assert choose(visitor) == 303
    assert "Start the tour" in visitor.get("/").text


@pytest.mark.parametrize(
    ("address", "peer", "headers"),
    [
        ("http://demo.example", "127.0.0.1", {}),
        ("http://127.0.0.1.demo.example", "127.0.0.1", {}),
        (HERE, "192.0.2.7", {}),
        (HERE, "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        (HERE, "127.0.0.1", {"Forwarded": "for=192.0.2.7"}),
        (HERE, "127.0.0.1", {"X-Real-IP": "192.0.2.7"}),
        (HERE, "127.0.0.1", {"Via": "1.1 proxy"}),
    ],
)
def test_should_refuse_who_does_not_come_straight_from_this_machine(
    app: Litestar, world: World, address: str, peer: str, headers: dict[str, str]
) -> None:
    make_demo(world)
    visitor = browser(app, world, address, peer)
    assert "Explore the demo" not in visitor.get("/sign-in", **headers).text
    assert choose(visitor, **headers) == 404
    assert "session" not in visitor.cookies


def test_should_refuse_behind_an_origin(
    app: Litestar, world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo(world)
    settings = workspace.settings.model_copy(update={"origin": HERE})
    monkeypatch.setattr(app.state, "workspace", replace(workspace, settings=settings))
    assert choose(browser(app, world)) == 404


def test_should_refuse_in_a_workspace_of_ones_own(app: Litestar, world: World) -> None:
    assert choose(browser(app, world)) == 404
    # A member's file may have the name of the demo's.
    make_demo(world, by=world.people["alice"])
    visitor = browser(app, world)
    assert "Explore the demo" not in visitor.get("/sign-in").text
    assert choose(visitor) == 404


def test_should_lead_through_the_tour_and_let_it_be_left(app: Litestar, world: World) -> None:
    make_demo(world)
    visitor = browser(app, world)
    choose(visitor)
    visitor.token = visitor.token_of("/deals")
    first = visitor.post("/demo/tour", {"step": "1", "back": "/"})
    assert first.headers["location"] == "/deals/HW-0267"
    assert "Tour, step 1 of 6" in visitor.get("/deals").text
    left = visitor.post("/demo/tour", {"back": "/"})
    assert 'tour=""; Max-Age=0' in left.headers["set-cookie"]
