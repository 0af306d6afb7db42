"""The caller over the API: whom a token acts for, and what they have to do."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from web.api.calls import Call
from web.api.operations import for_programs, read
from web.policies import Policy
from workspace.collaboration import inbox
from workspace.collaboration.reminders import Occasion, occasions
from workspace.collaboration.tasks import TaskRow, tasks_of_member
from workspace.deals.team import AskedSeat, asked_seats
from workspace.people.tables import Person


@dataclass(frozen=True)
class Me:
    """The member whom a token acts for, and what waits for them."""

    key: str
    name: str
    roles: list[str]
    scopes: list[str]
    tasks: list[TaskRow]
    # Seats that they were asked to take.
    seats: list[AskedSeat]
    # People to get in touch with.
    occasions: list[Occasion]
    inbox: int


class MeController(Controller):
    """/api/v1/me."""

    path = "/api/v1/me"
    opt = for_programs("Me", reads=Policy.MEMBERS)

    @read(summary="Get the caller", answers=Me)
    def get(self, call: NamedDependency[Call]) -> Response[bytes]:
        viewer = call.viewer
        with call.read() as session:
            me = Me(
                key=session.get_one(Person, viewer.person_id).key,
                name=viewer.name,
                roles=sorted(viewer.roles),
                scopes=sorted(call.token.scopes),
                tasks=tasks_of_member(session, viewer),
                seats=asked_seats(session, viewer),
                occasions=occasions(session, viewer),
                inbox=inbox.count(session, viewer),
            )
            return call.answer(me)
