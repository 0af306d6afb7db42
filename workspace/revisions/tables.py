"""Revisions: what was changed together, by whom and when, and every row with its values before."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS
from workspace.ids import ID, uncounted_id


class RevisionKind(StrEnum):
    """What was done."""

    IMPORT = "import"
    MERGE = "merge"
    DELETION = "deletion"
    # Of the board, or of many deals at once.
    EDIT = "edit"
    # An edit of what its member, or their team, sees alone.
    PRIVATE = "private"


class Revision(SQLModel, table=True):
    """Changes that were made together and are taken back together."""

    __table_args__ = (
        sa.Index("ix_revision_subject", "table_name", "row_id"),
        {"info": {FOLLOWS: True}},
    )

    id: int = uncounted_id()
    kind: str = Field(max_length=10, index=True)
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    # The row that was deleted, or that the other one was merged into; empty for an import.
    table_name: str = Field(default="", max_length=40)
    row_id: int | None = Field(default=None, sa_type=ID)
    # The row that was merged into it.
    former_id: int | None = Field(default=None, index=True, sa_type=ID)
    # What the deleted or merged row was called.
    name: str = Field(default="", max_length=300)
    # Whether managers and administrators may know of it, besides the member who did it.
    listed: bool = True
    # How many rows of each table were deleted with it.
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    undone_at: datetime | None = None


class RevisionChange(SQLModel, table=True):
    """A row of the record that a revision created, updated or deleted."""

    __table_args__ = (
        sa.Index("ix_revisionchange_revision_id_number", "revision_id", "number"),
        {"info": {FOLLOWS: True}},
    )

    revision_id: int = Field(
        primary_key=True, foreign_key="revision.id", ondelete="CASCADE", sa_type=ID
    )
    table_name: str = Field(primary_key=True, max_length=40)
    # The primary key of the row, as JSON.
    row_key: str = Field(primary_key=True, max_length=100)
    # In this order the changes were made.
    number: int
    # What the changed columns held before, or all columns of a deleted row; empty for a new row.
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    # What they hold since; empty for a deleted row and for a new one.
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    # Of a new row, a digest of what it holds, by which later edits are noticed.
    digest: str | None = Field(default=None, max_length=32)


class HighestId(SQLModel, table=True):
    """The highest id that a table had when rows were deleted.

    SQLite gives the id of a deleted last row to the next new one, so that it could not come back.
    """

    __table_args__ = {"info": {FOLLOWS: True}}

    table_name: str = Field(primary_key=True, max_length=40)
    id: int
