"""Seat roles: the list of what a seat may be for, kept by managers and administrators."""

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
from workspace.deals import seat_roles
from workspace.deals.seat_roles import SeatRoleRow
from workspace.errors import Conflict
from workspace.people.viewer import Viewer, require_leader


@dataclass(frozen=True)
class SeatRolesPage:
    """The roles, with the form that came back where one did."""

    rows: list[SeatRoleRow]
    may_edit: bool
    changing: str | None  # The key of the role that was to be changed; empty for a new one.
    values: dict[str, str]
    wrong: dict[str, str]


class SeatRoleController(Controller):
    """/staffing/roles."""

    path = "/staffing/roles"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.LEADERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("staffing/roles.html", visit.page(seat_roles_page))

    @post()
    def add(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_leader(visit.viewer)
        name = visit.form.text("name", 40, required=True)
        with visit.saving() as session:
            visit.form.done()
            seat_roles.add_seat_role(session, name, visit.viewer.person_id)
        if visit.form.refusal:
            return self._again(visit, "")
        return visit.go("/staffing/roles", f"Seat role added: {name}.")

    @post("/{key:str}/rename")
    def rename(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_leader(visit.viewer)
        name = visit.form.text("name", 40, required=True)
        seen = visit.form.text("seen", 40, required=True)
        with visit.saving(Conflict) as session:
            visit.form.done()
            seat_roles.rename_seat_role(session, key, name, visit.viewer.person_id, seen=seen)
        if visit.form.refusal:
            return self._again(visit, key)
        return visit.go("/staffing/roles", f"Renamed to {name} on every seat.")

    @post("/{key:str}/move")
    def move(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_leader(visit.viewer)
        to = visit.form.choice("to", ("up", "down"), required=True)
        visit.form.done()
        with visit.write() as session:
            role = seat_roles.move_seat_role(session, key, visit.viewer.person_id, up=to == "up")
        return visit.go("/staffing/roles", f"{role.name} moved {to}.")

    @post("/{key:str}/remove")
    def remove(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_leader(visit.viewer)
        visit.form.done()
        with visit.saving(Conflict) as session:
            name = seat_roles.remove_seat_role(session, visit.viewer, key)
        if visit.form.refusal:
            return self._again(visit, key)
        return visit.go("/staffing/roles", f"{name} is no longer offered for new seats.")

    def _again(self, visit: Visit, key: str) -> Response[str]:
        if visit.form.is_conflict:
            visit.form.refuse("role", str(visit.form.refusal))
        return visit.show("staffing/roles.html", visit.page(seat_roles_page, key, visit.form))


def seat_roles_page(
    session: Session, viewer: Viewer, changing: str | None = None, form: Form | None = None
) -> SeatRolesPage:
    """The page; everybody may look at it."""
    return SeatRolesPage(
        rows=seat_roles.seat_role_rows(session, viewer),
        may_edit=viewer.leads,
        changing=changing,
        values=form.values if form else {},
        wrong=form.wrong if form else {},
    )
