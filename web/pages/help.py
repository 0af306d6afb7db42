"""Help: a page per area, written for its users, and the product's words."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from workspace.errors import NotFound

# The areas, with whom each page is for.
AREAS = {
    "deals": ("Deals", "Reps and managers"),
    "suggestions": ("Suggestions", "Reps"),
    "references": ("References", "Reps and customer marketing"),
    "teams": ("Teams and requests", "Managers and experts"),
    "network": ("Network and introductions", "Everyone"),
    "administration": ("Administration", "Administrators"),
    "words": ("Words", "Everyone"),
    "keyboard": ("Keyboard", "Everyone"),
    "new": ("What is new", "Everyone"),
}


@dataclass(frozen=True)
class HelpPage:
    """An area's help, among the others."""

    area: str
    title: str
    readers: str
    areas: dict[str, tuple[str, str]]


class HelpController(Controller):
    """/help."""

    path = "/help"
    opt = open_to(reads=Policy.MEMBERS)

    @get()
    def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        return _show(visit, "deals")

    @get("/{area:str}")
    def show(self, visit: NamedDependency[Visit], area: FromPath[str]) -> Response[str]:
        if area not in AREAS:
            raise NotFound("There is no such help page.")
        return _show(visit, area)


def _show(visit: Visit, area: str) -> Response[str]:
    title, readers = AREAS[area]
    return visit.show("help/show.html", HelpPage(area, title, readers, AREAS))
