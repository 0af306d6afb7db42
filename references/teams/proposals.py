"""Proposed teams: members for the open seats of deals, by evidence and workload."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.common_ground import Shared, common_ground, worth_of
from references.teams.assignment import WEIGHTS, Fit, Opening, Placement, propose
from similarity.experts import ASSETS_WEIGHT, DEALS_WEIGHT, SKILLS_WEIGHT, Expert, experts_of_deal
from similarity.index.catalog import Catalog
from similarity.scoring import Term
from workspace.clock import now, today
from workspace.deals import credit
from workspace.deals.access import visible_deals
from workspace.deals.availability import USUAL_LIMIT, MemberAvailability, is_away
from workspace.deals.stakeholders import Stakeholder
from workspace.deals.tables import Deal, Outcome, Seat
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# With so many former seats in a role, experience has half of its full value.
_HALF_EXPERIENCED = 3
# With so many hours between their time zones, two people share hardly any working time.
_FAR_APART = 8


@dataclass(frozen=True)
class Proposal:
    """A proposal for an open seat, with the keys and names of people."""

    placement: Placement
    names: Mapping[int, tuple[str, str]]

    def name(self, person_id: int) -> str:
        """The name of a person."""
        return self.names[person_id][1]

    def key(self, person_id: int) -> str:
        """The key of a person."""
        return self.names[person_id][0]


@dataclass(frozen=True)
class Load:
    """A member's workload, by the deals that the viewer may see."""

    seats: int
    limit: int
    away: bool

    @property
    def left(self) -> int:
        """The number of further seats that they can take."""
        return 0 if self.away else max(0, self.limit - self.seats)


def proposed_teams(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    deals: Sequence[Deal],
    *,
    locked: Mapping[int, int] | None = None,
    experts: Mapping[int, Sequence[Expert]] | None = None,
) -> dict[int, list[Proposal]]:
    """The proposals for the open seats of each of these deals, solved for all of them at once.

    `locked` are the people who get a seat in any case, by the seat's id. Seats for which a member
    has been asked are left out. `experts` saves ranking a deal's experts again; they are complete.
    """
    open_seats = session.exec(
        select(Seat)
        .where(
            col(Seat.deal_id).in_([deal.id for deal in deals]),
            col(Seat.person_id).is_(None),
            col(Seat.asked_id).is_(None),
        )
        .order_by(col(Seat.id))
    ).all()
    names = _members(session)
    loads = loads_of(session, viewer)
    by_deal: dict[int, list[Seat]] = defaultdict(list)
    for seat in open_seats:
        by_deal[seat.deal_id].append(seat)
    openings: list[Opening] = []
    fits: dict[int, list[Fit]] = {}
    for deal in deals:
        seats = by_deal.get(deal.id)
        if not seats:
            continue
        told = (experts or {}).get(deal.id)
        if told is None:
            told = experts_of_deal(session, viewer, catalog, deal, limit=None)
        known = _fits(session, viewer, deal, seats, list(names), loads, told)
        for seat in seats:
            openings.append(Opening(seat.id, deal.id, seat.role, (locked or {}).get(seat.id)))
            fits[seat.id] = known[seat.id]
    proposals: dict[int, list[Proposal]] = {deal.id: [] for deal in deals}
    capacities = {person: loads[person].left for person in names}
    for placement in propose(openings, fits, capacities):
        proposals[placement.opening.deal_id].append(Proposal(placement, names))
    return proposals


def understaffed(session: Session, viewer: Viewer, *, limit: int = 50) -> list[tuple[Deal, int]]:
    """Open deals with open seats that the viewer may see, and the number of these seats.

    The next deals to close come first.
    """
    rows = session.execute(
        sa.select(Deal, sa.func.count())
        .join(Seat, col(Seat.deal_id) == col(Deal.id))
        .where(
            visible_deals(viewer),
            col(Deal.outcome) == Outcome.OPEN,
            col(Seat.person_id).is_(None),
        )
        .group_by(col(Deal.id))
        .order_by(col(Deal.expected_close).is_(None), col(Deal.expected_close), col(Deal.id))
        .limit(limit)
    )
    return [(deal, count) for deal, count in rows]


def loads_of(session: Session, viewer: Viewer) -> dict[int, Load]:
    """The workload of every active member."""
    counts = Counter(
        session.exec(
            select(Seat.person_id)
            .join(Deal, col(Deal.id) == col(Seat.deal_id))
            .where(
                visible_deals(viewer),
                Deal.outcome == Outcome.OPEN,
                col(Seat.person_id).is_not(None),
            )
        )
    )
    said = {row.person_id: row for row in session.exec(select(MemberAvailability))}
    day = today()
    loads = {}
    for person in session.exec(select(Member.person_id).where(col(Member.active).is_(True))):
        row = said.get(person)
        limit = row.seat_limit if row else USUAL_LIMIT
        loads[person] = Load(counts[person], limit, bool(row and is_away(row, day)))
    return loads


def _fits(
    session: Session,
    viewer: Viewer,
    deal: Deal,
    seats: Sequence[Seat],
    members: Sequence[int],
    loads: Mapping[int, Load],
    told: Sequence[Expert],
) -> dict[int, list[Fit]]:
    """The fit of each member outside the team for each of a deal's open seats."""
    filled = select(Seat.person_id).where(Seat.deal_id == deal.id)
    team = set(session.exec(filled))
    people = [person for person in members if person not in team]
    experts = {expert.person_id: expert for expert in told}
    buyers = list(session.exec(select(Stakeholder.person_id).where(Stakeholder.deal_id == deal.id)))
    ground = common_ground(session, viewer, people, buyers)
    buyer_names = dict(
        session.exec(select(Person.id, Person.name).where(col(Person.id).in_(buyers))).all()
    )
    past = _past_seats(session, viewer)
    hours = _hours_apart(session, deal.owner_id, people)
    shared = {person: _ground(person, buyer_names, ground) for person in people}
    fits: dict[int, list[Fit]] = {seat.id: [] for seat in seats}
    for seat in seats:
        for person in people:
            terms = [
                _expertise(experts.get(person)),
                shared[person],
                _experience(past[person, seat.role], seat.role),
                _room(loads[person]),
                _hours(hours.get(person)),
            ]
            terms.sort(key=lambda term: -term.contribution)
            fits[seat.id].append(Fit(person, tuple(terms)))
    return fits


def _ground(
    person: int,
    buyers: Mapping[int, str],
    ground: Mapping[tuple[int, int], Sequence[Shared]],
) -> Term:
    """What a member shares with the stakeholder with whom they share most."""
    shared = {buyer: ground[person, buyer] for buyer in buyers if (person, buyer) in ground}
    if not shared:
        return Term("ground", 0.0, WEIGHTS["ground"], "nothing in common that we know of")
    best = max(shared, key=lambda buyer: worth_of(shared[buyer]))
    because = f"{buyers[best]}: {shared[best][0].text}"
    return Term("ground", worth_of(shared[best]), WEIGHTS["ground"], because)


def _expertise(expert: Expert | None) -> Term:
    """The evidence for an expert on similar deals, without their availability."""
    if expert is None:
        return Term("expertise", 0.0, WEIGHTS["expertise"], "nothing on deals like this")
    terms = [term for term in expert.terms if term.name != "time"]
    most = DEALS_WEIGHT + ASSETS_WEIGHT + SKILLS_WEIGHT
    best = max(terms, key=lambda term: term.contribution)
    value = min(1.0, sum(term.contribution for term in terms) / most)
    return Term("expertise", value, WEIGHTS["expertise"], best.because)


def _experience(count: int, role: str) -> Term:
    seats = f"{count} seat{'' if count == 1 else 's'} as {role} before"
    return Term("role", count / (count + _HALF_EXPERIENCED), WEIGHTS["role"], seats)


def _room(load: Load) -> Term:
    because = "away" if load.away else f"{load.seats} of {load.limit} seats taken"
    return Term("room", load.left / load.limit if load.limit else 0.0, WEIGHTS["room"], because)


def _hours(apart: float | None) -> Term:
    if apart is None:
        return Term("hours", 0.0, WEIGHTS["hours"], "time zone not known")
    because = (
        "works the owner's hours"
        if apart < 1
        else f"{apart:g} hour{'' if apart == 1 else 's'} from the owner"
    )
    return Term("hours", max(0.0, 1 - apart / _FAR_APART), WEIGHTS["hours"], because)


def _members(session: Session) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        sa.select(col(Person.id), col(Person.key), col(Person.name))
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.active).is_(True))
        .order_by(col(Person.id))
    )
    return {person: (key, name) for person, key, name in rows}


def _past_seats(session: Session, viewer: Viewer) -> Counter[tuple[int, str]]:
    part = credit.seat_history(visible_deals(viewer))
    deals = sa.func.count(part.c.deal_id.distinct())
    rows = session.execute(
        sa.select(part.c.person_id, part.c.role, deals).group_by(part.c.person_id, part.c.role)
    )
    return Counter({(person, role): count for person, role, count in rows})


def _hours_apart(session: Session, owner_id: int | None, people: Sequence[int]) -> dict[int, float]:
    """The hours between these people's time zones and the owner's, where both are known."""
    rows = select(Person.id, Person.timezone).where(col(Person.id).in_([*people, owner_id or 0]))
    at = now()
    offsets = {
        person: offset
        for person, zone in session.exec(rows)
        if (offset := _offset(zone, at)) is not None
    }
    own = offsets.get(owner_id or 0)
    if own is None:
        return {}
    return {person: abs(offset - own) for person, offset in offsets.items()}


def _offset(zone: str, at: datetime) -> float | None:
    try:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset() if zone else None
    except (KeyError, ValueError, OSError):
        return None
    return offset.total_seconds() / 3600 if offset is not None else None
