"""Searches that colleagues' private address books are asked for, matches, and offers.

The asker's pages read searches and offers alone. Matches, which nobody but their owner learns of,
are a table of their own.
"""

from datetime import date, datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS
from workspace.ids import ID

# The days for which a search is open.
OPEN_DAYS = 30


class NetworkSearch(SQLModel, table=True):
    """A position for which a member asks colleagues' private address books."""

    id: int = Field(default=None, primary_key=True)
    # Random, as a sequence of numbers would tell how much others ask.
    key: str = Field(unique=True, max_length=20)
    asker_id: int = Field(foreign_key="person.id", index=True)
    text: str = Field(max_length=500)
    why: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(default_factory=now)
    expires_on: date
    withdrawn: bool = False
    # When the job has searched; nobody is shown it.
    matched_at: datetime | None = None


class ConnectionMatch(SQLModel, table=True):
    """A private connection that fits a colleague's search. Its owner alone learns of it."""

    __table_args__ = {"info": {FOLLOWS: True}}

    search_id: int = Field(primary_key=True, foreign_key="networksearch.id", ondelete="CASCADE")
    connection_id: int = Field(
        primary_key=True,
        foreign_key="connection.id",
        ondelete="CASCADE",
        index=True,
        sa_type=ID,
    )
    # Random: how a form refers to it.
    key: str = Field(unique=True, max_length=20)
    owner_id: int = Field(foreign_key="person.id", index=True)
    declined: bool = False
    # When it was in a digest.
    mailed_at: datetime | None = None


class ConnectionOffer(SQLModel, table=True):
    """What the owner of a connection told the asker about them, with a yes."""

    id: int = Field(default=None, primary_key=True)
    search_id: int = Field(foreign_key="networksearch.id", index=True, ondelete="CASCADE")
    owner_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=200)
    title: str = Field(default="", max_length=200)
    company: str = Field(default="", max_length=200)
    note: str = Field(default="", sa_type=Text)
    offered_at: datetime = Field(default_factory=now)
