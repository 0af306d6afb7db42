"""Ids that are never given twice, so that deleted rows can come back.

SQLite gives a new row the id after the highest one that is there, which may be that of a deleted
row. PostgreSQL counts on.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session as AnySession
from sqlmodel import Session, SQLModel, select

from workspace.database import before_insert
from workspace.revisions.recorder import Place
from workspace.revisions.tables import HighestId

_HIGHEST = "highest ids of tables"


def keep_ids(session: Session, places: Iterable[Place]) -> None:
    """Have no new row get the id of one of these rows, which are about to be deleted."""
    if not _is_sqlite(session):
        return
    highest = _highest(session)
    for place in places:
        if _numbered(place.table) and place.key[0] > highest.get(place.table, 0):
            highest[place.table] = place.key[0]
            session.merge(HighestId(table_name=place.table, id=place.key[0]))
    session.flush()


@event.listens_for(AnySession, "before_flush")
def _number_objects(session: Session, _context: object, _instances: object) -> None:
    if not session.new or not _is_sqlite(session):
        return
    numbered: dict[str, list[Any]] = {}
    for row in session.new:
        name = str(getattr(type(row), "__tablename__", ""))
        if name in _highest(session) and row.id is None:
            numbered.setdefault(name, []).append(row)
    for name, rows in numbered.items():
        for number, row in enumerate(rows, _next(session, name)):
            row.id = number


def _number_rows(session: Session, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if _is_sqlite(session) and table.name in _highest(session) and "id" not in rows[0]:
        for number, row in enumerate(rows, _next(session, table.name)):
            row["id"] = number


before_insert(_number_rows)


def _highest(session: Session) -> dict[str, int]:
    """The ids below which a table's new rows do not begin, by table."""
    known: dict[str, int] | None = session.info.get(_HIGHEST)
    if known is None and not sa.inspect(session.connection()).has_table("highestid"):
        # A schema of before.
        return {}
    if known is None:
        rows = session.connection().execute(select(HighestId.table_name, HighestId.id))
        known = session.info[_HIGHEST] = {row.table_name: row.id for row in rows}
    return known


def _next(session: Session, name: str) -> int:
    table = SQLModel.metadata.tables[name]
    last = session.connection().execute(select(sa.func.max(table.c.id))).scalar() or 0
    return max(int(last), _highest(session)[name]) + 1


def _numbered(name: str) -> bool:
    keys = list(SQLModel.metadata.tables[name].primary_key)
    return len(keys) == 1 and keys[0].name == "id" and keys[0].default is None


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
