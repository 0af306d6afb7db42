"""The open deals by stage, with totals, as the board shows them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.clock import today
from workspace.database import fetch, page_after, select_row
from workspace.deals import access
from workspace.deals.filters import ALL_DEALS, CLOSED, DealFilter
from workspace.deals.lists import DealRow, row_query
from workspace.deals.money import rates_of
from workspace.deals.stages import stages
from workspace.deals.tables import LAST, Deal, Outcome, day_or
from workspace.people.viewer import Viewer
from workspace.reading import found_once


@dataclass(frozen=True)
class StageTotal:
    """How many open deals are at a stage, and the sums of their amounts (`money.Rates`)."""

    count: int
    overdue: int
    sums: dict[str, Decimal]


@dataclass(frozen=True)
class _CurrencyTotal:
    """The part of a stage's total that is in one currency."""

    stage_id: int
    currency: str | None
    count: int
    overdue: int
    amount: Decimal | None


# A column is ordered by expected close; deals without a date come last.
_ORDER: tuple[Any, ...] = (day_or(LAST, Deal.expected_close), col(Deal.id))


def stage_totals(
    session: Session, viewer: Viewer, chosen: DealFilter = ALL_DEALS
) -> dict[int, StageTotal]:
    """The totals of the stages with open deals that a viewer may see and has chosen."""
    key = (StageTotal, access.confidential_seen(session, viewer), chosen, today())
    return found_once(session, key, lambda: _stage_totals(session, viewer, chosen))


def _stage_totals(session: Session, viewer: Viewer, chosen: DealFilter) -> dict[int, StageTotal]:
    late = sa.func.sum(sa.case((col(Deal.expected_close) < today(), 1), else_=0))
    query = (
        select_row(
            _CurrencyTotal,
            Deal,
            count=sa.func.count(),
            overdue=late,
            amount=sa.func.sum(col(Deal.amount)),
        )
        .where(access.visible_deals(viewer), *_open_deals(chosen))
        .group_by(col(Deal.stage_id), col(Deal.currency))
        .order_by(col(Deal.currency))
    )
    by_stage: dict[int, list[_CurrencyTotal]] = defaultdict(list)
    for row in fetch(session, _CurrencyTotal, query):
        by_stage[row.stage_id].append(row)
    rates = rates_of(session)
    return {
        stage_id: StageTotal(
            count=sum(row.count for row in rows),
            overdue=sum(row.overdue for row in rows),
            sums=rates.add_up((row.amount, row.currency, None) for row in rows if row.currency),
        )
        for stage_id, rows in by_stage.items()
    }


def stage_cards(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter = ALL_DEALS,
    *,
    limit: int,
    moved: str | None = None,
) -> list[DealRow]:
    """The first `limit` open deals of each stage, and the deal of the key `moved`.

    That deal comes before the others, so that the member who moved it finds it.
    """
    open_stages = tuple(stage.id for stage in stages(session) if stage.outcome == Outcome.OPEN)
    query = _cards_query(viewer, chosen, open_stages, limit, today())
    seen = access.confidential_seen(session, viewer)
    key = (stage_cards, seen, chosen, open_stages, limit, moved, today())
    rows = found_once(session, key, lambda: fetch(session, DealRow, query, moved=moved))
    return list(rows)


# A filter may be about today, so that a query is kept for its day.
@lru_cache(maxsize=200)
def _cards_query(
    viewer: Viewer, chosen: DealFilter, stage_ids: tuple[int, ...], limit: int, on: date
) -> sa.Select[Any]:
    shown = (access.visible_deals(viewer), *_open_deals(chosen))
    is_moved = col(Deal.key) == sa.bindparam("moved", type_=sa.Text)
    # Of each stage by itself, so that an index gives the first ones and the others are not read.
    first = [
        sa.select(col(Deal.id))
        .where(*shown, col(Deal.stage_id) == stage_id)
        .order_by(*_ORDER)
        .limit(limit)
        .subquery()
        for stage_id in stage_ids
    ]
    chosen_ids = sa.union_all(
        *(sa.select(found.c.id) for found in first),
        sa.select(col(Deal.id)).where(*shown, is_moved),
    )
    return row_query().where(col(Deal.id).in_(chosen_ids)).order_by(sa.desc(is_moved), *_ORDER)


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
    visible = access.visible_deals(viewer)
    query = page_after(
        session,
        row_query().where(visible, *_open_deals(chosen), col(Deal.stage_id) == stage_id),
        _ORDER,
        sa.select(*_ORDER).where(visible, col(Deal.key) == after),
    )
    return fetch(session, DealRow, query.limit(limit))


def closed_since(
    session: Session, viewer: Viewer, day: date, chosen: DealFilter = ALL_DEALS
) -> dict[str, int]:
    """How many deals that a viewer may see and has chosen closed since a day, by outcome.

    The filter's stage and outcome do not count: they choose open deals of the board, and a closed
    deal has left it.
    """
    key = (closed_since, access.confidential_seen(session, viewer), day, chosen, today())
    rows = found_once(session, key, lambda: _closed_since(session, viewer, day, chosen))
    return dict(rows)


def _closed_since(session: Session, viewer: Viewer, day: date, chosen: DealFilter) -> Sequence[Any]:
    query = (
        sa.select(col(Deal.outcome), sa.func.count())
        .where(
            access.visible_deals(viewer),
            *replace(chosen, stage=None, outcome=CLOSED).where(),
            col(Deal.closed) >= day,
        )
        .group_by(col(Deal.outcome))
    )
    return session.execute(query).all()


def _open_deals(chosen: DealFilter) -> list[sa.ColumnElement[bool]]:
    return replace(chosen, outcome=Outcome.OPEN).where()
