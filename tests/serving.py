"""A real server on a free port, for what a test client cannot do: browsers, and streams."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar

from web.server import Server


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
