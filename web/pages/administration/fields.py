"""Field rights: which roles may read contact details, consents and limits."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import fingerprint, require_unchanged
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.people.field_rights import FieldGroup, roles_by_field, set_roles_of_field
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role

LABELS = {
    FieldGroup.ADDRESSES: "Email, phone and street of contacts",
    FieldGroup.CONSENTS: "Consents of advocates",
    FieldGroup.LIMITS: "Limits and recent requests of advocates",
}


@dataclass(frozen=True)
class FieldsPage:
    """Each group of fields with the roles that may read it."""

    # Name of the field in the form, label, and the roles that are checked.
    groups: list[tuple[str, str, list[str]]]
    wrong: dict[str, str]
    seen: str
    roles: tuple[tuple[str, str], ...] = tuple((role, role.capitalize()) for role in Role)


class FieldRightController(Controller):
    """/administration/fields."""

    path = "/administration/fields"
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("administration/fields.html", visit.page(fields_page, {}))

    @post()
    def save(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        chosen = {group: visit.form.choices(group, tuple(Role)) for group in FieldGroup}
        with visit.saving() as session:
            require_unchanged(visit.form, saved_rights(session))
            visit.form.done()
            for group, roles in chosen.items():
                set_roles_of_field(
                    session, group, [Role(role) for role in roles], by=visit.viewer.person_id
                )
        if visit.form.refusal:
            page = visit.page(fields_page, visit.form.wrong or {"form": str(visit.form.refusal)})
            return visit.show("administration/fields.html", page)
        return visit.go("/administration/fields", "Field rights saved.")


def saved_rights(session: Session) -> dict[str, str]:
    """The roles of each group, as the form's fingerprint has them."""
    return {group: ",".join(sorted(roles)) for group, roles in roles_by_field(session).items()}


def fields_page(session: Session, viewer: Viewer, wrong: dict[str, str]) -> FieldsPage:
    """The rights as they are."""
    require_role(viewer, Role.ADMIN)
    rights = roles_by_field(session)
    return FieldsPage(
        groups=[(group, LABELS[group], sorted(rights[group])) for group in FieldGroup],
        wrong=wrong,
        seen=fingerprint(saved_rights(session)),
    )
