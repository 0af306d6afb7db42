"""Finding things over the API: search, and similar deals, experts and playbooks of a sentence."""

from dataclasses import dataclass
from typing import Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response

from similarity.experts import experts_of_text
from similarity.kin import Kin
from similarity.playbook import Playbook, playbook_of_text
from similarity.search import Hit, SearchResults, search, typeahead
from web.api.calls import Call
from web.api.deal_room import Experts
from web.api.fields import Query, Text
from web.api.operations import for_programs, read
from web.pages.similar import similar_page
from web.policies import Policy
from workspace.errors import Invalid

LIMIT = 20


@dataclass(frozen=True)
class Similar:
    """Deals like a sentence, with the terms of their scores."""

    similar: list[Kin]
    running: list[Kin]


@dataclass(frozen=True)
class Hits:
    """Records that a few letters may name."""

    hits: list[Hit]


class Question(Query, kw_only=True):
    """A question in words."""

    q: Text


class SearchQuery(Question, kw_only=True):
    """What is searched for. `all` includes assets that are expired or withdrawn."""

    all: Literal["", "on"] = ""


class FindingController(Controller):
    """/api/v1, where something is looked for."""

    path = "/api/v1"
    opt = for_programs("Suggestions", reads=Policy.MEMBERS, searches=True)

    @read("/search", summary="Search everything", answers=SearchResults, query=SearchQuery)
    def search(self, call: NamedDependency[Call]) -> Response[bytes]:
        unusable = call.form.text("all", 2) == "on"
        text = _question(call)
        with call.read() as session:
            results = search(
                session,
                call.viewer,
                call.workspace.catalog,
                text,
                limit=LIMIT,
                unusable_assets=unusable,
            )
            return call.answer(results)

    @read("/names", summary="Find records by their names", answers=Hits, query=Question)
    def names(self, call: NamedDependency[Call]) -> Response[bytes]:
        text = _question(call)
        with call.read() as session:
            return call.answer(Hits(typeahead(session, call.viewer, text, limit=LIMIT)))

    @read("/similar", summary="Find deals like a sentence", answers=Similar, query=Question)
    def similar(self, call: NamedDependency[Call]) -> Response[bytes]:
        _question(call)
        with call.read() as session:
            page = similar_page(session, call.viewer, call.workspace.catalog, call.form)
            return call.answer(Similar(page.kin, page.running))

    @read("/experts", summary="Find experts on a topic", answers=Experts, query=Question)
    def experts(self, call: NamedDependency[Call]) -> Response[bytes]:
        topic = _question(call)
        with call.read() as session:
            found = experts_of_text(session, call.viewer, call.workspace.catalog, topic)
            return call.answer(Experts(found))

    @read("/playbook", summary="Get the playbook of a sentence", answers=Playbook, query=Question)
    def playbook(self, call: NamedDependency[Call]) -> Response[bytes]:
        text = _question(call)
        with call.read() as session:
            found = playbook_of_text(session, call.viewer, call.workspace.catalog, text)
            return call.answer(found)


def _question(call: Call) -> str:
    """The text that is asked about."""
    text = call.form.text("q", 2_000, required=True)
    call.form.check()
    if not any(letter.isalnum() for letter in text):
        raise Invalid("Some fields could not be saved.", {"q": "Enter a word at least."})
    return text
