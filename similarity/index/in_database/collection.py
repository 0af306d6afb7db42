"""The documents of a kind in PostgreSQL, as one session sees them: the database finds the
candidates, and they are scored as in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from similarity.index.boilerplate import IsBoilerplate
from similarity.index.facets import FacetIndex, Facts, Values
from similarity.index.in_database.packing import received, stored_facets
from similarity.index.in_database.permitted import Permitted
from similarity.index.in_database.tables import (
    DOCUMENT,
    PIECE,
    PRINT,
    HalfVector,
    Integers,
    kept,
)
from similarity.index.in_database.words import DatabaseWords, Rows
from similarity.index.nearness import believed, nearness
from similarity.index.queries import Candidates, Query, Scope
from similarity.index.relevance import SPARE, Scores
from similarity.index.searchable import FACET_CANDIDATES, NONE, Searchable
from similarity.index.sources import Kind
from similarity.index.stored import centring_of
from similarity.index.vectors import Ids, Vectors
from similarity.scoring import Facets
from workspace.accounts.accounts import Account
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Product,
)
from workspace.own_fields.fields import FieldSubject, fields_of
from workspace.own_fields.values import OwnFilter

# How many vectors a search of the graph keeps in view; more find more, and take longer.
IN_VIEW = 200
# A search of the graph gives up after so many vectors that no filter lets through.
MOST_SCANNED = 50_000
_SETTINGS = {
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.ef_search": str(IN_VIEW),
    "hnsw.max_scan_tuples": str(MOST_SCANNED),
    # A plan for any lists of ids looks through them from the start for each row.
    "plan_cache_mode": "force_custom_plan",
    # Compiling takes longer than running.
    "jit": "off",
}


class DatabaseCollection(Searchable):
    """Documents by the id of their subject, in the rows that `writing` keeps."""

    words: DatabaseWords

    def __init__(self, session: Session, kind: Kind, model: str) -> None:
        super().__init__(*centring_of(session, kind, model))
        self.words = DatabaseWords(session, kind)
        self._session = session
        self._model = model
        self._kind = str(kind)
        # What was read of deals' facets.
        self._facets: dict[int, str | None] = {}
        # A literal, so that the planner sees which index serves.
        self._of_kind: sa.ColumnElement[bool] = PIECE.c.kind == sa.literal_column(f"'{kind}'")

    @property
    def is_boilerplate(self) -> IsBoilerplate:
        """Whether a sentence with these fingerprints is boilerplate among the documents."""
        return lambda prints: not self._boilerplate.isdisjoint(prints)

    @cached_property
    def _boilerplate(self) -> set[int]:
        # At most a hundred times as many as a document has sentences.
        query = sa.select(PRINT.c.print).where(PRINT.c.kind == self._kind, PRINT.c.boilerplate)
        return set(self._session.scalars(query))

    @cached_property
    def has_vectors(self) -> bool:
        """Whether this model has read any document; vectors of another are not comparable."""
        state = kept(self._session)
        if not state or state.model != self._model:
            return False
        some = sa.select(sa.exists().where(self._of_kind))
        return bool(self._session.scalars(some).one())

    def languages(self) -> Counter[str]:
        """How many of the counted documents are in each language."""
        words = self.words.lender if isinstance(self.words.lender, DatabaseWords) else self.words
        of_each = words.languages.items()
        return Counter({code: documents for code, (documents, _) in of_each if code})

    def confidential(self) -> Ids:
        """The ids of the documents that do not count in the statistics."""
        query = sa.select(DOCUMENT.c.subject).where(
            DOCUMENT.c.kind == self._kind, ~DOCUMENT.c.counted
        )
        return np.fromiter(self._session.scalars(query), np.int64)

    def facet_values(self, ours: Facets, ids: Ids, on: date) -> dict[str, Values]:
        """How far these deals agree with ours in each known facet, the same as `scoring.values`."""
        missing = np.array([each for each in ids.tolist() if each not in self._facets], np.int64)
        if len(missing):
            self._keep_facets(self.words.rows(missing))
        index = FacetIndex()
        # The places of the deals stand for their ids, so that the arrays stay short.
        index.make_room(len(ids))
        index.put(
            {
                place: Facts(stored_facets(stored), "", None, None)
                for place, deal in enumerate(ids.tolist())
                if (stored := self._facets.get(deal))
            }
        )
        return index.values(ours, np.arange(len(ids)), on)

    def _keep_facets(self, rows: Rows) -> None:
        self._facets.update(zip(rows.ids.tolist(), rows.facets, strict=True))

    def word_scores(self, terms: Mapping[str, float], ids: Ids) -> Scores:
        """The BM25 scores of these documents for terms with their weights."""
        self.words.look_up(terms)
        return self.words.scores(terms, self.words.rows(ids))

    def candidates_of_each(
        self,
        query: Query,
        scopes: Sequence[Scope],
        *,
        hidden: Ids = NONE,
        sharing: Facets | None = None,
        besides: Ids = NONE,
    ) -> list[Candidates]:
        """The candidates of several scopes, which are scored together."""
        self._session.execute(
            sa.select(*(sa.func.set_config(name, value, True) for name, value in _SETTINGS.items()))
        )
        found_in_each = []
        for scope in scopes:
            permitted = Permitted.of(self._session, scope, hidden)
            by_words, complete = self.words.best(query.terms, scope.pool, permitted)
            by_vectors = self._nearest(query.vector, scope.pool, permitted)
            alike = self._alike(sharing, permitted) if sharing else NONE
            asked_for = permitted.among(self._session, besides)
            others = np.unique(np.concatenate([by_vectors, alike, asked_for]))
            found_in_each.append((by_words, complete, others))
        every = [ids for by_words, _, others in found_in_each for ids in (by_words, others)]
        rows = self.words.rows(np.unique(np.concatenate(every)))
        self._keep_facets(rows)
        scores = self.words.scores(query.terms, rows)
        ids_of_each = []
        for scope, (by_words, complete, others) in zip(scopes, found_in_each, strict=True):
            chosen = by_words
            if not complete:
                # Now by all terms.
                own = scores[np.searchsorted(rows.ids, by_words)]
                chosen = by_words[np.lexsort((by_words, -own))][: scope.pool]
            ids_of_each.append(np.intersect1d(np.union1d(chosen, others), rows.ids))
        ids = np.unique(np.concatenate(ids_of_each))
        places = np.searchsorted(rows.ids, ids)
        scored = self._scored(query, rows.at(ids), scores[places])
        return [scored.of(ids) for ids in ids_of_each]

    def agreeing(self, query: Query, ids: Ids) -> Candidates:
        """Those of these documents that agree with a query at all, scored by both."""
        rows = self.words.rows(np.unique(ids))
        scores = self.words.scores(query.terms, rows)
        agree = scores > 0
        if query.vector is not None:
            agree |= rows.pieces > 0
        return self._scored(query, rows.at(rows.ids[agree]), scores[agree])

    def _scored(self, query: Query, rows: Rows, words: Scores) -> Candidates:
        dimension = 1 if query.vector is None else len(query.vector)
        vectors = np.empty((0, dimension), np.float32)
        if query.vector is not None and rows.pieces.any():
            vectors = self._vectors(rows)
        near = nearness(query.vector, vectors, rows.roles, rows.pieces, rows.hollow)
        languages = believed(self.languages(), rows.languages)
        return Candidates(rows.ids, near.nearness, words, near.passages, near.wholes, languages)

    def _vectors(self, rows: Rows) -> Vectors:
        """The vectors of the pieces of these documents, one document after the other."""
        ids = rows.ids[rows.pieces > 0].tolist()
        query = (
            sa.select(sa.func.halfvec_send(PIECE.c.vector, type_=sa.LargeBinary))
            .where(self._of_kind, PIECE.c.subject == sa.any_(sa.cast(ids, Integers)))
            .order_by(PIECE.c.subject, PIECE.c.position)
        )
        return received(list(self._session.scalars(query)))

    def _nearest(self, vector: Vectors | None, pool: int, permitted: Permitted) -> Ids:
        """The `pool` documents that own the nearest pieces; ties go to the lower ids."""
        if vector is None:
            return NONE
        asked = sa.cast(f"[{','.join(map(str, vector.tolist()))}]", HalfVector())
        # Pieces of one document are near each other, so more pieces than documents are needed.
        count = 3 * pool
        while True:
            found = [
                *self._pieces(asked, count, [PIECE.c.counted], permitted),
                *self._pieces(asked, count, [~PIECE.c.counted], permitted),
            ]
            ordered = sorted((1.0 if far is None else far, subject) for far, subject in found)
            nearest = list(dict.fromkeys(subject for _, subject in ordered))
            if len(nearest) >= pool or len(found) < count:
                return np.array(nearest[:pool], np.int64)
            count *= 2

    def _pieces(
        self,
        asked: sa.ColumnElement[Any],
        count: int,
        counted: Sequence[sa.ColumnElement[bool]],
        permitted: Permitted,
    ) -> Iterable[tuple[float | None, int]]:
        """The nearest pieces, each with its distance and its document."""
        distance: sa.ColumnElement[float] = PIECE.c.vector.op("<=>", return_type=sa.Float)(asked)
        if permitted.listed is not None:
            # Of an expression, so that they are compared one by one: the graph would be searched
            # for long until it has led to enough of them.
            distance = distance + sa.cast(0, sa.Float)
        query = (
            # A text that the model cannot read is a vector of zeros, which has no direction.
            sa.select(sa.func.nullif(distance, sa.cast("NaN", sa.Float)), PIECE.c.subject)
            .where(
                self._of_kind,
                *counted,
                *permitted.at_once(PIECE.c.subject),
                *permitted.in_turn(PIECE.c.subject),
            )
            .order_by(distance)
            .limit(count)
        )
        return self._session.execute(query)

    def _alike(self, ours: Facets, permitted: Permitted) -> Ids:
        """The deals that share the most of our products, competitors, own choices and industry;
        ties go to those that closed last."""
        deal: Any = col(Deal.id)
        sharing: list[Any] = []
        for names, link, named, reference in (
            (ours.products, DealProduct, Product, DealProduct.product_id),
            (ours.competitors, DealCompetitor, Competitor, DealCompetitor.competitor_id),
        ):
            if names:
                linked: Any = (
                    sa.select(col(link.deal_id).label("deal"))
                    .distinct()
                    .join(named, col(named.id) == col(reference))
                )
                sharing.append(linked.where(col(named.name).in_(sorted(names))))
        if ours.industry:
            of_industry = sa.select(deal.label("deal")).join(
                Account, col(Account.id) == col(Deal.account_id)
            )
            sharing.append(of_industry.where(col(Account.industry) == ours.industry))
        if ours.own:
            sharing.append(sa.select(deal.label("deal")).where(sa.or_(*self._chosen(ours))))
        if not sharing:
            return NONE
        each = sa.union_all(*sharing).subquery("each")
        common = (
            sa.select(each.c.deal, sa.func.count().label("shared"))
            .where(*permitted.at_once(each.c.deal))
            .group_by(each.c.deal)
            .cte("common")
        )
        # Most deals that share little are not even ordered, unless a filter leaves too few others.
        least = (
            sa.select(common.c.shared)
            .order_by(common.c.shared.desc())
            .offset(SPARE * FACET_CANDIDATES)
            .limit(1)
            .scalar_subquery()
        )
        found = self._alike_from(common, sa.func.coalesce(least, 1), permitted)
        if len(found) < FACET_CANDIDATES:
            found = self._alike_from(common, sa.literal(1), permitted)
        return found

    def _alike_from(
        self, common: sa.CTE, least: sa.ColumnElement[int], permitted: Permitted
    ) -> Ids:
        """The first of the deals that share at least so many."""
        deal: Any = col(Deal.id)
        ordered = (
            sa.select(common.c.deal)
            .join(Deal, deal == common.c.deal)
            .where(common.c.shared >= least)
            .order_by(common.c.shared.desc(), col(Deal.closed).desc().nulls_last(), deal)
            .offset(0)
            .subquery("ordered")
        )
        indexed = sa.select(sa.true()).where(
            DOCUMENT.c.kind == self._kind, DOCUMENT.c.subject == ordered.c.deal
        )
        query = (
            sa.select(ordered.c.deal)
            .where(
                sa.func.coalesce(indexed.scalar_subquery(), sa.false()),
                *permitted.in_turn(ordered.c.deal),
            )
            .limit(FACET_CANDIDATES)
        )
        return np.fromiter(self._session.scalars(query), np.int64)

    def _chosen(self, ours: Facets) -> list[sa.ColumnElement[bool]]:
        """Whether a deal has one of our own choices."""
        kinds = {each.key: each.kind for each in fields_of(self._session, FieldSubject.DEAL)}
        conditions = []
        for choice in sorted(ours.own):
            key, _, text = choice.partition("=")
            conditions += OwnFilter(key, kinds[key], text).where(col(Deal.own))
        return conditions
