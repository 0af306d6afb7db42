"""The board: the open deals by stage."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from web.forms import Form
from web.pages.deals.list_state import (
    LIST,
    Bar,
    ListState,
    bar_of,
    read_list_state,
    with_own_fields,
)
from workspace.clock import today
from workspace.deals import access, board
from workspace.deals.board import StageTotal
from workspace.deals.lists import DealRow
from workspace.deals.quarters import quarter_of
from workspace.deals.stages import stages
from workspace.deals.tables import Outcome, Stage
from workspace.people.viewer import Viewer

# Cards of a column at first, and with each "Show more".
PAGE = 20


@dataclass(frozen=True)
class Column:
    """A stage with its first deals."""

    stage: Stage
    total: StageTotal
    rows: list[DealRow]
    more: str | None  # The deal that the next cards begin after.


@dataclass(frozen=True)
class ClosedColumn:
    """What was won or lost in this quarter, folded to a number."""

    outcome: str
    count: int
    address: str


@dataclass(frozen=True)
class Board:
    """The open deals that were chosen, by stage."""

    state: ListState
    bar: Bar
    columns: list[Column]
    closed: list[ClosedColumn]
    open_stages: list[Stage]
    editable: set[int]
    moved: str  # The deal that was moved just now, if any.
    said: str
    # The address that undoes it.
    undo: str
    fragment: str = "deals/_board.html"


def board_of(
    session: Session, viewer: Viewer, asked: Form, form: Form | None = None, moved: str = ""
) -> Board:
    """The board that an address asks for, or the next cards of one of its columns."""
    stage_name = asked.maybe("column", 60)
    after = asked.maybe("after", 80)
    state = with_own_fields(session, viewer, read_list_state(asked))
    open_stages = [row for row in stages(session) if row.outcome == Outcome.OPEN]
    only = stage_name or state.chosen.stage
    shown = [row for row in open_stages if only in (None, row.name)]
    totals = board.stage_totals(session, viewer, state.chosen)
    if after and len(shown) == 1:
        rows = board.more_cards(session, viewer, state.chosen, shown[0].id, after, limit=PAGE + 1)
        columns = [_column(shown[0], totals, rows[:PAGE], has_more=len(rows) > PAGE)]
    else:
        rows = board.stage_cards(session, viewer, state.chosen, limit=PAGE, moved=moved or None)
        columns = [_first_of(stage, totals, rows) for stage in shown]
    cards = [row.id for column in columns for row in column.rows]
    return Board(
        state=state,
        bar=bar_of(session, viewer, state, form),
        columns=columns,
        closed=_closed(session, viewer, state),
        open_stages=open_stages,
        editable=access.editable_deal_ids(session, viewer, cards),
        moved=moved,
        said="",
        undo="",
        fragment="deals/_cards.html" if after else "deals/_board.html",
    )


def _first_of(stage: Stage, totals: dict[int, StageTotal], rows: list[DealRow]) -> Column:
    own = [row for row in rows if row.stage == stage.name]
    total = totals.get(stage.id)
    return _column(stage, totals, own, has_more=total is not None and total.count > len(own))


def _column(
    stage: Stage, totals: dict[int, StageTotal], rows: list[DealRow], *, has_more: bool
) -> Column:
    # One that was moved just now comes first, though its place may be behind all others.
    in_place = rows if len(rows) <= PAGE else rows[1:]
    last = max(in_place, key=lambda row: (row.expected_close or date.max, row.id), default=None)
    return Column(
        stage=stage,
        total=totals.get(stage.id, StageTotal(0, 0, {})),
        rows=rows,
        more=last.key if last and has_more else None,
    )


def _closed(session: Session, viewer: Viewer, state: ListState) -> list[ClosedColumn]:
    start = quarter_of(today()).first_day
    counts = board.closed_since(session, viewer, start, state.chosen)
    since = max(start, state.chosen.since or start)
    return [
        ClosedColumn(
            outcome=outcome,
            count=counts.get(outcome, 0),
            address=state.address(view=LIST, outcome=outcome, stage="", since=str(since)),
        )
        for outcome in (Outcome.WON, Outcome.LOST)
    ]
