"""Deal teams: the seats on a deal, who fills them, and how much more each member can take."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.deals import access
from workspace.deals.access import NOBODY_SEES, has_reader, may_see
from workspace.deals.lifecycle import lock_deal
from workspace.deals.tables import Deal, PastSeat, Seat
from workspace.errors import Conflict, Forbidden
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record


def ask_seat(session: Session, seat: Seat, person_id: int, by: int | None) -> None:
    """Ask a member to take an open seat; they accept, or decline with a reason."""
    deal = session.get_one(Deal, seat.deal_id)
    lock_deal(session, deal)
    session.refresh(seat)
    if seat.person_id is not None:
        raise Conflict("Somebody has this seat already.")
    if seat.asked_id is not None:
        raise Conflict("Somebody is asked already: wait for the answer, or take the ask back.")
    if not may_see(session, person_id, deal.id):
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


def _answer(session: Session, seat: Seat, person_id: int | None) -> None:
    lock_deal(session, session.get_one(Deal, seat.deal_id))
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
    lock_deal(session, deal)
    session.refresh(seat)
    left = seat.person_id
    if left is None:
        raise Conflict("Nobody has this seat any more.")
    if deal.confidential and not has_reader(session, deal, deal.owner_id, freed=seat.id):
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


@dataclass(frozen=True)
class SeatRow:
    """A seat as a line of a deal's team."""

    id: int
    role: str
    person_id: int | None
    person_key: str | None
    name: str | None
    title: str | None
    since: date | None
    # Who was asked to take it and has not answered.
    asked: str | None
    asked_key: str | None


def seats_of(session: Session, deal_id: int) -> list[SeatRow]:
    """The seats on a deal's team: the filled ones first."""
    asked = aliased(Person)
    columns: tuple[Any, ...] = (
        Seat.id,
        Seat.role,
        Seat.person_id,
        Person.key,
        Person.name,
        Person.title,
        Seat.since,
        asked.name,
        asked.key,
    )
    query: Any = (
        sa.select(*columns)
        .select_from(Seat)
        .outerjoin(Person, col(Person.id) == col(Seat.person_id))
        .outerjoin(asked, col(asked.id) == col(Seat.asked_id))
        .where(col(Seat.deal_id) == deal_id)
        .order_by(col(Seat.person_id).is_(None), col(Seat.id))
    )
    return [SeatRow(*row) for row in session.exec(query)]


@dataclass(frozen=True)
class AskedSeat:
    """A seat that somebody is asked to take."""

    seat_id: int
    role: str
    deal_key: str
    deal_name: str
    account: str | None


def asked_seats(session: Session, viewer: Viewer) -> list[AskedSeat]:
    """The seats that the viewer is asked to take, on deals that they may see."""
    rows = session.execute(
        sa.select(col(Seat.id), col(Seat.role), col(Deal.key), col(Deal.name), col(Account.name))
        .join(Deal, col(Deal.id) == col(Seat.deal_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(access.visible_deals(viewer), col(Seat.asked_id) == viewer.person_id)
        .order_by(col(Seat.id))
    )
    return [AskedSeat(*row) for row in rows]
