"""The keys of new deals: the next number, or random letters where a number would tell too much."""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.deals.tables import Deal, DealCounter, NewDeal
from workspace.keys import random_key

_NUMBERED = re.compile("D-([0-9]{1,15})")


def new_keys(session: Session, new: Sequence[NewDeal]) -> list[str]:
    """A key for each of these deals: its own, or the next one of ours.

    A confidential deal gets no number: the gap would tell everybody else of it.
    """
    hidden = [bool(each.facts.get("confidential")) for each in new]
    given = [each.key for each, secret in zip(new, hidden, strict=True) if each.key and not secret]
    numbers = [int(found[1]) for key in given if (found := _NUMBERED.fullmatch(key))]
    if numbers:
        counter = sa.update(DealCounter).where(col(DealCounter.last) < max(numbers))
        session.execute(counter.values(last=max(numbers)))
    wanted = sum(each.key is None and not secret for each, secret in zip(new, hidden, strict=True))
    numbered = iter(_numbered_keys(session, wanted))
    return [
        each.key or (random_key(session, Deal, "D-", 5) if secret else next(numbered))
        for each, secret in zip(new, hidden, strict=True)
    ]


def _numbered_keys(session: Session, count: int) -> list[str]:
    """The next keys with a number that no deal has."""
    found: list[str] = []
    while missing := count - len(found):
        # Whoever else is about to take a number waits until this transaction ends.
        taking = sa.update(DealCounter).values(last=DealCounter.last + missing)
        last = session.execute(taking.returning(col(DealCounter.last))).scalar_one()
        keys = [f"D-{number:04d}" for number in range(last - missing + 1, last + 1)]
        taken = set(session.exec(select(Deal.key).where(col(Deal.key).in_(keys))))
        found += [key for key in keys if key not in taken]
    return found
