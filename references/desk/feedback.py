"""Feedback on references as texts of their deals: for search, and for similar deals."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from references.desk.request import DESK_ROLES, ReferenceRequest
from similarity.index.sources import Feedback, FeedbackSource
from workspace.deals.access import editable_deals, visible_deals
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer

# How a source of text names a request, before its key.
FEEDBACK = "feedback"
_COLUMNS = (
    col(ReferenceRequest.advocate_feedback),
    col(ReferenceRequest.prospect_feedback),
    col(ReferenceRequest.outcome_note),
)


def _texts(session: Session, ids: Sequence[int]) -> Mapping[int, list[str]]:
    rows = session.execute(
        sa.select(col(ReferenceRequest.id), *_COLUMNS).where(col(ReferenceRequest.id).in_(ids))
    )
    return {row_id: [text for text in texts if text] for row_id, *texts in rows}


def _readable(session: Session, viewer: Viewer) -> Mapping[int, Feedback]:
    """Read by the desk and by members who may change the deal: see `rules.may_read_feedback`."""
    on_desk = bool(viewer.roles & set(DESK_ROLES))
    query: Any = (
        sa.select(
            col(ReferenceRequest.id), col(ReferenceRequest.deal_id), col(ReferenceRequest.key)
        )
        .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
        .where(
            sa.or_(*(column != "" for column in _COLUMNS)),
            visible_deals(viewer),
            *(() if on_desk else (editable_deals(viewer),)),
        )
    )
    return {
        row_id: Feedback(deal_id, f"{FEEDBACK}:{key}")
        for row_id, deal_id, key in session.execute(query)
    }


REFERENCE_FEEDBACK = FeedbackSource(ReferenceRequest, _texts, _readable)
