"""What every handler is written with: the request, routes in a worker thread, and addresses."""

from functools import partial
from urllib.parse import quote

import litestar
from litestar.datastructures import State

from workspace.people.viewer import Viewer

# Nobody is signed in on a public page, and sessions are rows of our own.
Request = litestar.Request[Viewer | None, None, State]

# Sessions of the database block, so no handler of ours may run on the event loop.
get = partial(litestar.get, sync_to_thread=True)
post = partial(litestar.post, sync_to_thread=True)


def at(*segments: str) -> str:
    """The path of these segments, each percent-encoded."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)
