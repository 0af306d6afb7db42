"""Open deals with open seats: those that need people."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.deals.access import visible_deals
from workspace.deals.tables import LAST, Deal, Outcome, Seat, day_or
from workspace.people.viewer import Viewer

# So many deals are staffed together: those that close next.
MOST_DEALS = 100


def understaffed(
    session: Session, viewer: Viewer, *, limit: int = 50, only: int | None = None
) -> list[tuple[Deal, int]]:
    """Open deals with open seats that the viewer may see, and the number of these seats.

    The next deals to close come first.
    """
    query = _understaffed(viewer, one=only is not None)
    rows = session.execute(query, {"most": limit, "only": only})
    return [(deal, count) for deal, count in rows]


@lru_cache(maxsize=1000)
def _understaffed(viewer: Viewer, *, one: bool) -> Any:
    order = (day_or(LAST, Deal.expected_close), col(Deal.id))
    is_open_seat = sa.and_(col(Seat.deal_id) == col(Deal.id), col(Seat.person_id).is_(None))
    count = sa.select(sa.func.count()).select_from(Seat).where(is_open_seat).correlate(Deal)
    # The rows of deals are long, so only those of the next ones are read; their seats are counted
    # one deal after the other, so that an index gives the next deals and the others are not read.
    query = (
        sa.select(col(Deal.id), count.scalar_subquery().label("open_seats"))
        .where(
            visible_deals(viewer),
            col(Deal.outcome) == Outcome.OPEN,
            sa.exists(sa.select(sa.literal(1)).select_from(Seat).where(is_open_seat)),
        )
        .order_by(*order)
        .limit(sa.bindparam("most"))
    )
    if one:
        query = query.where(col(Deal.id) == sa.bindparam("only"))
    found = query.subquery()
    return sa.select(Deal, found.c.open_seats).join(found, found.c.id == Deal.id).order_by(*order)
