"""Playbook: the assets that won the similar deals.

An asset is offered where its product fits the deal, or its use: because it was used on similar
deals with the same product. What works on deals of every kind is a small group of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.asset_usage import AssetUsage, asset_usage
from similarity.index.catalog import Catalog
from similarity.index.sources import names_of
from similarity.inquiry import Inquiry, Ranked, Want, ask_of_deal, ask_of_text, rank
from similarity.lift import Lift, lift
from similarity.questions import Question
from similarity.scoring import Facets, Term, ago, score
from workspace.accounts.industries import SECTIONS
from workspace.assets.assets import Asset, AssetProduct, Use, usable
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.tables import (
    CLOSED_OUTCOMES,
    Competitor,
    Deal,
    DealCompetitor,
    Outcome,
    Product,
)
from workspace.people.viewer import Viewer

# How many closed deals a playbook is made from. Those in the band 'weak' do not count.
KIN = 80
CLOSED_KIN = Want(KIN, DealFilter(outcome=CLOSED))
# The freshness of an asset halves with every this many days.
FRESHNESS_HALF_LIFE = 540
EVIDENCE_SHOWN = 5
# An asset whose product does not fit is used on this many similar deals with our product.
FITTING_USES = 2
# The value of the right product where no similar deal of our industry used the asset.
OTHER_INDUSTRIES = 0.5
# How many of the assets that work on most deals are shown.
MOST_DEALS_SHOWN = 3
# A contrast needs at least this many won and this many lost deals against the competitor, and
# this difference between the shares that used the asset.
CONTRAST_CASES = 4
CONTRAST_GAP = 0.2
CONTRASTS = 4

LIFT_WEIGHT = 1.0
RELEVANCE_WEIGHT = 0.3
HELPED_WEIGHT = 0.2
PRODUCT_WEIGHT = 0.3
FRESHNESS_WEIGHT = 0.1


@dataclass(frozen=True)
class UsedOn:
    """A deal that an asset was used on: the evidence for a play."""

    deal_key: str
    deal_name: str
    outcome: str
    helped: bool | None
    comment: str


@dataclass(frozen=True)
class _Use:
    """How an asset was used on a deal."""

    deal_id: int
    helped: bool | None
    comment: str


@dataclass(frozen=True)
class Play:
    """A recommended asset, and how deals with and without it went."""

    asset_id: int
    key: str
    name: str
    kind: str
    summary: str
    url: str
    score: float
    band: str
    terms: list[Term]
    won_with: int
    closed_with: int
    won_without: int
    closed_without: int
    lift: float  # Shrunken difference of the two win rates, from -1 to 1.
    lift_low: float  # 90 % interval of it.
    lift_high: float
    evidence: list[UsedOn]
    # Why it is offered on this deal.
    fits: str


@dataclass(frozen=True)
class GeneralPlay:
    """An asset that works on most deals, with the numbers of the last closed deals."""

    key: str
    name: str
    kind: str
    summary: str
    url: str
    won_with: int
    closed_with: int
    won_without: int
    closed_without: int
    lift: float


@dataclass(frozen=True)
class Contrast:
    """An asset that deals won against a competitor used more often than lost ones."""

    competitor: str
    asset_key: str
    asset_name: str
    kind: str
    won_with: int
    won: int
    lost_with: int
    lost: int

    @property
    def gap(self) -> float:
        """The difference of the shares of won and of lost deals that used the asset."""
        return self.won_with / self.won - self.lost_with / self.lost


@dataclass(frozen=True)
class Playbook:
    """The plays for a deal, best first; the contrasts; and how many kin were won and closed."""

    plays: list[Play]
    contrasts: list[Contrast]
    won: int
    closed: int
    # What works on most deals, and is in no deal's own plays.
    general: list[GeneralPlay] = field(default_factory=list)


def playbook_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal, *, limit: int = 10
) -> Playbook:
    """The assets that won the deals most like this one, among those that the viewer may see."""
    return playbook_of(session, catalog, ask_of_deal(session, viewer, catalog, deal), limit=limit)


def playbook_of_text(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, *, limit: int = 10
) -> Playbook:
    """The assets that won the deals most like a text, among those that the viewer may see."""
    return playbook_of(session, catalog, ask_of_text(session, viewer, catalog, text), limit=limit)


def playbook_of(
    session: Session, catalog: Catalog, inquiry: Inquiry, *, limit: int = 10
) -> Playbook:
    """The playbook of an inquiry."""
    closed = _closed_kin(session, catalog, inquiry)
    usage = _usage(session, inquiry)
    return Playbook(
        plays=_plays(session, inquiry.question, closed, usage)[:limit],
        contrasts=_contrasts(session, inquiry.viewer, inquiry.question, usage),
        won=_count_won(closed),
        closed=len(closed),
        general=_general(session, usage),
    )


def plays_of(
    session: Session, catalog: Catalog, inquiry: Inquiry, *, limit: int = 10
) -> list[Play]:
    """The plays of that playbook, the best first."""
    closed = _closed_kin(session, catalog, inquiry)
    return _plays(session, inquiry.question, closed, _usage(session, inquiry))[:limit]


def _closed_kin(session: Session, catalog: Catalog, inquiry: Inquiry) -> list[Ranked]:
    """The closed deals that are like this one: strong or fair, not just the nearest."""
    ranked = rank(session, catalog, inquiry, CLOSED_KIN)
    return [deal for deal in ranked if deal.band != "weak"]


def _usage(session: Session, inquiry: Inquiry) -> AssetUsage:
    without = inquiry.deal.id if inquiry.deal else None
    return asset_usage(session, inquiry.viewer, without=without)


def _plays(
    session: Session, question: Question, closed: Sequence[Ranked], usage: AssetUsage
) -> list[Play]:
    if not closed:
        return []
    kin = {deal.id: deal for deal in closed}
    uses_of = _uses(session, kin)
    query = sa.select(
        col(Asset.id),
        col(Asset.key),
        col(Asset.name),
        col(Asset.kind),
        col(Asset.summary),
        col(Asset.url),
        col(Asset.published),
    ).where(col(Asset.id).in_(list(uses_of)), usable())
    assets = session.execute(query).all()
    asset_ids = [asset.id for asset in assets]
    products = names_of(session, Product, AssetProduct.product_id, AssetProduct.asset_id, asset_ids)
    deals = session.execute(
        sa.select(col(Deal.id), col(Deal.key), col(Deal.name)).where(col(Deal.id).in_(list(kin)))
    )
    labels = {deal.id: deal for deal in deals}
    best = max(deal.score for deal in closed) or 1.0
    won = _count_won(closed)
    plays = []
    for asset in assets:
        uses = uses_of[asset.id]
        won_with = _count_won(kin[use.deal_id] for use in uses)
        if not won_with:
            continue
        about = frozenset(products[asset.id])
        used_on = [kin[use.deal_id] for use in uses]
        home = _foreign_home(question.facets, usage.home(asset.id, about))
        fits = _fits(question.facets, about, used_on, is_foreign=bool(home))
        if not fits or usage.is_general(asset.id, about):
            continue
        difference = lift(won_with, len(uses), won - won_with, len(closed) - len(uses))
        because = _lift_because(won_with, len(uses), won, closed)
        terms = [
            Term("lift", difference.value, LIFT_WEIGHT, because),
            _relevance([kin[use.deal_id].score for use in uses], best),
            _helped(uses),
            _product(about, question.facets, home, used_on),
            _freshness(asset.published, today()),
        ]
        plays.append(
            Play(
                asset_id=asset.id,
                key=asset.key,
                name=asset.name,
                kind=asset.kind,
                summary=asset.summary,
                url=asset.url,
                score=score(terms),
                band=_band(difference),
                terms=sorted(terms, key=lambda term: -term.contribution),
                won_with=won_with,
                closed_with=len(uses),
                won_without=won - won_with,
                closed_without=len(closed) - len(uses),
                lift=difference.value,
                lift_low=difference.low,
                lift_high=difference.high,
                evidence=_evidence(uses, kin, labels),
                fits=fits,
            )
        )
    return sorted(plays, key=lambda play: (-play.score, play.asset_id))


def _foreign_home(ours: Facets, home: str) -> str:
    """The section of the industry that an asset belongs to, if it is not the deal's own."""
    return home if ours.industry and not ours.industry.startswith(home) else ""


def _fits(
    ours: Facets, about: frozenset[str], used_on: Sequence[Ranked], *, is_foreign: bool
) -> str:
    """Why an asset fits a deal; empty if neither its product nor its use does.

    Its product does not suffice if it belongs to another industry.
    """
    section = (ours.industry or "")[:1]
    common = sorted(about & ours.products)
    if not is_foreign and (common or not about or not ours.products):
        return f"About {', '.join(common)}" if common else "Used on similar deals"
    alike = [
        deal
        for deal in used_on
        if (not ours.products or deal.facets.products & ours.products)
        and (not is_foreign or (deal.facets.industry or "").startswith(section))
    ]
    if len(alike) < FITTING_USES:
        return ""
    shared = {name for deal in alike for name in deal.facets.products & ours.products}
    what = f" with {', '.join(sorted(shared))}" if shared else ""
    where = f" in {SECTIONS[section]}" if is_foreign else ""
    return f"Used on {len(alike)} similar deals{what}{where}"


def _general(session: Session, usage: AssetUsage) -> list[GeneralPlay]:
    """The assets that serve most products, if more of the last deals were won with them."""
    asset_ids = list(usage.deals_of)
    products = names_of(session, Product, AssetProduct.product_id, AssetProduct.asset_id, asset_ids)
    general = [row for row in asset_ids if usage.is_general(row, products[row])]
    assets = session.exec(select(Asset).where(col(Asset.id).in_(general), usable()))
    closed, won = len(usage.deals), sum(deal.won for deal in usage.deals.values())
    plays = []
    for asset in assets:
        used_on = usage.deals_of[asset.id]
        won_with = sum(usage.deals[deal].won for deal in used_on)
        numbers = (won_with, len(used_on), won - won_with, closed - len(used_on))
        difference = lift(*numbers).value
        if difference > 0:
            facts = (asset.key, asset.name, asset.kind, asset.summary, asset.url)
            plays.append(GeneralPlay(*facts, *numbers, difference))
    plays.sort(key=lambda play: (-play.lift, play.key))
    return plays[:MOST_DEALS_SHOWN]


def _evidence(
    uses: Iterable[_Use], kin: Mapping[int, Ranked], labels: Mapping[int, Any]
) -> list[UsedOn]:
    """The uses on won deals first, and then those on the nearest."""
    nearest = sorted(
        uses,
        key=lambda use: (kin[use.deal_id].outcome != Outcome.WON, -kin[use.deal_id].score),
    )
    return [
        UsedOn(
            deal_key=labels[use.deal_id].key,
            deal_name=labels[use.deal_id].name,
            outcome=kin[use.deal_id].outcome,
            helped=use.helped,
            comment=use.comment,
        )
        for use in nearest[:EVIDENCE_SHOWN]
    ]


def _uses(session: Session, deal_ids: Iterable[int]) -> dict[int, list[_Use]]:
    """The last use of each asset on each of these deals, by asset."""
    last: dict[tuple[int, int], _Use] = {}
    for batch in batches(deal_ids):
        query = select(Use.asset_id, Use.deal_id, Use.helped, Use.comment)
        rows = session.exec(query.where(col(Use.deal_id).in_(batch)).order_by(col(Use.id)))
        for asset_id, deal_id, helped, comment in rows:
            last[asset_id, deal_id] = _Use(deal_id, helped, comment)
    uses_of: dict[int, list[_Use]] = defaultdict(list)
    for (asset_id, _), use in last.items():
        uses_of[asset_id].append(use)
    return uses_of


def _count_won(deals: Iterable[Ranked]) -> int:
    return sum(deal.outcome == Outcome.WON for deal in deals)


def _contrasts(
    session: Session, viewer: Viewer, question: Question, usage: AssetUsage
) -> list[Contrast]:
    """The assets that made the most difference against each of our competitors, if they fit."""
    contrasts = []
    for name in sorted(question.facets.competitors):
        closed = (
            sa.select(col(Deal.id), (col(Deal.outcome) == Outcome.WON).label("won"))
            .join(DealCompetitor, col(DealCompetitor.deal_id) == col(Deal.id))
            .join(Competitor, col(Competitor.id) == col(DealCompetitor.competitor_id))
            .where(
                col(Competitor.name) == name,
                visible_deals(viewer),
                col(Deal.outcome).in_(CLOSED_OUTCOMES),
                col(Deal.id).not_in(question.excluded),
            )
            .subquery()
        )
        # Counted in the database: there may be thousands of deals, and of contrasts a few.
        totals = sa.select(closed.c.won, sa.func.count()).group_by(closed.c.won)
        deals = {bool(is_won): count for is_won, count in session.execute(totals)}
        won, lost = deals.get(True, 0), deals.get(False, 0)
        if min(won, lost) < CONTRAST_CASES:
            continue
        used: dict[int, dict[bool, int]] = defaultdict(dict)
        counts = (
            sa.select(col(Use.asset_id), closed.c.won, sa.func.count(sa.distinct(col(Use.deal_id))))
            .join(closed, closed.c.id == col(Use.deal_id))
            .group_by(col(Use.asset_id), closed.c.won)
        )
        for asset_id, is_won, count in session.execute(counts):
            used[asset_id][bool(is_won)] = count
        assets = session.exec(
            select(Asset.id, Asset.key, Asset.name, Asset.kind).where(
                col(Asset.id).in_(list(used)), usable()
            )
        )
        products = names_of(
            session, Product, AssetProduct.product_id, AssetProduct.asset_id, list(used)
        )
        for asset_id, key, asset_name, kind in assets:
            won_with, lost_with = used[asset_id].get(True, 0), used[asset_id].get(False, 0)
            contrast = Contrast(name, key, asset_name, kind, won_with, won, lost_with, lost)
            if contrast.gap >= CONTRAST_GAP and _may_contrast(
                question.facets, asset_id, frozenset(products[asset_id]), usage
            ):
                contrasts.append(contrast)
    contrasts.sort(key=lambda contrast: -contrast.gap)
    return contrasts[:CONTRASTS]


def _may_contrast(ours: Facets, asset_id: int, about: frozenset[str], usage: AssetUsage) -> bool:
    """Whether an asset is about the deal's product, for its industry, and not for every deal."""
    foreign = _foreign_home(ours, usage.home(asset_id, about))
    fits = _fits(ours, about, (), is_foreign=bool(foreign))
    return bool(fits) and not usage.is_general(asset_id, about)


def _lift_because(won_with: int, used: int, won: int, closed: Sequence[Ranked]) -> str:
    return f"won {won_with} of {used} with it, {won - won_with} of {len(closed) - used} without"


def _relevance(scores: Iterable[float], best: float) -> Term:
    nearest = max(scores)
    return Term("relevance", nearest / best, RELEVANCE_WEIGHT, "used on the nearest kin")


def _helped(uses: Sequence[_Use]) -> Term:
    answers = [use.helped for use in uses if use.helped is not None]
    helped = sum(answers)
    # Laplace's rule: without an answer the value is one half.
    value = (helped + 1) / (len(answers) + 2)
    because = f"helped in {helped} of {len(answers)} answers" if answers else "nobody has said yet"
    return Term("helped", value, HELPED_WEIGHT, because)


def _product(
    theirs: frozenset[str], ours: Facets, foreign_home: str, used_on: Sequence[Ranked]
) -> Term:
    """Whether it is about our product, in full only if similar deals of our industry used it.

    A story from a hospital is of less use to a town hall, even if both buy the same product.
    """
    common = sorted(theirs & ours.products)
    because = f"about {', '.join(common)}" if common else "about other products"
    value = 1.0 if common else 0.0
    section = (ours.industry or "")[:1]
    if foreign_home:
        value = 0.0
        because += f", but mostly used in {SECTIONS[foreign_home]}"
    elif common and not any((deal.facets.industry or "").startswith(section) for deal in used_on):
        value = OTHER_INDUSTRIES
        because += ", but used in other industries so far"
    return Term("product", value, PRODUCT_WEIGHT, because)


def _freshness(published: date | None, on: date) -> Term:
    if published is None:
        return Term("freshness", 0.0, FRESHNESS_WEIGHT, "publication date unknown")
    days = max(0, (on - published).days)
    value = 0.5 ** (days / FRESHNESS_HALF_LIFE)
    return Term("freshness", value, FRESHNESS_WEIGHT, f"published {ago(days)}")


def _band(difference: Lift) -> str:
    if difference.low > 0:
        return "strong"
    return "fair" if difference.value > 0 else "weak"
