"""The bus factor: what hangs on one colleague, worst first."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from references.bus_factor import Risk, bus_factor
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class BusFactorPage:
    """What hangs on one colleague."""

    risks: list[Risk]


class BusFactorController(Controller):
    """/staffing/bus-factor."""

    path = "/staffing/bus-factor"
    opt = open_to(reads=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("staffing/bus_factor.html", visit.page(bus_factor_page))


def bus_factor_page(session: Session, viewer: Viewer) -> BusFactorPage:
    """The page as this viewer may know it."""
    return BusFactorPage(bus_factor(session, viewer))
