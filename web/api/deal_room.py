"""What a deal's tabs show, over the API: similar deals, playbook, experts, references, brief."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.desk.advocates import Activity
from references.desk.queue import DealRequestRow
from references.network.paths import Reach
from references.suggestion_counts import SuggestionKind
from references.suggestions import Suggestions
from references.teams.stakeholder_insights import Remark
from similarity.experts import Expert, experts_of_deal
from similarity.kin import Kin
from similarity.outlook import Outlook, outlook_of_deal
from similarity.playbook import Playbook, playbook_of_deal
from web.api.calls import Call, Saved
from web.api.fields import Body, DealFilters, Label, Query, Short
from web.api.operations import act, for_programs, read
from web.forms import Form
from web.pages.deal_room.brief import Attendee, brief
from web.pages.deal_room.kin import Hidden, count_judged, judge_kin, kin_page
from web.pages.deal_room.playbook import suggested_by
from web.pages.deal_room.references import references_page
from web.policies import Policy
from workspace.deals import access

# Advocates that are answered with.
LIMIT = 20


@dataclass(frozen=True)
class SimilarDeals:
    """Deals like another, with the terms of their scores."""

    similar: list[Kin]
    # Open deals that are like it: their owners can be asked.
    running: list[Kin]
    # Deals that were marked as not similar.
    hidden: list[Hidden]
    # The weights of the terms.
    weights: dict[str, float]


@dataclass(frozen=True)
class Experts:
    """Colleagues to bring in, with the terms of their scores and the evidence."""

    experts: list[Expert]


@dataclass(frozen=True)
class Forecast:
    """The outlook of a deal; None where too few deals that closed are like it."""

    outlook: Outlook | None


@dataclass(frozen=True)
class References:
    """Customers who can vouch for us on a deal, ranked, with the terms of their scores."""

    suggestions: Suggestions
    # Who knows the people to reach.
    reach: Reach
    requests: list[DealRequestRow]
    # Why nothing can be asked now; empty where it can.
    not_yet: str


@dataclass(frozen=True)
class BriefShown:
    """What is worth reading before a meeting."""

    attendees: list[Attendee]
    team: list[str]
    similar: list[Kin]
    open_questions: list[Remark]
    remarks: list[Remark]


class SimilarQuery(DealFilters):
    """Filters as in the list of deals, and weights from 0 to 1 in place of the usual ones."""

    w_meaning: float | None = None
    w_words: float | None = None
    w_industry: float | None = None
    w_size: float | None = None
    w_product: float | None = None
    w_competitor: float | None = None
    w_region: float | None = None
    w_recency: float | None = None


class ReferenceQuery(Query):
    """What is asked for, and one person whom the advocate is to know."""

    activity: Label = ""
    prospect: Short = ""


class Judgement(Body):
    """What the caller thinks of a similar deal."""

    example: ClassVar[dict[str, Any]] = {"verdict": "like"}
    verdict: Literal["like", "unlike", "withdraw"]
    reason: Label | UnsetType = UNSET


class DealRoomController(Controller):
    """/api/v1/deals/{key}, what its tabs show."""

    path = "/api/v1/deals/{key:str}"
    opt = for_programs("Suggestions", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read("/similar", summary="Find similar deals", answers=SimilarDeals, query=SimilarQuery)
    def similar(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            page = kin_page(session, call.viewer, call.workspace.catalog, key, call.form)
            call.count_shown(page.header.deal, page.suggested)
            return call.answer(SimilarDeals(page.kin, page.running, page.hidden, page.weights))

    @act(
        "/similar/{kin_key:str}/judgement",
        summary="Say whether a deal is similar",
        answers=SimilarDeals,
        body=Judgement,
    )
    def judge(
        self, call: NamedDependency[Call], key: FromPath[str], kin_key: FromPath[str]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            deal, _, verdict, _ = judge_kin(session, call.viewer, key, kin_key, call.form)
            count_judged(call, deal, kin_key, verdict)
            page = kin_page(session, call.viewer, call.workspace.catalog, key, Form())
            return Saved(SimilarDeals(page.kin, page.running, page.hidden, page.weights))

        return call.save(save)

    @read("/playbook", summary="Get the playbook", answers=Playbook)
    def playbook(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            deal = access.readable_deal(session, call.viewer, key)
            found = playbook_of_deal(session, call.viewer, call.workspace.catalog, deal)
            call.count_shown(deal, suggested_by(found))
            return call.answer(found)

    @read("/experts", summary="Find experts", answers=Experts)
    def experts(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            deal = access.readable_deal(session, call.viewer, key)
            found = experts_of_deal(session, call.viewer, call.workspace.catalog, deal)
            call.count_shown(deal, {SuggestionKind.EXPERT: [expert.key for expert in found]})
            return call.answer(Experts(found))

    @read("/outlook", summary="Get the outlook", answers=Forecast)
    def outlook(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            deal = access.readable_deal(session, call.viewer, key)
            found = outlook_of_deal(session, call.viewer, call.workspace.catalog, deal)
            return call.answer(Forecast(found))

    @read("/brief", summary="Get the brief for a meeting", answers=BriefShown)
    def brief(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            page = brief(session, call.viewer, call.workspace, key)
            shown = BriefShown(
                page.attendees, page.team, page.kin, page.open_questions, page.remarks
            )
            return call.answer(shown)

    @read(
        "/references",
        summary="Find customers who can vouch for us",
        answers=References,
        query=ReferenceQuery,
    )
    def references(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        activity = call.form.choice("activity", tuple(Activity)) or Activity.CALL
        prospect = call.form.maybe("prospect", 80)
        call.form.check()
        with call.read() as session:
            page = references_page(
                session, call.viewer, call.workspace, key, Activity(activity), prospect, LIMIT
            )
            shown = References(page.suggestions, page.reach, page.asked, page.not_yet)
            call.count_shown(page.header.deal, page.suggested)
            return call.answer(shown)
