"""Credit: the members who were on the deals that were won and lost.

A member is credited with a closed deal if they have a seat on it, or had one and left it, before
the closing or after. Leaving a seat is remembered when it happens (`PastSeat`), so that closing
and reopening a deal change nothing about credit: an open deal just credits nobody yet. Credit
ends only with a seat that was filled by mistake, which the timeline tells. A seat that is filled
after the closing counts too: teams of past deals are entered later.

Credit is evidence: it is shown with its deal, never as a number, and only to viewers who may see
the deal. For experts and suggested teams it counts like a seat.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.deals.access import hidden_deals, visible_deals
from workspace.deals.tables import CLOSED_OUTCOMES, Deal, PastSeat, Seat
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once


@dataclass(frozen=True)
class CreditedRole:
    """A member's role on a deal; `until` is the day when they left, if it was open then."""

    role: str
    until: date | None


@dataclass(frozen=True)
class Credit:
    """A closed deal that a member is credited with."""

    key: str
    name: str
    account: str | None
    outcome: str
    closed: date | None
    confidential: bool
    roles: list[CreditedRole]


@dataclass(frozen=True)
class FormerMember:
    """A member who left a deal's team."""

    person_key: str
    name: str
    role: str
    until: date


def seat_history(*where: sa.ColumnElement[bool]) -> Any:
    """The filled seats of some deals, and the past seats of those that are closed.

    A subquery with the columns deal_id, person_id, role and until; `where` is about Deal.
    """
    present = _of(Seat, sa.cast(sa.null(), sa.Date)).where(col(Seat.person_id).is_not(None), *where)
    past = _of(PastSeat, col(PastSeat.until)).where(col(Deal.outcome).in_(CLOSED_OUTCOMES), *where)
    return sa.union_all(present, past).subquery()


def seat_counts(
    session: Session, viewer: Viewer, person_id: int | None = None
) -> dict[int, dict[str, int]]:
    """On how many deals that a viewer may see each member, or one, has or had each role.

    Few deals are hidden, so all seats are counted, without a look at their deals, and those on
    hidden deals are taken off again.
    """
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    everywhere = found_once(session, ("seats", person_id), lambda: _seats(session, person_id))
    for rows, sign in ((everywhere, 1), (_seats(session, person_id, viewer), -1)):
        for member_id, role, count in rows:
            of_member = counts[member_id]
            of_member[role] = of_member.get(role, 0) + sign * count
    return {
        member_id: {role: count for role, count in roles.items() if count}
        for member_id, roles in counts.items()
    }


def _seats(
    session: Session, person_id: int | None, hidden_from: Viewer | None = None
) -> list[tuple[int, str, int]]:
    """The members, or one, with each role that they have or had, and on how many deals, or on how
    many that are hidden from a viewer."""
    return [
        (member_id, role, count)
        for query in _seat_queries(person_id is not None, hidden_from)
        for member_id, role, count in session.execute(query, {"person": person_id})
    ]


@lru_cache(maxsize=1000)
def _seat_queries(of_one: bool, hidden_from: Viewer | None) -> list[Any]:
    """The queries for seats and for past seats."""
    has_it_again = sa.exists().where(
        col(Seat.deal_id) == col(PastSeat.deal_id),
        col(Seat.person_id) == col(PastSeat.person_id),
        col(Seat.role) == col(PastSeat.role),
    )
    has_left = sa.and_(col(Deal.outcome).in_(CLOSED_OUTCOMES), sa.not_(has_it_again))
    queries = []
    for table, conditions in ((Seat, ()), (PastSeat, (has_left,))):
        columns = (col(table.person_id), col(table.role))
        query = sa.select(*columns, sa.func.count(col(table.deal_id).distinct()))
        query = query.where(columns[0].is_not(None)).group_by(*columns)
        if hidden_from is not None:
            conditions = (*conditions, hidden_deals(hidden_from))
        if conditions:
            query = query.join(Deal, col(Deal.id) == col(table.deal_id)).where(*conditions)
        if of_one:
            query = query.where(columns[0] == sa.bindparam("person"))
        queries.append(query)
    return queries


def credits_of(
    session: Session, viewer: Viewer, person_id: int, *, limit: int = 50
) -> list[Credit]:
    """The closed deals that a member is credited with and the viewer may see, newest first.

    The owner of a deal is credited too, with or without a seat.
    """
    closed = col(Deal.outcome).in_(CLOSED_OUTCOMES)
    history = seat_history(closed)
    seats = sa.select(history.c.deal_id).where(history.c.person_id == person_id)
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
            roles=[CreditedRole("owner", None)] * (deal.owner_id == person_id)
            + [
                CreditedRole(role, until if until and deal.closed and until < deal.closed else None)
                for role, until in sorted(roles[deal.id].items())
            ],
        )
        for deal, account in rows
    ]


def former_team(session: Session, deal: Deal) -> list[FormerMember]:
    """The members who left a seat of a deal and do not have the same role again."""
    present = select(Seat.person_id, Seat.role).where(Seat.deal_id == deal.id)
    seen = set(session.exec(present))
    rows = session.exec(
        select(PastSeat, Person.key, Person.name)
        .join(Person, col(Person.id) == col(PastSeat.person_id))
        .where(PastSeat.deal_id == deal.id)
        .order_by(sa.desc(col(PastSeat.until)), sa.desc(col(PastSeat.id)))
    )
    former = []
    for past, key, name in rows:
        if (past.person_id, past.role) not in seen:
            seen.add((past.person_id, past.role))
            former.append(FormerMember(key, name, past.role, past.until))
    return former


def _roles(
    session: Session, person_id: int, deal_ids: list[int]
) -> dict[int, dict[str, date | None]]:
    """A member's roles on each of these deals, with the day until which they had them."""
    roles: dict[int, dict[str, date | None]] = defaultdict(dict)
    history = seat_history(col(Deal.id).in_(deal_ids))
    rows = session.execute(sa.select(history).where(history.c.person_id == person_id)).all()
    # A present seat comes last, and so replaces a past one of the same role.
    for row in sorted(rows, key=lambda row: row.until or date.max):
        roles[row.deal_id][row.role] = row.until
    return roles


def _of(table: type[Seat] | type[PastSeat], until: Any) -> Any:
    columns = (col(table.deal_id), col(table.person_id), col(table.role), until.label("until"))
    return sa.select(*columns).join(Deal, col(Deal.id) == col(table.deal_id))
