"""Connections in columns: who of an address book fits a position, without reading people.

An address book repeats titles and companies. Each is read once, and gets a number.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from references.network.address_books import Connection
from references.prospecting.fitting import (
    Agreement,
    Fit,
    Reasons,
    Values,
    agreement_of,
    facts_of_accounts,
    fits,
    is_employer,
    keys_of,
    rounded,
    wanted_facets,
)
from references.prospecting.known import may_be_called
from references.prospecting.titles import FITS
from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import Position, industry_and_country
from workspace.accounts.geography import region_of
from workspace.database import BATCH

Numbers = NDArray[np.int64]

# A connection as a book takes it: id, owner, title, company, the day of the last contact, and when
# it was added.
Row = tuple[int, int, str, str, date | None, datetime]
# The industry, the country and the region of an account.
Facts = tuple[str | None, str | None, str | None]
# How far each of some titles is what was asked for.
Likeness = Callable[[Sequence[str]], Values]


class _Columns(NamedTuple):
    ids: Numbers
    owners: Numbers
    titles: Numbers
    companies: Numbers
    # The day of the last contact.
    last: Numbers


@dataclass(frozen=True)
class Fitting:
    """Connections that fit, in columns; `how` are the likeness of the title, and the agreement of
    the industry and the place."""

    ids: Numbers
    last: Numbers
    score: Values
    certain: NDArray[np.bool_]
    how: Values

    def best(self, position: Position, most: int | None) -> dict[int, Fit]:
        """Those that fit best, and of those that fit alike the most recent contacts."""
        order = np.lexsort((self.ids, -self.last, -rounded(self.score)))[:most]
        reasons = Reasons(position)
        found = {}
        for row_id, score, certain, how in zip(
            *(column[order].tolist() for column in (self.ids, self.score, self.certain, self.how)),
            strict=True,
        ):
            found[row_id] = Fit(score, reasons.of(*how), certain)
        return found


def together(parts: Iterable[Fitting]) -> Fitting:
    """The connections of several books that fit."""
    every = list(parts)
    return Fitting(
        np.concatenate([part.ids for part in every]),
        np.concatenate([part.last for part in every]),
        np.concatenate([part.score for part in every]),
        np.concatenate([part.certain for part in every]),
        np.concatenate([part.how for part in every]),
    )


class Book:
    """Connections as a search compares them."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.titles: list[str] = []
        self.companies = Companies()
        self._title_numbers: dict[str, int] = {}
        self._columns = self._of(rows)

    def __len__(self) -> int:
        return len(self._columns.ids)

    def change(self, ids: Collection[int], rows: Iterable[Row]) -> None:
        """Put these rows in the place of the connections of these ids."""
        kept = ~np.isin(self._columns.ids, np.array(sorted(ids), np.int64))
        new = self._of(rows)
        self._columns = _Columns(
            *(
                np.concatenate((old[kept], added))
                for old, added in zip(self._columns, new, strict=True)
            )
        )

    def fitting(
        self,
        session: Session,
        position: Position,
        likeness: Likeness | None = None,
        owners: Collection[int] | None = None,
    ) -> Fitting:
        """The connections that fit a position: of all, or of these owners.

        `likeness` is for a position with a title.
        """
        columns = self._columns
        chosen = np.ones(len(columns.ids), bool)
        if owners is not None:
            chosen &= np.isin(columns.owners, np.array(sorted(owners), np.int64))
        titles = np.ones(len(self.titles))
        if likeness is not None and position.title:
            titles = likeness(self.titles)
            chosen &= titles[columns.titles] >= FITS
        if position.employer:
            chosen &= self.companies.called(position.employer)[columns.companies]
        rows = np.flatnonzero(chosen)
        companies = columns.companies[rows]
        industries, places = self.companies.agreement(session, position, companies)
        agreement = Agreement(titles[columns.titles[rows]], industries, places)
        found = fits(position, agreement)
        how = np.stack((agreement.title, industries, places), axis=1)
        rows, fit = rows[found.fit], found.fit
        return Fitting(
            columns.ids[rows], columns.last[rows], found.score[fit], found.certain[fit], how[fit]
        )

    def _of(self, rows: Iterable[Row]) -> _Columns:
        ids, owners, titles, companies, last = (array("q") for _ in _Columns._fields)
        for row_id, owner, title, company, connected_on, created_at in rows:
            number = self._title_numbers.get(title)
            if number is None:
                number = self._title_numbers[title] = len(self.titles)
                self.titles.append(title)
            ids.append(row_id)
            owners.append(owner)
            titles.append(number)
            companies.append(self.companies.number(company))
            last.append((connected_on or created_at.date()).toordinal())
        return _Columns(
            *(np.array(each, np.int64) for each in (ids, owners, titles, companies, last))
        )


class Companies:
    """The companies of a book, by their numbers, and what is known of them."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._keys: list[Sequence[str]] = []
        self._numbers: dict[str, int] = {}
        # By what an account may be called, the companies that may be it. A company is the account
        # of the first of its keys that has one.
        self._by_key: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        # Industries, countries and regions by their numbers; the first is that none is known.
        self._values: list[str | None] = [None]
        self._value_numbers: dict[str | None, int] = {None: 0}
        # What each name tells; -1 where it was not read yet.
        self._industries = array("q")
        self._countries = array("q")

    def number(self, name: str) -> int:
        """The number of a company, which is added where it is new."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
            self._industries.append(-1)
            self._countries.append(-1)
            self._keys.append(keys_of(name))
            for place, key in enumerate(self._keys[number]):
                self._by_key[key].append((number, place))
        return number

    def called(self, name: str) -> NDArray[np.bool_]:
        """Which companies have this name, perhaps with more words."""
        found = np.zeros(len(self._names), bool)
        keys = keys_of(name)
        starts = tuple(f"{key} " for key in keys)
        for key, companies in self._by_key.items():
            if key in keys or key.startswith(starts):
                for number, _ in companies:
                    company = self._names[number]
                    found[number] = may_be_called(name, company) and is_employer(name, company)
        return found

    def agreement(
        self, session: Session, position: Position, companies: Numbers
    ) -> tuple[Values, Values]:
        """How far the industries and the places of companies agree with a position."""
        if not position.facets:
            return np.ones(len(companies)), np.ones(len(companies))
        wanted = np.unique(companies)
        industries, countries, regions = np.zeros((3, len(self._names)), np.int64)
        if accounts := self._accounts(session, wanted):
            row_of = {facts: row for row, facts in enumerate(dict.fromkeys(accounts.values()))}
            known = np.array([[self._value(fact or None) for fact in facts] for facts in row_of])
            numbers = np.fromiter(accounts, np.int64, len(accounts))
            rows = np.fromiter(map(row_of.__getitem__, accounts.values()), np.int64, len(accounts))
            for column, of_accounts in zip((industries, countries, regions), known.T, strict=True):
                column[numbers] = of_accounts[rows]
        untold = (industries[wanted] == 0) | (countries[wanted] == 0)
        self.read_names(wanted[untold].tolist())
        told_industries, told_countries = np.array(self._industries), np.array(self._countries)
        industries = np.where(industries, industries, np.maximum(told_industries, 0))
        countries = np.where(countries, countries, np.maximum(told_countries, 0))
        regions_of = [self._value(value and region_of(value)) for value in list(self._values)]
        regions = np.where(regions, regions, np.array(regions_of)[countries])
        asked_industry, asked_place = wanted_facets(position)
        places = countries if position.value(FacetKind.COUNTRY) else regions
        of_industry = np.array([agreement_of(asked_industry, value) for value in self._values])
        of_place = np.array([agreement_of(asked_place, value) for value in self._values])
        return of_industry[industries[companies]], of_place[places[companies]]

    def unread(self) -> list[int]:
        """The companies of whose names it was not read yet what they tell."""
        found: list[int] = np.flatnonzero(np.array(self._industries) < 0).tolist()
        return found

    def read_names(self, companies: Iterable[int]) -> None:
        """Read what the names of companies tell, which takes long."""
        for number in companies:
            if self._industries[number] < 0:
                name = self._names[number]
                industry, country = industry_and_country(name) if name else (None, None)
                self._industries[number] = self._value(industry)
                self._countries[number] = self._value(country)

    def _accounts(self, session: Session, companies: Numbers) -> dict[int, Facts]:
        """The industry, the country and the region of the accounts of companies, of which the
        session's reader may know."""
        numbers = companies.tolist()
        keys = {key for number in numbers[:BATCH] for key in self._keys[number]}
        # All accounts are read faster than many are looked up.
        few = len(numbers) <= BATCH and len(keys) <= BATCH
        found: dict[int, tuple[int, Facts]] = {}
        for name, industry, country, region in facts_of_accounts(session, keys if few else None):
            for number, place in self._by_key.get(name, ()):
                if number not in found or place < found[number][0]:
                    found[number] = place, (industry, country, region)
        return {number: facts for number, (_, facts) in found.items()}

    def _value(self, value: str | None) -> int:
        number = self._value_numbers.get(value)
        if number is None:
            number = self._value_numbers[value] = len(self._values)
            self._values.append(value)
        return number


def book_rows() -> sa.Select[Any]:
    """A query for rows as a book takes them; most address books have a card of their owner."""
    columns: Any = sa.select(
        col(Connection.id),
        col(Connection.owner_id),
        col(Connection.position),
        col(Connection.company),
        col(Connection.connected_on),
        col(Connection.created_at),
    )
    own_card = col(Connection.person_id) == col(Connection.owner_id)
    query: sa.Select[Any] = columns.where(
        sa.or_(col(Connection.person_id).is_(None), sa.not_(own_card))
    )
    return query
