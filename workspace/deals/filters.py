"""One filter for lists, board, search, similar deals and the command line."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import col, select

from workspace.accounts.accounts import Account
from workspace.accounts.size_bands import size_band_limits
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Outcome,
    Product,
    Stage,
)
from workspace.people.tables import Person

# The outcome in a filter for deals that are won or lost.
CLOSED = "closed"


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

    def __bool__(self) -> bool:
        return self != ALL_DEALS

    def takes(self, outcome: str) -> bool:
        """Whether the filter's outcome includes this one."""
        if self.outcome == CLOSED:
            return outcome != Outcome.OPEN
        return not self.outcome or outcome == self.outcome

    def where(self) -> list[sa.ColumnElement[bool]]:
        """The predicates of this filter, for a query that selects from Deal."""
        predicates: list[sa.ColumnElement[bool]] = []
        if self.outcome == CLOSED:
            predicates.append(col(Deal.outcome) != Outcome.OPEN)
        elif self.outcome:
            predicates.append(col(Deal.outcome) == self.outcome)
        if self.stage:
            stage = select(Stage.id).where(Stage.name == self.stage)
            predicates.append(col(Deal.stage_id).in_(stage))
        if accounts := self._accounts():
            predicates.append(col(Deal.account_id).in_(select(Account.id).where(*accounts)))
        if self.product:
            products = (
                select(DealProduct.deal_id)
                .join(Product, col(Product.id) == col(DealProduct.product_id))
                .where(Product.key == self.product)
            )
            predicates.append(col(Deal.id).in_(products))
        if self.competitor:
            competitors = (
                select(DealCompetitor.deal_id)
                .join(Competitor, col(Competitor.id) == col(DealCompetitor.competitor_id))
                .where(Competitor.key == self.competitor)
            )
            predicates.append(col(Deal.id).in_(competitors))
        if self.owner:
            owner = select(Person.id).where(Person.key == self.owner)
            predicates.append(col(Deal.owner_id).in_(owner))
        day = sa.func.coalesce(Deal.closed, Deal.opened)
        if self.since:
            predicates.append(day >= self.since)
        if self.until:
            predicates.append(day <= self.until)
        if self.text:
            named = select(Account.id).where(
                col(Account.name).icontains(self.text, autoescape=True)
            )
            predicates.append(
                sa.or_(
                    col(Deal.name).icontains(self.text, autoescape=True),
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
