"""What must hold for every template, route and command, those that are yet to come included."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from similarity.catalog import Catalog
from tests.world import World
from web import commands
from web.app import create_app
from web.rendering import STATIC, TEMPLATES, environment
from workspace import accounts, assets, deals, members
from workspace.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTSIDERS = ("charlie", "dana", "grace")
# What stands for a route's parameters, by the first part of its path.
EXAMPLES: dict[str, Callable[[World], dict[str, str]]] = {
    "deals": lambda world: {
        "key": world.deals["wards"],
        "kin_key": world.deals["brannoc"],
        "person_key": "erin-eriksen",
        "seat_id": "1",
        "use_id": "1",
    },
    "accounts": lambda world: {"key": world.accounts["brannoc"]},
    "people": lambda _: {"key": "bob-brandt"},
    "library": lambda world: {"key": world.assets["demo"]},
}
PUBLIC = {"/sign-in"}

Sign = Callable[[str | None], TestClient[Litestar]]


@pytest.fixture
def app(world: World, catalog: Catalog, tmp_path: Path) -> Litestar:
    return create_app(Settings(home=tmp_path), world.database, catalog)


@pytest.fixture
def sign_in(app: Litestar, world: World) -> Iterator[Sign]:
    """A client of one of the cast, with the token that forms need; None for nobody's."""
    with TestClient(app, base_url="http://testserver.example") as client:

        def call(name: str | None) -> TestClient[Litestar]:
            client.cookies.clear()
            client.headers.pop("x-csrftoken", None)
            if name:
                with world.database.write() as session:
                    token = members.open_session(session, world.people[name])
                client.cookies["session"] = token
                made = hmac.new(token.encode(), b"dealkin form", hashlib.sha256)
                client.headers["x-csrftoken"] = made.hexdigest()
            return client

        yield call


def routes(app: Litestar, method: str) -> list[str]:
    """The paths that take this method, with their parameters in braces."""
    found = [
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute) and method in route.methods and route.path != "/static"
    ]
    return sorted(path for path in found if not path.startswith("/static/"))


def filled(path: str, world: World, **given: str) -> str:
    values = EXAMPLES.get(path.split("/")[1], lambda _: {})(world) | given
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values[found[1]], path)


def of_a_deal(path: str) -> bool:
    return path.startswith("/deals/{key")


def test_every_template_compiles_and_is_used() -> None:
    names = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")}
    sources = [*(ROOT / "web").rglob("*.py"), *TEMPLATES.rglob("*.html")]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    for name in names:
        environment().get_template(name)
        assert f'"{name}"' in text, f"{name} is used nowhere"


def test_pages_take_nothing_from_elsewhere() -> None:
    for source in [*TEMPLATES.rglob("*.html"), *STATIC.glob("*.css"), *STATIC.glob("*.js")]:
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//|@import|url\(\s*['\"]?https?:", text)


def test_every_page_answers(app: Litestar, sign_in: Sign, world: World) -> None:
    client = sign_in("grace")
    for path in routes(app, "GET"):
        answer = client.get(filled(path, world), follow_redirects=False)
        if path in PUBLIC:
            assert answer.status_code == 303
            continue
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        assert "private, no-store" in answer.headers["cache-control"]


def test_nobody_gets_in_without_signing_in(app: Litestar, sign_in: Sign, world: World) -> None:
    client = sign_in(None)
    for path in routes(app, "GET"):
        answer = client.get(filled(path, world), follow_redirects=False)
        if path in PUBLIC:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in")
    for path in routes(app, "POST"):
        answer = client.post(filled(path, world), follow_redirects=False)
        assert answer.status_code in (303, 403), path


def test_a_write_needs_the_token_of_our_own_forms(
    app: Litestar, sign_in: Sign, world: World
) -> None:
    client = sign_in("grace")
    right = client.headers.pop("x-csrftoken")
    for path in routes(app, "POST"):
        url = filled(path, world)
        assert client.post(url).status_code == 403, path
        assert client.post(url, headers={"x-csrftoken": "0" * 64}).status_code == 403, path
        elsewhere = {"x-csrftoken": right, "sec-fetch-site": "cross-site"}
        assert client.post(url, headers=elsewhere).status_code == 403, path


@pytest.mark.parametrize("name", OUTSIDERS)
def test_a_confidential_deal_is_nowhere_for_outsiders(
    app: Litestar, sign_in: Sign, world: World, name: str
) -> None:
    client = sign_in(name)
    secret = world.confidential_deal
    for method in ("GET", "POST"):
        for path in filter(of_a_deal, routes(app, method)):
            answer = client.request(method, filled(path, world, key=secret))
            assert answer.status_code == 404, f"{method} {path}: {answer.status_code}"
    for path in routes(app, "GET"):
        for query in ("", "?q=Nightingale", "?text=Nightingale"):
            text = client.get(filled(path, world) + query).text
            assert secret not in text, path
            assert "Project Nightingale" not in text, path
            assert "merger" not in text, path


def test_a_member_without_a_role_changes_nothing(
    app: Litestar, sign_in: Sign, world: World
) -> None:
    client = sign_in("frank")
    for path in routes(app, "POST"):
        if path not in {*PUBLIC, "/sign-out", "/preferences"}:
            answer = client.post(filled(path, world), follow_redirects=False)
            assert answer.status_code == 403, f"{path}: {answer.status_code}"


@pytest.mark.parametrize("path", ["/", "/deals", "/accounts", "/people", "/library"])
def test_a_longer_list_takes_no_more_queries(
    sign_in: Sign, world: World, catalog: Catalog, path: str
) -> None:
    client = sign_in("alice")
    counted: list[str] = []

    @sa.event.listens_for(world.database.reader, "before_cursor_execute")
    def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        counted.append(statement)

    def queries() -> int:
        client.get(path)
        counted.clear()
        assert client.get(path).status_code == 200
        return len(counted)

    before = queries()
    with world.database.write() as session:
        for number in range(8):
            account = accounts.add_account(session, f"Another {number}")
            for _ in range(2):
                deals.log(session, f"Deal {number}", account, world.people["alice"])
            members.add_member(session, f"Member {number}", f"m{number}@dealkin.example", [])
            assets.publish(session, f"Deck {number}", "deck", world.people["erin"], [])
    assert queries() <= before


def test_the_readme_starts_with_the_two_commands() -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", README, re.S)
    assert [language for language, _ in blocks[:2]] == ["sh", "sh"]
    for (_, text), recipe in zip(blocks[:2], ("demo", "test"), strict=True):
        assert len(text.strip().splitlines()) == 1
        assert text.strip().endswith(f".venv/bin/just {recipe}")


def test_every_command_is_documented() -> None:
    named = [
        command.name or command.callback.__name__ for command in commands.app.registered_commands
    ]
    named += [f"member {command.name}" for command in commands.member_app.registered_commands]
    for name in named:
        assert re.search(rf"`{name}\b|(?:dealkin|just) {name}\b", README), name


def test_the_project_names_no_place_of_its_making() -> None:
    said = re.compile(r"(?:^|[\s\"'(=])/(?:work|root|opt|home)/\w")
    for source in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "justfile"]:
        assert not said.search(source.read_text(encoding="utf-8")), source.name
