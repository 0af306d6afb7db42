"""Ways of looking at the deals: what an address asks for, and the views that have a name."""

from dataclasses import dataclass, field, replace

from sqlmodel import Session

from web.columns import Arrangement, Column, is_own, read_arrangement
from web.forms import Form, parse_pairs
from web.own_fields import read_filter as read_own_filter
from web.rendering import query
from workspace.accounts.industries import DIVISIONS, SECTIONS
from workspace.accounts.size_bands import SIZE_BAND_NAMES
from workspace.deals import lists
from workspace.deals.filters import EXPECTED, Attention, DealFilter
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
# What a list may show beside a deal's name.
COLUMNS = {
    "account": Column("Account", "account"),
    "stage": Column("Stage", "stage"),
    "next": Column("Next step", "next"),
    "amount": Column("Amount", "amount", is_numeric=True, begins_largest=True),
    "close": Column("Close", "close", begins_largest=True),
    "owner": Column("Owner", "owner"),
    "opened": Column("Opened", "opened"),
    "moved": Column("Last move", "moved"),
    "wakes": Column("Reopens", "wakes"),
    "yearly": Column("Per year", "yearly", is_numeric=True),
    "renews": Column("Renewal", "renews"),
}
USUAL_COLUMNS = ("account", "stage", "next", "amount", "close", "owner")


@dataclass(frozen=True)
class ListState:
    """What an address asks for: which deals, in which order, as a list or as a board."""

    chosen: DealFilter
    params: dict[str, str]  # The filters, as they stand in the address.
    view: str
    arranged: Arrangement
    # The own fields that the viewer may see, once they were looked up.
    own: tuple[OwnField, ...] = ()

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
            "sort": self.arranged.sort,
            "columns": self.arranged.shown_columns,
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
    arranged = read_arrangement(asked, COLUMNS, DEAL_ORDERS, USUAL_SORT, USUAL_COLUMNS)
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
        arranged=arranged,
    )


def with_own_fields(session: Session, viewer: Viewer, state: ListState) -> ListState:
    """The state with what it asks of the own fields that a viewer may see, and of no others."""
    fields = readable(session, viewer, FieldSubject.DEAL)
    asked = Form((name, text) for name, text in state.params.items() if is_own(name))
    filters, params = read_own_filter(session, viewer, FieldSubject.DEAL, asked)
    asked.check()
    return replace(
        state,
        chosen=replace(state.chosen, own=tuple(filters)),
        params={name: text for name, text in state.params.items() if not is_own(name)} | params,
        arranged=state.arranged.among(fields),
        own=tuple(fields),
    )


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
        forecast=asked.choice("forecast", (*CATEGORIES, EXPECTED)),
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
