"""Saved views: filters of the deals under names that members give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.database import RIGHTS
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer, require_writer
from workspace.reading import found_once

# The most views of one member: a longer list would hide the deals.
MOST_VIEWS = 30
LONGEST_QUERY = 2000


class SavedView(SQLModel, table=True):
    """The query of an address of the deals, under a name.

    A view gives nobody a right: a viewer who opens it sees the deals that they may see.
    """

    __table_args__ = (sa.UniqueConstraint("owner_id", "name"),)

    id: int = Field(default=None, primary_key=True)
    owner_id: int = Field(foreign_key="person.id")
    name: str = Field(max_length=60)
    query: str = Field(max_length=LONGEST_QUERY)
    # Whether everybody has it in their list, or only its owner.
    shared: bool = Field(default=False, sa_column_kwargs={"info": {RIGHTS: True}})


@dataclass(frozen=True)
class ViewRow:
    """A saved view in a viewer's list; `by` is the other member who shares it."""

    id: int
    name: str
    query: str
    shared: bool
    by: str | None
    may_change: bool


def views_of(session: Session, viewer: Viewer) -> list[ViewRow]:
    """A viewer's own views and those that are shared with them, by name."""
    return found_once(session, (SavedView, viewer), lambda: _views_of(session, viewer))


def _views_of(session: Session, viewer: Viewer) -> list[ViewRow]:
    return [
        ViewRow(
            id=row.id,
            name=row.name,
            query=row.query,
            shared=row.shared,
            by=owner if row.owner_id != viewer.person_id else None,
            may_change=_may_change(viewer, row),
        )
        for row, owner in session.exec(_views(viewer))
    ]


@lru_cache(maxsize=1000)
def _views(viewer: Viewer) -> Any:
    # Not a join: where nobody has saved a view yet, a database may begin with all people.
    owner_name = select(Person.name).where(col(Person.id) == col(SavedView.owner_id))
    return (
        select(SavedView, owner_name.scalar_subquery())
        .where(_listed(viewer))
        .order_by(sa.func.lower(SavedView.name), col(SavedView.id))
    )


def save_view(
    session: Session, viewer: Viewer, name: str, query: str, *, shared: bool
) -> SavedView:
    """Save a view of the viewer's own."""
    require_writer(viewer)
    if viewer.person_id is None:
        raise Forbidden("Only members have views.")
    own = select(SavedView.name).where(SavedView.owner_id == viewer.person_id)
    names = list(session.exec(own))
    if len(names) >= MOST_VIEWS:
        raise Invalid(
            f"You have {MOST_VIEWS} views: delete one first.", {"name": "You have too many views."}
        )
    _require_free(name, names)
    row = SavedView(owner_id=viewer.person_id, name=name, query=query, shared=shared)
    session.add(row)
    session.flush()
    audit(session, viewer.person_id, "view saved", f"view {row.id}", {"shared": shared})
    return row


def change_view(
    session: Session, viewer: Viewer, view_id: int, name: str, *, shared: bool
) -> SavedView:
    """Rename a view, share it, or keep it to its owner."""
    row = _changeable(session, viewer, view_id)
    others = select(SavedView.name).where(
        SavedView.owner_id == row.owner_id, SavedView.id != row.id
    )
    _require_free(name, list(session.exec(others)))
    row.name, row.shared = name, shared
    session.add(row)
    audit(session, viewer.person_id, "view changed", f"view {row.id}", {"shared": shared})
    return row


def rename_in_views(session: Session, field: str, renamed: Mapping[str, str]) -> None:
    """Replace these values of a query's field in all views by their new names."""
    for row in session.exec(select(SavedView).where(col(SavedView.query).contains(f"{field}="))):
        fields = [
            (name, renamed.get(value, value) if name == field else value)
            for name, value in parse_qsl(row.query)
        ]
        query = urlencode(fields, quote_via=quote)
        if len(query) <= LONGEST_QUERY:
            row.query = query
            session.add(row)


def delete_view(session: Session, viewer: Viewer, view_id: int) -> str:
    """Delete a view for everybody who has it; its name."""
    row = _changeable(session, viewer, view_id)
    session.delete(row)
    audit(session, viewer.person_id, "view deleted", f"view {row.id}")
    return row.name


def _changeable(session: Session, viewer: Viewer, view_id: int) -> SavedView:
    require_writer(viewer)
    row = session.exec(select(SavedView).where(SavedView.id == view_id, _listed(viewer))).first()
    if row is None:
        raise NotFound("There is no such view.")
    if not _may_change(viewer, row):
        raise Forbidden("Only its owner and administrators may change this view.")
    return row


def _listed(viewer: Viewer) -> sa.ColumnElement[bool]:
    return sa.or_(col(SavedView.shared).is_(True), col(SavedView.owner_id) == viewer.person_id)


def _may_change(viewer: Viewer, row: SavedView) -> bool:
    own = row.owner_id == viewer.person_id
    return viewer.may_write and (own or (row.shared and Role.ADMIN in viewer.roles))


def _require_free(name: str, names: list[str]) -> None:
    if name.casefold() in {other.casefold() for other in names}:
        raise Invalid(
            "A view of this name exists already.", {"name": "A view of this name exists already."}
        )
