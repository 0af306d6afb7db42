"""Contacts of the record who fit a position: chosen among all at such employers, the best first."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from references.prospecting.fitting import (
    Agreement,
    Employer,
    Fit,
    Reasons,
    agreement_of,
    asked_facets,
    completed,
    fits,
    in_facets,
    wanted_facets,
)
from references.prospecting.titles import FITS, Titles
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.questions import about_text
from similarity.retrieval import ask, match
from similarity.scoring import Weights
from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import Position
from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys
from workspace.database import batches, fetch, select_row
from workspace.deals.discretion import hidden_from, rows_of_driver
from workspace.keys import plain
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# So many of those who fit are read.
MOST_PEOPLE = 2_000
# Of more people at the employers, the search index chooses those with the title.
MOST_COMPARED = 50_000


@dataclass(frozen=True)
class Contact:
    """A contact of the record, with their employer."""

    id: int
    key: str
    name: str
    title: str
    account: str | None
    account_key: str | None
    industry: str | None
    country: str | None
    region: str | None


def fitting_contacts(
    session: Session, viewer: Viewer, catalog: Catalog, titles: Titles, position: Position
) -> dict[int, Fit]:
    """The contacts who fit a position, the best first, by their ids, with how far they fit."""
    there = _employers_wanted(position)
    if not there:
        ids = _with_title(session, viewer, catalog, position, None)
        return _best(session, titles, position, _rows_of(session, ids))
    accounts = _accounts_of(session, sa.and_(*there))
    if position.employer or not position.title:
        return _best(session, titles, position, _people_at(session, viewer, accounts))
    # An account's name may tell what is not recorded of it.
    searched = [_ids_at(session, _accounts_of(session, _untold(position)))]
    people = _ids_at(session, accounts)
    rows: list[_Short] = []
    if len(people) > MOST_COMPARED:
        searched.append(people)
    else:
        rows = _people_at(session, viewer, accounts)
    for some in searched:
        rows += _rows_of(session, _with_title(session, viewer, catalog, position, some))
    return _best(session, titles, position, rows)


def are_contacts(session: Session, ids: Iterable[int]) -> set[int]:
    """Those of these people who are contacts, and no members."""
    found: set[int] = set()
    for batch in batches(ids):
        query = _contacts(sa.select(col(Person.id))).where(col(Person.id).in_(batch))
        found.update(session.scalars(query))
    return found


def contacts_of(session: Session, ids: Iterable[int]) -> list[Contact]:
    """These contacts."""
    rows: list[Contact] = []
    for batch in batches(ids):
        query = select_row(
            Contact,
            Person,
            account=col(Account.name),
            account_key=col(Account.key),
            industry=col(Account.industry),
            country=sa.func.coalesce(Account.country, Person.country),
            region=sa.func.coalesce(Account.region, Person.region),
        )
        rows += fetch(session, Contact, _contacts(query).where(col(Person.id).in_(batch)))
    return rows


# What decides whether a contact fits. Plain rows: tens of thousands of named ones take longer to
# make than everything that is done with them.
_Short = tuple[int, str, int | None, str | None, str | None]
_SHORT: Any = (Person.id, Person.title, Person.account_id, Person.country, Person.region)
# Of these, what says who the employer is and where.
_EMPLOYER = itemgetter(2, 3, 4)


def _best(
    session: Session, titles: Titles, position: Position, read: Sequence[_Short]
) -> dict[int, Fit]:
    """The best of these rows that fit."""
    likeness: Mapping[str, float] = {}
    if position.title:
        written = sorted({row[1] for row in read if row[1]})
        values = titles.likeness(session, position.title, written, shared=True).tolist()
        likeness = {
            title: value for title, value in zip(written, values, strict=True) if value >= FITS
        }
        read = [row for row in read if row[1] in likeness]
    if not read:
        return {}
    employers = list(map(_EMPLOYER, read))
    agreements = _agreements(session, position, set(employers))
    row_of = {employer: row for row, employer in enumerate(agreements)}
    of_employer = np.fromiter(map(row_of.__getitem__, employers), np.int64, len(employers))
    of_title = np.ones(len(read))
    if position.title:
        of_title = np.array([likeness[row[1]] for row in read])
    how = np.column_stack((of_title, np.array(list(agreements.values()))[of_employer]))
    found = fits(position, Agreement(*how.T))
    ids = np.array([row[0] for row in read])
    order = np.lexsort((ids, -found.score))
    reasons = Reasons(position)
    fitting = {}
    for row in order[found.fit[order]][:MOST_PEOPLE].tolist():
        why = reasons.of(*how[row].tolist())
        fitting[int(ids[row])] = Fit(float(found.score[row]), why, bool(found.certain[row]))
    return fitting


_Employer = tuple[int | None, str | None, str | None]


def _agreements(
    session: Session, position: Position, employers: Collection[_Employer]
) -> dict[_Employer, tuple[float, float]]:
    """How far the industry and the place of each employer agree with a position, by what rows say
    of employers."""
    industry, place = wanted_facets(position)
    by_country = position.value(FacetKind.COUNTRY) is not None
    accounts = _accounts(session, {account_id for account_id, *_ in employers if account_id})
    found = {}
    for account_id, country, region in employers:
        name, account = accounts.get(account_id or 0, ("", Employer()))
        employer = completed(
            Employer(account.industry, account.country or country, account.region or region), name
        )
        known = employer.country if by_country else employer.region
        found[account_id, country, region] = (
            agreement_of(industry, employer.industry),
            agreement_of(place, known),
        )
    return found


def _accounts(session: Session, ids: Collection[int]) -> dict[int, tuple[str, Employer]]:
    """The name of each account, and what is known of it."""
    found = {}
    for batch in batches(ids):
        query: Any = sa.select(
            col(Account.id),
            col(Account.name),
            col(Account.industry),
            col(Account.country),
            col(Account.region),
        ).where(col(Account.id).in_(batch))
        for account_id, name, *facts in session.execute(query):
            found[account_id] = (name, Employer(*facts))
    return found


def _employers_wanted(position: Position) -> list[sa.ColumnElement[bool]]:
    """The accounts that a position may be at; empty where it says nothing of the employer."""
    if not position.employer:
        return in_facets(position)
    key = company_keys(position.employer)[0] or plain(position.employer)
    name = col(Account.plain_name)
    return [sa.or_(name == key, name.startswith(f"{key} ", autoescape=True))]


def _untold(position: Position) -> sa.ColumnElement[bool]:
    """The accounts of which nothing contradicts a position, and something is not known."""
    wanted = asked_facets(position)
    unknown = [column.is_(None) for column, _ in wanted]
    agreeing = [sa.or_(column.is_(None), condition) for column, condition in wanted]
    return sa.and_(sa.or_(*unknown), *agreeing)


def _with_title(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    position: Position,
    people: NDArray[np.int64] | None,
) -> list[int]:
    """Those with the title that was asked for, by the search index: of all, or of these people."""
    if people is not None:
        people = people[~np.isin(people, np.array(_members(session), np.int64))]
        if not len(people):
            return []
    unseen = np.array(sorted(hidden_from(session, viewer).people), np.int64)
    asked = about_text(catalog, position.title)
    with catalog.searching(session, Kind.PERSON) as collection:
        query = ask(collection, position.title, asked.vector, Weights(), catalog.encoder.languages)
        return match(collection, query, hidden=unseen, allowed=people, pool=MOST_PEOPLE).ids


def _rows_of(session: Session, ids: Collection[int]) -> list[_Short]:
    rows: list[Any] = []
    for batch in batches(ids):
        query = _contacts(sa.select(*_SHORT)).where(col(Person.id).in_(batch))
        rows += map(tuple, session.execute(query))
    return rows


def _accounts_of(session: Session, condition: sa.ColumnElement[bool]) -> Sequence[int]:
    """The accounts that meet a condition."""
    query = sa.select(col(Account.id)).where(condition).order_by(col(Account.id))
    return session.scalars(query).all()


def _members(session: Session) -> Sequence[int]:
    return session.scalars(sa.select(col(Member.person_id))).all()


def _ids_at(session: Session, accounts: Sequence[int]) -> NDArray[np.int64]:
    """The people at these accounts by their ids, members and hidden ones among them."""
    ids: list[int] = []
    for batch in batches(accounts):
        query = sa.select(col(Person.id)).where(col(Person.account_id).in_(batch))
        ids += [row[0] for row in rows_of_driver(session, query)]
    return np.sort(np.array(ids, np.int64))


def _people_at(session: Session, viewer: Viewer, accounts: Sequence[int]) -> list[_Short]:
    """The contacts at these accounts whom a viewer may know of; of very many, those at the
    first accounts."""
    others = {*_members(session), *hidden_from(session, viewer).people}
    rows: list[Any] = []
    # Joined with the accounts, a database may read all people.
    for batch in batches(accounts):
        query = sa.select(*_SHORT).where(col(Person.account_id).in_(batch))
        query = query.order_by(col(Person.account_id), col(Person.id))
        query = query.limit(MOST_COMPARED - len(rows))
        rows += [row for row in rows_of_driver(session, query) if row[0] not in others]
        if len(rows) >= MOST_COMPARED:
            break
    return rows


def _contacts(query: sa.Select[Any]) -> sa.Select[Any]:
    """A query for people, joined with their accounts, and without members."""
    return (
        query.outerjoin(Account, col(Account.id) == col(Person.account_id))
        .outerjoin(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.person_id).is_(None))
    )
