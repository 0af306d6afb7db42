"""Feedback: what members say about similar deals, 'like ours' or 'not like ours, because…'."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from workspace.audit import audit
from workspace.clock import now
from workspace.errors import Invalid


class Verdict(StrEnum):
    """A member's judgement of one kin of a deal."""

    LIKE = "like"
    UNLIKE = "unlike"


REASONS = (
    "wrong industry",
    "wrong size",
    "different use",
    "different competition",
    "too old",
    "something else",
)


class KinFeedback(SQLModel, table=True):
    """The last judgement of a kin of a deal, and who gave it."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    kin_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE", index=True)
    verdict: str = Field(max_length=10)
    reason: str = Field(default="", max_length=100)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)


def judge(
    session: Session, deal_id: int, kin_id: int, verdict: Verdict, reason: str, by: int | None
) -> None:
    """Judge a kin of a deal. `UNLIKE` needs a reason, and hides the kin for this deal at once."""
    if verdict is Verdict.UNLIKE and reason not in REASONS:
        raise Invalid("Choose why it is not similar.", {"reason": "Choose from the list."})
    row = session.get(KinFeedback, (deal_id, kin_id)) or KinFeedback(
        deal_id=deal_id, kin_id=kin_id, verdict=verdict
    )
    row.verdict, row.reason, row.by_id, row.at = verdict, reason, by, now()
    session.add(row)
    audit(session, by, f"kin {verdict}", f"deal {deal_id}", {"kin_id": kin_id, "reason": reason})


def withdraw(session: Session, deal_id: int, kin_id: int, by: int | None) -> None:
    """Delete a judgement, so that a hidden kin is shown again."""
    row = session.get(KinFeedback, (deal_id, kin_id))
    if row:
        session.delete(row)
        audit(session, by, "kin judgement withdrawn", f"deal {deal_id}", {"kin_id": kin_id})


_JUDGED = select(KinFeedback).where(KinFeedback.deal_id == sa.bindparam("deal"))


def judgements(session: Session, deal_id: int) -> dict[int, KinFeedback]:
    """The judgements of this deal's kin, by the kin's id."""
    rows = session.exec(_JUDGED, params={"deal": deal_id})
    return {row.kin_id: row for row in rows}
