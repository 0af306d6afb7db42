"""One box over deals, assets and people."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from similarity.search import SearchResults, search
from web.forms import Form
from web.rendering import query
from web.responses import answer
from web.routes import Request, get
from web.workspace import Workspace
from workspace.people.viewer import Viewer

LIMIT = 8


@dataclass(frozen=True)
class SearchPage:
    """What was looked for, and what was found."""

    text: str
    found: SearchResults | None

    @property
    def count(self) -> int:
        """How many things were found."""
        return self.found.count if self.found else 0


class SearchController(Controller):
    """/search."""

    path = "/search"

    @get()
    def show(
        self,
        request: Request,
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        text = asked.text("q", 2_000)
        asked.check()
        found = None
        if text:
            with workspace.database.read() as session:
                found = search(session, viewer, workspace.catalog, text, limit=LIMIT)
        address = "/search?" + query({"q": text})
        return answer(
            request, "search.html", "_search_results.html", SearchPage(text, found), address=address
        )
