"""Experts: the colleagues to bring in, ranked by evidence."""

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity import scoring
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.inquiry import (
    Inquiry,
    Ranked,
    Want,
    ask_of_deal,
    ask_of_deals,
    ask_of_text,
    rank_each,
)
from similarity.retrieval import ask, match_among, text_scores
from similarity.scoring import Term, Weights
from workspace.assets.assets import Asset, Use
from workspace.database import batches
from workspace.deals import credit
from workspace.deals.seat_roles import seat_roles
from workspace.deals.tables import Deal, Outcome, Seat
from workspace.deals.workload import Load, loads_of
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once
from workspace.value_lists import split_values

# How many of the nearest deals vote for their people. Those in the band 'weak' do not vote.
VOTERS = 400
# The power of a relevance in its vote: with a greater one, few nearly equal matches decide.
VOTE_POWER = 1.25
VOTING_KIN = Want(VOTERS, pool=VOTERS)
# The worth of evidence halves with every this many days.
EVIDENCE_HALF_LIFE = 730
# The worth of a seat on a deal by the outcome.
OUTCOME_WORTH = {
    Outcome.WON: 1.0,
    Outcome.OPEN: 0.4,
    Outcome.PARKED: 0.4,
    Outcome.LOST: 0.3,
}
# The worth of a seat by its role: more for roles that need expertise. Roles are known by their
# keys, because a company can rename them.
ROLE_WORTH = {"product-expert": 1.0, "sales-engineer": 1.0, "consultant": 0.9}
OTHER_ROLE_WORTH = 0.6
# The worth of votes at which a term of evidence has half of its greatest value.
HALF_PROVEN = 1.0
EVIDENCE_SHOWN = 6

# The least shares of the greatest possible evidence for the bands 'strong' and 'fair'.
STRONG = 0.5
FAIR = 0.25
# The score of skills that at least corresponds to the value 1, so that a poor best fit stays low.
FAINT_FIT = 0.25
# The least scores of skills that fit at all: for a topic in a few words, and for a whole deal, with
# which a list of skills never has much in common. On the demo, five topics that nobody has scored
# 0.27 at most, and the right member for six topics of members, in English, 0.35 at least.
LEAST_FIT_OF_TEXT, LEAST_FIT_OF_DEAL = 0.3, 0.1
# The least value of skills that speaks for a member without any deal or asset.
LEAST_SKILL = 0.5

DEALS_WEIGHT = 0.6
ASSETS_WEIGHT = 0.2
SKILLS_WEIGHT = 0.35
TIME_WEIGHT = 0.1


@dataclass(frozen=True)
class Evidence:
    """One reason for an expert, in words, with the deal or asset that it comes from."""

    text: str
    when: date | None
    deal_key: str | None
    asset_key: str | None


@dataclass(frozen=True)
class Expert:
    """A colleague, with their score and the evidence for it."""

    person_id: int
    key: str
    name: str
    title: str
    score: float
    band: str
    terms: list[Term]
    evidence: list[Evidence]
    # Their workload by the open deals that the viewer may see.
    load: Load
    on_team: bool

    @property
    def is_full(self) -> bool:
        """Whether they can take no further seat, as far as the viewer may know."""
        return self.load.left == 0


class Vote(NamedTuple):
    """A deal's or asset's vote for a person: its relevance times the worth of their part in it."""

    person_id: int
    # The deal or the asset that votes.
    voter: int
    worth: float
    # Makes the evidence in words, which only a few of hundreds of votes need.
    evidence: Callable[[], Evidence]


class Proof(NamedTuple):
    """What speaks for a member: the votes for them, and how far their declared skills fit."""

    deals: Sequence[Vote]
    written: Sequence[Vote]
    skill: float
    skills: str
    # The share of the greatest possible evidence, at most 1.
    value: float

    @property
    def terms(self) -> list[Term]:
        """The terms of a score, without that for time."""
        skills = f"Skills: {', '.join(split_values(self.skills))}"
        return [
            Term("deals", _proven(self.deals), DEALS_WEIGHT, _deals_because(self.deals)),
            Term("assets", _proven(self.written), ASSETS_WEIGHT, _assets_because(self.written)),
            Term(
                "skills", self.skill, SKILLS_WEIGHT, skills if self.skill else "No skill that fits"
            ),
        ]

    @property
    def votes(self) -> list[Vote]:
        """The votes of deals and assets, the one of the greatest worth first."""
        return sorted([*self.deals, *self.written], key=lambda vote: -vote.worth)


def experts_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal, *, limit: int | None = 10
) -> list[Expert]:
    """The colleagues with the most evidence for a deal, from what the viewer may see."""
    return experts_of(session, catalog, ask_of_deal(session, viewer, catalog, deal), limit=limit)


def proofs_of(session: Session, catalog: Catalog, inquiry: Inquiry) -> dict[int, Proof]:
    """What speaks for which member in an inquiry, by the member's id."""
    (proofs,) = _proofs(session, catalog, [inquiry], _members(session))
    return proofs


def experts_of_text(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    *,
    limit: int = 10,
    without: Container[str] = (),
) -> list[Expert]:
    """The colleagues with the most evidence for a text, from what the viewer may see.

    `without` has the ids of facets that the text names and that do not count.
    """
    asked = ask_of_text(session, viewer, catalog, text, without=without)
    return experts_of(session, catalog, asked, limit=limit)


def proofs_of_deals(
    session: Session, viewer: Viewer, catalog: Catalog, deals: Sequence[Deal]
) -> dict[int, dict[int, Proof]]:
    """What speaks for which member on each of these deals, by the ids of deal and member."""
    inquiries = ask_of_deals(session, viewer, catalog, deals)
    found = _proofs(session, catalog, inquiries, _members(session))
    return {deal.id: proofs for deal, proofs in zip(deals, found, strict=True)}


def vote(relevance: float, people: int) -> float:
    """The worth of a document's vote for each of its people.

    Documents vote for their people by relevance (model 2 of Balog, Azzopardi & de Rijke, "Formal
    models for expert finding in enterprise corpora", 2006). A power keeps many weak matches from
    outvoting a few good ones. Among several people, each is less likely to be the expert.
    """
    return math.pow(max(0.0, relevance), VOTE_POWER) / math.sqrt(max(1, people))


def proven(worth: float) -> float:
    """The value of evidence, from 0 towards 1, with diminishing returns."""
    return worth / (worth + HALF_PROVEN)


def decay(when: date | None, on: date) -> float:
    """The share that is left of evidence of a day; undated evidence counts as one half-life old."""
    days = max(0, (on - when).days) if when else EVIDENCE_HALF_LIFE
    return float(0.5 ** (days / EVIDENCE_HALF_LIFE))


def experts_of(
    session: Session,
    catalog: Catalog,
    inquiry: Inquiry,
    *,
    limit: int | None = 10,
    proofs: Mapping[int, Proof] | None = None,
) -> list[Expert]:
    """The experts of an inquiry; without a limit, all who have any evidence.

    The deal's owner is left out, and members who can take no further seat come last. `proofs` are
    those of `proofs_of`, where they are known already.
    """
    team: set[int | None] = set()
    if inquiry.deal:
        on_team = select(Seat.person_id).where(Seat.deal_id == inquiry.deal.id)
        team = set(session.exec(on_team))
    members = _members(session)
    if proofs is None:
        (proofs,) = _proofs(session, catalog, [inquiry], members)
    loads = loads_of(session, inquiry.viewer)
    experts = []
    for person_id, proof in proofs.items():
        if inquiry.deal and person_id == inquiry.deal.owner_id:
            continue
        key, name, title, _ = members[person_id]
        load = loads[person_id]
        proven_terms = proof.terms
        terms = [*proven_terms, Term("time", load.share_left, TIME_WEIGHT, load.text)]
        experts.append(
            Expert(
                person_id=person_id,
                key=key,
                name=name,
                title=title,
                score=scoring.score(terms),
                band=_band(proven_terms),
                terms=sorted(terms, key=lambda term: -term.contribution),
                evidence=[vote.evidence() for vote in proof.votes[:EVIDENCE_SHOWN]],
                load=load,
                on_team=person_id in team,
            )
        )
    experts.sort(key=lambda expert: (expert.is_full, -expert.score, expert.person_id))
    return experts[:limit]


_MEMBERS = (
    sa.select(*map(col, (Person.id, Person.key, Person.name, Person.title, Person.skills)))
    .join(Member, col(Member.person_id) == col(Person.id))
    .where(col(Member.active).is_(True))
    .order_by(col(Person.id))
)


def _members(session: Session) -> dict[int, tuple[str, str, str, str]]:
    """The key, name, title and declared skills of each active member."""
    rows = found_once(session, _MEMBERS, lambda: session.execute(_MEMBERS).all())
    return {person_id: (key, name, title, skills) for person_id, key, name, title, skills in rows}


def _proofs(
    session: Session,
    catalog: Catalog,
    inquiries: Sequence[Inquiry],
    members: Mapping[int, tuple[str, str, str, str]],
) -> list[dict[int, Proof]]:
    """What speaks for which member in each inquiry; the record is read once for all of them."""
    kin_of_each = [
        [deal for deal in ranked if deal.band != "weak"]
        for ranked in rank_each(session, catalog, inquiries, VOTING_KIN)
    ]
    voters = {deal.id for kin in kin_of_each for deal in kin}
    teams, library = _teams(session, voters), _library(session, voters)
    worth_of_role = {role.name: ROLE_WORTH.get(role.key) for role in seat_roles(session)}
    declared = {person_id: skills for person_id, (*_, skills) in members.items()}
    skills_of_each = _skills(session, catalog, inquiries, declared)
    found = []
    for inquiry, kin, skills in zip(inquiries, kin_of_each, skills_of_each, strict=True):
        on_deals = _by_person(_seat_votes(kin, teams, worth_of_role, inquiry.on))
        on_assets = _by_person(_asset_votes(kin, library, inquiry.on))
        proofs = {}
        for person_id in sorted(on_deals.keys() | on_assets.keys() | skills.keys()):
            if person_id not in declared:
                continue
            own = declared[person_id]
            deals, written = on_deals.get(person_id, ()), on_assets.get(person_id, ())
            skill = skills.get(person_id, 0.0)
            if deals or written or skill >= LEAST_SKILL:
                value = _share(_proven(deals), _proven(written), skill)
                proofs[person_id] = Proof(deals, written, skill, own, value)
        found.append(proofs)
    return found


class _Seated(NamedTuple):
    """A member's seat on a deal, present or past."""

    person_id: int
    role: str
    key: str
    name: str


class _Written(NamedTuple):
    """An asset with an author, and the deals that it was used on."""

    author_id: int
    id: int
    key: str
    name: str
    published: date | None
    deals: frozenset[int]


def _teams(session: Session, deal_ids: Iterable[int]) -> dict[int, list[_Seated]]:
    """The teams of these deals; closed ones with their former members."""
    teams: dict[int, list[_Seated]] = defaultdict(list)
    for batch in batches(sorted(deal_ids)):
        part = credit.seat_history(col(Deal.id).in_(batch))
        rows = session.execute(
            sa.select(part.c.deal_id, part.c.person_id, part.c.role, col(Deal.key), col(Deal.name))
            .join(Deal, col(Deal.id) == part.c.deal_id)
            # A member who left a seat and came back has one vote.
            .distinct()
            .order_by(part.c.deal_id, part.c.person_id, part.c.role)
        )
        for deal_id, *seated in rows:
            teams[deal_id].append(_Seated(*seated))
    return teams


def _library(session: Session, deal_ids: Iterable[int]) -> list[_Written]:
    """The assets with an author that were used on these deals."""
    used: dict[int, set[int]] = defaultdict(set)
    for batch in batches(sorted(deal_ids)):
        rows = select(Use.asset_id, Use.deal_id).where(col(Use.deal_id).in_(batch))
        for asset_id, deal_id in session.exec(rows):
            used[asset_id].add(deal_id)
    columns = (Asset.author_id, Asset.id, Asset.key, Asset.name, Asset.published)
    library = []
    for batch in batches(sorted(used)):
        assets = session.execute(
            sa.select(*map(col, columns))
            .where(col(Asset.id).in_(batch), col(Asset.author_id).is_not(None))
            .order_by(col(Asset.id))
        )
        for author_id, asset_id, key, name, published in assets:
            deals = frozenset(used[asset_id])
            library.append(_Written(author_id, asset_id, key, name, published, deals))
    return library


def _seat_votes(
    kin: Sequence[Ranked],
    teams: Mapping[int, Sequence[_Seated]],
    worth_of_role: Mapping[str, float | None],
    on: date,
) -> Iterable[Vote]:
    """The votes of kin for their teams."""
    best = max((deal.score for deal in kin), default=0) or 1.0
    for deal in kin:
        team = teams.get(deal.id, ())
        deal_worth = vote(deal.score / best, len(team)) * OUTCOME_WORTH[Outcome(deal.outcome)]
        deal_worth *= decay(deal.facets.closed or on, on)
        # Unpacked: there are hundreds of rows, and access by name takes much longer.
        for person_id, role, key, name in team:
            worth = deal_worth * (worth_of_role.get(role) or OTHER_ROLE_WORTH)
            yield Vote(person_id, deal.id, worth, partial(_on_deal, role, name, key, deal))


def _asset_votes(kin: Sequence[Ranked], library: Sequence[_Written], on: date) -> Iterable[Vote]:
    """The votes of won kin for the authors of the assets that were used on them."""
    best = max((deal.score for deal in kin), default=0) or 1.0
    won = {deal.id: vote(deal.score / best, 1) for deal in kin if deal.outcome == Outcome.WON}
    for asset in library:
        votes = [won[deal_id] for deal_id in sorted(asset.deals & won.keys())]
        if votes:
            deals = f"{len(votes)} won deal{'s' if len(votes) > 1 else ''}"
            text = f"Wrote {asset.name}, used on {deals} like this"
            worth = proven(math.fsum(votes)) * decay(asset.published, on)
            evidence = partial(Evidence, text, asset.published, None, asset.key)
            yield Vote(asset.author_id, asset.id, worth, evidence)


def _on_deal(role: str, name: str, key: str, deal: Ranked) -> Evidence:
    text = f"{role.capitalize()} on {name} ({deal.outcome})"
    return Evidence(text, deal.facets.closed, key, None)


def _skills(
    session: Session,
    catalog: Catalog,
    inquiries: Sequence[Inquiry],
    declared: Mapping[int, str],
) -> list[dict[int, float]]:
    """How far the declared skills that fit each inquiry do so, relative to the best fit."""
    allowed = np.array(sorted(declared), np.int64)
    searches = []
    with catalog.searching(session, Kind.PERSON) as collection:
        for inquiry in inquiries:
            question = inquiry.question
            asked = ask(
                collection,
                question.text,
                question.vector,
                Weights(),
                catalog.encoder.languages,
                is_document=inquiry.deal is not None,
            )
            searches.append((asked, match_among(collection, asked, allowed)))
    skills = []
    for inquiry, (asked, matches) in zip(inquiries, searches, strict=True):
        least = LEAST_FIT_OF_DEAL if inquiry.deal else LEAST_FIT_OF_TEXT
        scores = text_scores(matches, asked.weights)
        best = max([FAINT_FIT, *scores])
        skills.append(
            {
                person_id: score / best
                for person_id, score in zip(matches.ids, scores, strict=True)
                if score >= least and declared[person_id]
            }
        )
    return skills


def _by_person(votes: Iterable[Vote]) -> dict[int, list[Vote]]:
    votes_of: dict[int, list[Vote]] = defaultdict(list)
    for vote in votes:
        votes_of[vote.person_id].append(vote)
    return votes_of


def _proven(votes: Sequence[Vote]) -> float:
    return proven(sum([vote.worth for vote in votes])) if votes else 0.0


def _deals_because(votes: Sequence[Vote]) -> str:
    deals = len({vote.voter for vote in votes})
    if not deals:
        return "No similar deals yet"
    return f"On {deals} deal{'' if deals == 1 else 's'} like this"


def _assets_because(votes: Sequence[Vote]) -> str:
    if not votes:
        return "Wrote none of the content that won"
    return f"Wrote {len(votes)} piece{'' if len(votes) == 1 else 's'} of the content that won"


def _share(deals: float, assets: float, skill: float) -> float:
    """The share of the greatest possible evidence, at most 1."""
    worth = DEALS_WEIGHT * deals + ASSETS_WEIGHT * assets + SKILLS_WEIGHT * skill
    return min(1.0, worth / (DEALS_WEIGHT + ASSETS_WEIGHT + SKILLS_WEIGHT))


def _band(evidence: Sequence[Term]) -> str:
    share = scoring.score(evidence) / sum(term.weight for term in evidence)
    return "strong" if share >= STRONG else "fair" if share >= FAIR else "weak"
