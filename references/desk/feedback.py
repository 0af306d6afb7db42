"""Feedback on references as texts of their deals: for search, and for similar deals."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from references.desk.request import DESK_ROLES, ReferenceRequest
from similarity.index.sources import Feedback, FeedbackSource
from workspace.deals.access import all_editable_deals, visible_deals
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
    return {
        row_id: Feedback(deal_id, f"{FEEDBACK}:{key}")
        for row_id, deal_id, key in session.execute(_readable_by(viewer))
    }


# Every page of similar deals asks for it, and making the query takes longer than running it.
@lru_cache(maxsize=1000)
def _readable_by(viewer: Viewer) -> Any:
    deal_id = col(ReferenceRequest.deal_id)
    if viewer.leads or viewer.roles & set(DESK_ROLES):
        # Each request's deal is looked up: of most deals there is no request.
        within: Any = sa.exists().where(col(Deal.id) == deal_id, visible_deals(viewer))
    else:
        # A member works on few deals, whose requests are looked up.
        within = deal_id.in_(sa.select(col(Deal.id)).where(all_editable_deals(viewer)))
    return sa.select(col(ReferenceRequest.id), deal_id, col(ReferenceRequest.key)).where(
        sa.or_(*(column != "" for column in _COLUMNS)), within
    )


REFERENCE_FEEDBACK = FeedbackSource(ReferenceRequest, _texts, _readable)
