"""Derived ties: ties that follow from facts of the record which two people share.

The `origin` of a derived tie is the fact that it follows from: an organisation where both worked,
a school, an association, a board, an event, a deal with a member and a stakeholder, a reference
call. When facts change, the ties of their origins are derived again and the differences are
written, so that a tie goes with its facts. Confidential deals make no ties, which would reveal
them.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from references.desk.advocates import Advocate
from references.desk.request import ReferenceRequest, State
from references.network.circles import (
    FAINTEST,
    DerivedTie,
    changed_values,
    circle_origins,
    derived_tie,
    gatherings,
    schools,
    workplaces,
)
from references.network.ties import Tie, TieKind, Visibility
from references.network.wrong_ties import WrongTie, wrong_ties
from workspace.accounts.accounts import Account
from workspace.database import batches, fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Seat, Stakeholder
from workspace.people.profile_privacy import HiddenField
from workspace.people.tables import Education, Employment, Membership, Person
from workspace.people.viewer import PLAIN_VIEW

# The strength of a tie between a member and a stakeholder of a deal, by coverage.
_COVERAGE_STRENGTH = {
    "unknown": 0.35,
    "no contact": 0.0,
    "brief contact": 0.25,
    "multiple contacts": 0.55,
    "in depth": 0.75,
}
# The strength of a tie between two people who met on a reference call.
_CALL_STRENGTH = 0.5


@dataclass
class Touched:
    """The facts that a transaction has changed, and from which ties may follow."""

    people: set[int] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    deals: set[int] = field(default_factory=set)
    # People of ties that were called wrong, or are right again: of deals and calls, too.
    pairs: set[int] = field(default_factory=set)
    # The origins of circles that a person may have left.
    circles: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.people or self.accounts or self.deals)

    def note(self, row: SQLModel) -> None:
        """Note a changed row."""
        if isinstance(row, HiddenField):
            self.people.add(row.person_id)
        elif isinstance(row, Person):
            self.people.add(row.id)
            self.circles.update(f"work@{account}" for account in changed_values(row, "account_id"))
        elif isinstance(row, Employment | Education | Membership):
            # A fact may have moved from one person to another, for instance in a merge.
            self.people.update(changed_values(row, "person_id"))
            self.circles.update(circle_origins(row))
        elif isinstance(row, Account):
            self.accounts.add(row.id)
        elif isinstance(row, Deal):
            self.deals.add(row.id)
        elif isinstance(row, WrongTie):
            self.people.update((row.one_id, row.other_id))
            self.pairs.update((row.one_id, row.other_id))
        elif isinstance(row, Stakeholder | Seat | ReferenceRequest):
            self.deals.add(row.deal_id)


def derive_ties(session: Session, touched: Touched) -> None:
    """Derive the ties of the touched facts again, and write the differences."""
    people = set(touched.people)
    for batch in batches(touched.accounts):
        at = select(Person.id).where(col(Person.account_id).in_(batch))
        people.update(session.exec(at))
    circles = set(touched.circles)
    for batch in batches(sorted(people)):
        _derive_for_people(session, set(batch), circles)
        circles = set()
    deals = set(touched.deals)
    for batch in batches(touched.pairs):
        met = select(Stakeholder.deal_id).where(col(Stakeholder.person_id).in_(batch))
        deals.update(session.exec(met))
    for batch in batches(sorted(deals)):
        _derive_for_deals(session, batch)


def _derive_for_people(session: Session, people: set[int], left: set[str]) -> None:
    """Derive the ties of these people in every circle that they are or were in."""
    before = _origins(session, people) | left
    for circles_of_kind in (workplaces, schools, gatherings):
        for circle in circles_of_kind(session, people, before):
            ties = {circle.origin: circle.ties}
            _replace_ties(session, ties, None if circle.whole else people)


def _derive_for_deals(session: Session, deal_ids: list[int]) -> None:
    """Derive the ties between a deal's team and its stakeholders, and of reference calls."""
    public = select(Deal).where(col(Deal.id).in_(deal_ids), visible_deals(PLAIN_VIEW))
    deals = {deal.id: deal for deal in session.exec(public)}
    seats_by_deal: dict[int, list[Seat]] = defaultdict(list)
    seats = select(Seat).where(col(Seat.deal_id).in_(deals), col(Seat.person_id).is_not(None))
    for seat in session.exec(seats.order_by(col(Seat.id))):
        seats_by_deal[seat.deal_id].append(seat)
    stakeholders_by_deal: dict[int, list[Stakeholder]] = defaultdict(list)
    stakeholders = select(Stakeholder).where(col(Stakeholder.deal_id).in_(deals))
    for stakeholder in session.exec(stakeholders.order_by(col(Stakeholder.id))):
        stakeholders_by_deal[stakeholder.deal_id].append(stakeholder)
    calls_by_deal: dict[int, list[_Call]] = defaultdict(list)
    for call in _completed_calls(session, deals):
        calls_by_deal[call.deal_id].append(call)
    derived: dict[str, Sequence[DerivedTie]] = {}
    for deal_id in deal_ids:
        met = [
            _met_on_deal(deals[deal_id], seat, stakeholder)
            for seat, stakeholder in itertools.product(
                seats_by_deal[deal_id], stakeholders_by_deal[deal_id]
            )
            if seat.person_id != stakeholder.person_id
        ]
        derived[f"deal:{deal_id}"] = [tie for tie in met if tie.base >= FAINTEST]
        derived[f"call:{deal_id}"] = [
            derived_tie(
                f"call:{deal_id}",
                call.advocate,
                call.prospect,
                kind=TieKind.MET,
                base=_CALL_STRENGTH,
                evidence="A reference call",
                source="reference call",
                start=call.at.date(),
                end=call.at.date(),
            )
            for call in calls_by_deal[deal_id]
            if call.advocate != call.prospect
        ]
    _replace_ties(session, derived, None)


@dataclass(frozen=True)
class _Call:
    deal_id: int
    advocate: int
    prospect: int
    at: datetime


def _completed_calls(session: Session, deal_ids: Collection[int]) -> list[_Call]:
    query = (
        select_row(
            _Call,
            ReferenceRequest,
            advocate=col(Advocate.person_id),
            prospect=col(ReferenceRequest.prospect_id),
            at=sa.func.coalesce(ReferenceRequest.starts_at, ReferenceRequest.changed_at),
        )
        .join(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .where(
            col(ReferenceRequest.deal_id).in_(deal_ids),
            col(ReferenceRequest.state) == State.COMPLETED,
            col(ReferenceRequest.prospect_id).is_not(None),
        )
    )
    return fetch(session, _Call, query)


def _met_on_deal(deal: Deal, seat: Seat, stakeholder: Stakeholder) -> DerivedTie:
    return derived_tie(
        f"deal:{deal.id}",
        seat.person_id or 0,
        stakeholder.person_id,
        kind=TieKind.MET,
        base=_COVERAGE_STRENGTH[stakeholder.coverage],
        evidence=f"On the deal “{deal.name}” ({deal.key})"[:500],
        source="deal",
        start=seat.since or deal.opened,
        end=deal.closed,
    )


def _origins(session: Session, people: set[int]) -> set[str]:
    """The origins of the stored ties of these people."""
    origins: set[str] = set()
    for end in (Tie.one_id, Tie.other_id):
        query = select(Tie.origin).where(col(end).in_(people), Tie.origin != "").distinct()
        origins.update(session.exec(query))
    return origins


def _replace_ties(
    session: Session, derived: Mapping[str, Sequence[DerivedTie]], people: set[int] | None
) -> None:
    """Replace the stored ties of these origins; with `people`, only the ties of theirs."""
    query = select(Tie).where(col(Tie.origin).in_(derived))
    if people is not None:
        query = query.where(sa.or_(col(Tie.one_id).in_(people), col(Tie.other_id).in_(people)))
    stored = {_stored_as_derived(tie): tie for tie in session.exec(query)}
    ties = list(itertools.chain.from_iterable(derived.values()))
    ends = {tie.one_id for tie in ties}
    wrong = wrong_ties(session, ends) if ends else set()
    wanted = dict.fromkeys(tie for tie in ties if (tie.one_id, tie.other_id, tie.kind) not in wrong)
    for stored_tie, row in stored.items():
        if stored_tie not in wanted:
            session.delete(row)
    session.add_all(
        Tie(visibility=Visibility.EVERYONE, **vars(tie)) for tie in wanted if tie not in stored
    )


def _stored_as_derived(tie: Tie) -> DerivedTie:
    return DerivedTie(**{field.name: getattr(tie, field.name) for field in fields(DerivedTie)})
