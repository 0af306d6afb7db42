"""Health and metrics, for programs: whether it lives, whether it is ready, and what it measures."""

import hmac
from typing import Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Response
from sqlalchemy.exc import SQLAlchemyError

from web.conditions import Conditions
from web.metrics import exposition
from web.policies import Policy, open_to
from web.routes import get as get_in_thread
from web.visits import Visit
from workspace.errors import NotFound


class HealthController(Controller):
    """/health: for load balancers and supervisors."""

    path = "/health"
    opt = open_to(reads=Policy.ANYONE, unlimited=True)

    @get("/live")
    async def live(self) -> Response[str]:
        """It answers, whatever the state of the database."""
        return Response("alive", media_type="text/plain")

    @get_in_thread("/ready")
    def ready(self, visit: NamedDependency[Visit]) -> Response[Any]:
        """Whether it can do its work, and the codes of what is not as it should be."""
        found: Conditions = visit.request.app.state.conditions
        try:
            with visit.read() as session:
                current = found.current(session, visit.workspace)
        except SQLAlchemyError:
            return Response({"ready": False, "conditions": ["database"]}, status_code=503)
        ready = not any(condition.serious for condition in current)
        codes = [condition.code for condition in current]
        return Response({"ready": ready, "conditions": codes}, status_code=200 if ready else 503)


class MetricsController(Controller):
    """/metrics, for Prometheus with the token of the settings."""

    path = "/metrics"
    opt = open_to(reads=Policy.ANYONE)

    @get_in_thread()
    def show(self, visit: NamedDependency[Visit]) -> Response[bytes]:
        token = visit.workspace.settings.metrics_token
        sent = visit.request.headers.get("authorization", "")
        if not token or not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            raise NotFound("There is no such page.")
        with visit.read() as session:
            text = exposition(session, visit.workspace.catalog.generation)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
