"""Insights: what becomes of suggestions, by kind and quarter."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from references.suggestion_counts import (
    FEWEST_SHOWN,
    Fate,
    KindFates,
    SuggestionKind,
    fates_of,
)
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.clock import today
from workspace.deals import access
from workspace.deals.quarters import Quarter, quarter_of
from workspace.people.viewer import Viewer

# The quarters to choose from, the current one first.
QUARTERS = 5
# What each kind of suggestion is called, and what counts as its use and its dismissal.
MEANINGS = {
    SuggestionKind.SIMILAR: ("Similar deals", "Marked similar", "Marked “not similar”"),
    SuggestionKind.CONTENT: ("Recommended content", "Added to the deal", ""),
    SuggestionKind.EXPERT: ("Experts", "Added to the team", ""),
    SuggestionKind.TEAM: ("Team proposals", "Assigned or asked", "Another colleague picked"),
    SuggestionKind.REFERENCE: ("References", "Requested", ""),
    SuggestionKind.PATH: ("Introductions", "Requested", ""),
}


@dataclass(frozen=True)
class Bar:
    """A week in the chart of a kind: its place, and the height of its share of use."""

    x: int
    height: float
    label: str


@dataclass(frozen=True)
class KindRow:
    """A kind of suggestion with its fates."""

    fates: KindFates
    label: str
    use: str
    dismissal: str
    bars: list[Bar]


@dataclass(frozen=True)
class SuggestionsPage:
    """The fates of the suggestions of a quarter."""

    rows: list[KindRow]
    weeks: list[date]
    quarter: Quarter
    quarters: list[tuple[str, str]]
    fewest: int = FEWEST_SHOWN


class InsightsController(Controller):
    """/insights, and what pages report of suggestions that are opened."""

    path = "/insights"
    opt = open_to(reads=Policy.WRITERS, writes=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        quarters = {each.key: each for each in recent_quarters()}
        chosen = visit.form.choice("quarter", tuple(quarters)) or next(iter(quarters))
        visit.form.check()
        page = visit.page(suggestions_page, quarters[chosen], list(quarters.values()))
        return visit.show("insights/suggestions.html", page)

    @post("/counts")
    def count(self, visit: NamedDependency[Visit]) -> Response[Any]:
        kind = visit.form.choice("kind", tuple(SuggestionKind), required=True)
        fate = visit.form.choice("fate", (Fate.OPENED, Fate.DISMISSED), required=True)
        key = visit.form.text("deal", 80, required=True)
        item = visit.form.text("item", 500)
        visit.form.done()
        with visit.read() as session:
            deal = access.readable_deal(session, visit.viewer, key)
        visit.count(SuggestionKind(kind or ""), Fate(fate or ""), deal, [item])
        return Response(None, status_code=204)


def suggestions_page(
    session: Session, _viewer: Viewer, quarter: Quarter, quarters: list[Quarter]
) -> SuggestionsPage:
    """The page for one of the quarters."""
    until = min(quarter.next.first_day, date.fromordinal(today().toordinal() + 1))
    kinds = fates_of(session, quarter.first_day, until)
    return SuggestionsPage(
        rows=[KindRow(each, *MEANINGS[each.kind], bars_of(each)) for each in kinds],
        weeks=list(kinds[0].weeks),
        quarter=quarter,
        quarters=[(each.key, each.label) for each in quarters],
    )


def bars_of(kind: KindFates) -> list[Bar]:
    """The share of use by week, the highest as 24 units; weeks with few suggestions are empty."""
    shares = {week: fates.share(Fate.USED) for week, fates in kind.weeks.items()}
    highest = max((share for share in shares.values() if share), default=1.0)
    return [
        Bar(10 * number, 24 * share / highest, f"Week of {week:%-d %b}: {share:.0%} used")
        for number, (week, share) in enumerate(shares.items())
        if share is not None
    ]


def recent_quarters() -> list[Quarter]:
    """The current quarter and those before it."""
    quarter = quarter_of(today())
    quarters = [quarter]
    while len(quarters) < QUARTERS:
        quarter = quarter.previous
        quarters.append(quarter)
    return quarters
