"""Ties: that two people know each other, how we know it, and who may know that."""

from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from workspace.clock import now


class TieKind(StrEnum):
    """How two people know each other."""

    WORKED = "worked together"
    STUDIED = "studied together"
    GATHERED = "same board or event"
    CONNECTED = "first-degree connection"
    COLLEAGUES = "colleagues"
    MET = "met through us"
    # Said by somebody who does not say how.
    KNOWS = "knows"


class Visibility(StrEnum):
    """Who may know of a tie. What is derived from the record is everybody's."""

    PRIVATE = "private"
    # Private, but others may be told that a colleague may know somebody there.
    ASK = "ask"
    TEAM = "team"
    EVERYONE = "everyone"


class Tie(SQLModel, table=True):
    """Two people who know each other. One pair may have several, each with its evidence."""

    id: int = Field(default=None, primary_key=True)
    # The two in the order of their ids, so that a pair is written in one way.
    one_id: int = Field(foreign_key="person.id", index=True)
    other_id: int = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=30)
    evidence: str = Field(default="", max_length=500)
    source: str = Field(default="entered", max_length=100)
    # When they had to do with each other; an open end is until now.
    start: date | None = None
    end: date | None = None
    # From 0 to 1, before time takes its share.
    base: float
    # The member whose tie it is to share; None where the record itself says it.
    asserted_by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    visibility: str = Field(default=Visibility.EVERYONE, max_length=10)
    # Whether it was found from facts, and goes with them.
    derived: bool = Field(default=False, index=True)
    created_at: datetime = Field(default_factory=now)


class TieState(SQLModel, table=True):
    """One row, locked by whoever changes ties, so that generations commit in order."""

    id: int = Field(primary_key=True)
    generation: int = 0


class TieGeneration(SQLModel, table=True):
    """A committed change of ties; its random token tells a restored past from this one."""

    number: int = Field(primary_key=True)
    token: str = Field(max_length=32)


class TieChange(SQLModel, table=True):
    """Two people between whom a generation changed something."""

    generation: int = Field(primary_key=True)
    one_id: int = Field(primary_key=True)
    other_id: int = Field(primary_key=True)


class Connection(SQLModel, table=True):
    """Somebody whom a member knows, from an address book of theirs.

    Nobody else sees it. It becomes a tie where the one it names is in the record.
    """

    id: int = Field(default=None, primary_key=True)
    owner_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=200)
    # The name for comparing.
    plain_name: str = Field(index=True, max_length=500)
    email: str | None = Field(default=None, max_length=254, index=True)
    # The address of a profile, as it is compared.
    url: str | None = Field(default=None, max_length=300, index=True)
    company: str = Field(default="", max_length=200)
    plain_company: str = Field(default="", max_length=500)
    position: str = Field(default="", max_length=200)
    connected_on: date | None = None
    source: str = Field(default="", max_length=100)
    visibility: str = Field(default=Visibility.PRIVATE, max_length=10)
    # Whom the record has under this name, and the tie that follows.
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    tie_id: int | None = Field(default=None, foreign_key="tie.id", ondelete="SET NULL")
    created_at: datetime = Field(default_factory=now)
