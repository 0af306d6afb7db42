"""What a question or a sentence names, as chips that can be taken off."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session

from similarity.sentences.facets import facets_in, known_names
from web.forms import Form
from web.rendering import query
from workspace.people.viewer import Viewer


class Named(Protocol):
    """A facet, or another fact that a sentence names."""

    @property
    def id(self) -> str:
        """How an address refers to it."""

    @property
    def kind(self) -> str:
        """What kind of fact it is."""

    @property
    def label(self) -> str:
        """What it is, in words."""


@dataclass(frozen=True)
class FacetChip:
    """A facet that a question names, and the address of the question with it switched."""

    facet: Named
    counts: bool
    address: str


@dataclass(frozen=True)
class NamedFacets:
    """The facets that a question names, and those that the reader has taken off."""

    chips: list[FacetChip]
    off: list[str]


def named_facets(
    session: Session, viewer: Viewer, path: str, text: str, asked: Form
) -> NamedFacets:
    """The facets that a question names; the page is at `path`, with the question as `q`."""
    named = facets_in(text, known_names(session, viewer)) if text else []
    return chips_of(named, f"{path}?{query({'q': text})}", asked)


def chips_of(named: Iterable[Named], address: str, asked: Form) -> NamedFacets:
    """The chips of named facets on a page whose address has a query, but nothing taken off."""
    known = {facet.id: facet for facet in named}
    # What the page does not name is ignored: the question may have changed since.
    off = [name for name in asked.choices("off", asked.sent.get("off", [])) if name in known]
    chips = []
    for facet in known.values():
        left = [name for name in off if name != facet.id]
        if facet.id not in off:
            left.append(facet.id)
        parts = [query({"off": name}) for name in left]
        between = "&" if parts and not address.endswith("?") else ""
        chips.append(FacetChip(facet, facet.id not in off, address + between + "&".join(parts)))
    return NamedFacets(chips, off)
