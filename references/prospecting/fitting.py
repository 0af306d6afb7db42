"""How far someone fits a position, by their title and by what is known of their employer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.prospecting.titles import FITS
from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import Position, industry_and_country
from workspace.accounts.accounts import Account
from workspace.accounts.company_names import company_keys
from workspace.accounts.geography import country_name, region_of
from workspace.accounts.industries import industry_name
from workspace.database import batches
from workspace.keys import plain

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


def fit(position: Position, likeness: float | None, employer: Employer) -> Fit | None:
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


def completed(employer: Employer, name: str) -> Employer:
    """What is known of an employer, with what its name tells where that is nothing."""
    industry, country = employer.industry, employer.country
    if name and not (industry and country):
        told = industry_and_country(name)
        industry, country = industry or told[0], country or told[1]
    region = employer.region or (region_of(country) if country else None)
    return Employer(industry, country, region)


def employers(session: Session, companies: Collection[str]) -> dict[str, Employer]:
    """What is known of these companies: by the account of that name, or by the name alone."""
    by_key: dict[str, Employer] = {}
    keys = {key for company in companies for key in keys_of(company)}
    for batch in batches(sorted(keys)):
        query = select(Account.plain_name, Account.industry, Account.country, Account.region).where(
            col(Account.plain_name).in_(batch)
        )
        for name, industry, country, region in session.exec(query.order_by(col(Account.id))):
            by_key.setdefault(name, Employer(industry, country, region))
    known = {}
    for company in companies:
        account = next((by_key[key] for key in keys_of(company) if key in by_key), Employer())
        known[company] = completed(account, company)
    return known


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
