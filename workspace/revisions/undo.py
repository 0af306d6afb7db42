"""Taking revisions back: rows that one created go, and what it changed or deleted comes back.

What was edited since is kept, and told: an edited row stays, with what it refers to and what is
part of it; an edited column of a changed row keeps its value, and so do the columns that say one
thing together with it. A row is part of another if it is deleted with it, or has no other that it
cannot be without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from workspace.database import FOLLOWS, batches
from workspace.revisions.recorder import (
    COLUMN_GROUPS,
    Place,
    Values,
    digest,
    from_json,
    place_of,
    rows_at,
    to_json,
)
from workspace.revisions.restoring import others_with, restore_rows, unique_names
from workspace.revisions.rows import Removers, delete_rows, load_rows, references_to, told
from workspace.revisions.tables import RevisionChange
from workspace.told import Code, Told

# Columns that change with every other one, and so tell of no edit of their own.
_BOOKKEEPING = frozenset({"version", "plain_name", "stage_since"})


@dataclass(frozen=True)
class Step:
    """A change that is to be taken back."""

    number: int
    place: Place
    before: Values | None
    after: Values | None
    digest: str | None

    @property
    def created(self) -> bool:
        """Whether the revision created the row."""
        return self.digest is not None

    @property
    def deleted(self) -> bool:
        """Whether the revision deleted the row."""
        return self.digest is None and self.after is None


def steps_of(session: Session, revision_id: int | None) -> list[Step]:
    """The changes in the order in which they are undone.

    Old rows come back first, so that they no longer refer to new ones. New rows go before those
    that they refer to.
    """
    query = select(RevisionChange).where(RevisionChange.revision_id == revision_id)
    steps = [
        Step(row.number, place_of(row.table_name, row.row_key), row.before, row.after, row.digest)
        for row in session.exec(query)
    ]
    order = {table.name: number for number, table in enumerate(SQLModel.metadata.sorted_tables)}
    return sorted(
        steps,
        key=lambda step: (
            step.created,
            not step.deleted,
            -order[step.place.table] if step.created else 0,
            -step.number,
        ),
    )


def kept_places(session: Session, steps: Sequence[Step]) -> set[Place]:
    """The rows of the revision that stay because of what was edited or added since."""
    created = {step.place: step for step in steps if step.created}
    changed = {step.place: step for step in steps if not step.created}
    now_there = rows_at(session, created)
    kept = {place for place, values in now_there.items() if _is_edited(created[place], values)}
    references = [ref for ref in references_to(session, now_there) if ref.source != ref.target]
    inside = [ref for ref in references if ref.source in created]
    outside = [ref for ref in references if ref.source not in created]
    before = rows_at(session, {ref.source for ref in outside} & changed.keys())
    for ref in outside:
        step = changed.get(ref.source)
        if step is None or ref.link.column.name not in _coming_back(step, before[ref.source]):
            kept.add(ref.target)
    # What a kept row refers to stays, and so does what is part of it.
    spread = True
    while spread:
        stays = {ref.target for ref in inside if ref.source in kept}
        stays |= {ref.source for ref in inside if ref.link.part and ref.target in kept}
        spread = not stays <= kept
        kept |= stays
    return kept


def _is_edited(step: Step, values: Values) -> bool:
    return digest(SQLModel.metadata.tables[step.place.table], values) != step.digest


def _stated(step: Step) -> set[str]:
    """The columns of a changed row that members edit."""
    table = SQLModel.metadata.tables[step.place.table]
    return {
        name
        for name in (step.after or {}).keys() - _BOOKKEEPING
        if not table.c[name].info.get(FOLLOWS)
    }


def _coming_back(step: Step, values: Values) -> set[str]:
    """The columns of a changed row that get the value back that they had before."""
    present = to_json(values)
    back = {name for name, value in (step.after or {}).items() if present[name] == value}
    edited = _stated(step) - back
    for group in COLUMN_GROUPS.get(step.place.table, ()):
        if edited & group:
            back -= group
    return back


class TakeBack:
    """Undoes some steps in one transaction."""

    def __init__(
        self, session: Session, kept: set[Place], removers: Removers, by: int | None
    ) -> None:
        self._session = session
        self._kept = kept
        self._removers = removers
        self._by = by
        self._told: list[Told] = []

    def undo(self, steps: Sequence[Step]) -> list[Told]:
        """Undo these steps; returns what was kept."""
        now_there = rows_at(self._session, [step.place for step in steps])
        deleted = {
            step.place: step.before or {}
            for step in steps
            if step.deleted and step.place not in now_there
        }
        changed = [step for step in steps if not step.created and not step.deleted]
        for step in changed:
            if step.place not in now_there and _stated(step):
                self._tell(step.place, step.before or {}, Code.ROW_REMOVED)
        changed = [step for step in changed if step.place in now_there]
        loaded = load_rows(self._session, [step.place for step in changed])
        # What a changed row holds may belong to a deleted one, which it may refer to in turn.
        for step in changed:
            self._give_back(step, now_there[step.place], loaded[step.place], references=False)
        self._session.flush()
        restore_rows(self._session, deleted, self._told)
        for step in changed:
            self._give_back(step, now_there[step.place], loaded[step.place], references=True)
        self._session.flush()
        self._remove(
            [step for step in steps if step.created and step.place in now_there], now_there
        )
        return self._told

    def _give_back(self, step: Step, values: Values, row: SQLModel, *, references: bool) -> None:
        """Give a changed row its former values, except in columns that were edited since.

        First those that refer to nothing, then those that do.
        """
        table = SQLModel.metadata.tables[step.place.table]
        before = from_json(table, step.before or {})
        back = _coming_back(step, values)
        edited = sorted(name for name in _stated(step) - back if values[name] != before[name])
        if edited and references:
            self._tell(step.place, values, Code.COLUMNS_EDITED, columns=edited)
        former: Values = {}
        for name in back:
            if bool(table.c[name].foreign_keys) != references:
                continue
            targets = [
                Place(key.column.table.name, (before[name],)) for key in table.c[name].foreign_keys
            ]
            if before[name] is None or all(rows_at(self._session, [place]) for place in targets):
                former[name] = before[name]
        for name in self._without_taken(table, step.place, row, former):
            setattr(row, name, former[name])
        self._session.add(row)

    def _without_taken(
        self, table: sa.Table, place: Place, row: SQLModel, former: Values
    ) -> set[str]:
        """The columns of former values that no other row has by now; the others are told."""
        if not any(former.keys() & names for names in unique_names(table)):
            return set(former)
        # Another row of this undo may have given the value back.
        self._session.flush()
        values = {column.name: getattr(row, column.name) for column in table.c} | former
        taken: set[str] = set()
        for names, other in others_with(self._session, table, values):
            if other != place:
                taken |= names & former.keys()
        if taken:
            self._tell(place, values, Code.COLUMNS_TAKEN, columns=sorted(taken))
        return former.keys() - taken

    def _remove(self, steps: Sequence[Step], now_there: Mapping[Place, Values]) -> None:
        """Remove rows that the revision created, except those that stay."""
        places = {step.place for step in steps}
        # Others may have edited or used a row since the undo began.
        used = {
            ref.target for ref in references_to(self._session, places) if ref.source not in places
        }
        gone = []
        for step in steps:
            values = now_there[step.place]
            if _is_edited(step, values):
                self._tell(step.place, values, Code.ROW_EDITED)
            elif step.place in used:
                self._tell(step.place, values, Code.ROW_USED)
            elif step.place not in self._kept:
                gone.append(step.place)
        delete_rows(self._session, gone, self._removers, self._by)

    def _tell(self, place: Place, values: Values, code: Code, **more: Any) -> None:
        self._told.append(told(place, values, code, **more))


def forget(session: Session, revision_id: int | None, steps: Sequence[Step]) -> None:
    """Forget changes that are undone, so that an interrupted undo continues after them."""
    for batch in batches([step.number for step in steps]):
        session.execute(
            sa.delete(RevisionChange).where(
                col(RevisionChange.revision_id) == revision_id,
                col(RevisionChange.number).in_(batch),
            )
        )
