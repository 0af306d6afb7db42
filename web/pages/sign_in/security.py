"""What members look after themselves: their browsers, their password and their e-mail address."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.session_cookie import session_token
from web.signin import enter, signed_out
from web.visits import Visit
from workspace.audit import audit
from workspace.errors import Invalid, TooMany
from workspace.people.sign_in import address, passkeys, passwords, sessions, throttling
from workspace.people.sign_in.passwords import MINIMUM_PASSWORD
from workspace.people.sign_in.sessions import SessionRow
from workspace.people.sign_in.tables import Passkey
from workspace.people.sign_in.two_step import TwoStepState, state_of
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

HERE = "/security"
EVERYWHERE = "everywhere"
_HEADERS = {"X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True)
class SecurityPage:
    """A member's own access."""

    email: str
    # The new address that waits for its link.
    asked_email: str
    sends_mail: bool
    rows: list[SessionRow]
    two_step: TwoStepState
    passkeys: list[Passkey]
    # Whether browsers make passkeys for this address.
    makes_passkeys: bool
    # The form that came back, and what is wrong in it.
    form: str
    values: dict[str, str]
    wrong: dict[str, str]
    minimum: int = MINIMUM_PASSWORD


class SecurityController(Controller):
    """/security: the viewer's own."""

    path = HERE
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return show_page(visit, "", Form())

    @post("/sessions")
    def end(self, visit: NamedDependency[Visit]) -> Response[Any]:
        key = visit.form.text("session", 40, required=True)
        visit.form.done()
        own = visit.viewer.person_id
        if own is None:
            raise Invalid("Only members have sessions.")
        with visit.write() as session:
            if key == EVERYWHERE:
                sessions.end_sessions(session, own, by=own)
            else:
                sessions.end_session(session, own, key)
            ended = sessions.viewer_of(session, session_token(visit.request) or "") is None
        return signed_out(visit) if ended else visit.go(HERE, "That browser is signed out.")

    @post("/password", hashes_password=True)
    def change_password(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form = visit.form
        new, again = form.secret("new"), form.secret("again")
        if new != again:
            form.refuse("again", "The two passwords differ.")
        person = own_person(visit)
        hashed = ""
        if knows_password(visit, form, "current") and not form.wrong:
            try:
                hashed = passwords.hash_password(new, passwords.known_of(person))
            except Invalid as refusal:
                form.refuse("new", refusal.fields["password"])
        try:
            form.done()
        except Invalid as refusal:
            form.come_back(refusal)
            return show_page(visit, "password", form)
        response = visit.go(HERE, "Password changed. All other browsers are signed out.")
        with visit.write() as session:
            passwords.store_password(session, person.id, hashed)
            audit(session, person.id, "password changed", f"person {person.id}")
            enter(session, visit.request, response, person.id)
        return response

    @post("/address", hashes_password=True)
    def change_address(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form = visit.form
        email = form.text("email", 254, required=True)
        person = own_person(visit)
        if not visit.workspace.sends_mail:
            form.refuse("email", "No mail server is set up. Ask an administrator to change it.")
        elif not form.wrong:
            knows_password(visit, form, "password")
        else:
            form.secret("password")
        with visit.saving() as session:
            form.done()
            token = address.ask_for_change(session, person.id, email)
            link = f"{visit.workspace.origin.rstrip('/')}/confirm/{token}"
            address.mail_link(session, person, email, link)
        if form.refusal:
            return show_page(visit, "address", form)
        return visit.go(HERE, f"Open the link in the mail to {email}.")


class ConfirmController(Controller):
    """/confirm: where the link leads that was mailed to a new e-mail address."""

    path = "/confirm/{token:str}"
    opt = open_to(reads=Policy.LINK, writes=Policy.LINK)

    @get()
    def show(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        with visit.read() as session:
            change = address.asked_change(session, token)
        if change is None:
            return _ended(visit)
        page = ConfirmPage(f"/confirm/{token}", change.email)
        return visit.show("sign_in/confirm.html", page, headers=_HEADERS)

    @post()
    def confirm(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            person = address.confirm_change(session, token)
        if person is None:
            return _ended(visit)
        return visit.go("/", f"You now sign in with {person.email}.")


@dataclass(frozen=True)
class ConfirmPage:
    """The question whether an address is to be used."""

    here: str
    email: str


def security_page(
    session: Session,
    viewer: Viewer,
    token: str,
    origin: str,
    sends_mail: bool,
    name: str,
    form: Form,
) -> SecurityPage:
    """A member's own access, with the form of that name as it came back."""
    person = session.get_one(Person, viewer.person_id)
    change = address.pending_change(session, person.id)
    return SecurityPage(
        email=person.email or "",
        asked_email=change.email if change else "",
        sends_mail=sends_mail,
        rows=sessions.sessions_of(session, person.id, token),
        two_step=state_of(session, person.id),
        passkeys=passkeys.passkeys_of(session, person.id),
        makes_passkeys=passkeys.site_of(origin) is not None,
        form=name,
        values=form.values,
        wrong=form.wrong,
    )


def show_page(visit: Visit, name: str, form: Form) -> Response[str]:
    """The page, with the form of that name as it came back."""
    token = session_token(visit.request) or ""
    workspace = visit.workspace
    page = visit.page(security_page, token, workspace.origin, workspace.sends_mail, name, form)
    return visit.show("sign_in/security.html", page)


def own_person(visit: Visit) -> Person:
    """The member who is signed in."""
    with visit.read() as session:
        return session.get_one(Person, visit.viewer.person_id)


def knows_password(visit: Visit, form: Form, name: str) -> bool:
    """Whether a field has the viewer's password; refused in the form if not.

    The tries are limited as at the sign-in: a browser that was left open is no way to guess.
    """
    password, own = form.secret(name), visit.viewer.person_id
    subject = throttling.password_subject(own)
    with visit.write() as session:
        if throttling.attempts(session, subject) >= throttling.ATTEMPT_LIMIT:
            raise TooMany("Too many wrong passwords. Try again in a quarter of an hour.")
        counted = throttling.count_attempt(session, subject)
        password_hash = session.get_one(Member, own).password_hash
    if not passwords.verify(password, password_hash):
        form.refuse(name, "Wrong password.")
        return False
    with visit.write() as session:
        throttling.forget_attempts(session, subject, counted)
    return True


def _ended(visit: Visit) -> Response[Any]:
    """What a link shows that was used, was replaced, or is too old."""
    template = "administration/members/ended.html"
    return visit.show(template, None, status=410, headers=_HEADERS)
