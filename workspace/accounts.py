"""Accounts: the organisations that we sell to, sell with, or compete against."""

import difflib
import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import pycountry
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Invalid, NotFound
from workspace.keys import free_key, plain


class Relationship(StrEnum):
    """What an account is to us."""

    PROSPECT = "prospect"
    CUSTOMER = "customer"
    FORMER_CUSTOMER = "former customer"
    PARTNER = "partner"
    COMPETITOR = "competitor"


class Account(SQLModel, table=True):
    """An organisation."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(index=True, max_length=200)
    # The name for comparing; it follows the name.
    plain_name: str = Field(default="", index=True, max_length=500)
    domain: str | None = Field(default=None, max_length=200)
    industry: str | None = Field(default=None, max_length=3, index=True)
    headcount: int | None = None
    country: str | None = Field(default=None, max_length=2)
    region: str | None = Field(default=None, max_length=60, index=True)
    parent_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    relationship: str = Field(default=Relationship.PROSPECT, max_length=20)
    description: str = ""
    created_at: datetime = Field(default_factory=now)


@event.listens_for(Account, "before_insert")
@event.listens_for(Account, "before_update")
def _keep_plain_name(_mapper: Any, _connection: Any, account: Account) -> None:
    account.plain_name = _plain_name(account.name)


def _plain_name(name: str) -> str:
    # Some letters stand for whole words, and no index holds names of any length.
    return plain(name)[:500]


# Upper ends of the size bands, in employees; the last band has none.
SIZE_BANDS = (10, 50, 200, 1_000, 5_000, 20_000)


def size_band(headcount: int | None) -> str:
    """The band that a headcount falls in, as people read it: '201–1,000'."""
    if headcount is None:
        return ""
    low = 1
    for high in SIZE_BANDS:
        if headcount <= high:
            return f"{low:,}–{high:,}"
        low = high + 1
    return f"over {SIZE_BANDS[-1]:,}"


SIZE_BAND_NAMES = (*map(size_band, SIZE_BANDS), size_band(SIZE_BANDS[-1] + 1))


def size_band_limits(band: str) -> tuple[int, int | None]:
    """The lowest and the highest headcount of a band; None where it has no highest."""
    position = SIZE_BAND_NAMES.index(band)
    low = SIZE_BANDS[position - 1] + 1 if position else 0
    return low, SIZE_BANDS[position] if position < len(SIZE_BANDS) else None


def size_likeness(one: int | None, other: int | None) -> float:
    """1.0 for the same headcount, falling with its ratio to 0.0 at ten times (or unknown)."""
    if not one or not other or one < 0 or other < 0:
        return 0.0
    return max(0.0, 1.0 - abs(math.log10(one / other)))


def find_account(session: Session, name: str) -> Account | None:
    """The account of that name, however its capitals and accents are written."""
    exact = session.exec(select(Account).where(Account.name == name)).first()
    if exact:
        return exact
    same = select(Account).where(Account.plain_name == _plain_name(name))
    return session.exec(same.order_by(col(Account.id)).limit(1)).first()


def add_account(session: Session, name: str, **facts: Any) -> Account:
    """A new account; its region follows from its country where none is given."""
    account = Account(key=free_key(session, Account, name), name=name, **facts)
    if account.region is None and account.country:
        account.region = region_of(account.country)
    session.add(account)
    session.flush()
    return account


@dataclass(frozen=True)
class AccountRow:
    """An account as a line of a list."""

    id: int
    key: str
    name: str
    domain: str | None
    industry: str | None
    headcount: int | None
    country: str | None
    region: str | None
    relationship: str


_COLUMNS: tuple[Any, ...] = (
    Account.id,
    Account.key,
    Account.name,
    Account.domain,
    Account.industry,
    Account.headcount,
    Account.country,
    Account.region,
    Account.relationship,
)


def account_rows(
    session: Session,
    *,
    text: str | None = None,
    relationship: str | None = None,
    industry: str | None = None,
    parent_id: int | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[AccountRow]:
    """Accounts by name, from after the account of the key `after`."""
    name = sa.func.lower(Account.name)
    query: Any = sa.select(*_COLUMNS)
    if text:
        query = query.where(
            sa.or_(
                col(Account.name).icontains(text, autoescape=True),
                col(Account.domain).icontains(text, autoescape=True),
            )
        )
    if relationship:
        query = query.where(Account.relationship == relationship)
    if industry:
        query = query.where(col(Account.industry).startswith(industry, autoescape=True))
    if parent_id is not None:
        query = query.where(Account.parent_id == parent_id)
    if after:
        place = session.exec(select(name, Account.id).where(Account.key == after)).first()
        if place:
            query = query.where(
                sa.tuple_(name, col(Account.id)) > sa.tuple_(*map(sa.literal, place))
            )
    found = session.exec(query.order_by(name, col(Account.id)).limit(limit))
    return [AccountRow(*row) for row in found]


def account_of(session: Session, key: str) -> Account:
    """The account of that key, or NotFound."""
    account = session.exec(select(Account).where(Account.key == key)).first()
    if account is None:
        raise NotFound("There is no such account.")
    return account


# The columns that a form may change.
EDITABLE = (
    "name",
    "domain",
    "industry",
    "headcount",
    "country",
    "region",
    "parent_id",
    "relationship",
    "description",
)


def edit_account(
    session: Session, account: Account, by: int | None, changes: dict[str, Any]
) -> bool:
    """Change some of an account's own columns; whether anything differed."""
    parent = changes.get("parent_id")
    if parent is not None and account.id in _ancestors(session, parent):
        raise Invalid(
            "An account cannot belong to itself.", {"parent": "It belongs to this account."}
        )
    if _plain_name(changes.get("name", account.name)) != account.plain_name:
        there = find_account(session, changes["name"])
        if there and there.id != account.id:
            raise Invalid(
                "There is another account of that name.", {"name": "There is one of that name."}
            )
    changed = {
        name: value
        for name, value in (changes | _region(account, changes)).items()
        if name in EDITABLE and getattr(account, name) != value
    }
    detail: dict[str, object] = {
        name: [getattr(account, name), value] for name, value in changed.items()
    }
    for name, value in changed.items():
        setattr(account, name, value)
    if changed:
        session.add(account)
        audit(session, by, "account edited", f"account {account.id}", detail)
    return bool(changed)


def _region(account: Account, changes: dict[str, Any]) -> dict[str, Any]:
    """The region after these changes: that of the country, unless another was chosen."""
    before = region_of(account.country) if account.country else None
    country = changes.get("country", account.country)
    after = region_of(country) if country else None
    # A form sends the region with everything else, changed or not.
    region = changes.get("region", account.region)
    if not region or (region == account.region == before):
        return {"region": after}
    return {}


def _ancestors(session: Session, account_id: int) -> set[int]:
    """An account and everything above it."""
    found: set[int] = set()
    at: int | None = account_id
    while at is not None and at not in found:
        found.add(at)
        at = session.exec(select(Account.parent_id).where(Account.id == at)).first()
    return found


# Sales regions after the geographic subregions of the UN's M49 standard, by ISO 3166-1 code.
_REGIONS = {
    "North America": "US CA BM GL PM",
    "Latin America": (
        "MX GT BZ SV HN NI CR PA CU DO HT JM PR TT BS BB GD LC VC AG DM KN AW CW KY TC VG VI AI MS"
        " GP MQ BL MF SX BQ CO VE GY SR GF EC PE BO BR PY UY AR CL FK"
    ),
    "Northern Europe": "GB IE SE NO DK FI IS EE LV LT FO AX GG JE IM SJ",
    "Western Europe": "DE FR NL BE LU AT CH LI MC",
    "Southern Europe": "ES PT IT GR MT CY SI HR BA RS ME MK AL XK AD SM VA GI",
    "Central & Eastern Europe": "PL CZ SK HU RO BG UA BY MD RU",
    "Middle East": "TR IL PS JO LB SY IQ IR SA AE QA KW BH OM YE GE AM AZ",
    "Africa": (
        "MA DZ TN LY EG EH SD SS ET ER DJ SO KE UG TZ RW BI CD CG CF CM GA GQ ST TD NE NG BJ TG GH"
        " CI LR SL GN GW SN GM ML BF MR CV AO ZM ZW MW MZ NA BW SZ LS ZA MG MU SC KM RE YT SH"
    ),
    "Asia-Pacific": (
        "CN HK MO TW JP KR KP MN IN PK BD LK NP BT MV AF KZ UZ TM KG TJ TH VN LA KH MM MY SG ID PH"
        " BN TL AU NZ PG FJ SB VU NC PF WS TO KI TV NR FM MH PW GU MP AS CK NU TK WF NF CX CC"
    ),
}
REGIONS = tuple(_REGIONS)
_REGION_OF = {code: region for region, codes in _REGIONS.items() for code in codes.split()}


def region_of(country: str) -> str | None:
    """The sales region that a country (ISO 3166-1 alpha-2) lies in."""
    return _REGION_OF.get(country)


def country_name(code: str | None) -> str:
    """A country's everyday name from its ISO 3166-1 alpha-2 code."""
    found = pycountry.countries.get(alpha_2=code) if code else None
    return getattr(found, "common_name", found.name) if found else ""


@cache
def country_choices() -> tuple[tuple[str, str], ...]:
    """Every country as (code, name), by name: for a form's list."""
    codes = (country.alpha_2 for country in pycountry.countries)
    return tuple(sorted(((code, country_name(code)) for code in codes), key=lambda one: one[1]))


@cache
def find_country(text: str, *, exactly: bool = False) -> str | None:
    """The ISO 3166-1 alpha-2 code of a written country: a code, a name, or a misspelt one.

    `exactly` takes no misspelt ones.
    """
    wanted = plain(text)
    names = _country_names()
    if wanted in names:
        return names[wanted]
    close = [] if exactly else difflib.get_close_matches(wanted, names, n=1, cutoff=0.87)
    return names[close[0]] if close else None


@cache
def _country_names() -> dict[str, str]:
    names = {}
    for country in pycountry.countries:
        code = country.alpha_2
        for attribute in ("name", "official_name", "common_name", "alpha_2", "alpha_3"):
            if written := getattr(country, attribute, None):
                names[plain(written)] = code
    names.update({"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB"})
    names.update({"usa": "US", "korea": "KR", "south korea": "KR", "russia": "RU", "uae": "AE"})
    return names
