"""Stores what a recorder has seen as the changes of a revision."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session, SQLModel, col, select

from workspace.database import batches
from workspace.revisions.recorder import (
    COLUMN_GROUPS,
    Change,
    Recorder,
    changed_columns,
    digest,
    from_json,
    to_json,
)
from workspace.revisions.tables import Revision, RevisionChange


def record(session: Session, revision: Revision) -> Recorder:
    """Record what this transaction changes from now on as changes of a revision."""
    recorder = Recorder(session)
    # Before the commit, rules add what follows from the rows; this listener comes after them.
    event.listen(session, "before_commit", partial(_store, recorder, revision.id))
    return recorder


def _store(recorder: Recorder, revision_id: int, session: Session) -> None:
    store_changes(session, revision_id, recorder.changes())


def store_changes(session: Session, revision_id: int, changes: Sequence[Change]) -> None:
    """Add changes to a revision; of a row that it changed before, the first values stay."""
    last = session.exec(
        select(sa.func.max(RevisionChange.number)).where(RevisionChange.revision_id == revision_id)
    ).one()
    stored = _stored(session, revision_id, changes)
    new = []
    for number, change in enumerate(changes, (last or 0) + 1):
        known = stored.get((change.place.table, change.place.text))
        if known is None:
            new.append({"revision_id": revision_id, "number": number, **_as_stored(change)})
        elif merged := _merged(known, change):
            known.sqlmodel_update(_as_stored(merged))
            session.add(known)
        else:
            session.delete(known)
    if new:
        session.execute(sa.insert(RevisionChange), new)
    session.flush()


def _stored(
    session: Session, revision_id: int, changes: Sequence[Change]
) -> dict[tuple[str, str], RevisionChange]:
    stored = {}
    for batch in batches(changes):
        query = select(RevisionChange).where(
            RevisionChange.revision_id == revision_id,
            col(RevisionChange.table_name).in_({change.place.table for change in batch}),
            col(RevisionChange.row_key).in_([change.place.text for change in batch]),
        )
        for row in session.exec(query):
            stored[row.table_name, row.row_key] = row
    return stored


def _merged(known: RevisionChange, change: Change) -> Change | None:
    """The change from before the first of two changes to after the second; None if it is none."""
    if known.before is None:
        return Change(change.place, None, change.after) if change.after else None
    table = SQLModel.metadata.tables[known.table_name]
    before = {**(change.before or {}), **from_json(table, known.before)}
    merged = Change(change.place, before, change.after)
    return merged if change.after is None or any(changed_columns(merged)) else None


def _as_stored(change: Change) -> dict[str, Any]:
    values: dict[str, Any] = {
        "table_name": change.place.table,
        "row_key": change.place.text,
        "before": None,
        "after": None,
        "digest": None,
    }
    if change.before is None:
        values["digest"] = digest(SQLModel.metadata.tables[change.place.table], change.after or {})
    elif change.after is None:
        values["before"] = to_json(change.before)
    else:
        names = set(changed_columns(change))
        # An undo sees in the others of a group whether what it says was edited since.
        for group in COLUMN_GROUPS.get(change.place.table, ()):
            names |= group if names & group else set()
        values["before"] = to_json({name: change.before.get(name) for name in names})
        values["after"] = to_json({name: change.after[name] for name in names})
    return values
