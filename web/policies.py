"""Policies: who may use a route at all. Without one, a route keeps the application from starting.

A policy is the first question and never the only one: whether a viewer may see or change the very
thing that they ask for is decided by the functions below `web`.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from litestar import Litestar
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_leader, require_role, require_writer

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Policy(StrEnum):
    """Who may use a route."""

    # Everybody, signed in or not.
    ANYONE = "anyone"
    # The holder of the secret in the address, which takes the place of session and form's token.
    LINK = "link"
    # Signed-in members, also without a role.
    MEMBERS = "members"
    # Members with a role.
    WRITERS = "writers"
    # Managers and administrators.
    LEADERS = "leaders"
    ADMINISTRATORS = "administrators"


def open_to(reads: Policy, writes: Policy | None = None, **options: bool) -> dict[str, Any]:
    """The option `opt` of a Controller, or of one handler that differs from its Controller.

    A Controller without `writes` has no handler that writes.
    """
    return {"reads": reads, "writes": writes, **options}


def policy_of(handler: Any, method: str) -> Policy | None:
    """The policy of a handler for a method; None if it declares none."""
    declared = handler.opt.get("reads" if method in SAFE else "writes")
    return declared if isinstance(declared, Policy) else None


def require(declared: Policy, viewer: Viewer | None) -> None:
    """Refuse a viewer, or a visitor who is not signed in, whom a policy does not let in."""
    if declared in (Policy.ANYONE, Policy.LINK):
        return
    if viewer is None:
        raise NotAuthorizedException
    match declared:
        case Policy.WRITERS:
            require_writer(viewer)
        case Policy.LEADERS:
            require_leader(viewer)
        case Policy.ADMINISTRATORS:
            require_role(viewer, Role.ADMIN)


def handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every method and path that the application answers, with its handler."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            raise TypeError(f"{route.path} is no route that a policy can be declared for.")
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS":
                yield str(method), route.path, handler


def require_policies(app: Litestar) -> None:
    """Refuse to start an application with a route without a policy."""
    missing = [
        f"{method} {path}"
        for method, path, handler in handlers(app)
        if policy_of(handler, method) is None
    ]
    if missing:
        raise RuntimeError(f"No policy says who may use {', '.join(sorted(missing))}.")
