"""What was written on deals besides their descriptions, found by the words of a text."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from sqlmodel import Session

from similarity.index.catalog import Catalog
from similarity.index.language import STEMMERS, stems, stems_asked_for
from similarity.index.sources import Kind
from similarity.retrieval import TextQuery, ask, match
from similarity.scoring import Weights
from similarity.snippets import Span, StoredText, snippet, texts_of
from workspace.keys import plain
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Entry:
    """What was written on a deal, where, and how many words of a text it has."""

    deal_id: int
    source: str
    snippet: list[Span]
    common: int


def entries_with(session: Session, text: str, deal_ids: list[int]) -> list[Entry]:
    """What was written on these deals that has words and all phrases of a text, in the order of
    the deals."""
    stored = texts_of(session, Kind.DEAL, deal_ids)
    return [
        entry
        for deal_id in deal_ids
        if (written := stored.get(deal_id))
        for passage, source in zip(written.passages, written.sources, strict=True)
        if source and (entry := _entry(deal_id, source, passage, written.language, text))
    ]


def feedback_with(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, limit: int
) -> list[Entry]:
    """The feedback on deals that the viewer may read and that has words and all phrases of a
    text, the best first."""
    readable = catalog.readable_feedback(session, viewer)
    if not readable:
        return []
    allowed = np.array(sorted(readable), np.int64)
    with catalog.searching(session, Kind.FEEDBACK) as collection:
        asked = ask(collection, text, None, Weights(), catalog.encoder.languages)
        asked = in_languages(asked, text, STEMMERS)
        matches = match(collection, asked, allowed=allowed, pool=limit)
    stored = texts_of(session, Kind.FEEDBACK, matches.ids)
    entries = []
    for words, row_id in sorted(zip(matches.words, matches.ids, strict=True), reverse=True):
        feedback, written = readable[row_id], stored.get(row_id)
        if words and written:
            said = written.passage(_fullest(written, text))
            entry = _entry(feedback.deal_id, feedback.source, said, written.language, text)
            entries += [entry] if entry else []
    return entries


def in_languages(asked: TextQuery, text: str, languages: Iterable[str]) -> TextQuery:
    """The question with its words stemmed in each of these languages too.

    A name in a text is stemmed in the language of that text, which need not be the question's.
    """
    stemmed = {
        stem: 1.0
        for language in languages
        if language != asked.language
        for stem in stems_asked_for(text, language)
    }
    return replace(asked, query=replace(asked.query, terms={**stemmed, **asked.query.terms}))


def phrases_in(text: str) -> list[str]:
    """The phrases in quotation marks, as they are compared."""
    quoted = re.findall(r'["“”„«]([^"“”„«»]+)["“”»]', text)
    return [phrase for phrase in map(plain, quoted) if phrase]


def has_phrases(text: str, phrases: Collection[str]) -> bool:
    """Whether a text has all of these phrases, word by word, each within a sentence."""
    if not phrases:
        return True
    sentences = [f" {plain(sentence)} " for sentence in re.split(r"[.!?…;:]\s|\n", text)]
    return all(any(f" {phrase} " in sentence for sentence in sentences) for phrase in phrases)


def _entry(deal_id: int, source: str, passage: str, language: str, text: str) -> Entry | None:
    """The entry of a passage; None where it has no word, or not all phrases, of a text."""
    common = set(stems_asked_for(text, language)) & set(stems(passage, language))
    if not common or not has_phrases(passage, phrases_in(text)):
        return None
    return Entry(deal_id, source, snippet(passage, common, language), len(common))


def _fullest(written: StoredText, text: str) -> int:
    """The passage with most words of a text; -1 where the text is not divided."""
    asked = set(stems_asked_for(text, written.language))
    common = [len(asked & set(stems(each, written.language))) for each in written.passages]
    return common.index(max(common)) if common else -1
