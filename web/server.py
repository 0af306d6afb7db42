"""The server: uvicorn, which ends the open streams before it stops."""

import socket
from typing import Any

import uvicorn
from litestar import Litestar


class Server(uvicorn.Server):
    """Serves one application of ours."""

    def __init__(self, app: Litestar, **options: Any) -> None:
        # Whatever else is still open is given a moment, and not for ever.
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                # Addresses hold what people searched for.
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                **options,
            )
        )
        self.pulse = app.state.pulse

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, once whoever listens was told that there is nothing more to come."""
        self.pulse.close()
        await super().shutdown(sockets)
