"""Pure: which text stands for a deal, an asset, a person."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from similarity.language import language_of, stems

# Words that the model reads of a passage; beyond its limit of 256 pieces it sees nothing.
PASSAGE_WORDS = 120


@dataclass(frozen=True)
class Document:
    """What is searched in place of a deal, an asset or a person.

    `passages` carry the meaning, one vector each. `terms` are the stems of everything, the
    names around it included, in the language of its prose.
    """

    language: str
    passages: list[str]
    terms: list[str]


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
    """A deal: its prose, passage by passage, and every name around it as words."""
    around = [
        deal.reason,
        deal.account,
        deal.industry,
        deal.account_description,
        *deal.products,
        *deal.competitors,
    ]
    return _document([deal.name, deal.use_case, deal.notes], around)


def asset_document(asset: AssetText) -> Document:
    """An asset: its name and summary."""
    return _document([asset.name, asset.summary], [asset.kind, *asset.products])


def person_document(person: PersonText) -> Document:
    """A person: what they do and know; who they are and where they were, as words."""
    around = [person.name, person.department, person.place, *person.employers, *person.schools]
    return _document([person.title, person.skills, person.about], around)


def text_document(text: str) -> Document:
    """Free text, such as a question or a document of a collection."""
    return _document([text], [])


def join(parts: Iterable[str]) -> str:
    """The parts that are not empty as sentences of one text."""
    kept = (part.strip() for part in parts)
    return " ".join(part if part[-1] in ".!?…:;" else part + "." for part in kept if part)


def passages(text: str) -> list[str]:
    """`text` in pieces of at most PASSAGE_WORDS words, cut between sentences where possible."""
    pieces: list[list[str]] = [[]]
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", text):
        words = sentence.split()
        while words:
            room = PASSAGE_WORDS - len(pieces[-1])
            if len(words) > room and pieces[-1]:
                pieces.append([])
                continue
            pieces[-1] += words[:room]
            words = words[room:]
    return [" ".join(piece) for piece in pieces if piece]


def _document(prose: list[str], around: list[str]) -> Document:
    written = join(prose)
    language = language_of(written)
    return Document(
        language=language,
        passages=passages(written),
        terms=stems(join([written, *around]), language),
    )
