"""The matrix of rights, generated: every route, with every actor, on what they may see and not.

A row is a route with the policy that it declares. A route without a policy keeps the application
from starting, and `filled` fails for an address whose keys it does not know: so a new route joins
the matrix, or the tests fail.
"""

from collections.abc import Callable

import pytest
from litestar import Controller, Litestar, get, post
from litestar.handlers import HTTPRouteHandler
from sqlmodel import Session

from tests.backends import share
from tests.web.conftest import Visit, Visitor, acts
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled, routes
from tests.world import World
from web import limits
from web.limits import Kind, Limit
from web.policies import Policy, handlers, open_to, policy_of, require_policies
from workspace.deals import leaving
from workspace.people import members
from workspace.people.tables import Role

# Whom each policy lets in. A leaver's browser still has the session that was open when they left.
EVERYBODY = (None, "leaver", "frank", "alice", "bob", "charlie", "dana", "erin", "grace")
MEMBERS = frozenset(EVERYBODY) - {None, "leaver"}
LETS_IN = {
    Policy.ANYONE: frozenset(EVERYBODY),
    Policy.LINK: frozenset(EVERYBODY),
    Policy.MEMBERS: MEMBERS,
    Policy.WRITERS: MEMBERS - {"frank"},
    Policy.LEADERS: frozenset({"dana", "grace"}),
    Policy.ADMINISTRATORS: frozenset({"grace"}),
}
# Who sees the confidential deal: its owner and its team.
READERS = {"alice", "bob"}
# Forms for those who may change the thing, what only customer marketing reads, and the form for
# signing in, which leads members on.
FORMS = {
    "/accounts/new",
    "/deals/new",
    "/deals/new/account",
    "/deals/{key}/activity/mentions",
    "/deals/{key}/activity/{entry_id}/edit",
    "/deals/{key}/edit",
    "/deals/{key}/cells/{cell}",
    "/duplicates/{kind}/{one}/{other}",
    "/imports/{run_id}",
    "/imports/{run_id}/errors/{number}",
    "/introductions/new",
    "/library/new",
    "/library/{key}/edit",
    "/people/new",
    "/people/{key}/edit",
    "/people/{key}/facts/{kind}/{fact_id}",
    "/accounts/{key}/edit",
    "/references/advocates/new",
    "/references/policy",
    "/references/{key}/emails/{email}",
    "/connections",
    "/availability",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/with/{key}",
    "/sign-in/with/{key}/callback",
    # With a secret of the settings alone.
    "/metrics",
}
# It ends the session that the other rows need.
APART = {"/sign-out"}


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(100_000)))


@pytest.fixture
def actor(visit: Visit, world: World) -> Callable[[str | None], Visitor]:
    """The visitors by name; the leaver was deactivated while they were signed in."""
    with world.database.write() as session:
        person = members.add_member(session, "Lena Leaver", "lena@dealkin.example", [Role.ADMIN])
    world.people["leaver"] = person.id
    leaver = visit("leaver")
    with world.database.write() as session:
        leaving.deactivate(session, person.id, by=None)
    assert leaver.get("/").status_code == 303
    return visit


def send(visitor: Visitor, method: str, path: str) -> int:
    answer = visitor.get(path) if method == "GET" else visitor.post(path)
    return int(answer.status_code)


def is_refused(method: str, name: str | None, status: int) -> bool:
    """Whether a policy refused: who is not signed in is sent to sign in, others are told."""
    if name is None:
        # A form without a session has no token either.
        return status == (303 if method == "GET" else 403)
    return status == (303 if name == "leaver" else 403)


def test_should_let_in_whom_the_policy_of_a_route_names(
    app: Litestar, actor: Callable[[str | None], Visitor], world: World, session: Session
) -> None:
    rows = [row for row in of_pages(app) if row[1].split(":")[0] not in APART]
    # What one actor deletes, the others would not find.
    rows.sort(key=lambda row: row[1].endswith(("/delete", "/remove")))
    addresses = dict(paths(app, world, session))
    # The matrix: more than 2,500 cells.
    assert len(rows) * len(EVERYBODY) > 2_500
    wrong = []
    for method, route, handler in share(world.database, rows, 3):
        policy = policy_of(handler, method)
        assert policy is not None
        path = addresses[method, route]
        for name in EVERYBODY:
            before = acts(world)
            status = send(actor(name), method, path)
            allowed = name in LETS_IN[policy]
            if status >= 500 or (not allowed and not is_refused(method, name, status)):
                wrong.append((method, route, name, status))
            if not allowed and acts(world) != before:
                wrong.append((method, route, name, "changed something"))
            opened = status in (200, 410) or route in FORMS or "{token" in route
            if allowed and method == "GET" and not opened and short(route) not in FORMS:
                wrong.append((method, route, name, status))
    assert not wrong, "\n".join(map(str, wrong))


def test_should_not_know_a_confidential_deal_that_one_does_not_see(
    app: Litestar, actor: Callable[[str | None], Visitor], world: World, session: Session
) -> None:
    """Of a route on deals, the answer is that of a deal which does not exist."""
    wrong, count = [], 0
    hidden, absent = world.confidential_deal, "D-9999"
    for (method, route), path in paths(app, world, session):
        if not short(route).startswith("/deals/{key}"):
            continue
        on_hidden = path.replace(world.deals["wards"], hidden, 1)
        on_absent = path.replace(world.deals["wards"], absent, 1)
        for name in EVERYBODY:
            if name in READERS:
                continue
            count += 1
            before = acts(world)
            status = send(actor(name), method, on_hidden)
            if status != send(actor(name), method, on_absent) or status == 200 or status >= 500:
                wrong.append((method, route, name, status))
            if acts(world) != before:
                wrong.append((method, route, name, "changed something"))
    assert not wrong, "\n".join(map(str, wrong))
    assert count > 200


def short(route: str) -> str:
    """A route without the types of its keys."""
    return route.replace(":str}", "}").replace(":int}", "}")


def paths(app: Litestar, world: World, session: Session) -> list[tuple[tuple[str, str], str]]:
    """Every route with an address of things that are there."""
    by_short = {
        # What is done to a member's access is done to the leaver, as the actors need theirs.
        (method, path): filled(path, world, session).replace(
            "/administration/members/dana-dvorak", "/administration/members/lena-leaver"
        )
        for method, path in routes(app)
    }
    return [((method, route), by_short[method, short(route)]) for method, route, _ in of_pages(app)]


def of_pages(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """The routes of pages; `tests/web/api/test_contracts.py` has the matrix of the API."""
    return [row for row in handlers(app) if not row[2].opt.get("api")]


def test_should_fail_for_a_route_whose_keys_the_matrix_does_not_know(
    world: World, session: Session
) -> None:
    with pytest.raises(AssertionError, match="say here what to put into it"):
        filled("/deals/{key}/renewals/{renewal_id}", world, session)


class Undeclared(Controller):
    path = "/undeclared"

    @get(sync_to_thread=False)
    def show(self) -> str:
        return ""


class HalfDeclared(Controller):
    path = "/half"
    opt = open_to(reads=Policy.MEMBERS)

    @get(sync_to_thread=False)
    def show(self) -> str:
        return ""

    @post(sync_to_thread=False)
    def change(self) -> str:
        return ""


@pytest.mark.parametrize(
    ("controller", "named"), [(Undeclared, "GET /undeclared"), (HalfDeclared, "POST /half")]
)
def test_should_not_start_with_a_route_without_a_policy(
    controller: type[Controller], named: str
) -> None:
    with pytest.raises(RuntimeError, match=named):
        require_policies(Litestar([controller], openapi_config=None))


def test_should_have_a_policy_for_every_route(app: Litestar) -> None:
    require_policies(app)
    assert {policy_of(handler, method) for method, _, handler in handlers(app)} == set(Policy)
