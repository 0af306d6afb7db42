"""The ledger of imports: which files were applied when, what came of their rows, what they changed.

An import is applied in parts, each a transaction of its own. A part writes its results and its
changes together with what it changes.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, LargeBinary
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS
from workspace.ids import ID
from workspace.told import Told


class RunState(StrEnum):
    """How far an import is."""

    # Its files are uploaded, and nothing is applied yet.
    PREPARED = "prepared"
    # Being applied, or interrupted: it continues or is undone.
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class ImportRun(SQLModel, table=True):
    """One import of one or several files."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now)
    # The member whose rights apply; empty for the command line.
    by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    state: str = Field(default=RunState.PREPARED, max_length=10, index=True)
    # The job that applies or undoes it.
    job_id: int | None = Field(default=None, foreign_key="job.id")
    # What it changed; empty before it began.
    revision_id: int | None = Field(default=None, foreign_key="revision.id", index=True, sa_type=ID)
    # Rows that are applied, or changes that are undone, and how many there are.
    done: int = 0
    total: int = 0
    ended_at: datetime | None = None
    # What the preview found; empty before.
    preview: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # What was kept when it was undone, and why, as `workspace/told.py` says; before there were
    # codes in sentences.
    kept: list[Told | str] = Field(default_factory=list, sa_type=JSON)


class ImportFile(SQLModel, table=True):
    """A file of an import. Its bytes are forgotten once they are not needed any more."""

    __table_args__ = {"info": {FOLLOWS: True}}

    run_id: int = Field(primary_key=True, foreign_key="importrun.id", ondelete="CASCADE")
    # In the order in which the files were given.
    number: int = Field(primary_key=True)
    name: str = Field(max_length=300)
    raw: bytes = Field(sa_type=LargeBinary)
    # How it is read: encoding, order of dates, sheet, columns.
    reading: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # Known once it is applied: its kind, its header, warnings about reading it, why it is refused.
    kind: str = Field(default="", max_length=40)
    header: list[str] = Field(default_factory=list, sa_type=JSON)
    # What is said is kept as `workspace/imports/messages.py` says.
    warnings: list[Any] = Field(default_factory=list, sa_type=JSON)
    refused: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ImportPart(SQLModel, table=True):
    """What came of some rows of a file, which were applied together."""

    __table_args__ = {"info": {FOLLOWS: True}}

    run_id: int = Field(primary_key=True, foreign_key="importrun.id", ondelete="CASCADE")
    # How many rows of the import had been applied before.
    start: int = Field(primary_key=True)
    file: int
    rows: int
    # By result.
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    # Warnings, each with its number of rows.
    warnings: list[Any] = Field(default_factory=list, sa_type=JSON)
    # Rows for the error file: line, problem, cells, and whether the row was refused.
    wrong: list[Any] = Field(default_factory=list, sa_type=JSON)
    # Accounts by their ids in another system, to which later rows refer.
    accounts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)


class Import(SQLModel, table=True):
    """One file that was imported and changed something."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    file_name: str = Field(max_length=300)
    # SHA-256 of the file's bytes.
    digest: str = Field(max_length=64)
    kind: str = Field(max_length=40)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0


class ColumnChoice(SQLModel, table=True):
    """How files with a header are read, remembered from the last import of such a file."""

    __table_args__ = {"info": {FOLLOWS: True}}

    # SHA-256 of the names of the columns.
    header: str = Field(primary_key=True, max_length=64)
    reading: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)
