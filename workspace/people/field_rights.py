"""Field rights: which roles may read fields of contacts that not everybody's work needs."""

from collections.abc import Collection
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, select

from workspace.audit import audit
from workspace.database import RIGHTS
from workspace.people.tables import Role
from workspace.people.viewer import Viewer
from workspace.reading import found_once
from workspace.value_lists import join_values, split_values


class FieldGroup(StrEnum):
    """Fields of contacts that are read together."""

    # E-mail addresses, telephone numbers, and where post is sent.
    ADDRESSES = "addresses"
    CONSENTS = "consents"
    LIMITS = "limits"


# An expert joins calls, but asks nobody for a reference. A member without a role reads none.
DEFAULTS = {
    FieldGroup.ADDRESSES: frozenset(Role),
    FieldGroup.CONSENTS: frozenset(Role) - {Role.EXPERT},
    FieldGroup.LIMITS: frozenset(Role) - {Role.EXPERT},
}


class FieldRight(SQLModel, table=True):
    """The roles that may read a group of fields, if an administrator has set them."""

    __table_args__ = {"info": {RIGHTS: True}}

    field: str = Field(primary_key=True, max_length=20)
    # A list, joined by `value_lists.join_values`.
    roles: str = Field(max_length=200)


_RIGHTS = select(FieldRight)


def roles_by_field(session: Session) -> dict[FieldGroup, frozenset[Role]]:
    """The roles that may read each group of fields."""
    rights = found_once(session, FieldRight, lambda: session.exec(_RIGHTS).all())
    rows = {row.field: row.roles for row in rights}
    return {
        group: frozenset(map(Role, split_values(rows[group]))) if group in rows else DEFAULTS[group]
        for group in FieldGroup
    }


def readable_fields(session: Session, viewer: Viewer) -> frozenset[FieldGroup]:
    """The groups of fields that a viewer may read."""
    return frozenset(
        group for group, roles in roles_by_field(session).items() if roles & viewer.roles
    )


def set_roles_of_field(
    session: Session, group: FieldGroup, roles: Collection[Role], *, by: int | None
) -> None:
    """Set which roles may read a group of fields."""
    before = roles_by_field(session)[group]
    if before == frozenset(roles):
        return
    row = session.get(FieldRight, group) or FieldRight(field=group, roles="")
    row.roles = join_values(role for role in Role if role in roles)
    session.add(row)
    detail: dict[str, object] = {"roles": sorted(roles)}
    audit(session, by, "field rights set", f"field {group}", detail)
