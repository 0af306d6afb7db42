"""Models, catalogs and answers that the tests of catalog and indexer share."""

from pathlib import Path

from sqlmodel import Session, col, select

from similarity.encoders.embeddings import ModelUnavailable
from similarity.index.catalog import Catalog
from similarity.index.tables import Document, Passage
from similarity.index.vectors import Vectors
from tests.similarity.asking import kin_of_text
from tests.world import FakeEmbedder
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW


class CountingEmbedder(FakeEmbedder):
    """Remembers what it was given to encode."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: list[str]) -> Vectors:
        self.encoded += texts
        return super().encode(texts)


class AbsentEmbedder(FakeEmbedder):
    """A model that is not there, until it is."""

    present = False

    def encode(self, texts: list[str]) -> Vectors:
        if not self.present:
            raise ModelUnavailable("The model is away.")
        return super().encode(texts)


def log(session: Session, name: str, **facts: object) -> Deal:
    return lifecycle.log(session, name, None, None, **facts)


def found(database: Database, catalog: Catalog, text: str) -> list[str]:
    with database.read() as session:
        return [kin.name for kin in kin_of_text(session, PLAIN_VIEW, catalog, text)]


def fresh(database: Database, folder: Path) -> Catalog:
    """A catalog without caches in memory or in files: what the database says."""
    return Catalog(database, FakeEmbedder(), folder / "none")


def written(session: Session) -> dict[tuple[str, int], tuple[str, list[bytes | None]]]:
    """Every document's hash and vectors."""
    return {
        (row.kind, row.subject_id): (
            row.content_hash,
            list(
                session.exec(
                    select(Passage.vector)
                    .where(Passage.document_id == row.id)
                    .order_by(col(Passage.position))
                )
            ),
        )
        for row in session.exec(select(Document))
    }
