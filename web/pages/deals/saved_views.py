"""Saved views: keeping a way of looking at the deals, and changing what was kept."""

from collections.abc import Callable
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form, row_id
from web.pages.deals.list import deals_page
from web.pages.deals.list_state import asked_by, look_of
from web.responses import go, show
from web.routes import Request, post
from web.saving import saving
from web.workspace import Workspace
from workspace.deals import saved_views
from workspace.people.viewer import Viewer, require_writer


class ViewController(Controller):
    """/deals/views."""

    path = "/deals/views"

    @post()
    def save(
        self,
        request: Request,
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        def save(session: Session, name: str, query: str, shared: bool) -> str:
            saved_views.save_view(session, viewer, name, query, shared=shared)
            return f"“{name}” is saved."

        return _named(request, form, viewer, workspace, save)

    @post("/{view_id:int}/edit")
    def change(
        self,
        request: Request,
        view_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        def change(session: Session, name: str, query: str, shared: bool) -> str:
            saved_views.change_view(session, viewer, row_id(view_id), name, shared=shared)
            return f"“{name}” is changed."

        return _named(request, form, viewer, workspace, change)

    @post("/{view_id:int}/delete")
    def delete(
        self,
        request: Request,
        view_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        look = look_of(form.text("query", 2000))
        form.done()
        with workspace.database.write() as session:
            name = saved_views.delete_view(session, viewer, row_id(view_id))
        return go(request, look.address(), f"“{name}” is deleted.")


def _named(
    request: Request,
    form: Form,
    viewer: Viewer,
    workspace: Workspace,
    write: Callable[[Session, str, str, bool], str],
) -> Response[Any]:
    """Write a view with the name in a form; the form comes back where that cannot be."""
    require_writer(viewer)
    look = look_of(form.text("query", 2000))
    name = form.text("name", 60, required=True)
    shared = form.flag("shared")
    with saving(workspace, form) as session:
        form.done()
        said = write(session, name, look.query, shared)
    if form.refusal:
        with workspace.database.read() as session:
            page = deals_page(session, viewer, asked_by(look), form=form)
        return show(request, "deals/list.html", page, status=form.status)
    return go(request, look.address(), said)
