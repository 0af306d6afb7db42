"""The rules of signing in, for administrators: when sessions end, and who needs a code."""

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
from workspace.people.sign_in import providers
from workspace.people.sign_in.rules import rules_of, set_rules
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role

HERE = "/administration/sign-in"


@dataclass(frozen=True)
class RulesPage:
    """The rules as they are, or as they came back."""

    form: EditForm
    # The roles that are checked.
    chosen: list[str]
    providers: list[tuple[str, str]]
    roles: tuple[tuple[str, str], ...] = tuple((role, role.capitalize()) for role in Role)


class SignInRuleController(Controller):
    """/administration/sign-in."""

    path = HERE
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return self._show(visit, Form())

    @post()
    def save(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        form, by = visit.form, visit.viewer.person_id
        idle = form.integer("idle_minutes", 1)
        lifetime = form.integer("lifetime_hours", 1)
        roles = form.choices("two_step", tuple(Role))
        takes_passwords = form.flag("takes_passwords")
        with visit.saving() as session:
            require_unchanged(form, saved_rules(session))
            # An administrator who cannot sign in otherwise would lock everybody out.
            if not takes_passwords and not providers.is_linked(session, by or 0):
                form.refuse("takes_passwords", "Sign in through an identity provider first.")
            form.done()
            set_rules(
                session,
                idle_minutes=idle or 0,
                lifetime_hours=lifetime or 0,
                two_step_roles=[Role(role) for role in roles],
                takes_passwords=takes_passwords,
                by=by,
            )
        if form.refusal:
            return self._show(visit, form)
        return visit.go(HERE, "Sign-in rules saved.")

    def _show(self, visit: Visit, form: Form) -> Response[str]:
        return visit.show("administration/sign_in.html", visit.page(rules_page, form))


def rules_page(session: Session, viewer: Viewer, form: Form) -> RulesPage:
    """The rules, for an administrator."""
    require_role(viewer, Role.ADMIN)
    roles = [str(role) for role in rules_of(session).two_step_roles]
    chosen = form.sent.get("two_step", []) if form.refusal else roles
    rows = [(row.key, row.name) for row in providers.providers(session)]
    return RulesPage(edit_form(form, saved_rules(session)), chosen, rows)


def saved_rules(session: Session) -> dict[str, str]:
    """The rules as the form shows them."""
    rules = rules_of(session)
    return {
        "idle_minutes": str(int(rules.idle.total_seconds() // 60)),
        "lifetime_hours": str(int(rules.lifetime.total_seconds() // 3600)),
        "two_step": ", ".join(sorted(rules.two_step_roles)),
        "takes_passwords": "yes" if rules.takes_passwords else "",
    }
