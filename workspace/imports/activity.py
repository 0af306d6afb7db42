"""Applies the rows of activity: what happened on deals before they were imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial

from sqlmodel import col, select

from workspace.audit import audit
from workspace.clock import now, today
from workspace.database import fetch, select_row
from workspace.deals.tables import Deal, Outcome
from workspace.imports.cells import read_choice, read_prose
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.dates import read_moment
from workspace.imports.rows import Result, Row, apply_each
from workspace.timeline.timeline import WRITTEN_KINDS, TimelineEntry


@dataclass(frozen=True)
class _Activity:
    """An entry of a timeline, with the columns by which a row of activity is matched."""

    deal_id: int
    at: datetime
    by_id: int | None
    kind: str
    text: str


def apply_activity(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by all columns: deal, time, person, kind and text."""
    for batch in context.deal_batches(rows):
        query = select_row(_Activity, TimelineEntry).where(
            col(TimelineEntry.deal_id).in_(batch.deal_ids),
            col(TimelineEntry.kind).in_(WRITTEN_KINDS),
        )
        activities = set(fetch(context.session, _Activity, query))
        last: dict[int, date] = {}
        apply_each(batch.rows, partial(_apply_activity, context, batch, activities, last))
        _start_clocks(context, last)


def _start_clocks(context: ImportContext, last: dict[int, date]) -> None:
    """Let imported open deals that have not moved since be at their stage from their last
    activity on: whether they moved before is unknown."""
    moved = select(TimelineEntry.deal_id).where(
        col(TimelineEntry.deal_id).in_(last), TimelineEntry.kind == "stage"
    )
    imported = select(TimelineEntry.deal_id).where(
        col(TimelineEntry.deal_id).in_(last), TimelineEntry.kind == "imported"
    )
    deals = select(Deal).where(
        col(Deal.id).in_(imported), col(Deal.id).not_in(moved), Deal.outcome == Outcome.OPEN
    )
    for deal in context.session.exec(deals):
        deal.stage_since = min(max(last[deal.id], deal.opened or date.min), today())
        context.session.add(deal)


def _apply_activity(
    context: ImportContext,
    batch: DealRows,
    activities: set[_Activity],
    last: dict[int, date],
    row: Row,
) -> Result:
    at = row.need("at", read_moment)
    text = row.need("text", read_prose)
    kind = row.read("kind", lambda cell: read_choice(cell, WRITTEN_KINDS)) or "note"
    by_id = row.read("by", context.member_id)
    row.check()
    deal = context.editable_deal(row, batch)
    activity = _Activity(deal.id, at, by_id, kind, text)
    last[deal.id] = max(at.date(), last.get(deal.id, date.min))
    if activity in activities:
        return Result.UNCHANGED
    activities.add(activity)
    add_past_event(context, deal, kind, text, by_id=by_id, at=at)
    return Result.CREATED


def add_past_event(
    context: ImportContext,
    deal: Deal,
    kind: str,
    text: str = "",
    *,
    by_id: int | None,
    at: datetime | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    """Put a past event on a deal's timeline; the audit log says who imported it."""
    context.session.add(
        TimelineEntry(
            deal_id=deal.id, at=at or now(), by_id=by_id, kind=kind, text=text, detail=detail or {}
        )
    )
    audit(context.session, context.by, f"deal {kind}", f"deal {deal.id}", detail)


def start_of(day: date | None) -> datetime | None:
    """The start of a day, in UTC."""
    return datetime.combine(day, time(), UTC) if day else None
