"""How close our members are to accounts and to people, by the ties that every member sees."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.paths import active_members
from references.network.ties import Tie, Visibility, combined, strength_on
from workspace.clock import today
from workspace.database import batches
from workspace.people.tables import Person

# For each account or person, the strength of each member's ties there.
Closeness = dict[int, dict[int, float]]


def closeness_to_people(session: Session, people: Collection[int]) -> Closeness:
    """The strength of the ties of active members to each of these people."""
    members = set(active_members(session))
    strengths: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for batch in batches(people):
        for us, them in ((Tie.one_id, Tie.other_id), (Tie.other_id, Tie.one_id)):
            query: Any = sa.select(Tie, us, them).where(  # type: ignore[call-overload]
                col(them).in_(batch),
                col(us).in_(members),
                col(Tie.visibility) == Visibility.EVERYONE,
            )
            for tie, member, person in session.execute(query):
                strengths[person][member].append(strength_on(tie, today()))
    return {
        person: {member: combined(each) for member, each in of_person.items()}
        for person, of_person in strengths.items()
    }


def closeness_to_accounts(session: Session, accounts: Collection[int]) -> Closeness:
    """The strength of the ties of active members to the people at each of these accounts."""
    employers: dict[int, int] = {}
    for batch in batches(accounts):
        query = select(Person.id, Person.account_id).where(col(Person.account_id).in_(batch))
        employers.update({person: account for person, account in session.exec(query) if account})
    strengths: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for person, members in closeness_to_people(session, employers).items():
        for member, strength in members.items():
            strengths[employers[person]][member].append(strength)
    return {
        account: {member: combined(each) for member, each in members.items()}
        for account, members in strengths.items()
    }
