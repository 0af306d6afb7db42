"""What the Overview tab suggests, which follows the page because ranking takes so long."""

from dataclasses import dataclass

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.buyers.stage_network import StageNetwork, stage_network
from references.desk.advocates import Activity
from references.suggestion_counts import Fate, SuggestionKind
from references.suggestions import WON_KIN, Suggestion, suggest_advocates
from similarity.experts import VOTING_KIN, Expert, experts_of
from similarity.inquiry import ask_of_deal, rank_all
from similarity.kin import Kin, kin_of, kin_wanted, past_and_running
from similarity.outlook import MINIMUM, Outlook, outlook_of
from similarity.playbook import CLOSED_KIN, Play, plays_of
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from web.workspace import Workspace
from workspace.deals import access
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.people.viewer import Viewer

BEST = 3


@dataclass(frozen=True)
class FirstSuggestions:
    """What is seen without scrolling."""

    deal: Deal
    kin: list[Kin]
    # The advocates for a call, while the deal is open.
    references: list[Suggestion]


@dataclass(frozen=True)
class MoreSuggestions:
    """What is below."""

    deal: Deal
    plays: list[Play]
    experts: list[Expert]
    # While the deal is open; None where too few deals that closed are like it.
    outlook: Outlook | None
    # So many similar deals have to be closed for an outlook.
    least_similar: int
    # Who of our network serves the deal's stage.
    network: StageNetwork | None


class SuggestionsController(Controller):
    """/deals/{key}/suggestions: the fragments that the Overview tab asks for."""

    path = "/deals/{key:str}/suggestions"
    opt = open_to(reads=Policy.MEMBERS)

    @get()
    def first(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(first_suggestions, visit.workspace, key)
        advocates = [offer.person.key for offer in page.references]
        visit.count(SuggestionKind.SIMILAR, Fate.SHOWN, page.deal, [kin.key for kin in page.kin])
        visit.count(SuggestionKind.REFERENCE, Fate.SHOWN, page.deal, advocates)
        return visit.show("deal_room/_suggestions.html", page)

    @get("/more")
    def more(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(more_suggestions, visit.workspace, key)
        experts = [expert.key for expert in page.experts]
        visit.count(
            SuggestionKind.CONTENT, Fate.SHOWN, page.deal, [play.key for play in page.plays]
        )
        visit.count(SuggestionKind.EXPERT, Fate.SHOWN, page.deal, experts)
        return visit.show("deal_room/_more_suggestions.html", page)


def first_suggestions(
    session: Session, viewer: Viewer, workspace: Workspace, key: str
) -> FirstSuggestions:
    """Similar deals, and references for a deal that is open."""
    catalog = workspace.catalog
    deal = access.readable_deal(session, viewer, key)
    inquiry = ask_of_deal(session, viewer, catalog, deal)
    is_open = deal.outcome == Outcome.OPEN
    past, _ = past_and_running()
    wants = [kin_wanted(catalog, BEST, past), *([WON_KIN] if is_open else [])]
    rank_all(session, catalog, inquiry, wants)
    return FirstSuggestions(
        deal=deal,
        kin=kin_of(session, catalog, inquiry, filter=past, limit=BEST),
        references=suggest_advocates(
            session,
            viewer,
            catalog,
            workspace.network,
            deal,
            Activity.CALL,
            limit=BEST,
            inquiry=inquiry,
        ).suggested
        if is_open
        else [],
    )


def more_suggestions(
    session: Session, viewer: Viewer, workspace: Workspace, key: str
) -> MoreSuggestions:
    """Content, experts, the network for the stage, and the outlook of a deal that is open."""
    catalog = workspace.catalog
    deal = access.readable_deal(session, viewer, key)
    inquiry = ask_of_deal(session, viewer, catalog, deal)
    rank_all(session, catalog, inquiry, [CLOSED_KIN, VOTING_KIN])
    stage = session.get_one(Stage, deal.stage_id)
    is_open = deal.outcome == Outcome.OPEN
    return MoreSuggestions(
        deal=deal,
        plays=plays_of(session, catalog, inquiry, limit=BEST),
        experts=experts_of(session, catalog, inquiry, limit=BEST),
        outlook=outlook_of(session, catalog, inquiry) if is_open else None,
        least_similar=MINIMUM,
        network=stage_network(session, viewer, workspace.network, deal, stage),
    )
