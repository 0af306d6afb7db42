"""Which documents a search may find, as conditions of its queries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.index.in_database.tables import Integers
from similarity.index.queries import Scope
from similarity.index.vectors import Ids
from workspace.deals.tables import Deal

# Deals that match a filter are compared one by one up to so many. More are asked of what a search
# finds, the best first.
LISTED = 10_000

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Permitted:
    """The documents in a scope without the hidden ones."""

    hidden: Sequence[int]
    # Those in the scope, where they are few enough to be listed.
    listed: Sequence[int] | None = None
    # What deals in the scope have to be.
    deals: Sequence[Condition] = ()

    @classmethod
    def of(cls, session: Session, scope: Scope, hidden: Ids) -> "Permitted":
        """The documents in a scope; a filter that few deals match becomes a list of them."""
        without = np.unique(hidden).tolist()
        if scope.allowed is not None:
            return cls(without, np.unique(scope.allowed).tolist())
        if scope.filter is None:
            return cls(without)
        conditions = scope.filter.filter.where()
        matching = sa.select(col(Deal.id)).where(*conditions)
        some = matching.limit(LISTED + 1).subquery()
        if session.scalars(sa.select(sa.func.count()).select_from(some)).one() > LISTED:
            return cls(without, None, conditions)
        return cls(without, list(session.scalars(matching)))

    def among(self, session: Session, ids: Ids) -> Ids:
        """Those of these few documents that may be found."""
        found = np.setdiff1d(ids, self.hidden)
        if self.listed is not None:
            found = np.intersect1d(found, self.listed)
        if self.deals and len(found):
            matching = sa.select(col(Deal.id)).where(
                col(Deal.id) == sa.any_(sa.cast(found.tolist(), Integers)), *self.deals
            )
            found = np.sort(np.fromiter(session.scalars(matching), np.int64))
        return np.asarray(found, np.int64)

    def at_once(self, subject: sa.ColumnElement[int]) -> list[Condition]:
        """What every row is asked."""
        conditions: list[Condition] = []
        if self.hidden:
            conditions.append(subject != sa.all_(sa.cast(self.hidden, Integers)))
        if self.listed is not None:
            conditions.append(subject == sa.any_(sa.cast(self.listed, Integers)))
        return conditions

    def in_turn(self, subject: sa.ColumnElement[int]) -> list[Condition]:
        """What rows are asked one after the other, until there are enough of them.

        A subquery for one value is not merged into the query around it, so that the order of that
        query stays, and it ends early.
        """
        if not self.deals:
            return []
        matches = sa.select(sa.true()).where(col(Deal.id) == subject, *self.deals)
        return [sa.func.coalesce(matches.scalar_subquery(), sa.false())]
