"""The passages of a deal that answer a question, cut to a few lines with the words marked."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.index.documents import PieceRole, join
from similarity.index.language import stems
from similarity.index.sources import Kind
from similarity.index.tables import Document, Passage


@dataclass(frozen=True)
class Span:
    """A stretch of a snippet; `hit` where it is one of the words that matched."""

    text: str
    hit: bool


def snippet(passage: str, hits: Container[str], language: str, width: int = 40) -> list[Span]:
    """At most `width` words of a passage, where most of the hits (stems) are, with hits marked."""
    words = passage.split()
    marked = [any(stem in hits for stem in stems(word, language)) for word in words]
    totals = np.concatenate([[0], np.cumsum(marked)])
    starts = range(max(1, len(words) - width + 1))
    start = max(starts, key=lambda at: totals[min(at + width, len(words))] - totals[at])
    end = min(start + width, len(words))
    pieces: list[Span] = [Span("… ", False)] if start else []
    for word, hit in zip(words[start:end], marked[start:end], strict=True):
        pieces.append(Span(word, hit))
        pieces.append(Span(" ", False))
    if end < len(words):
        pieces.append(Span("…", False))
    return _merged(pieces[:-1] if pieces and pieces[-1].text == " " else pieces)


def surfaces(texts: Iterable[str], wanted: Iterable[str], language: str) -> list[str]:
    """How the wanted stems are written in the first of these texts that has them, in the order
    wanted."""
    written = dict.fromkeys(wanted, "")
    missing = set(written)
    for word in (found[0] for text in texts for found in re.finditer(r"\w+", text)):
        if not missing:
            break
        for stem in missing.intersection(stems(word, language)):
            written[stem] = word if word[1:] != word[1:].lower() else word.lower()
            missing.remove(stem)
    return list(dict.fromkeys(surface or stem for stem, surface in written.items()))


@dataclass(frozen=True)
class Written:
    """The stored text of a document."""

    language: str
    whole: str
    title: str = ""
    passages: tuple[str, ...] = ()

    def passage(self, number: int) -> str:
        """A passage by its number; where it has none, the whole without its title."""
        if 0 <= number < len(self.passages):
            return self.passages[number]
        return self.whole.removeprefix(join([self.title])).strip()


NOTHING_WRITTEN = Written("en", "")


def texts_of(session: Session, kind: Kind, ids: list[int]) -> dict[int, Written]:
    """The stored texts of these subjects' documents."""
    found: dict[int, Written] = {}
    rows = session.execute(
        sa.select(
            col(Document.subject_id), col(Document.language), col(Passage.part), col(Passage.text)
        )
        .join(Passage, col(Passage.document_id) == col(Document.id))
        .where(col(Document.kind) == kind, col(Document.subject_id).in_(ids))
        .order_by(col(Document.id), col(Passage.position))
    )
    for subject, language, part, text in rows:
        if part == PieceRole.WHOLE:
            found[subject] = Written(language, text)
        elif part == PieceRole.TITLE:
            found[subject] = replace(found[subject], title=text)
        else:
            known = found[subject]
            found[subject] = replace(known, passages=(*known.passages, text))
    return found


def _merged(pieces: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for piece in pieces:
        if found and found[-1].hit == piece.hit:
            found[-1] = Span(found[-1].text + piece.text, piece.hit)
        else:
            found.append(piece)
    return found
