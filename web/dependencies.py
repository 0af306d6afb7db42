"""The dependencies of handlers: the visit, and what wakes open pages."""

from web.live_updates import Pulse
from web.routes import Request
from web.visits import Visit, submitted, uploaded


async def provide_visit(request: Request) -> Visit:
    """The request on the open workspace, with the body of a submitted form."""
    if request.method != "POST":
        return Visit(request, request.app.state.workspace, b"")
    body, uploads = await submitted(request), await uploaded(request)
    return Visit(request, request.app.state.workspace, body, uploads)


def provide_pulse(request: Request) -> Pulse:
    """What wakes open pages."""
    pulse: Pulse = request.app.state.pulse
    return pulse
