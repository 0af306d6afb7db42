"""Today: what a member has to do, what their role looks at first, and what happened."""

from dataclasses import dataclass, replace
from datetime import date

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from references.network.keeping_in_touch import drafts
from references.suggestion_counts import Fate, SuggestionKind
from web.pages.homes import (
    ADVISED,
    AdminHome,
    Advice,
    DeskHome,
    ManagerHome,
    Waiting,
    admin_home,
    advice_of,
    desk_home,
    manager_home,
    waiting_of,
)
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from web.workspace import Workspace
from workspace.clock import today
from workspace.collaboration import inbox, reminders, tasks
from workspace.collaboration.inbox import Item
from workspace.collaboration.reminders import Occasion
from workspace.collaboration.tasks import TaskRow
from workspace.deals import lists
from workspace.deals.lists import DealRow
from workspace.deals.tables import Outcome
from workspace.deals.workload import Load, loads_of
from workspace.people.tables import Role
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
    # Whether the viewer's own deals are shown though they have none.
    sells: bool
    closed: list[DealRow]
    events: list[Event]
    # The viewer's next deals, and the suggestions for them; None where these follow.
    advised: list[DealRow]
    advice: list[Advice] | None
    waiting: Waiting
    # The workload of an expert.
    load: Load | None
    manager: ManagerHome | None
    desk: DeskHome | None
    admin: AdminHome | None
    # What they have to do, and whom they want to write to.
    tasks: list[TaskRow]
    to_write: list[Occasion]
    # A draft for each of them, by the contact's key.
    drafts: dict[str, str]
    # The newest of their inbox.
    told: list[Item]


@dataclass(frozen=True)
class NextDeals:
    """The suggestions for the viewer's next deals, which follow the page."""

    advised: list[DealRow]
    advice: list[Advice]


class TodayController(Controller):
    """/, and the suggestions that follow it."""

    path = "/"
    opt = open_to(reads=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("today/show.html", visit.page(today_of, visit.workspace))

    @get("/advice")
    def advise(self, visit: NamedDependency[Visit]) -> Response[str]:
        found = visit.page(next_deals, visit.workspace)
        for each in found.advice:
            if each.kin:
                visit.count(SuggestionKind.SIMILAR, Fate.SHOWN, each.deal, [each.kin.key])
            if each.play:
                visit.count(SuggestionKind.CONTENT, Fate.SHOWN, each.deal, [each.play.key])
            if each.reference:
                key = each.reference.person.key
                visit.count(SuggestionKind.REFERENCE, Fate.SHOWN, each.deal, [key])
        if visit.wants_fragment:
            return visit.show("today/_advice.html", found)
        page = visit.page(today_of, visit.workspace)
        return visit.show("today/show.html", replace(page, advice=found.advice))


def next_deals(session: Session, viewer: Viewer, workspace: Workspace) -> NextDeals:
    """The suggestions for a member's next deals."""
    advised = _advised(viewer, _open_deals(session, viewer))
    return NextDeals(advised, advice_of(session, viewer, workspace, advised))


def _open_deals(session: Session, viewer: Viewer) -> list[DealRow]:
    if viewer.person_id is None:
        return []
    return lists.deals_of_member(session, viewer, viewer.person_id, outcome=Outcome.OPEN, limit=40)


def _sells(viewer: Viewer) -> bool:
    return Role.REP in viewer.roles or not viewer.roles


def _advised(viewer: Viewer, mine: list[DealRow]) -> list[DealRow]:
    """The deals that have suggestions: those that close next, of a member who sells."""
    return mine[:ADVISED] if _sells(viewer) else []


def today_of(session: Session, viewer: Viewer, workspace: Workspace) -> Today:
    """A member's day, without suggestions: finding them takes as long as all the rest."""
    roles, catalog = viewer.roles, workspace.catalog
    mine = _open_deals(session, viewer)
    known = [(row.id, row.key, row.name) for row in mine]
    to_write = reminders.occasions(session, viewer)[:PEOPLE]
    return Today(
        name=viewer.name.split()[0] if viewer.name else "",
        day=today(),
        mine=mine,
        sells=_sells(viewer),
        overdue=sum(row.overdue for row in mine),
        closed=lists.closed_deals(session, viewer),
        events=timeline(session, known, limit=7) if known else [],
        advised=_advised(viewer, mine),
        advice=None,
        waiting=waiting_of(session, viewer, catalog),
        load=loads_of(session, viewer).get(viewer.person_id or 0) if Role.EXPERT in roles else None,
        manager=manager_home(session, viewer) if Role.MANAGER in roles else None,
        desk=desk_home(session, viewer) if Role.MARKETER in roles else None,
        admin=admin_home(session, viewer, workspace) if Role.ADMIN in roles else None,
        tasks=tasks.tasks_of_member(session, viewer, limit=TASKS),
        to_write=to_write,
        drafts=drafts(session, viewer, to_write),
        told=inbox.items(session, viewer, limit=TOLD),
    )
