"""Influence: how deals with and without a reference went, and where advocates are missing.

Nothing here proves that references win deals: those who ask for them have deals worth asking
for. So deals that cannot have had one, as they never came as far, are also left out of the
comparison, every rate has an interval, and few cases say nothing.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk.advocates import Activity, Advocate
from references.desk.budgets import availability
from references.desk.policy import current_policy
from references.desk.request import ReferenceRequest, RequestStep, State
from similarity.playbook import Lift, lift
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import TimelineEntry

# Fewer closed deals on one side say nothing about it.
FEWEST = 8
# As many requests are needed for a median or a share.
FEWEST_REQUESTS = 5
# How wide intervals are: standard deviations of the normal that covers 90 %.
Z90 = 1.645

Amounts = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Side:
    """Closed deals with a reference, or without one."""

    closed: int
    won: int
    # What the won ones are worth, currency by currency: they are never added up.
    amounts: Amounts
    # Won deals without an amount.
    unpriced: int

    @property
    def enough(self) -> bool:
        """Whether there are cases enough to speak of a rate."""
        return self.closed >= FEWEST

    @property
    def rate(self) -> float:
        """The share that was won, from 0 to 1."""
        return self.won / self.closed if self.closed else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 90 % interval of the rate."""
        return wilson(self.won, self.closed)


@dataclass(frozen=True)
class Comparison:
    """Closed deals with and without a completed reference."""

    with_one: Side
    without: Side

    @property
    def difference(self) -> Lift | None:
        """The shrunken difference of the two rates; None while either side has too few cases."""
        one, other = self.with_one, self.without
        if not (one.enough and other.enough):
            return None
        return lift(one.won, one.closed, other.won, other.closed)


@dataclass(frozen=True)
class Flow:
    """How requests went, each figure with the number of cases it rests on."""

    # Days from asking to an appointment.
    scheduled: int
    median_days: float | None
    # Invitations that the customer answered.
    answered: int
    accepted: int

    @property
    def acceptance(self) -> float | None:
        """The share of yes among the answers; None while there are too few."""
        return self.accepted / self.answered if self.answered >= FEWEST_REQUESTS else None


@dataclass(frozen=True)
class Gap:
    """A segment of the open pipeline in which no advocate can be asked for a call today."""

    section: str
    region: str
    deals: int
    amounts: Amounts
    # Advocates of the segment, of whom none can be asked, and the first day on which one can.
    advocates: int
    next_on: date | None


@dataclass(frozen=True)
class Influence:
    """The figures, over the deals that a viewer may see."""

    everywhere: Comparison
    # Of the deals that are known to have come as far as the stage that may ask.
    as_far: Comparison
    stage: str
    flow: Flow
    gaps: list[Gap]
    segments: int
    # Open deals of which the industry or the region is not known.
    unplaced: int


def measure_influence(session: Session, viewer: Viewer) -> Influence:
    """The figures for a viewer, by a number of queries that does not grow with the record."""
    early, stage = _early_stages(session)
    rows = _closed(session, viewer, early)
    gaps, segments, unplaced = _gaps(session, viewer)
    return Influence(
        everywhere=_comparison(rows),
        as_far=_comparison(row for row in rows if row.as_far),
        stage=stage,
        flow=_flow(session, viewer),
        gaps=gaps,
        segments=segments,
        unplaced=unplaced,
    )


def wilson(successes: int, cases: int) -> tuple[float, float]:
    """The 90 % score interval of a share, by Wilson; everything is possible without a case."""
    if not cases:
        return 0.0, 1.0
    share, square = successes / cases, Z90 * Z90
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    half = Z90 * math.sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    half /= 1 + square / cases
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class _Closed:
    """Closed deals that are alike in all of this."""

    outcome: str
    currency: str | None
    referenced: bool
    as_far: bool
    deals: int
    priced: int
    amount: Decimal


def _closed(session: Session, viewer: Viewer, early: list[str]) -> list[_Closed]:
    completed = (
        select(ReferenceRequest.id)
        .where(
            ReferenceRequest.deal_id == Deal.id,
            col(ReferenceRequest.state) == State.COMPLETED,
        )
        .exists()
    )
    moved: Any = col(TimelineEntry.detail)
    # From or to a stage that may ask. Being closed tells nothing of how far a lost one came.
    as_far = (
        select(TimelineEntry.id)
        .where(
            TimelineEntry.deal_id == Deal.id,
            TimelineEntry.kind == "stage",
            sa.or_(
                moved[("stage", 0)].as_string().in_(early),
                moved[("stage", 1)].as_string().in_(early),
            ),
        )
        .exists()
    )
    kinds: tuple[Any, ...] = (
        col(Deal.outcome),
        col(Deal.currency),
        completed.label("referenced"),
        sa.or_(completed, as_far).label("as_far"),
    )
    each = (
        sa.select(*kinds, col(Deal.amount).label("amount"))
        .where(visible_deals(viewer), col(Deal.outcome) != Outcome.OPEN)
        .subquery()
    )
    columns = [each.c[name] for name in ("outcome", "currency", "referenced", "as_far")]
    rows = session.execute(
        sa.select(
            *columns,
            sa.func.count(),
            sa.func.count(each.c.amount),
            sa.func.coalesce(sa.func.sum(each.c.amount), 0),
        ).group_by(*columns)
    )
    return [_Closed(*row) for row in rows]


def _comparison(rows: Iterable[_Closed]) -> Comparison:
    kinds: dict[bool, list[_Closed]] = {True: [], False: []}
    for row in rows:
        kinds[row.referenced].append(row)
    return Comparison(_side(kinds[True]), _side(kinds[False]))


def _side(rows: Iterable[_Closed]) -> Side:
    closed = won = unpriced = 0
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        closed += row.deals
        if row.outcome == Outcome.WON:
            won += row.deals
            unpriced += row.deals - row.priced
            if row.priced:
                amounts[row.currency or ""] += row.amount
    return Side(closed, won, _largest_first(amounts), unpriced)


def _flow(session: Session, viewer: Viewer) -> Flow:
    asked, fixed = (
        sa.func.min(sa.case((col(RequestStep.action) == action, col(RequestStep.at))))
        for action in ("submit", "schedule")
    )
    said_yes, said_no = (
        sa.func.max(
            sa.case(
                (
                    sa.and_(
                        col(RequestStep.action) == action,
                        col(RequestStep.before) == State.INVITED,
                    ),
                    1,
                ),
                else_=0,
            )
        )
        for action in ("accept", "refuse")
    )
    rows = session.execute(
        sa.select(asked, fixed, said_yes, said_no)
        .join(ReferenceRequest, col(ReferenceRequest.id) == col(RequestStep.request_id))
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .where(visible_deals(viewer))
        .group_by(col(RequestStep.request_id))
    ).all()
    days = [(row[1] - row[0]).total_seconds() / 86_400 for row in rows if row[0] and row[1]]
    accepted = sum(row[2] for row in rows)
    return Flow(
        scheduled=len(days),
        median_days=statistics.median(days) if len(days) >= FEWEST_REQUESTS else None,
        answered=accepted + sum(row[3] for row in rows),
        accepted=accepted,
    )


def _gaps(session: Session, viewer: Viewer) -> tuple[list[Gap], int, int]:
    """The segments that nobody can be asked in, the number of segments, and of deals in none."""
    section = sa.func.substr(col(Account.industry), 1, 1)
    rows = session.execute(
        sa.select(
            section,
            col(Account.region),
            col(Deal.currency),
            sa.func.count(),
            sa.func.count(col(Deal.amount)),
            sa.func.coalesce(sa.func.sum(col(Deal.amount)), 0),
        )
        .select_from(Deal)
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(visible_deals(viewer), col(Deal.outcome) == Outcome.OPEN)
        .group_by(section, col(Account.region), col(Deal.currency))
    )
    deals: dict[tuple[str, str], int] = defaultdict(int)
    amounts: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    unplaced = 0
    for industry, region, currency, count, priced, amount in rows:
        if not industry or not region:
            unplaced += count
            continue
        deals[industry, region] += count
        if priced:
            amounts[industry, region][currency or ""] += amount
    advocates = session.execute(
        sa.select(col(Advocate.id), section, col(Account.region))
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .join(Account, col(Account.id) == col(Person.account_id))
    ).all()
    may = availability(session, [row[0] for row in advocates], Activity.CALL, today())
    there: dict[tuple[str, str], list[int]] = defaultdict(list)
    for advocate_id, industry, region in advocates:
        there[industry, region].append(advocate_id)
    gaps = []
    for segment, count in deals.items():
        theirs = [may[each] for each in there[segment]]
        if not any(each.may_be_asked for each in theirs):
            gaps.append(
                Gap(
                    *segment,
                    deals=count,
                    amounts=_largest_first(amounts[segment]),
                    advocates=len(theirs),
                    next_on=min((each.next_on for each in theirs if each.next_on), default=None),
                )
            )
    gaps.sort(key=lambda gap: (-gap.deals, gap.section, gap.region))
    return gaps, len(deals), unplaced


def _early_stages(session: Session) -> tuple[list[str], str]:
    """The names of the open stages from which a reference may be asked for, and the first's."""
    names = session.exec(
        select(Stage.name)
        .where(
            col(Stage.position) >= current_policy(session).earliest_stage,
            Stage.outcome == Outcome.OPEN,
        )
        .order_by(col(Stage.position))
    ).all()
    return list(names), names[0] if names else ""


def _largest_first(amounts: dict[str, Decimal]) -> Amounts:
    return tuple(sorted(amounts.items(), key=lambda each: -each[1]))
