"""The server: uvicorn, which ends open streams before it stops, and cuts half-sent requests off."""

import asyncio
import gc
import signal
import socket
import threading
from typing import Any

import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from web.observing import observed

# Seconds in which the head of a request has to arrive, from the connection or its first byte.
HEAD_SECONDS = 10.0
# Seconds that a stop waits for requests that are being answered.
STOP_SECONDS = 1


# Objects that may be made, and kept, until the youngest are collected; how many times that, until
# older ones are. By Python's own numbers a tenth of a page's time goes into it, and a full
# collection stops all pages for a quarter of a second every few seconds.
COLLECTED_AFTER = (10_000, 20, 50)


def settle() -> None:
    """Exempt what is loaded now from garbage collection, and collect the rest more rarely.

    Caches and libraries are hundreds of thousands of objects, and each full collection would
    delay a page.
    """
    gc.set_threshold(*COLLECTED_AFTER)
    gc.collect()
    gc.freeze()


class TimedProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """A connection that is closed if the head of a request does not arrive in time.

    uvicorn limits the time between requests only; its own limit ends with the first byte.
    """

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        if self._due is None and not self._is_answering():
            self._wait_for_head()
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        """Whether the head of a request is complete, and its answer is not."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._due = self.loop.call_later(HEAD_SECONDS, self._cut_off)

    def _stop_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _cut_off(self) -> None:
        self._due = None
        self.transport.close()


class Server(uvicorn.Server):
    """Serves the application.

    `proxies` are the addresses and networks whose word about the client's address is believed.
    """

    def __init__(self, app: Litestar, proxies: str = "", **options: Any) -> None:
        super().__init__(
            uvicorn.Config(
                observed(app),
                http=TimedProtocol,
                log_level="warning",
                # Addresses hold what people searched for.
                access_log=False,
                server_header=False,
                # The log is Dealkin's own.
                log_config=None,
                # Without a limit, one open connection would keep the server from stopping.
                timeout_graceful_shutdown=STOP_SECONDS,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
                **options,
            )
        )
        self.pulse = app.state.pulse

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal stops the server; then return, so that the rest stops in order."""
        if threading.current_thread() is threading.main_thread():
            # uvicorn raises the signal again after it has stopped.
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, lambda *_: None)
        super().run(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of live updates, then stop."""
        self.pulse.close()
        await super().shutdown(sockets)
