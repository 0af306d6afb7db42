"""Fitting: weights that judgements ask for, and none where they ask for nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sqlmodel import Session, select

from similarity.feedback import REASONS, Verdict, judge
from similarity.fitting import (
    MINIMUM_DEALS,
    MINIMUM_JUDGEMENTS,
    Judged,
    agreement,
    fit,
    judged_kin,
    lessons,
)
from similarity.index.catalog import Catalog
from similarity.learned_weights import Lesson, Subject, keep, prior_in_use, undo, weights_in_use
from similarity.outlook import MINIMUM_TRIALS, PRIOR
from similarity.scoring import Weights
from tests.similarity.asking import kin_of_deal, kin_of_text
from tests.world import World, ago, stage
from workspace.audit import AuditEntry
from workspace.deals import lifecycle
from workspace.deals.products import find_or_add_product
from workspace.deals.tables import Deal

NAMES = Weights.names()
DEFAULT = np.array([Weights().items()[name] for name in NAMES])
# What somebody wants who sells by industry and by who competes.
HIDDEN = np.array([0.2, 0.05, 0.9, 0.1, 0.1, 0.8, 0.0, 0.05])


def kin_values(dice: np.random.Generator, count: int) -> np.ndarray:
    """Values as terms have them: two of text, four that are often 0 or 1, two in between."""
    text = dice.beta(2, 4, (count, 2))
    shared = dice.choice([0, 0.5, 1], (count, 4), p=[0.5, 0.2, 0.3])
    rest = dice.uniform(0, 1, (count, 2))
    return np.hstack([text, shared, rest])


def simulated(
    seed: int, count: int, hidden: np.ndarray | None, noise: float = 0.15
) -> list[Judged]:
    """Deals of whose ten kin the better half by hidden weights is liked; by none, any half."""
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        values = kin_values(dice, 10)
        wanted = dice.normal(0, noise, 10) + (values @ hidden if hidden is not None else 0)
        order = np.argsort(-wanted)
        found.append(Judged(values[order[:5]], values[order[5:]]))
    return found


def agreed(weights: np.ndarray, judged: list[Judged]) -> float:
    return float(np.mean([agreement(each, weights) for each in judged]))


@pytest.mark.parametrize("seed", range(5))
def test_should_fit_weights_that_order_unseen_kin_as_the_true_ones_do(seed: int) -> None:
    found = fit(simulated(seed, 40, HIDDEN))
    assert found.refused == ""
    weights = np.array([found.held[name] for name in NAMES])
    assert (weights >= 0).all()
    assert weights.max() <= 1
    unseen = simulated(seed + 100, 200, HIDDEN, noise=0)
    assert agreed(weights, unseen) > agreed(DEFAULT, unseen) + 0.08
    assert found.figures["fitted_agreement"] > found.figures["default_agreement"]


@pytest.mark.parametrize("seed", range(5))
def test_should_learn_nothing_from_random_judgements(seed: int) -> None:
    found = fit(simulated(seed, 40, None))
    assert "not surely better" in found.refused


@pytest.mark.parametrize("seed", range(3))
def test_should_learn_nothing_from_judgements_that_the_defaults_explain(seed: int) -> None:
    assert fit(simulated(seed, 40, DEFAULT)).refused


def test_should_refuse_too_few_judgements_and_say_how_many_are_needed() -> None:
    found = fit(simulated(1, MINIMUM_DEALS - 1, HIDDEN))
    assert found.refused.startswith(f"{(MINIMUM_DEALS - 1) * 10} judgements on 19 deals")
    assert f"{MINIMUM_JUDGEMENTS} on {MINIMUM_DEALS} deals are needed" in found.refused
    few = [Judged(each.liked[:1], each.unliked[:2]) for each in simulated(1, 25, HIDDEN)]
    assert fit(few).refused.startswith("75 judgements on 25 deals")
    assert fit([]).refused.startswith("0 judgements on 0 deals")


def test_should_compute_agreement_as_by_hand() -> None:
    judged = Judged(np.array([[1.0], [0.5]]), np.array([[0.5], [0.0]]))
    assert agreement(judged, np.array([1.0])) == 3.5 / 4
    assert agreement(judged, np.array([0.0])) == 0.5


def say(session: Session, deal: Deal, kin: Deal, like: bool) -> None:
    verdict = Verdict.LIKE if like else Verdict.UNLIKE
    judge(session, deal.id, kin.id, verdict, "" if like else REASONS[0], None)


def test_should_fit_to_the_values_of_the_ranking(world: World, catalog: Catalog) -> None:
    """Also of what is hidden by now, as it was said to be unlike."""
    with world.database.read() as session:
        kestrel = world.deal(session, "kestrel")
        shown = kin_of_deal(session, world.viewer("charlie"), catalog, kestrel, limit=50)
        scores = {each.key: each.score for each in shown}
    with world.database.write() as session:
        kestrel = world.deal(session, "kestrel")
        for name, like in (("brannoc", True), ("havel", True), ("orlik", False), ("fjord", False)):
            say(session, kestrel, world.deal(session, name), like)
        # One verdict alone orders nothing, and what is confidential teaches nobody.
        say(session, world.deal(session, "wards"), world.deal(session, "brannoc"), True)
        say(session, world.deal(session, "wards"), world.deal(session, "nightingale"), False)
        say(session, world.deal(session, "nightingale"), world.deal(session, "wards"), True)
        say(session, world.deal(session, "nightingale"), world.deal(session, "havel"), False)
    with world.database.read() as session:
        (judged,) = judged_kin(session, catalog)
    assert sorted(judged.liked @ DEFAULT) == pytest.approx(
        sorted(scores[world.deals[name]] for name in ("brannoc", "havel"))
    )
    assert sorted(judged.unliked @ DEFAULT) == pytest.approx(
        sorted(scores[world.deals[name]] for name in ("orlik", "fjord"))
    )


def test_should_rank_by_learned_weights_until_they_are_undone(
    world: World, catalog: Catalog
) -> None:
    def shown() -> list[tuple[str, float]]:
        with world.database.read() as session:
            deal, viewer = world.deal(session, "tidewater"), world.viewer("charlie")
            found = kin_of_deal(session, viewer, catalog, deal)
            found += kin_of_text(session, viewer, catalog, "warehouse of records")
            for each in found:
                weights = weights_in_use(session).items()
                assert all(term.weight == weights[term.name] for term in each.terms)
                assert each.score == math.fsum(term.contribution for term in each.terms)
            return [(each.key, each.score) for each in found]

    before = shown()
    by_industry = replace(Weights(**dict.fromkeys(NAMES, 0.0)), industry=1.0, words=0.1)
    with world.database.write() as session:
        keep(session, Subject.WEIGHTS, dict(by_industry.items()), {"gain": 0.1}, None)
        keep(session, Subject.PRIOR, {"prior": None}, {}, world.people["grace"])
    with world.database.read() as session:
        assert weights_in_use(session) == by_industry
        assert prior_in_use(session, PRIOR) == math.inf
    after = shown()
    assert after != before
    with world.database.write() as session:
        assert undo(session, None) is Subject.PRIOR
        session.flush()
        assert prior_in_use(session, PRIOR) == PRIOR
        assert weights_in_use(session) == by_industry
        assert undo(session, world.people["grace"]) is Subject.WEIGHTS
        session.flush()
        assert undo(session, None) is None
    assert shown() == before
    with world.database.read() as session:
        # What was learned, by whom, and that it was undone is still on record.
        kept = session.exec(select(Lesson).order_by(Lesson.id)).all()
        assert [(each.subject, each.by_id) for each in kept] == [
            ("weights", None),
            ("prior", world.people["grace"]),
        ]
        assert all(each.undone_at for each in kept)
        actions = set(session.exec(select(AuditEntry.action)))
        assert {"weights learned", "prior learned", "weights unlearned"} <= actions


def test_should_use_the_lesson_before_again_after_an_undo(world: World) -> None:
    with world.database.write() as session:
        for prior in (20.0, 160.0):
            keep(session, Subject.PRIOR, {"prior": prior}, {}, None)
    with world.database.write() as session:
        assert prior_in_use(session, PRIOR) == 160
        undo(session, None)
    with world.database.read() as session:
        assert prior_in_use(session, PRIOR) == 20


def test_should_say_why_a_small_record_teaches_nothing(world: World, catalog: Catalog) -> None:
    with world.database.read() as session:
        weights, prior = lessons(session, catalog)
    assert (weights.subject, prior.subject) == (Subject.WEIGHTS, Subject.PRIOR)
    assert "judgements" in weights.refused
    assert f"{MINIMUM_TRIALS} are needed" in prior.refused


@pytest.mark.slow
def test_should_learn_the_prior_from_how_deals_went(world: World, catalog: Catalog) -> None:
    """Of two products, the deals of one are all won and those of the other all lost."""
    with world.database.write() as session:
        products = [
            find_or_add_product(session, name) for name in ("Ferry timetable", "Canal lock")
        ]
        for number in range(MINIMUM_TRIALS + 60):
            won = number % 2 == 0
            lifecycle.log(
                session,
                products[number % 2].name,
                None,
                None,
                stage=stage(session, "Closed Won" if won else "Closed Lost"),
                products=[products[number % 2]],
                opened=ago(2_000 - 3 * number),
                closed=ago(1_995 - 3 * number),
            )
    with world.database.read() as session:
        _, prior = lessons(session, catalog)
    assert prior.refused == ""
    assert prior.held["prior"] == 10
    assert prior.figures["brier_10"] < prior.figures["brier_inf"] - 0.1
