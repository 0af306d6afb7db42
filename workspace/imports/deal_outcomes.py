"""The stage of a row of deals, and the outcome that other systems state beside it."""

from workspace.deals.tables import Outcome, Stage
from workspace.imports.cells import quoted, read_boolean
from workspace.imports.context import ImportContext
from workspace.imports.rows import Row
from workspace.imports.stage_names import find_outcome


def read_stage(context: ImportContext, row: Row) -> Stage | None:
    """The stage that a row tells: by its name, and by a status of its own in some systems."""
    outcome = _outcome(row)
    closing = context.stage_names.closing(outcome) if outcome not in (None, Outcome.OPEN) else None
    text = row.cells.get("stage", "")
    # Pipedrive's deals keep the stage in which they were won.
    if closing and (not text or context.stage_names.find(text)[0] is None):
        return closing
    stage = row.read("stage", context.stage)
    if stage is None or outcome is None or stage.outcome == outcome:
        return stage
    if closing and stage.outcome == Outcome.OPEN:
        return closing
    row.add_problem(f"stage: {quoted(text)} contradicts the status of the deal.")
    return None


def _outcome(row: Row) -> Outcome | None:
    """The outcome that a row states beside the stage; None where it states none."""
    status = row.cells.get("status", "")
    if status:
        outcome = find_outcome(status)
        if outcome is None:
            row.add_problem(f"status: {quoted(status)} is not known: it is open, won or lost.")
        return outcome
    won, closed = row.read("is_won", read_boolean), row.read("is_closed", read_boolean)
    if won or ("won_on" in row and "lost_on" not in row):
        return Outcome.WON
    if "lost_on" in row and "won_on" not in row:
        return Outcome.LOST
    if closed and won is not None:
        return Outcome.LOST
    return Outcome.OPEN if closed is False else None
