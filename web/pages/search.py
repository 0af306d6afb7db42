"""One box over the record: results by kind, and names offered while they are typed."""

from dataclasses import dataclass
from urllib.parse import quote

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from similarity.likely import likely_existing
from similarity.names.tables import Subject
from similarity.search import Hit, HitKind, SearchResults, search, typeahead
from web.entry_links import path_of, source_label
from web.forms import Form
from web.pages.palette import MOST_COMMANDS, Command, commands, recent
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import get
from web.visits import Visit
from workspace.people.viewer import Viewer

LIMIT = 8
# Names are offered from this many letters on.
FEWEST_LETTERS = 2

PATHS = {
    HitKind.DEAL: "/deals",
    HitKind.ACCOUNT: "/accounts",
    HitKind.MEMBER: "/people",
    HitKind.CONTACT: "/people",
    HitKind.ASSET: "/library",
    HitKind.NOTE: "/deals",
}
LABELS = {
    HitKind.DEAL: "Deal",
    HitKind.ACCOUNT: "Account",
    HitKind.MEMBER: "Our team",
    HitKind.CONTACT: "Contact",
    HitKind.ASSET: "Demo or collateral",
    HitKind.NOTE: "Note",
}


@dataclass(frozen=True)
class Link:
    """A hit with the address of its page."""

    hit: Hit

    @property
    def path(self) -> str:
        """The address of its page, of a note that of the place where it was written."""
        if self.hit.source:
            return path_of(self.hit.source, self.hit.key)
        return f"{PATHS[self.hit.kind]}/{quote(self.hit.key, safe='')}"

    @property
    def label(self) -> str:
        """Its kind, as people call it."""
        return source_label(self.hit.source) or LABELS[self.hit.kind]


@dataclass(frozen=True)
class SearchPage:
    """The text that was searched for, and the results."""

    text: str
    unusable_assets: bool
    results: SearchResults

    @property
    def count(self) -> int:
        """How many results there are."""
        return self.results.count

    @property
    def best(self) -> Link | None:
        """The result with exactly this key, address or name."""
        return Link(self.results.best) if self.results.best else None

    @property
    def near(self) -> list[Link]:
        """What is near by meaning where nothing has the words."""
        return [Link(hit) for hit in self.results.near]

    @property
    def groups(self) -> list[tuple[str, list[Link]]]:
        """The results under their headings, without the best match and empty groups."""
        headings = (
            "Deals",
            "Accounts",
            "Our team",
            "Contacts",
            "Demos & collateral",
            "Notes & calls",
        )
        groups = []
        for heading, hits in zip(headings, self.results.groups(), strict=True):
            if links := [Link(hit) for hit in hits if not self._is_best(hit)]:
                groups.append((heading, links))
        return groups

    def _is_best(self, hit: Hit) -> bool:
        best = self.results.best
        return best is not None and (hit.kind, hit.id) == (best.kind, best.id)


@dataclass(frozen=True)
class NamesPage:
    """What may be meant by a text that is still being typed; without one, what is at hand."""

    text: str
    links: list[Link]
    recent: list[Link]
    commands: list[Command]

    @property
    def groups(self) -> list[tuple[str, list[Command]]]:
        """The commands by kind, in their order."""
        kinds = dict.fromkeys(command.kind for command in self.commands)
        return [(kind, [each for each in self.commands if each.kind == kind]) for kind in kinds]


@dataclass(frozen=True)
class ExistingPage:
    """Records that may be meant by the name in a field."""

    field: str
    # Whether a choice fills in the field; in a form for a new record it is a link instead.
    fills: bool
    links: list[Link]


class SearchController(Controller):
    """/search."""

    path = "/search"
    opt = open_to(reads=Policy.MEMBERS, searches=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        text = visit.form.text("q", 2_000)
        unusable = visit.form.text("all", 2) == "on"
        visit.form.check()
        results = SearchResults()
        if text:
            with visit.read() as session:
                results = search(
                    session,
                    visit.viewer,
                    visit.workspace.catalog,
                    text,
                    limit=LIMIT,
                    unusable_assets=unusable,
                )
        page = SearchPage(text, unusable, results)
        address = "/search?" + query({"q": text, "all": "on" if unusable else ""})
        return visit.answer("search.html", "_search_results.html", page, address=address)

    @get("/names")
    def names(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The options of the search box: what the letters so far may name, and commands."""
        page = visit.page(names_page, visit.form)
        return visit.show("_search_names.html", page)

    @get("/existing")
    def existing(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The records that may be meant by a name in a form that would add one."""
        return visit.show("_existing.html", visit.page(existing_page, visit.form))


def existing_page(session: Session, viewer: Viewer, asked: Form) -> ExistingPage:
    """The records that the name of a form may mean: of a new record, or of a stakeholder."""
    kind = Subject(asked.choice("kind", (Subject.ACCOUNT, Subject.PERSON)) or Subject.ACCOUNT)
    name, person = asked.text("name", 200), asked.text("person", 200)
    asked.check()
    hits = likely_existing(session, viewer, name or person, kind)
    if person:
        return ExistingPage("person", fills=True, links=[Link(hit) for hit in hits])
    return ExistingPage("name", fills=False, links=[Link(hit) for hit in hits])


def names_page(session: Session, viewer: Viewer, asked: Form) -> NamesPage:
    """The options for what is typed on the page `at`; `recent` are the pages opened last."""
    text, here = asked.text("q", 2_000), asked.text("at", 2_000)
    asked.check()
    offered = commands(session, viewer, text, here)
    named: list[Hit] = []
    if len(text) >= FEWEST_LETTERS:
        # What means a command is no misspelt name.
        named = typeahead(session, viewer, text, limit=LIMIT, misspelt=not offered)
    opened = [] if text else recent(session, viewer, asked.sent.get("recent", []))
    return NamesPage(
        text,
        links=[Link(hit) for hit in named],
        recent=[Link(hit) for hit in opened],
        commands=offered[:MOST_COMMANDS] if text else offered,
    )
