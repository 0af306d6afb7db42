"""The buyer's people: the stakeholders of a deal, and the others at the account."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.deals.tables import Deal, Stakeholder
from workspace.people.tables import Person

# So many people are looked at, stakeholders first.
MOST_PEOPLE = 200


@dataclass(frozen=True)
class Buyer:
    """One of the buyer's people."""

    id: int
    key: str
    name: str


def people_of_deal(session: Session, deal: Deal) -> dict[int, Buyer]:
    """The stakeholders of a deal and the people at its account, by their ids."""
    on_deal = select(Stakeholder.person_id).where(Stakeholder.deal_id == deal.id)
    return _buyers(session, deal.account_id, on_deal)


def people_of_account(
    session: Session, account_id: int | None, others: Collection[int]
) -> dict[int, Buyer]:
    """The people at an account and others on the buyer's side, by their ids."""
    return _buyers(session, account_id, others)


def _buyers(session: Session, account_id: int | None, first: Any) -> dict[int, Buyer]:
    chosen = col(Person.id).in_(first)
    there = sa.false() if account_id is None else col(Person.account_id) == account_id
    query = select(Person.id, Person.key, Person.name).where(sa.or_(chosen, there))
    order = (sa.case((chosen, 0), else_=1), col(Person.id))
    rows = session.exec(query.order_by(*order).limit(MOST_PEOPLE))
    return {person_id: Buyer(person_id, key, name) for person_id, key, name in rows}
