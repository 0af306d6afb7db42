"""Signing in and out, and the display preferences of a browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Controller
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.demo_access import DemoMember, demo_members
from web.devices import device_of
from web.limits import network_of
from web.policies import Policy, open_to
from web.routes import Request, get, post
from web.session_cookie import (
    closed_cookie,
    device_cookie,
    device_token,
    pending_cookie,
    session_cookie,
    session_token,
    signed_out_cookie,
)
from web.visits import Visit
from workspace.audit import audit
from workspace.people.members import active_member_id
from workspace.people.sign_in import passwords, providers, sessions, throttling, two_step
from workspace.people.sign_in.passkeys import site_of
from workspace.people.sign_in.rules import rules_of

# Where a member enters the code of their app.
CODE = "/sign-in/code"
_NO_PASSWORDS = "Passwords are switched off here. Sign in through the identity provider."
_WRONG = "Wrong email or password."
_TOO_MANY = "Too many tries. Wait a quarter of an hour, or ask an administrator for a new password."


@dataclass(frozen=True)
class SignInPage:
    """The sign-in form, and why the last attempt failed."""

    email: str
    next: str
    error: str
    # Whether a lost password can be replaced by mail.
    sends_mail: bool
    takes_passwords: bool
    # The key and the name of each identity provider.
    providers: list[tuple[str, str]]
    # Whether a browser can offer its passkeys.
    takes_passkeys: bool
    # Whom a visitor of the demo can be by one click.
    demo: Sequence[DemoMember]


class SignInController(Controller):
    """/sign-in, for people who are not signed in."""

    path = "/sign-in"
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE, hashes_password=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[Any]:
        back = safe_next(visit.form.text("next", 2000))
        if visit.request.scope.get("user"):
            return visit.go(back)
        response = _show(visit, "", back, "", 200)
        cookie = signed_out_cookie(visit.request)
        if cookie:
            response.set_cookie(cookie)
        return response

    @post()
    def sign_in(self, visit: NamedDependency[Visit]) -> Response[Any]:
        email = visit.form.text("email", 254).lower()
        password = visit.form.secret("password")
        back = safe_next(visit.form.text("next", 2000))
        address = network_of(visit.request)
        with visit.read() as session:
            if not rules_of(session).takes_passwords:
                return _show(visit, "", back, _NO_PASSWORDS, 422)
            guess = throttling.guess_of(session, email, address, device_token(visit.request))
            # A refused attempt is not counted, so that a lockout ends by waiting.
            allowed = throttling.may_try(session, guess, 1)
        if allowed:
            # The attempt is counted and committed before the password is checked, so that
            # concurrent guesses cannot exceed the limit.
            with visit.write() as session:
                counted = throttling.count_attempt(session, guess.subject, guess.address)
            with visit.read() as session:
                allowed = throttling.may_try(session, guess, 0)
        if not allowed:
            return _show(visit, email, back, _TOO_MANY, 429)
        # The hash takes a third of a second on purpose, too long for a write transaction.
        with visit.read() as session:
            person = passwords.check_password(session, email, password)
        if not person:
            with visit.write() as session:
                whose = active_member_id(session, email)
                subject = f"person {whose}" if whose else "unknown account"
                audit(session, None, "sign-in failed", subject, {"address": address})
            return _show(visit, email, back, _WRONG, 422)
        with visit.write() as session:
            throttling.forget_attempts(session, guess.subject, counted)
            return proceed(visit, session, person.id, back)


class SignOutController(Controller):
    """/sign-out."""

    path = "/sign-out"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @post()
    def sign_out(self, visit: NamedDependency[Visit]) -> Response[Any]:
        token = session_token(visit.request)
        if token:
            with visit.write() as session:
                sessions.close_session(session, token)
        return signed_out(visit)


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


def sign_in_again(visit: Visit, back: str, error: str) -> Response[str]:
    """The sign-in page after an attempt of another kind than with a password."""
    return _show(visit, "", back, error, 422)


def _show(visit: Visit, email: str, back: str, error: str, status: int) -> Response[str]:
    with visit.read() as session:
        takes_passwords = rules_of(session).takes_passwords
        page = SignInPage(
            email,
            back,
            error,
            visit.workspace.sends_mail,
            takes_passwords,
            [(row.key, row.name) for row in providers.providers(session)],
            takes_passwords and site_of(visit.workspace.origin) is not None,
            demo_members(visit),
        )
    return visit.show("sign_in/show.html", page, status=status)


def proceed(
    visit: Visit, session: Session, person_id: int, back: str, notice: str = ""
) -> Response[Any]:
    """Sign a member in who has proved the first step: at once, or once they have entered a code."""
    state = two_step.state_of(session, person_id)
    if not (state.is_on or state.is_required):
        response = visit.go(back, notice)
        enter(session, visit.request, response, person_id)
        return response
    if not state.is_on:
        two_step.begin(session, visit.workspace.keyring, person_id)
    response = visit.go(f"{CODE}?{urlencode({'next': back})}")
    token = two_step.wait_for_code(session, person_id)
    response.set_cookie(pending_cookie(visit.request, token))
    return response


def enter(session: Session, request: Request, response: Response[Any], person_id: int) -> None:
    """Sign a member in, in place of an earlier session of this browser, and know it from now on."""
    previous_token = session_token(request)
    if previous_token:
        sessions.close_session(session, previous_token)
    address = network_of(request)
    token = sessions.open_session(session, person_id, device_of(request), address)
    device = throttling.know_device(session, person_id, device_token(request))
    audit(session, person_id, "signed in", f"person {person_id}", {"address": address})
    response.set_cookie(session_cookie(request, token, rules_of(session).lifetime))
    response.set_cookie(device_cookie(request, device))


def signed_out(visit: Visit) -> Response[Any]:
    """What a browser gets whose session has just been ended."""
    response = visit.go("/sign-in")
    response.set_cookie(closed_cookie(visit.request))
    # What the browser has kept of the pages goes; the theme in its cookie is nobody's secret.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def safe_next(path: str) -> str:
    """`path` if it is on this site, else the start page."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or "\t" in path:
        return "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    return path if not parts.scheme and not parts.netloc else "/"
