"""For a deal and an activity: which advocates to ask, why them, and who cannot be asked now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from references import matching
from references.desk.advocates import Activity, Advocate
from references.desk.budgets import Availability, availability
from references.desk.request import ReferenceRequest, State
from references.matching import Candidate, Match, Wanted
from references.network.paths import KnownPath, Network, Step, known, opposing, steps_of
from references.network.ties import Visibility
from similarity.index.catalog import Catalog
from similarity.index.collection import POOL
from similarity.index.sources import names_of
from similarity.inquiry import Inquiry, Want, ask_of_deal, rank
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.stakeholders import Stakeholder
from workspace.deals.tables import Competitor, Deal, DealCompetitor, DealProduct, Outcome, Product
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.value_lists import split_values

# The won deals of whose accounts advocates are most like those who would be talked to.
WON_KIN = Want(POOL, DealFilter(outcome=Outcome.WON))
# Of an account whose stakeholders nobody has named, so many of its people are aimed at.
MOST_AIMED_AT = 200
# Those who decide are talked to first.
_FIRST = ("economic buyer", "decision maker", "executive sponsor", "champion")


@dataclass(frozen=True)
class Offer:
    """An advocate to ask, with the reasons."""

    advocate_id: int
    person: Step
    match: Match
    # The strongest path from them to one of those aimed at.
    path: KnownPath | None
    # Whom they would talk to: the end of the path, else who decides.
    prospect: Step | None
    availability: Availability
    # The deal of theirs that is most like this one.
    deal_key: str | None
    deal_name: str


@dataclass(frozen=True)
class LeftOut:
    """An advocate who cannot be asked now: why not, and from when on they can."""

    person: Step
    reason: str
    next_on: date | None


@dataclass(frozen=True)
class Offers:
    """What the References tab of a deal offers."""

    offered: list[Offer]
    # How many could be asked, those beyond the limit too.
    count: int
    left_out: list[LeftOut]
    # Those who are aimed at, the first to talk to first.
    aimed_at: list[Step]
    # Whether they are the deal's stakeholders; else they are anybody at its account.
    stakeholders: bool


@dataclass(frozen=True)
class _Likeness:
    """Of an account's won deals, the one that is most like the deal in question."""

    value: float
    deal_key: str
    deal_name: str


def offers(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    network: Network,
    deal: Deal,
    activity: Activity,
    *,
    prospect: int | None = None,
    limit: int = 20,
    on: date | None = None,
    inquiry: Inquiry | None = None,
) -> Offers:
    """The advocates to ask on a deal, the best first; `prospect` narrows down whom they know.

    Those who may not be asked on that day are left out, with the reason. An `inquiry` that
    this viewer makes about this deal in any case is gone on with.
    """
    on = on or today()
    aimed_at, named = aims(session, deal)
    if prospect is not None:
        aimed_at = [person for person in aimed_at if person == prospect]
    rows = _advocates(session, deal)
    may = availability(session, [each.id for each in rows], activity, on)
    asked = [each for each in rows if may[each.id].may_be_asked]
    steps = steps_of(session, {*(each.person_id for each in rows), *aimed_at})
    paths = _paths(session, viewer, network, aimed_at, [each.person_id for each in asked])
    inquiry = inquiry or ask_of_deal(session, viewer, catalog, deal)
    candidates = _candidates(session, catalog, inquiry, deal, asked, may, paths, aimed_at)
    matches = matching.match((wanted, candidate) for wanted, candidate, _ in candidates)
    likeness = {candidate.id: like for _, candidate, like in candidates}
    person_of = {each.id: each.person_id for each in asked}
    offered = []
    for each in matches[:limit]:
        person = person_of[each.id]
        path = paths.get(person)
        like = likeness[each.id]
        end = path.people[-1].id if path else aimed_at[0] if aimed_at else None
        offered.append(
            Offer(
                advocate_id=each.id,
                person=steps[person],
                match=each,
                path=path,
                prospect=steps[end] if end is not None else None,
                availability=may[each.id],
                deal_key=like.deal_key if like else None,
                deal_name=like.deal_name if like else "",
            )
        )
    left_out = [
        LeftOut(steps[each.person_id], may[each.id].reason, may[each.id].next_on)
        for each in rows
        if not may[each.id].may_be_asked
    ]
    left_out.sort(key=lambda each: (each.next_on or date.max, each.person.name))
    return Offers(offered, len(matches), left_out, [steps[person] for person in aimed_at], named)


@dataclass(frozen=True)
class Asked:
    """A reference request of a deal, as a line."""

    key: str
    activity: str
    state: str
    due: date | None
    advocate: str | None
    prospect: str | None
    requested_by: str | None


def asked_on(session: Session, deal_id: int) -> list[Asked]:
    """The reference requests of a deal that the caller may see, the newest first."""
    advocate, prospect, by = aliased(Person), aliased(Person), aliased(Person)
    rows = session.execute(
        sa.select(
            col(ReferenceRequest.key),
            col(ReferenceRequest.activity),
            col(ReferenceRequest.state),
            col(ReferenceRequest.due),
            col(advocate.name),
            col(prospect.name),
            col(by.name),
        )
        .outerjoin(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
        .outerjoin(advocate, col(advocate.id) == col(Advocate.person_id))
        .outerjoin(prospect, col(prospect.id) == col(ReferenceRequest.prospect_id))
        .outerjoin(by, col(by.id) == col(ReferenceRequest.requested_by_id))
        .where(col(ReferenceRequest.deal_id) == deal_id)
        .order_by(col(ReferenceRequest.id).desc())
    )
    return [Asked(*row) for row in rows]


def fit(offer: Offer) -> str:
    """Why this advocate, in a line that everybody who may see the deal may read.

    A path over ties that only some may know of is left out of it.
    """
    private = offer.path is not None and any(
        tie.shared_with != Visibility.EVERYONE for ties in offer.path.evidence for tie in ties
    )
    reasons = [
        term.because
        for term in offer.match.terms
        if term.contribution > 0 and not (private and term.name == "path")
    ]
    return "; ".join(reasons[:3])


def aims(session: Session, deal: Deal) -> tuple[list[int], bool]:
    """Whom a reference is to reach, and whether they were named as stakeholders."""
    rows = session.exec(
        select(Stakeholder).where(Stakeholder.deal_id == deal.id).order_by(col(Stakeholder.id))
    ).all()
    if rows:
        first = {role: place for place, role in enumerate(_FIRST)}
        order = sorted(rows, key=lambda row: first.get(row.buying_role, len(first)))
        return [row.person_id for row in order], True
    if deal.account_id is None:
        return [], False
    people = select(Person.id).where(Person.account_id == deal.account_id)
    return list(session.exec(people.order_by(Person.name).limit(MOST_AIMED_AT))), False


@dataclass(frozen=True)
class _Vouching:
    """An advocate, as a person at an account."""

    id: int
    person_id: int
    account_id: int | None


def _advocates(session: Session, deal: Deal) -> list[_Vouching]:
    """Every advocate but those of the deal's own account."""
    elsewhere = col(Person.account_id).is_distinct_from(deal.account_id)
    query = (
        select(Advocate.id, Person.id, Person.account_id)
        .join(Person, col(Person.id) == col(Advocate.person_id))
        .where(sa.or_(elsewhere, col(Person.account_id).is_(None)))
    )
    return [_Vouching(*row) for row in session.exec(query.order_by(col(Advocate.id)))]


def _paths(
    session: Session,
    viewer: Viewer,
    network: Network,
    aims: Collection[int],
    people: Collection[int],
) -> dict[int, KnownPath]:
    """The strongest path from each of these people to one of those aimed at.

    It does not lead over ourselves: that we know both is no reference.
    """
    if not aims:
        return {}
    graph, lent = network.graph(session), network.lent(session, viewer)
    avoid = {*session.exec(select(Member.person_id)), *opposing(session)} - set(aims)
    # Looked for from the other end: that set of people is the same for every advocate.
    found = graph.nearest(aims, people, extra=lent, avoid=avoid)
    chains = [found[person].people[::-1] for person in people if person in found]
    return {path.people[0].id: path for path in known(session, viewer, chains)}


def _candidates(
    session: Session,
    catalog: Catalog,
    inquiry: Inquiry,
    deal: Deal,
    asked: Sequence[_Vouching],
    may: dict[int, Availability],
    paths: dict[int, KnownPath],
    aims: Sequence[int],
) -> list[tuple[Wanted, Candidate, _Likeness | None]]:
    viewer = inquiry.viewer
    accounts = {each.account_id for each in asked if each.account_id}
    won = _won(session, viewer, accounts)
    likeness = _likeness(session, catalog, inquiry, won)
    names = _names(session, [deal.id, *won])
    by_account: dict[int, list[int]] = {}
    for deal_id, (account, _, _) in won.items():
        by_account.setdefault(account, []).append(deal_id)
    facts = _facts(session, {*aims, *(each.person_id for each in asked)})
    helped = _last_outcomes(session, viewer, [each.id for each in asked])
    found = []
    for each in asked:
        path = paths.get(each.person_id)
        end = path.people[-1].id if path else aims[0] if aims else None
        title, languages, country = facts.get(end or 0, ("", frozenset(), None))
        theirs = by_account.get(each.account_id or 0, [])
        like = likeness.get(each.account_id or 0)
        own_title, own_languages, own_country = facts[each.person_id]
        found.append(
            (
                Wanted(*names[deal.id], title=title, languages=languages, country=country),
                Candidate(
                    id=each.id,
                    path=path.strength if path else 0.0,
                    path_because=_reached(path) if path else "no path to them that we know of",
                    likeness=like.value if like else 0.0,
                    likeness_because=(
                        f"like {like.deal_name}" if like else "no won deal of theirs is like this"
                    ),
                    products=frozenset().union(*(names[deal_id][0] for deal_id in theirs)),
                    competitors=frozenset().union(*(names[deal_id][1] for deal_id in theirs)),
                    title=own_title,
                    languages=own_languages,
                    country=own_country,
                    left=_left(may[each.id]),
                    last_helped=helped.get(each.id),
                ),
                like,
            )
        )
    return found


def _reached(path: KnownPath) -> str:
    """How a path reaches its end, in words."""
    end = path.people[-1].name
    if len(path.people) == 2:
        return f"knows {end} ({path.evidence[0][0].kind})"
    return f"reaches {end} over {' and '.join(step.name for step in path.people[1:-1])}"


def _won(
    session: Session, viewer: Viewer, accounts: Collection[int]
) -> dict[int, tuple[int, str, str]]:
    """The won deals of these accounts that the viewer may see: (account, key, name) by id."""
    found: dict[int, tuple[int, str, str]] = {}
    for batch in batches(accounts):
        rows = session.execute(
            sa.select(col(Deal.id), col(Deal.account_id), col(Deal.key), col(Deal.name)).where(
                visible_deals(viewer),
                col(Deal.outcome) == Outcome.WON,
                col(Deal.account_id).in_(batch),
            )
        )
        found.update({row[0]: (row[1], row[2], row[3]) for row in rows})
    return found


def _likeness(
    session: Session,
    catalog: Catalog,
    inquiry: Inquiry,
    won: dict[int, tuple[int, str, str]],
) -> dict[int, _Likeness]:
    """The most alike won deal of each account, where it is among the deal's kin."""
    ranked = rank(session, catalog, inquiry, WON_KIN)
    found: dict[int, _Likeness] = {}
    for each in ranked:
        if each.id in won:
            account, key, name = won[each.id]
            found.setdefault(account, _Likeness(each.likeness, key, name))
    return found


def _names(
    session: Session, deal_ids: Sequence[int]
) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    """The products and the competitors of each of these deals."""
    found = {}
    for batch in batches(deal_ids):
        products = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, batch)
        against = names_of(
            session, Competitor, DealCompetitor.competitor_id, DealCompetitor.deal_id, batch
        )
        for each in batch:
            found[each] = (frozenset(products[each]), frozenset(against[each]))
    return found


def _facts(
    session: Session, people: Collection[int]
) -> dict[int, tuple[str, frozenset[str], str | None]]:
    """Of each of these people the title, the languages and the country, else their account's."""
    found = {}
    for batch in batches(people):
        rows = session.execute(
            sa.select(
                col(Person.id),
                col(Person.title),
                col(Person.languages),
                sa.func.coalesce(Person.country, Account.country),
            )
            .outerjoin(Account, col(Account.id) == col(Person.account_id))
            .where(col(Person.id).in_(batch))
        )
        for row_id, title, languages, country in rows:
            spoken = frozenset(language.lower() for language in split_values(languages))
            found[row_id] = (title, spoken, country)
    return found


def _last_outcomes(
    session: Session, viewer: Viewer, advocates: Collection[int]
) -> dict[int, bool | None]:
    """Whether the last reference of each of these advocates that the viewer may know of helped."""
    when = sa.func.coalesce(ReferenceRequest.starts_at, ReferenceRequest.changed_at)
    found: dict[int, bool | None] = {}
    for batch in batches(advocates):
        rows = session.execute(
            sa.select(
                col(ReferenceRequest.advocate_id),
                col(ReferenceRequest.state),
                col(ReferenceRequest.outcome),
            )
            .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
            .where(
                visible_deals(viewer),
                col(ReferenceRequest.advocate_id).in_(batch),
                col(ReferenceRequest.state).in_((State.COMPLETED, State.MISSED)),
            )
            .order_by(when, col(ReferenceRequest.id))
        )
        for advocate, state, outcome in rows:
            helped = None if not outcome else outcome == "helped"
            found[advocate] = False if state == State.MISSED else helped
    return found


def _left(may: Availability) -> int | None:
    """How many more asks there are for now; None where nothing limits them."""
    limits = [left for left in (may.customer_left, may.own_left) if left is not None]
    return min(limits) if limits else None
