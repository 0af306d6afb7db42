"""Influence: what went with references, and where advocates are missing."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from references.desk.influence import FEWEST, FEWEST_REQUESTS, Influence, measure_influence
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from workspace.errors import Forbidden


@dataclass(frozen=True)
class InfluencePage:
    """The figures over the deals that the viewer may see."""

    influence: Influence
    # How many closed deals a side needs, and how many requests a figure of their course.
    fewest: int = FEWEST
    fewest_requests: int = FEWEST_REQUESTS


class InfluenceController(Controller):
    """/references/influence."""

    path = "/references/influence"
    opt = open_to(reads=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        if not visit.viewer.roles:
            raise Forbidden("This page is for members with a role. Ask an administrator.")
        with visit.read() as session:
            page = InfluencePage(measure_influence(session, visit.viewer))
        return visit.show("references/influence.html", page)
