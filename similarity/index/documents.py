"""Pure: the document that stands for a deal, an asset or a person in searches."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from similarity.index.boilerplate import fingerprints, sentences
from similarity.index.language import language_of, stems
from similarity.sentences.denials import affirmed

# Raised when documents are prepared differently, so that all are prepared again.
PREPARATION = 4
# The most words of a passage: half of what the model reads at once.
PASSAGE_WORDS = 90
# The most passages of a document: longer texts are pasted material rather than a description.
MAX_PASSAGES = 24
# The most passages of an asset's file.
MAX_FILE_PASSAGES = 200
# Where the passages of an asset's file were written.
FILE = "file"
# The most entries of a deal that are passages of its document, and the most passages of each.
MAX_ENTRIES, ENTRY_PASSAGES = 30, 3


class PieceRole(IntEnum):
    """The role of a piece of text in its document."""

    WHOLE = 0
    TITLE = 1
    PASSAGE = 2


@dataclass(frozen=True)
class Sentence:
    """A sentence of a document, by which it is noticed that many documents share it."""

    # Empty where it is too short to be compared.
    fingerprints: tuple[int, ...]
    terms: tuple[str, ...]
    # Whether it is part of the whole, and so has a meaning.
    meant: bool = True


@dataclass(frozen=True)
class Document:
    """What is searched in place of a deal, an asset or a person.

    Each piece gets a vector: the whole; the title, unless it is the whole; and the passages, if
    there are several. The terms are the stems of the whole and of the related names and texts;
    those of the title occur twice.
    """

    language: str
    pieces: tuple[tuple[PieceRole, str], ...]
    # What the model reads of each piece: of a deal's text not what it denies.
    readings: tuple[str, ...]
    # The terms of the title and of the related names.
    names: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    # Where the last of the pieces were written, one after the other; empty where all are own texts.
    sources: tuple[str, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms."""
        return (*self.names, *(term for each in self.sentences for term in each.terms))

    def packed(self) -> str:
        """The terms as they are stored, separated by spaces: a line of names, and for each
        sentence a line that begins with its fingerprints, after a minus if it is not meant."""
        lines = [" ".join(self.names)]
        for each in self.sentences:
            head = ("" if each.meant else "-") + ",".join(map(str, each.fingerprints))
            lines.append(" ".join([head, *each.terms]))
        return "\n".join(lines)


def unpacked(stored: str) -> tuple[list[str], list[Sentence]]:
    """The terms of the names, and the sentences, of a document as it is stored."""
    names, *lines = stored.split("\n")
    found = []
    for line in lines:
        head, *terms = line.split(" ")
        prints = tuple(map(int, filter(None, head.removeprefix("-").split(","))))
        found.append(Sentence(prints, tuple(terms), not head.startswith("-")))
    return names.split(), found


@dataclass(frozen=True)
class Written:
    """What was written on a deal besides its description, such as 'note:12' or 'next'."""

    source: str
    text: str


@dataclass(frozen=True)
class DealText:
    """The texts of a deal, and the names that are related to it."""

    name: str
    use_case: str
    notes: str
    reason: str
    account: str
    account_description: str
    industry: str
    products: list[str]
    competitors: list[str]
    # The newest entries first.
    entries: tuple[Written, ...] = ()

    @property
    def prose(self) -> str:
        """The texts that the seller wrote."""
        return join([self.name, self.use_case, self.notes])


@dataclass(frozen=True)
class AssetText:
    """The texts of an asset, and the names that are related to it."""

    name: str
    kind: str
    summary: str
    products: list[str]
    # What its file says.
    text: str = ""


@dataclass(frozen=True)
class PersonText:
    """The texts of a person, and the names that are related to them."""

    name: str
    title: str
    department: str
    skills: str
    about: str
    employers: list[str]
    schools: list[str]
    place: str


def deal_document(deal: DealText) -> Document:
    """The document of a deal: the seller's texts, and the related names as words."""
    related = [
        deal.account,
        deal.industry,
        deal.account_description,
        *deal.products,
        *deal.competitors,
    ]
    prose = (deal.use_case, deal.notes)
    entries = [
        Written(entry.source, passage)
        for entry in (Written("reason", deal.reason), *deal.entries[:MAX_ENTRIES])
        for passage in passages(entry.text)[:ENTRY_PASSAGES]
    ]
    # A deal is not about what its text says not to be wanted.
    remarks = tuple(entry.text for entry in entries)
    own = _document(deal.name, prose, tuple(related), remarks, affirm=True)
    return _with_entries(own, join(prose), entries, affirm=True)


def _with_entries(
    own: Document, prose: str, entries: Sequence[Written], *, affirm: bool
) -> Document:
    """A document with more passages than those of its own prose."""
    if not entries:
        return own
    split = passages(prose)
    # Its own text is as much a passage as each entry.
    single = split[:1] if all(role != PieceRole.PASSAGE for role, _ in own.pieces) else []
    added = [*single, *(entry.text for entry in entries)]
    whole = own.readings[0] if own.readings else ""
    return replace(
        own,
        pieces=(*own.pieces, *((PieceRole.PASSAGE, text) for text in added)),
        readings=(*own.readings, *(_reading(text, whole, affirm=affirm) for text in added)),
        sources=tuple(entry.source for entry in entries),
    )


def asset_document(asset: AssetText) -> Document:
    """The document of an asset: its name and summary, its products as words, and its file."""
    said = passages(asset.text)[:MAX_FILE_PASSAGES]
    own = document(asset.name, [asset.summary], [asset.kind, *asset.products], said)
    return _with_entries(
        own, asset.summary, [Written(FILE, passage) for passage in said], affirm=False
    )


def person_document(person: PersonText) -> Document:
    """The document of a person: title and skills, and their name and career as words."""
    related = [person.name, person.department, person.place, *person.employers, *person.schools]
    return document(person.title, [person.skills, person.about], related)


def document(
    title: str, prose: Sequence[str], related: Sequence[str] = (), remarks: Sequence[str] = ()
) -> Document:
    """A document of a title and prose. Related names, and prose that remarks on it, are only
    words: they are not encoded."""
    return _document(title, tuple(prose), tuple(related), tuple(remarks), affirm=False)


# Imported records often repeat texts.
@lru_cache(maxsize=4096)
def _document(
    title: str,
    prose: tuple[str, ...],
    related: tuple[str, ...],
    remarks: tuple[str, ...],
    *,
    affirm: bool,
) -> Document:
    whole = join([title, *prose])
    language = language_of(whole)
    pieces = [(PieceRole.WHOLE, whole)] if whole else []
    if title.strip() and whole != join([title]):
        pieces.append((PieceRole.TITLE, title.strip()))
    # A title denies nothing: 'No-code portal' is a name.
    affirmed_whole = join([title, affirmed(join(prose))]) if affirm else whole
    readings = [affirmed_whole or whole, title.strip()][: len(pieces)]
    split = passages(join(prose))
    if len(split) > 1:
        kept = split[:MAX_PASSAGES]
        pieces += ((PieceRole.PASSAGE, passage) for passage in kept)
        readings += [_reading(passage, readings[0], affirm=affirm) for passage in kept]
    # A title is the name of its subject, however many have the same one.
    names = stems(join([title, title, *related]), language)
    said = [
        Sentence(prints, tuple(stems(affirmed(part) if affirm else part, language)), meant)
        for text, meant in ((join(prose), True), (join(remarks), False))
        for part, prints in _with_fingerprints(sentences(text))
    ]
    telling = tuple(each for each in said if each.fingerprints or each.terms)
    return Document(language, tuple(pieces), tuple(readings), tuple(names), telling)


def _reading(passage: str, whole: str, *, affirm: bool) -> str:
    """What the model reads of a passage: of one that only denies, what it reads of the whole."""
    return affirmed(passage) or whole or passage if affirm else passage


def _with_fingerprints(parts: list[str]) -> Iterable[tuple[str, tuple[int, ...]]]:
    return zip(parts, fingerprints(parts), strict=True)


def forget_texts() -> None:
    """Clear the cache of documents: texts repeat within one transaction, and some of them are
    confidential."""
    _document.cache_clear()


def join(parts: Iterable[str]) -> str:
    """The non-empty parts, each as a sentence, in one text."""
    kept = (part.strip() for part in parts)
    return " ".join(part if part[-1] in ".!?…:;" else part + "." for part in kept if part)


def passages(text: str) -> list[str]:
    """`text` in passages of at most PASSAGE_WORDS words, cut between sentences if possible."""
    pieces: list[list[str]] = [[]]
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", text):
        words = sentence.split()
        if len(pieces[-1]) + len(words) > PASSAGE_WORDS:
            pieces.append([])
        pieces[-1] += words[:PASSAGE_WORDS]
        for start in range(PASSAGE_WORDS, len(words), PASSAGE_WORDS):
            pieces.append(words[start : start + PASSAGE_WORDS])
    return [" ".join(piece) for piece in pieces if piece]
