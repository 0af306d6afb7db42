"""Who may see a deal, and who may change it: one rule, asked in every direction.

`_sees` and `_edits` are the only statements of the rule. A query on deals, wherever it runs, starts
from `visible_deals`, or leaves out what it does not allow; every page and every write gets its deal
from `readable_deal` or `editable_deal`. A deal that a viewer may not see does not exist for them:
they get NotFound, and no count and no ranking of theirs includes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.database import fetch, select_row
from workspace.deals.tables import Deal, DealInvitation, Seat
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once

Predicate = sa.ColumnElement[bool]
# A person's id, or an expression of such ids in a query.
PersonId = int | sa.SQLColumnExpression[int]

_OWNER_ID = col(Deal.owner_id)
_CONFIDENTIAL = col(Deal.confidential)
_ANY = sa.true()


def _sees(
    person: PersonId | None,
    *,
    owner_id: sa.SQLColumnExpression[int | None] = _OWNER_ID,
    confidential: sa.SQLColumnExpression[bool] = _CONFIDENTIAL,
    seats: Predicate = _ANY,
    invitations: Predicate = _ANY,
) -> Predicate:
    """The rule: everybody sees a deal that is not confidential.

    A confidential one is seen by its owner, its team and the members who are invited to it; the
    role of a manager or an administrator is not enough. The command line without a member (None)
    sees no confidential deal.

    The predicate is about the Deal of the query around it, and never null, so that it can be
    negated. Another owner or confidentiality, and the seats and invitations that count, ask
    about the deal as it would be.
    """
    public = confidential.is_(False)
    if person is None:
        return public
    return sa.or_(
        public,
        _works_on(person, owner_id=owner_id, seats=seats),
        _linked(DealInvitation, person, invitations),
    )


def _edits(viewer: Viewer, person: PersonId | None) -> Predicate:
    """The rule: of the deals that a viewer sees they change those that they work on.

    Managers and administrators change every deal that they see, and members without a role none.
    An invitation alone is for reading.
    """
    if not viewer.may_write:
        return sa.false()
    if viewer.leads:
        return sa.true()
    return sa.false() if person is None else _works_on(person)


def _works_on(
    person: PersonId,
    *,
    owner_id: sa.SQLColumnExpression[int | None] = _OWNER_ID,
    seats: Predicate = _ANY,
) -> Predicate:
    """Whether a person owns the deal or has a seat on its team."""
    # Where a deal has no owner, '=' would give null.
    return sa.or_(owner_id.is_not_distinct_from(person), _linked(Seat, person, seats))


def _linked(
    table: type[Seat] | type[DealInvitation], person: PersonId, rows: Predicate
) -> Predicate:
    """Whether one of these rows of a table links a person to the deal."""
    theirs = col(table.person_id) == person
    if isinstance(person, int):
        # One list of a person's deals for the whole query: faster where it looks at many deals.
        return col(Deal.id).in_(select(table.deal_id).where(theirs, rows))
    link = sa.exists().where(col(table.deal_id) == col(Deal.id), theirs, rows)
    # The query around it may select from this table too.
    return link.correlate_except(table)


def _each(person_id: int | None) -> PersonId | None:
    """A person's id for a question about few deals, each of which is looked up on its own."""
    return None if person_id is None else sa.literal(person_id)


# The deals of a viewer.


# A page asks for it a dozen times, and making it takes longer than looking it up.
@lru_cache(maxsize=1000)
def visible_deals(viewer: Viewer) -> Predicate:
    """The predicate of the deals that a viewer may see."""
    return _sees(viewer.person_id)


@lru_cache(maxsize=1000)
def editable_deals(viewer: Viewer) -> Predicate:
    """The predicate of the deals that a viewer may change, for a query on few deals."""
    person = _each(viewer.person_id)
    return sa.and_(_sees(person), _edits(viewer, person))


@lru_cache(maxsize=1000)
def all_editable_deals(viewer: Viewer) -> Predicate:
    """The same predicate, for a query on all deals."""
    return sa.and_(_sees(viewer.person_id), _edits(viewer, viewer.person_id))


def hidden_deal_ids(session: Session, viewer: Viewer) -> list[int]:
    """The deals that a viewer may not see: a short list, as few deals are confidential."""
    return [deal_id for deal_id, seen in confidential_deals(session, viewer).items() if not seen]


def hidden_deals(viewer: Viewer) -> Predicate:
    """The predicate of the deals that a viewer may not see: an index finds the few that can be."""
    return sa.and_(col(Deal.confidential).is_(True), sa.not_(visible_deals(viewer)))


def confidential_deals(session: Session, viewer: Viewer) -> dict[int, bool]:
    """The confidential deals by their ids, with whether a viewer may see each."""
    query = _confidential(viewer)
    rows = found_once(session, ("confidential deals", viewer), lambda: session.exec(query).all())
    return {deal_id: bool(seen) for deal_id, seen in rows}


def confidential_seen(session: Session, viewer: Viewer) -> frozenset[int]:
    """The confidential deals that a viewer may see. Viewers of whom it is the same may see the same
    deals, so that what is found for one of them holds for the others."""
    seen = confidential_deals(session, viewer).items()
    return frozenset(deal_id for deal_id, is_seen in seen if is_seen)


@lru_cache(maxsize=1000)
def _confidential(viewer: Viewer) -> Any:
    return select(Deal.id, visible_deals(viewer)).where(col(Deal.confidential).is_(True))


def readable_deal(session: Session, viewer: Viewer, key: str) -> Deal:
    """The deal of that key, or NotFound where there is none that this viewer may see."""
    deal: Deal | None = session.exec(_of_key(viewer), params={"key": key}).first()
    if deal is None:
        raise NotFound("There is no such deal.")
    return deal


@lru_cache(maxsize=1000)
def _of_key(viewer: Viewer) -> Any:
    return select(Deal).where(Deal.key == sa.bindparam("key"), visible_deals(viewer))


def editable_deal_ids(session: Session, viewer: Viewer, deal_ids: Iterable[int]) -> set[int]:
    """The deals, of the few with these ids, that a viewer may change."""
    ids = tuple(deal_ids)
    found = found_once(
        session,
        ("editable", viewer, ids),
        lambda: frozenset(session.scalars(_editable(viewer), {"ids": ids})),
    )
    return set(found)


@lru_cache(maxsize=1000)
def _editable(viewer: Viewer) -> sa.Select[int]:
    few = col(Deal.id).in_(sa.bindparam("ids", expanding=True))
    return sa.select(col(Deal.id)).where(few, editable_deals(viewer))


def works_on_deal(person_id: int) -> Predicate:
    """The predicate of the deals that a member owns or has a seat on."""
    return _works_on(person_id)


def may_edit(session: Session, viewer: Viewer, deal: Deal) -> bool:
    """Whether a viewer may change this deal."""
    return deal.id in editable_deal_ids(session, viewer, [deal.id])


def editable_deal(session: Session, viewer: Viewer, key: str) -> Deal:
    """The deal of that key; NotFound as for reading, Forbidden to viewers who may only read it."""
    deal = readable_deal(session, viewer, key)
    if not may_edit(session, viewer, deal):
        raise Forbidden("Only this deal's team and managers may change it.")
    return deal


# The members of a deal.


def sees(person: PersonId) -> Predicate:
    """The predicate of the deals that a person sees, given as an expression of the query around."""
    return _sees(person)


@dataclass(frozen=True)
class Reader:
    """A member who may see a deal."""

    id: int
    key: str
    name: str


def sees_deal(deal_id: int) -> Predicate:
    """The predicate of the members who may see a deal, for a query that selects from Member."""
    seen = sa.exists().where(col(Deal.id) == deal_id, _sees(col(Member.person_id)))
    return seen.correlate_except(Deal)


def may_see(session: Session, person_id: int, deal_id: int) -> bool:
    """Whether a member may see a deal."""
    seen = select(Deal.id).where(Deal.id == deal_id, _sees(_each(person_id)))
    return session.exec(seen).first() is not None


def readers_of(session: Session, deal: Deal) -> list[Reader]:
    """The active members who may see this deal, by name."""
    readers = (
        select_row(Reader, Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.active).is_(True), sees_deal(deal.id))
    )
    return fetch(session, Reader, readers.order_by(Person.name))


def why_readers_see(session: Session, deal: Deal) -> list[tuple[Reader, list[str]]]:
    """The active members who may see a confidential deal, by name, each with the reasons why."""
    reasons: dict[int, list[str]] = {}
    if deal.owner_id is not None:
        reasons[deal.owner_id] = ["owner"]
    seats = select(Seat.person_id, Seat.role).where(Seat.deal_id == deal.id)
    for person_id, role in session.exec(seats.order_by(col(Seat.id))):
        if person_id is not None:
            reasons.setdefault(person_id, []).append(role)
    invited = select(DealInvitation.person_id).where(DealInvitation.deal_id == deal.id)
    for person_id in session.exec(invited):
        reasons.setdefault(person_id, []).append("invited")
    return [(reader, reasons[reader.id]) for reader in readers_of(session, deal)]


def invited_to(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The members outside the team who may see a confidential deal, as (key, name)."""
    query = select(Person.key, Person.name).join(
        DealInvitation, col(DealInvitation.person_id) == col(Person.id)
    )
    rows = session.exec(query.where(DealInvitation.deal_id == deal_id).order_by(Person.name))
    return [(key, name) for key, name in rows]


# Why a change is refused after which no active member would see a confidential deal.
NOBODY_SEES = "A confidential deal needs at least one reader."


def require_reader_after(session: Session, deal: Deal, changes: Mapping[str, object]) -> None:
    """Refuse changes to a deal's columns after which no member would see it."""
    if not {"confidential", "owner_id"} & changes.keys():
        return
    owner_id = changes.get("owner_id", deal.owner_id)
    if changes.get("confidential", deal.confidential) and not has_reader(session, deal, owner_id):
        field = "owner" if "owner_id" in changes else "confidential"
        raise Invalid(
            f"{NOBODY_SEES} Assign an owner, or invite a member first.",
            {field: NOBODY_SEES},
        )


def require_reader_of_new(session: Session, facts: Mapping[str, object]) -> None:
    """Refuse a new deal that no member would see: confidential, and without an active owner."""
    owner_id = facts.get("owner_id")
    if facts.get("confidential") and not (
        owner_id is not None
        and session.exec(
            select(Member.person_id).where(
                Member.person_id == owner_id, col(Member.active).is_(True)
            )
        ).first()
    ):
        raise Invalid(f"{NOBODY_SEES} Name an active member as its owner.", {"owner": NOBODY_SEES})


def has_reader(
    session: Session,
    deal: Deal,
    owner_id: object,
    *,
    freed: int | None = None,
    uninvited: int | None = None,
) -> bool:
    """Whether an active member would see a deal if it were confidential and of this owner.

    `freed` is a seat and `uninvited` a member who would no longer count.
    """
    seen = _sees(
        col(Member.person_id),
        owner_id=sa.literal(owner_id, sa.Integer),
        confidential=sa.true(),
        seats=_ANY if freed is None else col(Seat.id) != freed,
        invitations=_ANY if uninvited is None else col(DealInvitation.person_id) != uninvited,
    )
    readers = (
        select(Member.person_id)
        .join(Deal, col(Deal.id) == deal.id)
        .where(col(Member.active).is_(True), seen)
    )
    return session.exec(readers.limit(1)).first() is not None
