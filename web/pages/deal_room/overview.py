"""The Overview tab: facts, stage, and who may see it. `suggestions` has what follows it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.removal import delete_deal
from web.forms import Form, uncounted_id
from web.own_fields import OwnFact, own_facts
from web.pages.deal_room.activity import LATEST
from web.pages.deal_room.facts import CARD_FACTS, FactsForm, change_deal, facts_form
from web.pages.deal_room.header import DealHeader, deal_header, is_readable
from web.pages.deals.board import board_of
from web.pages.deals.list_state import list_state_of, query_fields, read_parking
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.collaboration.tasks import TaskRow, tasks_of_deal
from workspace.deals import access, credit, lifecycle, line_items, parking, team
from workspace.deals.access import invited_to
from workspace.deals.credit import FormerMember
from workspace.deals.line_items import ItemRow
from workspace.deals.products import (
    choose_products,
    competitors_of,
    product_choices,
    products_of,
)
from workspace.deals.tables import CLOSED_OUTCOMES, Deal, LineItem
from workspace.deals.team import SeatRow
from workspace.errors import Conflict
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.revisions import history
from workspace.timeline.timeline import Event, timeline

# The cards in which one fact is edited where it stands; other facts are in the form over all.
_PLACES = {
    **dict.fromkeys(CARD_FACTS, "deal_room/_facts.html"),
    **dict.fromkeys(("next_step", "reason"), "deal_room/_next_step.html"),
}


@dataclass(frozen=True)
class Overview:
    """The Overview tab."""

    header: DealHeader
    products: list[tuple[str, str]]
    competitors: list[tuple[str, str]]
    # Of a confidential deal: who may see it and why, who is invited, and who may be.
    readers: list[tuple[access.Reader, list[str]]]
    invited: list[tuple[str, str]]
    members: list[tuple[str, str]]
    seats: list[SeatRow]
    # Former members of the team of a closed deal: they are credited, too.
    former: list[FormerMember]
    events: list[Event]
    # What is still to be done.
    tasks: list[TaskRow]
    viewer_id: int | None
    own: list[OwnFact]
    items: list[ItemRow]
    # What a line item can be of, and what was typed into the form for one that was refused.
    all_products: list[tuple[str, str]]
    item_values: dict[str, str]
    item_wrong: dict[str, str]
    form: FactsForm | None


class OverviewController(Controller):
    """/deals/{key}: the Overview tab, and changes to the deal itself."""

    path = "/deals/{key:str}"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(overview, key)
        return visit.show("deal_room/overview.html", page)

    @get("/edit")
    def edit(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        field = visit.form.text("field", 30)
        with visit.read() as session:
            access.editable_deal(session, visit.viewer, key)
            page = overview(session, visit.viewer, key, Form([("field", field)]))
        fragment = _PLACES.get(field, "deal_room/_facts_form.html")
        return visit.answer("deal_room/overview.html", fragment, page)

    @post("/edit")
    def change(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving(Conflict) as session:
            deal = access.editable_deal(session, visit.viewer, key)
            change_deal(session, visit.viewer, deal, visit.form)
            readable = is_readable(session, visit.viewer, key)
        if visit.form.refusal:
            page = visit.page(overview, key, visit.form)
            return visit.answer("deal_room/overview.html", "deal_room/_facts_form.html", page)
        if not readable:
            return visit.go("/deals", f"{key} is saved. Only its team sees it now.")
        return visit.go(at("deals", key), "Saved.")

    @post("/delete")
    def delete(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            deal = access.readable_deal(session, visit.viewer, key)
            revision = delete_deal(session, visit.viewer, deal)
        return visit.go_deleted("/deals", revision)

    @post("/stage")
    def advance(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        # A card that is moved on a board stays there: this is the board's own query.
        board = (
            list_state_of(visit.form.text("board", 2000)) if "board" in visit.form.sent else None
        )
        with visit.write() as session:
            revision = history.begin_edit(session, visit.viewer.person_id)
            deal, stage = move_to_stage(session, visit.viewer, key, visit.form)
            undo = f"/deleted/{revision.id}/restore"
        if board is None:
            return visit.go(at("deals", key), f"Moved to {stage}.", undo=undo)
        said = f"{deal.name} is at {stage} now."
        if not visit.wants_fragment:
            return visit.go(board.address(), said, undo=undo)
        page = visit.page(board_of, query_fields(board), moved=key)
        return visit.show(page.fragment, replace(page, said=said, undo=undo))

    @post("/park")
    def park(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            park_deal(session, visit.viewer, key, visit.form)
        return visit.go(at("deals", key), "Parked.")

    @post("/wake")
    def wake(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            wake_deal(session, visit.viewer, key, visit.form)
        return visit.go(at("deals", key), "Open again.")

    @post("/line-items")
    def add_item(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving() as session:
            add_line_item(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            page = visit.page(overview, key)
            page = replace(page, item_values=visit.form.values, item_wrong=visit.form.wrong)
            return visit.show("deal_room/overview.html", page)
        return visit.go(at("deals", key), "Line item added.")

    @post("/line-items/{item_id:int}/remove")
    def remove_item(
        self, visit: NamedDependency[Visit], key: FromPath[str], item_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            revision = history.begin_edit(session, visit.viewer.person_id)
            line_items.remove_item(session, visit.viewer, key, uncounted_id(item_id))
            undo = f"/deleted/{revision.id}/restore"
        return visit.go(at("deals", key), "Line item removed.", undo=undo)

    @post("/invitations")
    def invite(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            person = invite_reader(session, visit.viewer, key, visit.form)
        return visit.go(at("deals", key), f"{person.name} may see this deal now.")

    @post("/invitations/{person_key:str}/remove")
    def uninvite(
        self, visit: NamedDependency[Visit], key: FromPath[str], person_key: FromPath[str]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            person = uninvite_reader(session, visit.viewer, key, person_key)
            readable = is_readable(session, visit.viewer, key)
        notice = f"{person.name} is no longer invited."
        return visit.go(at("deals", key) if readable else "/deals", notice)


def move_to_stage(session: Session, viewer: Viewer, key: str, form: Form) -> tuple[Deal, str]:
    """Move a deal to the stage of a form; the deal, and the stage's name."""
    stage = form.text("stage", 60, required=True)
    reason = form.text("reason", 500)
    closed = form.day("closed")
    version = form.integer("version", 1)
    form.done()
    deal = lifecycle.change_stage(
        session, viewer, key, stage, reason=reason, closed=closed, version=version
    )
    return deal, stage


def park_deal(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Park a deal as a form says."""
    chosen = read_parking(form)
    version = form.integer("version", 1)
    form.done()
    parking.park(session, viewer, key, chosen, version=version)


def wake_deal(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Reopen a parked deal."""
    version = form.integer("version", 1)
    form.done()
    parking.wake(session, viewer, key, version=version)


def add_line_item(session: Session, viewer: Viewer, key: str, form: Form) -> LineItem:
    """Add the line item of a form to a deal."""
    product_key = form.text("item_product", 80, required=True)
    quantity, price = form.money("quantity"), form.money("price")
    recurring = form.choice("paid", ("once", "yearly")) == "yearly"
    for name, number in (("quantity", quantity), ("price", price)):
        if number is None:
            form.refuse(name, "Enter a number.")
    form.done()
    [product] = choose_products(session, viewer, [product_key])
    return line_items.add_item(
        session,
        viewer,
        key,
        product,
        quantity or Decimal(0),
        price or Decimal(0),
        recurring=recurring,
    )


def invite_reader(session: Session, viewer: Viewer, key: str, form: Form) -> Person:
    """Let the member of a form see a confidential deal."""
    person_key = form.text("person", 80, required=True)
    deal = access.editable_deal(session, viewer, key)
    form.done()
    person = people.member_of(session, person_key)
    lifecycle.invite(session, deal, person.id, viewer.person_id)
    return person


def uninvite_reader(session: Session, viewer: Viewer, key: str, person_key: str) -> Person:
    """Take a member's invitation to a confidential deal back."""
    deal = access.editable_deal(session, viewer, key)
    person = row_of_key(session, Person, person_key)
    lifecycle.uninvite(session, deal, person.id, viewer.person_id)
    return person


def overview(session: Session, viewer: Viewer, key: str, form: Form | None = None) -> Overview:
    """The page, with the form over the facts where one is given."""
    header = deal_header(session, viewer, key, "overview")
    deal = header.deal
    return Overview(
        header=header,
        products=products_of(session, deal.id),
        competitors=competitors_of(session, deal.id),
        readers=access.why_readers_see(session, deal) if deal.confidential else [],
        invited=invited_to(session, deal.id) if deal.confidential else [],
        members=people.active_members(session) if deal.confidential else [],
        seats=team.seats_of(session, deal.id),
        former=credit.former_team(session, deal) if deal.outcome in CLOSED_OUTCOMES else [],
        events=timeline(session, [(deal.id, deal.key, deal.name)], limit=LATEST),
        tasks=tasks_of_deal(session, deal, done=0),
        viewer_id=viewer.person_id,
        own=own_facts(session, viewer, FieldSubject.DEAL, deal.own),
        items=line_items.items_of(session, deal.id),
        all_products=product_choices(session, viewer) if header.may_edit else [],
        item_values={},
        item_wrong={},
        form=facts_form(session, viewer, header, form) if form else None,
    )
