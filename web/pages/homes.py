"""What the first page shows each role: what a rep's deals can learn, a manager's pipeline and
forecast, the state of the reference desk, and what an administrator looks after."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk import queue
from references.desk.advocates import Activity
from references.desk.influence import FEWEST_REQUESTS, Flow, Gap, measure_influence
from references.desk.queue import AdvocateRow, RequestRow, View
from references.desk.request import DESK_ROLES
from references.introductions.lists import OwnRequest, ReceivedRequest, requests_by, requests_to
from references.introductions.tables import Standing
from references.prospecting.blind import MatchedSearch, matched_searches
from references.suggestions import WON_KIN, Suggestion, suggest_advocates
from references.teams.requests import SeatRequest, seat_requests
from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_deal, rank_all
from similarity.kin import Kin, kin_of, kin_wanted, past_and_running
from similarity.playbook import CLOSED_KIN, Play, plays_of
from web.workspace import Workspace
from workspace.assets.assets import Asset
from workspace.clock import today
from workspace.company import company
from workspace.deals.changes import Changes, changes_since
from workspace.deals.filters import Attention, DealFilter
from workspace.deals.forecast import Forecast, forecast
from workspace.deals.lists import DealRow, deal_totals
from workspace.deals.money import rates_of
from workspace.deals.quarters import CATEGORIES
from workspace.deals.tables import Deal, Product
from workspace.deals.workload import Load, loads_of
from workspace.imports import runs
from workspace.jobs.tables import Job, JobState
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import Viewer

# The deals of a rep for which the first page has suggestions; each costs one search.
ADVISED = 2
WEEK = timedelta(days=7)
BUSIEST = 5
GAPS = 4
ENDING = 5
QUEUED = 8
LABELS = {
    Attention.NO_NEXT_STEP: "No next step",
    Attention.STUCK: "Stuck",
    Attention.OVERDUE: "Close date passed",
    Attention.CLOSING: "Closing this month",
    Attention.UNSTAFFED: "Open seats",
    Attention.OPPOSED: "With opponents",
}


@dataclass(frozen=True)
class Advice:
    """The best suggestions for a deal of the viewer's."""

    deal: DealRow
    kin: Kin | None
    play: Play | None
    reference: Suggestion | None


@dataclass(frozen=True)
class Waiting:
    """What colleagues wait for the viewer to answer, and the references that concern them."""

    seats: list[SeatRequest]
    references: list[RequestRow]
    to_introduce: list[ReceivedRequest]
    agreed: list[OwnRequest]
    # Searches of colleagues that the viewer's own connections fit.
    to_offer: list[MatchedSearch]

    def __bool__(self) -> bool:
        return any((self.seats, self.references, self.to_introduce, self.agreed, self.to_offer))


@dataclass(frozen=True)
class ManagerHome:
    """Pipeline, forecast, what needs attention, what changed, and who is busy."""

    attention: list[tuple[Attention, str, int]]
    forecast: Forecast
    categories: tuple[str, ...]
    changes: Changes
    loads: list[tuple[str, str, Load]]


@dataclass(frozen=True)
class DeskHome:
    """The reference desk in figures."""

    waiting: int
    overdue: int
    scheduled: int
    ending: list[AdvocateRow]
    flow: Flow
    gaps: list[Gap]
    # Pairs of an industry and a region in which deals are open.
    segments: int
    has_advocates: bool
    # So many requests have to be answered or scheduled for a figure of their course.
    fewest: int = FEWEST_REQUESTS


@dataclass(frozen=True)
class Check:
    """A step of setting up the workspace."""

    label: str
    done: bool
    address: str


@dataclass(frozen=True)
class AdminHome:
    """Setup, members and jobs."""

    checks: list[Check]
    members: int
    without_role: int
    failed_jobs: int
    imports: int


def waiting_of(session: Session, viewer: Viewer, catalog: Catalog) -> Waiting:
    """What waits for the viewer; of the desk's queue the most urgent."""
    rows = queue.queued_requests(session, viewer, View.MINE, limit=QUEUED)
    if viewer.roles & set(DESK_ROLES):
        known = {row.id for row in rows}
        more = queue.queued_requests(session, viewer, View.WAITING, limit=QUEUED)
        rows = sorted(
            [*rows, *(row for row in more if row.id not in known)],
            key=lambda row: (row.due is None, row.due, row.id),
        )[:QUEUED]
    return Waiting(
        seats=seat_requests(session, viewer, catalog),
        references=rows,
        to_introduce=[row for row in requests_to(session, viewer) if row.waiting],
        agreed=[row for row in requests_by(session, viewer) if row.standing == Standing.YES],
        to_offer=[row for row in matched_searches(session, viewer) if row.waiting],
    )


def advice_of(
    session: Session, viewer: Viewer, workspace: Workspace, deals: list[DealRow]
) -> list[Advice]:
    """The best suggestions for each of these deals."""
    found = []
    catalog, network = workspace.catalog, workspace.network
    past, _ = past_and_running()
    for row in deals:
        deal = session.get_one(Deal, row.id)
        inquiry = ask_of_deal(session, viewer, catalog, deal)
        rank_all(session, catalog, inquiry, [kin_wanted(catalog, 1, past), CLOSED_KIN, WON_KIN])
        kin = kin_of(session, catalog, inquiry, filter=past, limit=1)
        plays = plays_of(session, catalog, inquiry, limit=1)
        references = suggest_advocates(
            session, viewer, catalog, network, deal, Activity.CALL, limit=1, inquiry=inquiry
        ).suggested
        found.append(
            Advice(
                row,
                kin[0] if kin else None,
                plays[0] if plays else None,
                references[0] if references else None,
            )
        )
    return found


def manager_home(session: Session, viewer: Viewer) -> ManagerHome:
    """What a manager looks at first."""
    loads = loads_of(session, viewer)
    members = session.execute(
        sa.select(col(Person.id), col(Person.key), col(Person.name)).where(
            col(Person.id).in_(loads)
        )
    )
    busy = [(key, name, loads[person]) for person, key, name in members]
    busy.sort(key=lambda row: (row[2].share_left, row[1]))
    return ManagerHome(
        attention=[
            (each, label, deal_totals(session, viewer, DealFilter(attention=each)).count)
            for each, label in LABELS.items()
        ],
        forecast=forecast(session, viewer, rates_of(session)),
        categories=tuple(CATEGORIES),
        changes=changes_since(session, viewer, today() - WEEK),
        loads=busy[:BUSIEST],
    )


def desk_home(session: Session, viewer: Viewer) -> DeskHome:
    """What customer marketing looks at first."""
    waiting = queue.queued_requests(session, viewer, View.WAITING)
    influence = measure_influence(session, viewer)
    ending = queue.advocate_rows(session, viewer, Activity.CALL, renewals=True, limit=ENDING)
    return DeskHome(
        waiting=len(waiting),
        overdue=sum(row.overdue for row in waiting),
        scheduled=len(queue.queued_requests(session, viewer, View.SCHEDULED)),
        ending=queue.rows_for_reader(session, viewer, ending),
        flow=influence.flow,
        gaps=influence.gaps[:GAPS],
        segments=influence.segments,
        has_advocates=bool(queue.advocate_rows(session, viewer, Activity.CALL, limit=1)),
    )


def admin_home(session: Session, viewer: Viewer, workspace: Workspace) -> AdminHome:
    """What an administrator looks at first."""
    settings = workspace.settings
    with_role = select(MemberRole.person_id)
    active = col(Member.active).is_(True)
    members = _count(session, Member, active)
    checks = [
        Check("Import deals, or log the first one", _has(session, Deal), "/imports"),
        Check("Add products", _has(session, Product), "/imports"),
        Check("Publish demos and decks", _has(session, Asset), "/library/new"),
        Check("Invite colleagues", members > 1, "/administration/invitations"),
        Check(
            "Add your company’s name and logo",
            bool(company(session).name),
            "/administration/company",
        ),
        Check("Set up email", bool(settings.smtp_url), "/help/administration#email"),
        Check("Choose a currency for sums", bool(company(session).currency), "/deals/targets"),
    ]
    return AdminHome(
        checks=checks,
        members=members,
        without_role=_count(session, Member, active, col(Member.person_id).not_in(with_role)),
        failed_jobs=_count(session, Job, col(Job.state) == JobState.FAILED),
        imports=len(runs.visible_runs(session, viewer)),
    )


def _has(session: Session, table: type[Deal | Product | Asset]) -> bool:
    return session.exec(select(table.id).limit(1)).first() is not None


def _count(session: Session, table: type[Member | Job], *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    return int(session.execute(query).scalar_one())
