"""Experts: the colleagues to bring in, ranked by evidence."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from similarity.inquiry import Inquiry, Question, Ranked, Want, ask_of_deal, ask_of_text, rank
from similarity.retrieval import ask, match, text_scores
from similarity.scoring import Term, Value, Weights
from workspace.assets import Asset, Use
from workspace.database import batches
from workspace.deals import credit
from workspace.deals.access import visible_deals
from workspace.deals.seat_roles import seat_roles
from workspace.deals.tables import Deal, Outcome, Seat
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# How many of the nearest deals vote for their people.
VOTERS = 500
VOTING_KIN = Want(VOTERS, pool=VOTERS)
# The worth of evidence halves with every this many days.
EVIDENCE_HALF_LIFE = 730
# The worth of a seat on a deal by the outcome.
OUTCOME_WORTH = {Outcome.WON: 1.0, Outcome.OPEN: 0.4, Outcome.LOST: 0.3}
# The worth of a seat by its role: more for roles that need expertise. Roles are known by their
# keys, because a company can rename them.
ROLE_WORTH = {"product-expert": 1.0, "sales-engineer": 1.0, "consultant": 0.9}
OTHER_ROLE_WORTH = 0.6
# The worth of votes at which a term of evidence has half of its greatest value.
HALF_PROVEN = 1.0
# With this many seats on open deals, a member has no time left.
FULL_LOAD = 6
EVIDENCE_SHOWN = 6

# The least shares of the greatest possible evidence for the bands 'strong' and 'fair'.
STRONG = 0.5
FAIR = 0.25
# The score of skills that at least corresponds to the value 1, so that a poor best fit stays low.
FAINT_FIT = 0.25

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
    # How many seats they fill on open deals that the viewer may see.
    load: int
    on_team: bool


class Vote(NamedTuple):
    """A deal's or asset's vote for a person: its relevance times the worth of their part in it."""

    person_id: int
    # The deal or the asset that votes.
    voter: int
    worth: float
    # Whether the deal or asset is in a better band than 'weak'.
    near: bool
    # Makes the evidence in words, which only a few of hundreds of votes need.
    evidence: Callable[[], Evidence]


def experts_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal, *, limit: int | None = 10
) -> list[Expert]:
    """The colleagues with the most evidence for a deal, from what the viewer may see."""
    return experts_of(session, catalog, ask_of_deal(session, viewer, catalog, deal), limit=limit)


def experts_of_text(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, *, limit: int = 10
) -> list[Expert]:
    """The colleagues with the most evidence for a text, from what the viewer may see."""
    return experts_of(session, catalog, ask_of_text(session, viewer, catalog, text), limit=limit)


def vote(relevance: float, people: int) -> float:
    """The worth of a document's vote for each of its people.

    Documents vote for their people by relevance (model 2 of Balog, Azzopardi & de Rijke, "Formal
    models for expert finding in enterprise corpora", 2006). Squaring keeps many weak matches from
    outvoting a few good ones. Among several people, each is less likely to be the expert.
    """
    return max(0.0, relevance) ** 2 / math.sqrt(max(1, people))


def proven(worth: float) -> float:
    """The value of evidence, from 0 towards 1, with diminishing returns."""
    return worth / (worth + HALF_PROVEN)


def decay(when: date | None, on: date) -> float:
    """The share that is left of evidence of a day; undated evidence counts as one half-life old."""
    days = max(0, (on - when).days) if when else EVIDENCE_HALF_LIFE
    return float(0.5 ** (days / EVIDENCE_HALF_LIFE))


def experts_of(
    session: Session, catalog: Catalog, inquiry: Inquiry, *, limit: int | None = 10
) -> list[Expert]:
    """The experts of an inquiry; without a limit, all who have any evidence."""
    kin = rank(session, catalog, inquiry, VOTING_KIN)
    team: set[int | None] = set()
    if inquiry.deal:
        on_team = select(Seat.person_id).where(Seat.deal_id == inquiry.deal.id)
        team = set(session.exec(on_team))
    members = {
        person_id: (key, name, title)
        for person_id, key, name, title in session.exec(
            select(Person.id, Person.key, Person.name, Person.title)
            .join(Member, col(Member.person_id) == col(Person.id))
            .where(col(Member.active).is_(True))
        )
    }
    on = inquiry.on
    on_deals = _by_person(_seat_votes(session, kin, on))
    on_assets = _by_person(_asset_votes(session, kin, on))
    skills = _skills(session, catalog, inquiry.question, members)
    loads = _loads(session, inquiry.viewer)
    experts = []
    for person_id, (key, name, title) in members.items():
        deals, written = on_deals[person_id], on_assets[person_id]
        skill = skills.get(person_id)
        if not deals and not written and (skill is None or skill.value < 0.5):
            continue
        load = loads.get(person_id, 0)
        terms = [
            Term("deals", proven(_worth(deals)), DEALS_WEIGHT, _deals_because(deals)),
            Term("assets", proven(_worth(written)), ASSETS_WEIGHT, _assets_because(written)),
            Term(
                "skills",
                skill.value if skill else 0.0,
                SKILLS_WEIGHT,
                skill.because if skill else "none declared that fit",
            ),
            Term("time", max(0.0, 1 - load / FULL_LOAD), TIME_WEIGHT, _load_because(load)),
        ]
        evidence = sorted([*deals, *written], key=lambda vote: -vote.worth)
        experts.append(
            Expert(
                person_id=person_id,
                key=key,
                name=name,
                title=title,
                score=scoring.score(terms),
                band=_band(terms),
                terms=sorted(terms, key=lambda term: -term.contribution),
                evidence=[vote.evidence() for vote in evidence[:EVIDENCE_SHOWN]],
                load=load,
                on_team=person_id in team,
            )
        )
    experts.sort(key=lambda expert: (-expert.score, expert.person_id))
    return experts[:limit]


def _seat_votes(session: Session, kin: Sequence[Ranked], on: date) -> Iterable[Vote]:
    """The votes of kin for their teams; closed kin also vote for former members of the team."""
    by_id = {deal.id: deal for deal in kin}
    best = max((deal.score for deal in kin), default=0) or 1.0
    worth_of_role = {role.name: ROLE_WORTH.get(role.key) for role in seat_roles(session)}
    for batch in batches(by_id):
        part = credit.seat_history(col(Deal.id).in_(batch))
        rows = session.execute(
            sa.select(part.c.person_id, part.c.role, part.c.deal_id, col(Deal.key), col(Deal.name))
            .join(Deal, col(Deal.id) == part.c.deal_id)
            # A member who left a seat and came back has one vote.
            .distinct()
            .order_by(part.c.deal_id, part.c.person_id, part.c.role)
        )
        seats = rows.all()
        team_size = Counter(deal_id for _, _, deal_id, _, _ in seats)
        deal_worth = {
            deal_id: vote(by_id[deal_id].score / best, people)
            * OUTCOME_WORTH[Outcome(by_id[deal_id].outcome)]
            for deal_id, people in team_size.items()
        }
        remaining = {
            deal_id: decay(by_id[deal_id].facets.closed or on, on) for deal_id in team_size
        }
        near = {deal_id: by_id[deal_id].band != "weak" for deal_id in team_size}
        # Unpacked: there are hundreds of rows, and access by name takes much longer.
        for person_id, role, deal_id, key, name in seats:
            role_worth = worth_of_role.get(role) or OTHER_ROLE_WORTH
            worth = deal_worth[deal_id] * role_worth * remaining[deal_id]
            evidence = partial(_on_deal, role, name, key, by_id[deal_id])
            yield Vote(person_id, deal_id, worth, near[deal_id], evidence)


def _asset_votes(session: Session, kin: Sequence[Ranked], on: date) -> Iterable[Vote]:
    """The votes of won kin for the authors of the assets that were used on them."""
    won = {deal.id: deal for deal in kin if deal.outcome == Outcome.WON and deal.band != "weak"}
    best = max((deal.score for deal in kin), default=0) or 1.0
    relevance: dict[int, float] = defaultdict(float)
    count: dict[int, int] = defaultdict(int)
    for batch in batches(won):
        rows = select(Use.asset_id, Use.deal_id).where(col(Use.deal_id).in_(batch)).distinct()
        for asset_id, deal_id in session.exec(rows):
            relevance[asset_id] += vote(won[deal_id].score / best, 1)
            count[asset_id] += 1
    assets = session.execute(
        sa.select(
            col(Asset.id),
            col(Asset.key),
            col(Asset.name),
            col(Asset.author_id),
            col(Asset.published),
        ).where(col(Asset.id).in_(list(relevance)), col(Asset.author_id).is_not(None))
    )
    for asset_id, key, name, author_id, published in assets:
        deals = f"{count[asset_id]} won deal{'s' if count[asset_id] > 1 else ''}"
        text = f"Wrote {name}, used on {deals} like this"
        worth = proven(relevance[asset_id]) * decay(published, on)
        evidence = partial(Evidence, text, published, None, key)
        yield Vote(author_id, asset_id, worth, True, evidence)


def _on_deal(role: str, name: str, key: str, deal: Ranked) -> Evidence:
    text = f"{role.capitalize()} on {name} ({deal.outcome})"
    return Evidence(text, deal.facets.closed, key, None)


def _skills(
    session: Session, catalog: Catalog, question: Question, members: Mapping[int, object]
) -> dict[int, Value]:
    """How far the declared skills of members fit the question, relative to the best fit."""
    with catalog.searching(session, Kind.PERSON) as collection:
        asked = ask(
            collection, question.text, question.vector, Weights(), catalog.encoder.languages
        )
        allowed = np.array(sorted(members), np.int64)
        matches = match(collection, asked, allowed=allowed, pool=len(members))
    scores = text_scores(matches, asked.weights)
    best = max([FAINT_FIT, *scores])
    rows = session.exec(select(Person.id, Person.skills).where(col(Person.id).in_(matches.ids)))
    declared = dict(rows.all())
    return {
        person_id: Value(
            scores[row] / best,
            f"declares {declared[person_id].replace(';', ',')}" if declared.get(person_id) else "",
        )
        for row, person_id in enumerate(matches.ids)
        if declared.get(person_id)
    }


def _loads(session: Session, viewer: Viewer) -> dict[int, int]:
    """How many seats each member fills on open deals that the viewer may see."""
    rows = session.exec(
        select(Seat.person_id, sa.func.count())
        .join(Deal, col(Deal.id) == col(Seat.deal_id))
        .where(
            visible_deals(viewer),
            Deal.outcome == Outcome.OPEN,
            col(Seat.person_id).is_not(None),
        )
        .group_by(col(Seat.person_id))
    )
    return {person_id: count for person_id, count in rows if person_id is not None}


def _by_person(votes: Iterable[Vote]) -> dict[int, list[Vote]]:
    votes_of: dict[int, list[Vote]] = defaultdict(list)
    for vote in votes:
        votes_of[vote.person_id].append(vote)
    return votes_of


def _worth(votes: Iterable[Vote]) -> float:
    return sum(vote.worth for vote in votes)


def _deals_because(votes: Sequence[Vote]) -> str:
    near = len({vote.voter for vote in votes if vote.near})
    return f"on {near} deal{'' if near == 1 else 's'} like this" if near else "on none like this"


def _assets_because(votes: Sequence[Vote]) -> str:
    if not votes:
        return "wrote none of the assets that won"
    return f"wrote {len(votes)} of the assets that won"


def _band(terms: Sequence[Term]) -> str:
    """The band of the evidence, without the term for time."""
    evidence = [term for term in terms if term.name != "time"]
    share = scoring.score(evidence) / sum(term.weight for term in evidence)
    return "strong" if share >= STRONG else "fair" if share >= FAIR else "weak"


def _load_because(load: int) -> str:
    return f"{load} seat{'' if load == 1 else 's'} on open deals"
