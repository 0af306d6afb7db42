"""Workload: the seats that members have on open deals, against their own limits."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import today
from workspace.deals.access import confidential_seen, hidden_deals
from workspace.deals.availability import (
    USUAL_LIMIT,
    MemberAvailability,
    availability_of,
    is_away,
)
from workspace.deals.tables import Deal, Outcome, Seat
from workspace.errors import Conflict
from workspace.people.tables import Member
from workspace.people.viewer import Viewer
from workspace.reading import found_once


@dataclass(frozen=True)
class Load:
    """A member's workload, by the deals that the viewer may see."""

    seats: int
    limit: int
    away: bool

    @property
    def left(self) -> int:
        """The number of further seats that they can take."""
        return 0 if self.away else max(0, self.limit - self.seats)

    @property
    def is_full(self) -> bool:
        """Whether they have as many seats as they take."""
        return self.seats >= self.limit

    @property
    def share_left(self) -> float:
        """The share of their limit that is left."""
        return self.left / self.limit if self.limit else 0.0

    @property
    def text(self) -> str:
        """The workload in words."""
        if self.away:
            return "Away"
        return f"On {self.seats} of {self.limit} deal{'' if self.limit == 1 else 's'}"


def loads_of(session: Session, viewer: Viewer) -> dict[int, Load]:
    """The workload of every active member."""
    return found_once(
        session,
        ("loads", confidential_seen(session, viewer), today()),
        lambda: _loads_of(session, viewer),
    )


def _loads_of(session: Session, viewer: Viewer) -> dict[int, Load]:
    # Few deals are hidden: all seats are counted, and those on hidden deals are taken off again.
    everywhere, hidden = _seat_counts(viewer)
    counts: dict[int, int] = dict(session.execute(everywhere).all())
    for person_id, count in session.execute(hidden):
        counts[person_id] = counts.get(person_id, 0) - count
    said = {row.person_id: row for row in session.exec(_AVAILABILITIES)}
    day = today()
    loads = {}
    for person in session.exec(_ACTIVE):
        row = said.get(person)
        limit = row.seat_limit if row else USUAL_LIMIT
        loads[person] = Load(counts.get(person, 0), limit, bool(row and is_away(row, day)))
    return loads


_AVAILABILITIES = select(MemberAvailability)
_ACTIVE = select(Member.person_id).where(col(Member.active).is_(True))


@lru_cache(maxsize=1000)
def _seat_counts(viewer: Viewer) -> tuple[Any, Any]:
    """The queries for how many seats each member has on open deals, and on hidden ones of them."""
    counted: Any = sa.select(col(Seat.person_id), sa.func.count())
    seats = _on_open_deals(counted).group_by(col(Seat.person_id))
    return seats, seats.where(hidden_deals(viewer))


def require_room(session: Session, person_id: int) -> None:
    """Refuse a further seat to a member who has as many as they take, on whatever deals.

    A lock keeps them from taking two seats at the same moment.
    """
    session.exec(
        select(Member.person_id)
        .where(Member.person_id == person_id)
        .with_for_update(key_share=True)
    ).one()
    taken = _on_open_deals(sa.select(sa.func.count())).where(col(Seat.person_id) == person_id)
    if session.execute(taken).scalar_one() >= availability_of(session, person_id).seat_limit:
        raise Conflict(
            "You have as many seats as you take at once: raise your limit under My availability,"
            " or decline."
        )


def _on_open_deals(seats: sa.Select[Any]) -> Any:
    """A query on seats, for those that are filled and on open deals."""
    return (
        seats.select_from(Seat)
        .join(Deal, col(Deal.id) == col(Seat.deal_id))
        .where(col(Deal.outcome) == Outcome.OPEN, col(Seat.person_id).is_not(None))
    )
