"""Ties that a member calls wrong: neither an import nor the facts of the record bring them back."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from references.network.ties import Tie, Visibility, may_call_wrong, pair, visible
from workspace.audit import audit
from workspace.clock import now
from workspace.database import batches
from workspace.errors import Forbidden, NotFound
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions.deleting import delete_with_parts
from workspace.revisions.history import begin_edit
from workspace.revisions.recorder import Place
from workspace.revisions.tables import Revision


class WrongTie(SQLModel, table=True):
    """Two people do not know each other in this way, whatever files and facts say."""

    __table_args__ = (sa.UniqueConstraint("one_id", "other_id", "kind"),)

    id: int = Field(default=None, primary_key=True)
    # In the order of their ids, as ties are stored.
    one_id: int = Field(foreign_key="person.id", index=True)
    other_id: int = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=30)
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")


def call_wrong(session: Session, viewer: Viewer, tie_id: int) -> Revision:
    """Remove a tie for good, with the others of its kind between the two that every member sees."""
    require_writer(viewer)
    tie = session.exec(select(Tie).where(Tie.id == tie_id, visible(session, viewer))).first()
    if tie is None:
        raise NotFound("There is no such tie.")
    if not may_call_wrong(viewer, tie):
        raise Forbidden("Only the two people, managers and administrators can do this.")
    revision = begin_edit(session, viewer.person_id)
    one, other = pair(tie.one_id, tie.other_id)
    audit(session, viewer.person_id, "tie called wrong", f"person {one}", {"other": other})
    session.add(WrongTie(one_id=one, other_id=other, kind=tie.kind, by_id=viewer.person_id))
    same = select(Tie.id).where(
        Tie.one_id == one,
        Tie.other_id == other,
        Tie.kind == tie.kind,
        Tie.origin == "",
        Tie.visibility == Visibility.EVERYONE,
    )
    delete_with_parts(
        session, [Place("tie", (row_id,)) for row_id in session.exec(same)], viewer.person_id
    )
    return revision


def wrong_ties(session: Session, people: Collection[int]) -> set[tuple[int, int, str]]:
    """The pairs with one of these people that are no ties, each with its kind."""
    found: set[tuple[int, int, str]] = set()
    for batch in batches(people):
        query = select(WrongTie.one_id, WrongTie.other_id, WrongTie.kind).where(
            sa.or_(col(WrongTie.one_id).in_(batch), col(WrongTie.other_id).in_(batch))
        )
        found |= {(one, other, kind) for one, other, kind in session.exec(query)}
    return found
