"""The group that an account belongs to: its branches and subsidiaries as a tree."""

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.people.tables import Person

# So many levels above and below are followed, and so many accounts shown.
MOST_LEVELS = 6
MOST_ACCOUNTS = 200


@dataclass(frozen=True)
class Branch:
    """An account in its group, with those below it."""

    key: str
    name: str
    relationship: str
    industry: str | None
    country: str | None
    people: int
    # Whether it is the account that was asked about.
    here: bool
    below: tuple["Branch", ...]


def group_of(session: Session, account: Account) -> Branch | None:
    """The tree of an account's group from its top on; None for an account that stands alone."""
    top, levels = account, 0
    while top.parent_id is not None and levels < MOST_LEVELS:
        # The parent may be one of whom the viewer does not know.
        parent = session.exec(select(Account).where(Account.id == top.parent_id)).first()
        if parent is None:
            break
        top, levels = parent, levels + 1
    accounts = {top.id: top}
    below: dict[int, list[Account]] = defaultdict(list)
    left = [top.id]
    while left and len(accounts) < MOST_ACCOUNTS:
        query = select(Account).where(col(Account.parent_id).in_(left))
        rows = session.exec(query.order_by(Account.name, col(Account.id)).limit(MOST_ACCOUNTS))
        left = []
        for row in rows:
            if row.id not in accounts and row.parent_id is not None:
                accounts[row.id] = row
                below[row.parent_id].append(row)
                left.append(row.id)
    if len(accounts) == 1:
        return None
    counts = sa.select(col(Person.account_id), sa.func.count()).where(
        col(Person.account_id).in_(accounts)
    )
    people = {row[0]: row[1] for row in session.execute(counts.group_by(col(Person.account_id)))}

    def branch(row: Account) -> Branch:
        return Branch(
            key=row.key,
            name=row.name,
            relationship=row.relationship,
            industry=row.industry,
            country=row.country,
            people=people.get(row.id, 0),
            here=row.id == account.id,
            below=tuple(branch(each) for each in below[row.id]),
        )

    return branch(top)
