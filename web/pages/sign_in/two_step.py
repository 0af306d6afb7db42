"""Two-step verification: the code after the password, and how members set it up."""

from dataclasses import dataclass
from typing import Any

import segno
from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.limits import network_of
from web.pages.sign_in.security import HERE, knows_password, own_person, show_page
from web.policies import Policy, open_to
from web.routes import get, post
from web.session_cookie import pending_cookie, pending_token
from web.signin import CODE, enter, safe_next
from web.visits import Visit
from workspace.audit import audit
from workspace.errors import Invalid, TooMany
from workspace.people.sign_in import throttling, two_step
from workspace.people.sign_in.throttling import Guess
from workspace.people.tables import Person

SET_UP = f"{HERE}/two-step"
# The page has another form with a password.
FIELD = "two_step_password"


@dataclass(frozen=True)
class CodePage:
    """The form for a code, after the password or while the app is being set up."""

    action: str
    next: str
    wrong: dict[str, str]
    # What the app reads, as an image and as a text, while it is being set up.
    image: str
    secret: str


@dataclass(frozen=True)
class CodesPage:
    """Recovery codes, shown this once, and where to go from here."""

    codes: list[str]
    next: str


class CodeController(Controller):
    """/sign-in/code: the second step, for members who have given their password."""

    path = CODE
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[Any]:
        back = safe_next(visit.form.text("next", 2000))
        with visit.read() as session:
            person_id = _waiting(visit, session)
            if person_id is None:
                return visit.go("/sign-in")
            return _code_form(visit, session, person_id, CODE, back, {})

    @post()
    def enter_code(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form, keyring = visit.form, visit.workspace.keyring
        code = form.text("code", 40)
        back = safe_next(form.text("next", 2000))
        with visit.read() as session:
            person_id = _waiting(visit, session)
        if person_id is None:
            return visit.go("/sign-in")
        counted = _count(visit, person_id)
        codes: list[str] = []
        wrong = {}
        with visit.write() as session:
            if two_step.state_of(session, person_id).is_on:
                if not two_step.accepts(session, keyring, person_id, code):
                    wrong = {"code": two_step.WRONG_CODE}
            else:
                try:
                    codes = two_step.confirm(session, keyring, person_id, code)
                except Invalid as refusal:
                    wrong = refusal.fields
            if wrong:
                audit(session, None, "two-step code refused", f"person {person_id}")
                return _code_form(visit, session, person_id, CODE, back, wrong)
            throttling.forget_attempts(session, throttling.code_subject(person_id), counted)
            two_step.end_waiting(session, person_id)
            response = visit.go(back)
            if codes:
                page = CodesPage(codes, back)
                response = visit.show("sign_in/first_codes.html", page, status=200)
            enter(session, visit.request, response, person_id)
        response.set_cookie(pending_cookie(visit.request, ""))
        return response


class TwoStepController(Controller):
    """/security/two-step: members set it up, renew their recovery codes, and turn it off."""

    path = SET_UP
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[Any]:
        return self._form(visit, {})

    @post("/confirm")
    def confirm(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form, own = visit.form, own_person(visit).id
        code = form.text("code", 40, required=True)
        form.done()
        counted = _count(visit, own)
        try:
            with visit.write() as session:
                codes = two_step.confirm(session, visit.workspace.keyring, own, code)
                throttling.forget_attempts(session, throttling.code_subject(own), counted)
        except Invalid as refusal:
            return self._form(visit, refusal.fields, status=422)
        return visit.show("sign_in/codes.html", CodesPage(codes, HERE), status=200)

    @post(hashes_password=True)
    def change(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form, own = visit.form, own_person(visit).id
        then = form.choice("then", ("set up", "renew", "turn off"), required=True)
        if form.wrong:
            form.secret(FIELD)
        else:
            knows_password(visit, form, FIELD)
        try:
            form.done()
        except Invalid as refusal:
            form.come_back(refusal)
            return show_page(visit, "two-step", form)
        with visit.write() as session:
            if then == "set up":
                two_step.begin(session, visit.workspace.keyring, own)
            elif then == "turn off":
                two_step.turn_off(session, own)
            else:
                page = CodesPage(two_step.renew_codes(session, own), HERE)
                return visit.show("sign_in/codes.html", page, status=200)
        if then == "set up":
            return visit.go(SET_UP)
        return visit.go(HERE, "Two-step verification is off.")

    def _form(self, visit: Visit, wrong: dict[str, str], status: int = 200) -> Response[Any]:
        with visit.read() as session:
            own = own_person(visit)
            if not two_step.address_of(session, visit.workspace.keyring, own.id, own.email or ""):
                return show_page(visit, "", Form())
            here = f"{SET_UP}/confirm"
            return _code_form(visit, session, own.id, here, "", wrong, "sign_in/set_up.html")


def _waiting(visit: Visit, session: Session) -> int | None:
    token = pending_token(visit.request)
    return two_step.waiting_for_code(session, token) if token else None


def _count(visit: Visit, person_id: int) -> list[int]:
    """Count a try before the code is looked at; refused where there were too many."""
    guess = Guess(throttling.code_subject(person_id), f"address {network_of(visit.request)}", False)
    with visit.write() as session:
        if not throttling.may_try(session, guess, 1):
            raise TooMany("Too many wrong codes. Try again in a quarter of an hour.")
        return throttling.count_attempt(session, guess.subject, guess.address)


def _code_form(
    visit: Visit,
    session: Session,
    person_id: int,
    action: str,
    back: str,
    wrong: dict[str, str],
    template: str = "sign_in/code.html",
) -> Response[str]:
    """The form for a code, with the image for the app while it is being set up."""
    email = session.get_one(Person, person_id).email or ""
    address = two_step.address_of(session, visit.workspace.keyring, person_id, email)
    image = segno.make_qr(address).svg_data_uri(scale=4, light="white") if address else ""
    secret = address.partition("secret=")[2].partition("&")[0] if address else ""
    page = CodePage(action, back, wrong, image, secret)
    return visit.show(template, page, status=422 if wrong else 200)
