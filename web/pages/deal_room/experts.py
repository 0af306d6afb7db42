"""The Experts & team tab: whom to bring in, and who sits where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, col, select

from references.teams.proposals import Proposal, staffing
from references.teams.requests import SeatRequest, seat_requests
from similarity.experts import Expert, experts_of_deal
from similarity.index.catalog import Catalog
from web.forms import Form, row_id
from web.pages.deal_room.header import Room, is_readable, room
from web.pages.staffing.places import locks_of
from web.responses import at, go, show
from web.routes import Request, get, post
from web.saving import saving
from web.workspace import Workspace
from workspace.deals import access, credit, team
from workspace.deals.credit import FormerMember
from workspace.deals.eligibility import eligible_members
from workspace.deals.seat_roles import EXPERTS_ROLE, SeatRole, role_names, seat_roles
from workspace.deals.tables import Deal, Outcome, Seat
from workspace.deals.team import SeatRow
from workspace.errors import Conflict, NotFound
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer

SHOWN = 10


@dataclass(frozen=True)
class ExpertsPage:
    """The Experts & team tab."""

    room: Room
    experts: list[Expert]
    seats: list[SeatRow]
    # Who could take the open seats, solved with those of all deals.
    proposals: list[Proposal]
    # The seats that the viewer is asked to take.
    requests: list[SeatRequest]
    # What an address that locks a proposal holds besides.
    locks: list[str]
    members: list[tuple[str, str]]
    roles: Sequence[SeatRole]
    # The names of the roles that each expert may take.
    roles_of: dict[int, list[str]]
    # Those who had a seat and left it.
    former: list[FormerMember]
    # A seat that somebody wanted to free: what was sent, and what is wrong with it.
    freeing: int | None
    values: dict[str, str]
    wrong: dict[str, str]
    experts_role: str = EXPERTS_ROLE


class ExpertController(Controller):
    """/deals/{key}/experts, and the seats that are given from there."""

    path = "/deals/{key:str}/experts"

    @get()
    def show(
        self,
        request: Request,
        key: FromPath[str],
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = experts_page(session, viewer, workspace.catalog, key, asked)
        return show(request, "deal_room/experts.html", page)

    @post("/assign")
    def assign(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            members = people.active_members(session)
            places = read_places(session, deal, form, "place", members)
            if not places:
                form.refuse("place", "Select at least one person.")
            form.done()
            for seat_id, person_id in places.items():
                _require_open(seat := _seat(session, deal, seat_id))
                team.fill_seat(session, seat, person_id, viewer.person_id)
        count = f"{len(places)} {'seat is' if len(places) == 1 else 'seats are'}"
        return go(request, at("deals", key, "experts"), f"{count} filled.")

    @post("/seats")
    def add(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        person_key = form.maybe("person", 80)
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            role = form.choice("role", role_names(session), required=True) or ""
            form.done()
            person = people.member_of(session, person_key) if person_key else None
            team.add_seat(session, deal, role, person.id if person else None, viewer.person_id)
        who = f"{person.name} is on the team as {role}." if person else f"An open seat: {role}."
        return go(request, at("deals", key, "experts"), who)

    @post("/seats/{seat_id:int}/fill")
    def fill(
        self,
        request: Request,
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        person_key = form.text("person", 80, required=True)
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            _require_open(seat := _seat(session, deal, seat_id))
            person = people.member_of(session, person_key)
            team.fill_seat(session, seat, person.id, viewer.person_id)
        return go(request, at("deals", key, "experts"), f"{person.name} has the seat.")

    @post("/seats/{seat_id:int}/ask")
    def ask(
        self,
        request: Request,
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        person_key = form.text("person", 80, required=True)
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            person = people.member_of(session, person_key)
            team.ask_seat(session, _seat(session, deal, seat_id), person.id, viewer.person_id)
        return go(request, at("deals", key, "experts"), f"{person.name} is asked.")

    @post("/seats/{seat_id:int}/unask")
    def take_back(
        self,
        request: Request,
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            team.take_back_ask(session, _seat(session, deal, seat_id), viewer.person_id)
        return go(request, at("deals", key, "experts"), "Nobody is asked any more.")

    @post("/seats/{seat_id:int}/accept")
    def accept(
        self,
        request: Request,
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        with workspace.database.write() as session:
            deal = access.readable_deal(session, viewer, key)
            form.done()
            team.accept_seat(session, _seat(session, deal, seat_id), viewer.person_id or 0)
        return go(request, at("deals", key), "You are on the team.")

    @post("/seats/{seat_id:int}/decline")
    def decline(
        self,
        request: Request,
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        reason = form.text("reason", 500, required=True)
        with workspace.database.write() as session:
            deal = access.readable_deal(session, viewer, key)
            form.done()
            seat = _seat(session, deal, seat_id)
            team.decline_seat(session, seat, viewer.person_id, reason)
        return go(request, "/", "The seat is open again; your reason is on the timeline.")

    @post("/seats/{seat_id:int}/free")
    def free(
        self,
        request: Request,
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        reason = form.text("reason", 500)
        mistaken = form.flag("mistaken")
        with saving(workspace, form) as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            seat = _seat(session, deal, seat_id)
            if seat.person_id == viewer.person_id and not reason:
                form.refuse("reason", "Say why: it is for whoever takes the seat next.")
            form.done()
            team.free_seat(session, seat, viewer.person_id, reason, mistaken=mistaken)
            readable = is_readable(session, viewer, key)
        if form.refusal:
            with workspace.database.read() as session:
                page = experts_page(session, viewer, workspace.catalog, key, Form(), seat_id, form)
            return show(request, "deal_room/experts.html", page, status=form.status)
        back = at("deals", key, "experts") if readable else "/deals"
        return go(request, back, "The seat is open again.")


def experts_page(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    key: str,
    asked: Form,
    freeing: int | None = None,
    form: Form | None = None,
) -> ExpertsPage:
    """The page with the locks of an address, and the form over a seat to free where one is."""
    head = room(session, viewer, key, "experts")
    members = people.active_members(session)
    locked, locks = locks_of(session, asked)
    seats = team.seats_of(session, head.deal.id)
    proposals: list[Proposal] = []
    if head.deal.outcome == Outcome.OPEN and any(not seat.name for seat in seats):
        solved = staffing(session, viewer, catalog, locked=locked, also=head.deal)
        proposals = solved.proposals.get(head.deal.id, [])
    experts = experts_of_deal(session, viewer, catalog, head.deal, limit=SHOWN)
    roles_of: dict[int, list[str]] = {expert.person_id: [] for expert in experts}
    for role, able in eligible_members(session).items():
        for person_id in roles_of.keys() & able.keys():
            roles_of[person_id].append(role)
    return ExpertsPage(
        room=head,
        experts=experts,
        seats=seats,
        proposals=proposals,
        requests=seat_requests(session, viewer, catalog, head.deal.id),
        locks=locks,
        members=members,
        roles=seat_roles(session),
        roles_of=roles_of,
        former=credit.former_team(session, head.deal),
        freeing=freeing,
        values=form.values if form else {},
        wrong=form.wrong if form else {},
    )


def read_places(
    session: Session, deal: Deal, form: Form, name: str, members: list[tuple[str, str]]
) -> dict[int, int]:
    """Who is to have which open seat of a deal: 'seat:person', once for each seat."""
    open_seats = select(Seat.id).where(Seat.deal_id == deal.id, col(Seat.person_id).is_(None))
    seats = session.exec(open_seats).all()
    chosen = form.choices(name, {f"{seat}:{key}" for seat in seats for key, _ in members})
    by_seat = dict(each.split(":", 1) for each in chosen)
    if len(by_seat) < len(chosen):
        form.refuse(name, "A seat is for one person.")
    rows = select(Person.key, Person.id).where(col(Person.key).in_(by_seat.values()))
    ids = dict(session.exec(rows).all())
    if len({ids[key] for key in by_seat.values()}) < len(by_seat):
        form.refuse(name, "Nobody takes two seats of a deal.")
    return {int(seat): ids[key] for seat, key in by_seat.items()}


def _require_open(seat: Seat) -> None:
    if seat.person_id is not None:
        raise Conflict("Somebody else has taken this seat in the meantime.")


def _seat(session: Session, deal: Deal, seat_id: int) -> Seat:
    seat = session.get(Seat, row_id(seat_id))
    if seat is None or seat.deal_id != deal.id:
        raise NotFound("There is no such seat on this deal.")
    return seat
