"""A way into a confidential deal whose readers are all gone: two administrators together."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.deals import lifecycle
from workspace.deals.access import Predicate, sees
from workspace.deals.tables import Deal, DealInvitation, PastSeat, Seat
from workspace.delivery import outbox
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.tables import Member, Person, Role
from workspace.people.viewer import Viewer, require_role


class DealRecovery(SQLModel, table=True):
    """An administrator's proposal of who gets to see a deal; another has to confirm it."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    reader_id: int = Field(foreign_key="person.id")
    reason: str = Field(max_length=500)
    asked_by_id: int = Field(foreign_key="person.id")
    asked_at: datetime = Field(default_factory=now)


@dataclass(frozen=True)
class StrandedDeal:
    """A confidential deal that no active member sees: its key, and who worked on it."""

    id: int
    key: str
    former_team: list[str]
    recovery: DealRecovery | None
    reader: str | None
    asked_by: str | None


def stranded_deals(session: Session) -> list[StrandedDeal]:
    """The confidential deals that no active member sees, by key."""
    reader, asker = aliased(Person), aliased(Person)
    query: Any = (
        sa.select(
            col(Deal.id),
            col(Deal.key),
            DealRecovery,
            col(reader.name).label("reader"),
            col(asker.name).label("asker"),
        )
        .outerjoin(DealRecovery, col(DealRecovery.deal_id) == col(Deal.id))
        .outerjoin(reader, col(reader.id) == col(DealRecovery.reader_id))
        .outerjoin(asker, col(asker.id) == col(DealRecovery.asked_by_id))
        .where(_is_stranded())
        .order_by(col(Deal.key))
    )
    rows = session.execute(query).all()
    teams = _former_teams(session, [row.id for row in rows])
    return [
        StrandedDeal(
            id=row.id,
            key=row.key,
            former_team=sorted(person.name for person in teams[row.id]),
            recovery=row.DealRecovery,
            reader=row.reader,
            asked_by=row.asker,
        )
        for row in rows
    ]


def ask_recovery(session: Session, viewer: Viewer, key: str, reader: Person, reason: str) -> None:
    """Propose a member who gets to see a stranded deal; another administrator has to confirm."""
    asker_id = _administrator(viewer)
    deal = _stranded(session, key)
    if not reason:
        raise Invalid("Enter a reason.", {"reason": "Required."})
    if session.get(DealRecovery, deal.id):
        raise Conflict("This is proposed already. Confirm it, or withdraw it first.")
    session.add(
        DealRecovery(deal_id=deal.id, reader_id=reader.id, reason=reason, asked_by_id=asker_id)
    )
    detail: dict[str, object] = {"reader_id": reader.id, "reason": reason}
    audit(session, asker_id, "recovery proposed", f"deal {deal.id}", detail)


def confirm_recovery(session: Session, viewer: Viewer, key: str, reader_key: str) -> Person:
    """Invite the proposed member, who must be `reader_key`, and tell the former team."""
    by = _administrator(viewer)
    deal = _stranded(session, key)
    recovery = _recovery(session, deal)
    reader = session.get_one(Person, recovery.reader_id)
    if recovery.asked_by_id == by:
        raise Conflict("Another administrator has to confirm what you proposed.")
    member = session.get(Member, reader.id)
    if reader.key != reader_key or member is None or not member.active:
        raise Conflict("The proposal has changed in the meantime. Read it again.")
    team = _former_teams(session, [deal.id])[deal.id]
    tell = {**dict.fromkeys((person.id for person in team), "seat"), reader.id: "seat"}
    lifecycle.invite(session, deal, reader.id, by, tell=tell)
    detail: dict[str, object] = {
        "reader_id": reader.id,
        "reason": recovery.reason,
        "asked_by_id": recovery.asked_by_id,
    }
    audit(session, by, "recovery confirmed", f"deal {deal.id}", detail)
    asker = session.get_one(Person, recovery.asked_by_id)
    for person in team:
        if outbox.is_address(person.email or ""):
            # The mail leaves the company's walls, so it has the key of the deal and no more.
            body = (
                f"Dear {person.name},\n\nThe confidential deal {deal.key} had no colleague left who"
                f" could see it. {asker.name} and {viewer.name} have given access to {reader.name}."
                f" The reason: {recovery.reason}\n"
            )
            subject = f"{reader.name} can see your former deal {deal.key}"
            about = f"recovery {deal.id}"
            outbox.queue(session, person.email or "", subject, body, about=about)
    session.delete(recovery)
    return reader


def withdraw_recovery(session: Session, viewer: Viewer, key: str) -> None:
    """Withdraw a proposal: its own administrator's, or another's."""
    by = _administrator(viewer)
    deal = _stranded(session, key)
    session.delete(_recovery(session, deal))
    audit(session, by, "recovery withdrawn", f"deal {deal.id}")


def _administrator(viewer: Viewer) -> int:
    require_role(viewer, Role.ADMIN)
    if viewer.person_id is None:
        raise NotFound("There is no such member.")
    return viewer.person_id


def _is_stranded() -> Predicate:
    """The predicate of the confidential deals that no active member sees."""
    reader = (
        sa.exists()
        .where(col(Member.active).is_(True), sees(col(Member.person_id)))
        .correlate_except(Member)
    )
    return sa.and_(col(Deal.confidential).is_(True), sa.not_(reader))


def _stranded(session: Session, key: str) -> Deal:
    """The stranded deal of that key, locked; NotFound for any other deal."""
    query = select(Deal).where(Deal.key == key, _is_stranded())
    deal = session.exec(query).first()
    if deal is None:
        raise NotFound("There is no such deal without readers.")
    lifecycle.lock_deal(session, deal)
    return deal


def _recovery(session: Session, deal: Deal) -> DealRecovery:
    recovery = session.get(DealRecovery, deal.id)
    if recovery is None:
        raise NotFound("Nothing is proposed for this deal.")
    return recovery


def _former_teams(session: Session, deal_ids: list[int]) -> dict[int, list[Person]]:
    """Who owned each of these deals, sat on it, or was invited."""
    ids: dict[int, set[int]] = defaultdict(set)
    for query in (
        sa.select(col(Deal.id), col(Deal.owner_id)).where(col(Deal.id).in_(deal_ids)),
        *(
            sa.select(col(table.deal_id), col(table.person_id)).where(
                col(table.deal_id).in_(deal_ids)
            )
            for table in (Seat, PastSeat, DealInvitation)
        ),
    ):
        for deal_id, person_id in session.execute(query):
            if person_id is not None:
                ids[deal_id].add(person_id)
    every = {person_id for people in ids.values() for person_id in people}
    people = {row.id: row for row in session.exec(select(Person).where(col(Person.id).in_(every)))}
    return defaultdict(
        list, {deal_id: [people[each] for each in sorted(those)] for deal_id, those in ids.items()}
    )
