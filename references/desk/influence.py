"""Influence: how deals with and without a reference went, and where advocates are missing.

The figures do not prove that references win deals, because reps ask for references on promising
deals. So a second comparison leaves out the deals that never reached a stage in which a reference
can be asked for, every rate has an interval, and nothing is concluded from few cases.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk.advocates import Activity, Advocate
from references.desk.budgets import Availability, availability
from references.desk.policy import current_policy
from references.desk.request import ReferenceRequest, RequestStep, State
from similarity.lift import Lift, lift
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.money import Part, Rates, rates_of
from workspace.deals.tables import CLOSED_OUTCOMES, Deal, Outcome, Stage
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import TimelineEntry

# With fewer closed deals on one side, no rates are compared.
FEWEST = 8
# With fewer requests, no median and no share is given.
FEWEST_REQUESTS = 5
# An interval of 90 % in standard deviations of the normal distribution.
Z90 = 1.645

Amounts = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Side:
    """Closed deals with a reference, or without one."""

    closed: int
    won: int
    # The value of the won deals, added up by the company's rates.
    amounts: Amounts
    # Won deals without an amount.
    unpriced: int

    @property
    def enough(self) -> bool:
        """Whether there are enough deals for a rate."""
        return self.closed >= FEWEST

    @property
    def rate(self) -> float:
        """The win rate, from 0 to 1."""
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
        """The shrunk difference of the two win rates; None while a side has too few deals."""
        referenced, others = self.with_one, self.without
        if not (referenced.enough and others.enough):
            return None
        return lift(referenced.won, referenced.closed, others.won, others.closed)


@dataclass(frozen=True)
class Flow:
    """How requests went, each figure with the number of requests behind it."""

    # Requests with an appointment, and the median of days until it was scheduled.
    scheduled: int
    median_days: float | None
    # Invitations that the advocate answered, and accepted.
    answered: int
    accepted: int

    @property
    def acceptance(self) -> float | None:
        """The share of accepted invitations; None while there are too few answers."""
        return self.accepted / self.answered if self.answered >= FEWEST_REQUESTS else None


@dataclass(frozen=True)
class Gap:
    """A segment of open deals in which no advocate may be asked for a call today."""

    section: str
    region: str
    deals: int
    amounts: Amounts
    # The segment's advocates, and the first day on which one of them may be asked.
    advocates: int
    next_on: date | None


@dataclass(frozen=True)
class Segment:
    """The open deals of a segment, and its advocates who may be asked for a call today."""

    section: str
    region: str
    deals: int
    advocates: int

    @property
    def state(self) -> str:
        """How well it is covered: 'gap', 'thin' with an advocate for more than three deals, or
        'covered'."""
        if not self.advocates:
            return "gap"
        return "thin" if self.deals > 3 * self.advocates else "covered"


@dataclass(frozen=True)
class Coverage:
    """The segments by industry and region, both with the most open deals first."""

    sections: list[str]
    regions: list[str]
    segments: dict[tuple[str, str], Segment]


@dataclass(frozen=True)
class Influence:
    """The figures over the deals that a viewer may see."""

    everywhere: Comparison
    # Only deals that are known to have reached a stage in which a reference can be asked for.
    as_far: Comparison
    stage: str
    flow: Flow
    gaps: list[Gap]
    coverage: Coverage
    segments: int
    # Open deals without a known industry or region.
    unplaced: int


def measure_influence(session: Session, viewer: Viewer) -> Influence:
    """The figures for a viewer, with a fixed number of queries."""
    stages, first_stage = _stages_that_may_ask(session)
    rows = _closed_deals(session, viewer, stages)
    rates = rates_of(session)
    gaps, coverage, unplaced = _gaps(session, viewer, rates)
    return Influence(
        everywhere=_comparison(rows, rates),
        as_far=_comparison((row for row in rows if row.as_far), rates),
        stage=first_stage,
        flow=_flow(session, viewer),
        gaps=gaps,
        coverage=coverage,
        segments=len(coverage.segments),
        unplaced=unplaced,
    )


def wilson(successes: int, cases: int) -> tuple[float, float]:
    """Wilson's 90 % score interval of a share; from 0 to 1 without any cases."""
    if not cases:
        return 0.0, 1.0
    share, square = successes / cases, Z90 * Z90
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    half = Z90 * math.sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    half /= 1 + square / cases
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class _ClosedDeals:
    """The number and the value of deals that closed on a day in the same way, in one currency."""

    outcome: str
    currency: str | None
    closed: date | None
    referenced: bool
    as_far: bool
    deals: int
    priced: int
    amount: Decimal


def _closed_deals(session: Session, viewer: Viewer, stages: list[str]) -> list[_ClosedDeals]:
    """The closed deals by kind; `stages` are those from which a reference can be asked for."""
    completed = (
        select(ReferenceRequest.id)
        .where(
            ReferenceRequest.deal_id == Deal.id,
            col(ReferenceRequest.state) == State.COMPLETED,
        )
        .exists()
    )
    moved: Any = col(TimelineEntry.detail)
    # A move from or to such a stage counts; the closing stage itself tells nothing.
    came_as_far = (
        select(TimelineEntry.id)
        .where(
            TimelineEntry.deal_id == Deal.id,
            TimelineEntry.kind == "stage",
            sa.or_(
                moved[("stage", 0)].as_string().in_(stages),
                moved[("stage", 1)].as_string().in_(stages),
            ),
        )
        .exists()
    )
    deals = (
        sa.select(
            col(Deal.outcome).label("outcome"),
            col(Deal.currency).label("currency"),
            col(Deal.closed).label("closed"),
            completed.label("referenced"),
            sa.or_(completed, came_as_far).label("as_far"),
            col(Deal.amount).label("amount"),
        )
        .where(visible_deals(viewer), col(Deal.outcome).in_(CLOSED_OUTCOMES))
        .subquery()
    )
    kind = {
        name: deals.c[name] for name in ("outcome", "currency", "closed", "referenced", "as_far")
    }
    query = select_row(
        _ClosedDeals,
        **kind,
        deals=sa.func.count(),
        priced=sa.func.count(deals.c.amount),
        amount=sa.func.coalesce(sa.func.sum(deals.c.amount), 0),
    ).group_by(*kind.values())
    return fetch(session, _ClosedDeals, query)


def _comparison(rows: Iterable[_ClosedDeals], rates: Rates) -> Comparison:
    sides: dict[bool, list[_ClosedDeals]] = {True: [], False: []}
    for row in rows:
        sides[bool(row.referenced)].append(row)
    return Comparison(_side(sides[True], rates), _side(sides[False], rates))


def _side(rows: Sequence[_ClosedDeals], rates: Rates) -> Side:
    won = [row for row in rows if row.outcome == Outcome.WON]
    amounts = rates.add_up((row.amount, row.currency, row.closed) for row in won if row.priced)
    return Side(
        closed=sum(row.deals for row in rows),
        won=sum(row.deals for row in won),
        amounts=_largest_first(amounts),
        unpriced=sum(row.deals - row.priced for row in won),
    )


@dataclass(frozen=True)
class _RequestFlow:
    """When a request was submitted and first scheduled, and how an invitation was answered."""

    submitted_at: datetime | None
    scheduled_at: datetime | None
    accepted: int
    refused: int


def _flow(session: Session, viewer: Viewer) -> Flow:
    def first(action: str) -> Any:
        return sa.func.min(sa.case((col(RequestStep.action) == action, col(RequestStep.at))))

    def answered(action: str) -> Any:
        to_invitation = sa.and_(
            col(RequestStep.action) == action, col(RequestStep.before) == State.INVITED
        )
        return sa.func.max(sa.case((to_invitation, 1), else_=0))

    query = (
        select_row(
            _RequestFlow,
            submitted_at=first("submit"),
            scheduled_at=first("schedule"),
            accepted=answered("accept"),
            refused=answered("refuse"),
        )
        .select_from(RequestStep)
        .join(ReferenceRequest, col(ReferenceRequest.id) == col(RequestStep.request_id))
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .where(visible_deals(viewer))
        .group_by(col(RequestStep.request_id))
    )
    rows = fetch(session, _RequestFlow, query)
    days = [
        (row.scheduled_at - row.submitted_at).total_seconds() / 86_400
        for row in rows
        if row.submitted_at and row.scheduled_at
    ]
    accepted = sum(row.accepted for row in rows)
    return Flow(
        scheduled=len(days),
        median_days=statistics.median(days) if len(days) >= FEWEST_REQUESTS else None,
        answered=accepted + sum(row.refused for row in rows),
        accepted=accepted,
    )


@dataclass(frozen=True)
class _OpenDeals:
    """The open deals of a segment in one currency."""

    section: str | None
    region: str | None
    currency: str | None
    deals: int
    priced: int
    amount: Decimal


@dataclass(frozen=True)
class _SegmentAdvocate:
    id: int
    section: str
    region: str


def _gaps(session: Session, viewer: Viewer, rates: Rates) -> tuple[list[Gap], Coverage, int]:
    """The segments without an available advocate, all segments, and the number of deals in none."""
    segment = {"section": sa.func.substr(Account.industry, 1, 1), "region": col(Account.region)}
    query = (
        select_row(
            _OpenDeals,
            **segment,
            currency=col(Deal.currency),
            deals=sa.func.count(),
            priced=sa.func.count(col(Deal.amount)),
            amount=sa.func.coalesce(sa.func.sum(col(Deal.amount)), 0),
        )
        .select_from(Deal)
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(visible_deals(viewer), col(Deal.outcome) == Outcome.OPEN)
        .group_by(*segment.values(), col(Deal.currency))
    )
    deals: dict[tuple[str, str], int] = defaultdict(int)
    parts: dict[tuple[str, str], list[Part]] = defaultdict(list)
    unplaced = 0
    for row in fetch(session, _OpenDeals, query):
        if not row.section or not row.region:
            unplaced += row.deals
            continue
        deals[row.section, row.region] += row.deals
        if row.priced:
            parts[row.section, row.region].append((row.amount, row.currency, None))
    available = _availability_by_segment(session, viewer, segment)
    gaps = []
    for place, count in deals.items():
        advocates = available[place]
        if not any(advocate.may_be_asked for advocate in advocates):
            section, region = place
            days = [advocate.next_on for advocate in advocates if advocate.next_on]
            gaps.append(
                Gap(
                    section=section,
                    region=region,
                    deals=count,
                    amounts=_largest_first(rates.add_up(parts[place])),
                    advocates=len(advocates),
                    next_on=min(days, default=None),
                )
            )
    gaps.sort(key=lambda gap: (-gap.deals, gap.section, gap.region))
    segments = {
        place: Segment(*place, count, sum(each.may_be_asked for each in available[place]))
        for place, count in deals.items()
    }
    return gaps, _coverage(segments), unplaced


def _coverage(segments: dict[tuple[str, str], Segment]) -> Coverage:
    sections: dict[str, int] = defaultdict(int)
    regions: dict[str, int] = defaultdict(int)
    for segment in segments.values():
        sections[segment.section] += segment.deals
        regions[segment.region] += segment.deals
    return Coverage(
        sections=sorted(sections, key=lambda section: (-sections[section], section)),
        regions=sorted(regions, key=lambda region: (-regions[region], region)),
        segments=segments,
    )


def _availability_by_segment(
    session: Session, viewer: Viewer, segment: dict[str, Any]
) -> dict[tuple[str, str], list[Availability]]:
    """Whether the advocates of each segment may be asked for a call today."""
    query = (
        select_row(_SegmentAdvocate, id=col(Advocate.id), **segment)
        .select_from(Advocate)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .join(Account, col(Account.id) == col(Person.account_id))
    )
    advocates = fetch(session, _SegmentAdvocate, query)
    ids = [row.id for row in advocates]
    by_id = availability(session, ids, Activity.CALL, today(), viewer=viewer)
    by_segment: dict[tuple[str, str], list[Availability]] = defaultdict(list)
    for row in advocates:
        by_segment[row.section, row.region].append(by_id[row.id])
    return by_segment


def _stages_that_may_ask(session: Session) -> tuple[list[str], str]:
    """The names of the open stages from which a reference can be asked for, and the first's."""
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
    return tuple(sorted(amounts.items(), key=lambda item: -item[1]))
