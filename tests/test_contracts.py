"""What must hold of the whole project: its templates, and its silence about confidential deals on
every route there is."""

import re
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from references.desk import workflow
from references.desk.advocates import Activity
from tests.references.asking import advocate
from tests.world import World, stage
from web.app import create_app
from web.pages import help as help_areas
from web.rendering import STATIC, TEMPLATES
from web.workspace import Workspace
from workspace.deals.lifecycle import advance, invite
from workspace.people.sign_in import sessions

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["charlie", "dana", "grace"])
def test_should_tell_of_a_confidential_deal_on_no_page(
    world: World, workspace: Workspace, name: str
) -> None:
    app = create_app(workspace)
    with world.database.write() as session:
        token = sessions.open_session(session, world.people[name])
    hidden, shown = _requests(world)
    # Whatever a path's parameters are called, this is what they may name here.
    keys = {
        "/references/advocates": "jonas-havelka",
        "/references": shown,
        "/deals": world.deals["kestrel"],
        "/accounts": world.accounts["kestrel"],
        "/people": "alice-adeyemi",
        "/library": world.assets["demo"],
        "/staffing/roles": "trainer",
    }
    with TestClient(app, cookies={"session": token}) as client:
        for route in app.routes:
            if not isinstance(route, HTTPRoute) or "GET" not in route.methods:
                continue
            named = (key for start, key in keys.items() if route.path.startswith(start))
            path = re.sub(r"\{\w+:\w+\}", next(named, ""), route.path)
            for query in ("", "?q=merger"):
                text = client.get(path + query).text
                assert world.confidential_deal not in text, path + query
                assert hidden not in text, path + query
                assert "Project Nightingale" not in text, path + query
                assert "990,000" not in text, path + query
                assert "before a merger" not in text, path + query
                assert "before the merger" not in text, path + query


def _requests(world: World) -> tuple[str, str]:
    """The keys of two reference requests: on the confidential deal, and on another."""
    with world.database.write() as session:
        hidden, shown = world.deal(session, "nightingale"), world.deal(session, "tidewater")
        alice, erin = world.people["alice"], world.people["erin"]
        advance(session, hidden, stage(session, "Needs Analysis"), alice)
        invite(session, hidden, erin, alice)
        keys = [
            workflow.open_request(
                session,
                world.viewer(by),
                deal,
                advocate(session, world, who),
                Activity.CALL,
                message=message,
            ).key
            for who, deal, by, message in (
                ("ines", hidden, "alice", "It is before a merger."),
                ("jonas", shown, "charlie", "How was it for you?"),
            )
        ]
    return keys[0], keys[1]


def test_should_use_every_template() -> None:
    sources = [*(ROOT / "web").rglob("*.py"), *TEMPLATES.rglob("*.html")]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    used = set(re.findall(r'"([\w/]+\.html)"', text))
    # The three templates of a list are called by their folder.
    for folder in re.findall(r'answer_(?:record_)?list\(visit, "([\w/]+)"', text):
        used |= {f"{folder}/{name}.html" for name in ("list", "_results", "_rows")}
    # An area's help is called by its name.
    used |= {f"help/{area}.html" for area in help_areas.AREAS}
    there = {str(template.relative_to(TEMPLATES)) for template in TEMPLATES.rglob("*.html")}
    assert there <= used


def test_should_take_nothing_from_elsewhere_on_pages() -> None:
    for source in [*TEMPLATES.rglob("*.html"), *STATIC.glob("*.css"), *STATIC.glob("*.js")]:
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"src=\"(?:https?:)?//|@import|url\(\s*['\"]?https?:", text)
