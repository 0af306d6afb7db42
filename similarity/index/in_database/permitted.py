"""Which documents a search may find, as conditions in the text of its statements."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.index.queries import Scope
from similarity.index.vectors import Ids
from workspace.deals.tables import Deal

# Deals that match a filter are compared one by one up to so many: LISTED, or this many times the
# square root of how many documents there are. More are asked of what a search finds, the best
# first. The former takes time for each deal that matches, the latter for each that does not, until
# enough are found: of a million deals 10,000 took 0.08 s when compared, and 1 s when asked.
LISTED = 10_000
LISTED_OF_ROOT = 40

# What stands for an id in the text of a query.
_SUBJECT = "subject_of_search"

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Permitted:
    """The documents in a scope without the hidden ones."""

    # The values of the parameters in the conditions.
    values: Mapping[str, Any] = field(default_factory=dict)
    # Whether the documents are listed, because there are few enough.
    listed: bool = False
    # A query for whether the deal of the id _SUBJECT is in the scope, where it has to be asked.
    deals: str = ""

    @classmethod
    def of(cls, session: Session, scope: Scope, hidden: Ids, documents: int) -> "Permitted":
        """The documents in a scope; a filter that few of so many `documents` match becomes a list
        of them."""
        without = {"hidden": np.unique(hidden).tolist()} if len(hidden) else {}
        if scope.allowed is not None:
            return cls({**without, "listed": np.unique(scope.allowed).tolist()}, listed=True)
        if scope.filter is None:
            return cls(without)
        conditions = scope.filter.filter.where()
        most = listed_at_most(documents)
        some = sa.select(col(Deal.id).label("id")).where(*conditions).limit(most + 1).subquery()
        few = sa.case((sa.func.count() <= most, sa.func.array_agg(some.c.id)))
        # An aggregate of no rows is null, too.
        matching, count = session.execute(sa.select(few, sa.func.count()).select_from(some)).one()
        if count <= most:
            return cls({**without, "listed": matching or []}, listed=True)
        deals, values = _written(session, conditions)
        return cls({**without, **values}, deals=deals)

    def at_once(self, subject: str) -> str:
        """What every row is asked, which has this id."""
        conditions = []
        if "hidden" in self.values:
            conditions.append(f"{subject} <> ALL(%(hidden)s::int4[])")
        if self.listed:
            conditions.append(f"{subject} = ANY(%(listed)s::int4[])")
        return " AND ".join(conditions) or "true"

    def in_turn(self, subject: str) -> str:
        """What rows are asked one after the other, until there are enough of them.

        A subquery for one value is not merged into the query around it, so that the order of that
        query stays, and it ends early.
        """
        if not self.deals:
            return "true"
        return f"coalesce(({self.deals.replace(_SUBJECT, subject)}), false)"


def listed_at_most(documents: int) -> int:
    """How many of so many documents are compared one by one."""
    return max(LISTED, round(LISTED_OF_ROOT * math.sqrt(documents)))


def _written(session: Session, conditions: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
    """The text of a query for whether the deal of the id _SUBJECT meets conditions, and its
    values."""
    is_subject = col(Deal.id) == sa.literal_column(_SUBJECT)
    query = sa.select(sa.true()).select_from(Deal).where(is_subject, *conditions)
    compiled = query.compile(
        dialect=session.connection().dialect, compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), dict(compiled.params)
