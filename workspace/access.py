"""The one rule for who may see and change what.

Every query on deals, wherever it runs, starts from `visible_deals`; every page and every
write gets its deal from `readable_deal` or `editable_deal`. What a viewer may not see does
not exist for them: they get NotFound, and nothing that is counted or ranked for them has
seen it either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.deals import Deal, DealInvitation
from workspace.errors import Forbidden, NotFound
from workspace.people import Member, Person, Role
from workspace.teams import Seat


@dataclass(frozen=True)
class Viewer:
    """Who looks and acts. Without a person it is the command line's own, plain view."""

    person_id: int | None
    name: str
    roles: frozenset[Role] = frozenset()

    @property
    def may_write(self) -> bool:
        """Whether this viewer may change anything at all: a member without a role reads."""
        return bool(self.roles)

    @property
    def leads(self) -> bool:
        """Whether this viewer may work on every deal they see."""
        return bool(self.roles & {Role.MANAGER, Role.ADMIN})


# The command line without --as: what every member sees, and no confidential deal.
PLAIN_VIEW = Viewer(person_id=None, name="everyone")


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


def require_writer(viewer: Viewer) -> None:
    """Refuse members who may only read."""
    if not viewer.may_write:
        raise Forbidden("Your account may read, but not change anything. Ask an administrator.")


def require_leader(viewer: Viewer) -> None:
    """Refuse everybody who neither manages nor administers."""
    require_role(viewer, Role.MANAGER, Role.ADMIN)


def require_role(viewer: Viewer, *roles: Role) -> None:
    """Refuse everybody who has none of these roles."""
    if not viewer.roles & set(roles):
        names = " or ".join(sorted(roles))
        raise Forbidden(f"This is for members with the role {names}.")


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
