"""Saved views: keeping a way of looking at the deals, and changing what was kept."""

from collections.abc import Callable
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import row_id
from web.pages.deals.list import deals_page
from web.pages.deals.list_state import list_state_of, query_fields
from web.policies import Policy, open_to
from web.routes import post
from web.visits import Visit
from workspace.deals import saved_views
from workspace.people.viewer import require_writer


class ViewController(Controller):
    """/deals/views."""

    path = "/deals/views"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @post()
    def save(self, visit: NamedDependency[Visit]) -> Response[Any]:
        def save(session: Session, name: str, query: str, shared: bool) -> str:
            saved_views.save_view(session, visit.viewer, name, query, shared=shared)
            return f"“{name}” is saved."

        return _named(visit, save)

    @post("/{view_id:int}/edit")
    def change(self, visit: NamedDependency[Visit], view_id: FromPath[int]) -> Response[Any]:
        def change(session: Session, name: str, query: str, shared: bool) -> str:
            saved_views.change_view(session, visit.viewer, row_id(view_id), name, shared=shared)
            return f"“{name}” is changed."

        return _named(visit, change)

    @post("/{view_id:int}/delete")
    def delete(self, visit: NamedDependency[Visit], view_id: FromPath[int]) -> Response[Any]:
        require_writer(visit.viewer)
        state = list_state_of(visit.form.text("query", 2000))
        visit.form.done()
        with visit.write() as session:
            name = saved_views.delete_view(session, visit.viewer, row_id(view_id))
        return visit.go(state.address(), f"“{name}” is deleted.")


def _named(visit: Visit, write: Callable[[Session, str, str, bool], str]) -> Response[Any]:
    """Write a view with the name in a form; the form comes back where that cannot be."""
    require_writer(visit.viewer)
    state = list_state_of(visit.form.text("query", 2000))
    name = visit.form.text("name", 60, required=True)
    shared = visit.form.flag("shared")
    with visit.saving() as session:
        visit.form.done()
        said = write(session, name, state.query, shared)
    if visit.form.refusal:
        page = visit.page(deals_page, query_fields(state), form=visit.form)
        return visit.show("deals/list.html", page)
    return visit.go(state.address(), said)
