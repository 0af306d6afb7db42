"""The tab of similar deals: which past deals are like this one, why, and what the reader thinks."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.suggestion_counts import Fate, SuggestionKind
from similarity.feedback import REASONS, Verdict, judge, judgements, withdraw
from similarity.index.catalog import Catalog
from similarity.index.facets import facets
from similarity.inquiry import ask_of_deal, named_in_deal, rank_all
from similarity.kin import Kin, kin_of, kin_wanted, past_and_running
from similarity.learned_weights import weights_in_use
from similarity.scoring import OwnWeight, Weights
from web.forms import Form
from web.own_fields import PREFIX
from web.pages.deal_room.header import DealHeader, deal_header
from web.pages.deals.list_state import read_filter
from web.pages.named_facets import NamedFacets, chips_of
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import at, get, post
from web.visits import MemberRequest, Visit
from workspace.accounts.industries import DIVISIONS, SECTIONS
from workspace.accounts.size_bands import SIZE_BAND_NAMES
from workspace.deals import access, lists
from workspace.deals.lists import Choices
from workspace.deals.tables import Deal
from workspace.errors import Conflict
from workspace.people.viewer import Viewer

LIMIT = 10
RUNNING = 5


@dataclass(frozen=True)
class Hidden:
    """A deal that a member marked as not similar to this one."""

    key: str
    name: str
    reason: str


# What the page calls the terms of a score.
LABELS = {
    "meaning": "Description",
    "words": "Shared words",
    "industry": "Industry",
    "size": "Company size",
    "product": "Product",
    "competitor": "Competitor",
    "region": "Region",
    "recency": "Recency",
}


@dataclass(frozen=True)
class KinPage:
    """The Kin tab."""

    header: DealHeader
    # What the deal's text names and its record does not.
    named: NamedFacets
    kin: list[Kin]
    # Open deals that are like this one: their owners can be talked to.
    running: list[Kin]
    hidden: list[Hidden]
    weights: dict[str, float]
    defaults: dict[str, float]
    params: dict[str, str]
    choices: Choices
    labels: dict[str, str]
    reasons: tuple[str, ...] = REASONS
    sections: dict[str, str] = field(default_factory=lambda: SECTIONS)
    divisions: dict[str, str] = field(default_factory=lambda: DIVISIONS)
    sizes: tuple[str, ...] = SIZE_BAND_NAMES

    @property
    def suggested(self) -> dict[SuggestionKind, list[str]]:
        """What the page suggests, as it is counted."""
        return {SuggestionKind.SIMILAR: [kin.key for kin in (*self.kin, *self.running)]}

    @property
    def changed(self) -> dict[str, str]:
        """The weights that are not the usual ones, as they stand in the address."""
        return changed(self.weights, self.defaults)


@dataclass(frozen=True)
class Judged:
    """What became of a kin that was just judged."""

    header: DealHeader
    kin: Kin | None
    key: str
    name: str
    verdict: str
    reason: str
    reasons: tuple[str, ...] = REASONS


class KinController(Controller):
    """/deals/{key}/kin."""

    path = "/deals/{key:str}/kin"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(kin_page, visit.workspace.catalog, key, visit.form)
        visit.count_shown(page.header.deal, page.suggested)
        # The address keeps what was chosen, and nothing that is as usual.
        off = [query({"off": name}) for name in page.named.off]
        chosen = "&".join(filter(None, [query({**page.params, **page.changed}), *off]))
        address = at("deals", key, "kin") + "?" + chosen
        return visit.answer(
            "deal_room/kin.html", "deal_room/_kin.html", page, address=address, replace=True
        )

    @post("/{kin_key:str}/judgement")
    def judge(
        self, visit: NamedDependency[Visit], key: FromPath[str], kin_key: FromPath[str]
    ) -> Response[Any]:
        # How the reader has the order and what they look at come along with their answer.
        chosen, _ = read_filter(visit.form)
        off = visit.form.choices("off", visit.form.sent.get("off", []))
        with visit.read() as session:
            usual = weights_in_use(session)
        weights = read_weights(visit.form, usual)
        with visit.write() as session:
            deal, other, verdict, reason = judge_kin(
                session, visit.viewer, key, kin_key, visit.form
            )
        count_judged(visit, deal, kin_key, verdict)
        if not visit.wants_fragment:
            effects = {
                "like": f"Marked as similar: {other.name}.",
                "unlike": f"{other.name} no longer appears among this deal's kin.",
                "withdraw": f"{other.name} is offered again.",
            }
            return visit.go(at("deals", key, "kin"), effects[verdict])
        with visit.read() as session:
            header = deal_header(session, visit.viewer, key, "kin")
            shown = None
            if verdict != "unlike":
                catalog = visit.workspace.catalog
                inquiry = ask_of_deal(
                    session, visit.viewer, catalog, header.deal, weights=weights, without=off
                )
                past, _ = past_and_running(chosen)
                offered = kin_of(session, catalog, inquiry, filter=past, limit=LIMIT * 2)
                shown = next((kin for kin in offered if kin.key == kin_key), None)
        page = Judged(header, shown, kin_key, other.name, verdict, reason)
        template = "deal_room/_kin_card.html" if shown else "deal_room/_kin_hidden.html"
        return visit.show(template, page)


def judge_kin(
    session: Session, viewer: Viewer, key: str, kin_key: str, form: Form
) -> tuple[Deal, Deal, str, str]:
    """Note what a form says of a similar deal: both deals, the verdict and the reason."""
    verdict = form.choice("verdict", ("like", "unlike", "withdraw"), required=True) or ""
    reason = form.choice("reason", REASONS) or ""
    deal = access.editable_deal(session, viewer, key)
    other = access.readable_deal(session, viewer, kin_key)
    form.done()
    if deal.id == other.id:
        raise Conflict("Choose another deal.")
    if verdict == "withdraw":
        withdraw(session, deal.id, other.id, viewer.person_id)
    else:
        judge(session, deal.id, other.id, Verdict(verdict), reason, viewer.person_id)
    return deal, other, verdict, reason


def count_judged(request: MemberRequest, deal: Deal, kin_key: str, verdict: str) -> None:
    """Count a similar deal that was judged as used or as dismissed."""
    if verdict != "withdraw":
        fate = Fate.USED if verdict == Verdict.LIKE else Fate.DISMISSED
        request.count(SuggestionKind.SIMILAR, fate, deal, [kin_key])


def changed(weights: dict[str, float], defaults: dict[str, float]) -> dict[str, str]:
    """The weights that are not the usual ones, as they stand in the address."""
    return {f"w_{name}": f"{value:g}" for name, value in weights.items() if value != defaults[name]}


def read_weights(asked: Form, usual: Weights) -> Weights:
    """The weights in an address: the usual ones where it has none."""
    sent = {name: asked.fraction(f"w_{name}") for name in sliders(usual)}
    asked.check()
    chosen = {name: value for name, value in sent.items() if value is not None}
    own = tuple(
        dataclasses.replace(field, weight=chosen.pop(own_slider(field), field.weight))
        for field in usual.own
    )
    return dataclasses.replace(usual, **chosen, own=own)


def sliders(weights: Weights) -> dict[str, float]:
    """The weights by the names of their sliders."""
    own = {own_slider(field): field.weight for field in weights.own}
    return {name: getattr(weights, name) for name in Weights.names()} | own


def own_slider(field: OwnWeight) -> str:
    """The name of the slider of an own field."""
    return f"{PREFIX}{field.key}"


def kin_page(session: Session, viewer: Viewer, catalog: Catalog, key: str, asked: Form) -> KinPage:
    """The page that an address asks for."""
    header = deal_header(session, viewer, key, "kin")
    chosen, params = read_filter(asked)
    usual = weights_in_use(session)
    weights = read_weights(asked, usual)
    off = asked.choices("off", asked.sent.get("off", []))
    inquiry = ask_of_deal(session, viewer, catalog, header.deal, weights=weights, without=off)
    record = facets(session, [header.deal.id])[header.deal.id]
    named = named_in_deal(session, viewer, header.deal, record)
    values, defaults = sliders(weights), sliders(usual)
    address = at("deals", key, "kin") + "?" + query({**params, **changed(values, defaults)})
    past, running = past_and_running(chosen)
    wanted = [kin_wanted(catalog, LIMIT, past)]
    if running:
        wanted.append(kin_wanted(catalog, RUNNING, running))
    # Both lists by one search.
    rank_all(session, catalog, inquiry, wanted)
    unlike = {
        kin_id: row
        for kin_id, row in judgements(session, header.deal.id).items()
        if row.verdict == Verdict.UNLIKE
    }
    names = lists.deal_names(session, viewer, unlike)
    return KinPage(
        header=header,
        named=chips_of(named, address, asked),
        kin=kin_of(session, catalog, inquiry, filter=past, limit=LIMIT),
        running=kin_of(session, catalog, inquiry, filter=running, limit=RUNNING) if running else [],
        hidden=[
            Hidden(kin_key, name, unlike[kin_id].reason)
            for kin_id, (kin_key, name) in names.items()
        ],
        weights=values,
        defaults=defaults,
        labels={**LABELS, **{own_slider(field): field.label for field in usual.own}},
        params=params,
        choices=lists.choices(session, viewer),
    )
