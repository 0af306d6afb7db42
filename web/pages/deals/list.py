"""Deals: the list, what is changed on it, and logging a new one."""

from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session, col

from similarity.likely import likely_existing
from similarity.names.tables import Subject
from similarity.sentences.accounts import account_in
from similarity.sentences.closing import closing_day_in
from similarity.sentences.deals import amount_in, name_in
from similarity.sentences.facets import FacetKind, facets_in, known_names
from web.columns import Column, ordering, with_own
from web.forms import Form
from web.lists import first_page
from web.own_fields import filled_own, read_own
from web.pages.deals.board import Board, board_of
from web.pages.deals.list_state import (
    BOARD,
    COLUMNS,
    LIST,
    Bar,
    ListState,
    bar_of,
    list_state_of,
    query_fields,
    read_list_state,
    read_parking,
    with_own_fields,
)
from web.pages.named_facets import Named, NamedFacets, chips_of
from web.pages.search import Link
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import at, get, post
from web.visits import Visit
from workspace.accounts.accounts import Account, account_rows, find_account
from workspace.accounts.geography import country_choices
from workspace.accounts.industries import DIVISIONS, SECTIONS
from workspace.clock import spoken, today
from workspace.deals import access, bulk, lifecycle, lists
from workspace.deals.lists import Choices, DealRow
from workspace.deals.stages import stages
from workspace.deals.tables import Deal, Outcome
from workspace.own_fields.fields import FieldSubject, OwnField, editable, fields_of
from workspace.own_fields.values import changed_values
from workspace.people import people
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions import history

PAGE = 50
# At most so many are changed in one go.
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class DealList:
    """The deals that were chosen, and what may be done with them."""

    rows: list[DealRow]
    more: str | None  # The deal that the next page begins after.
    totals: lists.Totals | None  # None on a next page.
    state: ListState
    bar: Bar
    editable: set[int]
    # What many deals may be changed to at once.
    stages: list[tuple[str, str]]
    owners: list[tuple[str, str]]
    # A change of many deals that was refused: what was selected and typed, and why.
    values: dict[str, str]
    selected: list[str]
    refused: dict[str, str]
    fragment: str
    # What own fields many deals can be changed to at once.
    own: list[OwnField]
    # A cell is edited in its row alone.
    editing: None = None

    @property
    def columns(self) -> dict[str, Column]:
        """The columns that the list can show."""
        return with_own(COLUMNS, self.state.own)

    @property
    def names(self) -> dict[str, str]:
        """The deals' names by their keys."""
        return {row.key: row.name for row in self.rows}


@dataclass(frozen=True)
class AccountNote:
    """What is known of the account that is being typed, and names that it may become."""

    typed: str
    found: Account | None
    names: list[str]
    # Accounts that may be meant, where none has this name.
    likely: list[Link]
    values: dict[str, str]
    wrong: dict[str, str]
    sections: dict[str, str] = field(default_factory=lambda: SECTIONS)
    divisions: dict[str, str] = field(default_factory=lambda: DIVISIONS)
    countries: tuple[tuple[str, str], ...] = field(default_factory=country_choices)


@dataclass(frozen=True)
class NewDeal:
    """The form for a deal: what was typed, and what is wrong with it."""

    values: dict[str, str]
    chosen_products: list[str]
    chosen_competitors: list[str]
    wrong: dict[str, str]
    account: AccountNote
    choices: Choices
    currency: str
    own: list[OwnField]
    # What a sentence names, from which the form was filled in.
    named: NamedFacets | None = None


@dataclass(frozen=True)
class NamedClosing:
    """The day by which a sentence says that its deal is to close."""

    day: date
    kind: str = "closes"

    @property
    def id(self) -> str:
        """How an address refers to it."""
        return f"{self.kind}:{self.day}"

    @property
    def label(self) -> str:
        """The day in words."""
        return spoken(self.day)


class DealController(Controller):
    """/deals."""

    path = "/deals"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(deals_page, visit.form)
        return visit.answer("deals/list.html", page.fragment, page, address=page.state.address())

    @post("/bulk")
    def change_many(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        state = list_state_of(visit.form.text("query", 2000))
        with visit.saving() as session:
            revision = history.begin_edit(session, visit.viewer.person_id)
            undo = f"/deleted/{revision.id}/restore"
            changed = change_many(session, visit.viewer, visit.form)
        if visit.form.refusal:
            page = visit.page(deal_list, query_fields(state))
            page = with_refused_change(page, visit.form)
            return visit.show("deals/list.html", page)
        said = "1 deal is" if changed == 1 else f"{changed} deals are"
        return visit.go(state.address(), f"{said} changed.", undo=undo if changed else "")

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_writer(visit.viewer)
        return visit.show("deals/new.html", visit.page(new_deal_of_sentence, visit.form))

    @get("/new/account")
    def account(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(account_note, visit.form)
        return visit.show("deals/_account_note.html", page)

    @post()
    def log(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            deal, is_new = log_deal(session, visit.viewer, visit.form)
            key = deal.key
        if visit.form.refusal:
            page = visit.page(new_deal, visit.form)
            return visit.answer("deals/new.html", "deals/_form.html", page)
        said = "is logged" if is_new else "was logged a moment ago, and only once"
        return visit.go(at("deals", key, "kin"), f"{key} {said}.")


def deals_page(
    session: Session, viewer: Viewer, asked: Form, *, form: Form | None = None
) -> DealList | Board:
    """The list or the board that an address asks for, with a form over a view that came back."""
    if asked.choice("view", (LIST, BOARD)) == BOARD:
        return board_of(session, viewer, asked, form=form)
    return deal_list(session, viewer, asked, form)


def deal_list(session: Session, viewer: Viewer, asked: Form, form: Form | None = None) -> DealList:
    """The list that an address asks for, with a form over a view that came back."""
    after = asked.maybe("after", 80)
    state = with_own_fields(session, viewer, read_list_state(asked))
    rows = rows_of(session, viewer, state, after, PAGE + 1)
    shown, last = first_page(rows, PAGE)
    open_stages = [row.name for row in stages(session) if row.outcome == Outcome.OPEN]
    bar = bar_of(session, viewer, state, form)
    return DealList(
        state=state,
        bar=bar,
        rows=shown,
        more=last.key if last else None,
        totals=lists.deal_totals(session, viewer, state.chosen) if not after else None,
        editable=access.editable_deal_ids(session, viewer, [row.id for row in shown]),
        stages=[(name, name) for name in open_stages],
        owners=bar.choices.owners,
        values={},
        selected=[],
        refused={},
        # A next page is put below the rows that are there already.
        fragment="deals/_rows.html" if after else "deals/_results.html",
        own=editable(session, viewer, FieldSubject.DEAL),
    )


def rows_of(
    session: Session, viewer: Viewer, state: ListState, after: str | None, limit: int
) -> list[DealRow]:
    """The deals that a list shows, from after the deal of the key `after`."""
    return lists.deal_rows(
        session,
        viewer,
        state.chosen,
        **ordering(state.arranged, state.own, col(Deal.own)),
        after=after,
        limit=limit,
    )


def with_refused_change(page: DealList, form: Form) -> DealList:
    """The list with a change of many deals that was refused."""
    selected = [deal.partition(":")[0] for deal in form.sent.get("deal", [])]
    return replace(page, values=form.values, selected=selected, refused=form.wrong)


def change_many(session: Session, viewer: Viewer, form: Form) -> int:
    """Change all the deals that a form ticks, or none; how many are otherwise now."""
    selected = form.choices("deal", form.sent.get("deal", [])[:MOST_AT_ONCE])
    open_stages = {row.name: row for row in stages(session) if row.outcome == Outcome.OPEN}
    stage = form.choice("stage", open_stages)
    owner = form.choice("owner", [key for key, _ in people.active_members(session)])
    day = form.day("expected_close")
    status = form.choice("status", ("park", "wake"))
    parking = read_parking(form)
    own = filled_own(session, viewer, FieldSubject.DEAL, form)
    if not selected and "deal" not in form.wrong:
        form.refuse("deal", "Select deals first.")
    if not (stage or owner or day or status or own) and not form.wrong:
        form.refuse("stage", "Choose a stage, an owner, a date or a status.")
    form.done()
    changes: dict[str, object] = {}
    if owner:
        changes["owner_id"] = people.member_of(session, owner).id
    if day:
        changes["expected_close"] = day
    chosen = [deal.rpartition(":") for deal in selected]
    return bulk.change_all(
        session,
        viewer,
        [(key, int(seen) if seen.isdecimal() else 0) for key, _, seen in chosen],
        stage=open_stages[stage] if stage else None,
        changes=changes,
        parking=parking if status == "park" else None,
        wakes=status == "wake",
        own=own,
        told=partial(changed_values, fields_of(session, FieldSubject.DEAL)),
    )


def new_deal(session: Session, viewer: Viewer, form: Form) -> NewDeal:
    """The form, empty or as it was sent."""
    return NewDeal(
        values=form.values,
        chosen_products=form.sent.get("product", []),
        chosen_competitors=form.sent.get("competitor", []),
        wrong=form.wrong,
        account=account_note(session, viewer, form),
        choices=lists.choices(session, viewer),
        currency=lists.usual_currency(session, viewer),
        own=editable(session, viewer, FieldSubject.DEAL),
    )


def new_deal_of_sentence(session: Session, viewer: Viewer, form: Form) -> NewDeal:
    """The form, with what the sentence in an address says filled in to be checked."""
    sentence = form.text("sentence", 5_000)
    form.check()
    if not sentence:
        return new_deal(session, viewer, form)
    known = known_names(session, viewer)
    facets = facets_in(sentence, known)
    closing = closing_day_in(sentence, today())
    all_named: list[Named] = [*facets, *([NamedClosing(closing)] if closing else [])]
    named = chips_of(all_named, f"/deals/new?{query({'sentence': sentence})}", form)
    account = account_in(session, sentence, known)
    values = {"name": name_in(sentence, account), "account": account, "use_case": sentence}
    if worth := amount_in(sentence):
        values |= {
            "amount": f"{worth.amount:f}".removesuffix(".00"),
            "currency": worth.currency or "",
        }
    fields = {FacetKind.SIZE: "headcount"}
    counted = [facet for facet in facets if facet.id not in named.off]
    sent = [(fields.get(facet.kind, facet.kind), facet.value) for facet in counted]
    if closing and NamedClosing(closing).id not in named.off:
        sent.append(("expected_close", str(closing)))
    filled = Form([*values.items(), *sent, *form.values.items()])
    return replace(new_deal(session, viewer, filled), named=named)


def account_note(session: Session, viewer: Viewer, form: Form) -> AccountNote:
    """What to say about the account that is typed into a form."""
    typed = " ".join((form.values.get("account") or "").split())[:200]
    rows = account_rows(session, text=typed, limit=8) if len(typed) > 1 else []
    found = find_account(session, typed) if typed else None
    likely = [] if found else likely_existing(session, viewer, typed, Subject.ACCOUNT)
    return AccountNote(
        typed=typed,
        found=found,
        likely=[Link(hit) for hit in likely],
        names=[row.name for row in rows],
        values=form.values,
        wrong=form.wrong,
    )


def log_deal(session: Session, viewer: Viewer, form: Form) -> tuple[Deal, bool]:
    """Log the deal of a form; the deal, and whether it is new."""
    choices = lists.choices(session, viewer)
    name = form.text("name", 200, required=True)
    account_name = form.text("account", 200, required=True)
    industry = form.choice("industry", {**SECTIONS, **DIVISIONS})
    headcount = form.integer("headcount", 1, 10_000_000)
    country = form.choice("country", [code for code, _ in country_choices()])
    stage_name = form.choice("stage", [value for value, _ in choices.stages])
    products = form.choices("product", [value for value, _ in choices.products])
    competitors = form.choices("competitor", [value for value, _ in choices.competitors])
    new_product = form.maybe("new_product", 200)
    new_competitor = form.maybe("new_competitor", 200)
    amount, currency = form.money("amount"), form.currency("currency")
    facts: dict[str, Any] = {
        "expected_close": form.day("expected_close"),
        "reason": form.text("reason", 500),
        "use_case": form.lines("use_case", 5_000),
        "notes": form.lines("notes", 20_000),
        "next_step": form.text("next_step", 500),
        "next_step_on": form.day("next_step_on"),
        "confidential": form.flag("confidential"),
        "own": read_own(session, viewer, FieldSubject.DEAL, form, {}),
    }
    if lifecycle.lacks_currency(amount, currency):
        form.refuse("currency", "Required with an amount.")
    form.done()
    return lifecycle.log_one(
        session,
        viewer,
        name,
        account_name,
        account_facts={"industry": industry, "headcount": headcount, "country": country},
        stage=stage_name,
        products=products,
        new_product=new_product,
        competitors=competitors,
        new_competitor=new_competitor,
        amount=amount,
        currency=currency,
        **facts,
    )
