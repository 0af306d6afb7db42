"""How far someone fits a position, by their title and by what is known of their employer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from references.prospecting.titles import FITS
from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import Position, industry_and_country
from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys
from workspace.accounts.geography import country_name, region_of
from workspace.accounts.industries import industry_name
from workspace.deals.discretion import left_out, rows_of_driver
from workspace.keys import plain

# The parts of a score.
_TITLE, _INDUSTRY, _PLACE = 0.6, 0.2, 0.2
# What counts for a facet of an employer that is not known, and the likeness of a title from which
# on such people are shown.
_UNKNOWN = 0.25
_CERTAIN_TITLE = 0.7
_SAME_TITLE = 0.99

Values = NDArray[np.float64]


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
class Agreement:
    """How far some people agree with a position, from 0 to 1; the lists run in parallel."""

    # All 1 where the position says nothing of it.
    title: Values
    industry: Values
    place: Values


@dataclass(frozen=True)
class Fits:
    """Which of some people fit a position, how far, and whether all that was asked is known."""

    fit: NDArray[np.bool_]
    certain: NDArray[np.bool_]
    score: Values


def fits(position: Position, agreement: Agreement) -> Fits:
    """Who fits a position."""
    industry, place = agreement.industry, agreement.place
    certain = (industry != _UNKNOWN) & (place != _UNKNOWN)
    wanted_industry, wanted_place = wanted_facets(position)
    confirmed = np.full(len(industry), bool(position.employer))
    if wanted_industry:
        confirmed |= industry == 1.0
    if wanted_place:
        confirmed |= place == 1.0
    # A person of whom only a similar title is known would be one of many.
    known = certain | confirmed
    if position.title:
        known |= agreement.title >= _CERTAIN_TITLE
    fit = known & (agreement.title >= FITS) & (industry > 0) & (place > 0)
    score = _TITLE * agreement.title + _INDUSTRY * industry + _PLACE * place
    return Fits(fit, certain, score)


class Reasons:
    """Why people fit a position."""

    def __init__(self, position: Position) -> None:
        industry, place = wanted_facets(position)
        country = position.value(FacetKind.COUNTRY)
        self._has_title = bool(position.title)
        self._employer = (f"At {position.employer}",) if position.employer else ()
        self._industry = (industry_name(industry),) if industry else ()
        self._place = (country_name(country) if country else place,) if place else ()

    def of(self, title: float, industry: float, place: float) -> tuple[str, ...]:
        """Why someone fits who agrees so far with the position."""
        same = "Same title" if title > _SAME_TITLE else "Similar title"
        return (
            *((same,) if self._has_title else ()),
            *self._employer,
            *(self._industry if industry == 1.0 else ()),
            *(self._place if place == 1.0 else ()),
        )


def rounded(scores: Values) -> Values:
    """Scores as people are ordered by them: those that differ by less fit alike."""
    distinct, where = np.unique(scores, return_inverse=True)
    # As Python rounds them: numpy takes 0.35 for a half.
    return np.array([round(float(score), 1) for score in distinct])[where]


def wanted_facets(position: Position) -> tuple[str | None, str | None]:
    """The industry, and the country or else the region, that a position names."""
    place = position.value(FacetKind.COUNTRY) or position.value(FacetKind.REGION)
    return position.value(FacetKind.INDUSTRY), place


def agreement_of(wanted: str | None, known: str | None) -> float:
    """How far a facet is what was asked for; a section of industry has all its divisions."""
    if wanted is None:
        return 1.0
    if known is None:
        return _UNKNOWN
    return float(known == wanted or (len(wanted) == 1 and known[0] == wanted))


def completed(employer: Employer, name: str) -> Employer:
    """What is known of an employer, with what its name tells where that is nothing."""
    industry, country = employer.industry, employer.country
    if name and not (industry and country):
        told = industry_and_country(name)
        industry, country = industry or told[0], country or told[1]
    region = employer.region or (region_of(country) if country else None)
    return Employer(industry, country, region)


def facts_of_accounts(session: Session, names: Collection[str] | None) -> Sequence[tuple[Any, ...]]:
    """The name, as names are compared, the industry, the country and the region of the accounts of
    these names, or of all accounts, in the order of their ids."""
    query: Any = sa.select(
        col(Account.plain_name),
        col(Account.industry),
        col(Account.country),
        col(Account.region),
    ).order_by(col(Account.id))
    if names is not None:
        query = query.where(col(Account.plain_name).in_(sorted(names)))
    if hidden := left_out(session).accounts:
        query = query.where(col(Account.id).not_in(hidden))
    return rows_of_driver(session, query)


def keys_of(company: str) -> Sequence[str]:
    """What a company's account may be called, as names are compared."""
    return [key for key in dict.fromkeys((plain(company), *company_keys(company))) if key]


def is_employer(wanted: str, company: str) -> bool:
    """Whether a company has the name that was asked for, perhaps with more words."""
    asked = company_keys(wanted)
    return any(
        key == one or key.startswith(f"{one} ") for one in asked for key in company_keys(company)
    )


def in_facets(position: Position) -> list[sa.ColumnElement[bool]]:
    """The accounts of the industry and the place that a position names."""
    return [condition for _, condition in asked_facets(position)]


def asked_facets(
    position: Position,
) -> list[tuple[sa.orm.Mapped[str | None], sa.ColumnElement[bool]]]:
    """Each column of accounts about which a position says something, and the accounts that agree.

    A section of industry has all its divisions.
    """
    asked = []
    if industry := position.value(FacetKind.INDUSTRY):
        column = col(Account.industry)
        asked.append((column, column.startswith(industry, autoescape=True)))
    for kind, column in (
        (FacetKind.COUNTRY, col(Account.country)),
        (FacetKind.REGION, col(Account.region)),
    ):
        if place := position.value(kind):
            asked.append((column, column == place))
            break
    return asked
