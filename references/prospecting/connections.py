"""Connections that fit a position: chosen among all that a search may read, the best first.

Titles and companies are compared before people are read: an address book repeats them, and a row of
three columns takes a fraction of the time of a whole one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.address_books import Connection
from references.prospecting.fitting import (
    Employer,
    Fit,
    completed,
    employers,
    fit,
    in_facets,
    is_employer,
    keys_of,
)
from references.prospecting.known import Known, at_company, shared_with_everyone
from references.prospecting.titles import FITS, Titles
from similarity.sentences.positions import Position
from workspace.accounts.accounts import Account
from workspace.database import batches, fetch, select_row

# So many of those that fit are read.
MOST_PEOPLE = 2_000
# So many titles and companies are asked for at once.
AT_ONCE = 900


def fitting_connections(
    session: Session,
    titles: Titles,
    position: Position,
    allowed: sa.ColumnElement[bool],
    personal: sa.ColumnElement[bool],
    *,
    most: int | None = MOST_PEOPLE,
) -> list[tuple[Known, Fit]]:
    """The connections that fit a position, of those that are allowed, with how far they fit.

    The best come first, and among these the most recent contact. With more than `most`, the others
    are left out. `personal` are those of them that not every member may read. The vectors of titles
    that every member may read stay in memory; not those of others.
    """
    everyone = shared_with_everyone()
    # An index has the titles that everybody may read; the rows are asked for with the rights.
    parts = (everyone, sa.and_(personal, sa.not_(everyone)))
    of_company = at_company(position.employer) if position.employer else sa.true()
    if position.title:
        likeness = _likeness(session, titles, position, parts, of_company)
        wanted = sorted(likeness, key=lambda title: (-likeness[title], title))
        conditions: Iterator[sa.ColumnElement[bool]] = (
            col(Connection.position).in_(batch) for batch in batches(wanted, AT_ONCE)
        )
    elif position.employer:
        likeness, conditions = {}, iter([sa.true()])
    else:
        companies = _companies(session, position, parts, allowed)
        likeness = {}
        conditions = (col(Connection.company).in_(each) for each in batches(companies, AT_ONCE))
    chosen = _Choice(position, likeness)
    for condition in conditions:
        for part in parts:
            chosen.add(session, sa.and_(part, allowed, of_company, condition))
        # People with the other titles fit less.
        if most is not None and chosen.certain >= most:
            break
    best = chosen.best(most)
    rows: dict[int, Known] = {}
    for batch in batches(best):
        query = select_row(Known, Connection).where(col(Connection.id).in_(batch))
        rows.update({row.id: row for row in fetch(session, Known, query)})
    return [(rows[each], found) for each, found in best.items()]


@dataclass
class _Choice:
    """The connections that fit, by their ids."""

    position: Position
    # By title.
    likeness: Mapping[str, float]
    certain: int = 0
    _fits: dict[int, tuple[date, Fit]] = field(default_factory=dict)
    _employers: dict[str, Employer] = field(default_factory=dict)
    # By title and company.
    _known: dict[tuple[str, str], Fit | None] = field(default_factory=dict)

    def add(self, session: Session, condition: sa.ColumnElement[bool]) -> None:
        """Add those that fit of the connections that meet a condition."""
        rows = session.execute(_short_rows().where(condition)).all()
        new = {row.company for row in rows} - self._employers.keys()
        self._employers.update(employers(session, new))
        for row_id, title, company, connected_on, created_at in rows:
            key = (title, company)
            if key not in self._known:
                self._known[key] = self._fit(title, company)
            found = self._known[key]
            if found is not None:
                self._fits[row_id] = (connected_on or created_at.date(), found)
                self.certain += found.certain

    def best(self, most: int | None) -> dict[int, Fit]:
        """Those that fit best, and of those that fit alike the most recent contacts."""

        def order(row_id: int) -> tuple[float, int, int]:
            last, found = self._fits[row_id]
            return -round(found.score, 1), -last.toordinal(), row_id

        return {row_id: self._fits[row_id][1] for row_id in sorted(self._fits, key=order)[:most]}

    def _fit(self, title: str, company: str) -> Fit | None:
        wanted = self.position.employer
        if wanted and not is_employer(wanted, company):
            return None
        return fit(self.position, self.likeness.get(title), self._employers[company])


def _short_rows() -> Any:
    """What decides whether a connection fits; most address books have a card of their owner."""
    return sa.select(
        col(Connection.id),
        col(Connection.position),
        col(Connection.company),
        col(Connection.connected_on),
        col(Connection.created_at),
    ).where(
        sa.or_(
            col(Connection.person_id).is_(None),
            col(Connection.person_id) != col(Connection.owner_id),
        )
    )


def _likeness(
    session: Session,
    titles: Titles,
    position: Position,
    parts: Sequence[sa.ColumnElement[bool]],
    of_company: sa.ColumnElement[bool],
) -> dict[str, float]:
    """How far each title is what was asked for, of those that are near enough to it."""
    read: set[str] = set()
    likeness: dict[str, float] = {}
    for shared, part in zip((True, False), parts, strict=True):
        query = sa.select(col(Connection.position)).where(part, of_company)
        written = [title for title in session.scalars(query.distinct()) if title]
        written = [title for title in written if title not in read]
        read.update(written)
        values = titles.likeness(session, position.title, written, shared=shared)
        near = (each for each in zip(written, values, strict=True) if each[1] >= FITS)
        likeness.update(near)
    return likeness


def _companies(
    session: Session,
    position: Position,
    parts: Sequence[sa.ColumnElement[bool]],
    allowed: sa.ColumnElement[bool],
) -> list[str]:
    """The companies of an industry and a place, by their accounts or by what their names tell."""
    accounts = set(session.exec(select(Account.plain_name).where(*in_facets(position))))
    companies: set[str] = set()
    for part in parts:
        query = sa.select(col(Connection.company)).where(part, allowed)
        companies.update(session.scalars(query.distinct()))

    def may_fit(company: str) -> bool:
        return not accounts.isdisjoint(keys_of(company)) or bool(
            fit(position, None, completed(Employer(), company))
        )

    return sorted(company for company in companies if company and may_fit(company))
