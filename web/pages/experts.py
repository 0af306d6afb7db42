"""Experts on a topic: the colleagues to ask about anything, by evidence."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from similarity.experts import Expert, experts_of_text
from web.forms import Form
from web.responses import show
from web.routes import Request, get
from web.workspace import Workspace
from workspace.people.viewer import Viewer

SHOWN = 20


@dataclass(frozen=True)
class TopicExperts:
    """A topic, and who knows it; without a topic, the form alone."""

    topic: str
    experts: list[Expert]


class TopicController(Controller):
    """/experts."""

    path = "/experts"

    @get()
    def show(
        self,
        request: Request,
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        topic = asked.text("q", 2000)
        asked.check()
        experts: list[Expert] = []
        if topic:
            with workspace.database.read() as session:
                experts = experts_of_text(session, viewer, workspace.catalog, topic, limit=SHOWN)
        return show(request, "experts.html", TopicExperts(topic, experts))
