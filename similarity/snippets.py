"""Snippets: the stored texts of documents, cut to a few lines with the matching words marked."""

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
    """A span of a snippet; `hit` where it is a word that matched."""

    text: str
    hit: bool


def snippet(passage: str, hits: Container[str], language: str, width: int = 40) -> list[Span]:
    """The `width` consecutive words of a passage with the most hits, which are given as stems."""
    words = passage.split()
    marked = [any(stem in hits for stem in stems(word, language)) for word in words]
    totals = np.concatenate([[0], np.cumsum(marked)])
    starts = range(max(1, len(words) - width + 1))
    start = max(starts, key=lambda at: totals[min(at + width, len(words))] - totals[at])
    end = min(start + width, len(words))
    spans: list[Span] = [Span("… ", False)] if start else []
    for word, hit in zip(words[start:end], marked[start:end], strict=True):
        spans.append(Span(word, hit))
        spans.append(Span(" ", False))
    if end < len(words):
        spans.append(Span("…", False))
    return _merged(spans[:-1] if spans and spans[-1].text == " " else spans)


def surfaces(texts: Iterable[str], terms: Iterable[str], language: str) -> list[str]:
    """The surface forms of stems, in the same order: how the first of these texts that has a
    stem writes it."""
    surface_of = dict.fromkeys(terms, "")
    missing = set(surface_of)
    for word in (word[0] for text in texts for word in re.finditer(r"\w+", text)):
        if not missing:
            break
        for stem in missing.intersection(stems(word, language)):
            surface_of[stem] = word if word[1:] != word[1:].lower() else word.lower()
            missing.remove(stem)
    return list(dict.fromkeys(surface or stem for stem, surface in surface_of.items()))


@dataclass(frozen=True)
class StoredText:
    """The stored text of a document."""

    language: str
    whole: str
    title: str = ""
    passages: tuple[str, ...] = ()
    # Where each passage was written; empty for the document's own text.
    sources: tuple[str, ...] = ()

    def passage(self, number: int) -> str:
        """The passage of this number; without passages, the whole without its title."""
        if 0 <= number < len(self.passages):
            return self.passages[number]
        return self.whole.removeprefix(join([self.title])).strip()

    def source(self, number: int) -> str:
        """Where the passage of this number was written; empty for the document's own text."""
        return self.sources[number] if 0 <= number < len(self.sources) else ""

    def best_passage(self, nearest: int, hits: Container[str]) -> int:
        """The nearest passage, unless only others have a word that matched."""
        having = [
            number
            for number, text in enumerate(self.passages)
            if any(stem in hits for stem in stems(text, self.language))
        ]
        return having[0] if having and nearest not in having else nearest


NO_TEXT = StoredText("en", "")


def texts_of(session: Session, kind: Kind, ids: list[int]) -> dict[int, StoredText]:
    """The stored texts of these subjects' documents, by subject."""
    texts: dict[int, StoredText] = {}
    rows = session.execute(
        sa.select(
            col(Document.subject_id),
            col(Document.language),
            col(Passage.part),
            col(Passage.text),
            col(Passage.source),
        )
        .join(Passage, col(Passage.document_id) == col(Document.id))
        .where(col(Document.kind) == kind, col(Document.subject_id).in_(ids))
        .order_by(col(Document.id), col(Passage.position))
    )
    # The whole is the first piece of every document.
    for subject, language, role, text, source in rows:
        if role == PieceRole.WHOLE:
            texts[subject] = StoredText(language, text)
        elif role == PieceRole.TITLE:
            texts[subject] = replace(texts[subject], title=text)
        else:
            stored = texts[subject]
            texts[subject] = replace(
                stored,
                passages=(*stored.passages, text),
                sources=(*stored.sources, source),
            )
    return texts


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans with neighbours of the same kind joined."""
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].hit == span.hit:
            merged[-1] = Span(merged[-1].text + span.text, span.hit)
        else:
            merged.append(span)
    return merged
