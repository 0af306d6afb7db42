"""Ties between the cast, as members tell them."""

from typing import Any

from sqlmodel import Session

from references.network.ties import Tie, TieKind, assert_tie
from tests.world import World


def tell_tie(
    session: Session,
    world: World,
    one: str,
    other: str,
    kind: TieKind = TieKind.CONNECTED,
    *,
    owner: str | None = None,
    **facts: Any,
) -> Tie:
    """A tie between two of the cast, which the first tells where no owner is named."""
    tie, _ = assert_tie(
        session,
        world.people[one],
        world.people[other],
        kind,
        asserted_by_id=world.people[owner or one],
        **facts,
    )
    return tie
