"""Outlook: how a deal's kin went, and what that says of this deal.

The chance of winning is the share of the kin that were won, each counting by its likeness,
drawn towards the usual share by a beta prior, as a playbook's win rates are. How strong that
prior has to be is a matter of the record: where kin go as any other deals do, the outlook says
the usual. `learn` finds it out from deals that closed, as they stood when they were opened.
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
from similarity.inquiry import Inquiry, Question, Want, ask_of_deal, inquire, rank
from similarity.learned_weights import prior_in_use
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.tables import Deal, Outcome
from workspace.people.viewer import PLAIN_VIEW, Viewer

# The closed deals that are looked at; those of them that are alike only weakly do not count.
KIN = 80
# With fewer cases the 90 % interval of a share is more than half of all that it could be.
MINIMUM = 10
# With five values the true median lies between the least and the greatest in 94 cases of 100,
# with four in 88.
MINIMUM_VALUES = 5
# The deals that closed last are what is usual: a rate of ten years ago is none of today's.
USUAL = 2_000
# Imagined cases at the usual rate, where nothing was learned: as many as all kin could weigh, so
# that they move the chance half-way at most. It costs little where kin tell nothing.
PRIOR = 80.0
# The priors that are tried, in imagined cases. With the last one, kin do not move the chance.
PRIORS = (10.0, 20.0, 40.0, 80.0, 160.0, math.inf)
# Closed deals that are predicted to learn the prior, and how few of them are too few: with 200
# a difference of one hundredth between two Brier scores is about its standard error.
TRIALS = 400
MINIMUM_TRIALS = 200
# How wide the interval is: standard deviations of the normal that covers 90 %.
Z90 = 1.645


@dataclass(frozen=True)
class Case:
    """A kin that closed: how like the deal it is, from above 0 to 1, and how it went."""

    likeness: float
    won: bool
    days: int | None  # From the day it was opened to the day it closed.
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True)
class Usual:
    """How deals went whether or not they are kin: the last ones that closed."""

    won: int
    closed: int

    @property
    def rate(self) -> float:
        """The share that was won, with one imagined deal of each kind."""
        return (self.won + 1) / (self.closed + 2)


@dataclass(frozen=True)
class Chance:
    """The chance of winning, with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Typical:
    """The median of won kin, and between which values their middle half is."""

    median: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class Outlook:
    """What kin say of a deal, with the numbers that it rests on."""

    won: int
    closed: int
    usual: Usual
    chance: Chance
    # Imagined cases at the usual rate; infinite where kin were found to tell nothing.
    prior: float
    days: Typical | None
    amount: Typical | None
    currency: str


@dataclass(frozen=True)
class Trial:
    """A deal that closed, with what was known of its kin on the day it was opened."""

    won: bool
    days: int
    cases: tuple[Case, ...]
    usual: Usual


@dataclass(frozen=True)
class Learned:
    """The prior that predicted best, and the Brier score of each that was tried."""

    prior: float
    brier: dict[float, float]
    trials: int


def outlook_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal
) -> Outlook | None:
    """What the kin that the viewer may see say of a deal; None where they are too few."""
    return outlook_of(session, catalog, ask_of_deal(session, viewer, catalog, deal))


def outlook_of(session: Session, catalog: Catalog, inquiry: Inquiry) -> Outlook | None:
    """The outlook that is asked for."""
    deal = inquiry.deal
    cases = _cases(session, catalog, inquiry, DealFilter(outcome=CLOSED))
    usual = _usual(session, inquiry.viewer, without=deal.id if deal else None)
    currency = deal.currency if deal else None
    return outlook(cases, usual, currency, prior_in_use(session, PRIOR))


def outlook(
    cases: Sequence[Case], usual: Usual, currency: str | None, prior: float
) -> Outlook | None:
    """What these cases say; None where they are fewer than what makes it honest.

    Amounts are those of one currency: the deal's own, or where too few kin have that, the one
    that most have. They are never converted.
    """
    if len(cases) < MINIMUM:
        return None
    won = [case for case in cases if case.won]
    paid = [case for case in won if case.amount is not None and case.currency]
    of_currency = Counter(case.currency or "" for case in paid)
    if of_currency and of_currency[currency or ""] < MINIMUM_VALUES:
        currency = min(of_currency, key=lambda each: (-of_currency[each], each))
    return Outlook(
        won=len(won),
        closed=len(cases),
        usual=usual,
        chance=chance(cases, usual, prior),
        prior=prior,
        days=_typical([case.days for case in won if case.days is not None]),
        amount=_typical([float(case.amount or 0) for case in paid if case.currency == currency]),
        currency=currency or "",
    )


def chance(cases: Sequence[Case], usual: Usual, prior: float) -> Chance:
    """The share of cases that were won, by likeness, drawn towards the usual by the prior.

    The interval is that of the beta distribution, taken as normal, and of the usual rate,
    which is itself only counted.
    """
    weight = math.fsum(case.likeness for case in cases)
    won = math.fsum(case.likeness for case in cases if case.won)
    # How much of the answer is the usual rate's; all of it where the prior is infinite.
    share = 1.0 if math.isinf(prior) else prior / (prior + weight)
    rate = usual.rate
    value = share * rate + (1 - share) * (won / weight if weight else 0.0)
    variance = share**2 * rate * (1 - rate) / (usual.closed + 3)
    variance += value * (1 - value) / (prior + weight + 1)
    half = Z90 * math.sqrt(variance)
    return Chance(value, max(0.0, value - half), min(1.0, value + half))


def learn(trials: Sequence[Trial]) -> Learned | None:
    """The prior by which these trials are predicted best; None where they are too few.

    Of those that are no worse than the best by more than the standard error of the difference,
    the one that trusts kin least (the rule of one standard error: Breiman, Friedman, Olshen &
    Stone, "Classification and regression trees", 1984): where kin tell nothing, chance alone
    must not make them seem to.
    """
    if len(trials) < MINIMUM_TRIALS:
        return None
    errors = {
        prior: [(chance(each.cases, each.usual, prior).value - each.won) ** 2 for each in trials]
        for prior in PRIORS
    }
    brier = {prior: fmean(each) for prior, each in errors.items()}
    best = min(PRIORS, key=lambda prior: brier[prior])

    def hardly_worse(prior: float) -> bool:
        worse = [one - other for one, other in zip(errors[prior], errors[best], strict=True)]
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
    """Deals that everybody sees and that closed in a period, newest first, as they stood when
    they were opened; those that had too few kin then are left out.

    With a `limit` they are at most so many, evenly out of the last USUAL ones: the last of all
    may be of one busy month. Of what a deal says now only the name and the use case are taken,
    as the notes tell how it went on. Its kin are the deals that had closed by then.
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
            known = DealFilter(outcome=CLOSED, until=row.opened - timedelta(days=1))
            cases = _cases(session, catalog, inquire(session, PLAIN_VIEW, question), known)
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
    """The questions that these deals put on the day they were opened."""
    texts = {
        deal_id: join([text.name, text.use_case]) for deal_id, text, _ in deal_texts(session, ids)
    }
    known = facets(session, ids)
    try:
        vectors = dict(zip(texts, catalog.encoder.encode(list(texts.values())), strict=True))
    except ModelUnavailable:
        vectors = {}
    for each in ids:
        yield Question(texts[each], vectors.get(each), known[each], frozenset({each})), each


def _cases(session: Session, catalog: Catalog, inquiry: Inquiry, closed: DealFilter) -> list[Case]:
    ranked = rank(session, catalog, inquiry, Want(KIN, closed))
    alike = {each.id: each.likeness for each in ranked if each.band != "weak"}
    rows = session.execute(
        sa.select(
            col(Deal.id),
            col(Deal.outcome),
            col(Deal.opened),
            col(Deal.closed),
            col(Deal.amount),
            col(Deal.currency),
        ).where(col(Deal.id).in_(list(alike)))
    )
    return [
        Case(
            likeness=alike[row.id],
            won=row.outcome == Outcome.WON,
            days=(row.closed - row.opened).days if row.closed and row.opened else None,
            amount=row.amount,
            currency=row.currency,
        )
        for row in rows
    ]


def _usual(
    session: Session, viewer: Viewer, *, without: int | None = None, before: date | None = None
) -> Usual:
    """How the last deals went that the viewer may see, and that closed before a day."""
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
    # Such that one more value is between them in half of all cases, however few there are.
    low, median, high = quantiles(values, n=4, method="exclusive")
    return Typical(median, low, high, len(values))
