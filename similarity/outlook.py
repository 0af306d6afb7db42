"""Outlook: how similar deals went, and what that predicts for this deal.

The chance of winning is the share of kin that were won, weighted by likeness, and shrunk towards
the usual win rate by a beta prior, as in a playbook. How strong the prior has to be depends on
the record: where kin go like all other deals, the outlook is the usual rate. `learn` finds it
out from closed deals, as they were when they were opened.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean, quantiles, stdev

import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.encoders.embeddings import ModelUnavailable
from similarity.index.catalog import Catalog
from similarity.index.documents import join
from similarity.index.facets import facets
from similarity.index.sources import deal_texts
from similarity.inquiry import Inquiry, Want, ask_of_deal, inquire, rank
from similarity.learned_weights import prior_in_use
from similarity.questions import Question
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.money import rates_of
from workspace.deals.tables import Deal, Outcome
from workspace.people.viewer import PLAIN_VIEW, Viewer

# How many closed deals are considered. Those in the band 'weak' do not count.
KIN = 80
# With fewer cases, the 90 % interval of a share covers more than half of its range.
MINIMUM = 10
# With five values the true median is between the least and the greatest in 94 cases of 100, with
# four in 88.
MINIMUM_VALUES = 5
# The usual win rate is that of the deals that closed last, because old deals say little of today.
USUAL = 2_000
# The default prior, in pseudo-cases at the usual rate: as much weight as all kin can have, so
# that kin move the chance half-way at most. It costs little where kin predict nothing.
PRIOR = 80.0
# The priors that `learn` tries, in pseudo-cases. With the last one, kin do not move the chance.
PRIORS = (10.0, 20.0, 40.0, 80.0, 160.0, math.inf)
# How many closed deals are predicted to learn the prior, and the fewest that suffice: with 200,
# a difference of one hundredth between two Brier scores is about its standard error.
TRIALS = 400
MINIMUM_TRIALS = 200
# The half-width of a 90 % interval in standard deviations of the normal distribution.
Z90 = 1.645


@dataclass(frozen=True)
class Case:
    """A closed kin: its likeness, from above 0 to 1, and how it went."""

    likeness: float
    won: bool
    days: int | None  # From the day it was opened to the day it closed.
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True)
class Usual:
    """How the last closed deals went, kin or not."""

    won: int
    closed: int

    @property
    def rate(self) -> float:
        """The share that was won, with one pseudo-case of each outcome (Laplace's rule)."""
        return (self.won + 1) / (self.closed + 2)


@dataclass(frozen=True)
class Chance:
    """The chance of winning, with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Typical:
    """The median and the quartiles of a value of won kin."""

    median: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class Outlook:
    """The prediction for a deal, with the numbers that it rests on."""

    won: int
    closed: int
    usual: Usual
    chance: Chance
    # In pseudo-cases at the usual rate; infinite if kin were found to predict nothing.
    prior: float
    # The mean likeness of the kin, and how much they count in the chance, beside the usual rate.
    likeness: float
    weight: float
    days: Typical | None
    amount: Typical | None
    currency: str

    @property
    def share(self) -> float:
        """The plain share of the kin that were won."""
        return self.won / self.closed

    @property
    def alike(self) -> float:
        """As how many deals the kin count in the chance: the sum of their likenesses."""
        return self.likeness * self.closed

    @property
    def points(self) -> int:
        """By how many percentage points the kin move the usual rate, as rounded figures show it."""
        return round(100 * self.chance.value) - round(100 * self.usual.rate)

    @property
    def is_contrary(self) -> bool:
        """Whether the chance moves away from the plain share, because the most alike kin count
        more and went otherwise than the rest."""
        return (self.share - self.usual.rate) * self.points < 0


@dataclass(frozen=True)
class Trial:
    """A closed deal, with what was known of its kin on the day it was opened."""

    won: bool
    days: int
    cases: tuple[Case, ...]
    usual: Usual


@dataclass(frozen=True)
class Learned:
    """The prior that was learned, and the Brier score of each that was tried."""

    prior: float
    brier: dict[float, float]
    trials: int


def outlook_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal
) -> Outlook | None:
    """The outlook of a deal by the kin that the viewer may see; None if they are too few."""
    return outlook_of(session, catalog, ask_of_deal(session, viewer, catalog, deal))


def outlook_of(session: Session, catalog: Catalog, inquiry: Inquiry) -> Outlook | None:
    """The outlook of an inquiry; None if there are too few kin."""
    deal = inquiry.deal
    cases = _cases(session, catalog, inquiry, DealFilter(outcome=CLOSED))
    usual = _usual(session, inquiry.viewer, without=deal.id if deal else None)
    currency = deal.currency if deal else None
    return outlook(cases, usual, currency, prior_in_use(session, PRIOR))


def outlook(
    cases: Sequence[Case], usual: Usual, currency: str | None, prior: float
) -> Outlook | None:
    """The outlook by these cases; None if they are fewer than MINIMUM.

    Amounts are those in the deal's own currency or, if too few kin have it, in the one that most
    of them have: with rates, the company's (`workspace/deals/money.py`).
    """
    if len(cases) < MINIMUM:
        return None
    won = [case for case in cases if case.won]
    paid = [case for case in won if case.amount is not None and case.currency]
    of_currency = Counter(case.currency or "" for case in paid)
    if of_currency and of_currency[currency or ""] < MINIMUM_VALUES:
        currency = min(of_currency, key=lambda code: (-of_currency[code], code))
    return Outlook(
        won=len(won),
        closed=len(cases),
        usual=usual,
        chance=chance(cases, usual, prior),
        prior=prior,
        likeness=fmean(case.likeness for case in cases),
        weight=_weight(cases, prior),
        days=_typical([case.days for case in won if case.days is not None]),
        amount=_typical([float(case.amount or 0) for case in paid if case.currency == currency]),
        currency=currency or "",
    )


def chance(cases: Sequence[Case], usual: Usual, prior: float) -> Chance:
    """The share of cases that were won, weighted by likeness, shrunk towards the usual rate.

    The interval is a normal approximation. Its variance is that of the beta distribution plus
    that of the usual rate, which is an estimate, too.
    """
    weight = math.fsum(case.likeness for case in cases)
    won = math.fsum(case.likeness for case in cases if case.won)
    # The weight of the usual rate; 1 if the prior is infinite.
    share = 1.0 - _weight(cases, prior)
    rate = usual.rate
    value = share * rate + (1 - share) * (won / weight if weight else 0.0)
    variance = share**2 * rate * (1 - rate) / (usual.closed + 3)
    variance += value * (1 - value) / (prior + weight + 1)
    half = Z90 * math.sqrt(variance)
    return Chance(value, max(0.0, value - half), min(1.0, value + half))


def _weight(cases: Sequence[Case], prior: float) -> float:
    """How much the cases count in the chance, from 0 to 1; the usual rate counts the rest."""
    alike = math.fsum(case.likeness for case in cases)
    return alike / (alike + prior)


def learn(trials: Sequence[Trial]) -> Learned | None:
    """The prior that predicts these trials best; None if they are too few.

    Among the priors whose loss exceeds the least by at most the standard error of the difference,
    it is the strongest (the one-standard-error rule: Breiman, Friedman, Olshen & Stone,
    "Classification and regression trees", 1984), so that kin are not trusted by chance.
    """
    if len(trials) < MINIMUM_TRIALS:
        return None
    errors = {
        prior: [
            (chance(trial.cases, trial.usual, prior).value - trial.won) ** 2 for trial in trials
        ]
        for prior in PRIORS
    }
    brier = {prior: fmean(squares) for prior, squares in errors.items()}
    best = min(PRIORS, key=lambda prior: brier[prior])

    def hardly_worse(prior: float) -> bool:
        worse = [own - least for own, least in zip(errors[prior], errors[best], strict=True)]
        return fmean(worse) <= stdev(worse) / math.sqrt(len(worse))

    return Learned(max(filter(hardly_worse, PRIORS)), brier, len(trials))


def trials(
    session: Session,
    catalog: Catalog,
    *,
    since: date | None = None,
    before: date | None = None,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Trial]:
    """Deals that every member sees and that closed in a period, newest first, as they were when
    they were opened. Deals that had too few kin then are left out.

    With a `limit`, at most that many are taken evenly from the last USUAL ones, so that they are
    not all of one busy month. A deal's question has only its name and use case, because the notes
    tell what happened later. Its kin are the deals that had closed by then.
    """
    query = sa.select(col(Deal.id), col(Deal.opened), col(Deal.closed), col(Deal.outcome)).where(
        visible_deals(PLAIN_VIEW), col(Deal.closed).is_not(None), col(Deal.opened).is_not(None)
    )
    if since:
        query = query.where(col(Deal.closed) >= since)
    if before:
        query = query.where(col(Deal.closed) < before)
    newest = query.order_by(sa.desc(col(Deal.closed)), sa.desc(col(Deal.id)))
    chosen = session.execute(newest.limit(USUAL if limit else None)).all()
    rows = {row.id: row for row in chosen[:: math.ceil(len(chosen) / limit) if limit else 1]}
    done = 0
    for batch in batches(rows):
        for question, deal_id in _as_opened(session, catalog, batch):
            row = rows[deal_id]
            earlier = DealFilter(outcome=CLOSED, until=row.opened - timedelta(days=1))
            cases = _cases(session, catalog, inquire(session, PLAIN_VIEW, question), earlier)
            done += 1
            if progress:
                progress(done, len(rows))
            if len(cases) >= MINIMUM:
                yield Trial(
                    won=row.outcome == Outcome.WON,
                    days=(row.closed - row.opened).days,
                    cases=tuple(cases),
                    usual=_usual(session, PLAIN_VIEW, before=row.opened),
                )


def _as_opened(
    session: Session, catalog: Catalog, ids: list[int]
) -> Iterator[tuple[Question, int]]:
    """The questions for these deals on the day they were opened."""
    texts = {
        deal_id: join([text.name, text.use_case]) for deal_id, text, _ in deal_texts(session, ids)
    }
    facets_of = facets(session, ids)
    try:
        vectors = dict(zip(texts, catalog.encoder.encode(list(texts.values())), strict=True))
    except ModelUnavailable:
        vectors = {}
    for deal_id in ids:
        text, vector = texts[deal_id], vectors.get(deal_id)
        yield Question(text, vector, facets_of[deal_id], frozenset({deal_id})), deal_id


def _cases(session: Session, catalog: Catalog, inquiry: Inquiry, closed: DealFilter) -> list[Case]:
    ranked = rank(session, catalog, inquiry, Want(KIN, closed))
    likeness_of = {deal.id: deal.likeness for deal in ranked if deal.band != "weak"}
    rows = session.execute(
        sa.select(
            col(Deal.id),
            col(Deal.outcome),
            col(Deal.opened),
            col(Deal.closed),
            col(Deal.amount),
            col(Deal.currency),
        ).where(col(Deal.id).in_(list(likeness_of)))
    )
    rates = rates_of(session)
    cases = []
    for row in rows:
        converted = rates.convert(row.amount, row.currency, row.closed)
        cases.append(
            Case(
                likeness=likeness_of[row.id],
                won=row.outcome == Outcome.WON,
                days=(row.closed - row.opened).days if row.closed and row.opened else None,
                amount=row.amount if converted is None else converted,
                currency=row.currency if converted is None else rates.home,
            )
        )
    return cases


def _usual(
    session: Session, viewer: Viewer, *, without: int | None = None, before: date | None = None
) -> Usual:
    """How the last closed deals that the viewer may see went, before a day if one is given."""
    query = sa.select(col(Deal.outcome)).where(visible_deals(viewer), col(Deal.closed).is_not(None))
    if without is not None:
        query = query.where(col(Deal.id) != without)
    if before:
        query = query.where(col(Deal.closed) < before)
    newest = query.order_by(sa.desc(col(Deal.closed)), sa.desc(col(Deal.id))).limit(USUAL)
    last = newest.subquery()
    counted = dict(
        session.execute(sa.select(last.c.outcome, sa.func.count()).group_by(last.c.outcome)).all()
    )
    return Usual(counted.get(Outcome.WON, 0), sum(counted.values()))


def _typical(values: Sequence[float]) -> Typical | None:
    if len(values) < MINIMUM_VALUES:
        return None
    # The exclusive method: one more value is between the quartiles in half of all cases.
    low, median, high = quantiles(values, n=4, method="exclusive")
    return Typical(median, low, high, len(values))
