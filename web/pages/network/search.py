"""Network search: people in a position, and how we know them."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.prospecting import blind
from references.prospecting.blind import MatchedSearch, OwnSearch
from references.prospecting.search import Prospects, search_network
from web.forms import Form
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.people.viewer import Viewer, require_writer

EXAMPLES = (
    "Head of data at a bank in Poland",
    "Supply chain director, food manufacturer",
    "CIO at a hospital in Germany",
)


@dataclass(frozen=True)
class NetworkPage:
    """A question, what was understood of it, and who fits; without a question, the form alone."""

    text: str
    found: Prospects | None
    # What the viewer asked colleagues for, and what colleagues ask of the viewer.
    mine: list[OwnSearch]
    of_me: list[MatchedSearch]
    may_write: bool
    wrong: dict[str, str]
    examples: tuple[str, ...] = EXAMPLES


class NetworkController(Controller):
    """/network."""

    path = "/network"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS, searches=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        text = visit.form.text("q", 500)
        visit.form.check()
        page = visit.page(network_page, visit.workspace, text, visit.form)
        return visit.show("network/search/show.html", page)

    @post("/searches")
    def ask(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        text = visit.form.text("q", 500, required=True)
        why = visit.form.lines("why", 2_000)
        with visit.saving() as session:
            visit.form.done()
            blind.ask_books(session, visit.viewer, text, why)
        if visit.form.refusal:
            page = visit.page(network_page, visit.workspace, text, visit.form)
            return visit.show("network/search/show.html", page)
        notice = "Your colleagues are asked once a day. You hear only of a yes."
        return visit.go(f"/network?{query({'q': text})}", notice)

    @post("/searches/{key:str}/withdraw")
    def withdraw(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            blind.withdraw(session, visit.viewer, key)
        return visit.go("/network", "The search is withdrawn.")

    @post("/matches/{key:str}/offer")
    def offer(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        note = visit.form.lines("note", 2_000)
        visit.form.done()
        with visit.write() as session:
            asker = blind.offer(session, visit.viewer, key, note)
        return visit.go("/network", f"{asker} is told of your connection.")

    @post("/matches/{key:str}/decline")
    def decline(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        # The form is that of an offer, whose note goes nowhere.
        visit.form.lines("note", 2_000)
        visit.form.done()
        with visit.write() as session:
            blind.decline(session, visit.viewer, key)
        return visit.go("/network", "Nobody else learns of it.")


def network_page(
    session: Session, viewer: Viewer, workspace: Workspace, text: str, form: Form
) -> NetworkPage:
    """The page with the people who fit a text."""
    found = None
    if text:
        found = search_network(
            session, viewer, workspace.catalog, workspace.network, workspace.shared_book, text
        )
    return NetworkPage(
        text=text,
        found=found,
        mine=blind.own_searches(session, viewer),
        of_me=blind.matched_searches(session, viewer),
        may_write=viewer.may_write,
        wrong=form.wrong,
    )
