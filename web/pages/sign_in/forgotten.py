"""The form for a lost password, which mails a link."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from web.policies import Policy, open_to
from web.routes import get, post
from web.session_cookie import signed_out_cookie
from web.visits import Visit
from workspace.people import invitations


@dataclass(frozen=True)
class ForgottenPage:
    """The form, or after it what happens now."""

    sends_mail: bool
    # The address that a mail goes to if it is a member's.
    sent_to: str


class ForgottenController(Controller):
    """/sign-in/forgotten."""

    path = "/sign-in/forgotten"
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[Any]:
        response = _show(visit, "")
        cookie = signed_out_cookie(visit.request)
        if cookie:
            response.set_cookie(cookie)
        return response

    @post()
    def ask(self, visit: NamedDependency[Visit]) -> Response[Any]:
        email = visit.form.text("email", 254, required=True)
        visit.form.done()
        if visit.workspace.sends_mail:
            with visit.write() as session:
                asked = invitations.ask_for_reset(session, email)
                if asked:
                    person, token = asked
                    link = f"{visit.workspace.origin.rstrip('/')}/join/{token}"
                    invitations.mail_reset(session, person, link)
        return _show(visit, email)


def _show(visit: Visit, sent_to: str) -> Response[str]:
    page = ForgottenPage(visit.workspace.sends_mail, sent_to)
    return visit.show("sign_in/forgotten.html", page, status=200)
