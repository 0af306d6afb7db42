"""Experts: the colleagues to bring in, by evidence."""

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

# The nearest documents that vote for their people.
VOTERS = 500
VOTING_KIN = Want(VOTERS, pool=VOTERS)
# Evidence counts half as much after this many days.
EVIDENCE_HALF_LIFE = 730
# What a seat on a deal proves, by how the deal went.
OUTCOME_WORTH = {Outcome.WON: 1.0, Outcome.OPEN: 0.4, Outcome.LOST: 0.3}
# What a seat proves by its role: those who were there for what they know prove more.
# Roles go by their keys: a company may call them otherwise.
ROLE_WORTH = {"product-expert": 1.0, "sales-engineer": 1.0, "consultant": 0.9}
OTHER_ROLE_WORTH = 0.6
# This much evidence is worth half of the most that evidence can be.
HALF_PROVEN = 1.0
# A member with this many seats on open deals has no time left.
FULL_LOAD = 6
EVIDENCE_SHOWN = 6

# The share of the most that evidence can be from which experts are strong, and fair.
STRONG = 0.5
FAIR = 0.25
# What fits the question no better than this says little of anybody's skills.
FAINT_FIT = 0.25

DEALS_WEIGHT = 0.6
ASSETS_WEIGHT = 0.2
SKILLS_WEIGHT = 0.35
TIME_WEIGHT = 0.1


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for an expert, in words, with the deal or asset it is about."""

    text: str
    when: date | None
    deal_key: str | None
    asset_key: str | None


@dataclass(frozen=True)
class Expert:
    """A colleague, the score that ranks them, and what it rests on."""

    person_id: int
    key: str
    name: str
    title: str
    score: float
    band: str
    terms: list[Term]
    evidence: list[Evidence]
    # How many seats on open deals they fill, of the deals that the viewer may see.
    load: int
    on_team: bool


class Vote(NamedTuple):
    """A document's vote for a person: how relevant it is, times what their part in it proves."""

    person_id: int
    # The deal or the asset that votes.
    voter: int
    worth: float
    # Whether the document is near enough to be named as one like this.
    near: bool
    # Puts it into words: of hundreds of votes, those of a few are shown.
    evidence: Callable[[], Evidence]


def experts_of_deal(
    session: Session, viewer: Viewer, catalog: Catalog, deal: Deal, *, limit: int | None = 10
) -> list[Expert]:
    """The colleagues with the most evidence for a deal, by what the viewer may see."""
    return experts_of(session, catalog, ask_of_deal(session, viewer, catalog, deal), limit=limit)


def experts_of_text(
    session: Session, viewer: Viewer, catalog: Catalog, text: str, *, limit: int = 10
) -> list[Expert]:
    """The colleagues with the most evidence for what a text says."""
    return experts_of(session, catalog, ask_of_text(session, viewer, catalog, text), limit=limit)


def vote(relevance: float, people: int) -> float:
    """What a document's vote for one of its people is worth.

    Documents vote for their people by how relevant they are (model 2 of Balog, Azzopardi & de
    Rijke, "Formal models for expert finding in enterprise corpora", 2006). Squaring keeps many
    faint matches from outvoting a few good ones; who shares a document with others is a little
    less surely the one who knew.
    """
    return max(0.0, relevance) ** 2 / math.sqrt(max(1, people))


def proven(worth: float) -> float:
    """How much evidence proves, from 0 towards 1: more of it adds less and less."""
    return worth / (worth + HALF_PROVEN)


def decay(when: date | None, on: date) -> float:
    """What is left of evidence from that day; undated evidence is taken as one half-life old."""
    days = max(0, (on - when).days) if when else EVIDENCE_HALF_LIFE
    return float(0.5 ** (days / EVIDENCE_HALF_LIFE))


def experts_of(
    session: Session, catalog: Catalog, inquiry: Inquiry, *, limit: int | None = 10
) -> list[Expert]:
    """The experts that are asked for; without a limit all who have any evidence."""
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
    """A vote of each kin for everybody on its team, and of closed ones for those who left it."""
    by_id = {each.id: each for each in kin}
    best = max((each.score for each in kin), default=0) or 1.0
    worth_of = {role.name: ROLE_WORTH.get(role.key) for role in seat_roles(session)}
    for batch in batches(by_id):
        part = credit.seat_history(col(Deal.id).in_(batch))
        rows = session.execute(
            sa.select(part.c.person_id, part.c.role, part.c.deal_id, col(Deal.key), col(Deal.name))
            .join(Deal, col(Deal.id) == part.c.deal_id)
            # Who left a seat and came back had one part in it.
            .distinct()
            .order_by(part.c.deal_id, part.c.person_id, part.c.role)
        )
        seats = rows.all()
        team = Counter(deal_id for _, _, deal_id, _, _ in seats)
        worth = {
            deal_id: vote(by_id[deal_id].score / best, people)
            * OUTCOME_WORTH[Outcome(by_id[deal_id].outcome)]
            for deal_id, people in team.items()
        }
        left = {deal_id: decay(by_id[deal_id].facets.closed or on, on) for deal_id in team}
        near = {deal_id: by_id[deal_id].band != "weak" for deal_id in team}
        for person_id, role, deal_id, key, name in seats:
            each = by_id[deal_id]
            role_worth = worth_of.get(role) or OTHER_ROLE_WORTH
            proves = worth[deal_id] * role_worth * left[deal_id]
            told = partial(_on_deal, role, name, key, each)
            yield Vote(person_id, deal_id, proves, near[deal_id], told)


def _asset_votes(session: Session, kin: Sequence[Ranked], on: date) -> Iterable[Vote]:
    """A vote of each near kin that was won for the authors of the assets used on it."""
    won = {each.id: each for each in kin if each.outcome == Outcome.WON and each.band != "weak"}
    best = max((each.score for each in kin), default=0) or 1.0
    used: dict[int, float] = defaultdict(float)
    count: dict[int, int] = defaultdict(int)
    for batch in batches(won):
        rows = select(Use.asset_id, Use.deal_id).where(col(Use.deal_id).in_(batch)).distinct()
        for asset_id, deal_id in session.exec(rows):
            used[asset_id] += vote(won[deal_id].score / best, 1)
            count[asset_id] += 1
    assets = session.execute(
        sa.select(
            col(Asset.id),
            col(Asset.key),
            col(Asset.name),
            col(Asset.author_id),
            col(Asset.published),
        ).where(col(Asset.id).in_(list(used)), col(Asset.author_id).is_not(None))
    )
    for asset_id, key, name, author_id, published in assets:
        deals = f"{count[asset_id]} won deal{'s' if count[asset_id] > 1 else ''}"
        text = f"Wrote {name}, used on {deals} like this"
        worth = proven(used[asset_id]) * decay(published, on)
        told = partial(Evidence, text, published, None, key)
        yield Vote(author_id, asset_id, worth, True, told)


def _on_deal(role: str, name: str, key: str, deal: Ranked) -> Evidence:
    text = f"{role.capitalize()} on {name} ({deal.outcome})"
    return Evidence(text, deal.facets.closed, key, None)


def _skills(
    session: Session, catalog: Catalog, question: Question, members: Mapping[int, object]
) -> dict[int, Value]:
    """How far what members declare fits the question, next to the one whom it fits best."""
    with catalog.searching(session, Kind.PERSON) as collection:
        asked = ask(
            collection, question.text, question.vector, Weights(), catalog.encoder.languages
        )
        allowed = np.array(sorted(members), np.int64)
        found = match(collection, asked, allowed=allowed, pool=len(members))
    scores = text_scores(found, asked.weights)
    best = max([FAINT_FIT, *scores])
    rows = session.exec(select(Person.id, Person.skills).where(col(Person.id).in_(found.ids)))
    declared = dict(rows.all())
    return {
        person_id: Value(
            scores[row] / best,
            f"declares {declared[person_id].replace(';', ',')}" if declared.get(person_id) else "",
        )
        for row, person_id in enumerate(found.ids)
        if declared.get(person_id)
    }


def _loads(session: Session, viewer: Viewer) -> dict[int, int]:
    """How many seats on open deals each member fills, of the deals that the viewer may see."""
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
    found: dict[int, list[Vote]] = defaultdict(list)
    for vote in votes:
        found[vote.person_id].append(vote)
    return found


def _worth(votes: Iterable[Vote]) -> float:
    return sum(vote.worth for vote in votes)


def _deals_because(votes: Sequence[Vote]) -> str:
    near = len({each.voter for each in votes if each.near})
    return f"on {near} deal{'' if near == 1 else 's'} like this" if near else "on none like this"


def _assets_because(votes: Sequence[Vote]) -> str:
    if not votes:
        return "wrote none of the assets that won"
    return f"wrote {len(votes)} of the assets that won"


def _band(terms: Sequence[Term]) -> str:
    """How strong the evidence is, whether or not they have time."""
    evidence = [term for term in terms if term.name != "time"]
    share = scoring.score(evidence) / sum(term.weight for term in evidence)
    return "strong" if share >= STRONG else "fair" if share >= FAIR else "weak"


def _load_because(load: int) -> str:
    return f"{load} seat{'' if load == 1 else 's'} on open deals"
