"""The tables of the index: documents, passages, and the log of their generations."""

import sqlalchemy as sa
from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel, UniqueConstraint

from workspace.change_log import Change, ChangeLog, Generation, State


class Document(SQLModel, table=True):
    """The words that stand for a deal, an asset or a person."""

    __table_args__ = (UniqueConstraint("kind", "subject_id"),)

    id: int = Field(default=None, primary_key=True)
    kind: str = Field(max_length=10)
    subject_id: int = Field(index=True)
    # SHA-256 of the text and of the way it is prepared: the same means nothing to do.
    content_hash: str = Field(max_length=64)
    # The way of preparing documents that made this one.
    prepared: int
    language: str = Field(default="", max_length=10)
    # Stemmed words, in order, separated by single spaces.
    terms: str = Field(default="", sa_type=sa.Text)
    # Confidential documents are found by those who may see them, but count in no statistic.
    confidential: bool = False


class Passage(SQLModel, table=True):
    """A piece of a document: the whole, its title or a passage of it, with its vector."""

    __table_args__ = (UniqueConstraint("document_id", "position"),)

    id: int = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id", index=True, ondelete="CASCADE")
    position: int
    # What it is to its document, as documents.Part says.
    part: int
    text: str = Field(sa_type=sa.Text)
    text_hash: str = Field(max_length=64, index=True)
    # Both are None where no model was at hand when the text was saved.
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

    kind: str = Field(primary_key=True, max_length=10)
    model: str = Field(primary_key=True, max_length=100)
    # How many documents it is the mean of.
    count: int
    vector: bytes = Field(sa_type=LargeBinary)
