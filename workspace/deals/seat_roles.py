"""Seat roles: what a place on a team may be for, in the company's own words."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, PastSeat, Seat
from workspace.errors import Conflict, Invalid, NotFound
from workspace.keys import free_key, plain
from workspace.people.viewer import Viewer

DEFAULT_SEAT_ROLES = (
    "account executive",
    "product expert",
    "sales engineer",
    "consultant",
    "auditor",
    "trainer",
    "executive sponsor",
)
# The default roles that others are chosen by: whom an owner is to their deal, and as what an
# expert is asked in.
OWNERS_ROLE = "account-executive"
EXPERTS_ROLE = "product-expert"


class SeatRole(SQLModel, table=True):
    """What a seat may be for. Seats hold its name; its key stays when it is renamed."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(unique=True, max_length=40)
    position: int


@dataclass(frozen=True)
class SeatRoleRow:
    """A role as a line of the list, with how many seats that the viewer may see are for it."""

    key: str
    name: str
    seats: int


def add_default_seat_roles(session: Session) -> None:
    """The default roles, where there are none yet."""
    if session.exec(select(SeatRole.id).limit(1)).first() is None:
        for position, name in enumerate(DEFAULT_SEAT_ROLES, start=1):
            session.add(
                SeatRole(key=free_key(session, SeatRole, name), name=name, position=position)
            )
        session.flush()


def seat_roles(session: Session) -> Sequence[SeatRole]:
    """The roles in their order."""
    return session.exec(select(SeatRole).order_by(col(SeatRole.position))).all()


def role_names(session: Session) -> list[str]:
    """The names that a seat which is about to be made may have.

    They stay as they are until this transaction ends: whoever renames or removes a role waits.
    """
    return [role.name for role in _held(session, to_change=False)]


def owners_role(session: Session) -> str:
    """What an owner's own seat is for where a file does not say; the first role, if need be."""
    roles = _held(session, to_change=False)
    return next((role.name for role in roles if role.key == OWNERS_ROLE), roles[0].name)


def seat_role_rows(session: Session, viewer: Viewer) -> list[SeatRoleRow]:
    """The roles with how many seats are for each, of the deals that the viewer may see."""
    counts = dict(
        session.execute(
            sa.select(col(Seat.role), sa.func.count())
            .join(Deal, col(Deal.id) == col(Seat.deal_id))
            .where(visible_deals(viewer))
            .group_by(col(Seat.role))
        ).all()
    )
    return [
        SeatRoleRow(role.key, role.name, counts.get(role.name, 0)) for role in seat_roles(session)
    ]


def add_seat_role(session: Session, name: str, by: int | None) -> SeatRole:
    """A new role, after the others."""
    roles = _held(session)
    _require_free(name, roles)
    role = SeatRole(
        key=free_key(session, SeatRole, name),
        name=name,
        position=max((each.position for each in roles), default=0) + 1,
    )
    session.add(role)
    session.flush()
    audit(session, by, "seat role added", f"seat role {role.id}", {"name": name})
    return role


def rename_seat_role(
    session: Session, key: str, name: str, by: int | None, *, seen: str | None = None
) -> SeatRole:
    """Give a role another name, and with it all the seats that are or were for it.

    `seen` is the name that the editor saw; `Conflict` where it is no longer that one. What
    timelines tell stays as it was told.
    """
    roles = _held(session)
    role = _of(roles, key)
    before = role.name
    if seen is not None and seen != before:
        raise Conflict(f"Somebody else has renamed it to {before} in the meantime.")
    if name == before:
        return role
    _require_free(name, [each for each in roles if each is not role])
    role.name = name
    session.add(role)
    session.flush()
    for table in (Seat, PastSeat):
        session.execute(sa.update(table).where(col(table.role) == before).values(role=name))
    audit(session, by, "seat role renamed", f"seat role {role.id}", {"name": [before, name]})
    return role


def move_seat_role(session: Session, key: str, by: int | None, *, up: bool) -> SeatRole:
    """Let a role change places with the one before it, or after it, where there is one."""
    roles = _held(session)
    role = _of(roles, key)
    here = roles.index(role)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(roles):
        return role
    roles[here], roles[there] = roles[there], roles[here]
    for position, each in enumerate(roles, start=1):
        each.position = position
        session.add(each)
    detail: dict[str, object] = {"position": [here + 1, there + 1]}
    audit(session, by, "seat role moved", f"seat role {role.id}", detail)
    return role


def remove_seat_role(session: Session, viewer: Viewer, key: str) -> str:
    """Take a role that no seat is for out of the list; its name.

    Seats of deals that are hidden from the one who removes it do not stand in the way: the
    refusal would tell of them. They keep the word for what they are for.
    """
    roles = _held(session)
    role = _of(roles, key)
    count = next(row.seats for row in seat_role_rows(session, viewer) if row.key == key)
    if count:
        seats = "A seat is" if count == 1 else f"{count} seats are"
        raise Conflict(f"{seats} for {role.name}: rename it, or keep it.")
    if len(roles) == 1:
        raise Conflict("This is the last role: a seat has to be for something.")
    session.delete(role)
    session.flush()
    detail: dict[str, object] = {"name": role.name}
    audit(session, viewer.person_id, "seat role removed", f"seat role {role.id}", detail)
    return role.name


def _held(session: Session, *, to_change: bool = True) -> list[SeatRole]:
    """The roles in their order, as they are now, and as they stay until this transaction ends."""
    # Everybody takes them in one order, so that nobody waits for somebody who waits for them.
    query = select(SeatRole.id).order_by(col(SeatRole.id))
    session.exec(query.with_for_update(read=not to_change, key_share=not to_change)).all()
    # Whoever had to wait does not see what was added meanwhile until they look again.
    now_there = select(SeatRole).order_by(col(SeatRole.position))
    return list(session.exec(now_there.execution_options(populate_existing=True)))


def _of(roles: Sequence[SeatRole], key: str) -> SeatRole:
    found = next((role for role in roles if role.key == key), None)
    if found is None:
        raise NotFound("There is no such role any more.")
    return found


def _require_free(name: str, others: Sequence[SeatRole]) -> None:
    if not plain(name):
        raise Invalid("That is no name.", {"name": "A name with a letter or a digit."})
    # As files are read: 'Trainer' and 'trainer' are one.
    if plain(name) in {plain(each.name) for each in others}:
        raise Invalid("There is such a role.", {"name": "There is a role of that name."})
