"""The documents of a kind in PostgreSQL, as one session sees them: the database finds the
candidates, and they are scored as in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlmodel import Session

from similarity.index.boilerplate import IsBoilerplate
from similarity.index.facets import FacetIndex, Values
from similarity.index.in_database import statements
from similarity.index.in_database.known import Known, fetched, known_of
from similarity.index.in_database.packing import FacetColumns, received, shared_codes
from similarity.index.in_database.permitted import Permitted
from similarity.index.in_database.words import DatabaseWords, Rows
from similarity.index.nearness import believed, nearness
from similarity.index.queries import Candidates, Query, Scope
from similarity.index.relevance import SPARE, Scores
from similarity.index.searchable import FACET_CANDIDATES, NONE, Searchable
from similarity.index.sources import Kind
from similarity.index.stored import centring_of
from similarity.index.vectors import Ids, Vectors
from similarity.scoring import Facets

# How many of the nearest pieces are looked for, for each document that is asked for: those of one
# document are near each other. More are looked for where they are of fewer documents than that,
# and of fewer than ENOUGH.
PIECES_EACH = 2
ENOUGH = 100
# How many times as many pieces a search of the graph keeps in view as it looks for, without a
# filter and with one: where they are not enough it goes on, which takes longer. pgvector allows
# MOST_IN_VIEW.
IN_VIEW, IN_VIEW_FILTERED = 1.2, 2.0
LEAST_IN_VIEW, MOST_IN_VIEW = 200, 1_000


class DatabaseCollection(Searchable):
    """Documents by the id of their subject, in the rows that `writing` keeps."""

    words: DatabaseWords

    def __init__(self, session: Session, kind: Kind, model: str) -> None:
        super().__init__(*centring_of(session, kind, model))
        self.words = DatabaseWords(session, kind)
        self._session = session
        self._model = model
        self._kind = kind
        # What was read of deals' facets.
        self._facets: dict[int, FacetColumns] = {}

    @property
    def _known(self) -> Known:
        return known_of(self._session, self._kind)

    @property
    def is_boilerplate(self) -> IsBoilerplate:
        """Whether a sentence with these fingerprints is boilerplate among the documents."""
        boilerplate = self._known.boilerplate
        return lambda prints: not boilerplate.isdisjoint(prints)

    @property
    def has_vectors(self) -> bool:
        """Whether this model has read any document; vectors of another are not comparable."""
        return self._known.has_pieces and self._known.model == self._model

    def languages(self) -> Counter[str]:
        """How many of the counted documents are in each language."""
        words = self.words.lender if isinstance(self.words.lender, DatabaseWords) else self.words
        of_each = words.languages.items()
        return Counter({code: documents for code, (documents, _) in of_each if code})

    def confidential(self) -> Ids:
        """The ids of the documents that do not count in the statistics."""
        return self._known.confidential

    def facet_values(self, ours: Facets, ids: Ids, on: date) -> dict[str, Values]:
        """How far these deals agree with ours in each known facet, the same as `scoring.values`."""
        missing = np.array([each for each in ids.tolist() if each not in self._facets], np.int64)
        if len(missing):
            self._keep_facets(self.words.rows(missing))
        rows = [self._facets.get(deal, FacetColumns()) for deal in ids.tolist()]
        products, competitors, own, _ = (_held(names, rows) for names in shared_codes(ours))
        index = FacetIndex()
        # The places of the deals stand for their ids, so that the arrays stay short.
        index.make_room(len(ids))
        places = np.arange(len(ids))
        index.put_columns(
            places,
            industry=[row.industry for row in rows],
            headcount=[row.headcount for row in rows],
            country=[row.country for row in rows],
            region=[row.region for row in rows],
            closed=[row.closed or 0 for row in rows],
            products=products,
            competitors=competitors,
            own=own,
        )
        return index.values(ours, places, on)

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
        # It makes the settings for what follows.
        known_of(self._session, self._kind)
        found_in_each = []
        for scope in scopes:
            permitted = Permitted.of(self._session, scope, hidden, self.words.total)
            by_words, complete, others = self._found(query, scope.pool, permitted, besides)
            if sharing:
                others = np.concatenate([others, self._alike(sharing, permitted)])
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
        places = np.searchsorted(rows.ids, np.unique(np.concatenate(ids_of_each)))
        scored = self._scored(query, rows.at(places), scores[places])
        return [scored.of(ids) for ids in ids_of_each]

    def agreeing(self, query: Query, ids: Ids) -> Candidates:
        """Those of these documents that agree with a query at all, scored by both."""
        rows = self.words.rows(np.unique(ids))
        scores = self.words.scores(query.terms, rows)
        agree = scores > 0
        if query.vector is not None:
            agree |= rows.pieces > 0
        return self._scored(query, rows.at(np.flatnonzero(agree)), scores[agree])

    def _scored(self, query: Query, rows: Rows, words: Scores) -> Candidates:
        cosines = np.zeros(0, np.float32)
        has_whole = np.zeros(len(rows.ids), bool)
        if query.vector is not None and rows.pieces.any():
            read = rows.ids[rows.pieces > 0]
            cosines = _products(self._session, self._kind, read, query.vector)
            starts = (np.cumsum(rows.pieces) - rows.pieces)[rows.pieces > 0]
            # A text that the model cannot read is a vector of zeros.
            has_whole[rows.pieces > 0] = cosines[starts] != 0
        roles = np.frombuffer(b"".join(rows.roles), np.uint8)
        near = nearness(cosines, roles, rows.pieces, rows.hollow)
        wholes = _StoredWholes(
            self._session,
            self._kind,
            rows.ids,
            has_whole & ~rows.hollow,
            0 if query.vector is None else len(query.vector),
        )
        languages = believed(self.languages(), rows.languages)
        return Candidates(rows.ids, near.nearness, words, near.passages, wholes, languages)

    def _found(
        self, query: Query, pool: int, permitted: Permitted, besides: Ids
    ) -> tuple[Ids, bool, Ids]:
        """The best documents by words, and whether that is by all terms: where it is not, they are
        SPARE times as many. The documents that own the nearest pieces, with those of `besides` that
        are permitted. Ties go to the lower ids."""
        finding, complete = self.words.finding(query.terms)
        values = {
            **permitted.values,
            **finding,
            "pool": pool,
            "best": pool if complete else SPARE * pool,
            "besides": besides.tolist(),
        }
        parts = []
        if finding["numbers"]:
            parts.append(statements.by_words(permitted))
        if query.vector is not None:
            values |= {"asked": _text(query.vector), "pieces": PIECES_EACH * pool, "enough": ENOUGH}
            self._keep_in_view(values["pieces"], permitted)
            parts.append(statements.by_vector(self._kind, permitted))
        if len(besides):
            parts.append(statements.among(permitted))
        if not parts:
            return NONE, complete, NONE
        found = {statements.WORDS: NONE, statements.VECTOR: NONE, statements.BESIDES: NONE}
        is_sure = False
        while not is_sure:
            rows = fetched(self._session, statements.together(parts), values)
            found |= {way: np.array(ids, np.int64) for way, ids, _ in rows}
            is_sure = all(sure for _, _, sure in rows)
            values["pieces"] = 2 * values.get("pieces", 0)
        others = np.concatenate([found[statements.VECTOR], found[statements.BESIDES]])
        return found[statements.WORDS], complete, others

    def _keep_in_view(self, pieces: int, permitted: Permitted) -> None:
        """Set how many pieces the next search of the graph keeps in view."""
        count = int(pieces * (IN_VIEW_FILTERED if permitted.deals else IN_VIEW))
        in_view = max(LEAST_IN_VIEW, min(count, MOST_IN_VIEW))
        query = "SELECT set_config('hnsw.ef_search', %(count)s, true)"
        fetched(self._session, query, {"count": str(in_view)})

    def _alike(self, ours: Facets, permitted: Permitted) -> Ids:
        """The deals that share the most of our products, competitors, own choices and industry;
        ties go to those that closed last."""
        groups = [list(names) for names in shared_codes(ours) if names]
        values = {**permitted.values, "alike": FACET_CANDIDATES}
        values |= {f"group{place}": codes for place, codes in enumerate(groups)}
        found: list[Any] = []
        # Those that share little are not even looked at, unless too few share more.
        for least in range(len(groups), 0, -1):
            query = statements.alike(len(groups), least, permitted)
            found = list(fetched(self._session, query, values))
            if len(found) >= FACET_CANDIDATES:
                break
        return np.array([subject for (subject,) in found], np.int64)


class _StoredWholes:
    """The vectors of whole documents, by ascending ids, that are read when they are needed."""

    def __init__(self, session: Session, kind: Kind, ids: Ids, held: Any, dimension: int) -> None:
        self._session = session
        self._kind = kind
        self._ids = ids
        self.held = held
        self._dimension = dimension

    def rows(self, places: Ids) -> Vectors:
        """The vectors in these places, shape (n, dimension); 0 where there is none."""
        ids = np.unique(self._ids[places][self.held[places]])
        rows = np.zeros((len(places), self._dimension), np.float32)
        if not len(ids):
            return rows
        values = {"subjects": ids.tolist()}
        columns = fetched(self._session, statements.wholes(self._kind), values)
        vectors = received([column for (column,) in columns])
        for row, place in enumerate(places.tolist()):
            if self.held[place]:
                rows[row] = vectors[np.searchsorted(ids, self._ids[place])]
        return rows

    def along(self, direction: Vectors) -> Scores:
        """The product of every vector with one of shape (dimension,)."""
        ids = self._ids[self.held]
        products = np.zeros(len(self._ids), np.float32)
        products[self.held] = _products(self._session, self._kind, ids, direction, wholes_only=True)
        return products

    def at(self, places: Ids) -> "_StoredWholes":
        """Those in these places alone."""
        return _StoredWholes(
            self._session, self._kind, self._ids[places], self.held[places], self._dimension
        )


def _held(names: Mapping[int, str], rows: Sequence[FacetColumns]) -> list[frozenset[str]]:
    """Which of the things that have these codes each row has; of others there is no name."""
    codes, nothing = frozenset(names), frozenset[str]()
    return [
        frozenset(names[code] for code in held)
        if (held := codes.intersection(row.shared))
        else nothing
        for row in rows
    ]


def _products(
    session: Session, kind: Kind, ids: Ids, direction: Vectors, *, wholes_only: bool = False
) -> Scores:
    """The products of a vector with those of the pieces of these documents, which are in the order
    of their ids, one document after the other."""
    values = {"subjects": ids.tolist(), "asked": _text(direction)}
    found = fetched(session, statements.products(kind, wholes_only=wholes_only), values)
    return np.array(found[0][0], np.float32)


def _text(vector: Vectors) -> str:
    """A vector as PostgreSQL reads it."""
    return f"[{','.join(map(str, vector.tolist()))}]"
