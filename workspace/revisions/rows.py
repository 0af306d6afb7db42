"""Rows of the record by their places: what refers to them, and how they go and come back."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from workspace.database import FOLLOWS, batches
from workspace.reading import unfiltered
from workspace.revisions.ids import keep_ids
from workspace.revisions.recorder import Place, among_keys
from workspace.told import Code, Told, in_words
from workspace.told import told as keep

# How a row is removed where deleting it is not all; it gets the session, the row, and by whom.
Removers = Mapping[type[SQLModel], Callable[[Session, Any, int | None], None]]


@dataclass(frozen=True)
class Link:
    """A foreign key: a column of a table, and the table that it refers to by one column."""

    source: sa.Table
    column: sa.Column[Any]
    target: str
    # Whether a row of the source is part of the row that it refers to.
    part: bool


@cache
def links() -> tuple[Link, ...]:
    """All foreign keys of the record."""
    links = []
    for table in SQLModel.metadata.sorted_tables:
        needed = [key for key in table.foreign_keys if not key.parent.nullable]
        for key in table.foreign_keys:
            part = key.ondelete == "CASCADE" or needed == [key]
            links.append(Link(table, key.parent, key.column.table.name, part))
    return tuple(links)


@dataclass(frozen=True)
class Reference:
    """A row of the record that refers to another row."""

    source: Place
    link: Link
    target: Place


def references_to(session: Session, places: Iterable[Place]) -> list[Reference]:
    """What refers to these rows, without what is derived and goes with them."""
    by_table: dict[str, list[Any]] = defaultdict(list)
    for place in places:
        if len(place.key) == 1:
            by_table[place.table].append(place.key[0])
    references = []
    for link in links():
        follows = link.source.info.get(FOLLOWS)
        keys = list(link.source.primary_key)
        for batch in batches(by_table.get(link.target, ())):
            query = sa.select(*keys, link.column.label("target")).where(link.column.in_(batch))
            if isinstance(follows, str):
                query = query.where(link.source.c[follows] == "")
            for *key, target in session.connection().execute(query):
                source = Place(link.source.name, tuple(key))
                references.append(Reference(source, link, Place(link.target, (target,))))
    return references


def load_rows(session: Session, places: Iterable[Place]) -> dict[Place, SQLModel]:
    """Rows as objects, read together."""
    by_table: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for place in places:
        by_table[place.table].append(place.key)
    loaded: dict[Place, SQLModel] = {}
    with unfiltered(session):
        for name, keys in by_table.items():
            for among in among_keys(SQLModel.metadata.tables[name], keys):
                for row in session.scalars(sa.select(class_of(name)).where(among)):
                    loaded[Place(name, tuple(sa.inspect(row).identity))] = row
    return loaded


def delete_rows(
    session: Session, places: Sequence[Place], removers: Removers, by: int | None
) -> None:
    """Delete rows, given in an order in which each goes before those that it refers to."""
    _delete_derived(session, places)
    keep_ids(session, places)
    loaded = load_rows(session, places)
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
            if remove := removers.get(kind):
                remove(session, row, by)
            elif sa.inspect(row).persistent:
                # A remover may have taken it along.
                session.delete(row)
        session.flush()


def _delete_derived(session: Session, places: Sequence[Place]) -> None:
    """Delete the derived rows that refer to these."""
    by_table: dict[str, list[Any]] = defaultdict(list)
    for place in places:
        by_table[place.table].append(place.key[0])
    for link in links():
        follows = link.source.info.get(FOLLOWS)
        if not isinstance(follows, str):
            continue
        for batch in batches(by_table.get(link.target, ())):
            derived = sa.select(class_of(link.source.name)).where(
                link.column.in_(batch), link.source.c[follows] != ""
            )
            for row in session.scalars(derived):
                session.delete(row)
    session.flush()


@cache
def class_of(table: str) -> type[SQLModel]:
    """The class of a table's rows."""
    described = SQLModel.metadata.tables[table]
    return next(
        mapper.class_ for mapper in SQLModel._sa_registry.mappers if mapper.local_table is described
    )


_NOUNS = {
    "timelineentry": "timeline entry",
    "dealproduct": "product of deal",
    "dealcompetitor": "competitor of deal",
    "assetproduct": "product of asset",
    "memberrole": "role of member",
    "dealcounter": "number of deals",
    "referencerequest": "reference request",
}


def told(place: Place, values: Mapping[str, Any], code: Code, **more: Any) -> Told:
    """What to keep of what became of a row, for `kept_in_words`."""
    names = (values.get(column) for column in ("key", "name", "text"))
    label = next((str(name) for name in names if name), place.text.strip("[]"))
    return keep(code, table=place.table, name=" ".join(label.split())[:80], **more)


def kept_in_words(kept: Iterable[Told | str]) -> list[str]:
    """What became of rows, in words; a sentence that was kept before there were codes stays."""
    return [each if isinstance(each, str) else in_words(_with_nouns(each)) for each in kept]


def _with_nouns(kept: Told) -> Told:
    nouns = {name: _NOUNS.get(table, table) for name, table in kept.items() if name == "owner"}
    noun = _NOUNS.get(kept["table"], kept["table"])
    return {**kept, **nouns, "row": f"{noun} {kept['name']}"}
