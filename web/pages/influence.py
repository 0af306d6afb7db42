"""Influence: what went with references, and where advocates are missing."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from references import impact
from references.impact import Influence
from web.htmx import show
from workspace.access import Viewer
from workspace.database import Database
from workspace.errors import Forbidden


@dataclass(frozen=True)
class InfluencePage:
    """The figures over the deals that the viewer may see."""

    influence: Influence
    # How many closed deals a side needs, and how many requests a figure of their course.
    fewest: int = impact.FEWEST
    fewest_requests: int = impact.FEWEST_REQUESTS


class InfluenceController(Controller):
    """/references/influence."""

    path = "/references/influence"

    @get(sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[str]:
        if not viewer.roles:
            raise Forbidden("This page is for members with a role. Ask an administrator.")
        with database.read() as session:
            page = InfluencePage(impact.influence(session, viewer))
        return show(request, "references/influence.html", page)
