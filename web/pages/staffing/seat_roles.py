"""Seat roles: the list of what a seat may be for, kept by managers and administrators."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.responses import go, show
from web.routes import Request, get, post
from web.saving import saving
from web.workspace import Workspace
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

    @get()
    def show(
        self,
        request: Request,
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = seat_roles_page(session, viewer)
        return show(request, "staffing/roles.html", page)

    @post()
    def add(
        self,
        request: Request,
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_leader(viewer)
        name = form.text("name", 40, required=True)
        with saving(workspace, form) as session:
            form.done()
            seat_roles.add_seat_role(session, name, viewer.person_id)
        if form.refusal:
            return self._again(request, viewer, workspace, "", form)
        return go(request, "/staffing/roles", f"A seat may be for {name} now.")

    @post("/{key:str}/rename")
    def rename(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_leader(viewer)
        name = form.text("name", 40, required=True)
        seen = form.maybe("seen", 40)
        with saving(workspace, form, Conflict) as session:
            form.done()
            seat_roles.rename_seat_role(session, key, name, viewer.person_id, seen=seen)
        if form.refusal:
            return self._again(request, viewer, workspace, key, form)
        return go(request, "/staffing/roles", f"It is {name} now, on every seat.")

    @post("/{key:str}/move")
    def move(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_leader(viewer)
        to = form.choice("to", ("up", "down"), required=True)
        form.done()
        with workspace.database.write() as session:
            role = seat_roles.move_seat_role(session, key, viewer.person_id, up=to == "up")
        return go(request, "/staffing/roles", f"{role.name} is moved {to}.")

    @post("/{key:str}/remove")
    def remove(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_leader(viewer)
        form.done()
        with saving(workspace, form, Conflict) as session:
            name = seat_roles.remove_seat_role(session, viewer, key)
        if form.refusal:
            return self._again(request, viewer, workspace, key, form)
        return go(request, "/staffing/roles", f"No new seat is for {name}.")

    def _again(
        self,
        request: Request,
        viewer: Viewer,
        workspace: Workspace,
        key: str,
        form: Form,
    ) -> Response[str]:
        if form.is_conflict:
            form.refuse("role", str(form.refusal))
        with workspace.database.read() as session:
            page = seat_roles_page(session, viewer, key, form)
        return show(request, "staffing/roles.html", page, status=form.status)


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
