"""Titles: how far people's titles are alike, in words and in meaning.

A title has a subject and a level: 'Head of data' is about data. Many titles have the same subject,
so that each subject has one vector. It is stored under a hash: the table tells neither titles nor
who has one.
"""

import hashlib
import re
import threading
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Field, Session, SQLModel, col, select

from references.matching import SENIORITY_LEVELS, seniority_level
from references.network.address_books import Connection
from similarity.calibration import shipped_means, title_scale
from similarity.encoders.embeddings import Encoder, ModelUnavailable
from similarity.index.centring import centred
from similarity.index.language import stems
from workspace.database import FOLLOWS, Database, batches, insert_rows
from workspace.people.tables import Person

# From this likeness on, a title is what was asked for.
FITS = 0.3
# The least share of the words of a question that a title has where words alone decide.
LEAST_SHARE = 0.67
# The most likeness of a title that has more words than were asked for.
MORE_WORDS = 0.95
# What a level of seniority between two titles takes of their likeness.
_PER_LEVEL = 0.1
ENCODED_AT_ONCE = 256
_ABBREVIATIONS = {
    "bi": "business intelligence", "cao": "chief accounting officer", "cco": "chief commercial"
    " officer", "cdo": "chief data officer", "ceo": "chief executive officer",
    "cfo": "chief financial officer", "chro": "chief human resources officer",
    "cio": "chief information officer", "ciso": "chief information security officer",
    "cmo": "chief marketing officer", "coo": "chief operating officer",
    "cpo": "chief procurement officer", "cro": "chief risk officer",
    "cto": "chief technology officer", "dwh": "data warehouse", "edw": "data warehouse",
    "hr": "human resources", "it": "information technology", "md": "managing director",
    "svp": "vice president", "evp": "vice president", "vp": "vice president",
}  # fmt: skip
# Words of levels, which `seniority_level` compares, and words that connect others.
_POLISH_LEVELS = (
    r"dyrektor\w*|kierowni\w*|szef\w*|prezes\w*|menedżer\w*|naczeln\w*|główn\w*|zastępc\w*|ds|spraw"
)
_LEVELS = re.compile(
    r"\b(?:chief|officer|vice|president|director|managing|head|leader|lead|manager|leiter\w*"
    rf"|senior|junior|deputy|group|{_POLISH_LEVELS}"
    r"|директор\w*|руководител\w*|начальник\w*|главн\w*|менеджер\w*|по"
    r"|of|for|and|the|in|do|w|we|z|и|в)\b"
)
_POLISH = re.compile(rf"[ąćęłńśźż]|\b(?:{_POLISH_LEVELS})\b")
_CYRILLIC = re.compile("[а-яё]")


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
        # By subject and language.
        self._rows: dict[tuple[str, str], int] = {}
        self._vectors = np.empty((0, 0), np.float32)
        self._lock = threading.Lock()

    def prepare(self) -> int:
        """Encode the subjects that have no vector, and forget those that nobody has; how many are
        new."""
        model = self._encoder.model_id
        with self._database.read() as session:
            subjects = {_read(title).subject for title in _titles(session)}
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
    ) -> list[float]:
        """How far each title is what was asked for, from 0 to 1: in words or in meaning.

        The vectors of `shared` titles, which every member may read, stay in memory.
        """
        wanted, read = _read(asked), [_read(title) for title in titles]
        subjects = [_in_words(wanted, title) for title in read]
        scale = title_scale(self._encoder.model_id)
        if scale is not None and read:
            try:
                vector = self._encoder.encode([wanted.subject])
            except ModelUnavailable:
                scale = None
        if scale is not None and read:
            question = self._centred(vector, [wanted])[0]
            cosines = (self._shared_cosines if shared else self._cosines)(session, question, read)
            none, full = scale
            subjects = list(np.maximum(subjects, np.clip((cosines - none) / (full - none), 0, 1)))
        return [
            float(value) * _same_level(wanted, title)
            for value, title in zip(subjects, read, strict=True)
        ]

    def _shared_cosines(
        self, session: Session, question: NDArray[np.float32], titles: Sequence["Title"]
    ) -> NDArray[np.float32]:
        with self._lock:
            new = {title.id: title for title in titles if title.id not in self._rows}
            if new:
                stored = self._stored(session, [title.subject for title in new.values()])
                known = [title for title in new.values() if title.subject in stored]
                if known:
                    vectors = np.stack([stored[title.subject] for title in known])
                    more = self._centred(vectors, known)
                    first = len(self._vectors)
                    self._vectors = np.concatenate((self._vectors, more)) if first else more
                    self._rows.update({title.id: first + n for n, title in enumerate(known)})
            rows = np.fromiter((self._rows.get(title.id, -1) for title in titles), int, len(titles))
            cosines = self._vectors @ question if len(self._vectors) else np.zeros(1, np.float32)
        return np.where(rows >= 0, cosines[rows], np.float32(0))

    def _cosines(
        self, session: Session, question: NDArray[np.float32], titles: Sequence["Title"]
    ) -> NDArray[np.float32]:
        stored = self._stored(session, [title.subject for title in titles])
        cosines = np.zeros(len(titles), np.float32)
        known = [n for n, title in enumerate(titles) if title.subject in stored]
        if known:
            vectors = np.stack([stored[titles[n].subject] for n in known])
            cosines[known] = self._centred(vectors, [titles[n] for n in known]) @ question
        return cosines

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


class Title:
    """A title as it is compared: its subject, what each of its words is known by, and its level."""

    __slots__ = ("all_stems", "language", "level", "subject", "words")

    def __init__(self, title: str) -> None:
        lower = title.casefold()
        words = [_ABBREVIATIONS.get(word, word) for word in re.findall(r"\w+", lower)]
        written = " ".join(words)
        # A managing director is about nothing but the level.
        subject = _LEVELS.sub(" ", written).split() or words
        self.subject = " ".join(subject)
        self.language = "ru" if _CYRILLIC.search(lower) else "pl" if _POLISH.search(lower) else "en"
        self.words = [frozenset((*stems(word, "en"), _beginning(word))) for word in subject]
        self.all_stems = frozenset(stem for word in self.words for stem in word)
        level = seniority_level(written)
        self.level = level if level is not None and level < SENIORITY_LEVELS else None

    @property
    def id(self) -> tuple[str, str]:
        """What titles of the same meaning have in common, apart from the level."""
        return self.subject, self.language


def _in_words(wanted: Title, title: Title) -> float:
    """The share of the words that were asked for which a title has; 0 where it is small."""
    if not wanted.words:
        return 0.0
    share = sum(not title.all_stems.isdisjoint(word) for word in wanted.words) / len(wanted.words)
    if len(title.words) > len(wanted.words):
        # Data governance is data, but not the same.
        share = min(share, MORE_WORDS)
    return share if share >= LEAST_SHARE else 0.0


def _same_level(wanted: Title, title: Title) -> float:
    """What is left of a likeness by the difference in seniority, where both levels are known."""
    if wanted.level is None or title.level is None:
        return 1.0
    return 1.0 - _PER_LEVEL * abs(wanted.level - title.level)


def _beginning(word: str) -> str:
    """The letters that the forms of a word have in common, in any language: 'finance' is in
    'financial', 'ryzyka' in 'ryzyko'."""
    return word[:6] if len(word) > 6 else word[:5]


@lru_cache(maxsize=131_072)
def _read(title: str) -> Title:
    return Title(title)


def _key(title: str) -> str:
    return hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()


def _titles(session: Session) -> set[str]:
    """The titles of all people and connections."""
    titles = set(session.exec(select(Person.title).distinct()))
    titles.update(session.exec(select(Connection.position).distinct()))
    return titles - {""}
