"""The catalog: every document's stored words and vectors, and the caches over them.

The database owns what is searched. Whatever writes a deal, an asset or a person through a
`Database.write()` session has its document renewed in the same transaction: the catalog
listens, and nobody has to remember. Searches run on caches in memory, which are brought up
to the database's last generation before each answer and are kept in files only to start
faster. A cache that is missing, stale, damaged or of another model is made anew.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, SQLModel, col, select

from similarity.encoders.embeddings import ModelUnavailable
from similarity.encoders.reranking import Reader, readings
from similarity.index.collection import Collection, Entry, mean_of
from similarity.index.documents import Document as Text
from similarity.index.documents import Part, forget_texts
from similarity.index.facets import facts
from similarity.index.snapshots import PREPARATION, Snapshots, log
from similarity.index.sources import TABLES, Kind, affected, documents, touched_by
from similarity.index.tables import CATALOG_LOG, CatalogMean, Document, Passage
from similarity.index.vectors import Vectors
from similarity.scoring import Weights
from workspace.change_log import Mark, follow
from workspace.database import Database, batches
from workspace.deals.tables import Deal

# Documents that are caught up with at a time: few enough to tell progress, and to lose little.
CATCH_UP_BATCH = 64
# Up to so many documents, and after changes to so many, they are counted to see whether they
# have doubled; else at one changed document of COUNT_EACH.
COUNT_OFTEN = 1_000
COUNT_EACH = 50


class Encoder(Protocol):
    """What the catalog needs of a model; `Embedder` is the real one, tests have a small one."""

    @property
    def model_id(self) -> str: ...
    @property
    def languages(self) -> frozenset[str]: ...
    def encode(self, texts: list[str]) -> NDArray[np.float32]: ...


Progress = Callable[[int, int], None]
_POSTPONED = "documents are left to a catch-up"


class Catalog:
    """Keeps documents in step with the record, and the caches in step with the documents."""

    def __init__(
        self, database: Database, encoder: Encoder, folder: Path, reader: Reader | None = None
    ) -> None:
        self.encoder = encoder
        # Reads the best kin again, where an installation has such a model.
        self.reader = reader
        self._database = database
        self._snapshots = Snapshots(folder)
        self._collections: dict[Kind, Collection] = {}
        self._mark: Mark | None = None
        self._unsaved = 0
        self._lock = threading.RLock()

    def attach(self) -> None:
        """Renew documents in every transaction that writes through the database."""
        self._database.watch(self._listen)

    @contextmanager
    def searching(self, session: Session, kind: Kind) -> Iterator[Collection]:
        """The documents of a kind for a search: at least as new as the session's view.

        They hold still until the block ends, so it should only search.
        """
        with self._lock:
            if self._mark is None or CATALOG_LOG.last(session) != self._mark:
                self._refresh()
            yield self._collections[kind]

    def whole_vector(self, session: Session, kind: Kind, subject: int) -> Vectors | None:
        """The stored vector of a whole document; None where no model has read it."""
        vector = session.execute(
            sa.select(col(Passage.vector))
            .join(Document, col(Document.id) == col(Passage.document_id))
            .where(
                col(Document.kind) == kind,
                col(Document.subject_id) == subject,
                col(Passage.part) == Part.WHOLE,
                col(Passage.model) == self.encoder.model_id,
            )
        ).scalar()
        return np.frombuffer(vector, np.float32) if vector else None

    def warm(self) -> None:
        """Load the caches and the model, so that the first answer does not wait for them."""
        self._refresh()
        try:
            self.encoder.encode(["ready"])
        except ModelUnavailable as problem:
            log.warning("%s Words alone carry the search.", problem)
        readings(self.reader, "ready", ["ready"], Weights())

    def catch_up(self, progress: Progress | None = None, *, thorough: bool = False) -> int:
        """Prepare every document that is missing or of another model or version; how many.

        `thorough` compares each text with what is stored, too, which finds what was written
        past the catalog. Work is committed in parts: whoever is interrupted goes on where
        they were. Texts are encoded between the writes, so that nobody waits for that.
        """
        done = 0
        with self._database.read() as session:
            outdated = self._outdated(session, thorough)
        for kind, ids in outdated.items():
            for batch in batches(ids, CATCH_UP_BATCH):
                part = {kind: set(batch)}
                with self._database.read() as session:
                    ahead = self._encode_ahead(session, part)
                with self._database.write() as session:
                    self._renew(session, part, ahead)
                done += len(batch)
                if progress:
                    progress(done, sum(map(len, outdated.values())))
        return done

    def postpone(self, session: Session) -> None:
        """Leave what is new in this transaction to `catch_up`: where there is much of it, that
        tells how far it has come, and is not lost when it is interrupted."""
        session.info[_POSTPONED] = True

    def reset(self) -> None:
        """Forget the caches, in memory and in files."""
        with self._lock:
            self._mark = None
            self._snapshots.clear()

    # Writing: from the record to documents, in the writer's own transaction.

    def _listen(self, session: Session) -> None:
        touched: set[tuple[str, int]] = set()

        def note(row: SQLModel) -> None:
            touched.update(touched_by(row))

        def renew(session: Session) -> None:
            if touched:
                subjects = affected(session, touched)
                if session.info.get(_POSTPONED):
                    # What has a document already is searched meanwhile, so it is kept true.
                    subjects = _documented(session, subjects)
                # On SQLite nobody else can write meanwhile, so there is nothing to do ahead.
                several = not self._database.is_sqlite
                ahead = self._encode_ahead(session, subjects) if several else {}
                self._renew(session, subjects, ahead)

        follow(session, note, renew)

    def _renew(
        self, session: Session, subjects: dict[Kind, set[int]], ahead: dict[str, bytes]
    ) -> None:
        """Write the documents of these subjects anew where their text is another.

        Whoever renews has the lock from here to the commit, so that texts are read after
        every earlier change to them. What takes long was done before, and is in `ahead`.
        """
        generation = CATALOG_LOG.lock(session)
        # The facets of a deal are in the caches, too, and may be others though its text is not.
        changed = {(Kind.DEAL, deal) for deal in subjects.get(Kind.DEAL, ())}
        means = []
        for kind, ids in subjects.items():
            open_: list[str] = []
            for batch in batches(sorted(ids)):
                for subject, digest in self._renew_batch(session, kind, batch, ahead).items():
                    changed.add((kind, subject))
                    open_ += [digest] if digest else []
            if open_:
                means.append(self._renew_mean(session, kind, open_))
        forget_texts()
        if changed:
            changes = [{"kind": kind, "subject_id": subject} for kind, subject in sorted(changed)]
            CATALOG_LOG.append(session, generation, changes, breaks=any(means))

    def _encode_ahead(self, session: Session, subjects: dict[Kind, set[int]]) -> dict[str, bytes]:
        """The vectors of these subjects' texts as far as they can be read by now, by hash."""
        pieces = {
            _digest(piece): piece
            for kind, ids in subjects.items()
            for _, text, _ in documents(session, kind, sorted(ids))
            for _, piece in text.pieces
        }
        return self._vectors(session, pieces, {})

    def _renew_batch(
        self, session: Session, kind: Kind, ids: list[int], ahead: dict[str, bytes]
    ) -> dict[int, str | None]:
        """Renew at most a batch of documents of one kind; the subjects that changed, with the
        hashes of those documents that are not confidential."""
        stored = {
            subject: (row_id, digest, confidential)
            for row_id, subject, digest, confidential in session.exec(
                select(
                    Document.id, Document.subject_id, Document.content_hash, Document.confidential
                ).where(Document.kind == kind, col(Document.subject_id).in_(ids))
            )
        }
        lacking = self._lacking_vectors(session, [row_id for row_id, _, _ in stored.values()])
        written: dict[int, Text] = {}
        hashes: dict[int, str | None] = {}
        rows: list[dict[str, object]] = []
        present = set()
        for subject, text, confidential in documents(session, kind, ids):
            present.add(subject)
            digest = _content_hash(text)
            known = stored.get(subject)
            if known and known[1:] == (digest, confidential) and known[0] not in lacking:
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
                    "terms": " ".join(text.terms),
                    "confidential": confidential,
                }
            )
        # Vectors are looked up before the old passages go: most texts are what they were.
        texts = {_digest(piece): piece for text in written.values() for _, piece in text.pieces}
        vectors = self._vectors(session, texts, ahead)
        gone = stored.keys() - present
        replaced = [stored[subject][0] for subject in {*written, *gone} if subject in stored]
        for table, column in ((Passage, Passage.document_id), (Document, Document.id)):
            session.execute(sa.delete(table).where(col(column).in_(replaced)))
        if rows:
            made = session.execute(
                sa.insert(Document).returning(col(Document.subject_id), col(Document.id)), rows
            )
            pieces: list[dict[str, object]] = [
                {"document_id": row_id, "position": position, "part": part, "text": piece}
                for subject, row_id in made
                for position, (part, piece) in enumerate(written[subject].pieces)
            ]
            self._add_passages(session, pieces, vectors)
        return hashes | dict.fromkeys(gone)

    def _add_passages(
        self, session: Session, passages: list[dict[str, object]], vectors: dict[str, bytes]
    ) -> None:
        """Store passages with their vectors, None where there is none."""
        for passage in passages:
            digest = _digest(passage["text"])
            vector = vectors.get(digest)
            model = self.encoder.model_id if vector else None
            passage.update(text_hash=digest, vector=vector, model=model)
        if passages:
            session.execute(sa.insert(Passage), passages)

    def _vectors(
        self, session: Session, texts: dict[str, str], ahead: dict[str, bytes]
    ) -> dict[str, bytes]:
        """The vectors of texts by their hashes: those of equal texts again, others encoded.

        Without a model those that are not known are left out.
        """
        found = {digest: ahead[digest] for digest in texts if digest in ahead}
        for batch in _parts([digest for digest in texts if digest not in found]):
            # Of many passages with one text, one vector is read.
            one_each = (
                sa.select(sa.func.max(col(Passage.id)))
                .where(
                    col(Passage.text_hash).in_(batch), col(Passage.model) == self.encoder.model_id
                )
                .group_by(col(Passage.text_hash))
            )
            rows = session.execute(
                sa.select(col(Passage.text_hash), col(Passage.vector)).where(
                    col(Passage.id).in_(one_each)
                )
            )
            found.update((digest, vector) for digest, vector in rows)
        missing = [digest for digest in texts if digest not in found]
        try:
            vectors = self.encoder.encode([texts[each] for each in missing]) if missing else ()
            found.update(zip(missing, (vector.tobytes() for vector in vectors), strict=True))
        except ModelUnavailable as problem:
            log.warning("%s What is saved now is found by its words only.", problem)
        return found

    def _renew_mean(self, session: Session, kind: Kind, changed: list[str]) -> bool:
        """Take the mean of a kind anew where there are twice as many documents by now.

        `changed` has the hashes of the documents that changed. They alone say when to count,
        so that nothing that is confidential has a part in it.
        """
        due = len(changed) > COUNT_OFTEN or any(
            int(digest[:8], 16) % COUNT_EACH == 0 for digest in changed
        )
        model = self.encoder.model_id
        row = session.get(CatalogMean, (kind, model))
        if row and row.count > COUNT_OFTEN and not due:
            return False
        wholes = (
            sa.select(col(Passage.vector))
            .join(Document, col(Document.id) == col(Passage.document_id))
            .where(
                col(Document.kind) == kind,
                col(Document.confidential).is_(False),
                col(Passage.part) == Part.WHOLE,
                col(Passage.model) == model,
            )
        )
        count = session.execute(
            sa.select(sa.func.count()).select_from(wholes.subquery())
        ).scalar_one()
        if count == 0 or (row is not None and count < 2 * row.count):
            return False
        total: Any = 0.0
        for (vector,) in session.execute(wholes.execution_options(yield_per=1000)):
            total = total + np.frombuffer(vector, np.float32)
        row = row or CatalogMean(kind=kind, model=model, count=0, vector=b"")
        row.count, row.vector = count, mean_of(np.asarray(total), count).tobytes()
        session.add(row)
        return True

    def _lacking_vectors(self, session: Session, document_ids: list[int]) -> set[int]:
        """Which of these documents have a passage without a vector of the current model."""
        model = self.encoder.model_id
        return set(
            session.exec(
                select(Passage.document_id)
                .where(
                    col(Passage.document_id).in_(document_ids),
                    sa.or_(col(Passage.model).is_(None), col(Passage.model) != model),
                )
                .distinct()
            )
        )

    def _outdated(self, session: Session, thorough: bool) -> dict[Kind, list[int]]:
        """The subjects whose document is not what it would be if it were written now."""
        model = self.encoder.model_id
        found = {}
        for kind, table in TABLES.items():
            # Counted off by the database, which lets others answer meanwhile.
            current = select(Document.id).where(
                Document.kind == kind,
                Document.subject_id == table.id,
                Document.prepared == PREPARATION,
            )
            subject = select(table.id).where(table.id == Document.subject_id)
            lacking = (
                select(Document.subject_id)
                .join(Passage, col(Passage.document_id) == col(Document.id))
                .where(
                    Document.kind == kind,
                    sa.or_(col(Passage.model).is_(None), col(Passage.model) != model),
                )
            )
            left = select(Document.subject_id).where(Document.kind == kind, ~subject.exists())
            due = {
                *session.exec(select(table.id).where(~current.exists())),
                *session.exec(left),
                *session.exec(lacking.distinct()),
            }
            if kind is Kind.DEAL:
                due |= set(session.exec(_told_apart()))
            if thorough:
                stored = dict(
                    session.exec(
                        select(Document.subject_id, Document.content_hash).where(
                            Document.kind == kind
                        )
                    ).all()
                )
                for subject_id, text, _ in documents(session, kind, sorted(stored.keys() - due)):
                    if stored[subject_id] != _content_hash(text):
                        due.add(subject_id)
                forget_texts()
            found[kind] = sorted(due)
        return found

    # Reading: from documents to the caches.

    def _refresh(self) -> None:
        """Bring the caches to the database's last generation."""
        with self._lock, self._database.read() as session:
            last = CATALOG_LOG.last(session)
            if self._mark is None and (found := self._snapshots.load(self.encoder.model_id)):
                self._mark, self._collections = found
            if self._mark == last:
                return
            if self._mark is not None and CATALOG_LOG.may_follow(session, self._mark):
                self._apply_changes(session, self._mark)
            else:
                self._rebuild(session)
            self._mark = last
            self._save_now_and_then()

    def _rebuild(self, session: Session) -> None:
        collections = {kind: Collection(self._mean(session, kind)) for kind in Kind}
        for kind, collection in collections.items():
            held = select(Document.subject_id).where(Document.kind == kind)
            # What is confidential comes last: the lists that the others are put into on the
            # way are the same with it as without it.
            order = (col(Document.confidential), col(Document.subject_id))
            for batch in batches(session.exec(held.order_by(*order))):
                collection.put(self._load(session, kind, batch))
                collection.settle()
        self._collections = collections
        self._unsaved = sum(map(len, collections.values()))

    def _apply_changes(self, session: Session, after: Mark) -> None:
        changes = session.execute(CATALOG_LOG.changed_after(after)).all()
        for kind in Kind:
            subjects = [change.subject_id for change in changes if change.kind == kind]
            for batch in batches(subjects):
                found = self._load(session, kind, batch)
                self._collections[kind].put(found)
                kept = {entry.id for entry in found}
                self._collections[kind].remove([each for each in batch if each not in kept])
            self._collections[kind].settle()
        self._unsaved += len(changes)

    def _mean(self, session: Session, kind: Kind) -> Vectors | None:
        row = session.get(CatalogMean, (kind, self.encoder.model_id))
        return np.frombuffer(row.vector, np.float32) if row else None

    def _load(self, session: Session, kind: Kind, subjects: list[int]) -> list[Entry]:
        """The stored documents of these subjects as a collection takes them."""
        rows = session.execute(
            sa.select(
                col(Document.id),
                col(Document.subject_id),
                col(Document.language),
                col(Document.terms),
                col(Document.confidential),
            ).where(col(Document.kind) == kind, col(Document.subject_id).in_(subjects))
        ).all()
        parts: dict[int, list[Part]] = {row.id: [] for row in rows}
        vectors: dict[int, list[bytes]] = {row.id: [] for row in rows}
        # A document that the model has read in part has no vectors yet.
        lacking = self._lacking_vectors(session, list(vectors))
        passages = session.execute(
            sa.select(col(Passage.document_id), col(Passage.part), col(Passage.vector))
            .where(col(Passage.document_id).in_(vectors.keys() - lacking))
            .order_by(col(Passage.document_id), col(Passage.position))
        )
        for document, part, vector in passages:
            parts[document].append(part)
            vectors[document].append(vector)
        known = facts(session, subjects) if kind is Kind.DEAL else {}
        return [
            Entry(
                id=row.subject_id,
                language=row.language,
                terms=row.terms.split(),
                parts=parts[row.id],
                vectors=_stacked(vectors[row.id]),
                counted=not row.confidential,
                facts=known.get(row.subject_id),
            )
            for row in rows
        ]

    def _save_now_and_then(self) -> None:
        """Write snapshots when so much has changed that loading the old ones is slow."""
        if self._unsaved > sum(map(len, self._collections.values())) // 20 and self._mark:
            self._snapshots.save(self.encoder.model_id, self._mark, self._collections)
            self._unsaved = 0


def _documented(session: Session, subjects: dict[Kind, set[int]]) -> dict[Kind, set[int]]:
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


def _told_apart() -> Any:
    """The deals that are confidential and whose documents are not, or the other way round."""
    return (
        select(Deal.id)
        .join(Document, col(Document.subject_id) == col(Deal.id))
        .where(Document.kind == Kind.DEAL, col(Document.confidential) != col(Deal.confidential))
    )


def _stacked(vectors: list[bytes]) -> NDArray[np.float32]:
    """Stored vectors as rows, shape (n, dimension)."""
    return np.frombuffer(b"".join(vectors), np.float32).reshape(len(vectors), -1 if vectors else 0)


def _content_hash(text: Text) -> str:
    pieces = (f"{part:d}{piece}" for part, piece in text.pieces)
    return _digest(PREPARATION, text.language, *text.terms, "", *pieces)


def _parts(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + 500] for start in range(0, len(items), 500))


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
