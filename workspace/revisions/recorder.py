"""Records what a transaction changes: new, changed and deleted rows, with their values before.

It follows the flushes of a session, so that it sees whatever a rule of the record writes because of
the change. Tables whose rows follow from others (`FOLLOWS`) are left out: they are derived again.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, SQLModel

from workspace.database import BATCH, FOLLOWS, batches, on_insert
from workspace.deals.tables import DealCounter

Values = dict[str, Any]
# Changed by statements, which no flush shows.
_COUNTERS = (DealCounter,)
# Columns that say one thing together, by their table: a deal's place in the pipeline, its amount.
_PLACE_IN_PIPELINE = frozenset(
    {"stage_id", "outcome", "closed", "reason", "stage_since"}
    | {"parked_reason", "wakes_on", "wakes_when"}
)
_AMOUNT = frozenset({"amount", "currency", "yearly", "term_months"})
COLUMN_GROUPS = {"deal": (_PLACE_IN_PIPELINE, _AMOUNT)}


class Place(NamedTuple):
    """A row of the record: its table, and its primary key."""

    table: str
    key: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The primary key as text."""
        return json.dumps(list(self.key))


def place_of(table: str, text: str) -> Place:
    """The place of a primary key's text."""
    return Place(table, tuple(json.loads(text)))


@dataclass(frozen=True)
class Change:
    """What became of a row; `before` is None for a new row, `after` for a deleted one."""

    place: Place
    before: Values | None
    after: Values | None


class Recorder:
    """The changes of one session since the recorder was made."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # The rows that were there before, with their values; None for new rows.
        self._before: dict[Place, Values | None] = {}
        for table in _COUNTERS:
            name = str(table.__tablename__)
            for row in session.execute(sa.select(SQLModel.metadata.tables[name])).mappings():
                self._before[Place(name, (row["id"],))] = dict(row)
        on_insert(session, self._note_inserted)
        event.listen(session, "before_flush", self._note_old)
        event.listen(session, "after_flush", self._note_new)

    def changes(self, added: Collection[str] | None = None) -> list[Change]:
        """What has changed so far, each row once, in the order of the first change; of new rows
        those of the tables `added` alone, or of all tables."""
        self._session.flush()
        known = {
            place: before
            for place, before in self._before.items()
            if before is not None or added is None or place.table in added
        }
        now = rows_at(self._session, known)
        changes = [Change(place, before, now.get(place)) for place, before in known.items()]
        return [change for change in changes if change.before != change.after]

    def _note_old(self, session: Session, _context: UOWTransaction, _instances: object) -> None:
        rows = [row for row in session.dirty if session.is_modified(row, include_collections=False)]
        places = [place for row in (*rows, *session.deleted) if (place := _identity(row))]
        unknown = [place for place in places if place not in self._before]
        with session.no_autoflush:
            self._before.update(rows_at(session, unknown))

    def _note_new(self, session: Session, _context: UOWTransaction) -> None:
        for row in session.new:
            # A row that was deleted before and is added again is no new one.
            if place := _identity(row):
                self._before.setdefault(place, None)

    def _note_inserted(self, table: sa.Table, keys: list[tuple[Any, ...]]) -> None:
        if table.info.get(FOLLOWS) is not True:
            for key in keys:
                self._before.setdefault(Place(table.name, key), None)


def _identity(row: object) -> Place | None:
    """The place of a row that is recorded."""
    if not isinstance(row, SQLModel):
        return None
    table: sa.Table = row.__table__  # type: ignore[attr-defined]
    follows = table.info.get(FOLLOWS)
    if follows is True or (follows and getattr(row, follows)):
        return None
    return Place(table.name, tuple(getattr(row, column.name) for column in table.primary_key))


def rows_at(session: Session, places: Iterable[Place]) -> dict[Place, Values]:
    """The values of these rows as the database has them, without those that do not exist."""
    by_table: dict[str, list[tuple[Any, ...]]] = {}
    for place in places:
        by_table.setdefault(place.table, []).append(place.key)
    rows: dict[Place, Values] = {}
    for name, keys in by_table.items():
        table = SQLModel.metadata.tables[name]
        columns = list(table.primary_key)
        for among in among_keys(table, keys):
            # The connection is asked, because a query of the session would flush it.
            found = session.connection().execute(sa.select(table).where(among))
            names = list(found.keys())
            for values in found:
                row = dict(zip(names, values, strict=True))
                rows[Place(name, tuple(row[column.name] for column in columns))] = row
    return rows


def among_keys(
    table: sa.Table, keys: Sequence[tuple[Any, ...]]
) -> Iterator[sa.ColumnElement[bool]]:
    """Conditions for the rows with these primary keys, each for as many as a statement takes."""
    columns = list(table.primary_key)
    for batch in batches(keys, BATCH // len(columns)):
        if len(columns) == 1:
            yield columns[0].in_([key for (key,) in batch])
        else:
            yield sa.tuple_(*columns).in_(batch)


def digest(table: sa.Table, values: Values) -> str:
    """A digest of what a row states; columns that are empty do not count, as new ones are."""
    filled = sorted(
        (name, _plain(value))
        for name, value in values.items()
        if value and not table.c[name].info.get(FOLLOWS)
    )
    text = json.dumps(filled, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def to_json(values: Mapping[str, Any]) -> Values:
    """Values of columns as JSON has them."""
    return {name: _plain(value) for name, value in values.items()}


def from_json(table: sa.Table, values: Mapping[str, Any]) -> Values:
    """The values of a table's columns from their form in JSON; unknown columns are left out."""
    return {
        name: _parsed(table.c[name].type, value)
        for name, value in values.items()
        if name in table.c
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


def _parsed(kind: sa.types.TypeEngine[Any], value: Any) -> Any:
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    if value is None or isinstance(kind, sa.JSON):
        return value
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    if isinstance(kind, sa.Numeric):
        return Decimal(value) if isinstance(value, str) else value
    if isinstance(kind, sa.LargeBinary):
        return bytes.fromhex(value)
    return value


def changed_columns(change: Change) -> Iterator[str]:
    """The columns that differ in a changed row."""
    before, after = change.before or {}, change.after or {}
    return (name for name, value in after.items() if before.get(name) != value)
