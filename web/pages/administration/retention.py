"""Retention rules, for administrators, with a preview of what would go."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import EditForm, edit_form, require_unchanged
from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role
from workspace.privacy import retention
from workspace.privacy.retention import LEAST_DAYS, MOST_DAYS, Kept

HERE = "/administration/retention"
LABELS = {
    Kept.MAIL: ("Mail", "Mail that was sent, or is not to be sent"),
    Kept.IMPORTS: ("Import files", "Uploaded files, and rows that were refused"),
    Kept.CONTACTS: ("Contacts", "Contacts without a part in any deal, reference, tie or list"),
}


@dataclass(frozen=True)
class RetentionPage:
    """Each kind with its days, and how much would go tonight."""

    # Name, label, what it is, and how much would go; None where it is kept.
    lines: list[tuple[str, str, str, int | None]]
    form: EditForm
    # Whether this is a preview that is not saved.
    is_preview: bool

    @property
    def labels(self) -> dict[str, str]:
        """The label of each field."""
        return {name: label for name, label, *_ in self.lines}


class RetentionController(Controller):
    """/administration/retention."""

    path = HERE
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return self._show(visit, Form(), False)

    @post()
    def save(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        form = visit.form
        then = form.choice("then", ("preview", "save"), required=True)
        days = {kind: form.integer(kind, LEAST_DAYS, MOST_DAYS) for kind in Kept}
        with visit.saving() as session:
            require_unchanged(form, saved_rules(session))
            form.done()
            if then == "save":
                retention.set_rules(session, days, by=visit.viewer.person_id)
        if form.refusal or then == "preview":
            return self._show(visit, form, not form.refusal)
        return visit.go(HERE, "Retention rules saved. They are applied once a day.")

    def _show(self, visit: Visit, form: Form, is_preview: bool) -> Response[str]:
        page = visit.page(retention_page, form, is_preview)
        return visit.show("administration/retention.html", page)


def saved_rules(session: Session) -> dict[str, str]:
    """The rules as the form shows them."""
    rules = retention.rules_of(session)
    return {kind: str(rules.get(kind, "")) for kind in Kept}


def retention_page(session: Session, viewer: Viewer, form: Form, is_preview: bool) -> RetentionPage:
    """The rules, saved or as they would be, with what would go."""
    require_role(viewer, Role.ADMIN)
    shown = edit_form(form, saved_rules(session))
    lines = []
    for kind in Kept:
        days = shown.values.get(kind, "")
        would_go = (
            retention.affected(session, kind, int(days))
            if days.isascii() and days.isdigit() and LEAST_DAYS <= int(days) <= MOST_DAYS
            else None
        )
        lines.append((str(kind), *LABELS[kind], would_go))
    return RetentionPage(lines, shown, is_preview)
