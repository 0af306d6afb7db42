"""What must hold of every operation: its twin, its rights, its silence, and its description."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from litestar import Litestar
from sqlmodel import Session

from tests.web.api.conftest import Program, Programs
from tests.web.api.twins import TWINS
from tests.web.conftest import acts
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled, routes
from tests.web.test_matrix import EVERYBODY, LETS_IN, READERS
from tests.world import World
from web.api.description import description
from web.policies import handlers, policy_of
from workspace.deals import leaving
from workspace.people import members
from workspace.people.tables import Role

V1 = "/api/v1"
LEAVER = "leaver"
# One of each kind: without a token, with that of a leaver, a member who can only read, an owner, a
# stranger, a manager and an administrator.
ACTORS = (None, LEAVER, "frank", "alice", "charlie", "dana", "grace")
# Where pages have other addresses than the operations on the same things.
PLACES = {
    "/assets": "/library",
    "/advocates": "/references/advocates",
    "/members": "/administration/members",
}


@pytest.fixture(autouse=True)
def _unlimited(no_limits: None) -> None:
    """Many calls are made."""


@pytest.fixture
def actor(program: Programs, world: World) -> Callable[[str | None], Program]:
    """The programs by the names of their members; the leaver was deactivated meanwhile."""
    with world.database.write() as session:
        person = members.add_member(session, "Lena Leaver", "lena@dealkin.example", [Role.ADMIN])
    world.people[LEAVER] = person.id
    leaver = program(LEAVER)
    with world.database.write() as session:
        leaving.deactivate(session, person.id, by=None)
    assert leaver.get(f"{V1}/deals").status_code == 401
    return program


def operations(app: Litestar) -> list[tuple[str, str, Any]]:
    """Every operation: its method, its address as it is described, and its handler."""
    found = [
        (method, re.sub(r":\w+}", "}", path), handler)
        for method, path, handler in handlers(app)
        if "operation" in handler.opt
    ]
    # What one actor deletes, the others would not find.
    return sorted(found, key=lambda row: (row[0] == "DELETE", row[1], row[0]))


def address(path: str, world: World, session: Session) -> str:
    """The address of an operation with the keys of existing things."""
    page = path.removeprefix(V1)
    for start, of_page in PLACES.items():
        if page.startswith(start):
            here = filled(page.replace(start, of_page, 1), world, session)
            return V1 + here.replace(of_page, start, 1)
    return V1 + filled(page, world, session)


def example(app: Litestar, method: str, path: str) -> tuple[Any, dict[str, str]]:
    """A body and headers as the description has them; a version that there was never."""
    described = description(app)["paths"][path][method.lower()]
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    names = {parameter["name"] for parameter in described["parameters"]}
    return body.get("example"), {"If_Match": '"0"'} if "If-Match" in names else {}


def test_should_have_a_twin_for_every_page_or_a_reason(app: Litestar) -> None:
    """A new route of the pages needs a line in `twins.py`."""
    there = {f"{method} {path.removeprefix(V1)}" for method, path, _ in operations(app)}
    pages = {f"{method} {path}" for method, path in routes(app)}
    assert pages == TWINS.keys()
    twins = {twin for twin in TWINS.values() if twin.split()[0].isupper()}
    assert twins <= there, twins - there


def test_should_let_in_whom_the_policy_of_an_operation_names(
    app: Litestar, actor: Callable[[str | None], Program], world: World, session: Session
) -> None:
    wrong = []
    for method, path, handler in operations(app):
        policy = policy_of(handler, method)
        assert policy is not None
        here = address(path, world, session)
        body, headers = example(app, method, path)
        for name in ACTORS:
            caller = actor(name)
            before = acts(world)
            status = caller.call(method, here, body, **headers).status_code
            allowed = name in LETS_IN[policy]
            refused = 401 if name in (None, LEAVER) else 403
            if status >= 500 or (not allowed and status != refused):
                wrong.append((method, path, name, status))
            if allowed and status == 401:
                wrong.append((method, path, name, status))
            if not allowed and acts(world) != before:
                wrong.append((method, path, name, "changed something"))
    assert not wrong, "\n".join(map(str, wrong))


def test_should_not_know_a_confidential_deal_that_one_does_not_see(
    app: Litestar, actor: Callable[[str | None], Program], world: World, session: Session
) -> None:
    """S1: the answer is that of a deal which does not exist, to the byte."""
    wrong, count = [], 0
    for method, path, _ in operations(app):
        if not path.startswith(f"{V1}/deals/{{key}}"):
            continue
        here = address(path, world, session)
        body, headers = example(app, method, path)
        on_hidden, on_absent = (
            here.replace(world.deals["wards"], key, 1)
            for key in (world.confidential_deal, "D-9999")
        )
        for name in MEMBERS_WITHOUT:
            count += 1
            caller = actor(name)
            before = acts(world)
            hidden = caller.call(method, on_hidden, body, **headers)
            absent = caller.call(method, on_absent, body, **headers)
            if (hidden.status_code, hidden.content) != (absent.status_code, absent.content):
                wrong.append((method, path, name, hidden.status_code, absent.status_code))
            if hidden.status_code < 400 or hidden.status_code >= 500 or acts(world) != before:
                wrong.append((method, path, name, hidden.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert count > 100


MEMBERS_WITHOUT = sorted({name for name in EVERYBODY if name} - READERS - {LEAVER})


@pytest.mark.parametrize("name", ["charlie", "dana", "grace"])
def test_should_tell_of_a_confidential_deal_in_no_answer(
    app: Litestar, program: Programs, world: World, session: Session, name: str
) -> None:
    """S1: no list, count, hit, similar deal or path has a trace of it."""
    caller = program(name)
    for method, path, _ in operations(app):
        if method != "GET":
            continue
        for query in ("", "?q=merger"):
            text = caller.get(address(path, world, session) + query).text
            for trace in (world.confidential_deal, "Nightingale", "990000", "before a merger"):
                assert trace not in text, (path, query, trace)


def test_should_answer_as_it_is_described(
    app: Litestar, program: Programs, world: World, session: Session
) -> None:
    """Every operation with its example, and every answer against its schema."""
    described = description(app)
    wrong = []
    for method, path, _ in operations(app):
        here = address(path, world, session)
        body, headers = example(app, method, path)
        if headers:
            tag = program("alice").get(parent(here)).headers.get("etag")
            headers = {"If_Match": tag or '"0"'}
        if "{" not in path and method == "GET" and "q" in str(described["paths"][path]["get"]):
            here += "?q=ward+dashboards" if needs_question(described, path) else ""
        answer = program("alice").call(method, here, body, **headers)
        status = str(answer.status_code)
        answers = described["paths"][path][method.lower()]["responses"]
        if status not in answers:
            wrong.append((method, path, status, answer.text[:200]))
            continue
        content = answers[status].get("content")
        if content is None:
            assert not answer.content, path
            continue
        [(kind, declared)] = content.items()
        assert answer.headers["content-type"].startswith(kind), path
        schema = {**declared["schema"], "components": described["components"]}
        for error in Draft202012Validator(schema).iter_errors(answer.json()):
            wrong.append((method, path, error.json_path, error.message[:200]))
        if answer.status_code not in (200, 201, 403, 404, 409, 422):
            wrong.append((method, path, status, answer.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))


def needs_question(described: Any, path: str) -> bool:
    """Whether an operation needs a text to look for."""
    parameters = described["paths"][path]["get"]["parameters"]
    return any(each["name"] == "q" and each.get("required") for each in parameters)


def parent(path: str) -> str:
    """The address of the record that a step is done to."""
    return re.sub(r"/(stage|park|wake)$", "", path)
