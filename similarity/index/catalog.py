"""The catalog: what every search looks in, caches over the stored documents or the database itself.

The database owns what is searched. The caches are brought up to the database's last generation
before each answer, and are saved to files only so that a process starts faster. A cache that is
missing, stale, damaged or of another model is rebuilt.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.calibration import nearness_scale, shipped_means
from similarity.encoders.embeddings import Encoder, ModelUnavailable
from similarity.encoders.reranking import Reader, readings
from similarity.index.centring import centred
from similarity.index.collection import Collection
from similarity.index.documents import PieceRole
from similarity.index.facets import ResolvedFilter, resolve
from similarity.index.in_database import rebuilding, tables
from similarity.index.in_database.collection import DatabaseCollection
from similarity.index.indexer import Indexer, Progress, postpone
from similarity.index.searchable import Searchable
from similarity.index.snapshots import Snapshots
from similarity.index.sources import Feedback, FeedbackSource, Kind
from similarity.index.stored import centring_of, stored_entries
from similarity.index.tables import CATALOG_LOG, Document, Passage
from similarity.index.vectors import Vectors
from similarity.scoring import Weights
from workspace.change_log import Mark
from workspace.database import Database, batches
from workspace.deals.filters import DealFilter
from workspace.errors import DealkinError
from workspace.locks import making_rows
from workspace.people.viewer import Viewer

log = logging.getLogger(__name__)

# How many vectors of deals' texts without boilerplate are kept.
CONTENT_VECTORS = 1024
_WHOLE_VECTOR = (
    sa.select(col(Passage.vector))
    .join(Document, col(Document.id) == col(Passage.document_id))
    .where(
        col(Document.kind) == sa.bindparam("kind"),
        col(Document.subject_id) == sa.bindparam("subject"),
        col(Passage.part) == PieceRole.WHOLE,
        col(Passage.model) == sa.bindparam("model"),
    )
)


class Catalog:
    """Keeps the caches in step with the documents, and has an indexer for the documents."""

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        folder: Path,
        reader: Reader | None = None,
        feedback: FeedbackSource | None = None,
        *,
        in_database: bool = False,
        partitions: int = 1,
    ) -> None:
        self.encoder = encoder
        # Whether the database does the searching, so that there are no caches; and into how many
        # partitions the rows are divided that it searches.
        self.in_database = in_database
        self._partitions = partitions
        # The cross-encoder, where an installation has one.
        self.reader = reader
        self._database = database
        self._feedback = feedback
        self._indexer = Indexer(database, encoder, feedback)
        self._snapshots = Snapshots(folder)
        self._collections: dict[Kind, Collection] = {}
        self._mark: Mark | None = None
        # How many documents have changed since the last snapshots.
        self._unsaved = 0
        self._lock = threading.RLock()
        # By the hash of the text, because some texts are confidential.
        self._content_vectors: dict[bytes, Vectors] = {}

    def attach(self) -> None:
        """Renew documents in every transaction that writes through the database."""
        self._database.watch(self._indexer.listen)

    def prepare(self, *, again: bool = False, may_replace: bool = False) -> None:
        """Where the database does the searching, make the rows that it searches, unless they are
        there in as many partitions as are asked for, or `again`. Those of another model are
        replaced only if that was asked for.

        DealkinError where the database cannot search.
        """
        if not self.in_database:
            return
        model = self.encoder.model_id
        with self._database.read() as session:
            kept = tables.kept(session)
            if kept and kept.format == tables.FORMAT:
                again = again or kept.partitions != self._partitions
                wanted = again if kept.model == model else may_replace
            else:
                wanted = True
            if wanted and (obstacle := tables.obstacle(session)):
                raise DealkinError(obstacle)
        if wanted:
            rebuilding.make(self._database, model, self._partitions)

    def remove_rows(self) -> None:
        """Remove the rows that the database searches, where there are some."""
        if self._database.is_sqlite:
            return
        with making_rows(self._database), self._database.write() as session:
            CATALOG_LOG.lock(session)
            tables.drop(session)

    def catch_up(self, progress: Progress | None = None, *, thorough: bool = False) -> int:
        """Prepare every document that is not current; how many. See `Indexer.catch_up`."""
        return self._indexer.catch_up(progress, thorough=thorough)

    def postpone(self, session: Session) -> None:
        """Leave the new documents of this transaction to `catch_up`."""
        postpone(session)

    @contextmanager
    def searching(self, session: Session, kind: Kind) -> Iterator[Searchable]:
        """The documents of a kind, at least as new as the session's view.

        Caches are locked until the block ends, so the block should only search.
        """
        if self.in_database:
            yield DatabaseCollection(session, kind, self.encoder.model_id)
            return
        with self._lock:
            if self._mark is None or CATALOG_LOG.last(session) != self._mark:
                self._refresh()
            yield self._collections[kind]

    def resolved(self, session: Session, filter: DealFilter) -> ResolvedFilter:
        """A filter for a scope of `searching`; the database resolves it itself."""
        return ResolvedFilter(filter) if self.in_database else resolve(session, filter)

    def readable_feedback(self, session: Session, viewer: Viewer) -> Mapping[int, Feedback]:
        """The feedback on deals that a viewer may read, by the ids of its documents."""
        return self._feedback.readable(session, viewer) if self._feedback else {}

    def whole_vector(self, session: Session, kind: Kind, subject: int) -> Vectors | None:
        """The stored vector of a whole document; None where no model has read it."""
        of = {"kind": kind, "subject": subject, "model": self.encoder.model_id}
        vector = session.execute(_WHOLE_VECTOR, of).scalar()
        return np.frombuffer(vector, np.float32) if vector else None

    def content_vectors(self, texts: Sequence[str]) -> list[Vectors | None]:
        """The raw vectors of texts that are no stored documents; None where there is no text or
        no model can read it. What was asked lately is not encoded again."""
        known = self._content_vectors
        digests = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts]
        new = {
            digest: text
            for digest, text in zip(digests, texts, strict=True)
            if text.strip() and digest not in known
        }
        try:
            encoded = self.encoder.encode(list(new.values())) if new else ()
        except ModelUnavailable:
            return [None] * len(texts)
        if len(known) + len(new) > CONTENT_VECTORS:
            known = self._content_vectors = {}
        known.update(zip(new, encoded, strict=True))
        return [known.get(digest) for digest in digests]

    def cosines(
        self, session: Session, kind: Kind, subjects: Sequence[int], vector: Vectors, language: str
    ) -> dict[int, float]:
        """The cosines between a raw vector of a text in a language and whole documents. They do
        not depend on what else the record has: vectors are centred by the means that the model
        comes with, or not at all.

        Documents that no model has read are left out.
        """
        means = shipped_means(self.encoder.model_id)
        other = means.get("")
        asked = centred(vector, means.get(language, other))
        cosines: dict[int, float] = {}
        for batch in batches(subjects):
            rows = session.execute(
                sa.select(col(Document.subject_id), col(Document.language), col(Passage.vector))
                .join(Passage, col(Passage.document_id) == col(Document.id))
                .where(
                    col(Document.kind) == kind,
                    col(Document.subject_id).in_(batch),
                    col(Passage.part) == PieceRole.WHOLE,
                    col(Passage.model) == self.encoder.model_id,
                )
            )
            for subject, spoken, stored in rows:
                whole = centred(np.frombuffer(stored, np.float32), means.get(spoken, other))
                cosines[subject] = float(whole @ asked)
        return cosines

    @property
    def is_loaded(self) -> bool:
        """Whether no answer waits for caches: they are in memory, or the database searches."""
        return self.in_database or self._mark is not None

    @property
    def generation(self) -> int | None:
        """The last generation that the caches have taken, 0 where they are not loaded; None where
        the database searches."""
        mark = self._mark
        return None if self.in_database else mark.number if mark else 0

    def warm(self) -> None:
        """Load the caches and the model, so that the first answer does not wait for them."""
        if not self.in_database:
            self._refresh()
        try:
            self.encoder.encode(["ready"])
        except ModelUnavailable as problem:
            log.warning("%s Words alone carry the search.", problem)
        readings(self.reader, "ready", ["ready"], Weights())

    def reset(self) -> None:
        """Forget the caches, in memory and in files."""
        with self._lock:
            self._mark = None
            self._snapshots.clear()

    def _refresh(self) -> None:
        """Bring the caches to the database's last generation."""
        with self._lock, self._database.read() as session:
            last = CATALOG_LOG.last(session)
            if self._mark is None and (saved := self._snapshots.load(self.encoder.model_id)):
                self._mark, self._collections = saved
                for collection in self._collections.values():
                    collection.scale = nearness_scale(self.encoder.model_id)
            if self._mark == last:
                return
            if self._mark is not None and CATALOG_LOG.may_follow(session, self._mark):
                self._apply_changes(session, self._mark)
            else:
                self._rebuild(session)
            self._mark = last
            self._save_now_and_then()

    def _rebuild(self, session: Session) -> None:
        model = self.encoder.model_id
        collections = {kind: Collection(*centring_of(session, kind, model)) for kind in Kind}
        collections[Kind.FEEDBACK].borrow(collections[Kind.DEAL])
        for kind, collection in collections.items():
            subjects = select(Document.subject_id).where(Document.kind == kind)
            # Confidential documents come last, so that the vector lists that are made on the way
            # are the same with them as without them.
            order = (col(Document.confidential), col(Document.subject_id))
            for batch in batches(session.exec(subjects.order_by(*order))):
                collection.put(stored_entries(session, kind, model, batch))
            self._settle(session, kind, collection)
        self._collections = collections
        self._unsaved = sum(map(len, collections.values()))

    def _apply_changes(self, session: Session, after: Mark) -> None:
        changes = session.execute(CATALOG_LOG.changed_after(after)).all()
        for kind in Kind:
            subjects = [change.subject_id for change in changes if change.kind == kind]
            for batch in batches(subjects):
                entries = stored_entries(session, kind, self.encoder.model_id, batch)
                self._collections[kind].put(entries)
                removed = set(batch) - {entry.id for entry in entries}
                self._collections[kind].remove(list(removed))
            self._settle(session, kind, self._collections[kind])
        self._unsaved += len(changes)

    def _settle(self, session: Session, kind: Kind, collection: Collection) -> None:
        """Settle a collection, and put the words again that it asks for."""
        for batch in batches(collection.settle()):
            collection.reword(
                stored_entries(session, kind, self.encoder.model_id, batch, with_vectors=False)
            )

    def _save_now_and_then(self) -> None:
        """Write snapshots once so much has changed that following the old ones is slow."""
        if self._unsaved > sum(map(len, self._collections.values())) // 20 and self._mark:
            self._snapshots.save(self.encoder.model_id, self._mark, self._collections)
            self._unsaved = 0
