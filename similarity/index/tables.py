"""The tables of the index: documents, passages, and the log of their generations."""

import sqlalchemy as sa
from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel, UniqueConstraint


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


class CatalogState(SQLModel, table=True):
    """One row, locked by whoever changes the catalog, so that generations commit in order."""

    id: int = Field(primary_key=True)
    generation: int = 0


class CatalogGeneration(SQLModel, table=True):
    """A committed change to the catalog.

    The token is random: after a backup is restored the same numbers are given out again, and
    a cache that knew the old ones must not take the new ones for its own.
    """

    number: int = Field(primary_key=True)
    token: str = Field(max_length=32)
    # A mean is another, so every vector is centred anew.
    renews_mean: bool = False


class CatalogMean(SQLModel, table=True):
    """What the vectors of a kind have in common, by which they are centred.

    It is kept with the data, so that every cache of it gives the same scores, and renewed
    each time the documents have doubled.
    """

    kind: str = Field(primary_key=True, max_length=10)
    model: str = Field(primary_key=True, max_length=100)
    # How many documents it was taken from.
    count: int
    vector: bytes = Field(sa_type=LargeBinary)


class CatalogChange(SQLModel, table=True):
    """What a generation changed or removed: a document, or the facets of a deal."""

    generation: int = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=10)
    subject_id: int = Field(primary_key=True)
