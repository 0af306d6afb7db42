"""Similar deals: the past and the open deals that are like a sentence."""

from dataclasses import dataclass, field

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_text
from similarity.kin import Kin, kin_of, past_and_running
from web.forms import Form
from web.pages.named_facets import NamedFacets, named_facets
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from workspace.people.viewer import Viewer

LIMIT = 10
RUNNING = 5
LONGEST = 2_000


@dataclass(frozen=True)
class SimilarPage:
    """A sentence, what it names, and the deals that are like it; without one, the form alone."""

    text: str
    named: NamedFacets
    kin: list[Kin] = field(default_factory=list)
    running: list[Kin] = field(default_factory=list)


class SimilarController(Controller):
    """/similar."""

    path = "/similar"
    opt = open_to(reads=Policy.MEMBERS, searches=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(similar_page, visit.workspace.catalog, visit.form)
        return visit.show("similar.html", page)


def similar_page(session: Session, viewer: Viewer, catalog: Catalog, asked: Form) -> SimilarPage:
    """The page that an address asks for."""
    text = asked.text("q", LONGEST)
    asked.check()
    named = named_facets(session, viewer, "/similar", text, asked)
    if not text:
        return SimilarPage(text, named)
    inquiry = ask_of_text(session, viewer, catalog, text, without=named.off)
    past, running = past_and_running()
    return SimilarPage(
        text,
        named,
        kin_of(session, catalog, inquiry, filter=past, limit=LIMIT),
        kin_of(session, catalog, inquiry, filter=running, limit=RUNNING) if running else [],
    )
