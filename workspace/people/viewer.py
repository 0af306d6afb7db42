"""The viewer: the member behind a page or a command, with their roles."""

from dataclasses import dataclass

from workspace.errors import Forbidden
from workspace.people.tables import Role


@dataclass(frozen=True)
class Viewer:
    """The member who looks and acts; without a person, the plain view of the command line."""

    person_id: int | None
    name: str
    roles: frozenset[Role] = frozenset()

    @property
    def may_write(self) -> bool:
        """Whether this viewer can change anything: a member without a role can only read."""
        return bool(self.roles)

    @property
    def leads(self) -> bool:
        """Whether this viewer can edit every deal that they see."""
        return bool(self.roles & {Role.MANAGER, Role.ADMIN})


# The command line without --as sees what every member sees, and no confidential deal.
PLAIN_VIEW = Viewer(person_id=None, name="everyone")


def require_writer(viewer: Viewer) -> None:
    """Refuse members who can only read."""
    if not viewer.may_write:
        raise Forbidden("Your account may read, but not change anything. Ask an administrator.")


def require_leader(viewer: Viewer) -> None:
    """Refuse viewers who are neither manager nor administrator."""
    require_role(viewer, Role.MANAGER, Role.ADMIN)


def require_role(viewer: Viewer, *roles: Role) -> None:
    """Refuse viewers who have none of these roles."""
    if not viewer.roles & set(roles):
        names = " or ".join(sorted(roles))
        raise Forbidden(f"This is for members with the role {names}.")
