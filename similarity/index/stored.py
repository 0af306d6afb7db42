"""Stored documents as they are put into a collection, with what their vectors are centred by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.calibration import nearness_scale, shipped_means
from similarity.index.boilerplate import IsBoilerplate
from similarity.index.documents import Sentence, unpacked
from similarity.index.facets import Facts, facts
from similarity.index.sources import Kind
from similarity.index.tables import CatalogMean, Document, Passage
from similarity.index.vectors import Vectors


@dataclass(frozen=True)
class Entry:
    """A document as it is put into a collection."""

    id: int
    language: str
    # The terms outside of its sentences.
    terms: Sequence[str]
    # The `PieceRole` of each piece.
    roles: Sequence[int]
    # The vectors of the pieces, shape (n, dimension); empty where no model has read them.
    vectors: Vectors
    # Whether it counts in the statistics. A confidential document is only found.
    counted: bool = True
    # The facets of a deal; None for all other kinds.
    facts: Facts | None = None
    # Those that are boilerplate say nothing.
    sentences: Sequence[Sentence] = ()
    # The row that it was read from, which is another one for another text.
    row: int = 0

    @property
    def prints(self) -> set[int]:
        """The fingerprints of its sentences."""
        return {each for sentence in self.sentences for each in sentence.fingerprints}

    @property
    def account(self) -> int | None:
        """The account of a deal."""
        return self.facts.account_id if self.facts else None


def said_in(entry: Entry, is_boilerplate: IsBoilerplate) -> tuple[list[str], bool]:
    """The terms of a document without its boilerplate, and whether its prose is nothing else."""
    said = [each for each in entry.sentences if not is_boilerplate(each.fingerprints)]
    terms = [*entry.terms, *(term for sentence in said for term in sentence.terms)]
    had_meaning = any(each.meant and each.terms for each in entry.sentences)
    return terms, had_meaning and not any(each.meant and each.terms for each in said)


class Centring(NamedTuple):
    """What a collection centres vectors by, and the scale of their nearness (`Searchable`)."""

    mean: Vectors | None
    means: dict[str, Vectors]
    scale: tuple[float, float] | None


def centring_of(session: Session, kind: Kind, model: str) -> Centring:
    """The means of the model or, without any, of the record."""
    if shipped := shipped_means(model):
        return Centring(shipped[""], dict(shipped), nearness_scale(model))
    row = session.get(CatalogMean, (kind, model))
    return Centring(np.frombuffer(row.vector, np.float32) if row else None, {}, None)


def stored_entries(
    session: Session, kind: Kind, model: str, subjects: list[int], *, with_vectors: bool = True
) -> list[Entry]:
    """The stored documents of these subjects, at most a batch, with their vectors of a model."""
    rows = session.execute(
        sa.select(
            col(Document.id),
            col(Document.subject_id),
            col(Document.language),
            col(Document.terms),
            col(Document.confidential),
        ).where(col(Document.kind) == kind, col(Document.subject_id).in_(subjects))
    ).all()
    roles: dict[int, list[int]] = {row.id: [] for row in rows}
    vectors: dict[int, list[bytes]] = {row.id: [] for row in rows}
    facts_of: dict[int, Facts] = {}
    if with_vectors:
        # A document of which the model has not read every piece gets no vectors yet.
        lacking = lacking_vectors(session, model, list(vectors))
        passages = session.execute(
            sa.select(col(Passage.document_id), col(Passage.part), col(Passage.vector))
            .where(col(Passage.document_id).in_(vectors.keys() - lacking))
            .order_by(col(Passage.document_id), col(Passage.position))
        )
        for document, role, vector in passages:
            roles[document].append(role)
            vectors[document].append(vector)
        facts_of = facts(session, subjects) if kind is Kind.DEAL else {}
    entries = []
    for row in rows:
        names, sentences = unpacked(row.terms)
        entries.append(
            Entry(
                id=row.subject_id,
                language=row.language,
                terms=names,
                roles=roles[row.id],
                vectors=_stacked(vectors[row.id]),
                counted=not row.confidential,
                facts=facts_of.get(row.subject_id),
                sentences=sentences,
                row=row.id,
            )
        )
    return entries


def lacking_vectors(session: Session, model: str, document_ids: list[int]) -> set[int]:
    """Which of these documents have a passage without a vector of this model."""
    return set(session.scalars(_LACKING, {"ids": document_ids, "model": model}))


def lacks_vector(model: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """Whether a passage has no vector of this model."""
    return sa.or_(col(Passage.model).is_(None), col(Passage.model) != model)


_LACKING = (
    sa.select(col(Passage.document_id))
    .where(
        col(Passage.document_id).in_(sa.bindparam("ids", expanding=True)),
        lacks_vector(sa.bindparam("model", type_=sa.Text)),
    )
    .distinct()
)


def _stacked(vectors: list[bytes]) -> Vectors:
    """Stored vectors as rows, shape (n, dimension)."""
    return np.frombuffer(b"".join(vectors), np.float32).reshape(len(vectors), -1 if vectors else 0)
