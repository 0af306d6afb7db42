"""Undoing an import: rows that it created go, and what it changed or deleted comes back.

What was edited since is kept, and told: an edited row stays, with what it refers to and what is
part of it; an edited column of a changed row keeps its value. A row is part of another if it is
deleted with it, or has no other that it cannot be without.
"""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import FOLLOWS, Database, batches
from workspace.errors import Conflict
from workspace.imports.ledger import ImportChange, ImportRun, RunState
from workspace.imports.recorder import (
    Place,
    Values,
    among_keys,
    digest,
    from_json,
    place_of,
    rows_at,
    to_json,
)
from workspace.imports.runs import PART_SECONDS, files_of, locked
from workspace.jobs.running import Task

# How a row is removed where deleting it is not all; it gets the session, the row, and by whom.
Removers = Mapping[type[SQLModel], Callable[[Session, Any, int | None], None]]

_FIRST_STEPS, _FEWEST_STEPS, _MOST_STEPS = 200, 200, 5000
# How much of what was kept is told.
_MOST_TOLD = 200
# Columns that change with every other one, and so tell of no edit of their own.
_BOOKKEEPING = frozenset({"version", "plain_name", "stage_since"})


def begin_undo(session: Session, run: ImportRun, by: int | None) -> None:
    """Have an import undone from now on; one that is not finished is not continued."""
    if run.state not in (RunState.RUNNING, RunState.DONE):
        raise Conflict(f"This import is {run.state}.")
    count = sa.select(sa.func.count()).where(col(ImportChange.run_id) == run.id)
    run.state, run.done, run.kept = RunState.UNDOING, 0, []
    run.total = session.execute(count).scalar_one()
    session.add(run)
    audit(session, by, "import undo started", f"import {run.id}")


def undo_import(
    task: Task, database: Database, removers: Removers, prepare: Callable[[Session], None]
) -> dict[str, Any]:
    """Undo an import as a job; `prepare` is called with the session of each part first."""
    run_id = task.parameters["import"]
    with database.read() as session:
        steps = _steps(session, run_id)
        kept = _kept(session, steps)
    most, done = _FIRST_STEPS, 0
    while done < len(steps):
        began = time.monotonic()
        part = steps[done : done + most]
        with task.part() as session:
            prepare(session)
            run = locked(session, run_id)
            if run.state != RunState.UNDOING:
                raise Conflict(f"This import is {run.state}.")
            told = _Part(session, kept, removers, task.by).undo(part)
            run.kept = [*run.kept, *told][:_MOST_TOLD]
            run.done += len(part)
            session.add(run)
            _forget(session, run_id, part)
            task.place = {"undone": run.done}
            task.report(run.done, run.total)
        done += len(part)
        pace = len(part) / (time.monotonic() - began)
        most = max(_FEWEST_STEPS, min(_MOST_STEPS, 2 * most, int(pace * PART_SECONDS)))
    with task.part() as session:
        run = locked(session, run_id)
        run.state, run.ended_at = RunState.UNDONE, now()
        session.add(run)
        for file in files_of(session, run_id):
            file.raw = b""
            session.add(file)
        audit(session, task.by, "import undone", f"import {run_id}")
    return {"import": run_id}


@dataclass(frozen=True)
class _Step:
    """A change of the import that is to be undone."""

    number: int
    place: Place
    before: Values | None
    after: Values | None
    digest: str | None

    @property
    def created(self) -> bool:
        """Whether the import created the row."""
        return self.digest is not None


def _steps(session: Session, run_id: int) -> list[_Step]:
    """The changes in the order in which they are undone.

    Old rows come back first, so that they no longer refer to new ones. New rows go before those
    that they refer to.
    """
    query = select(ImportChange).where(ImportChange.run_id == run_id)
    steps = [
        _Step(row.number, place_of(row.table_name, row.row_key), row.before, row.after, row.digest)
        for row in session.exec(query)
    ]
    order = {table.name: number for number, table in enumerate(SQLModel.metadata.sorted_tables)}
    return sorted(
        steps,
        key=lambda step: (
            step.created,
            -order[step.place.table] if step.created else 0,
            -step.number,
        ),
    )


@dataclass(frozen=True)
class _Link:
    """A foreign key: a column of a table, and the table that it refers to by one column."""

    source: sa.Table
    column: sa.Column[Any]
    target: str
    # Whether a row of the source is part of the row that it refers to.
    part: bool


@cache
def _links() -> tuple[_Link, ...]:
    """All foreign keys of the record."""
    links = []
    for table in SQLModel.metadata.sorted_tables:
        needed = [key for key in table.foreign_keys if not key.parent.nullable]
        for key in table.foreign_keys:
            part = key.ondelete == "CASCADE" or needed == [key]
            links.append(_Link(table, key.parent, key.column.table.name, part))
    return tuple(links)


@dataclass(frozen=True)
class _Reference:
    """A row of the record that refers to a row that the import created."""

    source: Place
    link: _Link
    target: Place


def _references(session: Session, places: Iterable[Place]) -> list[_Reference]:
    """What refers to these rows, without what is derived and goes with them."""
    by_table: dict[str, list[Any]] = defaultdict(list)
    for place in places:
        if len(place.key) == 1:
            by_table[place.table].append(place.key[0])
    references = []
    for link in _links():
        follows = link.source.info.get(FOLLOWS)
        keys = list(link.source.primary_key)
        for batch in batches(by_table.get(link.target, ())):
            query = sa.select(*keys, link.column.label("target")).where(link.column.in_(batch))
            if isinstance(follows, str):
                query = query.where(link.source.c[follows] == "")
            for *key, target in session.connection().execute(query):
                source = Place(link.source.name, tuple(key))
                references.append(_Reference(source, link, Place(link.target, (target,))))
    return references


def _kept(session: Session, steps: Sequence[_Step]) -> set[Place]:
    """The rows of the import that stay because of what was edited or added since."""
    created = {step.place: step for step in steps if step.created}
    changed = {step.place: step for step in steps if not step.created}
    now_there = rows_at(session, created)
    kept = {place for place, values in now_there.items() if _is_edited(created[place], values)}
    references = [ref for ref in _references(session, now_there) if ref.source != ref.target]
    inside = [ref for ref in references if ref.source in created]
    outside = [ref for ref in references if ref.source not in created]
    before = rows_at(session, {ref.source for ref in outside} & changed.keys())
    for ref in outside:
        step = changed.get(ref.source)
        if step is None or not _comes_back(step, before[ref.source], ref.link.column.name):
            kept.add(ref.target)
    # What a kept row refers to stays, and so does what is part of it.
    spread = True
    while spread:
        stays = {ref.target for ref in inside if ref.source in kept}
        stays |= {ref.source for ref in inside if ref.link.part and ref.target in kept}
        spread = not stays <= kept
        kept |= stays
    return kept


def _is_edited(step: _Step, values: Values) -> bool:
    return digest(SQLModel.metadata.tables[step.place.table], values) != step.digest


def _stated(step: _Step) -> set[str]:
    """The columns of a changed row that members edit."""
    table = SQLModel.metadata.tables[step.place.table]
    return {
        name
        for name in (step.after or {}).keys() - _BOOKKEEPING
        if not table.c[name].info.get(FOLLOWS)
    }


def _comes_back(step: _Step, values: Values, column: str) -> bool:
    """Whether a column of a changed row gets the value back that it had before."""
    after = step.after or {}
    return column in after and to_json(values)[column] == after[column]


class _Part:
    """Undoes some steps in one transaction."""

    def __init__(
        self, session: Session, kept: set[Place], removers: Removers, by: int | None
    ) -> None:
        self._session = session
        self._kept = kept
        self._removers = removers
        self._by = by
        self._told: list[str] = []

    def undo(self, steps: Sequence[_Step]) -> list[str]:
        """Undo these steps; what was kept, in words."""
        now_there = rows_at(self._session, [step.place for step in steps])
        loaded = self._load(step.place for step in steps if not step.created)
        for step in steps:
            if not step.created and step.after is not None:
                if values := now_there.get(step.place):
                    self._give_back(step, values, loaded[step.place])
                elif _stated(step):
                    self._tell(step.place, step.before or {}, "removed since")
            elif not step.created and step.place not in now_there:
                table = SQLModel.metadata.tables[step.place.table]
                self._session.add(
                    _class_of(step.place.table)(**from_json(table, step.before or {}))
                )
        self._session.flush()
        self._remove(
            [step for step in steps if step.created and step.place in now_there], now_there
        )
        return self._told

    def _give_back(self, step: _Step, values: Values, row: SQLModel) -> None:
        """Give a changed row its former values, except in columns that were edited since."""
        table = SQLModel.metadata.tables[step.place.table]
        before = from_json(table, step.before or {})
        back = {name for name in step.after or {} if _comes_back(step, values, name)}
        for name in list(back):
            for key in table.c[name].foreign_keys:
                place = Place(key.column.table.name, (before[name],))
                if before[name] is not None and not rows_at(self._session, [place]):
                    back.discard(name)
        for name in back:
            setattr(row, name, before[name])
        edited = sorted(_stated(step) - back)
        if edited:
            self._tell(step.place, values, f"edited since: {', '.join(edited)}")
        self._session.add(row)

    def _remove(self, steps: Sequence[_Step], now_there: Mapping[Place, Values]) -> None:
        """Remove rows that the import created, except those that stay."""
        places = {step.place for step in steps}
        # Others may have edited or used a row since the undo began.
        used = {
            ref.target for ref in _references(self._session, places) if ref.source not in places
        }
        gone = []
        for step in steps:
            values = now_there[step.place]
            if _is_edited(step, values):
                self._tell(step.place, values, "edited since")
            elif step.place in used:
                self._tell(step.place, values, "used since")
            elif step.place not in self._kept:
                gone.append(step.place)
        self._delete(gone)

    def _delete(self, places: Sequence[Place]) -> None:
        session = self._session
        self._delete_derived(places)
        loaded = self._load(places)
        rows = []
        for place in places:
            table = SQLModel.metadata.tables[place.table]
            row = loaded[place]
            for key in table.foreign_keys:
                # Of two rows of a table, either may be deleted first.
                if key.column.table is table and key.parent.nullable:
                    setattr(row, key.parent.name, None)
            rows.append(row)
        session.flush()
        # The session does not know which tables refer to which, but the order of the rows does.
        for kind, of_kind in itertools.groupby(rows, type):
            for row in of_kind:
                if remove := self._removers.get(kind):
                    remove(session, row, self._by)
                elif sa.inspect(row).persistent:
                    # A remover may have taken it along.
                    session.delete(row)
            session.flush()

    def _load(self, places: Iterable[Place]) -> dict[Place, SQLModel]:
        """Rows as objects, read together."""
        by_table: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for place in places:
            by_table[place.table].append(place.key)
        loaded: dict[Place, SQLModel] = {}
        for name, keys in by_table.items():
            for among in among_keys(SQLModel.metadata.tables[name], keys):
                for row in self._session.scalars(sa.select(_class_of(name)).where(among)):
                    loaded[Place(name, tuple(sa.inspect(row).identity))] = row
        return loaded

    def _delete_derived(self, places: Sequence[Place]) -> None:
        """Delete the derived rows that refer to these."""
        by_table: dict[str, list[Any]] = defaultdict(list)
        for place in places:
            by_table[place.table].append(place.key[0])
        for link in _links():
            follows = link.source.info.get(FOLLOWS)
            if not isinstance(follows, str):
                continue
            for batch in batches(by_table.get(link.target, ())):
                derived = sa.select(_class_of(link.source.name)).where(
                    link.column.in_(batch), link.source.c[follows] != ""
                )
                for row in self._session.scalars(derived):
                    self._session.delete(row)
        self._session.flush()

    def _tell(self, place: Place, values: Values, why: str) -> None:
        noun = _NOUNS.get(place.table, place.table)
        names = (values.get(column) for column in ("key", "name", "text"))
        label = next((str(name) for name in names if name), place.text.strip("[]"))
        self._told.append(f"{noun} {' '.join(label.split())[:80]}: {why}")


_NOUNS = {
    "timelineentry": "timeline entry",
    "dealproduct": "product of deal",
    "dealcompetitor": "competitor of deal",
    "assetproduct": "product of asset",
    "memberrole": "role of member",
    "dealcounter": "number of deals",
    "referencerequest": "reference request",
}


@cache
def _class_of(table: str) -> type[SQLModel]:
    """The class of a table's rows."""
    described = SQLModel.metadata.tables[table]
    return next(
        mapper.class_ for mapper in SQLModel._sa_registry.mappers if mapper.local_table is described
    )


def _forget(session: Session, run_id: int, steps: Sequence[_Step]) -> None:
    """Forget changes that are undone, so that an interrupted undo continues after them."""
    for batch in batches([step.number for step in steps]):
        session.execute(
            sa.delete(ImportChange).where(
                col(ImportChange.run_id) == run_id, col(ImportChange.number).in_(batch)
            )
        )
