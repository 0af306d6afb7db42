"""The server: uvicorn, which ends open streams before it stops."""

import gc
import socket
from typing import Any

import uvicorn
from litestar import Litestar


def settle() -> None:
    """Exempt what is loaded now from garbage collection.

    Caches and libraries are hundreds of thousands of objects, and each full collection would
    delay a page.
    """
    gc.collect()
    gc.freeze()


class Server(uvicorn.Server):
    """Serves the application."""

    def __init__(self, app: Litestar, **options: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                # Addresses hold what people searched for.
                access_log=False,
                server_header=False,
                # Without a limit, one open connection would keep the server from stopping.
                timeout_graceful_shutdown=5,
                **options,
            )
        )
        self.pulse = app.state.pulse

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of live updates, then stop."""
        self.pulse.close()
        await super().shutdown(sockets)
