"""The application, and a real server on a free port for what a test client cannot do: browsers,
and streams."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar

from references.network.paths import Network
from similarity.index.catalog import Catalog
from tests.threads import SECONDS, wait_for
from web.app import app_state, create_app
from web.server import Server
from workspace.database import Database
from workspace.settings import Settings

_made: list[Litestar] = []


def application(
    settings: Settings, database: Database, catalog: Catalog, network: Network
) -> Litestar:
    """The application on this workspace, and no longer on the one of the test before: making
    one takes longer than most tests. It has the origin of the first one's settings, none."""
    if not _made:
        _made.append(create_app(settings, database, catalog, network))
    else:
        _made[0].state = app_state(settings, database, catalog, network, "http://127.0.0.1:8000")
    return _made[0]


@contextmanager
def serving(app: Litestar) -> Iterator[str]:
    """The address of a server of this application, which stops when the block ends."""
    server = Server(app, port=0)
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
