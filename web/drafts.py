"""The drafts that the forms of a page can offer to their member."""

from functools import cached_property

from web.routes import Request
from workspace.collaboration.drafts import Draft, drafts_of

# The field of a form that names the place of its drafts.
PLACE = "draft_of"


class Drafts:
    """The member's drafts, read when the first form asks for one."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def at(self, place: str) -> Draft | None:
        """The draft of a form; None for a form that comes back with what was sent."""
        return None if self._request.method == "POST" else self._all.get(place)

    @cached_property
    def _all(self) -> dict[str, Draft]:
        viewer = self._request.scope.get("user")
        if viewer is None or viewer.person_id is None:
            return {}
        with self._request.app.state.workspace.database.read() as session:
            return drafts_of(session, viewer.person_id)
