"""The Experts & team tab: whom to bring in, and who sits where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, col, select

from references.removal import delete_seat
from references.suggestion_counts import Fate, SuggestionKind
from references.teams.proposals import Proposal, staffing
from references.teams.requests import SeatRequest, seat_requests
from similarity.experts import Expert, experts_of, proofs_of
from similarity.inquiry import ask_of_deal
from web.forms import Form, uncounted_id
from web.pages.deal_room.header import DealHeader, deal_header, is_readable
from web.pages.staffing.places import locks_of, proposed_places
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
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
from workspace.revisions.tables import Revision

SHOWN = 10


@dataclass(frozen=True)
class ExpertsPage:
    """The Experts & team tab."""

    header: DealHeader
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
    # Former members of the team.
    former: list[FormerMember]
    # What was sent to free a seat, what is wrong with it, and which seat that was.
    values: dict[str, str]
    wrong: dict[str, str]
    freeing: int | None
    experts_role: str = EXPERTS_ROLE


class ExpertController(Controller):
    """/deals/{key}/experts, and the seats that are given from there."""

    path = "/deals/{key:str}/experts"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            page = experts_page(session, visit, key)
        deal = page.header.deal
        visit.count(
            SuggestionKind.EXPERT, Fate.SHOWN, deal, [expert.key for expert in page.experts]
        )
        visit.count(SuggestionKind.TEAM, Fate.SHOWN, deal, proposed_places(page.proposals))
        return visit.show("deal_room/experts.html", page)

    @post("/assign")
    def assign(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            deal = access.editable_deal(session, visit.viewer, key)
            members = people.active_members(session)
            places = read_places(session, deal, visit.form, "place", members)
            if not places:
                visit.form.refuse("place", "Select at least one person.")
            visit.form.done()
            for seat_id, person_id in places.items():
                _require_open(seat := _seat(session, deal, seat_id))
                team.fill_seat(session, seat, person_id, visit.viewer.person_id)
        visit.count(SuggestionKind.TEAM, Fate.USED, deal, map(str, places))
        count = f"{len(places)} {'seat is' if len(places) == 1 else 'seats are'}"
        return visit.go(at("deals", key, "experts"), f"{count} filled.")

    @post("/seats")
    def add(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        suggested = visit.form.flag("suggested")
        with visit.write() as session:
            seat, person_key, name = add_seat(session, visit.viewer, key, visit.form)
            role, deal = seat.role, session.get_one(Deal, seat.deal_id)
        if person_key and suggested:
            visit.count(SuggestionKind.EXPERT, Fate.USED, deal, [person_key])
        who = f"{name} is on the team as {role}." if name else f"Seat opened: {role}."
        return visit.go(at("deals", key, "experts"), who)

    @post("/seats/{seat_id:int}/fill")
    def fill(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            name = fill_seat(session, visit.viewer, key, seat_id, visit.form)
        return visit.go(at("deals", key, "experts"), f"{name} has the seat.")

    @post("/seats/{seat_id:int}/ask")
    def ask(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            name = ask_for_seat(session, visit.viewer, key, seat_id, visit.form)
            deal = access.readable_deal(session, visit.viewer, key)
        visit.count(SuggestionKind.TEAM, Fate.USED, deal, [str(seat_id)])
        return visit.go(at("deals", key, "experts"), f"{name} is asked.")

    @post("/seats/{seat_id:int}/unask")
    def take_back(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            take_back_ask(session, visit.viewer, key, seat_id, visit.form)
        return visit.go(at("deals", key, "experts"), "Nobody is asked any more.")

    @post("/seats/{seat_id:int}/accept")
    def accept(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            accept_seat(session, visit.viewer, key, seat_id, visit.form)
        return visit.go(at("deals", key), "You are on the team.")

    @post("/seats/{seat_id:int}/decline")
    def decline(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            decline_seat(session, visit.viewer, key, seat_id, visit.form)
        return visit.go("/", "The seat is open again; your reason is on the timeline.")

    @post("/seats/{seat_id:int}/free")
    def free(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.saving() as session:
            free_seat(session, visit.viewer, key, seat_id, visit.form)
            readable = is_readable(session, visit.viewer, key)
        if visit.form.refusal:
            with visit.read() as session:
                page = experts_page(session, visit, key, freeing=seat_id)
            return visit.show("deal_room/experts.html", page)
        back = at("deals", key, "experts") if readable else "/deals"
        return visit.go(back, "The seat is open again.")

    @post("/seats/{seat_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            revision = remove_seat(session, visit.viewer, key, seat_id, visit.form)
            readable = is_readable(session, visit.viewer, key)
        return visit.go_deleted(at("deals", key, "experts") if readable else "/deals", revision)


def add_seat(session: Session, viewer: Viewer, key: str, form: Form) -> tuple[Seat, str, str]:
    """Add the seat of a form to a deal's team; the seat, and the key and name of who has it."""
    person_key = form.maybe("person", 80)
    deal = access.editable_deal(session, viewer, key)
    role = form.choice("role", role_names(session), required=True) or ""
    form.done()
    person = people.member_of(session, person_key) if person_key else None
    seat = team.add_seat(session, deal, role, person.id if person else None, viewer.person_id)
    return seat, person.key if person else "", person.name if person else ""


def fill_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> str:
    """Give an open seat to the member of a form; their name."""
    person_key = form.text("person", 80, required=True)
    _require_open(seat := _editable_seat(session, viewer, key, seat_id, form))
    person = people.member_of(session, person_key)
    team.fill_seat(session, seat, person.id, viewer.person_id)
    return person.name


def ask_for_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> str:
    """Ask the member of a form to take a seat; their name."""
    person_key = form.text("person", 80, required=True)
    seat = _editable_seat(session, viewer, key, seat_id, form)
    person = people.member_of(session, person_key)
    team.ask_seat(session, seat, person.id, viewer.person_id)
    return person.name


def take_back_ask(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> None:
    """Ask nobody any more to take a seat."""
    seat = _editable_seat(session, viewer, key, seat_id, form)
    team.take_back_ask(session, seat, viewer.person_id)


def accept_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> None:
    """Take the seat that the viewer was asked to take."""
    seat = _readable_seat(session, viewer, key, seat_id, form)
    team.accept_seat(session, seat, viewer.person_id or 0)


def decline_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> None:
    """Decline the seat that the viewer was asked to take."""
    reason = form.text("reason", 500, required=True)
    seat = _readable_seat(session, viewer, key, seat_id, form)
    team.decline_seat(session, seat, viewer.person_id, reason)


def free_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> None:
    """Open a seat again."""
    reason = form.text("reason", 500)
    mistaken = form.flag("mistaken")
    seat = _editable_seat(session, viewer, key, seat_id, form)
    if seat.person_id == viewer.person_id and not reason:
        form.refuse("reason", "Enter a reason for your successor.")
    form.done()
    team.free_seat(session, seat, viewer.person_id, reason, mistaken=mistaken)


def remove_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> Revision:
    """Remove a seat from a deal's team."""
    seat = _editable_seat(session, viewer, key, seat_id, form)
    return delete_seat(session, viewer, seat)


def experts_page(
    session: Session, visit: Visit, key: str, freeing: int | None = None
) -> ExpertsPage:
    """The page with the locks of its address, or with the form over a seat that was not freed."""
    viewer, catalog = visit.viewer, visit.workspace.catalog
    asked, form = (visit.form, Form()) if freeing is None else (Form(), visit.form)
    header = deal_header(session, viewer, key, "experts")
    members = people.active_members(session)
    locked, locks = locks_of(session, asked)
    seats = team.seats_of(session, header.deal.id)
    inquiry = ask_of_deal(session, viewer, catalog, header.deal)
    proofs = proofs_of(session, catalog, inquiry)
    proposals: list[Proposal] = []
    if header.deal.outcome == Outcome.OPEN and any(not seat.name for seat in seats):
        solved = staffing(
            session,
            viewer,
            catalog,
            locked=locked,
            only=header.deal,
            proofs=proofs,
            remembered=visit.workspace.expertise,
        )
        proposals = solved.proposals.get(header.deal.id, [])
    experts = experts_of(session, catalog, inquiry, limit=SHOWN, proofs=proofs)
    roles_of: dict[int, list[str]] = {expert.person_id: [] for expert in experts}
    for role, able in eligible_members(session).items():
        for person_id in roles_of.keys() & able.keys():
            roles_of[person_id].append(role)
    return ExpertsPage(
        header=header,
        experts=experts,
        seats=seats,
        proposals=proposals,
        requests=seat_requests(session, viewer, catalog, header.deal.id),
        locks=locks,
        members=members,
        roles=seat_roles(session),
        roles_of=roles_of,
        former=credit.former_team(session, header.deal),
        freeing=freeing,
        values=form.values,
        wrong=form.wrong,
    )


def read_places(
    session: Session, deal: Deal, form: Form, name: str, members: list[tuple[str, str]]
) -> dict[int, int]:
    """Who is to have which open seat of a deal: 'seat:person', once for each seat."""
    open_seats = select(Seat.id).where(Seat.deal_id == deal.id, col(Seat.person_id).is_(None))
    seats = session.exec(open_seats).all()
    chosen = form.choices(name, {f"{seat}:{key}" for seat in seats for key, _ in members})
    by_seat = dict(place.split(":", 1) for place in chosen)
    if len(by_seat) < len(chosen):
        form.refuse(name, "A seat is for one person.")
    rows = select(Person.key, Person.id).where(col(Person.key).in_(by_seat.values()))
    ids = dict(session.exec(rows).all())
    if len({ids[key] for key in by_seat.values()}) < len(by_seat):
        form.refuse(name, "Each person takes one seat of a deal.")
    return {int(seat): ids[key] for seat, key in by_seat.items()}


def _require_open(seat: Seat) -> None:
    if seat.person_id is not None:
        raise Conflict("This seat was filled in the meantime.")


def _editable_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> Seat:
    deal = access.editable_deal(session, viewer, key)
    form.done()
    return _seat(session, deal, seat_id)


def _readable_seat(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> Seat:
    """A seat of a deal, for members who answer for themselves."""
    require_writer(viewer)
    deal = access.readable_deal(session, viewer, key)
    form.done()
    return _seat(session, deal, seat_id)


def _seat(session: Session, deal: Deal, seat_id: int) -> Seat:
    seat = session.get(Seat, uncounted_id(seat_id))
    if seat is None or seat.deal_id != deal.id:
        raise NotFound("There is no such seat on this deal.")
    return seat
