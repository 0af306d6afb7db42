"""The tables behind finding by name; every row follows from the record."""

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Index, SQLModel

from workspace.database import FOLLOWS

# Longer words and names are compared by their beginnings.
LONGEST_WORD = 40
LONGEST_NAME = 200

# Compared byte by byte on every database, so that the words with one beginning are one range.
_WORD: Any = sa.String(LONGEST_WORD).with_variant(
    sa.String(LONGEST_WORD, collation="C"), "postgresql"
)


class Subject(StrEnum):
    """What a name belongs to."""

    DEAL = "deal"
    ACCOUNT = "account"
    PERSON = "person"
    ASSET = "asset"


class Form(StrEnum):
    """What a thing is called by, the most telling first."""

    KEY = "key"
    ADDRESS = "address"
    PHONE = "phone"
    NAME = "name"


class NameEntry(SQLModel, table=True):
    """One thing that a subject is called, folded for comparing."""

    __table_args__ = (
        Index("ix_nameentry_kind_subject_id", "kind", "subject_id"),
        {"info": {FOLLOWS: True}},
    )

    id: int = Field(default=None, primary_key=True)
    kind: str = Field(max_length=10)
    subject_id: int
    form: str = Field(max_length=10)
    # Without spaces, so that 'GTXPro' finds 'GTX Pro'.
    joined: str = Field(max_length=LONGEST_NAME, index=True)
    # Its words in alphabetical order, so that the order of first and last name does not matter.
    words: str = Field(max_length=LONGEST_NAME, index=True)


class NameWord(SQLModel, table=True):
    """A word of what a subject is called."""

    __table_args__ = (
        Index("ix_nameword_kind_subject_id_word", "kind", "subject_id", "word"),
        {"info": {FOLLOWS: True}},
    )

    kind: str = Field(primary_key=True, max_length=10)
    word: str = Field(primary_key=True, sa_type=_WORD)
    subject_id: int = Field(primary_key=True)


class NameVariant(SQLModel, table=True):
    """A word with one letter left out, by which misspelt words meet it.

    Two words that differ by one typing error have a variant in common (Garbe, "SymSpell", 2012).
    """

    __table_args__ = {"info": {FOLLOWS: True}}

    variant: str = Field(primary_key=True, sa_type=_WORD)
    word: str = Field(primary_key=True, sa_type=_WORD)
