"""Network search: people in a position, among the record's contacts and readable connections.

What a member finds follows from what they may read. Private address books are searched later, by a
job (`blind.py`): nothing here asks for them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.address_books import Connection
from references.network.paths import KnownPath, Network
from references.network.ties import known_to_colleagues
from references.prospecting.known import (
    Knower,
    Known,
    at_company,
    grouped,
    personal_connections,
    readable_connections,
    shared_with_everyone,
)
from references.prospecting.titles import FITS, Titles
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.questions import about_text
from similarity.retrieval import ask, match
from similarity.scoring import Weights
from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import Position, industry_and_country, position_in
from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys
from workspace.accounts.geography import country_name, region_of
from workspace.accounts.industries import industry_name
from workspace.database import batches, fetch, select_row
from workspace.deals.discretion import hidden_from
from workspace.keys import plain
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

SHOWN = 50
# At most so many titles, and so many people and connections with them, are looked at.
MOST_TITLES = 300
MOST_PEOPLE = 2_000
# With more accounts of an industry and a place, titles choose the people first.
MOST_ACCOUNTS = 2_000
# The parts of a score.
_TITLE, _INDUSTRY, _PLACE = 0.6, 0.2, 0.2
# What counts for a facet of an employer that is not known, and the likeness of a title from which
# on such people are shown.
_UNKNOWN = 0.25
_CERTAIN_TITLE = 0.7


@dataclass(frozen=True)
class Employer:
    """What is known of an employer."""

    industry: str | None = None
    country: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Fit:
    """How far someone fits a position, from 0 to 1, and why."""

    score: float
    reasons: tuple[str, ...]
    # Whether everything that was asked for is known to be so.
    certain: bool


@dataclass(frozen=True)
class Prospect:
    """A person who fits, and how we know them."""

    name: str
    title: str
    company: str
    reasons: tuple[str, ...]
    score: float
    # Without a key, the person is not in the record.
    key: str | None = None
    account_key: str | None = None
    path: KnownPath | None = None
    known_by: tuple[Knower, ...] = ()
    # Whether a colleague whose ties are hidden may know them.
    may_be_asked: bool = False

    @property
    def strength(self) -> float:
        """The strength of the best way to them."""
        knower = self.known_by[0].strength if self.known_by else 0.0
        return max(knower, self.path.strength if self.path else 0.0)


@dataclass(frozen=True)
class Prospects:
    """What was understood of a question, and who fits, the best first."""

    position: Position
    people: list[Prospect] = field(default_factory=list)


@dataclass(frozen=True)
class _Contact:
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


def search_network(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    network: Network,
    titles: Titles,
    text: str,
) -> Prospects:
    """The people who fit what a text describes, and the best way to each."""
    position = position_in(text)
    if not position:
        return Prospects(position)
    contacts = _contacts(session, viewer, catalog, titles, position)
    outside = fitting_connections(
        session,
        titles,
        position,
        readable_connections(session, viewer),
        personal_connections(session, viewer),
    )
    # The record knows better than an address book what is its title and employer.
    known = {contact.id for contact, _ in contacts}
    fits = {id(row): fit for row, fit in outside}
    unrecorded = [row for row, _ in outside if row.person_id is None]
    recorded = {row.person_id: fit for row, fit in outside if row.person_id not in known}
    contacts += [
        (contact, recorded[contact.id])
        for contact in _contacts_of_ids(session, [each for each in recorded if each])
    ]
    contacts = sorted(contacts, key=lambda each: (-each[1].score, each[0].id))[: 2 * SHOWN]
    ids = [contact.id for contact, _ in contacts]
    paths = network.nearest(session, viewer, ids)
    asked = known_to_colleagues(session, viewer, [each for each in ids if each not in paths])
    people = [
        Prospect(
            name=contact.name,
            title=contact.title,
            company=contact.account or "",
            reasons=fit.reasons,
            score=fit.score,
            key=contact.key,
            account_key=contact.account_key,
            path=paths.get(contact.id),
            may_be_asked=contact.id in asked,
        )
        for contact, fit in contacts
    ]
    accounts = _account_keys(session, {row.company for row in unrecorded})
    people += [
        Prospect(
            name=row.name,
            title=row.position,
            company=row.company,
            reasons=fits[id(row)].reasons,
            score=fits[id(row)].score,
            account_key=accounts.get(row.company),
            known_by=who,
        )
        for row, who in grouped(session, unrecorded)
    ]
    people.sort(key=lambda each: (-round(each.score, 1), -each.strength, each.name, each.company))
    return Prospects(position, people[:SHOWN])


def fitting_connections(
    session: Session,
    titles: Titles,
    position: Position,
    allowed: sa.ColumnElement[bool],
    personal: sa.ColumnElement[bool],
) -> list[tuple[Known, Fit]]:
    """The connections that fit a position, of those that are allowed, with how far they fit.

    `personal` are those of them that not every member may read. The vectors of titles that every
    member may read stay in memory; not those of others.
    """
    of_company = at_company(position.employer) if position.employer else sa.true()
    if position.title:
        likeness: dict[str, float] = {}
        everyone = shared_with_everyone()
        # An index has the titles that everybody may read; the rows are asked for with the rights.
        for shared, which in ((True, everyone), (False, sa.and_(personal, sa.not_(everyone)))):
            query = sa.select(col(Connection.position)).where(which, of_company)
            written = [title for title in session.scalars(query.distinct()) if title]
            written = [title for title in written if title not in likeness]
            values = titles.likeness(session, position.title, written, shared=shared)
            likeness.update(zip(written, values, strict=True))
        fitting = sorted(
            (title for title, value in likeness.items() if value >= FITS),
            key=lambda title: (-likeness[title], title),
        )[:MOST_TITLES]
        condition: sa.ColumnElement[bool] = col(Connection.position).in_(fitting)
    elif position.employer:
        likeness, condition = {}, sa.true()
    else:
        names = _names_of_accounts(session, position)
        likeness, condition = {}, col(Connection.plain_company).in_(names)
    # Titles take two queries, each of which an index serves; companies have an index of their own.
    rows: list[Known] = []
    everyone = shared_with_everyone()
    parts = (everyone, sa.and_(personal, sa.not_(everyone))) if position.title else (sa.true(),)
    for which in parts:
        query = select_row(Known, Connection).where(which, allowed, of_company, condition)
        rows += fetch(session, Known, query.order_by(col(Connection.id)).limit(MOST_PEOPLE))
    if position.employer:
        rows = [row for row in rows if _is_employer(position.employer, row.company)]
    employers = _employers(session, {row.company for row in rows if row.company})
    fits = (
        (row, _fit(position, likeness.get(row.position), employers.get(row.company, Employer())))
        for row in rows
        if row.owner_id != row.person_id
    )
    return [(row, fit) for row, fit in fits if fit is not None]


def _fit(position: Position, likeness: float | None, employer: Employer) -> Fit | None:
    """How far someone with a title of this likeness fits; None where they do not."""
    reasons: list[str] = []
    title = 1.0
    if position.title:
        if likeness is None or likeness < FITS:
            return None
        title = likeness
        reasons.append("Same title" if likeness > 0.99 else "Similar title")
    if position.employer:
        reasons.append(f"At {position.employer}")
    wanted = position.value(FacetKind.INDUSTRY)
    industry = _agreement(wanted, employer.industry, reasons, industry_name(wanted))
    country = position.value(FacetKind.COUNTRY)
    region = position.value(FacetKind.REGION)
    place = (
        _agreement(country, employer.country, reasons, country_name(country))
        if country
        else _agreement(region, employer.region, reasons, region or "")
    )
    if 0.0 in (industry, place):
        return None
    certain = _UNKNOWN not in (industry, place)
    # A person of whom only a similar title is known would be one of many.
    confirmed = position.employer or 1.0 in (wanted and industry, (country or region) and place)
    if not certain and not confirmed and (not position.title or title < _CERTAIN_TITLE):
        return None
    return Fit(_TITLE * title + _INDUSTRY * industry + _PLACE * place, tuple(reasons), certain)


def _agreement(wanted: str | None, known: str | None, reasons: list[str], label: str) -> float:
    """How far a facet is what was asked for; a section of industry has all its divisions."""
    if wanted is None:
        return 1.0
    if known is None:
        return _UNKNOWN
    if known == wanted or (len(wanted) == 1 and known[0] == wanted):
        reasons.append(label)
        return 1.0
    return 0.0


def _contacts(
    session: Session, viewer: Viewer, catalog: Catalog, titles: Titles, position: Position
) -> list[tuple[_Contact, Fit]]:
    """The contacts of the record who fit."""
    accounts = _accounts(session, position)
    if accounts is not None:
        rows = _contacts_at(session, accounts)
    elif position.title:
        unseen = np.array(sorted(hidden_from(session, viewer).people), np.int64)
        asked = about_text(catalog, position.title)
        with catalog.searching(session, Kind.PERSON) as collection:
            query = ask(
                collection, position.title, asked.vector, Weights(), catalog.encoder.languages
            )
            rows = _contacts_of_ids(session, match(collection, query, hidden=unseen).ids)
    else:
        return []
    written = sorted({row.title for row in rows if row.title})
    likeness: Mapping[str, float] = {}
    if position.title:
        values = titles.likeness(session, position.title, written, shared=True)
        likeness = dict(zip(written, values, strict=True))
    fits = ((row, _fit(position, likeness.get(row.title), _employer_of(row))) for row in rows)
    return [(row, fit) for row, fit in fits if fit is not None]


def _employer_of(row: _Contact) -> Employer:
    return _completed(Employer(row.industry, row.country, row.region), row.account or "")


def _completed(employer: Employer, name: str) -> Employer:
    """What is known of an employer, with what its name tells where that is nothing."""
    industry, country = employer.industry, employer.country
    if name and not (industry and country):
        told = industry_and_country(name)
        industry, country = industry or told[0], country or told[1]
    region = employer.region or (region_of(country) if country else None)
    return Employer(industry, country, region)


def _accounts(session: Session, position: Position) -> list[int] | None:
    """The accounts that a position may be at; None where it says too little."""
    query = select(Account.id)
    if position.employer:
        key = company_keys(position.employer)[0] or plain(position.employer)
        name = col(Account.plain_name)
        query = query.where(sa.or_(name == key, name.startswith(f"{key} ", autoescape=True)))
    elif condition := _in_facets(position):
        query = query.where(*condition)
    else:
        return None
    ids = session.exec(query.order_by(col(Account.id)).limit(MOST_ACCOUNTS + 1)).all()
    return list(ids) if len(ids) <= MOST_ACCOUNTS else None


def _in_facets(position: Position) -> list[sa.ColumnElement[bool]]:
    """The accounts of an industry and a place, with those where one of them is not known."""
    conditions: list[sa.ColumnElement[bool]] = []
    if industry := position.value(FacetKind.INDUSTRY):
        conditions.append(col(Account.industry).startswith(industry, autoescape=True))
    if country := position.value(FacetKind.COUNTRY):
        conditions.append(col(Account.country) == country)
    elif region := position.value(FacetKind.REGION):
        conditions.append(col(Account.region) == region)
    return conditions


def _names_of_accounts(session: Session, position: Position) -> list[str]:
    """The names of the accounts of an industry and a place, as companies are compared."""
    conditions = _in_facets(position)
    query = select(Account.plain_name).where(*conditions).order_by(col(Account.id))
    return list(session.exec(query.limit(MOST_ACCOUNTS))) if conditions else []


def _contacts_at(session: Session, accounts: Collection[int]) -> list[_Contact]:
    rows: list[_Contact] = []
    for batch in batches(accounts):
        query = _select_contacts().where(col(Person.account_id).in_(batch))
        left = 10 * MOST_PEOPLE - len(rows)
        rows += fetch(session, _Contact, query.order_by(col(Person.id)).limit(left))
    return rows


def _contacts_of_ids(session: Session, ids: Iterable[int]) -> list[_Contact]:
    rows: list[_Contact] = []
    for batch in batches(ids):
        rows += fetch(session, _Contact, _select_contacts().where(col(Person.id).in_(batch)))
    return rows


def _select_contacts() -> sa.Select[tuple[object, ...]]:
    return (
        select_row(
            _Contact,
            Person,
            account=col(Account.name),
            account_key=col(Account.key),
            industry=col(Account.industry),
            country=sa.func.coalesce(Account.country, Person.country),
            region=sa.func.coalesce(Account.region, Person.region),
        )
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .outerjoin(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.person_id).is_(None))
    )


def _employers(session: Session, companies: Collection[str]) -> dict[str, Employer]:
    """What is known of these companies: by the account of that name, or by the name alone."""
    by_key: dict[str, Employer] = {}
    keys = {key for company in companies for key in _keys(company)}
    for batch in batches(sorted(keys)):
        query = select(Account.plain_name, Account.industry, Account.country, Account.region).where(
            col(Account.plain_name).in_(batch)
        )
        for name, industry, country, region in session.exec(query.order_by(col(Account.id))):
            by_key.setdefault(name, Employer(industry, country, region))
    employers = {}
    for company in companies:
        account = next((by_key[key] for key in _keys(company) if key in by_key), Employer())
        employers[company] = _completed(account, company)
    return employers


def _account_keys(session: Session, companies: Collection[str]) -> dict[str, str]:
    """The keys of the accounts of these companies."""
    names: dict[str, list[str]] = defaultdict(list)
    for company in companies:
        for key in _keys(company):
            names[key].append(company)
    found: dict[str, str] = {}
    for batch in batches(sorted(names)):
        query = select(Account.plain_name, Account.key).where(col(Account.plain_name).in_(batch))
        for name, key in session.exec(query.order_by(col(Account.id))):
            for company in names[name]:
                found.setdefault(company, key)
    return found


def _keys(company: str) -> Sequence[str]:
    return [key for key in dict.fromkeys((plain(company), *company_keys(company))) if key]


def _is_employer(wanted: str, company: str) -> bool:
    """Whether a company has the name that was asked for, perhaps with more words."""
    asked = company_keys(wanted)
    return any(
        key == one or key.startswith(f"{one} ") for one in asked for key in company_keys(company)
    )
