"""Suggestions: which advocates to ask for an activity on a deal, and who cannot be asked now.

What is known about each advocate is read here; `references/matching.py` turns it into a score.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references import matching
from references.desk.advocates import Activity, Advocate
from references.desk.budgets import Availability, availability
from references.desk.request import ReferenceRequest, State
from references.matching import Candidate, Match, Reason, Wanted, reason
from references.network.paths import (
    KnownPath,
    Network,
    competitors_people,
    known_paths,
    path_people,
)
from references.network.ties import Visibility
from similarity.index.catalog import Catalog
from similarity.index.queries import POOL
from similarity.index.sources import names_of
from similarity.inquiry import Inquiry, Want, ask_of_deal, rank
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import batches, fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Outcome,
    Product,
    Stakeholder,
)
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.people import PersonSummary
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.told import Told
from workspace.value_lists import split_values

# The similar won deals; an advocate's account may have one among them.
WON_KIN = Want(POOL, DealFilter(outcome=Outcome.WON))
# At an account without named stakeholders, paths lead to at most so many of its people.
MOST_PEOPLE_TO_REACH = 200
# An advocate without a path talks to the first of these buying roles.
_DECIDING_ROLES = ("economic buyer", "decision maker", "executive sponsor", "champion")


@dataclass(frozen=True)
class Suggestion:
    """An advocate to ask, with the reasons."""

    advocate_id: int
    person: PersonSummary
    match: Match
    # The strongest path from the advocate to one of the people to reach.
    path: KnownPath | None
    # The contact to talk to: the end of the path, or the first of the people to reach.
    prospect: PersonSummary | None
    availability: Availability
    # The advocate's won deal that is most similar.
    deal_key: str | None
    deal_name: str


@dataclass(frozen=True)
class LeftOut:
    """An advocate who cannot be asked now: the reason, and the first day on which they can."""

    person: PersonSummary
    reason: str
    next_on: date | None


@dataclass(frozen=True)
class Suggestions:
    """The advocates for a deal and an activity."""

    suggested: list[Suggestion]
    # The number of advocates who can be asked, including those beyond the limit.
    count: int
    # Those who cannot be asked now, as many as were asked for, and the number of all.
    left_out: list[LeftOut]
    left_out_count: int
    # The people to reach, in the order in which to talk to them.
    to_reach: list[PersonSummary]
    # Whether these are the deal's stakeholders; otherwise they are all people at its account.
    stakeholders: bool


def suggest_advocates(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    network: Network,
    deal: Deal,
    activity: Activity,
    *,
    prospect: int | None = None,
    limit: int = 20,
    most_left_out: int | None = 0,
    on: date | None = None,
    inquiry: Inquiry | None = None,
) -> Suggestions:
    """The advocates to ask on a deal, the best first; `prospect` is the only person to reach.

    Advocates who cannot be asked on that day are left out; of so many, or of all with None, it is
    told with the reason. An `inquiry` of this viewer about this deal saves a new one.
    """
    people, are_stakeholders = people_to_reach(session, deal)
    if prospect is not None:
        people = [person for person in people if person == prospect]
    advocates = _advocates(session, deal)
    ids = [advocate.id for advocate in advocates]
    available = availability(session, ids, activity, on or today(), viewer=viewer)
    askable = [advocate for advocate in advocates if available[advocate.id].may_be_asked]
    fields = readable_fields(session, viewer)
    inquiry = inquiry or ask_of_deal(session, viewer, catalog, deal)
    known = _what_is_known(session, catalog, network, inquiry, deal, askable, people)
    matches = matching.match(
        (
            _wanted(advocate, deal, known),
            _candidate(
                advocate, available[advocate.id], known, shows_limits=FieldGroup.LIMITS in fields
            ),
        )
        for advocate in askable
    )
    by_id = {advocate.id: advocate for advocate in advocates}
    states = {advocate.id: available[advocate.id].for_reader(fields) for advocate in advocates}
    unavailable = sorted(
        (advocate for advocate in advocates if not states[advocate.id].may_be_asked),
        key=lambda advocate: (states[advocate.id].next_on or date.max, advocate.name),
    )
    best, told = matches[:limit], unavailable[:most_left_out]
    named = [*(by_id[match.advocate_id] for match in best), *told]
    persons = path_people(session, {*(advocate.person_id for advocate in named), *people})
    suggested = []
    for match in best:
        advocate = by_id[match.advocate_id]
        similar = known.similar_deals.get(advocate.account_id or 0)
        contact = known.contact_of(advocate)
        suggested.append(
            Suggestion(
                advocate_id=advocate.id,
                person=persons[advocate.person_id],
                match=match,
                path=known.paths.get(advocate.person_id),
                prospect=persons[contact] if contact is not None else None,
                availability=states[advocate.id],
                deal_key=similar.key if similar else None,
                deal_name=similar.name if similar else "",
            )
        )
    left_out = [
        LeftOut(persons[advocate.person_id], state.reason, state.next_on)
        for advocate in told
        for state in [states[advocate.id]]
    ]
    return Suggestions(
        suggested=suggested,
        count=len(matches),
        left_out=left_out,
        left_out_count=len(unavailable),
        to_reach=[persons[person] for person in people],
        stakeholders=are_stakeholders,
    )


def reasons_to_keep(suggestion: Suggestion) -> list[Told]:
    """Why this advocate, for everybody who may see the deal, as a request keeps it.

    A path over a tie that not everybody may see is left out.
    """
    path = suggestion.path
    private = path is not None and any(
        tie.shared_with != Visibility.EVERYONE for ties in path.evidence for tie in ties
    )
    match = suggestion.match
    reasons = [
        match.reasons[term.name]
        for term in match.terms
        if term.contribution > 0 and not (private and term.name == "path")
    ]
    return [*filter(None, [match.lack]), *reasons[:3]]


def in_a_line(reasons: Iterable[Told]) -> str:
    """Reasons that were kept, in words."""
    return "; ".join(map(matching.in_words, reasons))


def people_to_reach(session: Session, deal: Deal) -> tuple[list[int], bool]:
    """The people whom a reference is to reach, and whether they are the deal's stakeholders.

    Without stakeholders they are the people at the deal's account.
    """
    rows = session.exec(
        select(Stakeholder).where(Stakeholder.deal_id == deal.id).order_by(col(Stakeholder.id))
    ).all()
    if rows:
        ranks = {role: rank for rank, role in enumerate(_DECIDING_ROLES)}
        rows = sorted(rows, key=lambda row: ranks.get(row.buying_role, len(ranks)))
        return [row.person_id for row in rows], True
    if deal.account_id is None:
        return [], False
    people = select(Person.id).where(Person.account_id == deal.account_id)
    return list(session.exec(people.order_by(Person.name).limit(MOST_PEOPLE_TO_REACH))), False


@dataclass(frozen=True)
class _AdvocateAtAccount:
    id: int
    person_id: int
    account_id: int | None
    name: str


@dataclass(frozen=True)
class _WonDeal:
    id: int
    account_id: int
    key: str
    name: str


@dataclass(frozen=True)
class _SimilarDeal:
    """The won deal of an account that is most similar to the deal in question."""

    likeness: float
    key: str
    name: str


@dataclass(frozen=True)
class _DealTags:
    products: frozenset[str]
    competitors: frozenset[str]


@dataclass(frozen=True)
class _Profile:
    """What is compared of a person; their account's country stands in for their own."""

    title: str = ""
    languages: frozenset[str] = frozenset()
    country: str | None = None


@dataclass(frozen=True)
class _Known:
    """What is known about the advocates who can be asked, and about the people to reach."""

    to_reach: Sequence[int]
    # By the advocate's person.
    paths: dict[int, KnownPath]
    # By account: the most similar won deal, and all won deals that the viewer may see.
    similar_deals: dict[int, _SimilarDeal]
    won_deals: dict[int, list[int]]
    # By deal.
    tags: dict[int, _DealTags]
    # By person.
    profiles: dict[int, _Profile]
    # By advocate: whether their last reference helped, None where nobody said.
    last_helped: dict[int, bool | None]

    def contact_of(self, advocate: _AdvocateAtAccount) -> int | None:
        """The person whom an advocate would talk to."""
        path = self.paths.get(advocate.person_id)
        if path:
            return path.people[-1].id
        return self.to_reach[0] if self.to_reach else None


def _what_is_known(
    session: Session,
    catalog: Catalog,
    network: Network,
    inquiry: Inquiry,
    deal: Deal,
    advocates: Sequence[_AdvocateAtAccount],
    people: Sequence[int],
) -> _Known:
    viewer = inquiry.viewer
    persons = [advocate.person_id for advocate in advocates]
    paths = _paths(session, viewer, network, people, persons)
    accounts = {advocate.account_id for advocate in advocates if advocate.account_id}
    won = _won_deals(session, viewer, accounts)
    by_account: dict[int, list[int]] = defaultdict(list)
    for row in won:
        by_account[row.account_id].append(row.id)
    return _Known(
        to_reach=people,
        paths=paths,
        similar_deals=_similar_deals(session, catalog, inquiry, won),
        won_deals=by_account,
        tags=_tags(session, [deal.id, *(row.id for row in won)]),
        profiles=_profiles(session, {*people, *persons}),
        last_helped=_last_helped(session, viewer, [advocate.id for advocate in advocates]),
    )


def _wanted(advocate: _AdvocateAtAccount, deal: Deal, known: _Known) -> Wanted:
    """What the deal asks of an advocate, given the contact whom they would talk to."""
    contact = known.profiles.get(known.contact_of(advocate) or 0, _Profile())
    tags = known.tags[deal.id]
    return Wanted(
        products=tags.products,
        competitors=tags.competitors,
        title=contact.title,
        languages=contact.languages,
        country=contact.country,
    )


def _candidate(
    advocate: _AdvocateAtAccount, available: Availability, known: _Known, *, shows_limits: bool
) -> Candidate:
    path = known.paths.get(advocate.person_id)
    similar = known.similar_deals.get(advocate.account_id or 0)
    profile = known.profiles[advocate.person_id]
    tags = [known.tags[deal_id] for deal_id in known.won_deals.get(advocate.account_id or 0, ())]
    limits = [left for left in (available.customer_left, available.own_left) if left is not None]
    return Candidate(
        id=advocate.id,
        path=path.strength if path else 0.0,
        path_reason=_path_reason(path) if path else {},
        likeness=similar.likeness if similar else 0.0,
        likeness_reason=reason(Reason.SIMILAR, name=similar.name) if similar else {},
        products=frozenset().union(*(deal.products for deal in tags)),
        competitors=frozenset().union(*(deal.competitors for deal in tags)),
        title=profile.title,
        languages=profile.languages,
        country=profile.country,
        left=min(limits) if limits else None,
        last_helped=known.last_helped.get(advocate.id),
        shows_limits=shows_limits,
    )


def _path_reason(path: KnownPath) -> Told:
    end = path.people[-1].name
    if len(path.people) == 2:
        return reason(Reason.KNOWS, name=end, tie=path.evidence[0][0].kind)
    return reason(Reason.REACHES, name=end, via=[person.name for person in path.people[1:-1]])


def _advocates(session: Session, deal: Deal) -> list[_AdvocateAtAccount]:
    """Every advocate except those at the deal's own account."""
    elsewhere = col(Person.account_id).is_distinct_from(deal.account_id)
    query = (
        select_row(_AdvocateAtAccount, Advocate, Person)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(sa.or_(elsewhere, col(Person.account_id).is_(None)))
    )
    return fetch(session, _AdvocateAtAccount, query.order_by(col(Advocate.id)))


def _paths(
    session: Session,
    viewer: Viewer,
    network: Network,
    to_reach: Collection[int],
    people: Collection[int],
) -> dict[int, KnownPath]:
    """The strongest path from each of `people` to one of those `to_reach`.

    Paths over our own members are left out: that a member knows both is no reference.
    """
    if not to_reach:
        return {}
    graph, lent = network.graph(session), network.lent(session, viewer)
    avoid = {*session.exec(select(Member.person_id)), *competitors_people(session)} - set(to_reach)
    # The search starts at the people to reach, as the same sources serve every advocate.
    nearest = graph.nearest(to_reach, people, lent=lent, avoid=avoid)
    chains = [nearest[person].people[::-1] for person in people if person in nearest]
    return {path.people[0].id: path for path in known_paths(session, viewer, chains)}


def _won_deals(session: Session, viewer: Viewer, accounts: Collection[int]) -> list[_WonDeal]:
    """The won deals of these accounts that the viewer may see."""
    rows = []
    for batch in batches(accounts):
        query = select_row(_WonDeal, Deal).where(
            visible_deals(viewer),
            col(Deal.outcome) == Outcome.WON,
            col(Deal.account_id).in_(batch),
        )
        rows += fetch(session, _WonDeal, query)
    return rows


def _similar_deals(
    session: Session, catalog: Catalog, inquiry: Inquiry, won: Sequence[_WonDeal]
) -> dict[int, _SimilarDeal]:
    """The most similar won deal of each account that has one among the similar deals."""
    deals = {deal.id: deal for deal in won}
    by_account: dict[int, _SimilarDeal] = {}
    # Ranked from the most similar on, so that the first deal of an account is the one.
    for ranked in rank(session, catalog, inquiry, WON_KIN):
        if deal := deals.get(ranked.id):
            similar = _SimilarDeal(ranked.likeness, deal.key, deal.name)
            by_account.setdefault(deal.account_id, similar)
    return by_account


def _tags(session: Session, deal_ids: Sequence[int]) -> dict[int, _DealTags]:
    """The products and the competitors of each of these deals."""
    tags = {}
    for batch in batches(deal_ids):
        products = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, batch)
        competitors = names_of(
            session, Competitor, DealCompetitor.competitor_id, DealCompetitor.deal_id, batch
        )
        for deal_id in batch:
            tags[deal_id] = _DealTags(frozenset(products[deal_id]), frozenset(competitors[deal_id]))
    return tags


@dataclass(frozen=True)
class _PersonFacts:
    id: int
    title: str
    languages: str
    country: str | None


def _profiles(session: Session, people: Collection[int]) -> dict[int, _Profile]:
    profiles = {}
    for batch in batches(people):
        query = (
            select_row(
                _PersonFacts, Person, country=sa.func.coalesce(Person.country, Account.country)
            )
            .outerjoin(Account, col(Account.id) == col(Person.account_id))
            .where(col(Person.id).in_(batch))
        )
        for row in fetch(session, _PersonFacts, query):
            spoken = frozenset(code.lower() for code in split_values(row.languages))
            profiles[row.id] = _Profile(row.title, spoken, row.country)
    return profiles


@dataclass(frozen=True)
class _PastReference:
    advocate_id: int
    state: str
    outcome: str


def _last_helped(
    session: Session, viewer: Viewer, advocates: Collection[int]
) -> dict[int, bool | None]:
    """Whether each advocate's last reference, of those that the viewer may see, helped."""
    at = sa.func.coalesce(ReferenceRequest.starts_at, ReferenceRequest.changed_at)
    last: dict[int, bool | None] = {}
    for batch in batches(advocates):
        query = (
            select_row(_PastReference, ReferenceRequest)
            .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
            .where(
                visible_deals(viewer),
                col(ReferenceRequest.advocate_id).in_(batch),
                col(ReferenceRequest.state).in_((State.COMPLETED, State.MISSED)),
            )
            .order_by(at, col(ReferenceRequest.id))
        )
        for row in fetch(session, _PastReference, query):
            helped = row.outcome == "helped" if row.outcome else None
            last[row.advocate_id] = False if row.state == State.MISSED else helped
    return last
