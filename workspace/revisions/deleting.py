"""Deletes rows with all that hangs on them."""

from collections import Counter
from collections.abc import Collection

from sqlmodel import Session, SQLModel

from workspace.database import FOLLOWS
from workspace.reading import unfiltered
from workspace.revisions.recorder import Place
from workspace.revisions.rows import Reference, delete_rows, load_rows, references_to


def parts_of(session: Session, roots: Collection[Place]) -> tuple[set[Place], list[Reference]]:
    """These rows with all rows that cannot be without them, and what refers to them otherwise."""
    gone = set(roots)
    loose: list[Reference] = []
    new = set(roots)
    while new:
        refs = references_to(session, new)
        new = set()
        for ref in refs:
            if ref.link.source.info.get(FOLLOWS) is True:
                continue
            if ref.link.part or not ref.link.column.nullable:
                new.add(ref.source)
            else:
                loose.append(ref)
        new -= gone
        gone |= new
    return gone, [ref for ref in loose if ref.source not in gone]


def delete_with_parts(session: Session, roots: Collection[Place], by: int | None) -> Counter[str]:
    """Delete rows with all that cannot be without them; how many rows of each table went.

    What only mentions them, such as a task's assignee, mentions nothing from then on.
    """
    with unfiltered(session):
        gone, loose = parts_of(session, roots)
        rows = load_rows(session, {ref.source for ref in loose})
        for ref in loose:
            setattr(rows[ref.source], ref.link.column.name, None)
        session.flush()
        order = {table.name: at for at, table in enumerate(SQLModel.metadata.sorted_tables)}
        ordered = sorted(gone, key=lambda place: (-order[place.table], place.key))
        delete_rows(session, ordered, {}, by)
    return Counter(place.table for place in gone)
