"""Connections that fit a position: chosen among all that a search may read, the best first.

What decides whether they fit is compared in columns (`book.py`); only those who fit are read.
"""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from references.network.address_books import Connection
from references.network.paths import active_members
from references.prospecting.book import Book, Fitting, Row, book_rows, together
from references.prospecting.fitting import Fit, Values
from references.prospecting.known import (
    Known,
    at_company,
    known_rows,
    of_active_owners,
    personal_connections,
    readable_connections,
    shared_with_everyone,
)
from references.prospecting.shared_book import SharedBook
from references.prospecting.titles import FITS, Titles
from similarity.sentences.positions import Position
from workspace.database import batches
from workspace.people.viewer import Viewer

# So many of those that fit are read.
MOST_PEOPLE = 2_000


def readable_fitting(
    session: Session,
    viewer: Viewer,
    shared: SharedBook,
    position: Position,
    *,
    most: int = MOST_PEOPLE,
) -> list[tuple[Known, Fit]]:
    """The connections that fit a position, of those that a viewer may read, with how far they fit.

    The best come first, and among these the most recent contact. With more than `most`, the others
    are left out.
    """

    def likeness(titles: Sequence[str]) -> Values:
        return shared.titles.likeness(session, position.title, titles, shared=True)

    readable = readable_connections(session, viewer)
    personal = sa.and_(
        personal_connections(session, viewer),
        sa.not_(shared_with_everyone()),
        of_active_owners(),
    )
    owners = active_members(session)
    with shared.searching(session) as book:
        of_everyone = book.fitting(session, position, likeness, owners)
    own = _compared(session, shared.titles, position, personal)
    return _read(session, position, together([of_everyone, own]), readable, most)


def fitting_among(
    session: Session, titles: Titles, position: Position, allowed: sa.ColumnElement[bool]
) -> list[tuple[Known, Fit]]:
    """The connections that fit a position, of those that are allowed, the best first, with how far
    they fit. Nothing of them stays in memory."""
    found = _compared(session, titles, position, allowed)
    return _read(session, position, found, allowed, None)


def _compared(
    session: Session, titles: Titles, position: Position, allowed: sa.ColumnElement[bool]
) -> Fitting:
    """The allowed connections that fit, read from the database."""

    if position.employer:
        allowed = sa.and_(allowed, at_company(position.employer))
    if not position.title:
        rows = session.execute(book_rows().where(allowed))
        return Book(rows).fitting(session, position)
    # An address book repeats titles, and most of them are not near.
    query = sa.select(col(Connection.position)).where(allowed).distinct()
    written = list(session.scalars(query))
    values = titles.likeness(session, position.title, written, shared=False)
    near = {title: value for title, value in zip(written, values, strict=True) if value >= FITS}
    found: list[Row] = []
    for batch in batches(near):
        query = book_rows().where(allowed, col(Connection.position).in_(batch))
        found += session.execute(query)
    book = Book(found)
    return book.fitting(session, position, lambda titles: np.array([near[t] for t in titles]))


def _read(
    session: Session,
    position: Position,
    found: Fitting,
    allowed: sa.ColumnElement[bool],
    most: int | None,
) -> list[tuple[Known, Fit]]:
    """The best of the connections that fit, as far as the session finds them still allowed."""
    best = found.best(position, most)
    rows: dict[int, Known] = {}
    for batch in batches(best):
        rows.update(known_rows(session, sa.and_(col(Connection.id).in_(batch), allowed)))
    return [(rows[each], fit) for each, fit in best.items() if each in rows]
