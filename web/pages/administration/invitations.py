"""An invitation's link: how administrators get it, and the page behind it."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.policies import Policy, open_to
from web.routes import get, post
from web.signin import proceed
from web.visits import Visit
from workspace.errors import Invalid
from workspace.people import invitations
from workspace.people.sign_in import passwords
from workspace.people.sign_in.passwords import MINIMUM_PASSWORD
from workspace.people.tables import Person

_HEADERS = {"X-Robots-Tag": "noindex, nofollow"}
_DIFFERENT = "The two passwords differ."


@dataclass(frozen=True)
class InvitationLink:
    """A link that was made for a member; without an address, it was mailed."""

    key: str
    name: str
    days: int
    address: str | None


@dataclass(frozen=True)
class JoinPage:
    """The form by which an invited member chooses a password."""

    here: str
    name: str
    email: str
    wrong: dict[str, str]
    minimum: int = MINIMUM_PASSWORD


class JoinController(Controller):
    """/join: where an invitation leads, for who is not signed in."""

    path = "/join/{token:str}"
    opt = open_to(reads=Policy.LINK, writes=Policy.LINK, hashes_password=True)

    @get()
    def show(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        return self._show(visit, token)

    @post()
    def join(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        form = visit.form
        password, again = form.secret("password"), form.secret("again")
        with visit.read() as session:
            invited = invitations.invited(session, token)
        if invited is None:
            return _ended(visit)
        if password != again:
            form.refuse("again", _DIFFERENT)
        try:
            form.done()
            hashed = passwords.hash_password(password, passwords.known_of(invited))
        except Invalid as refusal:
            form.come_back(refusal)
            return self._show(visit, token)
        with visit.write() as session:
            person = invitations.accept_invitation(session, token, hashed)
            if person:
                return proceed(visit, session, person.id, "/", f"Welcome, {person.name}.")
        return _ended(visit)

    def _show(self, visit: Visit, token: str) -> Response[Any]:
        with visit.read() as session:
            person = invitations.invited(session, token)
        if person is None:
            return _ended(visit)
        wrong = visit.form.wrong if visit.request.method == "POST" else {}
        page = JoinPage(f"/join/{token}", person.name, person.email or "", wrong)
        return visit.show("administration/members/join.html", page, headers=_HEADERS)


def invitation_link(
    visit: Visit, session: Session, person_id: int, token: str, how: str | None
) -> InvitationLink:
    """The link with this secret, put into the outbox if it is to be mailed."""
    address = f"{visit.workspace.origin.rstrip('/')}/join/{token}"
    person = session.get_one(Person, person_id)
    mailed = how == "mail"
    if mailed:
        if not visit.workspace.sends_mail:
            raise Invalid("No mail server is set.", {"how": "No mail server is set."})
        invitations.mail_invitation(session, person_id, address)
    days = invitations.INVITATION_LIFETIME.days
    return InvitationLink(person.key, person.name, days, None if mailed else address)


def _ended(visit: Visit) -> Response[Any]:
    """What a link shows that was used, was replaced, or is too old."""
    return visit.show("administration/members/ended.html", None, status=410, headers=_HEADERS)
