"""The buyer's people: the stakeholders of a deal, and the others at the account.

Of a large account only some are looked at: those who matter most for a deal.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.matching import decides
from references.network.ties import CLOSE, Tie, visible
from workspace.accounts.accounts import Account
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Stakeholder
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# So many people are looked at.
MOST_PEOPLE = 200
# Among so many, and by so many of their ties, those are chosen whom a deal may hang on.
MOST_COMPARED = 20_000
MOST_TIES = 50_000


@dataclass(frozen=True)
class Buyer:
    """One of the buyer's people."""

    id: int
    key: str
    name: str


@dataclass(frozen=True)
class Buyers:
    """The buyer's people who are looked at, by their ids, and how many there are in all."""

    by_id: dict[int, Buyer]
    total: int


def people_of_deal(session: Session, viewer: Viewer, deal: Deal) -> dict[int, Buyer]:
    """The stakeholders of a deal and the people at its account, by their ids."""
    on_deal = select(Stakeholder.person_id).where(Stakeholder.deal_id == deal.id)
    account = session.get(Account, deal.account_id) if deal.account_id else None
    return _buyers(session, viewer, account, set(session.exec(on_deal))).by_id


def people_of_account(
    session: Session, viewer: Viewer, account: Account | None, others: Collection[int]
) -> Buyers:
    """The people at an account and others on the buyer's side."""
    return _buyers(session, viewer, account, set(others))


def not_from_working_at(account: Account | None) -> sa.ColumnElement[bool]:
    """The predicate of the close ties that do not follow from working for an account."""
    here = [f"work@{account.id}", f"work:{account.name}"] if account else []
    return sa.and_(col(Tie.kind).in_(CLOSE), col(Tie.origin).not_in(here))


def _buyers(
    session: Session, viewer: Viewer, account: Account | None, first: Collection[int]
) -> Buyers:
    there = sa.false() if account is None else col(Person.account_id) == account.id
    chosen = sa.or_(there, col(Person.id).in_(sorted(first)))
    total = session.exec(select(sa.func.count()).select_from(Person).where(chosen)).one()
    ids = sorted(first)
    if total > MOST_PEOPLE and account is not None:
        ids = _foremost(session, viewer, account, first)
        chosen = col(Person.id).in_(ids)
    place = {person_id: number for number, person_id in enumerate(ids)}
    query = select(Person.id, Person.key, Person.name).where(chosen).order_by(col(Person.id))
    rows = sorted(session.exec(query), key=lambda row: place.get(row[0], len(place)))
    by_id = {person_id: Buyer(person_id, key, name) for person_id, key, name in rows[:MOST_PEOPLE]}
    return Buyers(by_id, total)


def _foremost(
    session: Session, viewer: Viewer, account: Account, first: Collection[int]
) -> list[int]:
    """Those of an account's people whom a deal may hang on, after those who come first.

    These are the stakeholders of the account's deals, those who decide by their titles, and those
    with the most ties, as far as the viewer sees deals and ties.
    """
    query = select(Person.id, Person.title).where(Person.account_id == account.id)
    titles = dict(session.exec(query.order_by(col(Person.id)).limit(MOST_COMPARED)).all())
    on_deals = select(Stakeholder.person_id).join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
    stakeholders = set(
        session.exec(on_deals.where(Deal.account_id == account.id, visible_deals(viewer)))
    )
    ties = _ties(session, viewer, account)
    named = [person_id for person_id in sorted(first) if person_id not in titles]

    def place(person_id: int) -> tuple[bool, bool, bool, int, int]:
        return (
            person_id not in first,
            person_id not in stakeholders,
            not decides(titles[person_id]),
            -ties[person_id],
            person_id,
        )

    return [*named, *sorted(titles, key=place)][:MOST_PEOPLE]


def _ties(session: Session, viewer: Viewer, account: Account) -> Counter[int]:
    """How many people of the account, and of ours, each person at the account is close to."""
    there = select(Person.id).where(Person.account_id == account.id)
    members = select(Member.person_id).where(col(Member.active).is_(True))
    known: Counter[int] = Counter()
    # Of an index of pairs, only the ties of one end are read: both ends would be tried in turn.
    for one, other in ((there, there), (there, members), (members, there)):
        query: Any = sa.select(col(Tie.one_id), col(Tie.other_id)).where(
            col(Tie.one_id).in_(one),
            (col(Tie.other_id) + 0).in_(other),
            not_from_working_at(account),
            visible(session, viewer),
        )
        known.update(chain.from_iterable(session.execute(query.distinct().limit(MOST_TIES))))
    return known
