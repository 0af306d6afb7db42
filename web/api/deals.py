"""Deals over the API: the list, one deal, and what is changed of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType, field
from sqlmodel import Session

from references.removal import delete_deal
from web.api.calls import Call, Saved
from web.api.fields import (
    Body,
    Country,
    Currency,
    Day,
    DealFilters,
    Key,
    Label,
    Line,
    LongText,
    Money,
    Number,
    OwnValues,
    Required,
    Short,
    Text,
)
from web.api.operations import act, change, create, for_programs, read, remove
from web.api.shown import Named, named, own_values, with_readable_own
from web.forms import Form, uncounted_id
from web.pages.deal_room.facts import change_deal
from web.pages.deal_room.header import deal_header, is_readable
from web.pages.deal_room.overview import (
    add_line_item,
    invite_reader,
    move_to_stage,
    park_deal,
    uninvite_reader,
    wake_deal,
)
from web.pages.deals.list import log_deal, rows_of
from web.pages.deals.list_state import read_list_state, with_own_fields
from web.policies import Policy
from workspace.deals import access, line_items
from workspace.deals.line_items import ItemRow, items_of
from workspace.deals.lists import DealRow
from workspace.deals.products import competitors_of, products_of
from workspace.own_fields.fields import FieldSubject
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class DealShown:
    """A deal with all its facts."""

    key: str
    name: str
    account: Named | None
    owner: Named | None
    stage: str
    # open, won, lost or parked.
    outcome: str
    amount: Decimal | None
    currency: str | None
    yearly: Decimal | None
    term_months: int | None
    renews_on: date | None
    opened: date | None
    expected_close: date | None
    closed: date | None
    use_case: str
    notes: str
    next_step: str
    next_step_on: date | None
    reason: str
    parked_reason: str
    wakes_on: date | None
    wakes_when: str
    confidential: bool
    products: list[Named]
    competitors: list[Named]
    line_items: list[ItemRow]
    # Members who were invited to see it, if it is confidential.
    invited: list[Named]
    own: dict[str, str]
    may_edit: bool


class DealQuery(DealFilters):
    """What the list is narrowed down to, and its order."""

    since: Day | None = None
    until: Day | None = None
    attention: Label = ""
    quarter: Label = ""
    forecast: Label = ""
    sort: Short = "-opened"


class DealFields(Body):
    """What both a new deal and a change of one may say."""

    amount: Money | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    expected_close: Day | UnsetType | None = UNSET
    use_case: Text | UnsetType = UNSET
    notes: LongText | UnsetType = UNSET
    next_step: Line | UnsetType = UNSET
    next_step_on: Day | UnsetType | None = UNSET
    reason: Line | UnsetType = UNSET
    confidential: bool | UnsetType = UNSET
    product: list[Key] | UnsetType = field(default=UNSET, name="products")
    competitor: list[Key] | UnsetType = field(default=UNSET, name="competitors")
    new_product: Short | UnsetType = UNSET
    new_competitor: Short | UnsetType = UNSET
    own: OwnValues | UnsetType = UNSET


class NewDeal(DealFields, kw_only=True):
    """A deal to be logged; a new account is added with the facts that are sent."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Ward boards",
        "account": "Orlik Clinics",
        "amount": 120000,
        "currency": "EUR",
    }
    name: Required
    account: Required
    stage: Label | UnsetType = UNSET
    industry: Label | UnsetType = UNSET
    headcount: Number | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET


class DealChange(DealFields):
    """The facts to be changed; the others stay."""

    example: ClassVar[dict[str, Any]] = {
        "next_step": "Send the offer",
        "next_step_on": "2027-03-01",
    }
    name: Required | UnsetType = UNSET
    account: Short | UnsetType = UNSET
    owner: Short | UnsetType = UNSET
    yearly: Money | UnsetType | None = UNSET
    term_months: Number | UnsetType | None = UNSET
    renews_on: Day | UnsetType | None = UNSET
    opened: Day | UnsetType | None = UNSET


class StageMove(Body):
    """The stage that a deal is moved to. Won and lost deals have a reason."""

    example: ClassVar[dict[str, Any]] = {"stage": "Needs Analysis"}
    stage: Label
    reason: Line | UnsetType = UNSET
    closed: Day | UnsetType | None = UNSET


class Parked(Body):
    """Why a deal is parked, and until when."""

    example: ClassVar[dict[str, Any]] = {"reason": "Budget freeze", "wakes_on": "2027-06-01"}
    park_reason: Line = field(name="reason")
    wakes_on: Day | UnsetType | None = UNSET
    wakes_when: Short | UnsetType = UNSET


class NewItem(Body):
    """A line item of a deal."""

    example: ClassVar[dict[str, Any]] = {
        "product": "ward-board",
        "quantity": 10,
        "price": 900,
        "paid": "yearly",
    }
    item_product: Key = field(name="product")
    quantity: Money
    price: Money
    paid: Literal["once", "yearly"] | UnsetType = UNSET


class Invitation(Body):
    """A member who is to see a confidential deal."""

    example: ClassVar[dict[str, Any]] = {"person": "dana-dvorak"}
    person: Key


class DealsController(Controller):
    """/api/v1/deals."""

    path = "/api/v1/deals"
    opt = for_programs("Deals", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List deals", answers=DealRow, paged=True, query=DealQuery)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        viewer, form = call.viewer, call.form
        with call.read() as session:
            state = with_own_fields(session, viewer, read_list_state(form))
            rows = rows_of(session, viewer, state, form.maybe("after", 80), call.size + 1)
            return call.page(with_readable_own(session, viewer, FieldSubject.DEAL, rows))

    @create(summary="Log a deal", answers=DealShown, body=NewDeal, tagged=True)
    def log(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            deal, _ = log_deal(session, call.viewer, call.form)
            return deal_shown(session, call.viewer, deal.key)

        return call.save(save)

    @read("/{key:str}", summary="Get a deal", answers=DealShown, tagged=True)
    def get(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(deal_shown, key)

    @change(
        "/{key:str}",
        summary="Change a deal",
        answers=DealShown,
        body=DealChange,
        tagged=True,
        matches=True,
        may_vanish=True,
    )
    def change(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            deal = access.editable_deal(session, call.viewer, key)
            call.send_version()
            form = call.form
            links = {
                "product": products_of(session, deal.id),
                "competitor": competitors_of(session, deal.id),
            }
            if form.sent.keys() & {*links, "new_product", "new_competitor"}:
                # A form sends both lists; the one that is not sent stays.
                form.sent["links"] = ["on"]
                for name, linked in links.items():
                    form.sent.setdefault(name, [linked_key for linked_key, _ in linked])
            change_deal(session, call.viewer, deal, form)
            return _after(session, call.viewer, key)

        return call.save_over(save, lambda session: deal_shown(session, call.viewer, key))

    @remove("/{key:str}", summary="Delete a deal")
    def delete(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            delete_deal(session, call.viewer, access.readable_deal(session, call.viewer, key))
            return Saved()

        return call.save(save)

    @act(
        "/{key:str}/stage",
        summary="Move a deal to a stage",
        answers=DealShown,
        body=StageMove,
        tagged=True,
        matches=True,
    )
    def move(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return self._step(call, key, move_to_stage)

    @act(
        "/{key:str}/park",
        summary="Park a deal",
        answers=DealShown,
        body=Parked,
        tagged=True,
        matches=True,
    )
    def park(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return self._step(call, key, park_deal)

    @act(
        "/{key:str}/wake",
        summary="Reopen a parked deal",
        answers=DealShown,
        tagged=True,
        matches=True,
    )
    def wake(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return self._step(call, key, wake_deal)

    @create("/{key:str}/line-items", summary="Add a line item", answers=DealShown, body=NewItem)
    def add_item(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            add_line_item(session, call.viewer, key, call.form)
            return deal_shown(session, call.viewer, key)

        return call.save(save)

    @remove("/{key:str}/line-items/{item_id:int}", summary="Remove a line item")
    def remove_item(
        self, call: NamedDependency[Call], key: FromPath[str], item_id: FromPath[int]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            line_items.remove_item(session, call.viewer, key, uncounted_id(item_id))
            return Saved()

        return call.save(save)

    @create(
        "/{key:str}/invitations",
        summary="Let a member see a confidential deal",
        answers=DealShown,
        body=Invitation,
    )
    def invite(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            invite_reader(session, call.viewer, key, call.form)
            return deal_shown(session, call.viewer, key)

        return call.save(save)

    @remove("/{key:str}/invitations/{person_key:str}", summary="Take an invitation back")
    def uninvite(
        self, call: NamedDependency[Call], key: FromPath[str], person_key: FromPath[str]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            uninvite_reader(session, call.viewer, key, person_key)
            return Saved()

        return call.save(save)

    def _step(
        self, call: Call, key: str, step: Callable[[Session, Viewer, str, Form], object]
    ) -> Response[bytes]:
        """A step of a deal's life, over the version that the caller has seen."""

        def save(session: Session) -> Saved:
            call.send_version()
            step(session, call.viewer, key, call.form)
            return deal_shown(session, call.viewer, key)

        return call.save_over(save, lambda session: deal_shown(session, call.viewer, key))


def deal_shown(session: Session, viewer: Viewer, key: str) -> Saved:
    """A deal as a viewer may know it, under the tag of its version."""
    header = deal_header(session, viewer, key, "overview")
    deal, account = header.deal, header.account
    owner = Named(header.owner_key, header.owner or "") if header.owner_key else None
    shown = DealShown(
        key=deal.key,
        name=deal.name,
        account=Named(account.key, account.name) if account else None,
        owner=owner,
        stage=header.stage.name,
        outcome=deal.outcome,
        amount=deal.amount,
        currency=deal.currency,
        yearly=deal.yearly,
        term_months=deal.term_months,
        renews_on=deal.renews_on,
        opened=deal.opened,
        expected_close=deal.expected_close,
        closed=deal.closed,
        use_case=deal.use_case,
        notes=deal.notes,
        next_step=deal.next_step,
        next_step_on=deal.next_step_on,
        reason=deal.reason,
        parked_reason=deal.parked_reason,
        wakes_on=deal.wakes_on,
        wakes_when=deal.wakes_when,
        confidential=deal.confidential,
        products=named(products_of(session, deal.id)),
        competitors=named(competitors_of(session, deal.id)),
        line_items=items_of(session, deal.id),
        invited=named(access.invited_to(session, deal.id)) if deal.confidential else [],
        own=own_values(session, viewer, FieldSubject.DEAL, deal.own),
        may_edit=header.may_edit,
    )
    return Saved(shown, str(deal.version), f"/api/v1/deals/{deal.key}")


def _after(session: Session, viewer: Viewer, key: str) -> Saved:
    """A deal after a change, which may have taken it out of the viewer's sight."""
    if not is_readable(session, viewer, key):
        return Saved()
    return deal_shown(session, viewer, key)
