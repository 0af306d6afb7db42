"""Programs that call the API, each with a token of a member."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlmodel import Session

from tests.serving import application
from tests.world import World
from web import limits
from web.limits import Kind, Limit
from web.workspace import Workspace
from workspace.people.api_tokens import Scope, create_token


class Program:
    """A program with a token, or without one."""

    def __init__(self, client: TestClient[Litestar], secret: str) -> None:
        self.client = client
        self.secret = secret

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call an operation; the body is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            sent.setdefault("Authorization", f"Bearer {self.secret}")
        return self.client.request(method, path, json=body, headers=sent, follow_redirects=False)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)


Programs = Callable[..., Program]
ALL = tuple(Scope)


def secret_of(world: World, name: str, scopes: tuple[Scope, ...] = ALL) -> str:
    """The secret of a new token of a member."""
    person_id = world.people[name]
    with world.database.write() as session:
        return create_token(session, person_id, f"Program of {name}", scopes, 30, by=person_id)[1]


@pytest.fixture
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit on how often a program may call."""
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(10_000_000)))


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    """A reading session."""
    with world.database.read() as reading:
        yield reading


@pytest.fixture
def app(world: World, workspace: Workspace) -> Litestar:
    """The application on the cast's database."""
    return application(workspace)


@pytest.fixture
def program(app: Litestar, world: World) -> Iterator[Programs]:
    """Programs by the names of their members; None is one without a token."""
    made: dict[Any, Program] = {}
    with TestClient(app, base_url="http://dealkin.local") as client:

        def program(name: str | None = None, *scopes: Scope) -> Program:
            if (name, scopes) not in made:
                secret = secret_of(world, name, scopes or ALL) if name else ""
                made[name, scopes] = Program(client, secret)
            return made[name, scopes]

        yield program
