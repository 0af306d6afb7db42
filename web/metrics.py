"""The metrics of all processes of this command, and of what waits in the database."""

import os
from collections.abc import Iterable

import sqlalchemy as sa
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlmodel import Session, col

from similarity.index.tables import CATALOG_LOG
from workspace.clock import now
from workspace.delivery.outbox import OutboxMessage
from workspace.jobs.tables import UNFINISHED, Job

# The folder in which several processes put their metrics together; prometheus-client reads it.
SHARED = "PROMETHEUS_MULTIPROC_DIR"


def exposition(session: Session, taken: int | None) -> bytes:
    """Everything that is measured, in the text format of Prometheus.

    `taken` is the last generation of documents that the index of this process has taken; None
    where it has no index, as the database searches.
    """
    registry = CollectorRegistry()
    registry.register(_Stored(session, taken))
    text = generate_latest(registry)
    if SHARED in os.environ:
        processes = CollectorRegistry()
        MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
        return text + generate_latest(processes)
    return text + generate_latest(REGISTRY)


class _Stored(Collector):
    """What is counted in the database when it is asked for."""

    def __init__(self, session: Session, taken: int | None) -> None:
        self._session = session
        self._taken = taken

    def collect(self) -> Iterable[GaugeMetricFamily]:
        waiting, oldest = self._session.execute(
            sa.select(sa.func.count(), sa.func.min(col(OutboxMessage.due_at))).where(
                col(OutboxMessage.sent_at).is_(None), col(OutboxMessage.dropped_at).is_(None)
            )
        ).one()
        yield GaugeMetricFamily("dealkin_outbox_waiting", "Mails that wait.", waiting)
        age = max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0
        yield GaugeMetricFamily("dealkin_outbox_oldest_seconds", "How long mail is overdue.", age)
        jobs = GaugeMetricFamily("dealkin_jobs", "Unfinished jobs.", labels=["state"])
        counts = dict(
            self._session.execute(
                sa.select(col(Job.state), sa.func.count()).group_by(col(Job.state))
            ).all()
        )
        for state in UNFINISHED:
            jobs.add_metric([state], counts.get(state, 0))
        yield jobs
        last = CATALOG_LOG.last(self._session).number
        yield GaugeMetricFamily(
            "dealkin_catalog_generation", "The last generation of documents.", last
        )
        if self._taken is not None:
            yield GaugeMetricFamily(
                "dealkin_catalog_behind",
                "The generations that the index in memory of the process that answers lacks.",
                # The index may be newer than what this transaction sees.
                max(0, last - self._taken),
            )
