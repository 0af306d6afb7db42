"""The facets that a question names, as chips that can be taken off."""

from dataclasses import dataclass

from sqlmodel import Session

from similarity.sentences.facets import NamedFacet, facets_in, known_names
from web.forms import Form
from web.rendering import query
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class FacetChip:
    """A facet that a question names, and the address of the question with it switched."""

    facet: NamedFacet
    counts: bool
    address: str


@dataclass(frozen=True)
class NamedFacets:
    """The facets that a question names, and those that the reader has taken off."""

    chips: list[FacetChip]
    off: frozenset[str]


def named_facets(
    session: Session, viewer: Viewer, path: str, text: str, asked: Form
) -> NamedFacets:
    """The facets that a question names; the page is at `path`, with the question as `q`."""
    named = facets_in(text, known_names(session, viewer)) if text else []
    known = {facet.id for facet in named}
    off = [name for name in dict.fromkeys(asked.sent.get("off", [])) if name in known]
    chips = [
        FacetChip(facet, facet.id not in off, _address(path, text, off, facet.id))
        for facet in named
    ]
    return NamedFacets(chips, frozenset(off))


def _address(path: str, text: str, off: list[str], switched: str) -> str:
    left = [name for name in off if name != switched]
    if switched not in off:
        left.append(switched)
    return f"{path}?" + "&".join([query({"q": text}), *(query({"off": name}) for name in left)])
