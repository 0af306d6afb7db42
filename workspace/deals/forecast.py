"""The forecast: what is won, and what open deals promise, by quarter and member.

An open deal is in a category by the probability of its stage. Its quarter is that of its expected
close; a close that has passed counts in the current quarter.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Numeric
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import today
from workspace.database import fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.money import Rates
from workspace.deals.quarters import Quarter, category_of, quarter_of
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


class Quota(SQLModel, table=True):
    """What a member is to win in a quarter, in the company's currency."""

    person_id: int = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    year: int = Field(primary_key=True)
    quarter: int = Field(primary_key=True)
    amount: Decimal = Field(sa_type=Numeric(14, 2))


@dataclass
class Line:
    """Sums of a quarter, of one member or of all, in the company's currency.

    What has no rate is in `unconverted`.
    """

    name: str
    key: str
    won: Decimal = Decimal(0)
    commit: Decimal = Decimal(0)
    likely: Decimal = Decimal(0)
    upside: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    quota: Decimal | None = None
    unconverted: int = 0

    @property
    def expected(self) -> Decimal:
        """What is won, and the open deals by their probabilities."""
        return self.won + self.weighted

    @property
    def gap(self) -> Decimal | None:
        """What is missing from the quota; None without one."""
        return None if self.quota is None else self.quota - self.expected


@dataclass(frozen=True)
class QuarterForecast:
    """The forecast of a quarter: the sum, and each member's part."""

    quarter: Quarter
    total: Line
    members: list[Line]


@dataclass(frozen=True)
class StageSum:
    """The open deals of a stage."""

    stage: str
    probability: int
    count: int
    amount: Decimal
    weighted: Decimal
    # How many have no amount, or one without a rate, and so are in no sum.
    unconverted: int


@dataclass(frozen=True)
class Forecast:
    """The open deals by stage, and the forecast of this quarter and the next."""

    currency: str
    stages: list[StageSum]
    quarters: list[QuarterForecast]

    @property
    def count(self) -> int:
        """How many deals are open."""
        return sum(stage.count for stage in self.stages)

    @property
    def amount(self) -> Decimal:
        """The sum of all open deals."""
        return sum((stage.amount for stage in self.stages), Decimal(0))

    @property
    def unconverted(self) -> int:
        """How many open deals are in no sum."""
        return sum(stage.unconverted for stage in self.stages)

    @property
    def weighted(self) -> Decimal:
        """The same by the probabilities of their stages."""
        return sum((stage.weighted for stage in self.stages), Decimal(0))


@dataclass(frozen=True)
class _Group:
    """The deals of a member at a stage that close on one day, in one currency."""

    stage_id: int
    owner_id: int | None
    currency: str | None
    day: date | None
    count: int
    amount: Decimal | None


@dataclass
class _Sums:
    stages: dict[int, tuple[int, Decimal, int]] = field(
        default_factory=lambda: defaultdict(lambda: (0, Decimal(0), 0))
    )
    lines: dict[tuple[Quarter, int | None], Line] = field(default_factory=dict)


def forecast(session: Session, viewer: Viewer, rates: Rates) -> Forecast:
    """The forecast over the deals that a viewer may see."""
    this = quarter_of(today())
    quarters = (this, this.next)
    pipeline = list(session.exec(select(Stage).order_by(col(Stage.position))))
    by_id = {stage.id: stage for stage in pipeline}
    sums = _Sums()
    for group in _groups(session, viewer, col(Deal.expected_close), Outcome.OPEN):
        stage = by_id[group.stage_id]
        amount = rates.convert(group.amount, group.currency, None)
        count, so_far, unconverted = sums.stages[group.stage_id]
        sums.stages[group.stage_id] = (
            count + group.count,
            so_far + (amount or 0),
            unconverted + (group.count if amount is None else 0),
        )
        quarter = max(this, quarter_of(group.day)) if group.day else None
        if quarter in quarters:
            _add(sums, quarter, group, amount, stage)
    for group in _groups(session, viewer, col(Deal.closed), Outcome.WON, since=this.first_day):
        amount = rates.convert(group.amount, group.currency, group.day)
        if group.day and quarter_of(group.day) in quarters:
            _add(sums, quarter_of(group.day), group, amount, None)
    names = _names(session, {owner for _, owner in sums.lines if owner})
    quotas = {
        (Quarter(row.year, row.quarter), row.person_id): row.amount
        for row in session.exec(
            select(Quota).where(col(Quota.year).in_([q.year for q in quarters]))
        )
    }
    for quarter, person in quotas:
        if quarter in quarters and (quarter, person) not in sums.lines:
            sums.lines[quarter, person] = Line("", "")
            names.update(_names(session, {person}))
    return Forecast(
        currency=rates.home,
        stages=[
            StageSum(
                stage.name,
                stage.probability,
                sums.stages[stage.id][0],
                sums.stages[stage.id][1],
                sums.stages[stage.id][1] * stage.probability / 100,
                sums.stages[stage.id][2],
            )
            for stage in pipeline
            if stage.outcome == Outcome.OPEN
        ],
        quarters=[_quarter(quarter, sums, names, quotas) for quarter in quarters],
    )


def set_quota(
    session: Session, by: int | None, person: Person, quarter: Quarter, amount: Decimal | None
) -> None:
    """Set a member's quota of a quarter, or remove it."""
    row = session.get(Quota, (person.id, quarter.year, quarter.number))
    before = row.amount if row else None
    if amount is None:
        if row:
            session.delete(row)
    else:
        row = row or Quota(
            person_id=person.id, year=quarter.year, quarter=quarter.number, amount=amount
        )
        row.amount = amount
        session.add(row)
    if before != amount:
        detail: dict[str, object] = {quarter.key: [str(before), str(amount)]}
        audit(session, by, "quota set", f"person {person.id}", detail)


def quotas_of(session: Session, quarters: Iterable[Quarter]) -> dict[tuple[int, str], Decimal]:
    """The quotas of these quarters, by the member's id and the quarter's key."""
    wanted = set(quarters)
    rows = session.exec(select(Quota).where(col(Quota.year).in_({q.year for q in wanted})))
    return {
        (row.person_id, Quarter(row.year, row.quarter).key): row.amount
        for row in rows
        if Quarter(row.year, row.quarter) in wanted
    }


def _groups(
    session: Session, viewer: Viewer, day: Any, outcome: Outcome, since: date | None = None
) -> list[_Group]:
    query = (
        select_row(
            _Group, Deal, day=day, count=sa.func.count(), amount=sa.func.sum(col(Deal.amount))
        )
        .where(visible_deals(viewer), col(Deal.outcome) == outcome)
        .group_by(col(Deal.stage_id), col(Deal.owner_id), col(Deal.currency), day)
    )
    if since:
        query = query.where(day >= since)
    return fetch(session, _Group, query)


def _add(
    sums: _Sums, quarter: Quarter, group: _Group, amount: Decimal | None, stage: Stage | None
) -> None:
    """Add a group to its line; without a stage its deals are won."""
    line = sums.lines.setdefault((quarter, group.owner_id), Line("", ""))
    if amount is None:
        line.unconverted += group.count
    elif stage is None:
        line.won += amount
    else:
        category = category_of(stage.probability)
        setattr(line, category, getattr(line, category) + amount)
        line.weighted += amount * stage.probability / 100


def _quarter(
    quarter: Quarter,
    sums: _Sums,
    names: dict[int, tuple[str, str]],
    quotas: dict[tuple[Quarter, int], Decimal],
) -> QuarterForecast:
    total = Line("All", "")
    members = []
    for (of, owner), line in sums.lines.items():
        if of != quarter:
            continue
        line.name, line.key = names.get(owner or 0, ("Unassigned", ""))
        line.quota = quotas.get((quarter, owner or 0))
        members.append(line)
        for name in ("won", "commit", "likely", "upside", "weighted", "unconverted"):
            setattr(total, name, getattr(total, name) + getattr(line, name))
        if line.quota is not None:
            total.quota = (total.quota or Decimal(0)) + line.quota
    members.sort(key=lambda line: (-line.expected, line.name))
    return QuarterForecast(quarter, total, members)


def _names(session: Session, ids: set[int]) -> dict[int, tuple[str, str]]:
    query = select(Person.id, Person.name, Person.key).where(col(Person.id).in_(ids))
    return {row_id: (name, key) for row_id, name, key in session.exec(query)}
