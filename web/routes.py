"""What every handler is written with: the request, and routes that run in a worker thread."""

from functools import partial

import litestar
from litestar.datastructures import State

from workspace.people.viewer import Viewer

# Nobody is signed in on a public page, and sessions are rows of our own.
Request = litestar.Request[Viewer | None, None, State]

# Sessions of the database block, so no handler of ours may run on the event loop.
get = partial(litestar.get, sync_to_thread=True)
post = partial(litestar.post, sync_to_thread=True)
