"""The demo workspace: one-click sign-in, and a short tour.

The sign-in needs no password, so it is only for the browser on the machine that serves the demo.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Controller
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session, col, select

from web.policies import Policy, open_to
from web.routes import Request, post
from web.session_cookie import session_cookie, session_token
from web.tour import STEPS, TOUR
from web.visits import Visit
from web.workspace import Workspace
from workspace import demo
from workspace.audit import audit
from workspace.errors import NotFound
from workspace.people import sign_in
from workspace.people.tables import Member, Person

DOMAIN = "@haldenworks.example"
# Whom a visitor can be, with what they come for.
PARTS = {
    "agnieszka.wrona": ("Sales rep", "Win an open deal with what similar deals teach"),
    "dorota.zielonka": ("Sales manager", "Staff teams, follow pipeline and forecast"),
    "henrik.asmussen": ("Product expert", "Answer requests to join deals"),
    "tamsin.rowe": ("Customer marketing", "Run the reference desk"),
    "owen.tranter": ("Administrator", "Members, imports, health"),
}
# A request with one of these has come through a proxy.
_FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})


@dataclass(frozen=True)
class DemoMember:
    """A member of the demo whom a visitor can sign in as."""

    key: str
    name: str
    part: str
    aim: str


class DemoController(Controller):
    """/demo: sign-in by one click, and the tour."""

    path = "/demo"
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE)

    @post("/sign-in")
    def sign_in(self, visit: NamedDependency[Visit]) -> Response[Any]:
        part = visit.form.choice("part", PARTS)
        visit.form.done()
        if not is_from_this_machine(visit.request, visit.workspace):
            raise NotFound("There is no such page.")
        with visit.write() as session:
            people = _people(session)
            if part not in people:
                raise NotFound("There is no such member in the demo.")
            previous = session_token(visit.request)
            if previous:
                sign_in.close_session(session, previous)
            token = sign_in.open_session(session, people[part].id)
            audit(session, people[part].id, "signed in to the demo", f"person {people[part].id}")
        response = visit.go("/")
        response.set_cookie(session_cookie(visit.request, token))
        response.set_cookie(_tour_cookie("0"))
        return response

    @post("/tour", opt=open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS))
    def tour(self, visit: NamedDependency[Visit]) -> Response[Any]:
        """Go to a step of the tour, or leave it."""
        number = visit.form.choice("step", [str(place) for place in range(1, len(STEPS) + 1)])
        back = visit.form.text("back", 2000)
        visit.form.done()
        if number:
            response = visit.go(STEPS[int(number) - 1].address)
            response.set_cookie(_tour_cookie(number))
            return response
        response = visit.go(back if back.startswith("/deals/") else "/")
        response.set_cookie(Cookie(key=TOUR, value="", path="/", max_age=0, samesite="lax"))
        return response


def demo_members(visit: Visit) -> list[DemoMember]:
    """Whom the visitor can sign in as by one click; nobody outside of the demo."""
    if not is_from_this_machine(visit.request, visit.workspace):
        return []
    with visit.read() as session:
        people = _people(session)
    return [
        DemoMember(key, people[key].name, part, aim)
        for key, (part, aim) in PARTS.items()
        if key in people
    ]


def is_from_this_machine(request: Request, workspace: Workspace) -> bool:
    """Whether a request comes straight from a browser on this machine.

    The address in the bar must be local, too, so that no other site's name leads here.
    """
    if workspace.settings.origin:
        return False
    names = {name.lower() for name in request.headers}
    if names & _FORWARDED or any(name.startswith("x-forwarded") for name in names):
        return False
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    peer = request.client.host if request.client else ""
    return _is_loopback(peer) and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _people(session: Session) -> dict[str, Person]:
    """The demo's active members, by the first part of their address; none in another workspace."""
    if not demo.is_demo(session):
        return {}
    query = (
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(
            col(Person.email).in_([name + DOMAIN for name in PARTS]),
            col(Member.active).is_(True),
        )
    )
    return {str(person.email).removesuffix(DOMAIN): person for person in session.exec(query)}


def _tour_cookie(step: str) -> Cookie:
    return Cookie(key=TOUR, value=step, path="/", samesite="lax", httponly=True)
