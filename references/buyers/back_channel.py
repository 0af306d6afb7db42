"""The back channel: whom the buyer's people can call about us, and how those feel.

It names customers, former customers and lost prospects with what they hold against us, so that the
deal's team alone reads it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.buyers.people import people_of_deal
from references.desk.advocates import Advocate
from references.desk.consent import ConsentState, standings
from references.network.ties import Tie, combined, strength_on, visible
from workspace.accounts.accounts import Account, Relationship
from workspace.clock import today
from workspace.database import batches, fetch, select_row
from workspace.deals.access import visible_deals, works_on_deal
from workspace.deals.tables import FIRST, Deal, Outcome, Stakeholder, day_or
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer

# So many whom the buyer's people can call are shown.
SHOWN = 12
_AGAINST = ("opponent", "non-supporter")
_FOR = ("mentor", "supporter")


class Feeling(StrEnum):
    """How a person whom the buyer can call feels about us, by what is on record."""

    BAD = "bad"
    UNKNOWN = "unknown"
    GOOD = "good"


class Tone(StrEnum):
    """Whether something speaks for or against us."""

    FOR = "for"
    AGAINST = "against"
    NEITHER = "neither"


@dataclass(frozen=True)
class Sign:
    """Something on record that tells how a person feels."""

    tone: Tone
    text: str
    # Whether it is about the person themselves, and not about their account.
    own: bool = False


@dataclass(frozen=True)
class Voice:
    """A person whom the buyer can call behind our back."""

    key: str
    name: str
    title: str
    account: str
    account_key: str
    # What their account is to us: customer, former customer, lost prospect.
    status: str
    # Who of the buyer's people knows them, and from where.
    known_by: str
    evidence: str
    strength: float
    signs: tuple[Sign, ...]

    @property
    def feeling(self) -> Feeling:
        """How they feel: by what is known of themselves, otherwise by what their account did.

        What speaks against us weighs more, as it is told more often.
        """
        own = {sign.tone for sign in self.signs if sign.own}
        tones = own or {sign.tone for sign in self.signs}
        if Tone.AGAINST in tones:
            return Feeling.BAD
        return Feeling.GOOD if Tone.FOR in tones else Feeling.UNKNOWN


def may_read(session: Session, viewer: Viewer, deal: Deal) -> bool:
    """Whether a viewer is on the deal's team, which alone reads the back channel."""
    if viewer.person_id is None:
        return False
    query = select(Deal.id).where(Deal.id == deal.id, works_on_deal(viewer.person_id))
    return session.exec(query).first() is not None


def back_channel(session: Session, viewer: Viewer, deal: Deal) -> list[Voice]:
    """Whom the buyer's people can call, possible critics first; empty for others
    than the deal's team."""
    if not may_read(session, viewer, deal):
        return []
    buyers = people_of_deal(session, viewer, deal)
    best: dict[int, tuple[float, int, str]] = {}
    for (buyer, other), ties in _ties(session, viewer, buyers).items():
        strength = combined(strength_on(tie, today()) for tie in ties)
        strongest = max(ties, key=lambda tie: (strength_on(tie, today()), -tie.id))
        if other not in best or strength > best[other][0]:
            best[other] = (strength, buyer, strongest.evidence or strongest.kind)
    people = _people_of_accounts(session, viewer, deal, best)
    signs = _signs(session, viewer, people)
    voices = [
        Voice(
            key=person.key,
            name=person.name,
            title=person.title,
            account=person.account,
            account_key=person.account_key,
            status=person.status,
            known_by=buyers[best[person_id][1]].name,
            evidence=best[person_id][2],
            strength=best[person_id][0],
            signs=tuple(signs[person_id]),
        )
        for person_id, person in people.items()
    ]
    order = {feeling: place for place, feeling in enumerate(Feeling)}
    voices.sort(key=lambda voice: (order[voice.feeling], -voice.strength, voice.name))
    return voices[:SHOWN]


def _ties(
    session: Session, viewer: Viewer, buyers: Collection[int]
) -> dict[tuple[int, int], list[Tie]]:
    """The ties of the buyer's people to others, by the buyer's and the other person."""
    ties: dict[tuple[int, int], list[Tie]] = defaultdict(list)
    for batch in batches(buyers):
        for mine, theirs in ((Tie.one_id, Tie.other_id), (Tie.other_id, Tie.one_id)):
            query = select(Tie).where(
                col(mine).in_(batch), col(theirs).not_in(buyers), visible(session, viewer)
            )
            for tie in session.exec(query.order_by(col(Tie.id))):
                pair = (tie.one_id, tie.other_id)
                ties[pair if mine is Tie.one_id else pair[::-1]].append(tie)
    return ties


@dataclass(frozen=True)
class _Contact:
    """A contact at an account that knows us."""

    id: int
    key: str
    name: str
    title: str
    account_id: int
    account: str
    account_key: str
    # What the account is to us; a prospect counts only where we lost a deal.
    relationship: str

    @property
    def status(self) -> str:
        return "lost prospect" if self.relationship == Relationship.PROSPECT else self.relationship


def _people_of_accounts(
    session: Session, viewer: Viewer, deal: Deal, people: Collection[int]
) -> dict[int, _Contact]:
    """The contacts among these people at accounts that know us."""
    lost = sa.exists().where(
        col(Deal.account_id) == col(Account.id),
        col(Deal.outcome) == Outcome.LOST,
        visible_deals(viewer),
    )
    relationship = col(Account.relationship)
    knows_us = sa.or_(
        relationship.in_((Relationship.CUSTOMER, Relationship.FORMER_CUSTOMER)),
        sa.and_(relationship == Relationship.PROSPECT, lost),
    )
    found: dict[int, _Contact] = {}
    for batch in batches(sorted(people)):
        query = (
            select_row(
                _Contact, Person, Account, account=col(Account.name), account_id=col(Account.id)
            )
            .join(Account, col(Account.id) == col(Person.account_id))
            .outerjoin(Member, col(Member.person_id) == col(Person.id))
            .where(
                col(Person.id).in_(batch),
                col(Member.person_id).is_(None),
                col(Account.id).is_distinct_from(deal.account_id),
                knows_us,
            )
            .order_by(col(Person.id))
        )
        found.update({person.id: person for person in fetch(session, _Contact, query)})
    return found


def _signs(session: Session, viewer: Viewer, people: dict[int, _Contact]) -> dict[int, list[Sign]]:
    """What is on record of how these people feel, what speaks against us first."""
    signs: dict[int, list[Sign]] = defaultdict(list)
    accounts = defaultdict(list)
    for person_id, person in people.items():
        accounts[person.account_id].append(person_id)
        if person.relationship == Relationship.FORMER_CUSTOMER:
            signs[person_id].append(Sign(Tone.AGAINST, "No longer a customer"))
    # Which deal of each account was closed last is found without the rows' texts.
    ranked = (
        sa.select(
            col(Deal.id),
            sa.func.row_number()
            .over(
                partition_by=col(Deal.account_id),
                order_by=(day_or(FIRST, Deal.closed).desc(), col(Deal.id).desc()),
            )
            .label("place"),
        )
        .where(
            col(Deal.account_id).in_(accounts),
            col(Deal.outcome).in_((Outcome.WON, Outcome.LOST)),
            visible_deals(viewer),
        )
        .subquery()
    )
    last = (
        sa.select(*map(col, (Deal.account_id, Deal.outcome, Deal.name, Deal.closed, Deal.reason)))
        .join(ranked, ranked.c.id == col(Deal.id))
        .where(ranked.c.place == 1)
    )
    for account_id, outcome, name, day, why in session.execute(last):
        won = outcome == Outcome.WON
        year = f", {day.year}" if day else ""
        reason = f": {why}" if why and not won else ""
        text = f"{'Bought' if won else 'Did not buy'} {name}{year}{reason}"
        for person_id in accounts[account_id]:
            # A customer who does not buy more is a customer nevertheless.
            stayed = people[person_id].relationship == Relationship.CUSTOMER
            lost = Tone.NEITHER if stayed else Tone.AGAINST
            signs[person_id].append(Sign(Tone.FOR if won else lost, text))
    stances = (
        select(Stakeholder.person_id, Stakeholder.stance)
        .join(Deal, col(Deal.id) == col(Stakeholder.deal_id))
        .where(
            col(Stakeholder.person_id).in_(people),
            col(Stakeholder.stance) != "",
            visible_deals(viewer),
        )
        .order_by(col(Deal.opened).desc(), col(Deal.id).desc())
    )
    told: set[int] = set()
    for person_id, stance in session.exec(stances):
        if person_id in told:
            continue
        told.add(person_id)
        if stance in _AGAINST:
            signs[person_id].append(Sign(Tone.AGAINST, f"Was {_article(stance)} on a deal", True))
        elif stance in _FOR:
            signs[person_id].append(Sign(Tone.FOR, f"Was {_article(stance)} on a deal", True))
    rows = select(Advocate.id, Advocate.person_id).where(col(Advocate.person_id).in_(people))
    advocates = dict(session.exec(rows).all())
    for advocate_id, standing in standings(session, advocates, today()).items():
        own, state = signs[advocates[advocate_id]], standing.state
        if state in (ConsentState.WITHDRAWN, ConsentState.REFUSED):
            own.append(Sign(Tone.AGAINST, f"{state.capitalize()} consent to references", own=True))
        elif state == ConsentState.GIVEN:
            own.append(Sign(Tone.FOR, "Agreed to give references", own=True))
    return defaultdict(
        list,
        {
            person_id: sorted(of_person, key=lambda sign: sign.tone != Tone.AGAINST)
            for person_id, of_person in signs.items()
        },
    )


def _article(stance: str) -> str:
    return f"an {stance}" if stance[0] in "aeiou" else f"a {stance}"
