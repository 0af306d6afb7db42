"""Deal teams: the seats on a deal and who fills them."""

from datetime import date

from sqlmodel import Field, Session, SQLModel, select

from workspace.activity import record
from workspace.clock import today
from workspace.deals import NOBODY_SEES, Deal, hold, is_seen
from workspace.errors import Conflict

SEAT_ROLES = (
    "account executive",
    "product expert",
    "sales engineer",
    "consultant",
    "auditor",
    "trainer",
    "executive sponsor",
)


class Seat(SQLModel, table=True):
    """A place on a deal's team: filled by a member, or open."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    role: str = Field(max_length=40)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    since: date | None = None


def add_seat(
    session: Session,
    deal: Deal,
    role: str,
    person_id: int | None,
    by: int | None,
    since: date | None = None,
) -> Seat:
    """A seat on the team: filled where a person is given, else open. One person, one role once."""
    if person_id is not None:
        open_seat = None
        for seat in session.exec(select(Seat).where(Seat.deal_id == deal.id, Seat.role == role)):
            if seat.person_id == person_id:
                raise Conflict("They are on this team in that role already.")
            if seat.person_id is None:
                open_seat = open_seat or seat
        if open_seat:
            return fill_seat(session, open_seat, person_id, by, since)
    seat = Seat(deal_id=deal.id, role=role, person_id=person_id, since=since or today())
    session.add(seat)
    record(session, deal.id, by, "seat", detail={"role": role, "person_id": person_id})
    return seat


def fill_seat(
    session: Session, seat: Seat, person_id: int, by: int | None, since: date | None = None
) -> Seat:
    """Put a member into an open seat."""
    seat.person_id = person_id
    seat.since = since or today()
    session.add(seat)
    record(session, seat.deal_id, by, "seat", detail={"role": seat.role, "person_id": person_id})
    return seat


def free_seat(session: Session, seat: Seat, by: int | None) -> None:
    """Take the member out of a seat; the seat stays, open."""
    deal = session.get_one(Deal, seat.deal_id)
    hold(session, deal)
    if deal.confidential and not is_seen(session, deal, deal.owner_id, freed=seat.id):
        raise Conflict(f"{NOBODY_SEES} Give it an owner, or invite somebody, first.")
    left = seat.person_id
    seat.person_id = None
    session.add(seat)
    record(session, seat.deal_id, by, "seat", detail={"role": seat.role, "left_id": left})
