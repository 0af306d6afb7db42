"""Servers on a made-up record, each a process of its own, as it is in earnest."""

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from litestar import Litestar

from tests.benchmarks._record import MadeUpModel
from web import limits
from web.app import create_app
from web.limits import Kind, Limit
from web.processes import run_processes
from web.server import settle
from web.workspace import workspace_on
from workspace.database import Database
from workspace.people.sign_in import throttling
from workspace.settings import Settings

# Where a server tells how many seconds its processor has worked.
WORKED = "/seconds-worked"
# Longer than anybody reads before they ask for the next page.
KEEP_ALIVE_SECONDS = 32


class Running(NamedTuple):
    """A server that runs."""

    address: str
    process: BaseProcess


@contextmanager
def running(target: Callable[..., None], *about: Any) -> Iterator[Running]:
    """A process that serves on a socket, its first argument, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # A fork would take over the threads' locks of this process, but not the threads.
    process = multiprocessing.get_context("spawn").Process(target=target, args=(listener, *about))
    process.start()
    try:
        yield Running(address, process)
    finally:
        process.terminate()
        process.join()
        listener.close()


def opened(folder: Path) -> Database:
    """The database of a record in a folder."""
    (path,) = folder.glob("*.sqlite3")
    return Database(f"sqlite:///{path}")


def serve_record(listener: socket.socket, folder: str) -> None:
    """Serve the record of a folder."""
    _serve_from(listener, opened(Path(folder)), folder)


def serve_with_processes(listener: socket.socket, url: str, folder: str, number: int) -> None:
    """Serve the record at an address by so many processes, which keep files in a folder."""
    run_processes(number, lambda: _serve_from(listener, Database(url), folder))


def _serve_from(listener: socket.socket, database: Database, folder: str) -> None:
    workspace = workspace_on(database, Settings(home=folder), MadeUpModel())
    workspace.warm()
    workspace.weigh()
    settle()
    serve(listener, create_app(workspace))


def serve_unlimited(listener: socket.socket, folder: str) -> None:
    """Serve the record of a folder without limits on requests a minute."""
    limits.LIMITS = dict.fromkeys(Kind, Limit(1_000_000))
    throttling.ATTEMPT_LIMIT = throttling.ADDRESS_LIMIT = 1_000_000
    serve_record(listener, folder)


def serve(listener: socket.socket, app: Litestar) -> None:
    """Serve an application, which also tells how long its processor has worked."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == WORKED:
            told = str(time.process_time()).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": told})
        else:
            await app(scope, receive, send)

    # A connection that is closed while somebody reads may be closed as they ask for the next.
    config = uvicorn.Config(
        answer, log_level="error", access_log=False, timeout_keep_alive=KEEP_ALIVE_SECONDS
    )
    uvicorn.Server(config).run(sockets=[listener])
