"""Undoing an import as a job, in parts."""

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.audit import audit
from workspace.clock import now
from workspace.database import Database
from workspace.errors import Conflict
from workspace.imports.ledger import ImportRun, RunState
from workspace.imports.runs import PART_SECONDS, files_of, locked
from workspace.jobs.running import Task
from workspace.revisions.rows import Removers
from workspace.revisions.tables import Revision, RevisionChange
from workspace.revisions.undo import TakeBack, forget, kept_places, steps_of
from workspace.told import Code, refusal

_FIRST_STEPS, _FEWEST_STEPS, _MOST_STEPS = 200, 200, 5000
# How much of what was kept is told.
_MOST_TOLD = 200


def begin_undo(session: Session, run: ImportRun, by: int | None) -> None:
    """Have an import undone from now on; one that is not finished is not continued."""
    if run.state not in (RunState.RUNNING, RunState.DONE):
        raise refusal(Conflict, Code.IMPORT_STATE, state=run.state)
    count = sa.select(sa.func.count()).where(col(RevisionChange.revision_id) == run.revision_id)
    run.state, run.done, run.kept = RunState.UNDOING, 0, []
    run.total = session.execute(count).scalar_one()
    session.add(run)
    audit(session, by, "import undo started", f"import {run.id}")


def undo_import(
    task: Task, database: Database, removers: Removers, prepare: Callable[[Session], None]
) -> dict[str, Any]:
    """Undo an import as a job; `prepare` is called with the session of each part first.

    An import that is undone is left as it is, as one that is done is in `runs.run_import`.
    """
    run_id = task.parameters["import"]
    with database.read() as session:
        run = session.get_one(ImportRun, run_id)
        if run.state == RunState.UNDONE:
            return {"import": run_id}
        revision_id = run.revision_id
        steps = steps_of(session, revision_id)
        kept = kept_places(session, steps)
    most, done = _FIRST_STEPS, 0
    while done < len(steps):
        began = time.monotonic()
        part = steps[done : done + most]
        with task.part() as session:
            prepare(session)
            run = locked(session, run_id)
            if run.state != RunState.UNDOING:
                raise refusal(Conflict, Code.IMPORT_STATE, state=run.state)
            told = TakeBack(session, kept, removers, task.by).undo(part)
            run.kept = [*run.kept, *told][:_MOST_TOLD]
            run.done += len(part)
            session.add(run)
            forget(session, revision_id, part)
            task.place = {"undone": run.done}
            task.report(run.done, run.total)
        done += len(part)
        pace = len(part) / (time.monotonic() - began)
        most = max(_FEWEST_STEPS, min(_MOST_STEPS, 2 * most, int(pace * PART_SECONDS)))
    with task.part() as session:
        run = locked(session, run_id)
        run.state, run.ended_at = RunState.UNDONE, now()
        session.add(run)
        if revision_id:
            session.get_one(Revision, revision_id).undone_at = run.ended_at
        for file in files_of(session, run_id):
            file.raw = b""
            session.add(file)
        audit(session, task.by, "import undone", f"import {run_id}")
    return {"import": run_id}
