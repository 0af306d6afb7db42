"""Where assets are used: which work on most deals, and which belong to one industry."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.accounts.accounts import Account
from workspace.assets.assets import Use
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, DealProduct, Outcome, Product
from workspace.people.viewer import Viewer

# How many of the last closed deals are looked at: old ones say little of how assets are used now,
# and every overview reads them.
RECENT = 500
# An asset is general if it serves this share of the products. With fewer than three products, or
# with fewer closed deals of a product, nothing can be told.
GENERAL_SHARE = 2 / 3
MINIMUM_PRODUCTS = 3
MINIMUM_DEALS = 3
# It serves a product on whose deals it was used at least half as often as on all deals.
SERVES = 0.5
# An asset belongs to an industry if at least half of its uses are there, and if that would be
# chance in one case of fifty only, given the industries of all deals with its products.
HOME_SHARE = 0.5
HOME_CHANCE = 0.02


@dataclass(frozen=True)
class ClosedDeal:
    """A recent closed deal: how it went, the section of its industry, and its products."""

    won: bool
    section: str
    products: frozenset[str]


@dataclass(frozen=True)
class AssetUsage:
    """The recent closed deals that a viewer may see, and those that each asset was used on."""

    deals: Mapping[int, ClosedDeal]
    deals_of: Mapping[int, Set[int]]

    @cached_property
    def products(self) -> dict[str, int]:
        """The products with enough closed deals to tell what is used on them."""
        counts = Counter(name for deal in self.deals.values() for name in deal.products)
        return {name: count for name, count in counts.items() if count >= MINIMUM_DEALS}

    def is_general(self, asset_id: int, about: Collection[str]) -> bool:
        """Whether an asset serves most products: those that it is about, or was used for."""
        if len(self.products) < MINIMUM_PRODUCTS:
            return False
        used_on = self.deals_of.get(asset_id, frozenset())
        counts = Counter(name for deal in used_on for name in self.deals[deal].products)
        enough = SERVES * len(used_on) / len(self.deals)
        tried = len(used_on) >= MINIMUM_DEALS * len(self.products) * GENERAL_SHARE
        served = [
            name
            for name, closed in self.products.items()
            if name in about or (tried and counts[name] / closed >= enough)
        ]
        return len(served) >= GENERAL_SHARE * len(self.products)

    def home(self, asset_id: int, about: Collection[str]) -> str:
        """The section of the industry that an asset belongs to; empty if it belongs to none."""
        sections = Counter(
            section
            for deal in self.deals_of.get(asset_id, frozenset())
            if (section := self.deals[deal].section)
        )
        if not sections:
            return ""
        usual = self._usual_sections(frozenset(about))
        [(section, used)] = sections.most_common(1)
        uses, base = sections.total(), usual[section] / (usual.total() or 1)
        telling = used >= HOME_SHARE * uses and at_least(used, uses, base) <= HOME_CHANCE
        return section if telling else ""

    def _usual_sections(self, about: frozenset[str]) -> Counter[str]:
        """How many deals there are in each section, of those about one of these products, if any
        are named."""
        if about not in self._counted_sections:
            self._counted_sections[about] = Counter(
                deal.section
                for deal in self.deals.values()
                if deal.section and (not about or not deal.products.isdisjoint(about))
            )
        return self._counted_sections[about]

    @cached_property
    def _counted_sections(self) -> dict[frozenset[str], Counter[str]]:
        # Hundreds of assets are about the same few products.
        return {}


def at_least(successes: int, trials: int, rate: float) -> float:
    """The probability of at least so many successes in independent trials (binomial tail)."""
    if not 0 < rate < 1:
        return 1.0 if rate >= 1 or successes == 0 else 0.0
    return math.fsum(
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(number + 1)
            - math.lgamma(trials - number + 1)
            + number * math.log(rate)
            + (trials - number) * math.log1p(-rate)
        )
        for number in range(successes, trials + 1)
    )


def asset_usage(session: Session, viewer: Viewer, *, without: int | None) -> AssetUsage:
    """How assets were used on the last closed deals that the viewer may see, `without` one deal."""
    query = sa.select(col(Deal.id), col(Deal.outcome), col(Deal.account_id)).where(
        visible_deals(viewer), col(Deal.closed).is_not(None)
    )
    if without is not None:
        query = query.where(col(Deal.id) != without)
    newest = query.order_by(sa.desc(col(Deal.closed)), sa.desc(col(Deal.id))).limit(RECENT)
    recent = newest.subquery()
    products: dict[int, set[str]] = defaultdict(set)
    linked = (
        sa.select(col(DealProduct.deal_id), col(Product.name))
        .join(Product, col(Product.id) == col(DealProduct.product_id))
        .join(recent, recent.c.id == col(DealProduct.deal_id))
    )
    for deal_id, name in session.execute(linked):
        products[deal_id].add(name)
    rows = session.execute(
        sa.select(recent.c.id, recent.c.outcome, col(Account.industry)).outerjoin(
            Account, col(Account.id) == recent.c.account_id
        )
    )
    deals = {
        deal_id: ClosedDeal(
            outcome == Outcome.WON, (industry or "")[:1], frozenset(products[deal_id])
        )
        for deal_id, outcome, industry in rows
    }
    deals_of: dict[int, set[int]] = defaultdict(set)
    uses = sa.select(col(Use.asset_id), col(Use.deal_id)).join(
        recent, recent.c.id == col(Use.deal_id)
    )
    for asset_id, deal_id in session.execute(uses):
        deals_of[asset_id].add(deal_id)
    return AssetUsage(deals, deals_of)
