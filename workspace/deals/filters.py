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

# The outcome, for a filter, of deals that are won or lost.
CLOSED = "closed"


@dataclass(frozen=True)
class DealFilter:
    """What deals to look at; a field that is None or empty does not restrict.

    Products, competitors, accounts and owners are named by their keys; an industry by the code
    of a section or a division, a size by the name of its band. The period is that of closing,
    or of opening for a deal that is still open; both ends are included.
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
    # Part of the deal's or its account's name.
    text: str | None = None

    def __bool__(self) -> bool:
        return self != DealFilter()

    def takes(self, outcome: str) -> bool:
        """Whether a deal of this outcome is looked at, as far as that goes."""
        if self.outcome == CLOSED:
            return outcome != Outcome.OPEN
        return not self.outcome or outcome == self.outcome

    def where(self) -> list[sa.ColumnElement[bool]]:
        """The predicates of these deals, for any query that selects from Deal."""
        found: list[sa.ColumnElement[bool]] = []
        if self.outcome == CLOSED:
            found.append(col(Deal.outcome) != Outcome.OPEN)
        elif self.outcome:
            found.append(col(Deal.outcome) == self.outcome)
        if self.stage:
            stage = select(Stage.id).where(Stage.name == self.stage)
            found.append(col(Deal.stage_id).in_(stage))
        if accounts := self._accounts():
            found.append(col(Deal.account_id).in_(select(Account.id).where(*accounts)))
        if self.product:
            products = (
                select(DealProduct.deal_id)
                .join(Product, col(Product.id) == col(DealProduct.product_id))
                .where(Product.key == self.product)
            )
            found.append(col(Deal.id).in_(products))
        if self.competitor:
            competitors = (
                select(DealCompetitor.deal_id)
                .join(Competitor, col(Competitor.id) == col(DealCompetitor.competitor_id))
                .where(Competitor.key == self.competitor)
            )
            found.append(col(Deal.id).in_(competitors))
        if self.owner:
            owner = select(Person.id).where(Person.key == self.owner)
            found.append(col(Deal.owner_id).in_(owner))
        day = sa.func.coalesce(Deal.closed, Deal.opened)
        if self.since:
            found.append(day >= self.since)
        if self.until:
            found.append(day <= self.until)
        if self.text:
            named = select(Account.id).where(
                col(Account.name).icontains(self.text, autoescape=True)
            )
            found.append(
                sa.or_(
                    col(Deal.name).icontains(self.text, autoescape=True),
                    col(Deal.key) == self.text,
                    col(Deal.account_id).in_(named),
                )
            )
        return found

    def _accounts(self) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = []
        if self.account:
            found.append(col(Account.key) == self.account)
        if self.region:
            found.append(col(Account.region) == self.region)
        if self.industry:
            found.append(col(Account.industry).startswith(self.industry, autoescape=True))
        if self.size:
            low, high = size_band_limits(self.size)
            found.append(col(Account.headcount) >= low)
            if high is not None:
                found.append(col(Account.headcount) <= high)
        return found


# No restriction at all.
ALL_DEALS = DealFilter()
