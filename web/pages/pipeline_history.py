"""The pipeline over time: what was open in each stage at the end of past weeks or months."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.policies import Policy, open_to
from web.rendering import day as spoken
from web.rendering import query, short_money
from web.routes import get
from web.visits import Visit
from workspace.clock import today
from workspace.deals.money import rates_of
from workspace.deals.pipeline_history import (
    DealThen,
    Level,
    PipelineHistory,
    deals_then,
    month_ends,
    pipeline_history,
    week_ends,
)
from workspace.deals.stages import stages
from workspace.people.viewer import Viewer

PATH = "/insights/pipeline"
PERIODS = {"week": ("Weeks", week_ends), "month": ("Months", month_ends)}
UNKNOWN = "Stage not known"
# The chart, in pixels: the distance between columns, their width, and the greatest height.
STEP, WIDTH, HEIGHT = 104, 68, 180
# How many shades the stages are drawn in; the last one is the strongest.
SHADES = 8
# How many deals behind a figure are listed.
LISTED = 200


@dataclass(frozen=True)
class Piece:
    """A stage in a column of the chart."""

    y: float
    height: float
    shade: str
    label: str


@dataclass(frozen=True)
class ChartColumn:
    """A day in the chart: what was open, by stage."""

    x: int
    y: float
    total: str
    day: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Behind:
    """The deals behind a figure."""

    day: date
    stage: str | None
    deals: list[DealThen]

    @property
    def shown(self) -> list[DealThen]:
        """The largest of them."""
        return self.deals[:LISTED]


@dataclass(frozen=True)
class PipelinePage:
    """The chart, its table, and the deals behind the figure that was chosen."""

    history: PipelineHistory
    period: str
    periods: list[tuple[str, str]]
    # The shade of each row.
    shades: list[str]
    columns: list[ChartColumn]
    behind: Behind | None
    unknown: str = UNKNOWN
    height: int = HEIGHT
    step: int = STEP
    width: int = WIDTH

    @property
    def is_empty(self) -> bool:
        """Whether nothing was open on any of the days."""
        return not any(level.count for level in self.history.totals)

    def address(self, day: date, stage: str | None = None) -> str:
        """The address of the deals behind a figure."""
        if day == today() and stage != "":
            return "/deals?" + query({"outcome": "open"} | ({"stage": stage} if stage else {}))
        asked = {"by": self.period, "on": day.isoformat()}
        return f"{PATH}?{query(asked | ({} if stage is None else {'stage': stage}))}#deals"


class PipelineHistoryController(Controller):
    """/insights/pipeline."""

    path = PATH
    opt = open_to(reads=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(pipeline_page, visit.form)
        return visit.show("insights/pipeline.html", page)


def pipeline_page(session: Session, viewer: Viewer, asked: Form) -> PipelinePage:
    """The page that an address asks for."""
    period = asked.choice("by", tuple(PERIODS)) or "week"
    day = asked.day("on")
    if day is not None and day > today():
        asked.refuse("on", "Enter a day before today.")
    stage = None
    if "stage" in asked.sent:
        # An empty name asks for the deals whose stage is unknown.
        stage = asked.choice("stage", [row.name for row in stages(session)]) or ""
    asked.check()
    rates = rates_of(session)
    history = pipeline_history(session, viewer, rates, PERIODS[period][1]())
    behind = None
    if day is not None:
        behind = Behind(day, stage, deals_then(session, viewer, rates, day, stage))
    shades = list(_shades(history))
    return PipelinePage(
        history=history,
        period=period,
        periods=[(name, label) for name, (label, _) in PERIODS.items()],
        shades=shades,
        columns=_columns(history, shades),
        behind=behind,
    )


def _shades(history: PipelineHistory) -> Iterator[str]:
    """A shade for each stage: the nearer to the end, the stronger; none for an unknown stage."""
    known = sum(1 for row in history.rows if row.stage)
    number = 0
    for row in history.rows:
        if not row.stage:
            yield "unknown"
            continue
        yield f"shade-{SHADES - (known - 1 - number) * (SHADES - 1) // max(1, known - 1)}"
        number += 1


def _columns(history: PipelineHistory, shades: list[str]) -> list[ChartColumn]:
    """The columns of the chart: of amounts, or of counts without a currency."""
    highest = max(_value(history, level) for level in history.totals) or 1
    columns = []
    for place, day in enumerate(history.days):
        total = history.totals[place]
        top = y = HEIGHT - float(_value(history, total) / highest) * HEIGHT
        pieces = []
        for row, shade in zip(history.rows, shades, strict=True):
            level = row.levels[place]
            height = float(_value(history, level) / highest) * HEIGHT
            if height:
                said = f"{row.stage or UNKNOWN}, {spoken(day)}: {_said(history, level)}"
                pieces.append(Piece(round(y, 1), round(height, 1), shade, said))
            y += height
        label = "Today" if day == today() else f"{day.day} {day:%b}"
        total_said = short_money(total.amount) if history.currency else str(total.count)
        columns.append(ChartColumn(place * STEP, round(top, 1), total_said, label, pieces))
    return columns


def _value(history: PipelineHistory, level: Level) -> Decimal:
    return level.amount if history.currency else Decimal(level.count)


def _said(history: PipelineHistory, level: Level) -> str:
    deals = f"{level.count:,} {'deal' if level.count == 1 else 'deals'}"
    return f"{short_money(level.amount, history.currency)}, {deals}" if history.currency else deals
