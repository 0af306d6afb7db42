"""The keys of new deals: the next number, or random letters for a confidential deal."""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.deals.tables import Deal, DealCounter, NewDeal
from workspace.keys import random_key

_NUMBERED = re.compile("D-([0-9]{1,15})")


def new_keys(session: Session, new: Sequence[NewDeal]) -> list[str]:
    """A key for each of these deals: its own, or a free one.

    A confidential deal gets no number: the gap would tell others that it is there.
    """
    public = [deal for deal in new if not deal.facts.get("confidential")]
    keys = [deal.key for deal in public if deal.key]
    numbers = [int(match[1]) for key in keys if (match := _NUMBERED.fullmatch(key))]
    if numbers:
        counter = sa.update(DealCounter).where(col(DealCounter.last) < max(numbers))
        session.execute(counter.values(last=max(numbers)))
    numbered = iter(_numbered_keys(session, sum(deal.key is None for deal in public)))
    return [
        deal.key
        or (
            random_key(session, Deal, "D-", 5) if deal.facts.get("confidential") else next(numbered)
        )
        for deal in new
    ]


def _numbered_keys(session: Session, count: int) -> list[str]:
    """The next keys with a number that no deal has."""
    free: list[str] = []
    while missing := count - len(free):
        # The update locks the counter: other transactions wait for their numbers.
        taking = sa.update(DealCounter).values(last=DealCounter.last + missing)
        last = session.execute(taking.returning(col(DealCounter.last))).scalar_one()
        keys = [f"D-{number:04d}" for number in range(last - missing + 1, last + 1)]
        taken = set(session.exec(select(Deal.key).where(col(Deal.key).in_(keys))))
        free += [key for key in keys if key not in taken]
    return free
