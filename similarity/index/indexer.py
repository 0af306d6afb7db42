"""The indexer: from the record to documents, passages, vectors and means, in the database.

Whatever writes a deal, an asset or a person through a `Database.write()` session has its
document renewed in the same transaction: the indexer listens to the session, and no caller has
to remember. Texts are encoded outside of transactions, because the model is slow and others wait
to write: a new text is found by its words at first, and by its meaning as soon as it is encoded,
right after the commit. What changed in another way, or has no vector of the model, is left to
`catch_up`.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from similarity.calibration import shipped_means
from similarity.encoders.embeddings import Encoder, ModelUnavailable
from similarity.index.centring import mean_of
from similarity.index.documents import PREPARATION, PieceRole, forget_texts
from similarity.index.documents import Document as Text
from similarity.index.in_database import writing
from similarity.index.sources import (
    TABLES,
    FeedbackSource,
    Kind,
    affected,
    documents,
    touched_by,
)
from similarity.index.stored import lacking_vectors, lacks_vector
from similarity.index.tables import CATALOG_LOG, CatalogMean, Document, Passage
from workspace.change_log import follow
from workspace.database import Database, after_commit, batches, fetch, select_row
from workspace.deals.tables import Deal
from workspace.people.tables import Person

log = logging.getLogger(__name__)

# How many documents a catch-up commits at a time: few, so that little is lost when it stops.
CATCH_UP_BATCH = 64
# Documents are counted, to see whether they have doubled, at every change while there are at
# most this many, and at every change of more than this many; else at one changed document in
# COUNT_EACH.
COUNT_OFTEN = 1_000
COUNT_EACH = 50

# What was prepared so far, and how much there is to prepare.
Progress = Callable[[int, int], None]
Subjects = dict[Kind, set[int]]
# Vectors as bytes by the hashes of their texts.
VectorsByHash = dict[str, bytes]

_POSTPONED = "new documents are left to a catch-up"


@dataclass(frozen=True)
class _Stored:
    """What is compared of a stored document."""

    id: int
    subject_id: int
    content_hash: str
    confidential: bool


class Indexer:
    """Keeps the stored documents in step with the record."""

    def __init__(
        self, database: Database, encoder: Encoder, feedback: FeedbackSource | None = None
    ) -> None:
        self._database = database
        self._encoder = encoder
        self._feedback = feedback
        # The table of the subjects of each kind.
        self._tables: dict[Kind, Any] = {**TABLES}
        if feedback:
            self._tables[Kind.FEEDBACK] = feedback.table

    def listen(self, session: Session) -> None:
        """Renew the documents that a session's changes affect, before it commits."""
        touched: set[tuple[str, int]] = set()

        def note(row: SQLModel) -> None:
            touched.update(touched_by(row))
            if self._feedback and isinstance(row, self._feedback.table):
                touched.add((Kind.FEEDBACK, row.id))

        def renew(session: Session) -> None:
            if not touched:
                return
            subjects = affected(session, touched)
            if session.info.get(_POSTPONED):
                # Existing documents are searched in the meantime and have to stay true.
                subjects = _documented(session, subjects)
            if unread := self._renew(session, subjects, {}):
                after_commit(session, lambda: self._prepare(unread))

        follow(session, note, renew)

    def catch_up(self, progress: Progress | None = None, *, thorough: bool = False) -> int:
        """Prepare every document that is missing, or of another model or version; how many.

        `thorough` also compares each text with the stored hash, which finds what was written
        past the indexer. Each batch is committed by itself, so that an interrupted catch-up can
        be continued. Texts are encoded between the transactions, so that no writer waits.
        """
        with self._database.read() as session:
            outdated = self._outdated(session, thorough)
        return self._prepare(outdated, progress, in_background=True)

    def _prepare(
        self,
        outdated: Subjects,
        progress: Progress | None = None,
        *,
        in_background: bool = False,
    ) -> int:
        """Encode what these documents need and rewrite them, a batch at a time; how many."""
        done = 0
        for kind, ids in outdated.items():
            for batch in batches(sorted(ids), CATCH_UP_BATCH):
                subjects = {kind: set(batch)}
                with self._database.read() as session:
                    ahead = self._encode_ahead(session, subjects)
                with self._database.write(in_background=in_background) as session:
                    self._renew(session, subjects, ahead)
                done += len(batch)
                if progress:
                    progress(done, sum(map(len, outdated.values())))
        return done

    def _renew(self, session: Session, subjects: Subjects, ahead: VectorsByHash) -> Subjects:
        """Rewrite the documents of these subjects whose text has changed, and log it.

        Vectors are those in `ahead` and stored ones of equal texts. Returns the subjects with a
        text that has neither. The log is locked from here to the commit, so that texts are read
        after every earlier change to them.
        """
        number = CATALOG_LOG.lock(session)
        # A deal's facets are in the caches, too, and may change without its text.
        changed = {(Kind.DEAL, deal) for deal in subjects.get(Kind.DEAL, ())}
        renewed: set[Kind] = set()
        unread: Subjects = {}
        for kind, ids in subjects.items():
            public_hashes: list[str] = []
            for batch in batches(sorted(ids)):
                hashes, without = self._renew_batch(session, kind, batch, ahead)
                changed.update((kind, subject) for subject in hashes)
                public_hashes += filter(None, hashes.values())
                if without:
                    unread.setdefault(kind, set()).update(without)
            if public_hashes and self._renew_mean(session, kind, public_hashes):
                renewed.add(kind)
        forget_texts()
        if changed:
            changes = [{"kind": kind, "subject_id": subject} for kind, subject in sorted(changed)]
            CATALOG_LOG.append(session, number, changes, breaks=bool(renewed))
            subjects_of = {kind: [each for of, each in changed if of == kind] for kind in Kind}
            writing.follow(session, subjects_of, renewed)
        return unread

    def _encode_ahead(self, session: Session, subjects: Subjects) -> VectorsByHash:
        """The vectors of these subjects' texts, as far as they can be read before the lock."""
        texts = {
            _digest(text): text
            for kind, ids in subjects.items()
            for _, document, _ in documents(session, kind, sorted(ids), self._feedback)
            for text in document.readings
        }
        vectors = self._stored_vectors(session, texts)
        missing = [digest for digest in texts if digest not in vectors]
        try:
            encoded = self._encoder.encode([texts[digest] for digest in missing]) if missing else ()
            vectors.update(zip(missing, (vector.tobytes() for vector in encoded), strict=True))
        except ModelUnavailable as problem:
            log.warning("%s What is saved now is found by its words only.", problem)
        return vectors

    def _renew_batch(
        self, session: Session, kind: Kind, ids: list[int], ahead: VectorsByHash
    ) -> tuple[dict[int, str | None], set[int]]:
        """Renew at most a batch of documents of one kind.

        Returns the subjects that changed with the content hashes of their documents, None where
        a document is confidential or was removed, and the subjects with a text without a vector.
        """
        stored = _stored(session, kind, ids)
        model = self._encoder.model_id
        lacking = lacking_vectors(session, model, [row.id for row in stored.values()])
        written: dict[int, Text] = {}
        hashes: dict[int, str | None] = {}
        rows: list[dict[str, object]] = []
        present = set()
        for subject, text, confidential in documents(session, kind, ids, self._feedback):
            present.add(subject)
            digest = _content_hash(text)
            if (
                (row := stored.get(subject))
                and (row.content_hash, row.confidential) == (digest, confidential)
                and row.id not in lacking
            ):
                continue
            written[subject] = text
            hashes[subject] = None if confidential else digest
            rows.append(
                {
                    "kind": kind,
                    "subject_id": subject,
                    "content_hash": digest,
                    "prepared": PREPARATION,
                    "language": text.language,
                    "terms": text.packed(),
                    "confidential": confidential,
                }
            )
        digests = {
            subject: {_digest(reading) for reading in text.readings}
            for subject, text in written.items()
        }
        # Vectors are looked up before the old passages are deleted: most texts stay the same.
        unknown = set().union(*digests.values()) - ahead.keys()
        vectors = {**ahead, **self._stored_vectors(session, unknown)}
        removed = stored.keys() - present
        replaced = [stored[subject].id for subject in {*written, *removed} if subject in stored]
        for table, column in ((Passage, Passage.document_id), (Document, Document.id)):
            session.execute(sa.delete(table).where(col(column).in_(replaced)))
        if rows:
            insert = sa.insert(Document).returning(col(Document.subject_id), col(Document.id))
            passages = [
                passage
                for row in session.execute(insert, rows)
                for passage in self._passages(row.id, written[row.subject_id], vectors)
            ]
            if passages:
                session.execute(sa.insert(Passage), passages)
        unread = {subject for subject, needed in digests.items() if not needed <= vectors.keys()}
        return hashes | dict.fromkeys(removed), unread

    def _passages(
        self, document_id: int, text: Text, vectors: VectorsByHash
    ) -> Iterator[dict[str, object]]:
        """The rows of a document's pieces, with their vectors where there are some."""
        own = len(text.pieces) - len(text.sources)
        sources = ("",) * own + text.sources
        rows = zip(text.pieces, text.readings, sources, strict=True)
        for position, ((role, piece), reading, source) in enumerate(rows):
            digest = _digest(reading)
            vector = vectors.get(digest)
            yield {
                "document_id": document_id,
                "position": position,
                "part": role,
                "text": piece,
                "text_hash": digest,
                "source": source,
                "vector": vector,
                "model": self._encoder.model_id if vector else None,
            }

    def _stored_vectors(self, session: Session, digests: Iterable[str]) -> VectorsByHash:
        """The stored vectors of this model for texts with these hashes."""
        vectors: VectorsByHash = {}
        for batch in batches(digests):
            rows = session.execute(_VECTORS, {"digests": batch, "model": self._encoder.model_id})
            vectors.update((row.text_hash, row.vector) for row in rows)
        return vectors

    def _renew_mean(self, session: Session, kind: Kind, changed: list[str]) -> bool:
        """Renew the mean of a kind if its documents have doubled; whether it was renewed. A model
        that comes with means needs none.

        `changed` has the hashes of the changed documents that are not confidential. They alone
        decide when documents are counted, so that no confidential document has an influence.
        """
        due = len(changed) > COUNT_OFTEN or any(
            int(digest[:8], 16) % COUNT_EACH == 0 for digest in changed
        )
        model = self._encoder.model_id
        if shipped_means(model):
            return False
        row = session.get(CatalogMean, (kind, model))
        if row and row.count > COUNT_OFTEN and not due:
            return False
        wholes = (
            sa.select(col(Passage.vector))
            .join(Document, col(Document.id) == col(Passage.document_id))
            .where(
                col(Document.kind) == kind,
                col(Document.confidential).is_(False),
                col(Passage.part) == PieceRole.WHOLE,
                col(Passage.model) == model,
            )
        )
        count = session.execute(
            sa.select(sa.func.count()).select_from(wholes.subquery())
        ).scalar_one()
        if count == 0 or (row is not None and count < 2 * row.count):
            return False
        total: Any = 0.0
        for vector in session.execute(wholes.execution_options(yield_per=1000)).scalars():
            total = total + np.frombuffer(vector, np.float32)
        row = row or CatalogMean(kind=kind, model=model, count=0, vector=b"")
        row.count, row.vector = count, mean_of(np.asarray(total), count).tobytes()
        session.add(row)
        return True

    def _outdated(self, session: Session, thorough: bool) -> Subjects:
        """The subjects whose document differs from what would be written now."""
        outdated = {}
        for kind in self._tables:
            ids = self._outdated_by_query(session, kind)
            if thorough:
                query = select(Document.subject_id, Document.content_hash)
                stored = dict(session.exec(query.where(Document.kind == kind)).all())
                ids |= {
                    subject
                    for subject, text, _ in documents(
                        session, kind, sorted(stored.keys() - ids), self._feedback
                    )
                    if stored[subject] != _content_hash(text)
                }
                forget_texts()
            outdated[kind] = ids
        return outdated

    def _outdated_by_query(self, session: Session, kind: Kind) -> set[int]:
        """The subjects without a current document, and those that no longer exist.

        The database compares ids, so that other threads can answer meanwhile.
        """
        model = self._encoder.model_id
        table = self._tables[kind]
        current = select(Document.id).where(
            Document.kind == kind,
            Document.subject_id == table.id,
            Document.prepared == PREPARATION,
        )
        subject = select(table.id).where(table.id == Document.subject_id)
        orphaned = select(Document.subject_id).where(Document.kind == kind, ~subject.exists())
        lacking = (
            select(Document.subject_id)
            .join(Passage, col(Passage.document_id) == col(Document.id))
            .where(Document.kind == kind, lacks_vector(model))
        )
        ids = {
            *session.exec(select(table.id).where(~current.exists())),
            *session.exec(orphaned),
            *session.exec(lacking.distinct()),
        }
        if kind in (Kind.DEAL, Kind.PERSON):
            ids |= set(session.exec(_wrongly_flagged(kind)))
        return ids


def postpone(session: Session) -> None:
    """Leave the new documents of this transaction to a catch-up.

    A catch-up of many documents shows its progress and loses little when it is interrupted.
    """
    session.info[_POSTPONED] = True


def stored_model(session: Session) -> str | None:
    """The id of the model that made the newest vector of the record; None without any."""
    newest = select(Passage.model).order_by(col(Passage.id).desc())
    return session.exec(newest.where(col(Passage.model).is_not(None)).limit(1)).first()


# Every save asks this, and building the statements would take longer than running them. Of many
# passages with the same text, only one vector is read.
_VECTORS = sa.select(col(Passage.text_hash), col(Passage.vector)).where(
    col(Passage.id).in_(
        sa.select(sa.func.max(col(Passage.id)))
        .where(
            col(Passage.text_hash).in_(sa.bindparam("digests", expanding=True)),
            col(Passage.model) == sa.bindparam("model"),
        )
        .group_by(col(Passage.text_hash))
    )
)
_STORED = select_row(_Stored, Document).where(
    col(Document.kind) == sa.bindparam("kind"),
    col(Document.subject_id).in_(sa.bindparam("ids", expanding=True)),
)


def _stored(session: Session, kind: Kind, ids: list[int]) -> dict[int, _Stored]:
    return {row.subject_id: row for row in fetch(session, _Stored, _STORED, kind=kind, ids=ids)}


def _documented(session: Session, subjects: Subjects) -> Subjects:
    """Those of these subjects that have a document."""
    return {
        kind: {
            subject
            for batch in batches(sorted(ids))
            for subject in session.exec(
                select(Document.subject_id).where(
                    Document.kind == kind, col(Document.subject_id).in_(batch)
                )
            )
        }
        for kind, ids in subjects.items()
    }


def _wrongly_flagged(kind: Kind) -> Any:
    """The deals or people whose document is confidential and should not be, or the reverse."""
    row_id: Any = Deal.id if kind is Kind.DEAL else Person.id
    right = col(Deal.confidential) if kind is Kind.DEAL else sa.not_(col(Person.listed))
    return (
        select(row_id)
        .join(Document, col(Document.subject_id) == row_id)
        .where(Document.kind == kind, col(Document.confidential) != right)
    )


def _content_hash(text: Text) -> str:
    pieces = (f"{role:d}{piece}" for role, piece in text.pieces)
    return _digest(PREPARATION, text.language, text.packed(), "", *pieces, *text.sources)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
