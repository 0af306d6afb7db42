"""Notes in the audit log what members were refused for want of a right."""

import time
from contextlib import suppress
from typing import Any

from anyio import to_thread
from litestar.types import Message, Scope

from web.workspace import Workspace
from workspace.audit import audit
from workspace.database import writing_until
from workspace.errors import Busy

# The same refusal of the same member is noted once within this time, so that nobody fills the log.
APART_SECONDS = 60.0
# An answer waits no longer than this for its note.
NOTING_SECONDS = 1.0
MOST_KEPT = 10_000


class Denials:
    """Whom this process has lately refused what."""

    def __init__(self) -> None:
        self._lately: dict[tuple[int, str, str], float] = {}

    def is_new(self, person_id: int, method: str, route: str) -> bool:
        """Whether a refusal has not been noted within the last minute."""
        key, moment = (person_id, method, route), time.monotonic()
        if moment - self._lately.get(key, -APART_SECONDS) < APART_SECONDS:
            return False
        if len(self._lately) >= MOST_KEPT:
            self._lately.clear()
        self._lately[key] = moment
        return True


async def note_denial(message: Message, scope: Scope) -> None:
    """Note an answer that refuses a member; called before each answer is sent."""
    if message["type"] != "http.response.start" or message["status"] != 403:
        return
    viewer = scope.get("user")
    if viewer is None or viewer.person_id is None:
        return
    state = scope["litestar_app"].state
    # The pattern of the route: addresses hold names and the secrets of links.
    method, route = str(scope.get("method")), str(scope.get("path_template") or "unknown")
    if state.denials.is_new(viewer.person_id, method, route):
        await to_thread.run_sync(note, state.workspace, viewer.person_id, f"{method} {route}")


def note(workspace: Workspace, person_id: int, what: str) -> None:
    """Write in the audit log that a member was refused something."""
    deadline = time.monotonic() + NOTING_SECONDS
    with suppress(Busy), writing_until(deadline), workspace.database.write() as session:
        detail: dict[str, Any] = {"what": what}
        audit(session, person_id, "denied", f"person {person_id}", detail)
