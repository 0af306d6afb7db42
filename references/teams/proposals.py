"""Proposed teams: members for the open seats of deals, by what they may do, evidence and workload.

The open seats of all deals that a viewer may see are one program, so that nobody gets more than
they have room for, and a deal's proposal is the same on its own page and across the pipeline.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.common_ground import Shared, ground_of_pairs, worth_of
from references.teams.assignment import (
    CANDIDATES,
    WEIGHTS,
    Candidate,
    Opening,
    propose,
)
from references.teams.expertise import RememberedExpertise, Values, values_of
from references.teams.understaffed import MOST_DEALS, understaffed
from similarity.experts import ROLE_WORTH, Proof, proofs_of_deals
from similarity.index.catalog import Catalog
from similarity.scoring import Term, score
from workspace.clock import now
from workspace.deals import credit
from workspace.deals.eligibility import eligible_members
from workspace.deals.seat_roles import seat_roles
from workspace.deals.tables import Deal, Seat, Stakeholder
from workspace.deals.workload import Load, loads_of
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# With so many former seats in a role, experience has half of its full value.
_HALF_EXPERIENCED = 3
# The least value of experience of a member who may take the role.
_SUITED = 0.25
# With so many hours between their time zones, two people share hardly any working time.
_FAR_APART = 8
# The least share of the greatest possible evidence with which a member takes a role that needs
# expertise.
LEAST_EXPERTISE = 0.05
# The number of candidates that are ranked for a seat: those in the program, and alternatives.
_RANKED = 2 * CANDIDATES


@dataclass(frozen=True)
class Fit:
    """A member's fit for a seat: the terms of a sum, the largest contribution first."""

    person_id: int
    key: str
    name: str
    terms: tuple[Term, ...]

    @property
    def score(self) -> float:
        """The sum of the terms."""
        return score(self.terms)


@dataclass(frozen=True)
class Proposal:
    """Who is proposed for an open seat, and who could be instead."""

    opening: Opening
    best: Fit | None
    others: tuple[Fit, ...]
    # Why nobody is proposed; empty where a member is.
    nobody: str


@dataclass(frozen=True)
class Staffing:
    """The proposals for the open seats of deals, by the deal's id, all solved together.

    The gap is the most by which they could be better in sum, as a share.
    """

    deals: list[tuple[Deal, int]]
    proposals: dict[int, list[Proposal]]
    gap: float


@dataclass(frozen=True)
class _Record:
    """What the fits of members are made from; read once for all seats.

    Of deals whose proposals are not shown the values of the evidence are enough.
    """

    names: Mapping[int, tuple[str, str]]
    loads: Mapping[int, Load]
    eligible: Mapping[str, Mapping[int, str]]
    expert_roles: Collection[str]
    proofs: Mapping[int, Mapping[int, Proof]]
    values: Mapping[int, Values]
    # On how many deals a member had a role; no entry where on none.
    past: Mapping[tuple[int, str], int]
    # What a role's experience and free time are worth, and the time zone, by role and member.
    of_role: Mapping[str, Mapping[int, tuple[float, float, float | None]]]
    teams: Mapping[int, Collection[int]]
    buyers: Mapping[int, Mapping[int, str]]
    offsets: Mapping[int, float]

    def hours_apart(self, deal: Deal, person: int) -> float | None:
        """The hours between a member's time zone and that of the deal's owner."""
        owner = self.offsets.get(deal.owner_id or 0)
        own = self.offsets.get(person)
        return None if owner is None or own is None else abs(own - owner)


@dataclass(frozen=True)
class _Ranking:
    """The best candidates of each seat, and what they share with the buyer's people."""

    candidates: Mapping[int, Sequence[Candidate]]
    ground: Mapping[tuple[int, int], Sequence[Shared]]
    worth_of_pair: Mapping[tuple[int, int], float]


def staffing(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    *,
    locked: Mapping[int, int] | None = None,
    only: Deal | None = None,
    proofs: Mapping[int, Proof] | None = None,
    remembered: RememberedExpertise | None = None,
) -> Staffing:
    """The proposals for all open deals with open seats that a viewer may see.

    `locked` are the people who get a seat in any case, by the seat's id, as far as they may take
    its role. Seats for which a member has been asked are left out. With `only`, there are the
    proposals for this deal alone, even if MOST_DEALS others close before it; `proofs` are what
    speaks for members on it, where that is known already. What speaks for them on the others may
    be some minutes old where it is `remembered`.
    """
    found = understaffed(session, viewer, limit=MOST_DEALS)
    if only is not None and only.id not in {deal.id for deal, _ in found}:
        found += understaffed(session, viewer, limit=1, only=only.id)
    deals = [deal for deal, _ in found]
    seats = session.exec(
        select(Seat)
        .where(
            col(Seat.deal_id).in_([deal.id for deal in deals]),
            col(Seat.person_id).is_(None),
            col(Seat.asked_id).is_(None),
        )
        .order_by(col(Seat.id))
    ).all()
    by_deal: dict[int, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_deal[seat.deal_id].append(seat)
    waiting = [deal for deal in deals if deal.id in by_deal]
    shown = [deal for deal in waiting if only is None or deal.id == only.id]
    others = [deal for deal in waiting if deal not in shown]
    known: Mapping[int, Mapping[int, Proof]]
    if only is not None and proofs is not None:
        known = {only.id: proofs}
    else:
        known = proofs_of_deals(session, viewer, catalog, shown)
    record = _record(session, viewer, catalog, waiting, others, known, remembered)
    openings: list[Opening] = []
    for deal in waiting:
        # Nobody takes two seats of a deal, nor one more.
        there = set(record.teams[deal.id])
        for seat in by_deal[deal.id]:
            who = (locked or {}).get(seat.id)
            if who in there or who not in record.eligible.get(seat.role, {}):
                who = None
            there.add(who or 0)
            openings.append(Opening(seat.id, deal.id, seat.role, who))
    of_id = {deal.id: deal for deal in waiting}
    capacities = {person: record.loads[person].left for person in record.names}
    in_full: set[int] = set()
    while True:
        ranking = _ranked(session, viewer, record, of_id, openings, in_full)
        solution = propose(openings, ranking.candidates, capacities)
        empty = {each.opening.id for each in solution.placements if each.best is None}
        if empty <= in_full:
            break
        # All of the best may be taken by other seats, so everybody is tried before it stays empty.
        in_full |= empty
    proposals: dict[int, list[Proposal]] = {
        deal.id: [] for deal in deals if only is None or deal.id == only.id
    }
    for placement in solution.placements:
        opening, deal = placement.opening, of_id[placement.opening.deal_id]
        if deal.id not in proposals:
            continue
        best = placement.best
        proposals[deal.id].append(
            Proposal(
                opening=opening,
                best=_fit(record, deal, opening.role, best.person_id, ranking) if best else None,
                others=tuple(
                    _fit(record, deal, opening.role, other.person_id, ranking)
                    for other in placement.others
                ),
                nobody="" if best else _why_nobody(record, deal, opening),
            )
        )
    return Staffing(found, proposals, solution.gap)


def _record(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    deals: Sequence[Deal],
    others: Sequence[Deal],
    proofs: Mapping[int, Mapping[int, Proof]],
    remembered: RememberedExpertise | None,
) -> _Record:
    """What is known about the members; of `others`, the proposals are not shown."""
    values = values_of(proofs)
    if remembered is not None:
        remembered.keep(session, viewer, catalog, values)
        values |= remembered.values(session, viewer, catalog, others)
    else:
        values |= values_of(proofs_of_deals(session, viewer, catalog, others))
    ids = [deal.id for deal in deals]
    teams: dict[int, set[int]] = {deal.id: {deal.owner_id or 0} for deal in deals}
    filled = select(Seat.deal_id, Seat.person_id, Seat.asked_id).where(col(Seat.deal_id).in_(ids))
    for deal_id, person_id, asked_id in session.exec(filled):
        teams[deal_id] |= {person_id or 0, asked_id or 0}
    buyers: dict[int, dict[int, str]] = defaultdict(dict)
    rows = (
        select(Stakeholder.deal_id, Person.id, Person.name)
        .join(Person, col(Person.id) == col(Stakeholder.person_id))
        .where(col(Stakeholder.deal_id).in_(ids))
        .order_by(col(Person.id))
    )
    for deal_id, person_id, name in session.exec(rows):
        buyers[deal_id][person_id] = name
    names, loads = _members(session), loads_of(session, viewer)
    eligible, past = eligible_members(session), _past_seats(session, viewer)
    offsets = _offsets(session, {*names, *(deal.owner_id or 0 for deal in deals)})
    return _Record(
        names=names,
        loads=loads,
        eligible=eligible,
        expert_roles={role.name for role in seat_roles(session) if role.key in ROLE_WORTH},
        proofs=proofs,
        values=values,
        past=past,
        of_role={
            role: {
                person: (
                    WEIGHTS["role"] * _experienced(past.get((person, role), 0)),
                    WEIGHTS["room"] * loads[person].share_left,
                    offsets.get(person),
                )
                for person in people
            }
            for role, people in eligible.items()
        },
        teams=teams,
        buyers=buyers,
        offsets=offsets,
    )


def _ranked(
    session: Session,
    viewer: Viewer,
    record: _Record,
    deals: Mapping[int, Deal],
    openings: Sequence[Opening],
    in_full: Collection[int],
) -> _Ranking:
    """The members who suit each open seat best, or all who suit it for the seats `in_full`.

    Only members who can be among the best, whatever they share with stakeholders, are compared
    with them, as that takes longest.
    """
    near: dict[int, list[Candidate]] = {}
    pairs: set[tuple[int, int]] = set()
    for opening in openings:
        deal = deals[opening.deal_id]
        able = _candidates(record, deal, opening.role)
        best = heapq.nlargest(_RANKED, [candidate.score for candidate in able])
        cut = len(best) == _RANKED and opening.id not in in_full
        least = best[-1] - WEIGHTS["ground"] if cut else 0.0
        near[opening.id] = [
            candidate
            for candidate in able
            if candidate.score >= least or candidate.person_id == opening.locked
        ]
        people = [candidate.person_id for candidate in near[opening.id]]
        for buyer in record.buyers.get(deal.id, {}):
            pairs.update([(person, buyer) for person in people])
    ground = ground_of_pairs(session, viewer, pairs)
    worth_of_pair = {pair: worth_of(shared) for pair, shared in ground.items()}
    candidates: dict[int, list[Candidate]] = {}
    for opening in openings:
        buyers = record.buyers.get(opening.deal_id, {})
        found = []
        for person, alone, evidence in near[opening.id]:
            shared = [worth_of_pair.get((person, buyer), 0.0) for buyer in buyers]
            more = WEIGHTS["ground"] * max(shared, default=0.0)
            found.append(Candidate(person, alone + more, evidence + more))
        found.sort(key=lambda candidate: (-candidate.score, candidate.person_id))
        candidates[opening.id] = [
            candidate
            for place, candidate in enumerate(found)
            if place < _RANKED or opening.id in in_full or candidate.person_id == opening.locked
        ]
    return _Ranking(candidates, ground, worth_of_pair)


def _suitable(record: _Record, deal: Deal, role: str) -> list[int]:
    """The members outside of a deal's team who may take a role on it, and have what it needs."""
    team = record.teams[deal.id]
    able = [person for person in record.eligible.get(role, {}) if person not in team]
    if role not in record.expert_roles:
        return able
    values = record.values[deal.id]
    return [person for person in able if values.get(person, 0.0) >= LEAST_EXPERTISE]


def _candidates(record: _Record, deal: Deal, role: str) -> list[Candidate]:
    """The suitable members with their fits, but for what they share with the buyer's people."""
    values = record.values[deal.id]
    # Thousands of fits share a few time zones.
    hours: dict[float | None, float] = {}
    of_role = record.of_role[role]
    expertise = WEIGHTS["expertise"]
    candidates = []
    for person in _suitable(record, deal, role):
        experience, room, offset = of_role[person]
        evidence = experience + expertise * values.get(person, 0.0)
        if offset not in hours:
            hours[offset] = WEIGHTS["hours"] * _overlap(record.hours_apart(deal, person))
        candidates.append(Candidate(person, evidence + room + hours[offset], evidence))
    return candidates


def _fit(record: _Record, deal: Deal, role: str, person: int, ranking: _Ranking) -> Fit:
    """A member's fit in full, with the reasons."""
    terms = [
        _expertise(record.proofs[deal.id].get(person)),
        _ground(person, record.buyers.get(deal.id, {}), ranking),
        _experience(
            record.past.get((person, role), 0), role, record.eligible[role].get(person, "")
        ),
        _room(record.loads[person]),
        _hours(record.hours_apart(deal, person)),
    ]
    key, name = record.names[person]
    return Fit(person, key, name, tuple(sorted(terms, key=lambda term: -term.contribution)))


def _why_nobody(record: _Record, deal: Deal, opening: Opening) -> str:
    """Why nobody is proposed for a seat, in words that go after a colon."""
    role = opening.role
    eligible = record.eligible.get(role, {})
    if not eligible:
        return f"no member has the role {role} yet"
    outside = [person for person in eligible if person not in record.teams[deal.id]]
    if not outside:
        return f"every {role} is on the team already"
    suitable = _suitable(record, deal, role)
    if not suitable:
        return f"of {_members_text(len(outside))} for {role}, nobody has evidence on similar deals"
    if all(record.loads[person].left == 0 for person in suitable):
        if len(suitable) == 1:
            return f"the only suitable {role} has no room for another deal"
        return f"none of the {len(suitable)} suitable members has room for another deal"
    return f"every {role} is suggested for another seat"


def _members_text(count: int) -> str:
    return "one member" if count == 1 else f"{count} members"


def _ground(person: int, buyers: Mapping[int, str], ranking: _Ranking) -> Term:
    """What a member shares with the stakeholder with whom they share most."""
    shared = [buyer for buyer in buyers if (person, buyer) in ranking.ground]
    if not shared:
        return Term("ground", 0.0, WEIGHTS["ground"], "Nothing in common")
    best = max(shared, key=lambda buyer: ranking.worth_of_pair[person, buyer])
    because = f"{buyers[best]}: {ranking.ground[person, best][0].text}"
    return Term("ground", ranking.worth_of_pair[person, best], WEIGHTS["ground"], because)


def _expertise(proof: Proof | None) -> Term:
    """The evidence for a member on similar deals."""
    if proof is None:
        return Term("expertise", 0.0, WEIGHTS["expertise"], "No similar deals yet")
    best = max(proof.terms, key=lambda term: term.contribution)
    return Term("expertise", proof.value, WEIGHTS["expertise"], best.because)


def _experience(count: int, role: str, because: str) -> Term:
    """How often a member had the role; at first, why they may take it at all."""
    if count:
        because = f"{role.capitalize()} on {count} deal{'' if count == 1 else 's'}"
    return Term("role", _experienced(count), WEIGHTS["role"], because[:1].upper() + because[1:])


def _room(load: Load) -> Term:
    return Term("room", load.share_left, WEIGHTS["room"], load.text)


def _hours(apart: float | None) -> Term:
    if apart is None:
        return Term("hours", 0.0, WEIGHTS["hours"], "Time zone not known")
    because = (
        "Same time zone"
        if apart < 1
        else f"{apart:g} hour{'' if apart == 1 else 's'} from the owner’s time zone"
    )
    return Term("hours", _overlap(apart), WEIGHTS["hours"], because)


def _experienced(count: int) -> float:
    return max(_SUITED, count / (count + _HALF_EXPERIENCED))


def _overlap(apart: float | None) -> float:
    return 0.0 if apart is None else max(0.0, 1 - apart / _FAR_APART)


def _members(session: Session) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        sa.select(col(Person.id), col(Person.key), col(Person.name))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.active).is_(True))
        .order_by(col(Person.id))
    )
    return {person: (key, name) for person, key, name in rows}


def _past_seats(session: Session, viewer: Viewer) -> dict[tuple[int, str], int]:
    return {
        (person, role): count
        for person, roles in credit.seat_counts(session, viewer).items()
        for role, count in roles.items()
    }


def _offsets(session: Session, people: Collection[int]) -> dict[int, float]:
    """The hours between these people's time zones and UTC, where they are known."""
    at = now()
    of_zone: dict[str, float | None] = {}
    offsets = {}
    for person, zone in session.exec(
        select(Person.id, Person.timezone).where(col(Person.id).in_(people))
    ):
        if zone not in of_zone:
            of_zone[zone] = _offset(zone, at)
        if (offset := of_zone[zone]) is not None:
            offsets[person] = offset
    return offsets


def _offset(zone: str, at: datetime) -> float | None:
    try:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset() if zone else None
    except (KeyError, ValueError, OSError):
        return None
    return offset.total_seconds() / 3600 if offset is not None else None
