"""The command that serves an assistant on this machine."""

import os

from web.cli.options import app
from web.cli.workspace import open_workspace
from workspace.errors import Invalid
from workspace.told import in_words


@app.command("mcp")
def mcp() -> None:
    """Serve an AI assistant over standard input and output (Model Context Protocol).

    DEALKIN_TOKEN has the token of the member for whom the assistant acts.
    """
    from web.assistants.server import server_for
    from web.assistants.tools import Assistant
    from web.denials import Denials
    from web.suggestion_tally import Tally
    from workspace.people.api_tokens import KnownToken, known_token

    secret = os.environ.get("DEALKIN_TOKEN", "")
    with open_workspace() as workspace:

        def token() -> KnownToken:
            # Read again with each call, so that a token that is revoked ends at once.
            with workspace.database.read() as session:
                found = known_token(session, secret)
            if found is None or found.problem:
                raise Invalid(in_words(found.problem) if found else "DEALKIN_TOKEN names no token.")
            return found

        token()
        tally = Tally()
        try:
            server_for(Assistant(workspace, token, tally, Denials())).run("stdio")
        finally:
            tally.store(workspace.database)
