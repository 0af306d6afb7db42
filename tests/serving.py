"""The application, and a real server on a free port for what a test client cannot do: browsers,
and streams."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar

from references.network.paths import Network
from similarity.index.catalog import Catalog
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
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
