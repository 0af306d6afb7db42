"""Deal teams: the seats on a deal, who fills them, and how much more each member can take."""

from datetime import date
from typing import Any

from sqlmodel import Field, Session, SQLModel, select

from workspace.activity import record
from workspace.audit import audit
from workspace.clock import today
from workspace.deals import NOBODY_SEES, Deal, DealInvitation, hold, is_seen
from workspace.errors import Conflict, Forbidden, Invalid


class Seat(SQLModel, table=True):
    """A place on a deal's team: filled by a member, or open."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    role: str = Field(max_length=40)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    since: date | None = None
    # Who was asked to take it, while they have not answered.
    asked_id: int | None = Field(default=None, foreign_key="person.id", index=True)


class PastSeat(SQLModel, table=True):
    """A seat that a member had and left: it keeps their part in the deal from vanishing."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str = Field(max_length=40)
    since: date | None = None
    until: date


# Seats on open deals that a member can take who has not said how many.
USUAL_LIMIT = 6


class MemberAvailability(SQLModel, table=True):
    """What a member says of their time: how many seats at once, and when they are away."""

    person_id: int = Field(primary_key=True, foreign_key="member.person_id")
    seat_limit: int = USUAL_LIMIT
    away_from: date | None = None
    away_until: date | None = None


def availability_of(session: Session, person_id: int) -> MemberAvailability:
    """What a member says of their time; the usual where they have said nothing."""
    return session.get(MemberAvailability, person_id) or MemberAvailability(person_id=person_id)


def set_availability(
    session: Session,
    person_id: int,
    by: int | None,
    *,
    seat_limit: int,
    away_from: date | None,
    away_until: date | None,
) -> None:
    """Write down how many seats a member takes at once, and when they are away."""
    if away_from and away_until and away_until < away_from:
        raise Invalid("It cannot end before it began.", {"away_until": "Before it began."})
    row = availability_of(session, person_id)
    facts: dict[str, Any] = {
        "seat_limit": seat_limit,
        "away_from": away_from,
        "away_until": away_until,
    }
    row.sqlmodel_update(facts)
    session.add(row)
    audit(session, by, "availability set", f"person {person_id}")


def is_away(row: MemberAvailability, day: date) -> bool:
    """Whether a member is away on a day; away from a day on until nobody knows when counts."""
    if row.away_from is None and row.away_until is None:
        return False
    return (row.away_from is None or row.away_from <= day) and (
        row.away_until is None or day <= row.away_until
    )


def ask_seat(session: Session, seat: Seat, person_id: int, by: int | None) -> None:
    """Ask a member to take an open seat; they accept, or decline with a reason."""
    deal = session.get_one(Deal, seat.deal_id)
    hold(session, deal)
    session.refresh(seat)
    if seat.person_id is not None:
        raise Conflict("Somebody has this seat already.")
    if seat.asked_id is not None:
        raise Conflict("Somebody is asked already: wait for the answer, or take the ask back.")
    if deal.confidential and not _is_involved(session, deal, person_id):
        raise Conflict("They may not see this deal: invite them first.")
    seat.asked_id = person_id
    session.add(seat)
    detail: dict[str, object] = {"role": seat.role, "asked_id": person_id}
    record(session, seat.deal_id, by, "seat", detail=detail, tell={person_id: "seat"})


def accept_seat(session: Session, seat: Seat, person_id: int) -> None:
    """Take a seat that one was asked to take."""
    _answer(session, seat, person_id)
    fill_seat(session, seat, person_id, person_id)


def decline_seat(session: Session, seat: Seat, person_id: int | None, reason: str) -> None:
    """Say no to a seat that one was asked to take; it is open again."""
    _answer(session, seat, person_id)
    session.add(seat)
    detail: dict[str, object] = {"role": seat.role, "declined_id": person_id}
    owner = session.get_one(Deal, seat.deal_id).owner_id
    tell = {owner: "seat"} if owner else {}
    record(session, seat.deal_id, person_id, "seat", reason, detail=detail, tell=tell)


def take_back_ask(session: Session, seat: Seat, by: int | None) -> None:
    """Ask nobody any more to take a seat."""
    asked = seat.asked_id
    if asked is not None:
        _answer(session, seat, asked)
        session.add(seat)
        detail: dict[str, object] = {"role": seat.role, "unasked_id": asked}
        record(session, seat.deal_id, by, "seat", detail=detail)


def _is_involved(session: Session, deal: Deal, person_id: int) -> bool:
    """Whether a member sees a confidential deal: its owner, its team, those invited."""
    on_team = select(Seat.id).where(Seat.deal_id == deal.id, Seat.person_id == person_id)
    return (
        deal.owner_id == person_id
        or session.get(DealInvitation, (deal.id, person_id)) is not None
        or session.exec(on_team.limit(1)).first() is not None
    )


def _answer(session: Session, seat: Seat, person_id: int | None) -> None:
    hold(session, session.get_one(Deal, seat.deal_id))
    session.refresh(seat)
    if person_id is None or seat.asked_id != person_id:
        raise Forbidden("Only the one who was asked answers, and only once.")
    seat.asked_id = None


def add_seat(
    session: Session,
    deal: Deal,
    role: str,
    person_id: int | None,
    by: int | None,
    since: date | None = None,
    *,
    quiet: bool = False,
) -> Seat:
    """A seat on the team: filled where a person is given, else open. One person, one role once.

    `quiet` tells nobody: what a file says of the past is no news.
    """
    if person_id is not None:
        open_seat = None
        for seat in session.exec(select(Seat).where(Seat.deal_id == deal.id, Seat.role == role)):
            if seat.person_id == person_id:
                raise Conflict("They are on this team in that role already.")
            if seat.person_id is None:
                open_seat = open_seat or seat
        if open_seat:
            return fill_seat(session, open_seat, person_id, by, since, quiet=quiet)
    seat = Seat(deal_id=deal.id, role=role, person_id=person_id, since=since or today())
    session.add(seat)
    _seated(session, deal, seat, by, quiet)
    return seat


def fill_seat(
    session: Session,
    seat: Seat,
    person_id: int,
    by: int | None,
    since: date | None = None,
    *,
    quiet: bool = False,
) -> Seat:
    """Put a member into an open seat; whoever else was asked to take it is so no more."""
    seat.person_id = person_id
    seat.asked_id = None
    seat.since = since or today()
    session.add(seat)
    _seated(session, session.get_one(Deal, seat.deal_id), seat, by, quiet)
    return seat


def free_seat(
    session: Session, seat: Seat, by: int | None, reason: str = "", *, mistaken: bool = False
) -> None:
    """Take the member out of a seat, or hand one's own over; the seat stays, open.

    That they had it is remembered, whether the deal is open or closed, unless they were put
    there by mistake.
    """
    deal = session.get_one(Deal, seat.deal_id)
    hold(session, deal)
    session.refresh(seat)
    left = seat.person_id
    if left is None:
        raise Conflict("Nobody has this seat any more.")
    if deal.confidential and not is_seen(session, deal, deal.owner_id, freed=seat.id):
        raise Conflict(f"{NOBODY_SEES} Give it an owner, or invite somebody, first.")
    detail: dict[str, object] = {"role": seat.role, "left_id": left}
    if mistaken:
        detail["mistaken"] = True
    else:
        session.add(
            PastSeat(
                deal_id=deal.id, person_id=left, role=seat.role, since=seat.since, until=today()
            )
        )
    seat.person_id = None
    session.add(seat)
    # Whoever hands a seat over tells the owner, and whoever is taken out of one is told.
    concerned = deal.owner_id if by == left else left
    tell = {concerned: "seat"} if concerned else {}
    record(session, seat.deal_id, by, "seat", reason, detail=detail, tell=tell)


def _seated(session: Session, deal: Deal, seat: Seat, by: int | None, quiet: bool) -> None:
    detail: dict[str, object] = {"role": seat.role, "person_id": seat.person_id}
    # Whoever takes a seat that they were asked to take answers the deal's owner.
    concerned = deal.owner_id if seat.person_id and by == seat.person_id else seat.person_id
    tell = {concerned: "seat"} if concerned and not quiet else {}
    record(session, deal.id, by, "seat", detail=detail, tell=tell)
