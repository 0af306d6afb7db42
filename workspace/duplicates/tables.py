"""What was merged is still known by, and pairs of records that may be one."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from workspace.database import FOLLOWS


class FormerAccount(SQLModel, table=True):
    """An account that was merged into another one: links and imports still know it.

    Without a key, what the other one was known by before the merge gave it another value.
    """

    id: int = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", index=True)
    key: str = Field(default="", max_length=80, index=True)
    name: str = Field(max_length=200)
    domain: str | None = Field(default=None, max_length=200)


class FormerPerson(SQLModel, table=True):
    """A person who was merged into another one: links and imports still know them.

    Without a key, what the other one was known by before the merge gave them another value.
    """

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    key: str = Field(default="", max_length=80, index=True)
    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254, index=True)
    profile: str | None = Field(default=None, max_length=300, index=True)


class DuplicatePair(SQLModel, table=True):
    """Two accounts, or two people, that may be one; found by a job, and decided by members."""

    __table_args__ = {"info": {FOLLOWS: True}}

    # "account" or "person".
    kind: str = Field(primary_key=True, max_length=10)
    # The lower id first.
    one_id: int = Field(primary_key=True)
    other_id: int = Field(primary_key=True)
    probability: float
    reasons: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    # Since when a member says that they are two.
    distinct_at: datetime | None = None
    distinct_by_id: int | None = Field(default=None, foreign_key="person.id")
