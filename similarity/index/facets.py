"""The facets of deals: read from the record, and kept in memory to find candidates.

The facets in memory decide which deals are candidates: the database would take longer for that
than all the rest of a question. What is scored and shown is read from the record.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from similarity.index import arrays
from similarity.index.sources import names_of
from similarity.scoring import RECENCY_HALF_LIFE, SAME_REGION, Facets, own_choices, own_term
from workspace.accounts.accounts import Account
from workspace.accounts.industries import likeness
from workspace.accounts.size_bands import size_band_limits
from workspace.database import batches
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Competitor, Deal, DealCompetitor, DealProduct, Product
from workspace.own_fields.fields import FieldSubject, fields_of
from workspace.own_fields.values import facet_values
from workspace.people.tables import Person

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]
V = TypeVar("V", bound=Hashable)


@dataclass(frozen=True)
class Facts:
    """What the index keeps of a deal: its facets, and what filters need besides."""

    facets: Facets
    outcome: str
    opened: date | None
    owner_id: int | None
    account_id: int | None = None


@dataclass(frozen=True)
class ResolvedFilter:
    """A filter, with the names and ids that its keys stand for, as far as memory is searched."""

    filter: DealFilter
    product: str = ""
    competitor: str = ""
    owner_id: int = -1
    # The deals that match the criteria that are not kept in memory; None without such criteria.
    matching_others: Ids | None = None


_NO_CHOICES: frozenset[str] = frozenset()
# Built once, because building the statement takes longer than running it.
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
        col(Deal.account_id),
        col(Deal.own),
    )
    .outerjoin(Account, col(Account.id) == col(Deal.account_id))
    .where(col(Deal.id).in_(sa.bindparam("ids", expanding=True)))
)


def facets(session: Session, ids: Iterable[int]) -> dict[int, Facets]:
    """The facets of these deals."""
    return {deal_id: row.facets for deal_id, row in facts(session, ids).items()}


def facts(session: Session, ids: Iterable[int]) -> dict[int, Facts]:
    """The facets of these deals, and what filters need besides."""
    facts_of: dict[int, Facts] = {}
    # All choices are read; which of them count is for the question to say.
    fields = fields_of(session, FieldSubject.DEAL)
    for batch in batches(ids):
        products = names_of(session, Product, DealProduct.product_id, DealProduct.deal_id, batch)
        competitors = names_of(
            session, Competitor, DealCompetitor.competitor_id, DealCompetitor.deal_id, batch
        )
        # Unpacked: a question reads hundreds of rows, and access by name takes much longer.
        for (
            deal_id, industry, headcount, country, region, closed, outcome, opened, owner_id,
            account_id, own,
        ) in session.execute(_FACTS, {"ids": batch}):  # fmt: skip
            deal_facets = Facets(
                industry=industry,
                headcount=headcount,
                products=frozenset(products[deal_id]),
                competitors=frozenset(competitors[deal_id]),
                country=country,
                region=region,
                closed=closed,
                own=facet_values(fields, own) if own else _NO_CHOICES,
            )
            facts_of[deal_id] = Facts(deal_facets, outcome, opened, owner_id, account_id)
    return facts_of


def resolve(session: Session, filter: DealFilter) -> ResolvedFilter:
    """A filter for `FacetIndex.matching`. A key that nothing has matches no deal."""
    product = sa.select(col(Product.name)).where(col(Product.key) == filter.product)
    competitor = sa.select(col(Competitor.name)).where(col(Competitor.key) == filter.competitor)
    owner = sa.select(col(Person.id)).where(col(Person.key) == filter.owner)
    others = DealFilter(
        stage=filter.stage, account=filter.account, text=filter.text, own=filter.own
    )
    ids = sa.select(col(Deal.id)).where(*others.where())
    return ResolvedFilter(
        filter=filter,
        product=(filter.product and session.execute(product).scalar()) or "",
        competitor=(filter.competitor and session.execute(competitor).scalar()) or "",
        owner_id=(filter.owner and session.execute(owner).scalar()) or -1,
        matching_others=np.fromiter(session.execute(ids).scalars(), np.int64) if others else None,
    )


class _Column(Generic[V]):
    """A column of values by id, with few distinct values (dictionary encoding)."""

    def __init__(self, missing: V) -> None:
        self._values: list[V] = [missing]
        self._number: dict[V, int] = {missing: 0}
        # As wide as numpy's own indexes, which makes lookups three times as fast.
        self._numbers: Ids = np.zeros(0, np.int64)

    def put(self, ids: Ids, values: Iterable[V]) -> None:
        numbers = []
        for value in values:
            if value not in self._number:
                self._number[value] = len(self._values)
                self._values.append(value)
            numbers.append(self._number[value])
        self._numbers[ids] = numbers

    def make_room(self, size: int) -> None:
        new = np.zeros(size - len(self._numbers), np.int64)
        self._numbers = np.concatenate([self._numbers, new])

    def map(
        self, function: Callable[[V], Any], ids: Ids | slice, dtype: type = float
    ) -> NDArray[Any]:
        """The results of a function for the values of these ids."""
        numbers = self._numbers[ids]
        if len(numbers) < len(self._values):
            values = map(self._values.__getitem__, numbers.tolist())
            return np.fromiter(map(function, values), dtype, len(numbers))
        return np.fromiter(map(function, self._values), dtype, len(self._values)).take(numbers)

    def state(self) -> tuple[list[V], Ids]:
        return self._values, self._numbers

    @classmethod
    def of_state(cls, values: list[V], numbers: Ids) -> "_Column[V]":
        column = cls(values[0])
        column._values, column._numbers = values, numbers
        column._number = {value: number for number, value in enumerate(values)}
        return column


class FacetIndex:
    """The facets of deals by id. Arrays are as long as the greatest id."""

    def __init__(self) -> None:
        self._held = np.zeros(0, bool)
        # -1 where it is unknown.
        self._headcount = np.zeros(0, np.int64)
        # Ordinals of days; 0 where there is none.
        self._closed = np.zeros(0, np.int32)
        self._opened = np.zeros(0, np.int32)
        # 0 without an owner.
        self._owner = np.zeros(0, np.int64)
        self._outcome: _Column[str] = _Column("")
        self._industry: _Column[str | None] = _Column(None)
        self._country: _Column[str | None] = _Column(None)
        self._region: _Column[str | None] = _Column(None)
        self._products: _Column[frozenset[str]] = _Column(frozenset())
        self._competitors: _Column[frozenset[str]] = _Column(frozenset())
        self._own: _Column[frozenset[str]] = _Column(frozenset())

    def put(self, facts_of: dict[int, Facts]) -> None:
        """Add or replace deals, by their ids."""
        if not facts_of:
            return
        self.make_room(max(facts_of) + 1)
        ids, deals = np.array(list(facts_of), np.int64), list(facts_of.values())
        rows = [deal.facets for deal in deals]
        self.put_columns(
            ids,
            industry=[row.industry for row in rows],
            headcount=[row.headcount for row in rows],
            country=[row.country for row in rows],
            region=[row.region for row in rows],
            closed=[_ordinal(row.closed) for row in rows],
            products=[row.products for row in rows],
            competitors=[row.competitors for row in rows],
            own=[row.own for row in rows],
        )
        self._opened[ids] = [_ordinal(deal.opened) for deal in deals]
        self._owner[ids] = [deal.owner_id or 0 for deal in deals]
        self._outcome.put(ids, (deal.outcome for deal in deals))

    def put_columns(
        self,
        ids: Ids,
        *,
        industry: Iterable[str | None],
        headcount: Iterable[int | None],
        country: Iterable[str | None],
        region: Iterable[str | None],
        closed: Sequence[int],
        products: Iterable[frozenset[str]],
        competitors: Iterable[frozenset[str]],
        own: Iterable[frozenset[str]],
    ) -> None:
        """Add or replace the facets of these deals, for which there is room; `closed` has ordinals
        of days, 0 where there is none."""
        self._held[ids] = True
        self._headcount[ids] = [-1 if count is None else count for count in headcount]
        self._closed[ids] = closed
        self._industry.put(ids, industry)
        self._country.put(ids, country)
        self._region.put(ids, region)
        self._products.put(ids, products)
        self._competitors.put(ids, competitors)
        self._own.put(ids, own)

    def remove(self, ids: Ids) -> None:
        """Remove deals; unknown ids are ignored."""
        self._held[ids[ids < len(self._held)]] = False

    def matching(self, resolved: ResolvedFilter) -> Ids:
        """The ids of the deals that match a filter, the same as by `DealFilter.where`."""
        filter, every = resolved.filter, slice(None)
        mask = self._held.copy()
        if filter.outcome:
            mask &= self._outcome.map(filter.takes, every, bool)
        if filter.industry:
            section = filter.industry
            mask &= self._industry.map(lambda code: (code or "").startswith(section), every, bool)
        if filter.region:
            mask &= self._region.map(lambda region: region == filter.region, every, bool)
        if filter.size:
            low, high = size_band_limits(filter.size)
            mask &= self._headcount >= low
            mask &= self._headcount <= (high or np.iinfo(np.int64).max)
        if filter.product:
            mask &= self._products.map(lambda names: resolved.product in names, every, bool)
        if filter.competitor:
            mask &= self._competitors.map(lambda names: resolved.competitor in names, every, bool)
        if filter.owner:
            mask &= self._owner == resolved.owner_id
        if filter.since or filter.until:
            # `np.where` would take several times as long as this sum, of which one term is 0.
            day = self._closed + self._opened * (self._closed == 0)
            mask &= (day >= max(_ordinal(filter.since), 1)) & (
                day <= _ordinal(filter.until or date.max)
            )
        ids = np.flatnonzero(mask)
        others = resolved.matching_others
        return ids if others is None else np.intersect1d(ids, others)

    def alike(self, ours: Facets, searched: Mask, count: int) -> Ids:
        """Of the deals under the mask `searched`, the `count` that share the most of our products,
        competitors, own choices and industry; ties go to those that closed last."""
        common = np.zeros(len(self._held), np.uint8)
        for theirs, own in (
            (self._products, ours.products),
            (self._competitors, ours.competitors),
            (self._own, ours.own),
        ):
            if own:
                common += ~theirs.map(own.isdisjoint, slice(None), bool)
        if ours.industry:
            common += self._industry.map(lambda code: code == ours.industry, slice(None), bool)
        size = min(len(common), len(searched))
        common[size:] = 0
        common[:size] *= self._held[:size] & searched[:size]
        chosen: list[Ids] = []
        left = count
        for shared in (4, 3, 2, 1):
            if left:
                chosen.append(self._newest(np.flatnonzero(common == shared), left))
                left -= len(chosen[-1])
        return np.concatenate(chosen)

    def values(self, ours: Facets, ids: Ids, on: date) -> dict[str, Values]:
        """How far these deals agree with ours in each known facet, the same as `scoring.values`."""
        values = {}
        if ours.industry:
            values["industry"] = self._industry.map(
                lambda theirs: likeness(ours.industry, theirs), ids
            )
        if ours.headcount and ours.headcount > 0:
            theirs = self._headcount[ids]
            ratio = np.abs(np.log10(np.maximum(theirs, 1) / ours.headcount))
            values["size"] = np.where(theirs > 0, np.maximum(0.0, 1 - ratio), 0.0)
        if ours.products:
            values["product"] = self._products.map(
                lambda theirs: len(ours.products & theirs) / len(ours.products), ids
            )
        if ours.competitors:
            values["competitor"] = self._competitors.map(
                lambda theirs: len(ours.competitors & theirs) / len(ours.competitors), ids
            )
        if ours.region or ours.country:
            values["region"] = np.maximum(
                self._country.map(lambda theirs: float(_same(ours.country, theirs)), ids),
                self._region.map(lambda theirs: SAME_REGION * _same(ours.region, theirs), ids),
            )
        for key, chosen in own_choices(ours).items():
            values[own_term(key)] = self._own.map(partial(_share, chosen), ids)
        closed = self._closed[ids]
        days = np.maximum(0, on.toordinal() - closed)
        values["recency"] = np.where(closed > 0, 0.5 ** (days / RECENCY_HALF_LIFE), 0.0)
        return values

    def save(self, path: Path) -> None:
        """Write the facets to a file."""
        columns = {name: getattr(self, name).state() for name in _COLUMNS}
        values_of = {
            name: [sorted(value) if isinstance(value, frozenset) else value for value in values]
            for name, (values, _) in columns.items()
        }
        plain = {name: getattr(self, name) for name in _PLAIN}
        plain["values"] = np.frombuffer(json.dumps(values_of).encode(), np.uint8)
        arrays.save(path, plain | {name: numbers for name, (_, numbers) in columns.items()})

    @classmethod
    def load(cls, path: Path) -> "FacetIndex":
        """Read facets that `save` wrote. Not all damage is noticed: verify a checksum first."""
        index, stored = cls(), arrays.load(path)
        for name in _PLAIN:
            setattr(index, name, stored[name])
        values_of = json.loads(stored["values"].tobytes())
        for name in _COLUMNS:
            values = [
                frozenset(value) if isinstance(value, list) else value for value in values_of[name]
            ]
            setattr(index, name, _Column.of_state(values, stored[name]))
        return index

    def _newest(self, ids: Ids, count: int) -> Ids:
        """The `count` of these deals that closed last; ties go to the lower ids."""
        if len(ids) > count:
            edge = np.partition(self._closed[ids], -count)[-count]
            ids = ids[self._closed[ids] >= edge]
        return ids[np.lexsort((ids, -self._closed[ids]))][:count]

    def make_room(self, size: int) -> None:
        """Make room for ids below `size`."""
        if size > len(self._held):
            longer = max(1024, 2 * size)
            for name in _PLAIN:
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros(longer - len(old), old.dtype)]))
            for name in _COLUMNS:
                getattr(self, name).make_room(longer)


_PLAIN = ("_held", "_headcount", "_closed", "_opened", "_owner")
_COLUMNS = ("_outcome", "_industry", "_country", "_region", "_products", "_competitors", "_own")


def _share(ours: frozenset[str], theirs: frozenset[str]) -> float:
    return len(ours & theirs) / len(ours)


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day else 0


def _same(ours: str | None, theirs: str | None) -> bool:
    return bool(ours) and ours == theirs
