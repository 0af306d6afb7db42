"""One filter for lists, board, search, similar deals and the command line."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col, select

from workspace.accounts.accounts import Account
from workspace.accounts.size_bands import size_band_limits
from workspace.clock import today
from workspace.database import contains
from workspace.deals.quarters import CATEGORIES, Quarter, quarter_of
from workspace.deals.tables import (
    CLOSED_OUTCOMES,
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Outcome,
    Product,
    Seat,
    Stage,
    Stakeholder,
)
from workspace.people.tables import Person

# The outcome in a filter for deals that are won or lost.
CLOSED = "closed"


class OwnPredicate(Protocol):
    """What an own field has to be."""

    def where(self, own: Any) -> list[sa.ColumnElement[bool]]:
        """The predicates, on the column `own` of a table."""


class Attention(StrEnum):
    """Why an open deal needs attention."""

    NO_NEXT_STEP = "no next step"
    STUCK = "stuck"
    OVERDUE = "overdue"
    CLOSING = "closing this month"
    UNSTAFFED = "open seats"
    OPPOSED = "opposed"


class _DaysBefore(FunctionElement[date]):
    """The day so many days before another; the databases write it in different ways."""

    type = sa.Date()
    inherit_cache = True


@compiles(_DaysBefore, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    day, days = (compiler.process(part, **options) for part in element.clauses)
    return f"date({day}, '-' || {days} || ' days')"


@compiles(_DaysBefore, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    day, days = (compiler.process(part, **options) for part in element.clauses)
    return f"(CAST({day} AS DATE) - {days})"


# The stances of stakeholders who speak against us.
AGAINST = ("non-supporter", "opponent")
# Of the forecast, the deals that its sum counts.
EXPECTED = "expected"


@dataclass(frozen=True)
class DealFilter:
    """Which deals to show; a field that is None or empty does not restrict.

    Products, competitors, accounts and owners are keys, an industry is the code of a section or
    a division, and a size is the name of a band. The period from `since` to `until` includes
    both days; it is about the day of closing, or of opening for a deal that is open.
    """

    outcome: str | None = None
    stage: str | None = None
    industry: str | None = None
    size: str | None = None
    product: str | None = None
    competitor: str | None = None
    region: str | None = None
    owner: str | None = None
    account: str | None = None
    since: date | None = None
    until: date | None = None
    # A part of the deal's or its account's name, or the deal's key.
    text: str | None = None
    # What own fields have to be: predicates on the column `own`, such as `OwnFilter`.
    own: tuple[OwnPredicate, ...] = ()
    # For open deals only.
    attention: Attention | None = None
    # The quarter of closing; of the expected close, not before this quarter, of an open deal.
    quarter: Quarter | None = None
    # A category of the forecast, or EXPECTED: what is won and what is open.
    forecast: str | None = None

    def __bool__(self) -> bool:
        return self != ALL_DEALS

    def takes(self, outcome: str) -> bool:
        """Whether the filter's outcome includes this one."""
        if self.outcome == CLOSED:
            return outcome in CLOSED_OUTCOMES
        return not self.outcome or outcome == self.outcome

    def where(self) -> list[sa.ColumnElement[bool]]:
        """The predicates of this filter, for a query that selects from Deal."""
        predicates: list[sa.ColumnElement[bool]] = []
        if self.outcome == CLOSED:
            predicates.append(col(Deal.outcome).in_(CLOSED_OUTCOMES))
        elif self.outcome:
            predicates.append(col(Deal.outcome) == self.outcome)
        if self.stage:
            stage = select(Stage.id).where(Stage.name == self.stage)
            predicates.append(col(Deal.stage_id).in_(stage))
        if accounts := self._accounts():
            predicates.append(col(Deal.account_id).in_(select(Account.id).where(*accounts)))
        if self.product:
            predicates.append(_is_linked(DealProduct, Product, "product_id", self.product))
        if self.competitor:
            predicates.append(
                _is_linked(DealCompetitor, Competitor, "competitor_id", self.competitor)
            )
        if self.owner:
            owner = select(Person.id).where(Person.key == self.owner)
            predicates.append(col(Deal.owner_id).in_(owner))
        for own in self.own:
            predicates += own.where(col(Deal.own))
        day = sa.func.coalesce(Deal.closed, Deal.opened)
        if self.since:
            predicates.append(day >= self.since)
        if self.until:
            predicates.append(day <= self.until)
        if self.attention:
            predicates += [col(Deal.outcome) == Outcome.OPEN, _needs(self.attention)]
        if self.quarter:
            predicates.append(_in_quarter(self.quarter))
        if self.forecast == EXPECTED:
            predicates.append(col(Deal.outcome).in_((Outcome.OPEN, Outcome.WON)))
        elif self.forecast:
            predicates += [col(Deal.outcome) == Outcome.OPEN, _in_category(self.forecast)]
        if self.text:
            named = select(Account.id).where(contains(self.text, Account.name))
            predicates.append(
                sa.or_(
                    contains(self.text, Deal.name),
                    col(Deal.key) == self.text,
                    col(Deal.account_id).in_(named),
                )
            )
        return predicates

    def _accounts(self) -> list[sa.ColumnElement[bool]]:
        predicates: list[sa.ColumnElement[bool]] = []
        if self.account:
            predicates.append(col(Account.key) == self.account)
        if self.region:
            predicates.append(col(Account.region) == self.region)
        if self.industry:
            predicates.append(col(Account.industry).startswith(self.industry, autoescape=True))
        if self.size:
            low, high = size_band_limits(self.size)
            predicates.append(col(Account.headcount) >= low)
            if high is not None:
                predicates.append(col(Account.headcount) <= high)
        return predicates


ALL_DEALS = DealFilter()


def _is_linked(link: Any, table: Any, reference: str, key: str) -> sa.ColumnElement[bool]:
    """Whether a deal has the product or the competitor of that key."""
    linked = sa.select(link.deal_id).join(table, table.id == getattr(link, reference))
    return col(Deal.id).in_(linked.where(table.key == key))


def _needs(attention: Attention) -> sa.ColumnElement[bool]:
    """Whether an open deal needs attention for this reason."""
    match attention:
        case Attention.NO_NEXT_STEP:
            return col(Deal.next_step) == ""
        case Attention.STUCK:
            limit = _DaysBefore(sa.literal(today(), sa.Date), col(Stage.rotting_days))
            stage = sa.select(1).where(
                col(Stage.id) == col(Deal.stage_id), col(Deal.stage_since) < limit
            )
            return stage.correlate(Deal).exists()
        case Attention.OVERDUE:
            return col(Deal.expected_close) < today()
        case Attention.CLOSING:
            first = today().replace(day=1)
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            return sa.and_(
                col(Deal.expected_close) >= today(), col(Deal.expected_close) < following
            )
        case Attention.UNSTAFFED:
            return col(Deal.id).in_(select(Seat.deal_id).where(col(Seat.person_id).is_(None)))
        case Attention.OPPOSED:
            against = col(Stakeholder.stance).in_(AGAINST)
            return col(Deal.id).in_(select(Stakeholder.deal_id).where(against))


def _in_quarter(quarter: Quarter) -> sa.ColumnElement[bool]:
    ended = sa.and_(
        col(Deal.outcome).in_(CLOSED_OUTCOMES),
        col(Deal.closed) >= quarter.first_day,
        col(Deal.closed) < quarter.next.first_day,
    )
    # An open deal whose expected close has passed counts in the current quarter.
    first = date.min if quarter == quarter_of(today()) else quarter.first_day
    expected = sa.and_(
        col(Deal.outcome) == Outcome.OPEN,
        col(Deal.expected_close) >= first,
        col(Deal.expected_close) < quarter.next.first_day,
    )
    return sa.or_(ended, expected)


def _in_category(name: str) -> sa.ColumnElement[bool]:
    above = [least for least in CATEGORIES.values() if least > CATEGORIES[name]]
    stage = select(Stage.id).where(
        Stage.probability >= CATEGORIES[name],
        *([Stage.probability < min(above)] if above else []),
    )
    return col(Deal.stage_id).in_(stage)
