"""Learns the weights of the ranking from what readers said of kin.

For each deal, each kin that was said to be like it should stand before each that was said not
to be. Whether it does is a logistic regression on the differences of their terms' values, as
pairs are learned from since Joachims, "Optimizing search engines using clickthrough data"
(2002), with weights that are never negative and are drawn towards the defaults' proportions.
How strongly they are drawn, and whether they are worth having at all, is found by predicting
deals that had no part in the fit.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from similarity.feedback import KinFeedback, Verdict
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.inquiry import Question, about_deal
from similarity.learned_weights import Subject
from similarity.outlook import MINIMUM_TRIALS, TRIALS, Trial, learn, trials
from similarity.retrieval import ask, match
from similarity.scoring import Weights
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import hidden_deal_ids, visible_deals
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW

Values = NDArray[np.float64]

# Ten judgements for each weight that is fitted (Peduzzi et al., "A simulation study of the
# number of events per variable in logistic regression analysis", 1996).
MINIMUM_JUDGEMENTS = 10 * len(Weights.names())
# The deals that the judgements must be spread over: the gain is a mean over deals, and its
# standard error means little with fewer.
MINIMUM_DEALS = 20
FOLDS = 5
# How strongly weights are drawn towards the defaults' proportions; the best is chosen.
STRENGTHS = (0.1, 1.0, 10.0, 100.0)
# Keeps weights finite where they would tell all pairs apart.
RIDGE = 1e-3
# The gain must be this many standard errors, or it may be chance. With two, random judgements
# were believed in 3 of 60 simulations, as folds share what they are fitted to.
SURE = 3.0

_NAMES = Weights.names()
_DEFAULT = np.array([Weights().items()[name] for name in _NAMES])


@dataclass(frozen=True)
class Judged:
    """The kin of one deal that were judged: their terms' values, one row each, in the order of
    `Weights.names()`. Both kinds have at least one row."""

    liked: Values
    unliked: Values


@dataclass(frozen=True)
class Finding:
    """What there was to learn. `refused` says why it is not to be used; empty where it is."""

    subject: Subject
    # As a lesson holds it.
    held: dict[str, float | None]
    refused: str
    figures: dict[str, Any]


def lessons(
    session: Session, catalog: Catalog, progress: Callable[[int, int], None] | None = None
) -> list[Finding]:
    """What judgements say of the weights, and how closed deals went of the prior of outlooks."""
    tried = list(trials(session, catalog, limit=TRIALS, progress=progress))
    return [fit(judged_kin(session, catalog)), _prior(tried)]


def judged_kin(session: Session, catalog: Catalog) -> list[Judged]:
    """What was judged of the kin of deals that everybody sees, deal by deal."""
    seen = select(Deal.id).where(visible_deals(PLAIN_VIEW))
    rows = session.exec(
        select(KinFeedback)
        .where(col(KinFeedback.deal_id).in_(seen), col(KinFeedback.kin_id).in_(seen))
        .order_by(col(KinFeedback.deal_id), col(KinFeedback.kin_id))
    )
    said: dict[int, dict[int, bool]] = {}
    for row in rows:
        said.setdefault(row.deal_id, {})[row.kin_id] = row.verdict == Verdict.LIKE
    both = {deal_id: kin for deal_id, kin in said.items() if len(set(kin.values())) == 2}
    found = []
    for batch in batches(both):
        for deal in session.exec(
            select(Deal).where(col(Deal.id).in_(batch)).order_by(col(Deal.id))
        ):
            question = about_deal(session, catalog, deal)
            values = _values(session, catalog, question, deal.id, list(both[deal.id]))
            likes = {
                liked: [values[kin] for kin, like in both[deal.id].items() if like is liked]
                for liked in (True, False)
            }
            found.append(Judged(np.array(likes[True]), np.array(likes[False])))
    return found


def fit(judged: Sequence[Judged]) -> Finding:
    """The weights that fit these judgements, and whether they are better than the defaults."""
    count = sum(len(each.liked) + len(each.unliked) for each in judged)
    figures: dict[str, Any] = {"judgements": count, "deals": len(judged)}
    if count < MINIMUM_JUDGEMENTS or len(judged) < MINIMUM_DEALS:
        return Finding(
            Subject.WEIGHTS,
            {},
            f"{count} judgements on {len(judged)} deals that have both kin that are like them and"
            f" kin that are not: {MINIMUM_JUDGEMENTS} on {MINIMUM_DEALS} deals are needed, ten for"
            f" each of the {len(_NAMES)} weights.",
            figures,
        )
    usual = [agreement(each, _DEFAULT) for each in judged]
    fitted = _held_out(judged, lambda others: _solve(others, _strength(others)))
    gains = [one - other for one, other in zip(fitted, usual, strict=True)]
    gain, error = fmean(gains), stdev(gains) / math.sqrt(len(gains))
    strength = _strength(judged)
    figures |= {
        "default_agreement": fmean(usual),
        "fitted_agreement": fmean(fitted),
        "gain": gain,
        "standard_error": error,
        "strength": strength,
    }
    refused = ""
    if gain <= SURE * error:
        refused = (
            "On deals that had no part in the fit, the fitted weights put"
            f" {fmean(fitted):.1%} of the pairs in the right order and the defaults"
            f" {fmean(usual):.1%}: that is not surely better (by {gain:.1%}, with a standard error"
            f" of {error:.1%})."
        )
    weights = _presentable(_solve(judged, strength)).items()
    return Finding(Subject.WEIGHTS, dict(weights), refused, figures)


def _prior(tried: Sequence[Trial]) -> Finding:
    found = learn(tried)
    if found is None:
        return Finding(
            Subject.PRIOR,
            {},
            f"{len(tried)} closed deals had enough kin when they were opened:"
            f" {MINIMUM_TRIALS} are needed to tell chances apart.",
            {"trials": len(tried)},
        )
    figures: dict[str, Any] = {"trials": found.trials} | {
        f"brier_{prior:g}": brier for prior, brier in found.brier.items()
    }
    held = None if math.isinf(found.prior) else found.prior
    return Finding(Subject.PRIOR, {"prior": held}, "", figures)


def agreement(judged: Judged, weights: Values) -> float:
    """The share of pairs, one liked and one not, that weights put in the right order; pairs
    that they leave level count half."""
    ahead = (judged.liked @ weights)[:, None] - (judged.unliked @ weights)[None, :]
    return float(np.mean((ahead > 1e-12) + 0.5 * (np.abs(ahead) <= 1e-12)))


def _held_out(judged: Sequence[Judged], solve: Callable[[list[Judged]], Values]) -> list[float]:
    """How far each deal's judgements agree with weights that others were fitted to."""
    found = [0.0] * len(judged)
    for fold in range(FOLDS):
        others = [each for row, each in enumerate(judged) if row % FOLDS != fold]
        weights = solve(others)
        for row in range(fold, len(judged), FOLDS):
            found[row] = agreement(judged[row], weights)
    return found


def _strength(judged: Sequence[Judged]) -> float:
    """How strongly the weights are best drawn towards the defaults; of equals, the most."""

    def agreed(strength: float) -> float:
        return fmean(_held_out(judged, lambda others: _solve(others, strength)))

    return max(STRENGTHS, key=lambda strength: (round(agreed(strength), 9), strength))


def _solve(judged: Sequence[Judged], strength: float) -> Values:
    """The weights, in any scale, at which the penalised loss is least.

    Only what departs from the defaults' proportions is penalised, so how sure the judgements
    are of an order does not matter. The problem is convex.
    """
    from scipy.optimize import minimize

    differences, counts = zip(*map(_pairs, judged), strict=True)
    ahead, each = np.concatenate(differences), np.concatenate(counts)
    along = _DEFAULT / np.linalg.norm(_DEFAULT)
    bend = strength * (np.eye(len(along)) - np.outer(along, along)) + RIDGE * np.eye(len(along))

    def loss(weights: Values) -> tuple[float, Values]:
        margin = ahead @ weights
        value = each @ np.logaddexp(0, -margin) + weights @ bend @ weights
        slope = -(each * np.exp(-np.logaddexp(0, margin))) @ ahead + 2 * bend @ weights
        return float(value), slope

    bounds = [(0, None)] * len(along)
    found = minimize(loss, 5 * _DEFAULT, jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(found.x)


def _pairs(judged: Judged) -> tuple[Values, Values]:
    """The differences of each pair's values, and what each pair counts: a deal counts as much
    as its judgements are many, not its pairs."""
    ahead = (judged.liked[:, None, :] - judged.unliked[None, :, :]).reshape(-1, len(_NAMES))
    judgements = len(judged.liked) + len(judged.unliked)
    return ahead, np.full(len(ahead), judgements / (2 * len(ahead)))


def _presentable(weights: Values) -> Weights:
    """The same proportions, with the defaults' sum where that leaves none above 1, in steps of
    a hundredth. Where nothing is left of them, the defaults."""
    total = float(weights.sum())
    if total <= 0:
        return Weights()
    scale = min(float(_DEFAULT.sum()) / total, 1 / float(weights.max()))
    return Weights(
        **{name: round(float(one) * scale, 2) for name, one in zip(_NAMES, weights, strict=True)}
    )


def _values(
    session: Session, catalog: Catalog, question: Question, deal_id: int, ids: list[int]
) -> dict[int, Values]:
    """The values of the terms of these kin of a deal, by their ids, such that their product with
    weights is the score; 0 for terms that the question has not."""
    known: dict[int, Values] = {}
    unknown = hidden_deal_ids(session, PLAIN_VIEW)
    hidden = np.array(sorted({deal_id, *unknown}), np.int64)
    with catalog.searching(session, Kind.DEAL) as collection:
        asked = ask(
            collection, question.text, question.vector, Weights(), catalog.encoder.languages
        )
        # As a page finds them; then what only a filter had brought up.
        for allowed in (None, np.array(sorted(ids), np.int64)):
            found = match(
                collection, asked, hidden=hidden, allowed=allowed, sharing=question.facets
            )
            values = collection.facets.values(
                question.facets, np.array(found.ids, np.int64), today()
            )
            meaning, words = np.array(found.meaning), np.array(found.words)
            if asked.weights != Weights():
                # In a language that the model does not know, words have much of its weight.
                kept = asked.weights.meaning / Weights().meaning
                meaning = kept * meaning + (1 - kept) * words
            values |= {"meaning": meaning, "words": words}
            rows = np.zeros((len(found.ids), len(_NAMES)))
            for name, column in values.items():
                rows[:, _NAMES.index(name)] = column
            known = dict(zip(found.ids, rows, strict=True)) | known
            if known.keys() >= set(ids):
                break
    # What neither its words nor its meaning nor a facet found has nothing in common with it.
    return {each: known.get(each, np.zeros(len(_NAMES))) for each in ids}
