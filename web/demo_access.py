"""Who may enter the demo workspace by one click, and as whom.

The sign-in needs no password, so it is only for the browser on the machine that serves the demo.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from web.routes import Request
from web.visits import Visit
from web.workspace import Workspace
from workspace import demo
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


def demo_members(visit: Visit) -> list[DemoMember]:
    """Whom the visitor can sign in as by one click; nobody outside of the demo."""
    if not is_from_this_machine(visit.request, visit.workspace):
        return []
    with visit.read() as session:
        people = people_of_demo(session)
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
        # A proxy may send a host of its own, but the browser's origin with a form.
        origin = urlsplit(request.headers.get("origin", f"//{host}")).hostname or ""
    except ValueError:
        return False
    peer = request.client.host if request.client else ""
    return all(map(_is_loopback, (peer, host, origin)))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def people_of_demo(session: Session) -> dict[str, Person]:
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
