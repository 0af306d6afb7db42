"""Places: who is to have which open seat, as addresses and forms name it: 'seat:person'."""

import re
from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from references.teams.proposals import Proposal
from web.forms import LARGEST_INTEGER, Form
from workspace.people.tables import Member, Person


def locks_of(session: Session, asked: Form) -> tuple[dict[int, int], list[str]]:
    """The people whom an address keeps on seats, by the seat's id, and its locks as they are sent.

    What an address names no longer is left out: a member may have left since it was kept.
    """
    pairs = list(_pairs(asked.sent.get("lock", ())))
    keys = {key for _, key in pairs}
    rows = session.exec(
        select(Person.key, Person.id)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(col(Person.key).in_(keys), col(Member.active).is_(True))
    )
    ids = dict(rows.all())
    known = {seat: key for seat, key in pairs if key in ids}
    locks = [f"{seat}:{key}" for seat, key in known.items()]
    return {seat: ids[key] for seat, key in known.items()}, locks


def _pairs(locks: Iterable[str]) -> Iterable[tuple[int, str]]:
    for lock in locks:
        seat, _, key = lock.partition(":")
        if re.fullmatch(r"[0-9]{1,19}", seat) and int(seat) <= LARGEST_INTEGER and key:
            yield int(seat), key


def proposed_places(proposals: Sequence[Proposal]) -> list[str]:
    """The seats for which a member is proposed whom nobody has picked by hand."""
    return [str(each.opening.id) for each in proposals if each.best and not each.opening.locked]
