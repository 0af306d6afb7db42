"""Identity providers, for administrators."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import EditForm, edit_form, require_unchanged
from web.forms import Form
from web.pages.administration.sign_in import HERE as RULES
from web.pages.sign_in.with_provider import callback_of
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.people.sign_in import providers
from workspace.people.sign_in.providers import ProviderFacts
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role


@dataclass(frozen=True)
class ProviderPage:
    """The form over a provider, or over a new one."""

    key: str | None
    name: str
    # The address that the provider has to know.
    callback: str
    has_secret: bool
    form: EditForm


class ProviderController(Controller):
    """/administration/providers."""

    path = "/administration/providers"
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        return self._show(visit, None, Form())

    @post()
    def add(self, visit: NamedDependency[Visit]) -> Response[Any]:
        return self._save(visit, None)

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return self._show(visit, key, Form())

    @post("/{key:str}")
    def change(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return self._save(visit, key)

    @post("/{key:str}/remove")
    def remove(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        visit.form.done()
        with visit.write() as session:
            providers.remove_provider(session, key, by=visit.viewer.person_id)
        return visit.go(RULES, "The provider is removed.")

    def _save(self, visit: Visit, key: str | None) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        form = visit.form
        facts = read_facts(form)
        secret = form.secret("secret")
        with visit.saving() as session:
            if key:
                require_unchanged(form, saved_facts(session, key))
            form.done()
            row = providers.save_provider(
                session, visit.workspace.keyring, key, facts, secret, by=visit.viewer.person_id
            )
        if form.refusal:
            return self._show(visit, key, form)
        return visit.go(f"/administration/providers/{row.key}", "Saved.")

    def _show(self, visit: Visit, key: str | None, form: Form) -> Response[str]:
        callback = callback_of(visit, key) if key else ""
        page = visit.page(provider_page, key, callback, form)
        return visit.show("administration/provider.html", page)


def read_facts(form: Form) -> ProviderFacts:
    """The facts in a form."""
    roles = {}
    for line in form.lines("roles", 2000).splitlines():
        group, _, role = line.rpartition("=")
        try:
            roles[group.strip()] = Role(role.strip().lower())
        except ValueError:
            names = ", ".join(Role)
            form.refuse("roles", f"Lines such as sales = rep. Roles are {names}.")
    return ProviderFacts(
        name=form.text("name", 60, required=True),
        issuer=form.text("issuer", 300, required=True),
        client_id=form.text("client_id", 200, required=True),
        groups_claim=form.text("groups_claim", 60) or "groups",
        roles=roles,
        adds_members=form.flag("adds_members"),
    )


def saved_facts(session: Session, key: str) -> dict[str, str]:
    """A provider as its form shows it."""
    row = providers.provider_of(session, key)
    return {
        "name": row.name,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "groups_claim": row.groups_claim,
        "roles": "\n".join(f"{group} = {role}" for group, role in row.roles.items()),
        "adds_members": "yes" if row.adds_members else "",
    }


def provider_page(
    session: Session, viewer: Viewer, key: str | None, callback: str, form: Form
) -> ProviderPage:
    """The form over a provider; the secret is never shown."""
    require_role(viewer, Role.ADMIN)
    if key is None:
        values = {"groups_claim": "groups", **form.values}
        values.pop("secret", None)
        return ProviderPage(None, "", "", False, EditForm(values, form.wrong))
    saved = saved_facts(session, key)
    has_secret = bool(providers.provider_of(session, key).secret)
    return ProviderPage(key, saved["name"], callback, has_secret, edit_form(form, saved))
