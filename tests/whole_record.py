"""All that the record states and what follows from it, to compare before and after."""

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from web.workspace import Workspace
from workspace.database import FOLLOWS

# Derived tables, by the columns that say what follows from the record.
_DERIVED = {
    "document": ("kind", "subject_id", "content_hash"),
    "nameentry": ("kind", "subject_id", "form", "joined"),
}
_DERIVED_TIE = ("one_id", "other_id", "kind", "origin", "base", "start", "end")


def dump(workspace: Workspace) -> dict[str, list[str]]:
    """All that the record states, and what follows from it."""
    rows = {}
    with workspace.database.read() as session:
        for table in SQLModel.metadata.sorted_tables:
            follows = table.info.get(FOLLOWS)
            if table.name in _DERIVED:
                columns = [table.c[name] for name in _DERIVED[table.name]]
            elif follows is True:
                continue
            else:
                columns = list(table.c)
            query = sa.select(*columns)
            if isinstance(follows, str):
                query = query.where(table.c[follows] == "")
                derived = sa.select(*(table.c[name] for name in _DERIVED_TIE))
                derived = derived.where(table.c[follows] != "")
                rows[f"derived {table.name}"] = sorted(map(repr, session.execute(derived)))
            rows[table.name] = sorted(map(repr, session.execute(query)))
    return rows


def contents(workspace: Workspace) -> dict[str, list[str]]:
    """What the record states, without numbers of rows, moments, and drawn keys."""
    rows = {}
    with workspace.database.read() as session:
        for table in SQLModel.metadata.sorted_tables:
            if table.info.get(FOLLOWS) is True:
                continue
            columns = [
                column
                for column in table.c
                if not column.primary_key
                and not column.foreign_keys
                and "DateTime" not in repr(column.type)
                and column.name not in ("key", "detail", "origin", "last")
            ]
            if columns:
                rows[table.name] = sorted(map(repr, session.execute(sa.select(*columns))))
    return rows


def dangling(session: Session) -> list[str]:
    """References to rows that are not there."""
    found = []
    for table in SQLModel.metadata.sorted_tables:
        for key in table.foreign_keys:
            # The same table may be on both sides.
            target = key.column.table.alias()
            there = sa.exists().where(target.c[key.column.name] == key.parent)
            missing = sa.select(key.parent).where(key.parent.is_not(None), ~there)
            found += [f"{table.name}.{key.parent.name}"] * len(session.execute(missing).all())
    return found
