"""Passkeys: signing in with one, and how members add and remove their own."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from web.limits import network_of
from web.pages.sign_in.security import HERE, knows_password, own_person, show_page
from web.policies import Policy, open_to
from web.routes import post
from web.signin import enter, safe_next, sign_in_again
from web.visits import Visit
from workspace.audit import audit
from workspace.errors import Conflict
from workspace.people.sign_in import passkeys

# Letters of a browser's answer.
_LONGEST = 20_000
# The page has other forms with a password.
FIELD = "passkey_password"
_WRONG = "This passkey was not accepted. Use your password."


@dataclass(frozen=True)
class NewPasskey:
    """A passkey that the browser is asked to make."""

    name: str
    # What the browser needs, as JSON.
    options: str
    problem: str


class PasskeySignInController(Controller):
    """/sign-in/passkey."""

    path = "/sign-in/passkey"
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE)

    @post("/options")
    def options(self, visit: NamedDependency[Visit]) -> Response[str]:
        with visit.write() as session:
            told = passkeys.begin_sign_in(session, _site(visit))
        return Response(told, status_code=200, media_type="application/json")

    @post()
    def sign_in(self, visit: NamedDependency[Visit]) -> Response[Any]:
        answer = visit.form.text("credential", _LONGEST)
        back = safe_next(visit.form.text("next", 2000))
        with visit.write() as session:
            person_id = passkeys.member_for(session, answer, visit.workspace.origin)
            if person_id is not None:
                response = visit.go(back)
                enter(session, visit.request, response, person_id)
                return response
            address: dict[str, object] = {"address": network_of(visit.request)}
            audit(session, None, "sign-in failed", "unknown passkey", address)
        return sign_in_again(visit, back, _WRONG)


class PasskeyController(Controller):
    """/security/passkeys: the viewer's own."""

    path = f"{HERE}/passkeys"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @post(hashes_password=True)
    def begin(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form = visit.form
        name = form.text("name", 60, required=True)
        if form.wrong:
            form.secret(FIELD)
        else:
            knows_password(visit, form, FIELD)
        options = ""
        with visit.saving() as session:
            form.done()
            options = passkeys.begin_adding(session, own_person(visit), _site(visit))
        if form.refusal:
            return show_page(visit, "passkey", form)
        page = NewPasskey(name, options, "")
        return visit.show("sign_in/new_passkey.html", page, status=200)

    @post("/confirm")
    def confirm(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form, own = visit.form, own_person(visit)
        name = form.text("name", 60, required=True)
        answer = form.text("credential", _LONGEST, required=True)
        with visit.saving() as session:
            form.done()
            passkeys.add(session, own.id, name, answer, visit.workspace.origin)
        if form.refusal:
            problem = next(iter(form.wrong.values()))
            return visit.show("sign_in/new_passkey.html", NewPasskey(name, "", problem))
        return visit.go(HERE, f"Passkey {name} added.")

    @post("/{key:str}/remove")
    def remove(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            passkeys.remove(session, own_person(visit).id, key)
        return visit.go(HERE, "Passkey removed.")


def _site(visit: Visit) -> str:
    """The site that passkeys are made for; `Conflict` where browsers make none."""
    site = passkeys.site_of(visit.workspace.origin)
    if site is None:
        raise Conflict("Passkeys need an address with a name and TLS: set DEALKIN_ORIGIN.")
    return site
