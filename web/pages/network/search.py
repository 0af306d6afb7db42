"""Network search: people in a position, and how we know them."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from references.prospecting.search import Prospects, search_network
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from web.workspace import Workspace
from workspace.people.viewer import Viewer

EXAMPLES = (
    "Head of data at a bank in Poland",
    "Supply chain director, food manufacturer",
    "CIO at a hospital in Germany",
)


@dataclass(frozen=True)
class NetworkPage:
    """A question, what was understood of it, and who fits; without a question, the form alone."""

    text: str
    found: Prospects | None
    may_write: bool
    examples: tuple[str, ...] = EXAMPLES


class NetworkController(Controller):
    """/network."""

    path = "/network"
    opt = open_to(reads=Policy.MEMBERS, searches=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        text = visit.form.text("q", 500)
        visit.form.check()
        page = visit.page(network_page, visit.workspace, text)
        return visit.show("network/search/show.html", page)


def network_page(session: Session, viewer: Viewer, workspace: Workspace, text: str) -> NetworkPage:
    """The page with the people who fit a text."""
    found = None
    if text:
        found = search_network(
            session, viewer, workspace.catalog, workspace.network, workspace.titles, text
        )
    return NetworkPage(text, found, viewer.may_write)
