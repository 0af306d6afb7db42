"""Merges one row into another: what refers to it refers to the other one from then on."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from workspace.database import FOLLOWS
from workspace.reading import unfiltered
from workspace.revisions.recorder import Place, rows_at
from workspace.revisions.restoring import others_with
from workspace.revisions.rows import class_of, delete_rows, load_rows, references_to

# How a row is moved where setting its column is not all; it gets the session, the row, the name of
# the column, and the id of the row that it refers to from now on.
Movers = Mapping[type[SQLModel], Callable[[Session, Any, str, int], None]]


def merge_row(session: Session, table: str, former: int, into: int, movers: Movers) -> None:
    """Have everything that refers to a row refer to another one, and delete the first.

    Of two rows that may not be there both, such as a person's two places on one deal, the second is
    merged into the first in turn.
    """
    with unfiltered(session):
        place = Place(table, (former,))
        refs = references_to(session, [place])
        rows = load_rows(session, {ref.source for ref in refs})
        for ref in refs:
            row = rows[ref.source]
            if ref.link.source.info.get(FOLLOWS) is True or not sa.inspect(row).persistent:
                continue
            if move := movers.get(type(row)):
                move(session, row, ref.link.column.name, into)
            else:
                _move(session, ref.source, row, ref.link.column.name, into, movers)
            session.flush()
        delete_rows(session, [place], {}, None)


def _move(
    session: Session, place: Place, row: SQLModel, column: str, into: int, movers: Movers
) -> None:
    table = SQLModel.metadata.tables[place.table]
    values = {name: getattr(row, name) for name in (column.name for column in table.c)} | {
        column: into
    }
    other = _equal_row(session, table, place, values)
    if other is not None:
        _fill(other, row, table)
        session.add(other)
        if len(place.key) == 1 and table.primary_key.columns.keys() == ["id"]:
            merge_row(session, place.table, place.key[0], other.id, movers)  # type: ignore[attr-defined]
        else:
            session.delete(row)
    elif table.c[column].primary_key:
        # The recorder knows a row by its primary key, so this becomes another row.
        session.delete(row)
        session.flush()
        session.add(class_of(place.table)(**values))
    elif any(
        key.column.table is table and values[column] == place.key[0]
        for key in table.c[column].foreign_keys
    ):
        # It would refer to itself.
        setattr(row, column, None)
    else:
        setattr(row, column, into)
        session.add(row)


def _equal_row(
    session: Session, table: sa.Table, place: Place, values: Mapping[str, Any]
) -> SQLModel | None:
    """Another row with the same values where two may not have them."""
    for _, other in others_with(session, table, values):
        if other != place:
            return load_rows(session, [other])[other]
    return None


def _fill(row: SQLModel, other: SQLModel, table: sa.Table) -> None:
    """Give a row what only the other one states."""
    fields = type(row).model_fields
    for column in table.c:
        if column.primary_key or column.foreign_keys or column.name not in fields:
            continue
        default = fields[column.name].get_default(call_default_factory=False)
        mine, theirs = getattr(row, column.name), getattr(other, column.name)
        if mine in (None, "", default) and theirs not in (None, "", default):
            setattr(row, column.name, theirs)


def same_rows(session: Session, table: str, column: str, row_id: int) -> None:
    """Of the rows that refer to a row by this column and state the same, keep the first."""
    described = SQLModel.metadata.tables[table]
    keys = sa.select(*described.primary_key).where(described.c[column] == row_id)
    places = [Place(table, tuple(key)) for key in session.connection().execute(keys)]
    seen: set[tuple[Any, ...]] = set()
    again = []
    for place, values in sorted(rows_at(session, places).items()):
        stated = tuple(
            value for name, value in values.items() if name not in ("id", "source", "created_at")
        )
        if stated in seen:
            again.append(place)
        seen.add(stated)
    delete_rows(session, again, {}, None)
