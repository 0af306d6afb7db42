"""Ways of looking at the deals: what an address asks for, and the views that have a name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from web.forms import Form, parse_pairs
from web.own_fields import PREFIX
from web.own_fields import read_filter as read_own_filter
from web.rendering import query
from workspace.accounts.industries import DIVISIONS, SECTIONS
from workspace.accounts.size_bands import SIZE_BAND_NAMES
from workspace.deals import lists
from workspace.deals.filters import Attention, DealFilter
from workspace.deals.lists import DEAL_ORDERS, Choices
from workspace.deals.parking import Parking
from workspace.deals.quarters import CATEGORIES, Quarter, read_quarter
from workspace.deals.saved_views import ViewRow, views_of
from workspace.deals.tables import Outcome
from workspace.errors import Invalid
from workspace.own_fields.fields import FieldSubject, OwnField, readable
from workspace.people.viewer import Viewer

LIST, BOARD = "list", "board"
USUAL_SORT = "-opened"
# What a list may show beside a deal's name: the label, and what orders it, where something does.
COLUMNS = {
    "account": ("Account", "account"),
    "stage": ("Stage", "stage"),
    "next": ("Next step", "next"),
    "amount": ("Amount", "amount"),
    "close": ("Close", "close"),
    "owner": ("Owner", "owner"),
    "opened": ("Opened", "opened"),
    "moved": ("Last move", "moved"),
    "wakes": ("Reopens", "wakes"),
    "yearly": ("Per year", "yearly"),
    "renews": ("Renewal", "renews"),
}
USUAL_COLUMNS = ("account", "stage", "next", "amount", "close", "owner")
# Sent with every choice of columns, so that an empty one is a choice too.
NAME = "name"


@dataclass(frozen=True)
class ListState:
    """What an address asks for: which deals, in which order, as a list or as a board."""

    chosen: DealFilter
    params: dict[str, str]  # The filters, as they stand in the address.
    view: str
    order: str
    descending: bool
    columns: tuple[str, ...]
    # The own fields that the viewer may see, once they were looked up.
    own: tuple[OwnField, ...] = ()

    @property
    def sort(self) -> str:
        """The order as it stands in the address."""
        return f"-{self.order}" if self.descending else self.order

    @property
    def shown_columns(self) -> str:
        """The columns as they stand in the address; nothing where they are the usual ones."""
        return ",".join((NAME, *self.columns)) if self.columns != USUAL_COLUMNS else ""

    @property
    def query(self) -> str:
        """All of this as the query of an address: the same state, the same query."""
        return self._query({})

    def address(self, **changes: str) -> str:
        """The address of this with some of its parts changed; an empty one is taken off."""
        asked = self._query(changes)
        return f"/deals?{asked}" if asked else "/deals"

    def _query(self, changes: dict[str, str]) -> str:
        parts = {
            **self.params,
            "sort": self.sort,
            "columns": self.shown_columns,
            "view": self.view,
            **changes,
        }
        usual = {"sort": USUAL_SORT, "view": LIST}
        return query({name: part for name, part in parts.items() if part != usual.get(name)})


def read_list_state(asked: Form) -> ListState:
    """What an address asks for; `Invalid` where it cannot be asked for.

    `with_own_fields` looks up what it asks of own fields.
    """
    view = asked.choice("view", (LIST, BOARD)) or LIST
    sort = asked.text("sort", 120) or USUAL_SORT
    if sort.removeprefix("-") not in DEAL_ORDERS and not is_own(sort.removeprefix("-")):
        asked.refuse("sort", "Choose one of the list.")
    named = [name for sent in asked.sent.get("columns", []) for name in sent.split(",") if name]
    if any(name not in COLUMNS and name != NAME and not is_own(name) for name in named):
        asked.refuse("columns", "Choose from the list.")
    chosen, params = read_filter(asked)
    # What there is of own fields, and who may see them, is asked when the list is read.
    params |= {
        name: text for name in asked.sent if is_own(name) and (text := asked.text(name, 200))
    }
    asked.check()
    if view == BOARD:
        # A board is of open deals, whatever the list was of.
        params.pop("outcome", None)
    return ListState(
        chosen=chosen,
        params=params,
        view=view,
        order=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        columns=_columns(named) if named else USUAL_COLUMNS,
    )


def with_own_fields(session: Session, viewer: Viewer, state: ListState) -> ListState:
    """The state with what it asks of the own fields that a viewer may see, and of no others."""
    fields = readable(session, viewer, FieldSubject.DEAL)
    asked = Form((name, text) for name, text in state.params.items() if is_own(name))
    filters, params = read_own_filter(session, viewer, FieldSubject.DEAL, asked)
    asked.check()
    known = {field.param for field in fields}
    if is_own(state.order) and state.order not in known:
        usual = USUAL_SORT.removeprefix("-")
        state = replace(state, order=usual, descending=USUAL_SORT.startswith("-"))
    return replace(
        state,
        chosen=replace(state.chosen, own=tuple(filters)),
        params={name: text for name, text in state.params.items() if not is_own(name)} | params,
        columns=tuple(name for name in state.columns if not is_own(name) or name in known),
        own=tuple(fields),
    )


def _columns(named: Sequence[str]) -> tuple[str, ...]:
    own = dict.fromkeys(name for name in named if is_own(name))
    return (*(name for name in COLUMNS if name in named), *own)


def is_own(name: str) -> bool:
    """Whether a part of an address is about an own field."""
    return name.startswith(PREFIX) and len(name) <= 100


def list_state_of(text: str) -> ListState:
    """The state that a query asks for which came from elsewhere: a form, or a saved view."""
    return read_list_state(Form(parse_pairs(text.encode())))


def query_fields(state: ListState) -> Form:
    """The fields of a state's address."""
    return Form(parse_pairs(state.query.encode()))


@dataclass(frozen=True)
class Tab:
    """A saved view above the deals. Without an address it asks for what there is no more."""

    row: ViewRow
    address: str | None
    current: bool


@dataclass(frozen=True)
class Bar:
    """What stands above the deals: the saved views, and what they can be narrowed down by."""

    tabs: list[Tab]
    choices: Choices
    # A form over a view that came back: what was typed, and what is wrong with it.
    values: dict[str, str]
    wrong: dict[str, str]
    sections: dict[str, str] = field(default_factory=lambda: SECTIONS)
    divisions: dict[str, str] = field(default_factory=lambda: DIVISIONS)
    sizes: tuple[str, ...] = SIZE_BAND_NAMES

    @property
    def current(self) -> Tab | None:
        """The saved view that is open."""
        return next((tab for tab in self.tabs if tab.current), None)


def bar_of(session: Session, viewer: Viewer, state: ListState, form: Form | None = None) -> Bar:
    """The bar above a list of deals: its views and filters."""
    return Bar(
        tabs=[_tab(row, state) for row in views_of(session, viewer)],
        choices=lists.choices(session, viewer),
        values=form.values if form else {},
        wrong=form.wrong if form else {},
    )


def _tab(row: ViewRow, state: ListState) -> Tab:
    # What was stored is as little to be trusted as any other address.
    try:
        saved = list_state_of(row.query)
    except Invalid:
        return Tab(row, None, False)
    return Tab(row, saved.address(), saved.query == state.query)


def read_parking(form: Form) -> Parking:
    """Why a deal is parked, and until when, in a form."""
    return Parking(
        form.text("park_reason", 500), form.day("wakes_on"), form.text("wakes_when", 200)
    )


# What a list of deals, or the Kin tab, can be narrowed down by.
FILTERS = (
    "outcome",
    "stage",
    "industry",
    "size",
    "product",
    "competitor",
    "region",
    "owner",
    "account",
    "since",
    "until",
    "attention",
    "quarter",
    "forecast",
)


def read_filter(asked: Form) -> tuple[DealFilter, dict[str, str]]:
    """The filter in an address, and its parts as they were sent."""
    chosen = DealFilter(
        text=asked.maybe("q", 200),
        outcome=asked.choice("outcome", list(Outcome)),
        stage=asked.maybe("stage", 60),
        industry=asked.maybe("industry", 3),
        size=asked.choice("size", SIZE_BAND_NAMES),
        product=asked.maybe("product", 80),
        competitor=asked.maybe("competitor", 80),
        region=asked.maybe("region", 60),
        owner=asked.maybe("owner", 80),
        account=asked.maybe("account", 80),
        since=asked.day("since"),
        until=asked.day("until"),
        attention=_attention(asked),
        quarter=_quarter(asked),
        forecast=asked.choice("forecast", tuple(CATEGORIES)),
    )
    asked.check()
    params = {name: asked.text(name, 200) for name in ("q", *FILTERS)}
    return chosen, {name: value for name, value in params.items() if value}


def _attention(asked: Form) -> Attention | None:
    chosen = asked.choice("attention", list(Attention))
    return Attention(chosen) if chosen else None


def _quarter(asked: Form) -> Quarter | None:
    text = asked.text("quarter", 10)
    quarter = read_quarter(text)
    if text and quarter is None:
        asked.refuse("quarter", "Enter a quarter, for example 2026-Q4.")
    return quarter
