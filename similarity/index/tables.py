"""The tables of the index: documents, passages, the log of their changes, and the means."""

import sqlalchemy as sa
from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel, UniqueConstraint

from workspace.change_log import Change, ChangeLog, Generation, State
from workspace.database import FOLLOWS


class Document(SQLModel, table=True):
    """The text that stands for a deal, an asset or a person, as stems."""

    __table_args__ = (UniqueConstraint("kind", "subject_id"), {"info": {FOLLOWS: True}})

    id: int = Field(default=None, primary_key=True)
    kind: str = Field(max_length=10)
    subject_id: int = Field(index=True)
    # The SHA-256 of the text and of PREPARATION. Where it is unchanged, nothing is done.
    content_hash: str = Field(max_length=64)
    # PREPARATION when this was written.
    prepared: int
    language: str = Field(default="", max_length=10)
    # The stems, as `Document.packed` of the document's text writes them.
    terms: str = Field(default="", sa_type=sa.Text)
    # Only viewers who may see a confidential deal find its document, and no statistic counts it.
    confidential: bool = False


class Passage(SQLModel, table=True):
    """A piece of a document (the whole, its title, or a passage of it) with its vector."""

    __table_args__ = (UniqueConstraint("document_id", "position"), {"info": {FOLLOWS: True}})

    id: int = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id", index=True, ondelete="CASCADE")
    position: int
    # A `PieceRole`.
    part: int
    text: str = Field(sa_type=sa.Text)
    text_hash: str = Field(max_length=64, index=True)
    # Both are None where there was no usable model when the text was saved.
    model: str | None = Field(default=None, max_length=100)
    vector: bytes | None = Field(default=None, sa_type=LargeBinary)


class CatalogState(State, table=True):
    """The number of the catalog's last generation."""


class CatalogGeneration(Generation, table=True):
    """A committed change of the catalog."""

    # A mean was renewed, so every vector is centred differently.
    renews_mean: bool = False


class CatalogChange(Change, table=True):
    """A document that a generation changed or removed, or a deal whose facets it changed."""

    kind: str = Field(primary_key=True, max_length=10)
    subject_id: int = Field(primary_key=True)


CATALOG_LOG = ChangeLog(CatalogState, CatalogGeneration, CatalogChange, breaks="renews_mean")


class CatalogMean(SQLModel, table=True):
    """The mean vector of a kind, by which its vectors are centred.

    It is stored, so that every cache gives the same scores, and renewed each time the number of
    documents has doubled.
    """

    __table_args__ = {"info": {FOLLOWS: True}}

    kind: str = Field(primary_key=True, max_length=10)
    model: str = Field(primary_key=True, max_length=100)
    # How many documents it is the mean of.
    count: int
    vector: bytes = Field(sa_type=LargeBinary)
