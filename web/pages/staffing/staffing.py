"""Staffing across the pipeline, and what a member says of their own time and topics."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session, col, select

from references.suggestion_counts import Fate, SuggestionKind
from references.teams.proposals import Proposal, staffing
from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form
from web.pages.staffing.places import locks_of, proposed_places
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.accounts.accounts import Account
from workspace.deals import access, availability, team
from workspace.deals.tables import Deal, Seat
from workspace.deals.workload import Load, loads_of
from workspace.errors import Conflict, NotFound
from workspace.people.people import active_members, edit_person, member_of
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer
from workspace.value_lists import join_values, split_values

# So many workloads are shown beside the proposals.
FULLEST = 30


@dataclass(frozen=True)
class Understaffed:
    """An open deal with open seats, and who is proposed for them."""

    deal: Deal
    account: str | None
    open_seats: int
    proposals: list[Proposal]
    may_edit: bool

    @property
    def has_suggestion(self) -> bool:
        """Whether anybody is proposed for one of its seats."""
        return any(each.best for each in self.proposals)


@dataclass(frozen=True)
class StaffingPage:
    """Every understaffed deal with one proposal for all of them, and who has least time left."""

    rows: list[Understaffed]
    # What an address that swaps a proposal holds besides.
    locks: list[str]
    # The most by which the proposals could be better in sum, as a share.
    gap: float
    # Those with the least time left, and how many members there are.
    loads: list[tuple[str, str, Load]]
    members: int


class StaffingController(Controller):
    """/staffing."""

    path = "/staffing"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(staffing_page, visit.workspace, visit.form)
        for row in page.rows:
            visit.count(SuggestionKind.TEAM, Fate.SHOWN, row.deal, proposed_places(row.proposals))
        return visit.show("staffing/show.html", page)

    @post("/assign")
    def assign(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        filled: list[tuple[Deal, int]] = []
        with visit.write() as session:
            people = dict(active_members(session))
            open_seats = session.exec(
                select(Seat.id, Deal.key)
                .join(Deal, col(Deal.id) == col(Seat.deal_id))
                .where(col(Seat.person_id).is_(None), access.visible_deals(visit.viewer))
            )
            deal_of = dict(open_seats.all())
            chosen = visit.form.choices(
                "place", {f"{seat}:{key}" for seat in deal_of for key in people}
            )
            if not chosen:
                visit.form.refuse("place", "Select at least one person.")
            visit.form.done()
            for place in chosen:
                number, _, person_key = place.partition(":")
                deal = access.editable_deal(session, visit.viewer, deal_of[int(number)])
                seat = session.get_one(Seat, int(number))
                if seat.person_id is not None:
                    raise Conflict("One of these seats was filled in the meantime.")
                person = member_of(session, person_key)
                _require_off_team(session, deal, person)
                team.fill_seat(session, seat, person.id, visit.viewer.person_id)
                filled.append((deal, seat.id))
        for deal, seat_id in filled:
            visit.count(SuggestionKind.TEAM, Fate.USED, deal, [str(seat_id)])
        count = f"{len(chosen)} {'seat is' if len(chosen) == 1 else 'seats are'}"
        return visit.go("/staffing", f"{count} filled.")


class AvailabilityController(Controller):
    """/availability: the viewer's own."""

    path = "/availability"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("staffing/availability.html", visit.page(availability_page, Form()))

    @post()
    def change(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            save_availability(session, visit.viewer, visit.form)
        if visit.form.refusal:
            page = visit.page(availability_page, visit.form)
            return visit.show("staffing/availability.html", page)
        return visit.go("/availability", "Availability saved.")


def staffing_page(
    session: Session, viewer: Viewer, workspace: Workspace, asked: Form
) -> StaffingPage:
    """The page, with one solution for all the deals on it: nobody gets too much."""
    locked, locks = locks_of(session, asked)
    solved = staffing(
        session, viewer, workspace.catalog, locked=locked, remembered=workspace.expertise
    )
    deals = [deal for deal, _ in solved.deals]
    accounts = {deal.account_id for deal in deals}
    names = dict(
        session.exec(select(Account.id, Account.name).where(col(Account.id).in_(accounts))).all()
    )
    editable = access.editable_deal_ids(session, viewer, [deal.id for deal in deals])
    loads = loads_of(session, viewer)
    people = select(Person.id, Person.key, Person.name).where(col(Person.id).in_(loads))
    rows = [(key, name, loads[row_id]) for row_id, key, name in session.exec(people)]
    rows.sort(key=lambda row: (row[2].left, -row[2].seats, row[1]))
    return StaffingPage(
        rows=[
            Understaffed(
                deal=deal,
                account=names.get(deal.account_id or 0),
                open_seats=count,
                proposals=solved.proposals[deal.id],
                may_edit=deal.id in editable,
            )
            for deal, count in solved.deals
        ],
        locks=locks,
        gap=solved.gap,
        loads=rows[:FULLEST],
        members=len(rows),
    )


def availability_page(session: Session, viewer: Viewer, form: Form) -> EditForm:
    """The form over a member's own time and topics, with what was sent."""
    return edit_form(form, own_availability(session, own_person(session, viewer)))


def own_person(session: Session, viewer: Viewer) -> Person:
    """The viewer's own row; NotFound for the command line."""
    person = session.get(Person, viewer.person_id or 0)
    if person is None:
        raise NotFound("There is no such member.")
    return person


def own_availability(session: Session, person: Person) -> dict[str, str]:
    """A member's time and topics as the form shows them."""
    row = availability.availability_of(session, person.id)
    return {
        "seat_limit": str(row.seat_limit),
        "away_from": str(row.away_from or ""),
        "away_until": str(row.away_until or ""),
        "skills": person.skills,
    }


def save_availability(session: Session, viewer: Viewer, form: Form) -> None:
    """Save the viewer's own time and topics from a form that was opened over them."""
    person = own_person(session, viewer)
    lock_unchanged(session, person, form, own_availability)
    change_availability(session, person, form)


def change_availability(session: Session, person: Person, form: Form) -> None:
    """Save a member's own workload limit and topics."""
    limit = form.integer("seat_limit", 0, 50)
    if limit is None:
        form.refuse("seat_limit", "Enter a whole number from 0 to 50.")
    away_from, away_until = form.day("away_from"), form.day("away_until")
    # A form that says nothing of them leaves the topics as they are.
    said = "skills" in form.sent
    topics = list(dict.fromkeys(split_values(form.text("skills", 1_000))))
    form.done()
    availability.set_availability(
        session,
        person.id,
        person.id,
        seat_limit=limit or 0,
        away_from=away_from,
        away_until=away_until,
    )
    if said:
        edit_person(session, person, person.id, {"skills": join_values(topics)})


def _require_off_team(session: Session, deal: Deal, person: Person) -> None:
    there = select(Seat.id).where(Seat.deal_id == deal.id, Seat.person_id == person.id)
    if session.exec(there.limit(1)).first() is not None:
        raise Conflict(f"{person.name} is on the team of {deal.name} already.")
