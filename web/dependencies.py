"""The dependencies of handlers: the visit, and what wakes open pages."""

from web.live_updates import Pulse
from web.routes import Request
from web.visits import Visit, submitted


async def provide_visit(request: Request) -> Visit:
    """The request on the open workspace, with the body of a submitted form."""
    body = await submitted(request) if request.method == "POST" else b""
    return Visit(request, request.app.state.workspace, body)


def provide_pulse(request: Request) -> Pulse:
    """What wakes open pages."""
    pulse: Pulse = request.app.state.pulse
    return pulse
