"""Titles: how far people's titles are alike, in words and in meaning.

Many titles have the same subject, so that each subject has one vector. It is stored under a hash:
the table tells neither titles nor who has one.
"""

import hashlib
import threading
from array import array
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import lru_cache

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Field, Session, SQLModel, col, select

from references.network.address_books import Connection
from references.prospecting.title_words import Title, TitleTable, read_title
from similarity.calibration import shipped_means, title_scale
from similarity.encoders.embeddings import Encoder, ModelUnavailable
from similarity.index.centring import centred
from workspace.database import FOLLOWS, Database, batches, insert_rows
from workspace.people.tables import Person

# From this likeness on, a title is what was asked for.
FITS = 0.3
ENCODED_AT_ONCE = 256


class TitleVector(SQLModel, table=True):
    """The vector of the subject of titles, by a model."""

    __table_args__ = {"info": {FOLLOWS: True}}

    hash: str = Field(primary_key=True, max_length=64)
    model: str = Field(primary_key=True, max_length=200)
    vector: bytes


class Titles:
    """The vectors of titles: prepares them, and keeps those that every member may read."""

    def __init__(self, database: Database, encoder: Encoder) -> None:
        self._database = database
        self._encoder = encoder
        self._shared = _Compared()
        # One question is compared with several lists of titles.
        self._question = lru_cache(maxsize=64)(self._encoded)
        self._lock = threading.Lock()

    def prepare(self) -> int:
        """Encode the subjects that have no vector, and forget those that nobody has; how many are
        new."""
        model = self._encoder.model_id
        with self._database.read() as session:
            subjects = {read_title(title).subject for title in _titles(session)}
            written = {_key(subject): subject for subject in subjects}
            stored = set(session.exec(select(TitleVector.hash).where(TitleVector.model == model)))
        new = [key for key in written if key not in stored]
        for keys in batches(new, ENCODED_AT_ONCE):
            try:
                vectors = self._encoder.encode([written[key] for key in keys])
            except ModelUnavailable:
                return 0
            rows = [
                {"hash": key, "model": model, "vector": vector.tobytes()}
                for key, vector in zip(keys, vectors, strict=True)
            ]
            with self._database.write() as session:
                known = select(TitleVector.hash).where(
                    TitleVector.model == model, col(TitleVector.hash).in_(keys)
                )
                meanwhile = set(session.exec(known))
                insert_rows(
                    session, TitleVector, [row for row in rows if row["hash"] not in meanwhile]
                )
        gone = sorted(stored - written.keys())
        for keys in batches(gone):
            with self._database.write() as session:
                session.execute(sa.delete(TitleVector).where(col(TitleVector.hash).in_(keys)))
        return len(new)

    def likeness(
        self, session: Session, asked: str, titles: Sequence[str], *, shared: bool
    ) -> NDArray[np.float64]:
        """How far each title is what was asked for, from 0 to 1: in words or in meaning.

        `shared` titles, which every member may read, stay in memory with their vectors.
        """
        if not titles:
            return np.zeros(0)
        wanted = read_title(asked)
        question = None
        if title_scale(self._encoder.model_id) is not None:
            # Words alone decide while there is no model.
            with suppress(ModelUnavailable):
                question = self._question(asked)
        if not shared:
            return self._compare(session, wanted, question, _Compared(), titles)
        with self._lock:
            return self._compare(session, wanted, question, self._shared, titles)

    def _encoded(self, asked: str) -> NDArray[np.float32]:
        """The vector of the subject of a question."""
        wanted = read_title(asked)
        vector: NDArray[np.float32] = self._centred(
            self._encoder.encode([wanted.subject]), [wanted]
        )[0]
        return vector

    def _compare(
        self,
        session: Session,
        wanted: Title,
        question: NDArray[np.float32] | None,
        known: "_Compared",
        titles: Sequence[str],
    ) -> NDArray[np.float64]:
        numbers = known.table.numbers(titles)
        values = known.table.in_words(wanted)
        scale = title_scale(self._encoder.model_id)
        if question is not None and scale is not None:
            self._complete(session, known, numbers)
            none, full = scale
            meaning = np.clip((known.cosines(question) - none) / (full - none), 0, 1)
            values = np.maximum(values, meaning)
        values *= known.table.of_level(wanted)
        # Without a title, nothing is alike.
        written = np.fromiter(map(bool, titles), bool, len(titles))
        return np.where(written, values[numbers], 0.0)

    def _complete(self, session: Session, known: "_Compared", numbers: NDArray[np.int64]) -> None:
        """Give titles their vectors, as far as they are prepared."""
        lacking = known.lacking(numbers)
        ids = {known.table.titles[number].id: known.table.titles[number] for number in lacking}
        new = [title for each, title in ids.items() if each not in known.rows]
        stored = self._stored(session, [title.subject for title in new])
        prepared = [title for title in new if title.subject in stored]
        if prepared:
            vectors = np.stack([stored[title.subject] for title in prepared])
            known.add(prepared, self._centred(vectors, prepared))
        known.assign(lacking)

    def _stored(
        self, session: Session, subjects: Collection[str]
    ) -> dict[str, NDArray[np.float32]]:
        """The vectors of these subjects, as far as they are prepared."""
        written = {_key(subject): subject for subject in subjects}
        vectors = {}
        for batch in batches(written):
            query = select(TitleVector.hash, TitleVector.vector).where(
                col(TitleVector.hash).in_(batch), TitleVector.model == self._encoder.model_id
            )
            for key, vector in session.exec(query):
                vectors[written[key]] = np.frombuffer(vector, np.float32)
        return vectors

    def _centred(
        self, vectors: NDArray[np.float32], titles: Sequence["Title"]
    ) -> NDArray[np.float32]:
        means = shipped_means(self._encoder.model_id)
        if not means:
            return centred(vectors, None)
        return centred(vectors, np.stack([means.get(t.language, means[""]) for t in titles]))


class _Compared:
    """Titles with the vectors of their subjects."""

    def __init__(self) -> None:
        self.table = TitleTable()
        # The row of each vector, by subject and language.
        self.rows: dict[tuple[str, str], int] = {}
        self._vectors = np.empty((0, 0), np.float32)
        # The row of each title by its number, -1 for those without a vector.
        self._row_of = array("q")

    def lacking(self, numbers: NDArray[np.int64]) -> list[int]:
        """Those of these titles that have no vector."""
        self._row_of.extend([-1] * (len(self.table.titles) - len(self._row_of)))
        found: list[int] = np.unique(numbers[np.array(self._row_of)[numbers] < 0]).tolist()
        return found

    def add(self, titles: Sequence[Title], vectors: NDArray[np.float32]) -> None:
        """Add the vectors of the subjects of these titles."""
        first = len(self._vectors)
        self._vectors = np.concatenate((self._vectors, vectors)) if first else vectors
        self.rows.update({title.id: first + n for n, title in enumerate(titles)})

    def assign(self, numbers: Collection[int]) -> None:
        """Give titles the vectors that are known of their subjects."""
        for number in numbers:
            self._row_of[number] = self.rows.get(self.table.titles[number].id, -1)

    def cosines(self, question: NDArray[np.float32]) -> NDArray[np.float32]:
        """The nearness of each title, 0 for those without a vector."""
        rows = np.array(self._row_of)
        if not len(self._vectors):
            return np.zeros(len(rows), np.float32)
        return np.where(rows >= 0, (self._vectors @ question)[rows], np.float32(0))


def _key(title: str) -> str:
    return hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()


def _titles(session: Session) -> set[str]:
    """The titles of all people and connections."""
    titles = set(session.exec(select(Person.title).distinct()))
    titles.update(session.exec(select(Connection.position).distinct()))
    return titles - {""}
