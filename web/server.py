"""The server: uvicorn, which ends the open streams before it stops."""

import gc
import socket
from typing import Any

import uvicorn
from litestar import Litestar


def settle() -> None:
    """Keep the garbage collector from looking through what is loaded for good.

    Caches and libraries are hundreds of thousands of objects, and some page would wait each time
    that all of them are looked through.
    """
    gc.collect()
    gc.freeze()


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
