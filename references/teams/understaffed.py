"""Open deals with open seats: those that need people."""

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
    order = (day_or(LAST, Deal.expected_close), col(Deal.id))
    # The rows of deals are long, so only those of the next ones are read.
    query = (
        sa.select(col(Deal.id), sa.func.count().label("open_seats"))
        .join(Seat, col(Seat.deal_id) == col(Deal.id))
        .where(
            visible_deals(viewer),
            col(Deal.outcome) == Outcome.OPEN,
            col(Seat.person_id).is_(None),
        )
        .group_by(col(Deal.id))
        .order_by(*order)
        .limit(limit)
    )
    if only is not None:
        query = query.where(col(Deal.id) == only)
    found = query.subquery()
    rows = sa.select(Deal, found.c.open_seats).join(found, found.c.id == Deal.id).order_by(*order)
    return [(deal, count) for deal, count in session.execute(rows)]
