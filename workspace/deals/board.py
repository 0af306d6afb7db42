"""The open deals by stage, with totals, as the board shows them."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import today
from workspace.deals import access
from workspace.deals.filters import ALL_DEALS, CLOSED, DealFilter
from workspace.deals.lists import DealRow, row_query
from workspace.deals.tables import Deal, Outcome
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class StageTotal:
    """How many open deals are at a stage, and their amounts: one sum for each currency."""

    count: int
    overdue: int
    sums: dict[str, Decimal]


# Deals of a column are in the order in which they should close; those with no date come last.
_SOONEST = sa.func.coalesce(Deal.expected_close, date.max)


def stage_totals(
    session: Session, viewer: Viewer, chosen: DealFilter = ALL_DEALS
) -> dict[int, StageTotal]:
    """The totals of each stage that has open deals which a viewer may see and has chosen."""
    late = sa.func.sum(sa.case((col(Deal.expected_close) < today(), 1), else_=0))
    query = (
        sa.select(
            col(Deal.stage_id),
            col(Deal.currency),
            sa.func.count(),
            late,
            sa.func.sum(col(Deal.amount)),
        )
        .where(access.visible_deals(viewer), *_open_ones(chosen))
        .group_by(col(Deal.stage_id), col(Deal.currency))
        .order_by(col(Deal.currency))
    )
    found: dict[int, StageTotal] = {}
    for stage_id, currency, count, overdue, amount in session.execute(query):
        so_far = found.get(stage_id, StageTotal(0, 0, {}))
        sums = {currency: amount} if currency and amount else {}
        found[stage_id] = StageTotal(
            so_far.count + count, so_far.overdue + overdue, {**so_far.sums, **sums}
        )
    return found


def stage_cards(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter = ALL_DEALS,
    *,
    limit: int,
    moved: str | None = None,
) -> list[DealRow]:
    """The first `limit` open deals of each stage, and the one of the key `moved`, which is put
    before the others: whoever has moved it must find it."""
    place = sa.func.row_number().over(
        partition_by=col(Deal.stage_id), order_by=[_SOONEST, col(Deal.id)]
    )
    placed = (
        sa.select(col(Deal.id), place.label("place"), (col(Deal.key) == moved).label("moved"))
        .where(access.visible_deals(viewer), *_open_ones(chosen))
        .subquery()
    )
    query = (
        row_query()
        .join(placed, placed.c.id == Deal.id)
        .where(sa.or_(placed.c.place <= limit, placed.c.moved))
        .order_by(sa.desc(placed.c.moved), placed.c.place)
    )
    return [DealRow(*row) for row in session.exec(query)]


def more_cards(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter,
    stage_id: int,
    after: str,
    *,
    limit: int,
) -> list[DealRow]:
    """The open deals of one stage that come after the deal of the key `after`."""
    query = row_query().where(
        access.visible_deals(viewer), *_open_ones(chosen), Deal.stage_id == stage_id
    )
    last = session.exec(
        select(_SOONEST, Deal.id).where(access.visible_deals(viewer), Deal.key == after)
    ).first()
    if last:
        query = query.where(sa.tuple_(_SOONEST, Deal.id) > sa.tuple_(*map(sa.literal, last)))
    return [DealRow(*row) for row in session.exec(query.order_by(_SOONEST, Deal.id).limit(limit))]


def closed_since(
    session: Session, viewer: Viewer, day: date, chosen: DealFilter = ALL_DEALS
) -> dict[str, int]:
    """How many deals, of those a viewer may see and has chosen, closed since a day, by outcome.

    Neither the stage nor the outcome of the filter counts: a board is chosen by them, and what
    closed has left it.
    """
    query = (
        sa.select(col(Deal.outcome), sa.func.count())
        .where(
            access.visible_deals(viewer),
            *replace(chosen, stage=None, outcome=CLOSED).where(),
            col(Deal.closed) >= day,
        )
        .group_by(col(Deal.outcome))
    )
    return dict(session.execute(query).all())


def _open_ones(chosen: DealFilter) -> list[sa.ColumnElement[bool]]:
    return replace(chosen, outcome=Outcome.OPEN).where()
