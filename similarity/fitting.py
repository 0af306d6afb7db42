"""Fitting: learns the weights of the ranking from judgements of kin.

For each deal, each kin that was judged like it should rank before each that was judged unlike
it. The probability of that is a logistic regression on the difference of their terms' values
(pairwise learning to rank: Joachims, "Optimizing search engines using clickthrough data", 2002).
The weights are never negative, and are shrunk towards the proportions of the defaults. How much
they are shrunk, and whether they are used at all, is decided by cross-validation over deals.
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
from similarity.learned_weights import Subject
from similarity.outlook import MINIMUM_TRIALS, TRIALS, Trial, learn, trials
from similarity.questions import Question, about_deal
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
# The fewest deals with judgements: the gain is a mean over deals, and its standard error means
# little with fewer.
MINIMUM_DEALS = 20
FOLDS = 5
# The strengths of the penalty that shrinks weights towards the defaults' proportions. The best
# one is chosen.
STRENGTHS = (0.1, 1.0, 10.0, 100.0)
# Keeps the weights finite where they separate all pairs.
RIDGE = 1e-3
# The gain has to exceed this many standard errors. With two, random judgements were accepted in
# 3 of 60 simulations, because the training sets of the folds overlap.
SURE = 3.0

_NAMES = Weights.names()
_DEFAULT = np.array([Weights().items()[name] for name in _NAMES])


@dataclass(frozen=True)
class Judged:
    """The judged kin of one deal: one row of values for each, in the order of `Weights.names()`.
    Both arrays have at least one row."""

    liked: Values
    unliked: Values


@dataclass(frozen=True)
class Finding:
    """What was found out about a subject. `refused` says why it is not used; empty if it is."""

    subject: Subject
    # The values, as a `Lesson` has them.
    held: dict[str, float | None]
    refused: str
    figures: dict[str, Any]


def lessons(
    session: Session, catalog: Catalog, progress: Callable[[int, int], None] | None = None
) -> list[Finding]:
    """The findings about the weights, from judgements, and about the prior, from closed deals."""
    closed = list(trials(session, catalog, limit=TRIALS, progress=progress))
    return [fit(judged_kin(session, catalog)), _fit_prior(closed)]


def judged_kin(session: Session, catalog: Catalog) -> list[Judged]:
    """The judged kin of each deal that every member sees, where both verdicts occur."""
    visible = select(Deal.id).where(visible_deals(PLAIN_VIEW))
    rows = session.exec(
        select(KinFeedback)
        .where(col(KinFeedback.deal_id).in_(visible), col(KinFeedback.kin_id).in_(visible))
        .order_by(col(KinFeedback.deal_id), col(KinFeedback.kin_id))
    )
    likes_of: dict[int, dict[int, bool]] = {}
    for row in rows:
        likes_of.setdefault(row.deal_id, {})[row.kin_id] = row.verdict == Verdict.LIKE
    mixed = {deal_id: likes for deal_id, likes in likes_of.items() if len(set(likes.values())) == 2}
    judged = []
    for batch in batches(mixed):
        for deal in session.exec(
            select(Deal).where(col(Deal.id).in_(batch)).order_by(col(Deal.id))
        ):
            likes = mixed[deal.id]
            question = about_deal(session, catalog, deal)
            values = _values(session, catalog, question, deal.id, list(likes))
            liked = [values[kin] for kin, like in likes.items() if like]
            unliked = [values[kin] for kin, like in likes.items() if not like]
            judged.append(Judged(np.array(liked), np.array(unliked)))
    return judged


def fit(judged: Sequence[Judged]) -> Finding:
    """The weights that fit these judgements, and whether they are better than the defaults."""
    count = sum(len(deal.liked) + len(deal.unliked) for deal in judged)
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
    default = [agreement(deal, _DEFAULT) for deal in judged]
    fitted = _cross_validated(judged, lambda others: _solve(others, _best_strength(others)))
    gains = [after - before for after, before in zip(fitted, default, strict=True)]
    gain, error = fmean(gains), stdev(gains) / math.sqrt(len(gains))
    strength = _best_strength(judged)
    figures |= {
        "default_agreement": fmean(default),
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
            f" {fmean(default):.1%}: that is not surely better (by {gain:.1%}, with a standard"
            f" error of {error:.1%})."
        )
    weights = _presentable(_solve(judged, strength)).items()
    return Finding(Subject.WEIGHTS, dict(weights), refused, figures)


def _fit_prior(closed: Sequence[Trial]) -> Finding:
    learned = learn(closed)
    if learned is None:
        return Finding(
            Subject.PRIOR,
            {},
            f"{len(closed)} closed deals had enough kin when they were opened:"
            f" {MINIMUM_TRIALS} are needed to tell chances apart.",
            {"trials": len(closed)},
        )
    figures: dict[str, Any] = {"trials": learned.trials} | {
        f"brier_{prior:g}": brier for prior, brier in learned.brier.items()
    }
    finite = None if math.isinf(learned.prior) else learned.prior
    return Finding(Subject.PRIOR, {"prior": finite}, "", figures)


def agreement(judged: Judged, weights: Values) -> float:
    """The share of pairs, one liked and one not, that weights rank correctly; ties count half."""
    ahead = (judged.liked @ weights)[:, None] - (judged.unliked @ weights)[None, :]
    return float(np.mean((ahead > 1e-12) + 0.5 * (np.abs(ahead) <= 1e-12)))


def _cross_validated(
    judged: Sequence[Judged], solve: Callable[[list[Judged]], Values]
) -> list[float]:
    """The agreement of each deal's judgements with weights that were fitted to other folds."""
    agreements = [0.0] * len(judged)
    for fold in range(FOLDS):
        others = [deal for row, deal in enumerate(judged) if row % FOLDS != fold]
        weights = solve(others)
        for row in range(fold, len(judged), FOLDS):
            agreements[row] = agreement(judged[row], weights)
    return agreements


def _best_strength(judged: Sequence[Judged]) -> float:
    """The strength of the penalty with the best agreement; among equals, the strongest."""

    def mean_agreement(strength: float) -> float:
        return fmean(_cross_validated(judged, lambda others: _solve(others, strength)))

    return max(STRENGTHS, key=lambda strength: (round(mean_agreement(strength), 9), strength))


def _solve(judged: Sequence[Judged], strength: float) -> Values:
    """The weights, in a free scale, that minimise the penalised loss, which is convex.

    Only the deviation from the defaults' proportions is penalised, and not the scale, which says
    how consistent the judgements are.
    """
    from scipy.optimize import minimize

    differences_of, counts_of = zip(*map(_pairs, judged), strict=True)
    differences, counts = np.concatenate(differences_of), np.concatenate(counts_of)
    default = _DEFAULT / np.linalg.norm(_DEFAULT)
    identity = np.eye(len(default))
    penalty = strength * (identity - np.outer(default, default)) + RIDGE * identity

    def loss(weights: Values) -> tuple[float, Values]:
        margins = differences @ weights
        value = counts @ np.logaddexp(0, -margins) + weights @ penalty @ weights
        gradient = -(counts * np.exp(-np.logaddexp(0, margins))) @ differences
        return float(value), gradient + 2 * penalty @ weights

    bounds = [(0, None)] * len(default)
    result = minimize(loss, 5 * _DEFAULT, jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(result.x)


def _pairs(judged: Judged) -> tuple[Values, Values]:
    """The difference of values of each pair, and how much the pair counts.

    A deal counts in proportion to its judgements, not to its pairs.
    """
    differences = (judged.liked[:, None, :] - judged.unliked[None, :, :]).reshape(-1, len(_NAMES))
    judgements = len(judged.liked) + len(judged.unliked)
    return differences, np.full(len(differences), judgements / (2 * len(differences)))


def _presentable(weights: Values) -> Weights:
    """The same proportions in steps of a hundredth, with the defaults' sum unless a weight would
    exceed 1. If all weights are zero, the defaults."""
    total = float(weights.sum())
    if total <= 0:
        return Weights()
    scale = min(float(_DEFAULT.sum()) / total, 1 / float(weights.max()))
    learned: dict[str, Any] = {
        name: round(float(weight) * scale, 2) for name, weight in zip(_NAMES, weights, strict=True)
    }
    return Weights(**learned)


def _values(
    session: Session, catalog: Catalog, question: Question, deal_id: int, ids: list[int]
) -> dict[int, Values]:
    """The values of these kin of a deal, by their ids, whose product with the weights is the
    score; 0 for terms that the question does not have."""
    values_of: dict[int, Values] = {}
    hidden = np.array(sorted({deal_id, *hidden_deal_ids(session, PLAIN_VIEW)}), np.int64)
    with catalog.searching(session, Kind.DEAL) as collection:
        asked = ask(
            collection,
            question.text,
            question.vector,
            Weights(),
            catalog.encoder.languages,
            is_document=True,
        )
        # First as a page finds them, then also those that only a filter brought up.
        for allowed in (None, np.array(sorted(ids), np.int64)):
            matches = match(
                collection, asked, hidden=hidden, allowed=allowed, sharing=question.facets
            )
            values = collection.facet_values(
                question.facets, np.array(matches.ids, np.int64), today()
            )
            meaning, words = np.array(matches.meaning), np.array(matches.words)
            if asked.weights != Weights():
                # In a language that the model does not know, words have part of its weight.
                share = asked.weights.meaning / Weights().meaning
                meaning = share * meaning + (1 - share) * words
            # Of a text in another language, meaning counts in place of words.
            words = np.where(matches.foreign, meaning, words)
            values |= {"meaning": meaning, "words": words}
            rows = np.zeros((len(matches.ids), len(_NAMES)))
            for name, column in values.items():
                if name not in _NAMES:
                    # The weights of own fields are set, not learned.
                    continue
                rows[:, _NAMES.index(name)] = column
            values_of = dict(zip(matches.ids, rows, strict=True)) | values_of
            if values_of.keys() >= set(ids):
                break
    # A kin that is no candidate has nothing in common with the deal.
    return {kin_id: values_of.get(kin_id, np.zeros(len(_NAMES))) for kin_id in ids}
