"""Staffing across the pipeline, and what a member says of their own time."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session, col, select

from references.proposals import Load, Proposal, loads_of, proposed_teams, understaffed
from similarity.catalog import Catalog
from web.forms import Form
from web.htmx import go, show
from workspace import access, contacts, teams
from workspace.access import Viewer
from workspace.accounts import Account
from workspace.database import Database
from workspace.deals import Deal
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people import Person
from workspace.teams import MemberAvailability, Seat

# So many deals are staffed at a time: those that close next.
MOST_DEALS = 20


@dataclass(frozen=True)
class Understaffed:
    """An open deal with open seats, and who is proposed for them."""

    deal: Deal
    account: str | None
    open_seats: int
    proposals: list[Proposal]
    may_edit: bool


@dataclass(frozen=True)
class StaffingPage:
    """Every understaffed deal with one proposal for all of them, and everybody's load."""

    rows: list[Understaffed]
    loads: list[tuple[str, str, Load]]


@dataclass(frozen=True)
class AvailabilityPage:
    """A member's own time."""

    row: MemberAvailability
    values: dict[str, str]
    wrong: dict[str, str]


class StaffingController(Controller):
    """/staffing."""

    path = "/staffing"

    @get(sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
        catalog: NamedDependency[Catalog],
    ) -> Response[str]:
        with database.read() as session:
            page = staffing_page(session, viewer, catalog)
        return show(request, "staffing/show.html", page)

    @post("/assign", sync_to_thread=True)
    def assign(
        self,
        request: Request[Any, Any, Any],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        access.require_writer(viewer)
        with database.write() as session:
            people = dict(contacts.active_members(session))
            open_seats = session.exec(
                select(Seat.id, Deal.key)
                .join(Deal, col(Deal.id) == col(Seat.deal_id))
                .where(col(Seat.person_id).is_(None), access.visible_deals(viewer))
            )
            deal_of = dict(open_seats.all())
            chosen = form.choices("place", {f"{seat}:{key}" for seat in deal_of for key in people})
            if not chosen:
                form.refuse("place", "Nobody was chosen.")
            form.done()
            for place in chosen:
                seat_id, _, person_key = place.partition(":")
                deal = access.editable_deal(session, viewer, deal_of[int(seat_id)])
                seat = session.get_one(Seat, int(seat_id))
                if seat.person_id is not None:
                    raise Conflict("Somebody else has taken one of these seats in the meantime.")
                person = contacts.member_of(session, person_key)
                _require_off_team(session, deal, person)
                teams.fill_seat(session, seat, person.id, viewer.person_id)
        count = f"{len(chosen)} {'seat is' if len(chosen) == 1 else 'seats are'}"
        return go(request, "/staffing", f"{count} filled.")


class AvailabilityController(Controller):
    """/availability: the viewer's own."""

    path = "/availability"

    @get(sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[str]:
        with database.read() as session:
            page = availability_page(session, viewer, Form())
        return show(request, "staffing/availability.html", page)

    @post(sync_to_thread=True)
    def change(
        self,
        request: Request[Any, Any, Any],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        access.require_writer(viewer)
        limit = form.integer("seat_limit", 0, 50)
        away_from, away_until = form.day("away_from"), form.day("away_until")
        if limit is None:
            form.refuse("seat_limit", "A whole number from 0 to 50.")
        person_id = viewer.person_id
        if person_id is None:
            raise NotFound("There is no such member.")
        try:
            form.done()
            with database.write() as session:
                teams.set_availability(
                    session,
                    person_id,
                    person_id,
                    seat_limit=limit or 0,
                    away_from=away_from,
                    away_until=away_until,
                )
        except Invalid as wrong:
            form.wrong.update(wrong.fields)
            with database.read() as session:
                page = availability_page(session, viewer, form)
            return show(request, "staffing/availability.html", page, status=422)
        return go(request, "/availability", "Saved: it holds for the next proposal.")


def staffing_page(session: Session, viewer: Viewer, catalog: Catalog) -> StaffingPage:
    """The page, with one solution for all the deals on it: nobody gets too much."""
    found = understaffed(session, viewer, limit=MOST_DEALS)
    proposals = proposed_teams(session, viewer, catalog, [deal for deal, _ in found])
    accounts = {deal.account_id for deal, _ in found}
    names = dict(
        session.exec(select(Account.id, Account.name).where(col(Account.id).in_(accounts))).all()
    )
    loads = loads_of(session, viewer)
    people = select(Person.id, Person.key, Person.name).where(col(Person.id).in_(loads))
    rows = [(key, name, loads[row_id]) for row_id, key, name in session.exec(people)]
    rows.sort(key=lambda row: (row[2].left, row[1]))
    return StaffingPage(
        rows=[
            Understaffed(
                deal=deal,
                account=names.get(deal.account_id or 0),
                open_seats=count,
                proposals=proposals[deal.id],
                may_edit=access.may_edit(session, viewer, deal),
            )
            for deal, count in found
        ],
        loads=rows,
    )


def availability_page(session: Session, viewer: Viewer, form: Form) -> AvailabilityPage:
    """The form over a member's own time: as it is, under what was sent."""
    row = teams.availability_of(session, viewer.person_id or 0)
    there = {
        "seat_limit": str(row.seat_limit),
        "away_from": str(row.away_from or ""),
        "away_until": str(row.away_until or ""),
    }
    return AvailabilityPage(row, {**there, **form.values}, form.wrong)


def _require_off_team(session: Session, deal: Deal, person: Person) -> None:
    there = select(Seat.id).where(Seat.deal_id == deal.id, Seat.person_id == person.id)
    if session.exec(there.limit(1)).first() is not None:
        raise Conflict(f"{person.name} is on the team of {deal.name} already.")
