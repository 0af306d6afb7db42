"""Experts on a topic: the colleagues to ask about anything, by evidence."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from similarity.experts import Expert, experts_of_text
from web.pages.named_facets import NamedFacets, named_facets
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit

SHOWN = 20


@dataclass(frozen=True)
class TopicExperts:
    """A topic, and who knows it; without a topic, the form alone."""

    topic: str
    named: NamedFacets
    experts: list[Expert]


class TopicController(Controller):
    """/experts."""

    path = "/experts"
    opt = open_to(reads=Policy.MEMBERS, searches=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        topic = visit.form.text("q", 2000)
        visit.form.check()
        named = visit.page(named_facets, "/experts", topic, visit.form)
        experts: list[Expert] = []
        if topic:
            experts = visit.page(
                experts_of_text, visit.workspace.catalog, topic, limit=SHOWN, without=named.off
            )
        return visit.show("experts.html", TopicExperts(topic, named, experts))
