"""The bus factor: accounts, advocates and topics that hang on one colleague, worst first."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.desk.advocates import Advocate
from references.network.closeness import closeness_to_accounts, closeness_to_people
from references.network.paths import active_members
from workspace.accounts.accounts import Account, Relationship
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, DealProduct, Outcome, Product, Seat
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# Weaker ties of the first colleague hang on nobody.
LEAST_STRENGTH = 0.3
# A second colleague with less than this share of the first one's is too far away to step in.
LEAST_SHARE = 0.5
# A topic of fewer won deals says nothing.
LEAST_DEALS = 3
SHOWN = 20


class Subject(StrEnum):
    """What hangs on one colleague."""

    ACCOUNT = "account"
    ADVOCATE = "advocate"
    TOPIC = "topic"


@dataclass(frozen=True)
class Colleague:
    """A colleague, and how much is theirs: a strength, or a share of the won deals."""

    key: str
    name: str
    share: float


@dataclass(frozen=True)
class Risk:
    """What hangs on one colleague, and who is the second nearest."""

    subject: Subject
    key: str
    name: str
    first: Colleague
    second: Colleague | None

    @property
    def cover(self) -> float:
        """How far the second nearest covers the first, from 0 to 1: the less, the worse."""
        return self.second.share / self.first.share if self.second else 0.0


def bus_factor(session: Session, viewer: Viewer) -> list[Risk]:
    """What hangs on one colleague by what every member sees, the worst first."""
    names = _names(session)
    risks = [
        *_accounts(session, viewer, names),
        *_advocates(session, names),
        *_topics(session, viewer, names),
    ]
    return sorted(risks, key=lambda risk: (risk.cover, -risk.first.share, risk.name))[:SHOWN]


def _accounts(session: Session, viewer: Viewer, names: Mapping[int, tuple[str, str]]) -> list[Risk]:
    """Customers, and accounts with open deals."""
    open_deals = select(Deal.account_id).where(
        Deal.outcome == Outcome.OPEN, visible_deals(viewer), col(Deal.account_id).is_not(None)
    )
    query = select(Account.id, Account.key, Account.name).where(
        sa.or_(col(Account.relationship) == Relationship.CUSTOMER, col(Account.id).in_(open_deals))
    )
    rows = session.exec(query.order_by(col(Account.id))).all()
    close = closeness_to_accounts(session, [row_id for row_id, *_ in rows])
    risks = (
        _risk(Subject.ACCOUNT, key, name, close.get(row_id, {}), names)
        for row_id, key, name in rows
    )
    return [risk for risk in risks if risk and risk.first.share >= LEAST_STRENGTH]


def _advocates(session: Session, names: Mapping[int, tuple[str, str]]) -> list[Risk]:
    query = select(Person.id, Person.key, Person.name).join(
        Advocate, col(Advocate.person_id) == col(Person.id)
    )
    rows = session.exec(query.order_by(col(Person.id))).all()
    close = closeness_to_people(session, [row_id for row_id, *_ in rows])
    risks = (
        _risk(Subject.ADVOCATE, key, name, close.get(row_id, {}), names)
        for row_id, key, name in rows
    )
    return [risk for risk in risks if risk and risk.first.share >= LEAST_STRENGTH]


def _topics(session: Session, viewer: Viewer, names: Mapping[int, tuple[str, str]]) -> list[Risk]:
    """Products, by the seats of colleagues on the deals that were won with them."""
    query = (
        select(Product.id, Seat.deal_id, Seat.person_id)
        .join(DealProduct, col(DealProduct.product_id) == col(Product.id))
        .join(Seat, col(Seat.deal_id) == col(DealProduct.deal_id))
        .join(Deal, col(Deal.id) == col(Seat.deal_id))
        .where(Deal.outcome == Outcome.WON, visible_deals(viewer))
    )
    deals: dict[int, set[int]] = defaultdict(set)
    seats: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for product, deal, person in session.exec(query):
        deals[product].add(deal)
        if person is not None and person in names:
            seats[product].add((deal, person))
    products = select(Product.id, Product.key, Product.name)
    risks = []
    for row_id, key, name in session.exec(products.order_by(Product.name)):
        if len(deals[row_id]) < LEAST_DEALS:
            continue
        count = Counter(person for _, person in seats[row_id])
        shares = {person: number / len(deals[row_id]) for person, number in count.items()}
        risk = _risk(Subject.TOPIC, key, name, shares, names)
        if risk and risk.first.share >= LEAST_SHARE:
            risks.append(risk)
    return risks


def _risk(
    subject: Subject,
    key: str,
    name: str,
    shares: Mapping[int, float],
    names: Mapping[int, tuple[str, str]],
) -> Risk | None:
    """What hangs on the nearest colleague; None where the second nearest is near enough."""
    ranked = sorted(shares.items(), key=lambda each: (-each[1], each[0]))
    nearest = [Colleague(*names[member], share=share) for member, share in ranked[:2]]
    if not nearest:
        return None
    second = nearest[1] if len(nearest) > 1 else None
    if second and second.share >= LEAST_SHARE * nearest[0].share:
        return None
    return Risk(subject, key, name, nearest[0], second)


def _names(session: Session) -> dict[int, tuple[str, str]]:
    query = select(Person.id, Person.key, Person.name).where(
        col(Person.id).in_(active_members(session))
    )
    return {person_id: (key, name) for person_id, key, name in session.exec(query)}
