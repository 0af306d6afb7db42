"""The stage of a row of deals, and the outcome that other systems state beside it."""

from workspace.deals.parking import Parking
from workspace.deals.tables import CLOSED_OUTCOMES, Deal, Outcome, Stage
from workspace.imports.cells import brief, read_boolean
from workspace.imports.context import ImportContext
from workspace.imports.dates import read_day
from workspace.imports.meanings import Topic
from workspace.imports.messages import Notice, in_column, tell
from workspace.imports.rows import Row
from workspace.imports.stage_names import find_outcome


def read_stage(context: ImportContext, row: Row) -> Stage | None:
    """The stage that a row tells: by its name, and by a status of its own in some systems."""
    outcome = _outcome(row)
    text = row.cells.get("stage", "")
    closing = context.stage_names.closing(outcome) if outcome in CLOSED_OUTCOMES else None
    known, certain = context.find_stage(text) if text else (None, False)
    # Pipedrive's deals keep the stage in which they were won.
    if closing and known is None and not (text and certain):
        return closing
    if known is None and not certain and (told := find_outcome(text)):
        # 'On hold' and 'In progress' tell how a deal stands, and not how far it is.
        if told == Outcome.OPEN:
            context.meanings.ask(Topic.STAGE, text)
            first = context.stages[0].name
            context.warn(tell(Notice.STAGE_ONLY_OPEN, text=brief(text), stage=first))
        return None
    stage = row.read("stage", context.stage)
    if stage is None or outcome is None or stage.outcome == outcome:
        return stage
    if stage.outcome == Outcome.OPEN and (closing or outcome == Outcome.PARKED):
        return closing or stage
    row.add_problem(in_column("stage", tell(Notice.STAGE_CONTRADICTS, text=brief(text))))
    return None


def read_parking(context: ImportContext, row: Row) -> Parking | bool | None:
    """Why a row says that its deal is parked; False if it says how else the deal stands.

    None where it says nothing of it.
    """
    stated = find_outcome(row.cells.get("status", ""))
    stage = row.cells.get("stage", "")
    if stated != Outcome.PARKED and not _tells_parked(context, stage):
        return False if stated else None
    texts = row.read_lines(Deal, "parked_reason", "wakes_when")
    return Parking(
        reason=texts["parked_reason"] or "",
        wakes_on=row.read_optional("wakes_on", read_day),
        wakes_when=texts["wakes_when"] or "",
    )


def _tells_parked(context: ImportContext, stage: str) -> bool:
    """Whether the text of a stage tells only that a deal is parked, and names no stage of ours."""
    return find_outcome(stage) == Outcome.PARKED and context.find_stage(stage)[0] is None


def _outcome(row: Row) -> Outcome | None:
    """The outcome that a row states beside the stage; None where it states none."""
    status = row.cells.get("status", "")
    if status:
        outcome = find_outcome(status)
        if outcome is None:
            unknown = tell(Notice.STATUS_UNKNOWN, text=brief(status))
            row.add_problem(in_column("status", unknown))
        return outcome
    won, closed = row.read("is_won", read_boolean), row.read("is_closed", read_boolean)
    if won or ("won_on" in row and "lost_on" not in row):
        return Outcome.WON
    if "lost_on" in row and "won_on" not in row:
        return Outcome.LOST
    if closed and won is not None:
        return Outcome.LOST
    return Outcome.OPEN if closed is False else None
