"""The dependencies of handlers: the workspace, the viewer, and the submitted fields."""

from litestar.exceptions import NotAuthorizedException

from web.forms import Form, parse_pairs
from web.live_updates import Pulse
from web.routes import Request
from web.workspace import Workspace
from workspace.people.viewer import Viewer


def provide_workspace(request: Request) -> Workspace:
    """The open workspace."""
    workspace: Workspace = request.app.state.workspace
    return workspace


def provide_viewer(request: Request) -> Viewer:
    """The member who is signed in."""
    viewer: Viewer | None = request.scope.get("user")
    if viewer is None:
        raise NotAuthorizedException
    return viewer


def provide_pulse(request: Request) -> Pulse:
    """What wakes open pages."""
    pulse: Pulse = request.app.state.pulse
    return pulse


async def provide_form(request: Request) -> Form:
    """The fields of the submitted form."""
    if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
        return Form()
    return Form(parse_pairs(await request.body()))


def provide_asked(request: Request) -> Form:
    """The fields of the query string: filters, sorting, paging."""
    return Form(parse_pairs(request.scope["query_string"]))
