"""What assistants can ask and do: each answer with the addresses of the pages that it is from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from references.desk.advocates import Activity
from references.suggestion_counts import Fate, SuggestionKind
from similarity.search import search
from web.api.deal_room import BriefShown, References
from web.api.deal_room import SimilarDeals as SimilarToDeal
from web.api.finding import Similar
from web.api.people import Ties
from web.api.public import plain
from web.denials import Denials, note
from web.forms import Form
from web.pages.deal_room.activity import write_note
from web.pages.deal_room.brief import brief
from web.pages.deal_room.kin import kin_page
from web.pages.deal_room.references import (
    ask_for_reference,
    fit_of,
    read_reference,
    references_page,
)
from web.pages.network.ties import ties_page
from web.pages.search import PATHS
from web.pages.similar import similar_page
from web.routes import at
from web.suggestion_tally import Tally
from web.visits import read_as
from web.workspace import Workspace
from workspace.deals import access
from workspace.errors import Forbidden, Invalid
from workspace.people.api_tokens import KnownToken, Scope
from workspace.people.viewer import Viewer, require_writer
from workspace.replica import writing_for

# What a tool answers: its data, and the pages that they are from.
Answer = dict[str, Any]
BEST = 10


@dataclass(frozen=True)
class Assistant:
    """An assistant that acts for the member of a token, who is looked up with each call."""

    workspace: Workspace
    token: Callable[[], KnownToken]
    # What is shown to the assistant counts as shown to the member.
    tally: Tally
    denials: Denials

    # Tools. Their first sentences are what an assistant reads of them.

    def search(self, text: str) -> Answer:
        """Search deals, accounts, people, assets and notes by words or names."""
        with self._reading() as (session, viewer):
            found = search(session, viewer, self.workspace.catalog, _question(text), limit=BEST)
            groups = [hit for hits in found.groups() for hit in hits]
            sources = [self._source(hit.name, f"{PATHS[hit.kind]}/{hit.key}") for hit in groups]
            return _answer({"results": plain(found)}, sources)

    def similar_deals(self, deal: str = "", description: str = "") -> Answer:
        """Find past deals like a deal (its key, such as D-0042), or like a description in words.

        Each has its score as a sum of terms with reasons, the passage that matches, and a
        difference that matters.
        """
        catalog = self.workspace.catalog
        with self._reading() as (session, viewer):
            if deal:
                page = kin_page(session, viewer, catalog, deal, Form())
                self.tally.count_on(viewer, page.header.deal, Fate.SHOWN, page.suggested)
                found: Any = SimilarToDeal(page.kin, page.running, page.hidden, page.weights)
            else:
                asked = Form([("q", _question(description))])
                of_text = similar_page(session, viewer, catalog, asked)
                found = Similar(of_text.kin, of_text.running)
            kin = [*found.similar, *found.running]
            return _answer(plain(found), [self._deal(row.key, row.name) for row in kin])

    def brief_for_call(self, deal: str) -> Answer:
        """Brief me for a call: the stakeholders of a deal, what we share, wins to mention, gaps."""
        with self._reading() as (session, viewer):
            page = brief(session, viewer, self.workspace, deal)
            shown = BriefShown(
                page.attendees, page.team, page.kin, page.open_questions, page.remarks
            )
            sources = [
                self._deal(page.header.deal.key, page.header.deal.name),
                *(self._person(row.row.key, row.row.name) for row in page.attendees),
                *(self._deal(row.key, row.name) for row in page.kin),
            ]
            return _answer(plain(shown), sources)

    def who_can_vouch(self, deal: str, activity: str = Activity.CALL) -> Answer:
        """Find customers who can vouch for us on a deal, ranked, with reasons and paths to them."""
        chosen = Form([("activity", activity)]).choice("activity", tuple(Activity))
        if chosen is None:
            raise Invalid(f"The activity is one of {', '.join(Activity)}.")
        with self._reading() as (session, viewer):
            page = references_page(
                session, viewer, self.workspace, deal, Activity(chosen), None, BEST
            )
            shown = References(page.suggestions, page.reach, page.asked, page.not_yet)
            self.tally.count_on(viewer, page.header.deal, Fate.SHOWN, page.suggested)
            sources = [
                self._source(
                    page.header.deal.name, at("deals", page.header.deal.key, "references")
                ),
                *(
                    self._source(row.person.name, at("references", "advocates", row.person.key))
                    for row in page.suggestions.suggested
                ),
            ]
            return _answer(plain(shown), sources)

    def who_knows_whom(self, person: str) -> Answer:
        """Find who of us, or of our customers, knows a person (their key, such as ines-moreira)."""
        with self._reading() as (session, viewer):
            page = ties_page(session, viewer, self.workspace.network, person, Form())
            shown = Ties(page.reach, page.ties, page.shared)
            sources = [self._person(page.person.key, page.person.name)]
            return _answer(plain(shown), sources)

    def draft_reference_request(
        self,
        deal: str,
        advocate: str,
        activity: str = Activity.CALL,
        message: str = "",
        shared_message: str = "",
    ) -> Answer:
        """Draft a reference request on a deal, for a member to look through and to send.

        Nothing is sent. `message` is for the advocate alone, `shared_message` for both sides.
        """
        form = Form(
            [
                ("advocate", advocate),
                ("activity", activity),
                ("message", message),
                ("shared_message", shared_message),
            ]
        )
        asked = read_reference(form)
        form.done()
        with self._reading() as (session, viewer):
            fit = fit_of(session, viewer, self.workspace, deal, asked)
        with self._writing() as (session, viewer):
            made, name = ask_for_reference(session, viewer, deal, asked, fit, as_draft=True)
            used = {SuggestionKind.REFERENCE: [asked.advocate]}
            self.tally.count_on(
                viewer, access.readable_deal(session, viewer, deal), Fate.USED, used
            )
            said = f"{made.key} is drafted, and nothing is sent: {name} is asked once it is."
            source = self._source(made.key, at("references", made.key))
            return _answer({"request": made.key, "said": said}, [source])

    def log_note(self, deal: str, text: str, kind: str = "note") -> Answer:
        """Write a note, call, meeting or email on a deal; @Name mentions a colleague."""
        with self._writing() as (session, viewer):
            form = Form([("kind", kind), ("text", text)])
            entry = write_note(session, viewer, deal, form)
            found = access.readable_deal(session, viewer, deal)
            session.flush()
            source = self._source(found.name, at("deals", found.key, "activity"))
            return _answer({"note": str(entry.id)}, [source])

    def note_denial(self, tool: str) -> None:
        """Note in the audit log that the member was refused a tool for want of a right."""
        person_id = self.token().viewer.person_id
        if person_id is not None and self.denials.is_new(person_id, "MCP", tool):
            note(self.workspace, person_id, f"MCP {tool}")

    # Sessions and sources

    @contextmanager
    def _reading(self) -> Iterator[tuple[Session, Viewer]]:
        viewer = self.token().viewer
        with self.workspace.database.read() as session:
            read_as(session, viewer)
            yield session, viewer

    @contextmanager
    def _writing(self) -> Iterator[tuple[Session, Viewer]]:
        token = self.token()
        if Scope.WRITE not in token.scopes:
            raise Forbidden("This token lacks the scope write.")
        require_writer(token.viewer)
        with (
            writing_for(token.viewer.person_id),
            self.workspace.database.write() as session,
        ):
            read_as(session, token.viewer)
            yield session, token.viewer

    def _source(self, title: str, path: str) -> dict[str, str]:
        return {"title": title, "url": self.workspace.origin.rstrip("/") + path}

    def _deal(self, key: str, name: str) -> dict[str, str]:
        return self._source(name, at("deals", key))

    def _person(self, key: str, name: str) -> dict[str, str]:
        return self._source(name, at("people", key))


def _answer(data: Answer, sources: list[dict[str, str]]) -> Answer:
    # Each page once, in the order of the answer.
    return {**data, "sources": list({source["url"]: source for source in sources}.values())}


def _question(text: str) -> str:
    """A text that is asked about."""
    asked = " ".join(text.split())[:2_000]
    if not any(letter.isalnum() for letter in asked):
        raise Invalid("Say what you look for, or name a deal by its key.")
    if any(letter < " " for letter in asked):
        raise Invalid("Remove the control characters.")
    return asked
