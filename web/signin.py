"""Signing in and out, and the display preferences of a browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Controller
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Response

from web.limits import network_of
from web.pages.demo import DemoMember, demo_members
from web.policies import Policy, open_to
from web.routes import get, post
from web.session_cookie import closed_cookie, session_cookie, session_token, signed_out_cookie
from web.visits import Visit
from workspace.audit import audit
from workspace.database import Database
from workspace.people import sign_in

_WRONG = "Wrong email or password."
_TOO_MANY = "Too many tries. Wait a quarter of an hour, or ask an administrator for a new password."


@dataclass(frozen=True)
class SignInPage:
    """The sign-in form, and why the last attempt failed."""

    email: str
    next: str
    error: str
    # Whom a visitor of the demo can be by one click.
    demo: Sequence[DemoMember] = ()


class SignInController(Controller):
    """/sign-in, for people who are not signed in."""

    path = "/sign-in"
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE, hashes_password=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[Any]:
        back = safe_next(visit.form.text("next", 2000))
        if visit.request.scope.get("user"):
            return visit.go(back)
        response = visit.show("sign_in.html", SignInPage("", back, "", demo_members(visit)))
        cookie = signed_out_cookie(visit.request)
        if cookie:
            response.set_cookie(cookie)
        return response

    @post()
    def sign_in(self, visit: NamedDependency[Visit]) -> Response[Any]:
        email = visit.form.text("email", 254).lower()
        password = (visit.form.sent.get("password") or [""])[0][:1000]
        back = safe_next(visit.form.text("next", 2000))
        account = sign_in.account_subject(email)
        address = f"address {network_of(visit.request)}"
        # A refused attempt is not counted, so that a lockout ends by waiting.
        allowed = _within_limits(visit.workspace.database, account, address, 1)
        if allowed:
            # The attempt is counted and committed before the password is checked, so that
            # concurrent guesses cannot exceed the limit.
            with visit.write() as session:
                counted = sign_in.count_attempt(session, account, address)
            allowed = _within_limits(visit.workspace.database, account, address, 0)
        if not allowed:
            return visit.show("sign_in.html", SignInPage(email, back, _TOO_MANY), status=429)
        # The hash takes a third of a second on purpose, too long for a write transaction.
        with visit.read() as session:
            person = sign_in.check_password(session, email, password)
        with visit.write() as session:
            if person:
                sign_in.forget_attempts(session, account, counted)
                previous_token = session_token(visit.request)
                if previous_token:
                    sign_in.close_session(session, previous_token)
                token = sign_in.open_session(session, person.id)
                audit(session, person.id, "signed in", f"person {person.id}")
            else:
                audit(session, None, "sign-in failed", address)
        if not person:
            return visit.show("sign_in.html", SignInPage(email, back, _WRONG), status=422)
        response = visit.go(back)
        response.set_cookie(session_cookie(visit.request, token))
        return response


class SignOutController(Controller):
    """/sign-out."""

    path = "/sign-out"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @post()
    def sign_out(self, visit: NamedDependency[Visit]) -> Response[Any]:
        token = session_token(visit.request)
        if token:
            with visit.write() as session:
                sign_in.close_session(session, token)
        response = visit.go("/sign-in")
        response.set_cookie(closed_cookie(visit.request))
        # What the browser has kept of the pages goes; the theme in its cookie is nobody's secret.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


class PreferencesController(Controller):
    """/preferences: theme and shortcuts, in cookies, so that the first paint has the theme."""

    path = "/preferences"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @post()
    def choose(self, visit: NamedDependency[Visit]) -> Response[Any]:
        theme = visit.form.choice("theme", ("auto", "light", "dark"))
        shortcuts = visit.form.choice("shortcuts", ("on", "off"))
        back = safe_next(visit.form.text("next", 2000))
        visit.form.done()
        response = visit.go(back)
        for name, value in (("theme", theme), ("shortcuts", shortcuts)):
            if value:
                response.set_cookie(
                    Cookie(key=name, value=value, path="/", max_age=31_536_000, samesite="lax")
                )
        return response


def _within_limits(database: Database, account: str, address: str, more: int) -> bool:
    """Whether the counted attempts and `more` are within both limits."""
    with database.read() as session:
        return (
            sign_in.attempts(session, account) + more <= sign_in.ATTEMPT_LIMIT
            and sign_in.attempts(session, address) + more <= sign_in.ADDRESS_LIMIT
        )


def safe_next(path: str) -> str:
    """`path` if it is on this site, else the start page."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or "\t" in path:
        return "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    return path if not parts.scheme and not parts.netloc else "/"
