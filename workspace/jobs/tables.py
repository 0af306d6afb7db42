"""The table of jobs, and the states of a job."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobState.WAITING, JobState.RUNNING)


class Job(SQLModel, table=True):
    """One job. `by_id` is empty for the command line and for schedules."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    kind: str = Field(max_length=60, index=True)
    state: str = Field(default=JobState.WAITING, max_length=12, index=True)
    by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    parameters: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # Where the work continues after an interruption; committed with each part.
    place: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # How many of `total` units are done; 0 of 0 while the amount is unknown.
    done: int = 0
    total: int = 0
    # Runs since the place last changed, as long as none of them was stopped in order.
    attempts: int = 0
    created_at: datetime = Field(default_factory=now)
    due_at: datetime = Field(default_factory=now, index=True)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    # The random name of the run that has the lease, and until when.
    holder: str = Field(default="", max_length=32)
    leased_until: datetime | None = None
    cancel_requested: bool = False
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # Why the last attempt failed (`workspace/told.py`).
    problem: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
