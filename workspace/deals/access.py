"""The one rule for who may see and change what.

Every query on deals, wherever it runs, starts from `visible_deals`; every page and every
write gets its deal from `readable_deal` or `editable_deal`. What a viewer may not see does
not exist for them: they get NotFound, and nothing that is counted or ranked for them has
seen it either.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.deals.tables import Deal, DealInvitation, Seat
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer


# A page asks for it a dozen times, and making it takes longer than looking it up.
@lru_cache(maxsize=1000)
def visible_deals(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The predicate of the deals that a viewer may see.

    Everybody sees the deals that are not confidential. A confidential one is seen by its
    owner, its team and those invited; being a manager or an administrator is not enough.
    """
    return sa.or_(col(Deal.confidential).is_(False), _involved(viewer))


def hidden_deal_ids(session: Session, viewer: Viewer) -> list[int]:
    """The deals that this viewer may not see: a short list, as few deals are confidential."""
    # Only a confidential one can be hidden: said twice, so that its index is used.
    hidden = sa.and_(col(Deal.confidential).is_(True), sa.not_(visible_deals(viewer)))
    return list(session.exec(select(Deal.id).where(hidden)))


def readable_deal(session: Session, viewer: Viewer, key: str) -> Deal:
    """The deal of that key, or NotFound where there is none that this viewer may see."""
    deal = session.exec(select(Deal).where(Deal.key == key, visible_deals(viewer))).first()
    if deal is None:
        raise NotFound("There is no such deal.")
    return deal


def readers_of(session: Session, deal: Deal) -> list[tuple[int, str, str]]:
    """The active members who may see this deal, as (id, key, name): what `visible_deals` says."""
    query = (
        select(Person.id, Person.key, Person.name)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.active).is_(True))
    )
    if deal.confidential:
        seated = select(Seat.person_id).where(Seat.deal_id == deal.id)
        invited = select(DealInvitation.person_id).where(DealInvitation.deal_id == deal.id)
        here = col(Person.id)
        query = query.where(sa.or_(here == deal.owner_id, here.in_(seated), here.in_(invited)))
    return [(row_id, key, name) for row_id, key, name in session.exec(query.order_by(Person.name))]


def may_edit(session: Session, viewer: Viewer, deal: Deal) -> bool:
    """Whether a viewer who sees this deal may change it: its team, managers, administrators."""
    if not viewer.may_write:
        return False
    if viewer.leads or deal.owner_id == viewer.person_id:
        return True
    seat = select(Seat.id).where(Seat.deal_id == deal.id, Seat.person_id == viewer.person_id)
    return session.exec(seat.limit(1)).first() is not None


def editable_deal_ids(session: Session, viewer: Viewer, deal_ids: Iterable[int]) -> set[int]:
    """Those of these deals that a viewer may change; it is what `may_edit` says of each."""
    if not viewer.may_write:
        return set()
    query = select(Deal.id).where(visible_deals(viewer), col(Deal.id).in_(list(deal_ids)))
    if not viewer.leads:
        on_team = select(Seat.deal_id).where(Seat.person_id == viewer.person_id)
        mine = col(Deal.owner_id) == viewer.person_id
        query = query.where(sa.or_(mine, col(Deal.id).in_(on_team)))
    return set(session.exec(query))


def editable_deal(session: Session, viewer: Viewer, key: str) -> Deal:
    """The deal of that key; NotFound as for reading, Forbidden to those who may only read."""
    deal = readable_deal(session, viewer, key)
    if not may_edit(session, viewer, deal):
        raise Forbidden("Only this deal's team and managers may change it.")
    return deal


def _involved(viewer: Viewer) -> sa.ColumnElement[bool]:
    if viewer.person_id is None:
        return sa.false()
    on_team = select(Seat.deal_id).where(Seat.person_id == viewer.person_id)
    invited = select(DealInvitation.deal_id).where(DealInvitation.person_id == viewer.person_id)
    return sa.or_(
        # Never unknown, also where nobody owns the deal: the rule is used negated too.
        col(Deal.owner_id).is_not_distinct_from(viewer.person_id),
        col(Deal.id).in_(on_team),
        col(Deal.id).in_(invited),
    )


# Said where the last one who sees a confidential deal would be gone.
NOBODY_SEES = "Somebody must still see this deal: it is confidential."


def check_seen(session: Session, deal: Deal, changes: Mapping[str, object]) -> None:
    """Refuse changes after which nobody would see a deal that is confidential."""
    if not {"confidential", "owner_id"} & changes.keys():
        return
    owner_id = changes.get("owner_id", deal.owner_id)
    if changes.get("confidential", deal.confidential) and not is_seen(session, deal, owner_id):
        field = "owner" if "owner_id" in changes else "confidential"
        raise Invalid(
            f"{NOBODY_SEES} Give it an owner, or invite somebody, before it is confidential.",
            {field: NOBODY_SEES},
        )


def is_seen(
    session: Session,
    deal: Deal,
    owner_id: object,
    *,
    freed: int | None = None,
    uninvited: int | None = None,
) -> bool:
    """Whether an active member is involved in a deal of this owner.

    A seat that is about to be freed and a member who is about to be uninvited do not count.
    """
    # Teams are built upon deals.
    from workspace.deals.tables import Seat

    seats = select(Seat.person_id).where(Seat.deal_id == deal.id)
    if freed is not None:
        seats = seats.where(Seat.id != freed)
    invited = select(DealInvitation.person_id).where(DealInvitation.deal_id == deal.id)
    if uninvited is not None:
        invited = invited.where(DealInvitation.person_id != uninvited)
    person = col(Member.person_id)
    involved = sa.or_(person == owner_id, person.in_(seats), person.in_(invited))
    found = select(Member.person_id).where(col(Member.active).is_(True), involved)
    return session.exec(found.limit(1)).first() is not None


def invited_to(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The members outside the team who may see a confidential deal, as (key, name)."""
    query = select(Person.key, Person.name).join(
        DealInvitation, col(DealInvitation.person_id) == col(Person.id)
    )
    found = session.exec(query.where(DealInvitation.deal_id == deal_id).order_by(Person.name))
    return [(key, name) for key, name in found]


def is_involved(session: Session, deal: Deal, person_id: int) -> bool:
    """Whether a member sees a confidential deal: its owner, its team, those invited."""
    on_team = select(Seat.id).where(Seat.deal_id == deal.id, Seat.person_id == person_id)
    return (
        deal.owner_id == person_id
        or session.get(DealInvitation, (deal.id, person_id)) is not None
        or session.exec(on_team.limit(1)).first() is not None
    )


def may_see_deal(deal_id: int) -> sa.ColumnElement[bool]:
    """The predicate of the members who may see a deal; as `visible_deals`, from the other side."""
    person = col(Member.person_id)
    return sa.or_(
        sa.exists().where(col(Deal.id) == deal_id, col(Deal.confidential).is_(False)),
        sa.exists().where(col(Deal.id) == deal_id, col(Deal.owner_id) == person),
        sa.exists().where(col(Seat.deal_id) == deal_id, col(Seat.person_id) == person),
        sa.exists().where(
            col(DealInvitation.deal_id) == deal_id, col(DealInvitation.person_id) == person
        ),
    )
