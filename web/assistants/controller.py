"""/mcp: the server for assistants over HTTP, under a token."""

from functools import partial

from litestar import Controller, post
from litestar.types import ASGIApp

from web.assistants.server import serve_call, server_for
from web.assistants.tools import Assistant
from web.policies import Policy, open_to
from web.routes import Request


class AssistantController(Controller):
    """/mcp."""

    path = "/mcp"
    # Questions are sent as POST, too; the tools that write ask for the scope themselves.
    opt = open_to(
        reads=Policy.MEMBERS,
        writes=Policy.MEMBERS,
        api=True,
        asks_by_post=True,
        in_turn=True,
    )

    @post(status_code=200)
    async def call(self, request: Request) -> ASGIApp:
        token = request.scope["token"]  # type: ignore[typeddict-item]
        state = request.app.state
        assistant = Assistant(state.workspace, lambda: token, state.tally, state.denials)
        # The MCP server answers by itself.
        return partial(serve_call, server_for(assistant))
