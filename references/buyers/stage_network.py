"""The network that serves the stage of a deal, and what ours has to offer in it.

Which ties help depends on the stage: weak ties to find a way in, strong ties inside to get a
hearing, ties among colleagues to build the solution, customers' ties to close (T. Üstüner and
D. Godes, "Better Sales Networks", Harvard Business Review, July 2006).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.buyers.people import people_of_deal
from references.network.paths import KnownPath, Network, active_members
from references.network.ties import Tie, combined, strength_on, visible
from references.prospecting.known import STRONG, unrecorded_at
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import batches
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal, Outcome, Seat, Stage, Stakeholder
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# So many are named.
SHOWN = 3
# Two deals won together say that two work well together; one may be chance.
LEAST_WINS = 2
DECIDING = ("economic buyer", "decision maker", "executive sponsor")


class Phase(StrEnum):
    """What a stage of a deal is about."""

    FIND = "find a way in"
    GET_IN = "get in"
    STAFF = "build the team"
    CLOSE = "close"


# The probability of winning from which on a stage is of a phase, the latest phase first.
_FROM = ((75, Phase.CLOSE), (50, Phase.STAFF), (20, Phase.GET_IN))


@dataclass(frozen=True)
class Contact:
    """Someone who serves the stage, and why: `about` is a person of the buyer or a number."""

    key: str
    name: str
    about: str
    evidence: str = ""


@dataclass(frozen=True)
class StageNetwork:
    """The phase of a deal's stage, and who of our network serves it."""

    phase: Phase
    contacts: list[Contact]


def phase_of(stage: Stage) -> Phase:
    """What a stage is about, by its probability of winning."""
    return next((phase for least, phase in _FROM if stage.probability >= least), Phase.FIND)


def stage_network(
    session: Session, viewer: Viewer, network: Network, deal: Deal, stage: Stage
) -> StageNetwork | None:
    """Who serves the stage of an open deal; None for a closed deal, and where nobody is known."""
    if deal.outcome not in (Outcome.OPEN, Outcome.PARKED):
        return None
    phase = phase_of(stage)
    match phase:
        case Phase.FIND:
            contacts = _weak_ties(session, viewer, deal)
        case Phase.GET_IN:
            contacts = _strongest_inside(session, viewer, network, deal)
        case Phase.STAFF:
            contacts = _won_together(session, viewer, deal)
        case Phase.CLOSE:
            contacts = _customers_of_deciders(session, viewer, network, deal)
    return StageNetwork(phase, contacts[:SHOWN]) if contacts else None


def _weak_ties(session: Session, viewer: Viewer, deal: Deal) -> list[Contact]:
    """Colleagues with no more than weak ties at the account: they know of what is new there."""
    people = people_of_deal(session, viewer, deal)
    members = set(active_members(session))
    strengths: dict[tuple[int, int], list[Tie]] = {}
    for batch in batches(people):
        query = select(Tie).where(
            sa.or_(col(Tie.one_id).in_(batch), col(Tie.other_id).in_(batch)),
            visible(session, viewer),
        )
        for tie in session.exec(query.order_by(col(Tie.id))):
            us, them = (
                (tie.one_id, tie.other_id) if tie.one_id in members else (tie.other_id, tie.one_id)
            )
            if us in members and them in people:
                strengths.setdefault((us, them), []).append(tie)
    weak = [
        (strength, us, them, ties[0].evidence or ties[0].kind)
        for (us, them), ties in strengths.items()
        if (strength := combined(strength_on(tie, today()) for tie in ties)) < STRONG
    ]
    names = _names(session, [us for _, us, *_ in weak])
    contacts: dict[str, Contact] = {}
    for _, us, them, evidence in sorted(weak, key=lambda each: (-each[0], each[1], each[2])):
        key, name = names[us]
        contacts.setdefault(key, Contact(key, name, people[them].name, evidence))
    account = session.get(Account, deal.account_id) if deal.account_id else None
    for person in unrecorded_at(session, viewer, account) if account else ():
        who = person.known_by[0]
        contacts.setdefault(who.key, Contact(who.key, who.name, person.name, who.source))
    return list(contacts.values())


def _strongest_inside(
    session: Session, viewer: Viewer, network: Network, deal: Deal
) -> list[Contact]:
    """Our strongest ties to the buyer's people, the strongest first."""
    people = people_of_deal(session, viewer, deal)
    paths = network.nearest(session, viewer, list(people)).values()
    direct = [path for path in paths if len(path.people) == 2]
    return [_of_path(path) for path in _strongest(direct)]


def _won_together(session: Session, viewer: Viewer, deal: Deal) -> list[Contact]:
    """Colleagues who won most with the deal's team, and are not on it."""
    on_team = select(Seat.person_id).where(
        Seat.deal_id == deal.id, col(Seat.person_id).is_not(None)
    )
    team = {*session.exec(on_team), deal.owner_id} - {None}
    won = sa.and_(col(Deal.outcome) == Outcome.WON, visible_deals(viewer))
    seats = select(Seat.deal_id, Seat.person_id).join(Deal, col(Deal.id) == col(Seat.deal_id))
    owners = select(Deal.id, Deal.owner_id)
    members: dict[int, set[int]] = {}
    for query in (seats.where(won), owners.where(won)):
        for deal_id, person_id in session.exec(query):
            if person_id is not None:
                members.setdefault(deal_id, set()).add(person_id)
    active = set(active_members(session))
    wins: Counter[int] = Counter()
    for together in members.values():
        if together & team:
            wins.update((together - team) & active)
    names = _names(session, wins)
    return [
        Contact(*names[person_id], about=f"{count} deals won together")
        for person_id, count in sorted(wins.items(), key=lambda each: (-each[1], each[0]))
        if count >= LEAST_WINS
    ]


def _customers_of_deciders(
    session: Session, viewer: Viewer, network: Network, deal: Deal
) -> list[Contact]:
    """Customers' people whom those know who decide, the strongest tie first."""
    deciding = select(Stakeholder.person_id).where(
        Stakeholder.deal_id == deal.id,
        sa.or_(col(Stakeholder.buying_role).in_(DECIDING), col(Stakeholder.influence) == "high"),
    )
    people = list(session.exec(deciding))
    reach = network.reach(session, viewer, people) if people else None
    direct = [path for path in reach.from_customers if len(path.people) == 2] if reach else []
    return [_of_path(path) for path in _strongest(direct)]


def _of_path(path: KnownPath) -> Contact:
    first, last, tie = path.people[0], path.people[-1], path.evidence[0][0]
    name = f"{first.name} ({first.account})" if first.account and not first.member else first.name
    return Contact(first.key, name, last.name, tie.evidence or tie.kind)


def _strongest(paths: Sequence[KnownPath]) -> list[KnownPath]:
    """The strongest path from each first person."""
    best: dict[int, KnownPath] = {}
    for path in sorted(paths, key=lambda path: (-path.strength, path.people[-1].id)):
        best.setdefault(path.people[0].id, path)
    return list(best.values())


def _names(session: Session, people: Collection[int]) -> dict[int, tuple[str, str]]:
    query = select(Person.id, Person.key, Person.name).where(col(Person.id).in_(people))
    return {person_id: (key, name) for person_id, key, name in session.exec(query)}
