"""Handing over by closeness: each deal, customer and advocate to the colleague who is nearest.

All of it is one assignment: the sum of the closeness is maximal, and nobody gets more than their
part. What nobody is near to is left to the person who hands over.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk.advocates import Advocate
from references.handover import Work, colleagues, hand_over_one, rows_of_work
from references.network.closeness import closeness_to_accounts, closeness_to_people
from references.teams.assignment import Candidate, Opening, propose
from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.deals.tables import Deal, Seat
from workspace.errors import Conflict
from workspace.people.members import locked_member
from workspace.people.tables import Person

# What a seat on a deal adds to the closeness to its account.
_SEAT = 0.3
# Nobody gets fewer than these, however many colleagues share the work.
LEAST_EACH = 2
_PLANNED = (Work.DEALS, Work.CUSTOMERS, Work.ADVOCATES)


@dataclass(frozen=True)
class Planned:
    """A piece of work, and who is proposed for it."""

    work: Work
    row_id: int
    name: str
    to_id: int
    to: str

    @property
    def id(self) -> str:
        """How a form refers to the piece with its receiver."""
        return f"{self.work}:{self.row_id}:{self.to_id}"


def plan(session: Session, person_id: int) -> list[Planned]:
    """Who takes over what of a member's deals, customers and advocates."""
    pieces = [
        (work, row_id) for work in _PLANNED for row_id in rows_of_work(session, work, person_id)
    ]
    able = {each.id: each.name for each in colleagues(session, person_id)}
    if not pieces or not able:
        return []
    names, close = _closeness(session, pieces)
    openings = [Opening(number, number, "") for number in range(len(pieces))]
    candidates = {
        number: [
            Candidate(member, strength, strength)
            for member, strength in sorted(close.get(piece, {}).items())
            if member in able
        ]
        for number, piece in enumerate(pieces)
    }
    near = {fit.person_id for fits in candidates.values() for fit in fits}
    each = max(LEAST_EACH, math.ceil(len(pieces) / max(1, len(near))))
    solution = propose(openings, candidates, dict.fromkeys(near, each))
    return [
        Planned(
            *pieces[placement.opening.id],
            name=names[pieces[placement.opening.id]],
            to_id=placement.best.person_id,
            to=able[placement.best.person_id],
        )
        for placement in solution.placements
        if placement.best
    ]


def hand_over_as_planned(
    session: Session, person_id: int, expected: Sequence[str], by: int | None
) -> int:
    """Pass a member's work on as it was proposed; how many pieces. `expected` was shown before."""
    locked_member(session, person_id)
    planned = plan(session, person_id)
    if [piece.id for piece in planned] != list(expected):
        raise Conflict("The proposal has changed in the meantime. Check it again.")
    for piece in planned:
        hand_over_one(session, piece.work, piece.row_id, person_id, piece.to_id, by)
    if planned:
        detail: dict[str, object] = {"pieces": len(planned)}
        audit(session, by, "work handed over by closeness", f"person {person_id}", detail)
    return len(planned)


_Piece = tuple[Work, int]


def _closeness(
    session: Session, pieces: Sequence[_Piece]
) -> tuple[dict[_Piece, str], dict[_Piece, dict[int, float]]]:
    """The name of each piece of work, and how close members are to it."""
    ids = defaultdict(list)
    for work, row_id in pieces:
        ids[work].append(row_id)
    deals = session.exec(select(Deal).where(col(Deal.id).in_(ids[Work.DEALS]))).all()
    account_ids = {deal.account_id for deal in deals if deal.account_id} | set(ids[Work.CUSTOMERS])
    accounts = closeness_to_accounts(session, account_ids)
    names: dict[_Piece, str] = {}
    close: dict[_Piece, dict[int, float]] = {}
    seats: dict[int, set[int]] = defaultdict(set)
    query = select(Seat.deal_id, Seat.person_id).where(col(Seat.deal_id).in_(ids[Work.DEALS]))
    for deal_id, person_id in session.exec(query):
        if person_id is not None:
            seats[deal_id].add(person_id)
    for deal in deals:
        piece = (Work.DEALS, deal.id)
        near = dict(accounts.get(deal.account_id or 0, {}))
        for person_id in seats[deal.id]:
            near[person_id] = min(1.0, near.get(person_id, 0.0) + _SEAT)
        names[piece], close[piece] = deal.name, near
    for row_id, name in session.execute(
        sa.select(col(Account.id), col(Account.name)).where(
            col(Account.id).in_(ids[Work.CUSTOMERS])
        )
    ):
        piece = (Work.CUSTOMERS, row_id)
        names[piece], close[piece] = name, accounts.get(row_id, {})
    advocates = session.execute(
        sa.select(col(Advocate.id), col(Person.id), col(Person.name))
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(col(Advocate.id).in_(ids[Work.ADVOCATES]))
    ).all()
    people = closeness_to_people(session, [person for _, person, _ in advocates])
    for row_id, person, name in advocates:
        piece = (Work.ADVOCATES, row_id)
        names[piece], close[piece] = name, people.get(person, {})
    return names, close
