"""API tokens: a member's own, and for administrators all of them and the service accounts."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.errors import Invalid
from workspace.people import api_tokens
from workspace.people.api_tokens import LONGEST_LABEL, Scope, TokenRow
from workspace.people.people import member_of
from workspace.people.tables import Role
from workspace.people.viewer import Viewer

HERE = "/tokens"
ALL = "/administration/tokens"
# The new account among the choices of a service account's.
NEW = "new"
SCOPES = (
    (Scope.READ, "Read"),
    (Scope.WRITE, "Write"),
    (Scope.ADMINISTER, "Administer"),
)
DAYS = (("30", "30 days"), ("90", "90 days"), ("366", "1 year"))


@dataclass(frozen=True)
class TokensPage:
    """The tokens, and the form for a new one; right after it was made, its secret."""

    here: str
    rows: list[TokenRow]
    secret: str
    label: str
    values: dict[str, str]
    chosen: list[str]
    wrong: dict[str, str]
    # For administrators: the service accounts to make a token for.
    services: list[tuple[str, str]]
    chosen_roles: list[str]
    scopes: tuple[tuple[str, str], ...] = SCOPES
    days: tuple[tuple[str, str], ...] = DAYS
    roles: tuple[tuple[str, str], ...] = tuple((role, role.capitalize()) for role in Role)


class TokenController(Controller):
    """/tokens: the viewer's own."""

    path = HERE
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return _show(visit, HERE)

    @post()
    def create(self, visit: NamedDependency[Visit]) -> Response[Any]:
        own, secret, label = visit.viewer.person_id, "", ""
        with visit.saving() as session:
            token = read_token(visit.form)
            visit.form.done()
            if own is None:
                raise Invalid("Only members have tokens.")
            row, secret = api_tokens.create_token(session, own, *token, by=own)
            label = row.label
        return _show(visit, HERE, secret, label)

    @post("/{key:str}/revoke")
    def revoke(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return _revoke(visit, key, HERE)


class AllTokensController(Controller):
    """/administration/tokens: the tokens of all members, and those of service accounts."""

    path = ALL
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return _show(visit, ALL)

    @post()
    def create(self, visit: NamedDependency[Visit]) -> Response[Any]:
        form, by, secret, label = visit.form, visit.viewer.person_id, "", ""
        with visit.saving() as session:
            token = read_token(form)
            known = [key for key, _ in api_tokens.services(session)]
            account = form.choice("service", [NEW, *known], required=True)
            name = form.text("name", 200, required=account == NEW)
            roles = [Role(role) for role in form.choices("role", tuple(Role))]
            form.done()
            if account == NEW:
                person = api_tokens.add_service(session, name, roles, by=by)
            else:
                person = member_of(session, account or "")
            row, secret = api_tokens.create_token(session, person.id, *token, by=by)
            label = f"{row.label}, {person.name}"
        return _show(visit, ALL, secret, label)

    @post("/{key:str}/revoke")
    def revoke(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return _revoke(visit, key, ALL)


def read_token(form: Form) -> tuple[str, list[Scope], int]:
    """The label, the scopes and the days of a new token in a form."""
    label = form.text("label", LONGEST_LABEL, required=True)
    scopes = [Scope(scope) for scope in form.choices("scope", tuple(Scope))]
    if not scopes:
        form.refuse("scope", "Select what the token may do.")
    days = form.choice("days", [days for days, _ in DAYS], required=True)
    return label, scopes, int(days or 0)


def tokens_page(
    session: Session, viewer: Viewer, here: str, form: Form, secret: str, label: str
) -> TokensPage:
    """The tokens at an address, with the form as it came back."""
    every = here == ALL
    return TokensPage(
        here=here,
        rows=api_tokens.all_tokens(session)
        if every
        else api_tokens.tokens_of(session, viewer.person_id or 0),
        secret=secret,
        label=label,
        values={} if secret else form.values,
        chosen=[Scope.READ] if secret or not form.sent else form.sent.get("scope", []),
        wrong=form.wrong,
        services=api_tokens.services(session) if every else [],
        chosen_roles=[] if secret else form.sent.get("role", []),
    )


def _show(visit: Visit, here: str, secret: str = "", label: str = "") -> Response[str]:
    form = visit.form if visit.request.method == "POST" else Form()
    page = visit.page(tokens_page, here, form, secret, label)
    return visit.show("tokens.html", page)


def _revoke(visit: Visit, key: str, here: str) -> Response[Any]:
    visit.form.done()
    with visit.write() as session:
        token = api_tokens.revoke_token(session, visit.viewer, key)
    return visit.go(here, f"{token.label} is revoked. Programs that use it are refused.")
