"""Today: what a member has to do, and what happened around them."""

from dataclasses import dataclass
from datetime import date

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from references.desk import queue
from references.desk.queue import RequestRow, View
from references.introductions.lists import OwnRequest, ReceivedRequest, requests_by, requests_to
from references.introductions.tables import Standing
from references.teams.requests import SeatRequest, seat_requests
from similarity.index.catalog import Catalog
from web.routes import get
from web.visits import Visit
from workspace.clock import today
from workspace.collaboration import inbox, reminders, tasks
from workspace.collaboration.inbox import Item
from workspace.collaboration.reminders import Occasion
from workspace.collaboration.tasks import TaskRow
from workspace.deals import lists
from workspace.deals.lists import DealRow
from workspace.deals.tables import Outcome
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import Event, timeline

TASKS = 12
PEOPLE = 5
TOLD = 4


@dataclass(frozen=True)
class Today:
    """The first page after signing in."""

    name: str
    day: date
    overdue: int
    mine: list[DealRow]
    closed: list[DealRow]
    events: list[Event]
    # What colleagues wait for the viewer's answer to, and who has told the viewer yes.
    to_introduce: list[ReceivedRequest]
    agreed: list[OwnRequest]
    # The references that they asked for, see to, or have to agree to.
    references: list[RequestRow]
    # The seats that the viewer is asked to take.
    seats: list[SeatRequest]
    # What they have to do, and whom they want to write to.
    tasks: list[TaskRow]
    to_write: list[Occasion]
    # The newest of their inbox.
    told: list[Item]


class TodayController(Controller):
    """/."""

    path = "/"

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("today.html", visit.page(today_of, visit.workspace.catalog))


def today_of(session: Session, viewer: Viewer, catalog: Catalog) -> Today:
    """A member's day."""
    mine: list[DealRow] = []
    if viewer.person_id is not None:
        mine = lists.deals_of_member(
            session, viewer, viewer.person_id, outcome=Outcome.OPEN, limit=40
        )
    known = [(row.id, row.key, row.name) for row in mine]
    return Today(
        name=viewer.name.split()[0] if viewer.name else "",
        day=today(),
        mine=mine,
        overdue=sum(row.overdue for row in mine),
        closed=lists.closed_deals(session, viewer),
        seats=seat_requests(session, viewer, catalog),
        events=timeline(session, known, limit=7) if known else [],
        to_introduce=[row for row in requests_to(session, viewer) if row.waiting],
        agreed=[row for row in requests_by(session, viewer) if row.standing == Standing.YES],
        references=queue.queued_requests(session, viewer, View.MINE, limit=8),
        tasks=tasks.tasks_of_member(session, viewer, limit=TASKS),
        to_write=reminders.occasions(session, viewer)[:PEOPLE],
        told=inbox.items(session, viewer, limit=TOLD),
    )
