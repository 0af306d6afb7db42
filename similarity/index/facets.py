"""The facets of deals: read from the record, and kept in memory to find those that share them.

What is kept in memory decides which deals are looked at, as a database would take longer for
that than everything else does. What is shown of them, and scored, is read from the record.
"""

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from similarity.index import arrays
from similarity.index.sources import names_of
from similarity.scoring import RECENCY_HALF_LIFE, SAME_REGION, Facets
from workspace.accounts.accounts import Account
from workspace.accounts.industries import likeness
from workspace.accounts.size_bands import size_band_limits
from workspace.database import batches
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Competitor, Deal, DealCompetitor, DealProduct, Product
from workspace.people.tables import Person

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]
V = TypeVar("V", bound=Hashable)


@dataclass(frozen=True)
class Facts:
    """What is kept of a deal: by what it is compared, and by what else it is filtered."""

    facets: Facets
    outcome: str
    opened: date | None
    owner_id: int | None


@dataclass(frozen=True)
class Sought:
    """A filter, with the names and ids that its keys stand for."""

    filter: DealFilter
    product: str
    competitor: str
    owner_id: int
    # The deals that are left by what is not kept in memory; None where nothing of it is asked.
    others: Ids | None


# Made once: making a statement takes longer than most of them run.
_FACTS = (
    sa.select(
        col(Deal.id),
        col(Account.industry),
        col(Account.headcount),
        col(Account.country),
        col(Account.region),
        col(Deal.closed),
        col(Deal.outcome),
        col(Deal.opened),
        col(Deal.owner_id),
    )
    .outerjoin(Account, col(Account.id) == col(Deal.account_id))
    .where(col(Deal.id).in_(sa.bindparam("ids", expanding=True)))
)


def facets(session: Session, ids: Iterable[int]) -> dict[int, Facets]:
    """What is compared of these deals besides their text."""
    return {deal_id: each.facets for deal_id, each in facts(session, ids).items()}


def facts(session: Session, ids: Iterable[int]) -> dict[int, Facts]:
    """What is kept of these deals."""
    found: dict[int, Facts] = {}
    for batch in batches(ids):
        products = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, batch)
        competitors = names_of(
            session, Competitor, DealCompetitor.competitor_id, DealCompetitor.deal_id, batch
        )
        for row in session.execute(_FACTS, {"ids": batch}):
            compared = Facets(
                industry=row[1],
                headcount=row[2],
                products=frozenset(products[row[0]]),
                competitors=frozenset(competitors[row[0]]),
                country=row[3],
                region=row[4],
                closed=row[5],
            )
            found[row[0]] = Facts(compared, *row[6:])
    return found


def sought(session: Session, filter: DealFilter) -> Sought:
    """A filter, read for `FacetIndex.matching`. What a key names that is nowhere, no deal has."""
    product = sa.select(col(Product.name)).where(col(Product.key) == filter.product)
    competitor = sa.select(col(Competitor.name)).where(col(Competitor.key) == filter.competitor)
    owner = sa.select(col(Person.id)).where(col(Person.key) == filter.owner)
    others = DealFilter(stage=filter.stage, account=filter.account, text=filter.text)
    ids = sa.select(col(Deal.id)).where(*others.where())
    return Sought(
        filter=filter,
        product=(filter.product and session.execute(product).scalar()) or "",
        competitor=(filter.competitor and session.execute(competitor).scalar()) or "",
        owner_id=(filter.owner and session.execute(owner).scalar()) or -1,
        others=np.fromiter(session.execute(ids).scalars(), np.int64) if others else None,
    )


class _Column(Generic[V]):
    """One value for each id, of a few different ones."""

    def __init__(self, missing: V) -> None:
        self._values: list[V] = [missing]
        self._number: dict[V, int] = {missing: 0}
        # As wide as numpy's own indexes: it looks values up three times as fast.
        self._of: Ids = np.zeros(0, np.int64)

    def put(self, ids: Ids, values: Iterable[V]) -> None:
        numbers = []
        for value in values:
            if value not in self._number:
                self._number[value] = len(self._values)
                self._values.append(value)
            numbers.append(self._number[value])
        self._of[ids] = numbers

    def make_room(self, size: int) -> None:
        self._of = np.concatenate([self._of, np.zeros(size - len(self._of), np.int64)])

    def each(
        self, judge: Callable[[V], Any], ids: Ids | slice, dtype: type = float
    ) -> NDArray[Any]:
        """What `judge` makes of the values of these ids."""
        numbers = self._of[ids]
        if len(numbers) < len(self._values):
            values = map(self._values.__getitem__, numbers.tolist())
            return np.fromiter(map(judge, values), dtype, len(numbers))
        return np.fromiter(map(judge, self._values), dtype, len(self._values)).take(numbers)

    def state(self) -> tuple[list[V], Ids]:
        return self._values, self._of

    @classmethod
    def of_state(cls, values: list[V], of: Ids) -> "_Column[V]":
        column = cls(values[0])
        column._values, column._of = values, of
        column._number = {value: number for number, value in enumerate(values)}
        return column


class FacetIndex:
    """The facets of deals by their ids, small numbers as a database gives them."""

    def __init__(self) -> None:
        self._held = np.zeros(0, bool)
        # -1 where it is unknown.
        self._headcount = np.zeros(0, np.int64)
        # Days as numbers; 0 where there is none.
        self._closed = np.zeros(0, np.int32)
        self._opened = np.zeros(0, np.int32)
        # 0 where nobody owns it.
        self._owner = np.zeros(0, np.int64)
        self._outcome: _Column[str] = _Column("")
        self._industry: _Column[str | None] = _Column(None)
        self._country: _Column[str | None] = _Column(None)
        self._region: _Column[str | None] = _Column(None)
        self._products: _Column[frozenset[str]] = _Column(frozenset())
        self._competitors: _Column[frozenset[str]] = _Column(frozenset())

    def put(self, of: dict[int, Facts]) -> None:
        """Add or replace deals."""
        if not of:
            return
        self._make_room(max(of) + 1)
        ids, rows = np.array(list(of), np.int64), [each.facets for each in of.values()]
        self._held[ids] = True
        self._headcount[ids] = [-1 if row.headcount is None else row.headcount for row in rows]
        self._closed[ids] = [_number(row.closed) for row in rows]
        self._opened[ids] = [_number(each.opened) for each in of.values()]
        self._owner[ids] = [each.owner_id or 0 for each in of.values()]
        self._outcome.put(ids, (each.outcome for each in of.values()))
        self._industry.put(ids, (row.industry for row in rows))
        self._country.put(ids, (row.country for row in rows))
        self._region.put(ids, (row.region for row in rows))
        self._products.put(ids, (row.products for row in rows))
        self._competitors.put(ids, (row.competitors for row in rows))

    def remove(self, ids: Ids) -> None:
        """Forget deals; those that are not held are passed over."""
        self._held[ids[ids < len(self._held)]] = False

    def matching(self, sought: Sought) -> Ids:
        """The deals that a filter leaves, as `DealFilter.where` has it."""
        wanted, every = sought.filter, slice(None)
        found = self._held.copy()
        if wanted.outcome:
            found &= self._outcome.each(wanted.takes, every, bool)
        if wanted.industry:
            section = wanted.industry
            found &= self._industry.each(lambda code: (code or "").startswith(section), every, bool)
        if wanted.region:
            found &= self._region.each(lambda region: region == wanted.region, every, bool)
        if wanted.size:
            low, high = size_band_limits(wanted.size)
            found &= self._headcount >= low
            found &= self._headcount <= (high or np.iinfo(np.int64).max)
        if wanted.product:
            found &= self._products.each(lambda held: sought.product in held, every, bool)
        if wanted.competitor:
            found &= self._competitors.each(lambda held: sought.competitor in held, every, bool)
        if wanted.owner:
            found &= self._owner == sought.owner_id
        if wanted.since or wanted.until:
            # A choice by `where` takes several times as long as a sum of which one part is 0.
            day = self._closed + self._opened * (self._closed == 0)
            found &= (day >= max(_number(wanted.since), 1)) & (
                day <= _number(wanted.until or date.max)
            )
        ids = np.flatnonzero(found)
        return ids if sought.others is None else np.intersect1d(ids, sought.others)

    def alike(self, ours: Facets, searched: Mask, count: int) -> Ids:
        """Of the deals whose ids `searched` allows, the `count` that share the most of our
        products, competitors and industry; of equal ones those that closed last."""
        common = np.zeros(len(self._held), np.uint8)
        for theirs, own in ((self._products, ours.products), (self._competitors, ours.competitors)):
            if own:
                common += ~theirs.each(own.isdisjoint, slice(None), bool)
        if ours.industry:
            common += self._industry.each(lambda held: held == ours.industry, slice(None), bool)
        size = min(len(common), len(searched))
        common[size:] = 0
        common[:size] *= self._held[:size] & searched[:size]
        chosen: list[Ids] = []
        left = count
        for shared in (3, 2, 1):
            if left:
                chosen.append(self._newest(np.flatnonzero(common == shared), left))
                left -= len(chosen[-1])
        return np.concatenate(chosen)

    def values(self, ours: Facets, ids: Ids, on: date) -> dict[str, Values]:
        """How far deals agree in each facet that is known of ours, as `ranking.compare` does."""
        found = {}
        if ours.industry:
            found["industry"] = self._industry.each(
                lambda theirs: likeness(ours.industry, theirs), ids
            )
        if ours.headcount and ours.headcount > 0:
            theirs = self._headcount[ids]
            ratio = np.abs(np.log10(np.maximum(theirs, 1) / ours.headcount))
            found["size"] = np.where(theirs > 0, np.maximum(0.0, 1 - ratio), 0.0)
        if ours.products:
            found["product"] = self._products.each(
                lambda theirs: len(ours.products & theirs) / len(ours.products), ids
            )
        if ours.competitors:
            found["competitor"] = self._competitors.each(
                lambda theirs: len(ours.competitors & theirs) / len(ours.competitors), ids
            )
        if ours.region or ours.country:
            found["region"] = np.maximum(
                self._country.each(lambda theirs: float(_same(ours.country, theirs)), ids),
                self._region.each(lambda theirs: SAME_REGION * _same(ours.region, theirs), ids),
            )
        closed = self._closed[ids]
        days = np.maximum(0, on.toordinal() - closed)
        found["recency"] = np.where(closed > 0, 0.5 ** (days / RECENCY_HALF_LIFE), 0.0)
        return found

    def save(self, path: Path) -> None:
        """Write the facets to a file."""
        columns = {name: getattr(self, name).state() for name in _COLUMNS}
        told = {
            name: [sorted(value) if isinstance(value, frozenset) else value for value in values]
            for name, (values, _) in columns.items()
        }
        plain = {name: getattr(self, name) for name in _PLAIN}
        plain["values"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
        arrays.save(path, plain | {name: of for name, (_, of) in columns.items()})

    @classmethod
    def load(cls, path: Path) -> "FacetIndex":
        """Read what `save` wrote. Damage is not always noticed: check a sum first."""
        index, held = cls(), arrays.load(path)
        for name in _PLAIN:
            setattr(index, name, held[name])
        told = json.loads(held["values"].tobytes())
        for name in _COLUMNS:
            values = [
                frozenset(value) if isinstance(value, list) else value for value in told[name]
            ]
            setattr(index, name, _Column.of_state(values, held[name]))
        return index

    def _newest(self, ids: Ids, count: int) -> Ids:
        """Of these deals the `count` that closed last; of equal ones those with lower ids."""
        if len(ids) > count:
            edge = np.partition(self._closed[ids], -count)[-count]
            ids = ids[self._closed[ids] >= edge]
        return ids[np.lexsort((ids, -self._closed[ids]))][:count]

    def _make_room(self, size: int) -> None:
        if size > len(self._held):
            longer = max(1024, 2 * size)
            for name in _PLAIN:
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros(longer - len(old), old.dtype)]))
            for name in _COLUMNS:
                getattr(self, name).make_room(longer)


_PLAIN = ("_held", "_headcount", "_closed", "_opened", "_owner")
_COLUMNS = ("_outcome", "_industry", "_country", "_region", "_products", "_competitors")


def _number(day: date | None) -> int:
    return day.toordinal() if day else 0


def _same(ours: str | None, theirs: str | None) -> bool:
    return bool(ours) and ours == theirs
