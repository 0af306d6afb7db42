"""The ledger of imports: which file was applied when, and what came of its rows."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from workspace.clock import now


class Import(SQLModel, table=True):
    """One file that was imported."""

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
