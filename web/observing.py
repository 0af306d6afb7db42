"""What is noted of each request: one line in the log, and its part in the metrics.

Neither has what a member wrote: of the address only the pattern of its route, of the member only
the number.
"""

import time
from secrets import token_hex
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from workspace.metrics import REQUEST_SECONDS, REQUESTS

log = structlog.stdlib.get_logger("dealkin.requests")

# Asked for every few seconds by other programs, and worth no line unless they fail.
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})


def observed(app: ASGIApp) -> ASGIApp:
    """The application, with each request noted."""

    async def observe(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began = time.perf_counter()
        status, seconds = 0, 0.0

        async def sending(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                # A stream goes on for as long as its page is open.
                status, seconds = message["status"], time.perf_counter() - began
            await send(message)

        with bound_contextvars(request=token_hex(4)):
            try:
                await app(scope, receive, sending)
            finally:
                _note(scope, status, seconds or time.perf_counter() - began)

    return observe


def _note(scope: Any, status: int, seconds: float) -> None:
    route = scope.get("path_template") or "unknown"
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
    if route in QUIET and status < 400:
        return
    viewer = scope.get("user")
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000),
        member=viewer.person_id if viewer else None,
    )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
