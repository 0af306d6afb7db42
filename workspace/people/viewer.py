"""Who is looking: the member behind a page or a command, with their roles."""

from dataclasses import dataclass

from workspace.errors import Forbidden
from workspace.people.tables import Role


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
