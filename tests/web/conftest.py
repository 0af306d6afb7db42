"""The application on the cast's database, and its visitors."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlmodel import Session, col, func, select

from tests.serving import application
from tests.world import World
from web.session_cookie import csrf_token_of
from web.workspace import Workspace
from workspace.audit import AuditEntry
from workspace.clock import now
from workspace.people.sign_in.sessions import open_session

_KEPT = re.compile(r"(<textarea.*?</textarea>|<pre.*?</pre>)", re.DOTALL)


def without_layout(html: str) -> str:
    """A page without the line breaks of its template, which browsers do not show either.

    What people wrote keeps its lines.
    """
    parts = _KEPT.split(html)
    for at in range(0, len(parts), 2):
        text = re.sub(r">\s*\n\s*", ">", parts[at])
        text = re.sub(r"\s*\n\s*<", "<", text)
        parts[at] = re.sub(r"\s*\n\s*", " ", text).replace(" >", ">")
    return "".join(parts)


class Visitor:
    """A browser: its cookies, and the token of its forms."""

    def __init__(self, client: TestClient[Litestar], world: World) -> None:
        self.client = client
        self.world = world
        self.cookies: dict[str, str] = {}
        self.token = ""

    def sign_in(self, name: str) -> None:
        """Open a session without the form, as checking a password takes long."""
        with self.world.database.write() as session:
            self.cookies["session"] = open_session(session, self.world.people[name])
        self.token = csrf_token_of(self.cookies["session"])

    def token_of(self, path: str) -> str:
        """The token in the forms of a page."""
        return str(self.get(path).text.split('name="_csrf_token" value="')[1].split('"')[0])

    def get(self, path: str, **headers: str) -> Any:
        """Open a page; redirects are not followed."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, data: Any = None, *, token: str | None = None, **headers: str) -> Any:
        """Send a form with the visitor's token, or with another one."""
        sent = {**(data or {}), "_csrf_token": self.token if token is None else token}
        return self._send("POST", path, sent, headers)

    def save(self, path: str, data: Any = None, **headers: str) -> Any:
        """Open the form at a path and send it as it was opened, with these fields."""
        seen = re.search(r'name="seen" value="([^"]+)"', self.get(path).text)
        opened = {"seen": seen[1]} if seen else {}
        return self.post(path, {**opened, **(data or {})}, **headers)

    def _send(self, method: str, path: str, data: Any, headers: dict[str, str]) -> Any:
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            headers = {**headers, "Cookie": "; ".join(pairs)}
        answer = self.client.request(
            method, path, data=data, headers=headers, follow_redirects=False
        )
        self.cookies.update(answer.cookies.items())
        # All visitors share the client, so it must not keep the cookies of one.
        self.client.cookies.clear()
        if answer.headers.get("content-type", "").startswith("text/html"):
            answer._text = without_layout(answer.text)
        return answer


Visit = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative times on pages are those at the test's start, so that pages can be compared."""
    moment = now()
    monkeypatch.setattr("web.rendering.now", lambda: moment)


@pytest.fixture
def app(world: World, workspace: Workspace) -> Litestar:
    """The application on the cast's database."""
    return application(workspace)


@pytest.fixture
def visit(app: Litestar, world: World) -> Iterator[Visit]:
    """Visitors by name, signed in; None is a visitor who is not."""
    visitors: dict[str | None, Visitor] = {}
    with TestClient(app, base_url="http://dealkin.local") as client:

        def visitor(name: str | None = None) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(client, world)
                if name:
                    visitors[name].sign_in(name)
            return visitors[name]

        yield visitor


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    """A reading session, which after `rollback()` sees what was committed meanwhile."""
    with world.database.read() as reading:
        yield reading


def acts(world: World) -> int:
    """The number of acts in the audit log: unchanged after a refused write."""
    with world.database.read() as session:
        refusals = ("denied", "API token refused")
        acts = select(func.count()).where(col(AuditEntry.action).not_in(refusals))
        return session.exec(acts).one()
