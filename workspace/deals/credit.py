"""Credit: who was on the deals that were won and lost.

The rule: whoever has a seat of a closed deal is credited with it, and so is whoever had one and
left it, before the deal closed or after. Leaving a seat is remembered when it happens
(`PastSeat`), so nothing has to be written when a deal closes, however it is closed, and nothing
taken away when it is opened again: an open deal credits nobody yet. Whatever becomes of the
seats of a closed deal, nobody's credit vanishes silently: it goes only with a seat that is
freed as given by mistake, which the timeline tells. A seat that is given after the closing
counts, too: teams are put on past deals later.

Credit is evidence. It is shown with its deal, never counted, and only to those who may see the
deal; for experts and proposed teams it counts like a seat.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome, PastSeat, Seat
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Part:
    """What somebody was on a deal; with a day where they left before it closed."""

    role: str
    until: date | None


@dataclass(frozen=True)
class Credit:
    """A closed deal that somebody was on."""

    key: str
    name: str
    account: str | None
    outcome: str
    closed: date | None
    confidential: bool
    parts: list[Part]


@dataclass(frozen=True)
class FormerMember:
    """Somebody who was on a deal's team and left it."""

    person_key: str
    name: str
    role: str
    until: date


def parts(*where: sa.ColumnElement[bool]) -> Any:
    """The columns deal_id, person_id, role and until of everybody's part in some deals.

    Those who have a seat, on open deals too, and those who left one of a deal that is closed.
    """
    held = _of(Seat, sa.cast(sa.null(), sa.Date)).where(col(Seat.person_id).is_not(None), *where)
    left = _of(PastSeat, col(PastSeat.until)).where(col(Deal.outcome) != Outcome.OPEN, *where)
    return sa.union_all(held, left).subquery()


def credits_of(
    session: Session, viewer: Viewer, person_id: int, *, limit: int = 50
) -> list[Credit]:
    """The closed deals that a member is credited with, of those the viewer may see, newest first.

    A deal's owner is so, too, whether or not they have a seat.
    """
    closed = col(Deal.outcome) != Outcome.OPEN
    part = parts(closed)
    seats = sa.select(part.c.deal_id).where(part.c.person_id == person_id)
    rows = session.execute(
        sa.select(Deal, col(Account.name))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(visible_deals(viewer), closed)
        .where(sa.or_(col(Deal.owner_id) == person_id, col(Deal.id).in_(seats)))
        .order_by(col(Deal.closed).is_(None), sa.desc(col(Deal.closed)), sa.desc(col(Deal.id)))
        .limit(limit)
    ).all()
    roles = _roles(session, person_id, [deal.id for deal, _ in rows])
    return [
        Credit(
            key=deal.key,
            name=deal.name,
            account=account,
            outcome=deal.outcome,
            closed=deal.closed,
            confidential=deal.confidential,
            parts=[Part("owner", None)] * (deal.owner_id == person_id)
            + [
                Part(role, until if until and deal.closed and until < deal.closed else None)
                for role, until in sorted(roles[deal.id].items())
            ],
        )
        for deal, account in rows
    ]


def former_team(session: Session, deal: Deal) -> list[FormerMember]:
    """Those who had a seat of a deal and left it, unless they are back in the same role."""
    there = select(Seat.person_id, Seat.role).where(Seat.deal_id == deal.id)
    seen = set(session.exec(there))
    rows = session.exec(
        select(PastSeat, Person.key, Person.name)
        .join(Person, col(Person.id) == col(PastSeat.person_id))
        .where(PastSeat.deal_id == deal.id)
        .order_by(sa.desc(col(PastSeat.until)), sa.desc(col(PastSeat.id)))
    )
    found = []
    for past, key, name in rows:
        if (past.person_id, past.role) not in seen:
            seen.add((past.person_id, past.role))
            found.append(FormerMember(key, name, past.role, past.until))
    return found


def _roles(
    session: Session, person_id: int, deal_ids: list[int]
) -> dict[int, dict[str, date | None]]:
    """As what somebody was on each of these deals, and until when where they left."""
    found: dict[int, dict[str, date | None]] = defaultdict(dict)
    part = parts(col(Deal.id).in_(deal_ids))
    rows = session.execute(sa.select(part).where(part.c.person_id == person_id)).all()
    # A seat that they have counts rather than one of the same role that they left before.
    for deal_id, _, role, until in sorted(rows, key=lambda row: row.until or date.max):
        found[deal_id][role] = until
    return found


def _of(table: type[Seat] | type[PastSeat], until: Any) -> Any:
    columns = (col(table.deal_id), col(table.person_id), col(table.role), until.label("until"))
    return sa.select(*columns).join(Deal, col(Deal.id) == col(table.deal_id))
