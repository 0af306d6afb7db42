"""Deal teams: the seats on a deal, and the members who are asked for them and fill them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import fetch, select_row
from workspace.deals import access
from workspace.deals.access import NOBODY_SEES, has_reader, may_see
from workspace.deals.lifecycle import lock_deal
from workspace.deals.tables import Deal, Outcome, PastSeat, Seat, Stage
from workspace.deals.workload import require_room
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
        raise Conflict("This seat is already filled.")
    if seat.asked_id is not None:
        raise Conflict("A colleague was already asked. Wait for the answer, or cancel the request.")
    if not may_see(session, person_id, deal.id):
        raise Conflict("This person cannot see the deal. Invite them first.")
    seat.asked_id = person_id
    session.add(seat)
    detail: dict[str, object] = {"role": seat.role, "asked_id": person_id}
    record(session, seat.deal_id, by, "seat", detail=detail, tell={person_id: "seat"})


def accept_seat(session: Session, seat: Seat, person_id: int) -> None:
    """Take a seat as the member who was asked to, if they take a further one at all."""
    _answer(session, seat, person_id)
    require_room(session, person_id)
    fill_seat(session, seat, person_id, person_id)


def decline_seat(session: Session, seat: Seat, person_id: int | None, reason: str) -> None:
    """Decline a seat as the member who was asked to take it; it is open again."""
    _answer(session, seat, person_id)
    session.add(seat)
    detail: dict[str, object] = {"role": seat.role, "declined_id": person_id}
    owner = session.get_one(Deal, seat.deal_id).owner_id
    tell = {owner: "seat"} if owner else {}
    record(session, seat.deal_id, person_id, "seat", reason, detail=detail, tell=tell)


def take_back_ask(session: Session, seat: Seat, by: int | None) -> None:
    """Take back the question to a member whether they take a seat."""
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
        raise Forbidden("Only the member who was asked can answer, and only once.")
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
    """Add a seat to the team: filled by a person, or open. A person has each role once.

    `quiet` tells nobody: what a file says of the past is no news.
    """
    if person_id is not None:
        open_seat = None
        for seat in session.exec(select(Seat).where(Seat.deal_id == deal.id, Seat.role == role)):
            if seat.person_id == person_id:
                raise Conflict("This person already has that role on this team.")
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
    """Put a member into an open seat; nobody else is asked for it any more."""
    seat.person_id = person_id
    seat.asked_id = None
    seat.since = since or today()
    session.add(seat)
    _seated(session, session.get_one(Deal, seat.deal_id), seat, by, quiet)
    return seat


def free_seat(
    session: Session, seat: Seat, by: int | None, reason: str = "", *, mistaken: bool = False
) -> None:
    """Take a member out of a seat, which stays open.

    The record remembers that they had it (`PastSeat`), unless they were put there by mistake.
    """
    deal = session.get_one(Deal, seat.deal_id)
    lock_deal(session, deal)
    session.refresh(seat)
    left = seat.person_id
    if left is None:
        raise Conflict("Nobody has this seat any more.")
    if deal.confidential and not has_reader(session, deal, deal.owner_id, freed=seat.id):
        raise Conflict(f"{NOBODY_SEES} Assign an owner, or invite a member first.")
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
    # A member who leaves tells the owner; a member who is taken out is told.
    concerned = deal.owner_id if by == left else left
    tell = {concerned: "seat"} if concerned else {}
    record(session, seat.deal_id, by, "seat", reason, detail=detail, tell=tell)


def hand_over_seat(session: Session, seat: Seat, to: int | None, by: int | None) -> None:
    """Pass a filled seat from the member who leaves to another; without one it stays open.

    A member who is on the team in this role already takes no second seat: this one stays open.
    """
    deal = session.get_one(Deal, seat.deal_id)
    lock_deal(session, deal)
    session.refresh(seat)
    left = seat.person_id
    if left is None or left == to:
        return
    same = select(Seat.id).where(
        Seat.deal_id == deal.id, Seat.role == seat.role, Seat.person_id == to
    )
    if to is not None and session.exec(same).first() is not None:
        to = None
    if to is None:
        free_seat(session, seat, by)
        return
    past = PastSeat(
        deal_id=deal.id, person_id=left, role=seat.role, since=seat.since, until=today()
    )
    session.add(past)
    record(session, deal.id, by, "seat", detail={"role": seat.role, "left_id": left})
    fill_seat(session, seat, to, by)


def take_back_asks(session: Session, person_id: int, by: int | None) -> None:
    """Take back all questions to a member whether they take a seat."""
    asked = select(Seat).where(Seat.asked_id == person_id).order_by(col(Seat.deal_id), col(Seat.id))
    for seat in session.exec(asked).all():
        take_back_ask(session, seat, by)


def _seated(session: Session, deal: Deal, seat: Seat, by: int | None, quiet: bool) -> None:
    detail: dict[str, object] = {"role": seat.role, "person_id": seat.person_id}
    # A member who takes a seat themselves answers the deal's owner.
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
    # The member who is asked to take it and has not answered.
    asked: str | None
    asked_key: str | None


def seats_of(session: Session, deal_id: int) -> list[SeatRow]:
    """The seats on a deal's team, the filled ones first."""
    asked = aliased(Person)
    query = (
        select_row(SeatRow, Seat, Person, asked=asked.name, asked_key=asked.key)
        .outerjoin(Person, col(Person.id) == col(Seat.person_id))
        .outerjoin(asked, col(asked.id) == col(Seat.asked_id))
        .where(col(Seat.deal_id) == deal_id)
        .order_by(col(Seat.person_id).is_(None), col(Seat.id))
    )
    return fetch(session, SeatRow, query)


@dataclass(frozen=True)
class AskedSeat:
    """A seat that a member is asked to take."""

    seat_id: int
    role: str
    deal_id: int
    deal_key: str
    deal_name: str
    account: str | None
    amount: Decimal | None
    currency: str | None
    expected_close: date | None
    stage: str


def asked_seats(session: Session, viewer: Viewer) -> list[AskedSeat]:
    """The seats that the viewer is asked to take, on deals that they may see."""
    query = (
        select_row(AskedSeat, Seat, Deal, account=Account.name, stage=Stage.name)
        .join(Deal, col(Deal.id) == col(Seat.deal_id))
        .join(Stage, col(Stage.id) == col(Deal.stage_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(
            access.visible_deals(viewer),
            col(Seat.asked_id) == viewer.person_id,
            col(Deal.outcome) == Outcome.OPEN,
        )
        .order_by(col(Seat.id))
    )
    return fetch(session, AskedSeat, query)
