"""The application, and a real server on a free port for what a test client cannot do: browsers,
and streams."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from litestar import Litestar

from tests.threads import SECONDS, wait_for
from web.app import app_state, create_app
from web.server import Server
from web.workspace import Workspace

_made: list[Litestar] = []


def application(workspace: Workspace) -> Litestar:
    """The application, which all tests share as making one takes longer than most of them, on
    this workspace and no longer on that of the test before. It has no origin."""
    if not _made:
        _made.append(create_app(workspace))
    else:
        _made[0].state = app_state(workspace)
    return _made[0]


def set_mail_server(app: Litestar) -> None:
    """Have mail leave from here; by default pages show it to be copied."""
    workspace = app.state.workspace
    settings = workspace.settings.model_copy(update={"smtp_url": "smtp://mail.example"})
    app.state.workspace = replace(workspace, settings=settings)


@contextmanager
def serving(app: Litestar, proxies: str = "") -> Iterator[str]:
    """The address of a server of this application, which stops when the block ends."""
    server = Server(app, proxies, port=0)
    # A daemon: a server that does not stop must not keep the process of the tests from ending.
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    try:
        until = time.monotonic() + SECONDS
        while not server.started:
            assert thread.is_alive(), "The server ended before it had started."
            assert time.monotonic() < until, f"The server did not start in {SECONDS:.0f} seconds."
            thread.join(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        wait_for(thread)
