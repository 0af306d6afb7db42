"""The catalog: every document's stored words and vectors, and the caches over them.

The database owns what is searched. Whatever writes a deal, an asset or a person through a
`Database.write()` session has its document renewed in the same transaction: the catalog
listens, and nobody has to remember. Searches run on caches in memory, which are brought up
to the database's last generation before each answer and are kept in files only to start
faster. A cache that is missing, stale, damaged or of another model is made anew.
"""

import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, event
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, select

from similarity.collection import Collection, Entry, mean_of
from similarity.documents import Document as Text
from similarity.documents import Part, forget_texts
from similarity.embeddings import ModelUnavailable
from similarity.facets import facts
from similarity.index import Vectors
from similarity.ranking import Weights
from similarity.reranking import Reader, readings
from similarity.texts import TABLES, Kind, affected, batches, documents, touched_by
from workspace.database import Database
from workspace.deals import Deal

log = logging.getLogger(__name__)


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


# Rises when documents are prepared in another way, so that all are prepared again.
PREPARATION = 1
# Rises when the files of snapshots hold something else.
SNAPSHOT_FORMAT = 3
# How many bytes of a file are summed at a time.
DIGEST_PART = 4 << 20
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
# The last generation that a cache has seen, and its token.
Mark = tuple[int, str]
EMPTY: Mark = (0, "")


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
            if self._mark is None or _last_generation(session) != self._mark:
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

        @event.listens_for(session, "after_flush")
        def note(session: Session, _context: UOWTransaction) -> None:
            for row in (*session.new, *session.dirty, *session.deleted):
                if isinstance(row, SQLModel):
                    touched.update(touched_by(row))

        @event.listens_for(session, "before_commit")
        def renew(session: Session) -> None:
            session.flush()
            if touched:
                subjects = affected(session, touched)
                if session.info.get(_POSTPONED):
                    # What has a document already is searched meanwhile, so it is kept true.
                    subjects = _documented(session, subjects)
                # On SQLite nobody else can write meanwhile, so there is nothing to do ahead.
                several = not self._database.is_sqlite
                ahead = self._encode_ahead(session, subjects) if several else {}
                self._renew(session, subjects, ahead)

    def _renew(
        self, session: Session, subjects: dict[Kind, set[int]], ahead: dict[str, bytes]
    ) -> None:
        """Write the documents of these subjects anew where their text is another.

        Whoever renews has the lock from here to the commit, so that texts are read after
        every earlier change to them. What takes long was done before, and is in `ahead`.
        """
        generation = _lock(session)
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
            token = secrets.token_hex(16)
            session.add(CatalogGeneration(number=generation, token=token, renews_mean=any(means)))
            session.execute(
                sa.insert(CatalogChange),
                [
                    {"generation": generation, "kind": kind, "subject_id": subject}
                    for kind, subject in sorted(changed)
                ],
            )

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
            last = _last_generation(session)
            if self._mark is None and (found := self._snapshots.load(self.encoder.model_id)):
                self._mark, self._collections = found
            if self._mark == last:
                return
            if self._mark is not None and _may_follow(session, self._mark):
                self._apply_changes(session, self._mark[0])
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

    def _apply_changes(self, session: Session, after: int) -> None:
        changes = session.exec(
            select(CatalogChange.kind, CatalogChange.subject_id)
            .where(col(CatalogChange.generation) > after)
            .distinct()
        ).all()
        for kind in Kind:
            subjects = [subject for changed, subject in changes if changed == kind]
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


class Snapshots:
    """Caches in files: believed only where every sum and the database itself agree.

    Files are written under names of their own and named, with their sums, by a manifest
    that replaces the old one last. Whoever is killed in between leaves the old manifest, and
    whoever reads files that are not what the manifest says throws them away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = folder / "manifest.json"

    def save(self, model: str, mark: Mark, collections: dict[Kind, Collection]) -> None:
        """Publish snapshots of these collections; a full disk costs speed, nothing else."""
        stem = secrets.token_hex(6)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            files = {
                kind: collection.save(self._folder, f"{kind}-{stem}")
                for kind, collection in collections.items()
            }
            manifest = {
                "format": SNAPSHOT_FORMAT,
                "preparation": PREPARATION,
                "model": model,
                "generation": mark[0],
                "token": mark[1],
                "files": {
                    kind: [[path.name, _file_digest(path)] for path in paths]
                    for kind, paths in files.items()
                },
            }
            draft = self._folder / f"manifest-{stem}.json"
            draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            draft.replace(self._manifest)
        except (OSError, RuntimeError) as problem:  # The second is what faiss raises.
            log.warning("The index snapshots could not be written: %s", problem)
            _remove(self._folder.glob(f"*-{stem}*"))
        else:
            _remove(path for path in self._folder.glob("*-*") if stem not in path.name)

    def load(self, model: str) -> tuple[Mark, dict[Kind, Collection]] | None:
        """The published collections and their mark, or None where they cannot be believed."""
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
            made = (manifest.get("format"), manifest["preparation"], manifest["model"])
            if made != (SNAPSHOT_FORMAT, PREPARATION, model):
                return None
            named = {
                kind: {self._folder / Path(name).name: digest for name, digest in files}
                for kind, files in manifest["files"].items()
            }
            expected = {path: digest for files in named.values() for path, digest in files.items()}
            for path, digest in expected.items():
                if _file_digest(path) != digest:
                    log.warning("The index snapshot %s is damaged: made anew.", path.name)
                    return None
            collections = {kind: Collection.load(list(named[kind])) for kind in Kind}
            return (int(manifest["generation"]), str(manifest["token"])), collections
        except FileNotFoundError:
            return None
        except Exception as problem:  # Whatever is in these files, they are only a cache.
            log.warning("The index snapshots cannot be read: made anew. (%s)", problem)
            return None

    def mark(self) -> Mark | None:
        """The generation that is published, without reading the indexes."""
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
            return int(manifest["generation"]), str(manifest["token"])
        except Exception:  # Whatever is in this file, it is only a cache.
            return None

    def clear(self) -> None:
        """Delete every snapshot."""
        _remove([self._manifest, *self._folder.glob("*-*")])


def _last_generation(session: Session) -> Mark:
    last = session.exec(
        select(CatalogGeneration).order_by(col(CatalogGeneration.number).desc()).limit(1)
    ).first()
    return (last.number, last.token) if last else EMPTY


def _may_follow(session: Session, mark: Mark) -> bool:
    """Whether a cache of that generation of this database only lacks the changes since."""
    if mark != EMPTY:
        row = session.get(CatalogGeneration, mark[0])
        if row is None or row.token != mark[1]:
            return False
    renewed = select(CatalogGeneration.number).where(
        col(CatalogGeneration.number) > mark[0], col(CatalogGeneration.renews_mean)
    )
    return session.exec(renewed.limit(1)).first() is None


def _lock(session: Session) -> int:
    """Take the next generation's number and, until the transaction ends, the state's row:
    generations are committed in the order of their numbers, and none is overlooked."""
    return int(
        session.execute(
            sa.update(CatalogState)
            .values(generation=col(CatalogState.generation) + 1)
            .returning(col(CatalogState.generation))
        ).scalar_one()
    )


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


def _file_digest(path: Path) -> str:
    """The SHA-256 of the SHA-256s of a file's parts, on which all cores work at a time: most
    gigabytes are in one file."""

    def digest(start: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return hashlib.sha256(file.read(DIGEST_PART)).digest()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(digest, range(0, path.stat().st_size, DIGEST_PART))
        return hashlib.sha256(b"".join(parts)).hexdigest()


def _remove(paths: Iterable[Path]) -> None:
    """Delete files of a cache; one that cannot be deleted is in nobody's way."""
    for path in paths:
        with suppress(OSError):
            path.unlink()
