"""Merges and deletions: begun, listed, taken back, and forgotten after 30 days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import Database, fetch, select_row
from workspace.errors import NotFound
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.reading import unfiltered
from workspace.revisions.changes import record
from workspace.revisions.rows import Removers, kept_in_words
from workspace.revisions.tables import Revision, RevisionChange, RevisionKind
from workspace.revisions.undo import TakeBack, kept_places, steps_of

# How long a merge or a deletion can be taken back.
KEPT = timedelta(days=30)
# What only a member or their team may see is kept for an undo at once, and no longer.
KEPT_PRIVATE = timedelta(hours=1)
# How often the leader looks for what is too old.
PAUSE_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class RevisionRow:
    """A merge or a deletion in a list."""

    id: int
    kind: str
    at: datetime
    by: str | None
    table_name: str
    row_id: int | None
    name: str
    counts: dict[str, int]

    @property
    def until(self) -> datetime:
        """The moment from which on it cannot be taken back."""
        return self.at + KEPT


def begin(
    session: Session,
    kind: RevisionKind,
    row: SQLModel,
    by: int | None,
    *,
    into: int | None = None,
    listed: bool = True,
) -> Revision:
    """Record this transaction's changes from now on as the deletion or the merge of a row."""
    facts: Any = row
    row_id = facts.id
    revision = Revision(
        kind=kind,
        by_id=by,
        table_name=str(row.__tablename__),
        row_id=into if into is not None else row_id,
        former_id=row_id if into is not None else None,
        name=_name_of(facts),
        listed=listed,
    )
    session.add(revision)
    session.flush()
    record(session, revision)
    return revision


def begin_edit(session: Session, by: int | None, *, private: bool = False) -> Revision:
    """Record this transaction's changes from now on as an edit that its member can take back.

    A `private` one changes what not every member may see, and is soon forgotten.
    """
    kind = RevisionKind.PRIVATE if private else RevisionKind.EDIT
    revision = Revision(kind=kind, by_id=by, listed=False)
    session.add(revision)
    session.flush()
    record(session, revision)
    return revision


def _name_of(row: Any) -> str:
    names = (getattr(row, name, None) for name in ("name", "organisation", "institution", "role"))
    return next((str(name) for name in names if name), str(row.id))[:300]


def revisions(
    session: Session, viewer: Viewer, *, of: tuple[str, int] | None = None, limit: int = 100
) -> list[RevisionRow]:
    """The merges and deletions that a viewer can take back, the latest first.

    `of` is the table and the id of a row into which others were merged.
    """
    query = select_row(RevisionRow, Revision, by=Person.name).outerjoin(
        Person, col(Person.id) == col(Revision.by_id)
    )
    edits = (RevisionKind.EDIT, RevisionKind.PRIVATE)
    query = query.where(*_open(viewer), col(Revision.kind).not_in(edits))
    query = query.order_by(col(Revision.id).desc())
    if of:
        query = query.where(
            col(Revision.kind) == RevisionKind.MERGE,
            col(Revision.table_name) == of[0],
            col(Revision.row_id) == of[1],
        )
    return fetch(session, RevisionRow, query.limit(limit))


def _open(viewer: Viewer) -> list[sa.ColumnElement[bool]]:
    mine = col(Revision.by_id) == viewer.person_id
    return [
        col(Revision.kind) != RevisionKind.IMPORT,
        col(Revision.undone_at).is_(None),
        sa.not_(_too_old()),
        sa.or_(mine, col(Revision.listed).is_(True)) if viewer.leads else mine,
    ]


def _too_old() -> sa.ColumnElement[bool]:
    private = col(Revision.kind) == RevisionKind.PRIVATE
    return sa.or_(
        col(Revision.at) <= now() - KEPT,
        sa.and_(private, col(Revision.at) <= now() - KEPT_PRIVATE),
    )


def take_back(
    session: Session,
    viewer: Viewer,
    revision_id: int,
    removers: Removers,
) -> tuple[Revision, list[str]]:
    """Take a merge or a deletion back; what was kept as it is, in words.

    NotFound for what the viewer may not take back.
    """
    query = select(Revision).where(Revision.id == revision_id, *_open(viewer))
    revision = session.exec(query.with_for_update()).first()
    if revision is None:
        raise NotFound("It cannot be restored any more.")
    with unfiltered(session):
        steps = steps_of(session, revision_id)
        kept = kept_places(session, steps)
        told = TakeBack(session, kept, removers, viewer.person_id).undo(steps)
    revision.undone_at = now()
    session.add(revision)
    subject = f"{revision.table_name} {revision.row_id}" if revision.row_id else "deals"
    audit(session, viewer.person_id, f"{revision.kind} undone", subject)
    return revision, kept_in_words(told)


def forget_when_due(database: Database) -> float:
    """Forget what is too old to be taken back; returns the seconds until the next look."""
    with database.write() as session:
        _forget_old(session)
    return PAUSE_SECONDS


def _forget_old(session: Session) -> None:
    """Forget what cannot be taken back any more.

    A merge is remembered without its changes, so that links to the merged row lead on.
    """
    old = select(Revision.id).where(col(Revision.kind) != RevisionKind.IMPORT, _too_old())
    ids = list(session.exec(old))
    session.execute(sa.delete(RevisionChange).where(col(RevisionChange.revision_id).in_(ids)))
    session.execute(
        sa.delete(Revision).where(
            col(Revision.id).in_(ids), col(Revision.kind) != RevisionKind.MERGE
        )
    )
