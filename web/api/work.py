"""One's own work over the API: the inbox, one's time, and staffing across the pipeline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.teams.proposals import Proposal
from web.api.calls import Call, Saved
from web.api.fields import Body, Day, Id, Key, Query, Short
from web.api.operations import act, change, for_programs, read
from web.api.shown import Named
from web.edit_conflicts import fingerprint
from web.forms import LARGEST_INTEGER, Form
from web.pages import inbox as inbox_pages
from web.pages.staffing import eligibility as eligibility_pages
from web.pages.staffing import staffing as staffing_pages
from web.policies import Policy
from workspace.collaboration import inbox
from workspace.collaboration.inbox import InboxFolder, Item
from workspace.deals.availability import availability_of
from workspace.deals.eligibility import MemberEligibility, eligibility
from workspace.deals.seat_roles import SeatRoleRow, seat_role_rows
from workspace.deals.workload import Load
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Count:
    """How many items it was done to."""

    count: int


@dataclass(frozen=True)
class Availability:
    """The caller's own time and topics."""

    seat_limit: int
    away_from: date | None
    away_until: date | None
    skills: str


@dataclass(frozen=True)
class MemberLoad:
    """How much a member has taken on."""

    key: str
    name: str
    load: Load


@dataclass(frozen=True)
class UnderstaffedDeal:
    """A deal with open seats, and whom the evidence proposes for them."""

    deal: Named
    account: str | None
    open_seats: int
    proposals: list[Proposal]
    may_edit: bool


@dataclass(frozen=True)
class Staffing:
    """Understaffed deals, with one proposal for all of them, and who has the least time left."""

    deals: list[UnderstaffedDeal]
    loads: list[MemberLoad]


@dataclass(frozen=True)
class SeatRoles:
    """The roles that seats can have."""

    roles: list[SeatRoleRow]


@dataclass(frozen=True)
class Eligibility:
    """Which roles members may take, and why."""

    members: list[MemberEligibility]


class InboxQuery(Query):
    """A folder of the inbox."""

    show: Literal["", "open", "snoozed", "done"] = ""


class Items(Body):
    """Items of the inbox."""

    example: ClassVar[dict[str, Any]] = {"item": ["1"]}
    item: list[Id]


class Snoozed(Items):
    """An item, and for how long."""

    example: ClassVar[dict[str, Any]] = {"item": ["1"], "until": "a week"}
    until: Literal["tomorrow", "three days", "a week"]


class AvailabilityChange(Body):
    """The facts to be changed; the others stay."""

    example: ClassVar[dict[str, Any]] = {"seat_limit": 4}
    seat_limit: int | UnsetType = UNSET
    away_from: Day | UnsetType | None = UNSET
    away_until: Day | UnsetType | None = UNSET
    skills: Short | UnsetType = UNSET


class EligibleRoles(Body):
    """All roles that a member may take, by their keys."""

    example: ClassVar[dict[str, Any]] = {"role": ["trainer"]}
    role: list[Key]


class InboxOfCallerController(Controller):
    """/api/v1/inbox: the caller's own."""

    path = "/api/v1/inbox"
    opt = for_programs("Me", reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @read(summary="List one's inbox", answers=Item, paged=True, query=InboxQuery)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        folder = InboxFolder(call.form.choice("show", tuple(InboxFolder)) or InboxFolder.OPEN)
        before = call.form.integer("after", 1, LARGEST_INTEGER)
        call.form.check()
        with call.read() as session:
            rows = inbox.items(session, call.viewer, folder, before=before, limit=call.size + 1)
            return call.page(rows, lambda item: str(item.id))

    @act("/done", summary="Finish items", answers=Count, body=Items)
    def finish(self, call: NamedDependency[Call]) -> Response[bytes]:
        return _on_items(call, inbox.finish)

    @act("/reopen", summary="Put items back", answers=Count, body=Items)
    def reopen(self, call: NamedDependency[Call]) -> Response[bytes]:
        return _on_items(call, inbox.put_back)

    @act("/snooze", summary="Snooze an item", answers=Count, body=Snoozed)
    def snooze(self, call: NamedDependency[Call]) -> Response[bytes]:
        long = call.form.text("until", 20, required=True)

        def snooze(session: Session, viewer: Viewer, ids: list[int]) -> int:
            inbox.snooze(session, viewer, ids[0], long)
            return 1

        return _on_items(call, snooze)


class AvailabilityOfCallerController(Controller):
    """/api/v1/availability: the caller's own."""

    path = "/api/v1/availability"
    opt = for_programs("Me", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="Get one's time and topics", answers=Availability, tagged=True)
    def get(self, call: NamedDependency[Call]) -> Response[bytes]:
        return call.show(_availability)

    @change(
        summary="Change one's time and topics",
        answers=Availability,
        body=AvailabilityChange,
        tagged=True,
        matches=True,
    )
    def change(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            person = staffing_pages.own_person(session, call.viewer)
            call.fill(staffing_pages.own_availability(session, person))
            staffing_pages.save_availability(session, call.viewer, call.form)
            return _availability(session, call.viewer)

        return call.save_over(save, lambda session: _availability(session, call.viewer))


class StaffingOfDealsController(Controller):
    """/api/v1/staffing."""

    path = "/api/v1/staffing"
    opt = for_programs("Teams", reads=Policy.MEMBERS, writes=Policy.LEADERS)

    @read(summary="Propose members for all open seats", answers=Staffing)
    def get(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            page = staffing_pages.staffing_page(session, call.viewer, call.workspace, Form())
            deals = [
                UnderstaffedDeal(
                    deal=Named(row.deal.key, row.deal.name),
                    account=row.account,
                    open_seats=row.open_seats,
                    proposals=row.proposals,
                    may_edit=row.may_edit,
                )
                for row in page.rows
            ]
            return call.answer(Staffing(deals, [MemberLoad(*row) for row in page.loads]))

    @read("/roles", summary="List the roles of seats", answers=SeatRoles)
    def roles(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(SeatRoles(seat_role_rows(session, call.viewer)))

    @read("/members", summary="List who may take which role", answers=Eligibility)
    def members(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(Eligibility(eligibility(session)))

    @act(
        "/members/{key:str}",
        summary="Set which roles a member may take",
        answers=Eligibility,
        body=EligibleRoles,
    )
    def set_roles(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            eligibility_pages.set_roles(session, call.viewer, key, call.form)
            return Saved(Eligibility(eligibility(session)))

        return call.save(save)


def _on_items(call: Call, change: Callable[[Session, Viewer, list[int]], int]) -> Response[bytes]:
    def save(session: Session) -> Saved:
        ids = inbox_pages.item_ids(call.form)
        call.form.done()
        return Saved(Count(change(session, call.viewer, ids)))

    return call.save(save)


def _availability(session: Session, viewer: Viewer) -> Saved:
    session.flush()
    person = staffing_pages.own_person(session, viewer)
    values = staffing_pages.own_availability(session, person)
    row = availability_of(session, person.id)
    shown = Availability(row.seat_limit, row.away_from, row.away_until, person.skills)
    return Saved(shown, fingerprint(values))
