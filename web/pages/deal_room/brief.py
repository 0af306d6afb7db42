"""The brief before a call: one page to read or print, of what the record knows of a meeting."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, col, select

from references.network.common_ground import Shared, common_ground
from references.network.paths import KnownPath, active_members
from references.teams.stakeholder_insights import Remark, Tone, buyers_side
from similarity.inquiry import ask_of_deal
from similarity.kin import Kin, kin_of
from web.pages.deal_room.header import DealHeader, deal_header
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from web.workspace import Workspace
from workspace.deals.filters import DealFilter
from workspace.deals.stakeholders import StakeholderRow
from workspace.deals.tables import Outcome, Seat
from workspace.people.people import career
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# What is worth reading on the way to a meeting.
BEST = 3
MOST_SHARED = 4


@dataclass(frozen=True)
class Attendee:
    """A stakeholder: their background, what we share, and who knows them."""

    row: StakeholderRow
    before: list[str]
    about: str
    path: KnownPath | None
    # With whom of the team they share what, the best first.
    shared: list[tuple[str, Shared]]


@dataclass(frozen=True)
class Brief:
    """All of it."""

    header: DealHeader
    attendees: list[Attendee]
    team: list[str]
    kin: list[Kin]
    # What to find out, and what to beware of.
    open_questions: list[Remark]
    remarks: list[Remark]


class BriefController(Controller):
    """/deals/{key}/brief."""

    path = "/deals/{key:str}/brief"
    opt = open_to(reads=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return visit.show("deal_room/brief.html", visit.page(brief, visit.workspace, key))


def brief(session: Session, viewer: Viewer, workspace: Workspace, key: str) -> Brief:
    """The brief for a meeting with a deal's stakeholders, as this viewer may know it."""
    header = deal_header(session, viewer, key, "stakeholders")
    deal = header.deal
    side = buyers_side(session, viewer, deal)
    seats = select(Seat.person_id).where(Seat.deal_id == deal.id, col(Seat.person_id).is_not(None))
    team = {*session.exec(seats), deal.owner_id, viewer.person_id} - {None}
    buyers = [row.person_id for row in side.rows]
    people = session.exec(select(Person).where(col(Person.id).in_({*team, *buyers})))
    persons = {person.id: person for person in people}
    # That they met on this very deal is nothing to talk about.
    ground = common_ground(
        session, viewer, [member for member in team if member], buyers, but_not=f"deal:{deal.id}"
    )
    members = active_members(session)
    attendees = []
    for row in side.rows:
        shared = [
            (persons[colleague].name, fact)
            for (colleague, buyer), facts in ground.items()
            if buyer == row.person_id
            for fact in facts
        ]
        shared.sort(key=lambda named: (-named[1].worth, named[0]))
        paths = workspace.network.paths(session, viewer, members, [row.person_id], limit=1)
        attendees.append(
            Attendee(
                row=row,
                about=persons[row.person_id].about,
                before=[
                    ", ".join(filter(None, [job.title, job.organisation]))
                    for job, _ in career(session, row.person_id)
                    if job.end is not None
                ][:BEST],
                shared=shared[:MOST_SHARED],
                path=paths[0] if paths else None,
            )
        )
    gaps = [remark for remark in side.remarks if remark.tone == Tone.GAP]
    catalog = workspace.catalog
    inquiry = ask_of_deal(session, viewer, catalog, deal)
    return Brief(
        header=header,
        attendees=attendees,
        team=sorted(persons[member].name for member in team if member),
        kin=kin_of(session, catalog, inquiry, filter=DealFilter(outcome=Outcome.WON), limit=BEST),
        open_questions=gaps,
        remarks=[remark for remark in side.remarks if remark.tone != Tone.GAP],
    )
