"""The Experts & team tab: whom to bring in, and who sits where."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from similarity.catalog import Catalog
from similarity.experts import Expert, experts_of_deal
from web.forms import Form, row_id
from web.htmx import at, go, show
from web.pages.rooms import Room, room
from workspace import access, contacts, pipeline, teams
from workspace.access import Viewer
from workspace.database import Database
from workspace.deals import Deal
from workspace.errors import Conflict, NotFound
from workspace.pipeline import SeatRow
from workspace.teams import SEAT_ROLES, Seat


@dataclass(frozen=True)
class ExpertsPage:
    """The Experts & team tab."""

    room: Room
    experts: list[Expert]
    seats: list[SeatRow]
    members: list[tuple[str, str]]
    roles: tuple[str, ...] = SEAT_ROLES


class ExpertController(Controller):
    """/deals/{key}/experts, and the seats that are given from there."""

    path = "/deals/{key:str}/experts"

    @get(sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[str],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
        catalog: NamedDependency[Catalog],
    ) -> Response[str]:
        with database.read() as session:
            head = room(session, viewer, key, "experts")
            page = ExpertsPage(
                room=head,
                experts=experts_of_deal(session, viewer, catalog, head.deal),
                seats=pipeline.seats_of(session, head.deal.id),
                members=contacts.active_members(session),
            )
        return show(request, "deals/experts.html", page)

    @post("/seats", sync_to_thread=True)
    def add(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        role = form.choice("role", SEAT_ROLES, required=True) or ""
        person_key = form.maybe("person", 80)
        with database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            person = contacts.member_of(session, person_key) if person_key else None
            teams.add_seat(session, deal, role, person.id if person else None, viewer.person_id)
        who = f"{person.name} is on the team as {role}." if person else f"An open seat: {role}."
        return go(request, at("deals", key, "experts"), who)

    @post("/seats/{seat_id:int}/fill", sync_to_thread=True)
    def fill(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        person_key = form.text("person", 80, required=True)
        with database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            seat = _seat(session, deal, seat_id)
            if seat.person_id is not None:
                raise Conflict("Somebody else has taken this seat in the meantime.")
            person = contacts.member_of(session, person_key)
            teams.fill_seat(session, seat, person.id, viewer.person_id)
        return go(request, at("deals", key, "experts"), f"{person.name} has the seat.")

    @post("/seats/{seat_id:int}/free", sync_to_thread=True)
    def free(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[str],
        seat_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        form.done()
        with database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            teams.free_seat(session, _seat(session, deal, seat_id), viewer.person_id)
            session.flush()
            try:
                access.readable_deal(session, viewer, key)
                back = at("deals", key, "experts")
            except NotFound:
                back = "/deals"
        return go(request, back, "The seat is open again.")


def _seat(session: Session, deal: Deal, seat_id: int) -> Seat:
    seat = session.get(Seat, row_id(seat_id))
    if seat is None or seat.deal_id != deal.id:
        raise NotFound("There is no such seat on this deal.")
    return seat
