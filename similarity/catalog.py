"""Tables first; the rest follows."""

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field, SQLModel, UniqueConstraint


class Document(SQLModel, table=True):
    """The text that stands for a deal, an asset or a person, made ready for searching."""

    __table_args__ = (UniqueConstraint("kind", "subject_id"),)

    id: int = Field(default=None, primary_key=True)
    kind: str = Field(max_length=10)
    subject_id: int = Field(index=True)
    # SHA-256 of everything below that is derived: unchanged means nothing to do.
    content_hash: str = Field(max_length=64)
    language: str = Field(default="", max_length=10)
    # Stemmed words, in order, separated by single spaces.
    terms: str = Field(default="", sa_type=Text)
    # Confidential documents are found by those who may see them, but count in no statistic.
    confidential: bool = False


class Passage(SQLModel, table=True):
    """A piece of a document, short enough for the model to read whole, and its vector."""

    __table_args__ = (UniqueConstraint("document_id", "position"),)

    id: int = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id", index=True, ondelete="CASCADE")
    position: int
    text: str = Field(sa_type=Text)
    text_hash: str = Field(max_length=64, index=True)
    # Both None where no model was at hand when the text was saved.
    model: str | None = Field(default=None, max_length=100)
    vector: bytes | None = Field(default=None, sa_type=LargeBinary)


class CatalogState(SQLModel, table=True):
    """One row: which database this is, and the number of its last change to the catalog."""

    id: int = Field(primary_key=True)
    database: str = Field(max_length=32)
    generation: int = 0


class CatalogGeneration(SQLModel, table=True):
    """A committed change to the catalog.

    The token is random: after a backup is restored, the same numbers are given out again, and
    a cache that knew the old ones must not take them for its own.
    """

    number: int = Field(primary_key=True)
    token: str = Field(max_length=32)


class CatalogChange(SQLModel, table=True):
    """A document that a generation changed or removed."""

    generation: int = Field(primary_key=True, index=True)
    document_id: int = Field(primary_key=True)
