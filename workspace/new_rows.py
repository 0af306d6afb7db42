"""Rows of tables, made many at a time."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from workspace.reading import unfiltered

Row = TypeVar("Row", bound=SQLModel)


def new_row(table: type[Row], **values: Any) -> Row:
    """A new row for a session, with the defaults of its columns, made as rows are that are loaded.

    Its constructor would do the same ten times slower, as it sets each attribute by itself. For
    places that make thousands.
    """
    row = sa.inspect(table).class_manager.new_instance()
    defaults, factories = _defaults(table)
    row.__dict__.update(defaults)
    row.__dict__.update({name: make() for name, make in factories.items() if name not in values})
    row.__dict__.update(values)
    return cast(Row, row)


def number_rows(session: Session, table: type[SQLModel], rows: Sequence[Any]) -> None:
    """Give new rows of a table the ids that SQLite would give them.

    SQLite executes a statement that returns ids once for each row; PostgreSQL returns the ids of
    many rows at once. The session is the only one that writes.
    """
    if len(rows) < 2 or session.get_bind().dialect.name != "sqlite":
        return
    last = sa.select(sa.func.max(col(table.id)))  # type: ignore[attr-defined]
    with unfiltered(session):
        first = (session.scalars(last).one() or 0) + 1
    for number, row in enumerate(rows, first):
        row.id = number


@cache
def _defaults(table: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """The defaults of a table's columns, and what makes those that no two rows may share."""
    columns = sa.inspect(table).column_attrs.keys()
    fields = {
        name: field
        for name, field in table.model_fields.items()
        if name in columns and not field.is_required()
    }
    made = {name: field.default_factory for name, field in fields.items() if field.default_factory}
    fixed = {name: field.default for name, field in fields.items() if name not in made}
    return fixed, cast(dict[str, Callable[[], Any]], made)
