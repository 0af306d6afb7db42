"""Lists of deals that a viewer may see, and what a filter or a form may choose from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import fetch, page_after, select_row
from workspace.deals import access
from workspace.deals.filters import ALL_DEALS, DealFilter
from workspace.deals.money import rates_of
from workspace.deals.products import competitor_choices, product_choices
from workspace.deals.stages import stages
from workspace.deals.tables import (
    FIRST,
    LAST,
    Deal,
    Outcome,
    Seat,
    Stage,
    day_or,
)
from workspace.people.people import active_members
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once


@dataclass(frozen=True)
class DealRow:
    """A deal as a line of a list."""

    id: int
    key: str
    name: str
    account: str | None
    account_key: str | None
    stage: str
    outcome: str
    amount: Decimal | None
    currency: str | None
    opened: date | None
    expected_close: date | None
    closed: date | None
    owner: str | None
    owner_key: str | None
    next_step: str
    next_step_on: date | None
    confidential: bool
    stage_since: date | None
    rotting_days: int
    version: int
    parked_reason: str
    wakes_on: date | None
    wakes_when: str
    own: dict[str, Any]
    yearly: Decimal | None
    term_months: int | None
    renews_on: date | None

    @property
    def overdue(self) -> bool:
        """Whether the expected close of an open deal has passed."""
        return (
            self.outcome == Outcome.OPEN
            and self.expected_close is not None
            and self.expected_close < today()
        )

    @property
    def unmoved(self) -> int | None:
        """For how many days an open deal has not moved, as far as the record knows."""
        if self.outcome != Outcome.OPEN or self.stage_since is None:
            return None
        return (today() - self.stage_since).days

    @property
    def rotting(self) -> bool:
        """Whether an open deal has not moved for longer than its stage allows."""
        return self.unmoved is not None and self.unmoved > self.rotting_days


_OWNER = aliased(Person)
# No order column is null, so that a page can begin after any row.
_ORDERS: dict[str, Any] = {
    "opened": day_or(FIRST, Deal.opened),
    "name": sa.func.lower(Deal.name),
    "account": sa.func.lower(sa.func.coalesce(Account.name, "")),
    "stage": col(Stage.position),
    "amount": sa.func.coalesce(Deal.amount, -1),
    "next": day_or(LAST, Deal.next_step_on),
    "close": day_or(FIRST, Deal.closed, Deal.expected_close),
    "owner": sa.func.lower(sa.func.coalesce(_OWNER.name, "")),
    "moved": day_or(FIRST, Deal.stage_since),
    "yearly": sa.func.coalesce(Deal.yearly, -1),
    "renews": day_or(LAST, Deal.renews_on),
    "wakes": day_or(LAST, Deal.wakes_on),
}
DEAL_ORDERS = tuple(_ORDERS)
# Of a record of a million deals, counting all of them would take longer than showing a page.
COUNTED = 10_000


def deal_rows(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter = ALL_DEALS,
    *,
    order: str = "opened",
    own_order: sa.ColumnElement[Any] | None = None,
    descending: bool = True,
    after: str | None = None,
    limit: int = 50,
) -> list[DealRow]:
    """The deals that a viewer may see and has chosen, in order, from after the deal of the key
    `after`.

    `own_order` takes the place of `order`: what an own field makes of its column.
    """
    asked = (chosen, descending, after, limit)
    if own_order is not None:
        return _deal_rows(session, viewer, own_order, *asked)
    # A filter may be about today.
    key = (DealRow, access.confidential_seen(session, viewer), order, asked, today())
    rows = found_once(session, key, lambda: _deal_rows(session, viewer, _ORDERS[order], *asked))
    return list(rows)


def _deal_rows(
    session: Session,
    viewer: Viewer,
    ordered_by: sa.ColumnElement[Any],
    chosen: DealFilter,
    descending: bool,
    after: str | None,
    limit: int,
) -> list[DealRow]:
    columns = (ordered_by, col(Deal.id))
    visible = access.visible_deals(viewer)
    # The page's deals are chosen first, so that the joins which only show something are made for
    # them alone.
    chosen_ids = page_after(
        session,
        _ordered(col(Deal.id)).where(visible, *chosen.where()),
        columns,
        _ordered(*columns).where(visible, col(Deal.key) == after) if after else None,
        descending=descending,
    )
    page = chosen_ids.limit(limit).subquery()
    turn = sa.desc if descending else sa.asc
    rows = row_query().join(page, page.c.id == Deal.id).order_by(*map(turn, columns))
    return fetch(session, DealRow, rows)


def rows_of_deal(session: Session, viewer: Viewer, key: str) -> list[DealRow]:
    """The deal of a key as a line of a list; none where the viewer may not see it."""
    query = row_query().where(access.visible_deals(viewer), col(Deal.key) == key)
    return fetch(session, DealRow, query)


@dataclass(frozen=True)
class Totals:
    """How many deals were chosen, by outcome, and the sums of their amounts (`money.Rates`)."""

    counts: dict[str, int]
    sums: dict[str, Decimal]
    # Whether there are more than were counted; then there are no sums.
    more: bool

    @property
    def count(self) -> int:
        """How many deals were counted."""
        return sum(self.counts.values())

    @property
    def limit(self) -> int:
        """How many deals are counted at most."""
        return COUNTED


@dataclass(frozen=True)
class _Total:
    outcome: str
    currency: str | None
    closed: date | None
    count: int
    amount: Decimal | None


def deal_totals(session: Session, viewer: Viewer, chosen: DealFilter = ALL_DEALS) -> Totals:
    """The totals of the deals that a viewer may see and has chosen, of at most COUNTED."""
    key = (Totals, access.confidential_seen(session, viewer), chosen, today())
    return found_once(session, key, lambda: _deal_totals(session, viewer, chosen))


def _deal_totals(session: Session, viewer: Viewer, chosen: DealFilter) -> Totals:
    rates = rates_of(session)
    query = _totals_query(viewer, chosen, tuple(rates.days), today())
    counts: dict[str, int] = {}
    rows = fetch(session, _Total, query, most=COUNTED + 1)
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + row.count
    if sum(counts.values()) > COUNTED:
        return Totals({}, {}, more=True)
    sums = rates.add_up((row.amount, row.currency, row.closed) for row in rows if row.currency)
    return Totals(counts, sums, more=False)


# A filter may be about today, so that a query is kept for its day.
@lru_cache(maxsize=200)
def _totals_query(
    viewer: Viewer, chosen: DealFilter, rated: tuple[str, ...], on: date
) -> sa.Select[Any]:
    # The day matters only where it decides about a rate.
    day = sa.case((col(Deal.currency).in_(rated), col(Deal.closed))).label("closed")
    some = (
        sa.select(col(Deal.outcome), col(Deal.currency), col(Deal.amount), day)
        .where(access.visible_deals(viewer), *chosen.where())
        .limit(sa.bindparam("most"))
        .subquery()
    )
    columns = (some.c.outcome, some.c.currency, some.c.closed)
    return (
        sa.select(
            *columns, sa.func.count().label("count"), sa.func.sum(some.c.amount).label("amount")
        )
        .group_by(*columns)
        .order_by(*columns)
    )


def deals_of_member(
    session: Session,
    viewer: Viewer,
    person_id: int,
    *,
    outcome: str | None = None,
    limit: int = 50,
) -> list[DealRow]:
    """The deals that a member owns or has a seat on, of those that the viewer may see.

    Open deals come in the order of their expected close, and deals without a date come last.
    """
    on_team = select(Seat.deal_id).where(Seat.person_id == person_id)
    query = row_query().where(
        access.visible_deals(viewer),
        sa.or_(col(Deal.owner_id) == person_id, col(Deal.id).in_(on_team)),
    )
    if outcome:
        query = query.where(col(Deal.outcome) == outcome)
        day = Deal.expected_close if outcome == Outcome.OPEN else Deal.closed
        order = sa.asc if outcome == Outcome.OPEN else sa.desc
        query = query.order_by(col(day).is_(None), order(col(day)))
    else:
        query = query.order_by(sa.desc(_ORDERS["opened"]))
    return fetch(session, DealRow, query.order_by(col(Deal.id)).limit(limit))


def closed_deals(session: Session, viewer: Viewer, *, limit: int = 6) -> list[DealRow]:
    """The deals that were won or lost last."""
    # Said so that SQLite reads the deals in their order, not all that are closed.
    is_closed = col(Deal.outcome).not_in((Outcome.OPEN, Outcome.PARKED))
    query = row_query().where(access.visible_deals(viewer), is_closed)
    newest = query.order_by(sa.desc(day_or(FIRST, Deal.closed)), sa.desc(col(Deal.id)))
    return fetch(session, DealRow, newest.limit(limit))


@dataclass(frozen=True)
class Choices:
    """What a filter or a form on deals may choose from, as (value, label)."""

    stages: list[tuple[str, str]]
    products: list[tuple[str, str]]
    competitors: list[tuple[str, str]]
    owners: list[tuple[str, str]]
    regions: list[str]


_REGIONS = select(Account.region).where(col(Account.region).is_not(None)).distinct()


def choices(session: Session, viewer: Viewer) -> Choices:
    """The choices of a viewer."""
    return Choices(
        stages=[(row.name, row.name) for row in stages(session)],
        products=product_choices(session, viewer),
        competitors=competitor_choices(session, viewer),
        owners=active_members(session),
        regions=list(found_once(session, _REGIONS, lambda: _regions(session))),
    )


def _regions(session: Session) -> list[str]:
    return sorted(region for region in session.exec(_REGIONS) if region)


def usual_currency(session: Session, viewer: Viewer) -> str:
    """The currency that this viewer's last deal was in, or anybody's."""
    mine = sa.case((col(Deal.owner_id) == viewer.person_id, 0), else_=1)
    currency = session.exec(
        select(Deal.currency)
        .where(access.visible_deals(viewer), col(Deal.currency).is_not(None))
        .order_by(mine, sa.desc(col(Deal.id)))
        .limit(1)
    ).first()
    return currency or "EUR"


def deal_names(
    session: Session, viewer: Viewer, deal_ids: Iterable[int]
) -> dict[int, tuple[str, str]]:
    """The key and the name of those of these deals that the viewer may see."""
    query = select(Deal.id, Deal.key, Deal.name).where(
        access.visible_deals(viewer), col(Deal.id).in_(list(deal_ids))
    )
    return {deal_id: (key, name) for deal_id, key, name in session.exec(query)}


@lru_cache
def row_query() -> sa.Select[Any]:
    """A query for rows of `DealRow`, of any deals; the caller restricts it to a viewer's."""
    return (
        select_row(
            DealRow,
            Deal,
            Account,
            Stage,
            account=Account.name,
            stage=Stage.name,
            owner=_OWNER.name,
            owner_key=_OWNER.key,
        )
        .join(Stage, col(Stage.id) == col(Deal.stage_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(_OWNER, col(_OWNER.id) == col(Deal.owner_id))
    )


def _ordered(*columns: Any) -> sa.Select[Any]:
    """A query on deals joined with every table that a list may order by.

    Every join is an outer one, though every deal has a stage: databases leave out an outer join
    that an order does not need.
    """
    return (
        sa.select(*columns)
        .select_from(Deal)
        .outerjoin(Stage, col(Stage.id) == col(Deal.stage_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(_OWNER, col(_OWNER.id) == col(Deal.owner_id))
    )
