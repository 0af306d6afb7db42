"""Pure: which text stands for a deal, an asset, a person."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from similarity.index.language import language_of, stems

# Raised when documents are prepared differently, so that all are prepared again.
PREPARATION = 1
# A passage's length in words: half of what the model reads at once.
PASSAGE_WORDS = 90
# A text of more passages than this is too long for anybody to have meant all of it.
MAX_PASSAGES = 24


class PieceRole(IntEnum):
    """What a piece of text is to its document."""

    WHOLE = 0
    TITLE = 1
    PASSAGE = 2


@dataclass(frozen=True)
class Document:
    """What is searched in place of a deal, an asset or a person.

    The pieces carry the meaning, one vector each: the whole, its title where there is more
    than that, its passages where there are several. The terms are the stems of everything,
    the title's twice and the names around it included.
    """

    language: str
    pieces: tuple[tuple[PieceRole, str], ...]
    terms: tuple[str, ...]


@dataclass(frozen=True)
class DealText:
    """What is written on a deal and around it."""

    name: str
    use_case: str
    notes: str
    reason: str
    account: str
    account_description: str
    industry: str
    products: list[str]
    competitors: list[str]

    @property
    def prose(self) -> str:
        """What its seller wrote."""
        return join([self.name, self.use_case, self.notes])


@dataclass(frozen=True)
class AssetText:
    """What is written on an asset and around it."""

    name: str
    kind: str
    summary: str
    products: list[str]


@dataclass(frozen=True)
class PersonText:
    """What is written on a person and around them."""

    name: str
    title: str
    department: str
    skills: str
    about: str
    employers: list[str]
    schools: list[str]
    place: str


def deal_document(deal: DealText) -> Document:
    """A deal: what its seller wrote, and every name around it as words."""
    around = [
        deal.reason,
        deal.account,
        deal.industry,
        deal.account_description,
        *deal.products,
        *deal.competitors,
    ]
    return document(deal.name, [deal.use_case, deal.notes], around)


def asset_document(asset: AssetText) -> Document:
    """An asset: its name and summary."""
    return document(asset.name, [asset.summary], [asset.kind, *asset.products])


def person_document(person: PersonText) -> Document:
    """A person: what they do and know; who they are and where they were, as words."""
    around = [person.name, person.department, person.place, *person.employers, *person.schools]
    return document(person.title, [person.skills, person.about], around)


def document(title: str, prose: Sequence[str], around: Sequence[str] = ()) -> Document:
    """A document of a title, prose, and names around it that are words without meaning."""
    return _document(title, tuple(prose), tuple(around))


# Records from a file repeat themselves.
@lru_cache(maxsize=4096)
def _document(title: str, prose: tuple[str, ...], around: tuple[str, ...]) -> Document:
    whole = join([title, *prose])
    language = language_of(whole)
    pieces = [(PieceRole.WHOLE, whole)] if whole else []
    if title.strip() and whole != join([title]):
        pieces.append((PieceRole.TITLE, title.strip()))
    split = passages(join(prose))
    if len(split) > 1:
        pieces += ((PieceRole.PASSAGE, passage) for passage in split[:MAX_PASSAGES])
    terms = stems(join([title, whole, *around]), language)
    return Document(language, tuple(pieces), tuple(terms))


def forget_texts() -> None:
    """Forget the texts that were made into documents: they repeat within one piece of work
    only, and some are confidential."""
    _document.cache_clear()


def join(parts: Iterable[str]) -> str:
    """The parts that are not empty as sentences of one text."""
    kept = (part.strip() for part in parts)
    return " ".join(part if part[-1] in ".!?…:;" else part + "." for part in kept if part)


def passages(text: str) -> list[str]:
    """`text` in pieces of at most PASSAGE_WORDS words, cut between sentences where possible."""
    pieces: list[list[str]] = [[]]
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", text):
        words = sentence.split()
        if len(pieces[-1]) + len(words) > PASSAGE_WORDS:
            pieces.append([])
        pieces[-1] += words[:PASSAGE_WORDS]
        for start in range(PASSAGE_WORDS, len(words), PASSAGE_WORDS):
            pieces.append(words[start : start + PASSAGE_WORDS])
    return [" ".join(piece) for piece in pieces if piece]
