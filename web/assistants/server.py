"""The MCP server: the tools of an assistant, over standard input or over HTTP."""

from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from web.assistants.tools import Answer, Assistant
from workspace.errors import DealkinError, Forbidden, Invalid

_INSTRUCTIONS = (
    "Dealkin is a company's record of deals, accounts, people, references and assets. You see what"
    " the token's member may see. Name the sources of what you say. Drafts are sent by people."
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def server_for(assistant: Assistant) -> MCPServer:
    """The server of an assistant."""
    server = MCPServer(
        "dealkin",
        title="Dealkin",
        instructions=_INSTRUCTIONS,
        version=version("dealkin"),
        log_level="WARNING",
    )
    for tool, annotations in (
        (assistant.search, _READS),
        (assistant.similar_deals, _READS),
        (assistant.brief_for_call, _READS),
        (assistant.who_can_vouch, _READS),
        (assistant.who_knows_whom, _READS),
        (assistant.draft_reference_request, _WRITES),
        (assistant.log_note, _WRITES),
    ):
        server.add_tool(_in_words(assistant, tool), annotations=annotations)
    return server


def _in_words(assistant: Assistant, tool: Callable[..., Answer]) -> Callable[..., Answer]:
    """A tool whose refusals are answers in words; anything else is a fault that is logged.

    What the member has no right to is noted in the audit log.
    """

    @wraps(tool)
    def refusing(*args: Any, **kwargs: Any) -> Answer:
        try:
            return tool(*args, **kwargs)
        except DealkinError as refusal:
            if isinstance(refusal, Forbidden):
                assistant.note_denial(tool.__name__)
            fields = refusal.fields if isinstance(refusal, Invalid) else {}
            told = [f"{name}: {why}" for name, why in fields.items()]
            raise ToolError(" ".join([str(refusal), *told])) from None

    return refusing


async def serve_call(server: MCPServer, scope: Any, receive: Any, send: Any) -> None:
    """Answer one HTTP call (streamable HTTP); no session is kept between calls."""
    server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        # A token is required, and no browser sends it by itself.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    async with server.session_manager.run():
        await server.session_manager.handle_request(scope, receive, send)
