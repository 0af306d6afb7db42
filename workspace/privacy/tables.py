"""The tables of privacy: who was erased, who may not be, links for persons, and corrections."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workspace.clock import now
from workspace.database import FOLLOWS, RIGHTS, SECRET


class Erasure(SQLModel, table=True):
    """A person who was erased: repeated on every backup from before. It has nothing of them."""

    __table_args__ = {"info": {FOLLOWS: True, RIGHTS: True}}

    # No foreign key, as the person is gone.
    person_id: int = Field(primary_key=True)
    at: datetime = Field(default_factory=now)
    # Of when the record got to know them: ids alone would fit another workspace, too.
    fingerprint: str = Field(max_length=64)


class LegalHold(SQLModel, table=True):
    """A person who may not be erased for the time being, and why."""

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    reason: str = Field(max_length=500)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)


class PrivacyLink(SQLModel, table=True):
    """A link by which a person sees what is stored of them; only the hash of its secret."""

    __table_args__ = {"info": {SECRET: True}}

    token_hash: str = Field(
        primary_key=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}}
    )
    person_id: int = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    expires_at: datetime


class Correction(SQLModel, table=True):
    """What a person asks to be corrected."""

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    text: str = Field(sa_type=Text)
    at: datetime = Field(default_factory=now)
    done_at: datetime | None = None
