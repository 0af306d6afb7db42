"""Snippets: the stored texts of documents, cut to a few lines with the matching words marked."""

import re
from collections import Counter
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.index.catalog import Catalog
from similarity.index.documents import PieceRole, join
from similarity.index.language import CAPITAL, stems
from similarity.index.sources import Kind
from similarity.index.tables import Document, Passage

# A word with a capital after another word or a comma, with a capital or digit after its first
# letter, or of digits and letters.
_NAME = re.compile(
    rf"(?<=[^\W\d_][ ,(])[{CAPITAL}]\w*|(?<=, )[{CAPITAL}]\w*"
    rf"|\b[^\W\d_]\w*?(?:[{CAPITAL}]|\d)\w*"
)


@dataclass(frozen=True)
class Span:
    """A span of a snippet; `hit` where it is a word that matched."""

    text: str
    hit: bool


def snippet(passage: str, hits: Container[str], language: str, width: int = 40) -> list[Span]:
    """The `width` consecutive words of a passage with the most hits, which are given as stems."""
    words = passage.split()
    marked = [any(stem in hits for stem in _stems_of(word, language)) for word in words]
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
    stem writes it. A capital stays where two of them have it within a sentence, as names do."""
    texts = list(texts)
    counts = Counter(stem for text in texts for stem in written_as_names([text], language))
    surface_of = dict.fromkeys(terms, "")
    missing = set(surface_of)
    for word in (word[0] for text in texts for word in re.finditer(r"\w+", text)):
        if not missing:
            break
        for stem in missing.intersection(_stems_of(word, language)):
            kept = word[1:] != word[1:].lower() or counts[stem] > 1
            surface_of[stem] = word if kept else word.lower()
            missing.remove(stem)
    return list(dict.fromkeys(surface or stem for stem, surface in surface_of.items()))


def written_as_names(texts: Iterable[str], language: str) -> set[str]:
    """The stems of the words that these texts write with a capital within a sentence, or with
    several, or with a digit: names, abbreviations, and the nouns of German."""
    names: set[str] = set()
    for text in texts:
        for found in _NAME.finditer(text):
            names.update(_stems_of(found[0], language))
    return names


# The texts of a page share most of their words.
@lru_cache(maxsize=50_000)
def _stems_of(word: str, language: str) -> tuple[str, ...]:
    return tuple(stems(word, language))


@dataclass(frozen=True)
class StoredText:
    """The stored text of a document."""

    language: str
    whole: str
    title: str = ""
    passages: tuple[str, ...] = ()
    # Where each passage was written; empty for the document's own text.
    sources: tuple[str, ...] = ()

    @property
    def prose(self) -> str:
        """The whole without its title."""
        return self.whole.removeprefix(join([self.title])).strip()

    def passage(self, number: int) -> str:
        """The passage of this number; without passages, or if nothing is left of it, the prose."""
        passage = self.passages[number] if 0 <= number < len(self.passages) else ""
        return passage or self.prose

    def without(self, sentences: Collection[str]) -> "StoredText":
        """The text without these sentences of its prose."""
        if not sentences:
            return self
        # Passages have a single space wherever the text has spaces or a new line.
        said = "|".join(re.escape(" ".join(each.split())) for each in sentences)
        pattern = re.compile(rf"(?<!\S)(?:{said})(?!\S)")

        def cut(text: str) -> str:
            return " ".join(pattern.sub("", " ".join(text.split())).split())

        title = join([self.title])
        whole = f"{title} {cut(self.prose)}".strip() if self.title else cut(self.whole)
        return replace(self, whole=whole, passages=tuple(map(cut, self.passages)))

    def source(self, number: int) -> str:
        """Where the passage of this number was written; empty for the document's own text."""
        return self.sources[number] if 0 <= number < len(self.sources) else ""

    def best_passage(self, nearest: int, hits: Container[str]) -> int:
        """The nearest passage, unless only others have a word that matched."""
        having = [number for number in range(len(self.passages)) if self.has_hit(number, hits)]
        return having[0] if having and nearest not in having else nearest

    def has_hit(self, number: int, hits: Container[str]) -> bool:
        """Whether the passage of this number has a word that matched."""
        return any(stem in hits for stem in stems(self.passages[number], self.language))


NO_TEXT = StoredText("en", "")


_TEXTS = (
    sa.select(
        col(Document.subject_id),
        col(Document.language),
        col(Passage.part),
        col(Passage.text),
        col(Passage.source),
    )
    .join(Passage, col(Passage.document_id) == col(Document.id))
    .where(
        col(Document.kind) == sa.bindparam("kind"),
        col(Document.subject_id).in_(sa.bindparam("subjects", expanding=True)),
    )
    .order_by(col(Document.id), col(Passage.position))
)


def texts_of(session: Session, kind: Kind, ids: list[int]) -> dict[int, StoredText]:
    """The stored texts of these subjects' documents, by subject."""
    texts: dict[int, StoredText] = {}
    rows = session.execute(_TEXTS, {"kind": kind, "subjects": ids})
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


def contents_of(
    session: Session, catalog: Catalog, kind: Kind, ids: list[int]
) -> dict[int, StoredText]:
    """The stored texts of these subjects' documents without boilerplate, by subject."""
    texts = texts_of(session, kind, ids)
    with catalog.searching(session, kind) as documents:
        return {
            subject: text.without(documents.boilerplate_of(text.prose))
            for subject, text in texts.items()
        }


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans with neighbours of the same kind joined."""
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].hit == span.hit:
            merged[-1] = Span(merged[-1].text + span.text, span.hit)
        else:
            merged.append(span)
    return merged
