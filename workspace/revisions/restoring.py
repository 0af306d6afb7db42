"""Brings deleted rows back, with their ids and everything that they refer to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from workspace.keys import free_key, random_key
from workspace.reading import unfiltered
from workspace.revisions.recorder import Place, Values, from_json, rows_at
from workspace.revisions.rows import class_of, told
from workspace.revisions.tables import Revision, RevisionKind
from workspace.told import Code, Told


def restore_rows(session: Session, rows: Mapping[Place, Values], kept: list[Told]) -> None:
    """Add deleted rows again; what cannot come back is told in `kept`.

    A row that refers to a merged row refers to the other one from now on. One that belongs to a row
    which is gone stays away.
    """
    by_table: dict[str, list[Place]] = defaultdict(list)
    for place in rows:
        by_table[place.table].append(place)
    with unfiltered(session):
        for table in SQLModel.metadata.sorted_tables:
            if places := by_table.get(table.name):
                _restore(session, table, {place: rows[place] for place in places}, kept)


def _restore(
    session: Session, table: sa.Table, rows: Mapping[Place, Values], kept: list[Told]
) -> None:
    # Rows of one table may refer to each other, so these columns follow when all are there.
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    added: dict[Place, tuple[SQLModel, Values]] = {}
    for place, stored in rows.items():
        values = from_json(table, stored)
        later = {name: values[name] for name in own if values.get(name) is not None}
        values |= dict.fromkeys(later)
        missing = _settle_references(session, table, values)
        if missing or not _make_unique(session, table, values):
            kept.append(
                told(place, stored, Code.OWNER_GONE, owner=missing)
                if missing
                else told(place, stored, Code.ROW_THERE)
            )
            continue
        row = class_of(table.name)(**values)
        session.add(row)
        added[place] = (row, later)
        if unique_columns(table):
            # The next one may not have the same values.
            session.flush()
    session.flush()
    targets = {
        Place(table.name, (value,)) for _, later in added.values() for value in later.values()
    }
    there = rows_at(session, targets)
    for row, later in added.values():
        for name, value in later.items():
            if Place(table.name, (value,)) in there:
                setattr(row, name, value)
    session.flush()


def _settle_references(session: Session, table: sa.Table, values: Values) -> str:
    """Have values refer to rows that are there; what is missing that the row cannot be without."""
    for key in table.foreign_keys:
        name, target = key.parent.name, key.column.table.name
        value = values.get(name)
        if value is None or rows_at(session, [Place(target, (value,))]):
            continue
        values[name] = successor(session, target, value)
        if values[name] is None and not key.parent.nullable:
            return target
    return ""


def successor(session: Session, table: str, row_id: int) -> int | None:
    """The row into which a row of this id was merged, if that one is there."""
    query = select(Revision.row_id).where(
        Revision.kind == RevisionKind.MERGE,
        Revision.table_name == table,
        Revision.former_id == row_id,
        col(Revision.undone_at).is_(None),
    )
    other = session.exec(query.order_by(col(Revision.id).desc())).first()
    if other is None:
        return None
    return other if rows_at(session, [Place(table, (other,))]) else successor(session, table, other)


def _make_unique(session: Session, table: sa.Table, values: Values) -> bool:
    """Change values that another row has by now; False if there is no room for the row."""
    for columns, condition in unique_columns(table):
        if _row_with(session, table, columns, condition, values) is None:
            continue
        name = columns[0].name
        if len(columns) == 1 and name == "key":
            values["key"] = _new_key(session, table, values)
        elif len(columns) == 1 and columns[0].nullable:
            values[name] = None
        else:
            return False
    return True


def others_with(
    session: Session, table: sa.Table, values: Mapping[str, Any]
) -> Iterator[tuple[frozenset[str], Place]]:
    """The rows with values that two may not have, each with the names of the columns."""
    for columns, condition in unique_columns(table):
        place = _row_with(session, table, columns, condition, values)
        if place:
            yield _names(columns, condition), place


def unique_names(table: sa.Table) -> list[frozenset[str]]:
    """The names of the columns of which no two rows have the same values."""
    return [_names(columns, condition) for columns, condition in unique_columns(table)]


def _names(columns: Iterable[sa.Column[Any]], condition: str) -> frozenset[str]:
    names = {column.name for column in columns}
    return frozenset(names | {condition} if condition else names)


def _row_with(
    session: Session,
    table: sa.Table,
    columns: Sequence[sa.Column[Any]],
    condition: str,
    values: Mapping[str, Any],
) -> Place | None:
    """The row that has the same values in these columns, if these values may not be there twice."""
    if any(values.get(column.name) is None for column in columns):
        return None
    if condition and not values.get(condition):
        return None
    same = [column == values[column.name] for column in columns]
    if condition:
        same.append(table.c[condition])
    key = session.connection().execute(sa.select(*table.primary_key).where(*same)).first()
    return Place(table.name, tuple(key)) if key else None


def _new_key(session: Session, table: sa.Table, values: Values) -> str:
    kind = class_of(table.name)
    prefix = str(values["key"]).rpartition("-")[0]
    if "name" in values and table.name != "deal":
        return free_key(session, kind, str(values["name"]))
    return random_key(session, kind, f"{prefix}-")


def unique_columns(table: sa.Table) -> list[tuple[list[sa.Column[Any]], str]]:
    """Columns of which no two rows have the same values, and the column that this depends on."""
    unique = [
        (list(constraint.columns), "")
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    unique += [
        (
            list(index.columns),
            "listed" if index.dialect_options["sqlite"]["where"] is not None else "",
        )
        for index in table.indexes
        if index.unique
    ]
    keys = list(table.primary_key)
    return [*unique, (keys, "")]
