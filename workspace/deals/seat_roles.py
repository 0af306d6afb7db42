"""Seat roles: the company's own list of roles that a seat on a team may have."""

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
from workspace.reading import found_once

DEFAULT_SEAT_ROLES = (
    "account executive",
    "product expert",
    "sales engineer",
    "consultant",
    "auditor",
    "trainer",
    "executive sponsor",
)
# The keys of the roles that an owner's own seat and an invited expert's seat get.
OWNERS_ROLE = "account-executive"
EXPERTS_ROLE = "product-expert"


class SeatRole(SQLModel, table=True):
    """A role that a seat may have. A seat has its name; its key stays when it is renamed."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(unique=True, max_length=40)
    position: int


@dataclass(frozen=True)
class SeatRoleRow:
    """A role as a line of the list, with the number of its seats that the viewer may see."""

    key: str
    name: str
    seats: int


def add_default_seat_roles(session: Session) -> None:
    """Add the default roles, unless there are roles."""
    if session.exec(select(SeatRole.id).limit(1)).first() is None:
        for position, name in enumerate(DEFAULT_SEAT_ROLES, start=1):
            session.add(
                SeatRole(key=free_key(session, SeatRole, name), name=name, position=position)
            )
        session.flush()


_IN_ORDER = select(SeatRole).order_by(col(SeatRole.position))


def seat_roles(session: Session) -> Sequence[SeatRole]:
    """The roles in their order."""
    return found_once(session, SeatRole, lambda: session.exec(_IN_ORDER).all())


def role_names(session: Session) -> list[str]:
    """The names of the roles for new seats.

    A lock keeps others from renaming or removing a role until this transaction ends.
    """
    return [role.name for role in _lock_roles(session, to_change=False)]


def owners_role(session: Session) -> str:
    """The role of an owner's own seat where a file names none; without it, the first role."""
    roles = _lock_roles(session, to_change=False)
    return next((role.name for role in roles if role.key == OWNERS_ROLE), roles[0].name)


def seat_role_rows(session: Session, viewer: Viewer) -> list[SeatRoleRow]:
    """The roles, each with the number of its seats on deals that the viewer may see."""
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
    """Add a role after the others."""
    roles = _lock_roles(session)
    _require_free(name, roles)
    role = SeatRole(
        key=free_key(session, SeatRole, name),
        name=name,
        position=max((other.position for other in roles), default=0) + 1,
    )
    session.add(role)
    session.flush()
    audit(session, by, "seat role added", f"seat role {role.id}", {"name": name})
    return role


def rename_seat_role(
    session: Session, key: str, name: str, by: int | None, *, seen: str | None = None
) -> SeatRole:
    """Rename a role, and with it all present and past seats of that role.

    `seen` is the name that the editor saw; `Conflict` where it is no longer that one. Entries on
    timelines keep the old name.
    """
    roles = _lock_roles(session)
    role = _role_of(roles, key)
    before = role.name
    if seen is not None and seen != before:
        raise Conflict(f"It was renamed to {before} in the meantime.")
    if name == before:
        return role
    _require_free(name, [other for other in roles if other is not role])
    role.name = name
    session.add(role)
    session.flush()
    for table in (Seat, PastSeat):
        session.execute(sa.update(table).where(col(table.role) == before).values(role=name))
    audit(session, by, "seat role renamed", f"seat role {role.id}", {"name": [before, name]})
    return role


def move_seat_role(session: Session, key: str, by: int | None, *, up: bool) -> SeatRole:
    """Swap a role with the one before it, or after it, where there is one."""
    roles = _lock_roles(session)
    role = _role_of(roles, key)
    before = roles.index(role)
    after = before - 1 if up else before + 1
    if not 0 <= after < len(roles):
        return role
    roles[before], roles[after] = roles[after], roles[before]
    for position, row in enumerate(roles, start=1):
        row.position = position
        session.add(row)
    detail: dict[str, object] = {"position": [before + 1, after + 1]}
    audit(session, by, "seat role moved", f"seat role {role.id}", detail)
    return role


def remove_seat_role(session: Session, viewer: Viewer, key: str) -> str:
    """Remove a role that no seat has; its name.

    Seats on deals that are hidden from the viewer do not count: a refusal would tell of them.
    They keep the role's name.
    """
    roles = _lock_roles(session)
    role = _role_of(roles, key)
    count = next(row.seats for row in seat_role_rows(session, viewer) if row.key == key)
    if count:
        seats = "A seat is" if count == 1 else f"{count} seats are"
        raise Conflict(f"{seats} for {role.name}: rename it, or keep it.")
    if len(roles) == 1:
        raise Conflict("This is the last seat role. Add another one first.")
    session.delete(role)
    session.flush()
    detail: dict[str, object] = {"name": role.name}
    audit(session, viewer.person_id, "seat role removed", f"seat role {role.id}", detail)
    return role.name


def _lock_roles(session: Session, *, to_change: bool = True) -> list[SeatRole]:
    """The roles in their order, locked until this transaction ends."""
    # Locks are taken in one order, so that two transactions never wait for each other.
    query = select(SeatRole.id).order_by(col(SeatRole.id))
    session.exec(query.with_for_update(read=not to_change, key_share=not to_change)).all()
    # A second query, as the first one misses roles that were added while it waited.
    current = select(SeatRole).order_by(col(SeatRole.position))
    return list(session.exec(current.execution_options(populate_existing=True)))


def _role_of(roles: Sequence[SeatRole], key: str) -> SeatRole:
    role = next((role for role in roles if role.key == key), None)
    if role is None:
        raise NotFound("There is no such role any more.")
    return role


def _require_free(name: str, others: Sequence[SeatRole]) -> None:
    if not plain(name):
        raise Invalid("Enter a name.", {"name": "Use at least one letter or digit."})
    # Imports read 'Trainer' and 'trainer' as one name.
    if plain(name) in {plain(other.name) for other in others}:
        raise Invalid("This role exists already.", {"name": "A role of this name exists already."})
