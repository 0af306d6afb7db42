"""Playbook: the assets that won a deal's kin."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.index.catalog import Catalog
from similarity.index.sources import names_of
from similarity.inquiry import Inquiry, Question, Ranked, Want, ask_of_deal, ask_of_text, rank
from similarity.scoring import Term, ago, score
from workspace.assets import Asset, AssetProduct, Use, usable
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.tables import Competitor, Deal, DealCompetitor, Outcome, Product
from workspace.people.viewer import Viewer

# The closed deals that a playbook is drawn from.
KIN = 80
CLOSED_KIN = Want(KIN, DealFilter(outcome=CLOSED))
# Deals at the kin's own win rate that are added to both sides of a comparison, so that few
# cases promise little: a beta prior, as in any shrunken proportion.
PRIOR = 6.0
# How wide the interval is: standard deviations of the normal that covers 90 %.
Z90 = 1.645
# An asset counts half as fresh after this many days.
FRESHNESS_HALF_LIFE = 540
EVIDENCE_SHOWN = 5
# A contrast needs this many won and lost deals against the competitor, and this gap.
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
    """A kin that an asset was used on: the evidence behind a play."""

    deal_key: str
    deal_name: str
    outcome: str
    helped: bool | None
    comment: str


@dataclass(frozen=True)
class _Used:
    """How it went with an asset on a deal."""

    helped: bool | None
    comment: str


@dataclass(frozen=True)
class Play:
    """An asset to use, and how deals with and without it went."""

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


@dataclass(frozen=True)
class Contrast:
    """What won deals against a competitor had more often than lost ones."""

    competitor: str
    asset_key: str
    asset_name: str
    kind: str
    won_with: int
    won: int
    lost_with: int
    lost: int


@dataclass(frozen=True)
class Playbook:
    """The plays for a deal, best first, the contrasts, and the kin that they rest on."""

    plays: list[Play]
    contrasts: list[Contrast]
    won: int
    closed: int


@dataclass(frozen=True)
class Lift:
    """How much better deals with an asset went: a difference of two win rates."""

    value: float
    low: float
    high: float


def playbook_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal, *, limit: int = 10
) -> Playbook:
    """The assets that won the deals most like this one, out of what the viewer may see."""
    return playbook_of(session, catalog, ask_of_deal(session, viewer, catalog, deal), limit=limit)


def playbook_of_text(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, *, limit: int = 10
) -> Playbook:
    """The assets that won the deals most like what a text says."""
    return playbook_of(session, catalog, ask_of_text(session, viewer, catalog, text), limit=limit)


def playbook_of(
    session: Session, catalog: Catalog, inquiry: Inquiry, *, limit: int = 10
) -> Playbook:
    """The playbook that is asked for."""
    closed = rank(session, catalog, inquiry, CLOSED_KIN)
    return Playbook(
        plays=plays_of(session, catalog, inquiry, limit=limit),
        contrasts=_contrasts(session, inquiry.viewer, inquiry.question),
        won=sum(each.outcome == Outcome.WON for each in closed),
        closed=len(closed),
    )


def plays_of(
    session: Session, catalog: Catalog, inquiry: Inquiry, *, limit: int = 10
) -> list[Play]:
    """The plays of that playbook alone, the best first."""
    closed = rank(session, catalog, inquiry, CLOSED_KIN)
    return _plays(session, inquiry.question, closed)[:limit] if closed else []


def lift(won_with: int, closed_with: int, won_without: int, closed_without: int) -> Lift:
    """The shrunken difference of the win rates with and without, with its 90 % interval.

    Both rates have a beta prior of PRIOR deals at the win rate of all of them together, so
    that an asset used once promises next to nothing. The interval is that of the difference
    of two independent beta distributions, taken as normal.
    """
    closed = closed_with + closed_without
    base = (won_with + won_without + 1) / (closed + 2)

    def posterior(won: int, total: int) -> tuple[float, float]:
        a = PRIOR * base + won
        b = PRIOR * (1 - base) + total - won
        return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))

    with_mean, with_variance = posterior(won_with, closed_with)
    without_mean, without_variance = posterior(won_without, closed_without)
    value = with_mean - without_mean
    half = Z90 * math.sqrt(with_variance + without_variance)
    return Lift(value, max(-1.0, value - half), min(1.0, value + half))


def _plays(session: Session, question: Question, closed: Sequence[Ranked]) -> list[Play]:
    kin = {each.id: each for each in closed}
    uses: dict[int, dict[int, _Used]] = defaultdict(dict)
    for batch in batches(kin):
        used_on = select(Use.asset_id, Use.deal_id, Use.helped, Use.comment)
        rows = session.exec(used_on.where(col(Use.deal_id).in_(batch)).order_by(col(Use.id)))
        for asset_id, deal_id, helped, comment in rows:
            uses[asset_id][deal_id] = _Used(helped, comment)
    offered = sa.select(
        col(Asset.id),
        col(Asset.key),
        col(Asset.name),
        col(Asset.kind),
        col(Asset.summary),
        col(Asset.url),
        col(Asset.published),
    ).where(col(Asset.id).in_(list(uses)), usable())
    assets = {asset.id: asset for asset in session.execute(offered)}
    about = names_of(session, Product, AssetProduct.product_id, AssetProduct.asset_id, list(assets))
    named = session.exec(select(Deal.id, Deal.key, Deal.name).where(col(Deal.id).in_(list(kin))))
    names = {deal_id: (key, name) for deal_id, key, name in named}
    best = max(each.score for each in closed) or 1.0
    won = sum(each.outcome == Outcome.WON for each in closed)
    plays = []
    for asset_id, asset in assets.items():
        used = uses[asset_id]
        won_with = sum(kin[deal].outcome == Outcome.WON for deal in used)
        if not won_with:
            continue
        found = lift(won_with, len(used), won - won_with, len(closed) - len(used))
        terms = [
            Term("lift", found.value, LIFT_WEIGHT, _lift_because(won_with, len(used), won, closed)),
            _relevance([kin[deal].score for deal in used], best),
            _helped(list(used.values())),
            _product(frozenset(about[asset_id]), question.facets.products),
            _freshness(asset.published, today()),
        ]
        nearest = sorted(
            used, key=lambda deal: (-(kin[deal].outcome == Outcome.WON), -kin[deal].score)
        )
        plays.append(
            Play(
                asset_id=asset_id,
                key=asset.key,
                name=asset.name,
                kind=asset.kind,
                summary=asset.summary,
                url=asset.url,
                score=score(terms),
                band=_band(found),
                terms=sorted(terms, key=lambda term: -term.contribution),
                won_with=won_with,
                closed_with=len(used),
                won_without=won - won_with,
                closed_without=len(closed) - len(used),
                lift=found.value,
                lift_low=found.low,
                lift_high=found.high,
                evidence=[
                    UsedOn(*names[deal], kin[deal].outcome, used[deal].helped, used[deal].comment)
                    for deal in nearest[:EVIDENCE_SHOWN]
                ],
            )
        )
    return sorted(plays, key=lambda play: (-play.score, play.asset_id))


def _contrasts(session: Session, viewer: Viewer, question: Question) -> list[Contrast]:
    found = []
    for name in sorted(question.facets.competitors):
        against = (
            select(DealCompetitor.deal_id)
            .join(Competitor, col(Competitor.id) == col(DealCompetitor.competitor_id))
            .where(Competitor.name == name)
        )
        outcomes = dict(
            session.exec(
                select(Deal.id, Deal.outcome).where(
                    visible_deals(viewer),
                    col(Deal.id).in_(against),
                    col(Deal.outcome) != Outcome.OPEN,
                    col(Deal.id).not_in(question.excluded),
                )
            ).all()
        )
        won = sum(outcome == Outcome.WON for outcome in outcomes.values())
        lost = len(outcomes) - won
        if min(won, lost) < CONTRAST_CASES:
            continue
        used: dict[int, set[int]] = defaultdict(set)
        for batch in batches(outcomes):
            rows = select(Use.asset_id, Use.deal_id).where(col(Use.deal_id).in_(batch))
            for asset_id, deal_id in session.exec(rows):
                used[asset_id].add(deal_id)
        assets = session.exec(
            select(Asset.id, Asset.key, Asset.name, Asset.kind).where(
                col(Asset.id).in_(list(used)), usable()
            )
        )
        for asset_id, key, asset_name, kind in assets:
            won_with = sum(outcomes[deal] == Outcome.WON for deal in used[asset_id])
            lost_with = len(used[asset_id]) - won_with
            if won_with / won - lost_with / lost >= CONTRAST_GAP:
                found.append(Contrast(name, key, asset_name, kind, won_with, won, lost_with, lost))
    found.sort(key=lambda each: each.lost_with / each.lost - each.won_with / each.won)
    return found[:CONTRASTS]


def _lift_because(won_with: int, used: int, won: int, closed: Sequence[Ranked]) -> str:
    return f"won {won_with} of {used} with it, {won - won_with} of {len(closed) - used} without"


def _relevance(scores: Iterable[float], best: float) -> Term:
    nearest = max(scores)
    return Term("relevance", nearest / best, RELEVANCE_WEIGHT, "used on the nearest kin")


def _helped(uses: Sequence[_Used]) -> Term:
    said = [use.helped for use in uses if use.helped is not None]
    helped = sum(said)
    # Two imagined answers, one of each kind: nothing said is half.
    value = (helped + 1) / (len(said) + 2)
    because = f"helped in {helped} of {len(said)} answers" if said else "nobody has said yet"
    return Term("helped", value, HELPED_WEIGHT, because)


def _product(about: frozenset[str], ours: frozenset[str]) -> Term:
    common = sorted(about & ours)
    because = f"about {', '.join(common)}" if common else "about other products"
    return Term("product", 1.0 if common else 0.0, PRODUCT_WEIGHT, because)


def _freshness(published: date | None, on: date) -> Term:
    if published is None:
        return Term("freshness", 0.0, FRESHNESS_WEIGHT, "publication date unknown")
    days = max(0, (on - published).days)
    value = 0.5 ** (days / FRESHNESS_HALF_LIFE)
    return Term("freshness", value, FRESHNESS_WEIGHT, f"published {ago(days)}")


def _band(found: Lift) -> str:
    if found.low > 0:
        return "strong"
    return "fair" if found.value > 0 else "weak"
