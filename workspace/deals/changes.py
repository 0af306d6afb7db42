"""What changed on deals since a day: new, won, lost, moved and put off."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.deals.access import visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.lists import deal_totals
from workspace.deals.tables import Deal, Outcome
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import Event, TimelineEntry, events_of

# How many entries are read at most; the newest count.
_READ = 200


@dataclass(frozen=True)
class Change:
    """How many deals changed in one way, and the sums of their amounts."""

    label: str
    chosen: dict[str, str]
    count: int
    sums: dict[str, Decimal]


@dataclass(frozen=True)
class PutOff:
    """A deal whose expected close was moved to a later day."""

    key: str
    name: str
    before: date
    after: date


@dataclass(frozen=True)
class Changes:
    """What changed since a day."""

    since: date
    totals: list[Change]
    moves: list[Event]
    put_off: list[PutOff]


def changes_since(session: Session, viewer: Viewer, since: date, *, limit: int = 6) -> Changes:
    """What changed on the deals that a viewer may see; of moves and delays the newest."""
    totals = []
    for label, outcome in (("New", Outcome.OPEN), ("Won", Outcome.WON), ("Lost", Outcome.LOST)):
        found = deal_totals(session, viewer, DealFilter(outcome=outcome, since=since))
        chosen = {"outcome": str(outcome), "since": since.isoformat()}
        totals.append(Change(label, chosen, found.count, found.sums))
    events = _events(session, viewer, since)
    return Changes(
        since=since,
        totals=totals,
        moves=[event for event in events if event.kind == "stage"][:limit],
        put_off=[each for event in events for each in _put_off(event)][:limit],
    )


def _events(session: Session, viewer: Viewer, since: date) -> list[Event]:
    query: Any = (
        sa.select(TimelineEntry, col(Deal.key).label("deal_key"), col(Deal.name).label("deal_name"))
        .join(Deal, col(Deal.id) == col(TimelineEntry.deal_id))
        .where(
            visible_deals(viewer),
            col(Deal.outcome) == Outcome.OPEN,
            col(TimelineEntry.kind).in_(("stage", "edited")),
            col(TimelineEntry.at) >= datetime.combine(since, time(), UTC),
        )
        .order_by(col(TimelineEntry.at).desc(), col(TimelineEntry.id).desc())
        .limit(_READ)
    )
    return events_of(session, [tuple(row) for row in session.execute(query)])


def _put_off(event: Event) -> list[PutOff]:
    days = event.detail.get("expected_close")
    if event.kind != "edited" or not isinstance(days, list) or not all(days):
        return []
    before, after = (date.fromisoformat(str(day)) for day in days)
    return [PutOff(event.deal_key, event.deal_name, before, after)] if after > before else []
