"""The words of the documents in PostgreSQL: the same statistics and scores as in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session

from similarity.index.in_database.known import fetched, known_of
from similarity.index.in_database.packing import TERM_SIZE, FacetColumns, Terms, key_of
from similarity.index.in_database.tables import TERM, Integers
from similarity.index.relevance import Content, Relevance, Scores
from similarity.index.sources import Kind
from similarity.index.vectors import Ids

# A query looks for its best documents in at most this many postings, those of its rarest terms:
# reading 20,000 rows takes some 5 ms.
POSTINGS = 20_000
# The same for large records, as a share of their documents: of a million deals a tenth of the best
# ten were missed with 20,000, a twentieth with this share.
POSTINGS_SHARE = 1 / 8

_COLUMNS = ("subject", "language", "length", "hollow", "roles", "terms", *FacetColumns._fields)
_ROWS = (
    f"SELECT {', '.join(_COLUMNS)} FROM search_document"
    " WHERE kind = %(kind)s AND subject = ANY(%(subjects)s::int4[]) ORDER BY subject"
)
_TERMS = """
SELECT term, id, counted, holders FROM search_term
WHERE kind = %(kind)s AND term = ANY(%(terms)s::text[])
"""


@dataclass(frozen=True)
class Rows:
    """Rows of documents, by ascending ids; the columns run in parallel."""

    ids: Ids
    languages: Sequence[str]
    lengths: Scores
    hollow: NDArray[np.bool_]
    # The roles of the pieces of each document.
    roles: Sequence[bytes]
    terms: Sequence[bytes]
    facets: Sequence[FacetColumns]

    @cached_property
    def pieces(self) -> NDArray[np.int32]:
        """How many pieces each document has."""
        return np.fromiter(map(len, self.roles), np.int32, len(self.roles))

    def at(self, places: Ids) -> "Rows":
        """The rows in these places."""
        chosen = places.tolist()
        return Rows(
            self.ids[places],
            [self.languages[place] for place in chosen],
            self.lengths[places],
            self.hollow[places],
            [self.roles[place] for place in chosen],
            [self.terms[place] for place in chosen],
            [self.facets[place] for place in chosen],
        )


class DatabaseWords(Relevance):
    """BM25 over the documents of a kind, as one session sees them."""

    def __init__(self, session: Session, kind: Kind) -> None:
        self._session = session
        self._kind = kind
        if kind is Kind.FEEDBACK:
            # Its own statistics would tell a reader of one about the others.
            self.lender = DatabaseWords(session, Kind.DEAL)
        # The number of each term that was looked up, and its holders; None where nothing has it.
        self._known: dict[str, tuple[int, int, int] | None] = {}

    @cached_property
    def languages(self) -> Mapping[str, tuple[int, int]]:
        """How many counted documents are in each language, and how many words they have."""
        return known_of(self._session, self._kind).languages

    @cached_property
    def total(self) -> int:
        """How many counted documents there are."""
        return sum(documents for documents, _ in self.languages.values())

    @cached_property
    def own_average_length(self) -> float:
        """How many words a counted document of its own has on average."""
        words = sum(words for _, words in self.languages.values())
        return words / self.total if words else 1.0

    def look_up(self, terms: Iterable[str]) -> None:
        """Read what is known of these terms, all at once."""
        terms = set(terms)
        if self.lender:
            self.lender.look_up(terms)
        new = sorted(terms - self._known.keys())
        if not new:
            return
        self._known.update(dict.fromkeys(new))
        term_of = {key_of(term): term for term in new}
        values = {"kind": str(self._kind), "terms": list(term_of)}
        for key, number, counted, holders in fetched(self._session, _TERMS, values):
            self._known[term_of[key]] = (number, counted, holders)

    def holders(self, term: str) -> tuple[int, int]:
        """How many documents have this term: counted ones, and all (document frequency)."""
        if term not in self._known:
            self.look_up([term])
        known = self._known[term]
        return known[1:] if known else (0, 0)

    def gain(self, document: int, terms: Iterable[str]) -> dict[str, float]:
        """How much each of these terms adds to the score of one document."""
        terms = list(terms)
        self.look_up(terms)
        rows = self.rows(np.array([document], np.int64))
        if not len(rows.ids):
            return {}
        numbers, often = Terms.stored(rows.terms[0])
        counts = dict(zip(numbers.tolist(), often.tolist(), strict=True))
        held = {term: counts.get(known[0], 0) for term in terms if (known := self._known[term])}
        return self.gains(held, rows.lengths[0])

    def contents(self, documents: Ids) -> list[Content]:
        """The length of each of these documents, and its terms with how often it has each."""
        rows = self.rows(np.unique(documents))
        held = [Terms.stored(column) for column in rows.terms]
        numbers = {number for terms in held for number in terms.numbers.tolist()}
        query = sa.select(TERM.c.id, TERM.c.term).where(
            TERM.c.id == sa.any_(sa.cast(sorted(numbers), Integers))
        )
        term_of = dict(self._session.execute(query).all())
        contents: list[Content] = []
        for length, terms in zip(rows.lengths, held, strict=True):
            pairs = zip(terms.numbers.tolist(), terms.counts.tolist(), strict=True)
            contents.append((length, [(term_of[number], count) for number, count in pairs]))
        return [contents[place] for place in np.searchsorted(rows.ids, documents).tolist()]

    def rows(self, ids: Ids) -> Rows:
        """The rows of those of these documents that exist."""
        values = {"kind": str(self._kind), "subjects": ids.tolist()}
        found = fetched(self._session, _ROWS, values)
        width = len(_COLUMNS)
        columns = list(zip(*found, strict=True)) or [()] * width
        subjects, languages, lengths, hollow, roles, terms = columns[:6]
        return Rows(
            np.array(subjects, np.int64),
            languages,
            np.array(lengths, np.float32),
            np.array(hollow, bool),
            roles,
            terms,
            [FacetColumns._make(row) for row in zip(*columns[6:], strict=True)],
        )

    def scores(self, query: Mapping[str, float], rows: Rows) -> Scores:
        """The scores of these documents by all terms of a query."""
        lines = {
            known[0]: line
            for line, term in enumerate(query)
            if (known := self._known[term]) is not None
        }
        if not lines or not len(rows.ids):
            return np.zeros(len(rows.ids), np.float32)
        numbers, counts = Terms.stored(*rows.terms)
        sizes = np.fromiter(map(len, rows.terms), np.int64, len(rows.terms)) // TERM_SIZE
        columns = np.repeat(np.arange(len(rows.ids)), sizes)
        asked = np.array(sorted(lines), np.int32)
        place = np.minimum(np.searchsorted(asked, numbers), len(asked) - 1)
        held = np.flatnonzero(asked[place] == numbers)
        line_of = np.array([lines[number] for number in asked.tolist()])
        return self.summed(query, line_of[place[held]], columns[held], counts[held], rows.lengths)

    def finding(self, query: Mapping[str, float]) -> tuple[dict[str, Any], bool]:
        """What a statement needs to find the best documents by the rarest terms of a query: the
        numbers of the terms, and how they are weighed; and whether these are all terms."""
        self.look_up(query)
        budget = max(POSTINGS, round(POSTINGS_SHARE * self.total))
        terms = self.finding_terms(query, budget)
        known = [
            (entry[0], float(self.factor(term, weight)))
            for term, weight in terms.items()
            if (entry := self._known[term]) is not None
        ]
        shortest = float(self.norm(0))
        values = {
            "numbers": [number for number, _ in known],
            "factors": [factor for _, factor in known],
            "shortest": shortest,
            "longer": float(self.norm(1)) - shortest,
        }
        return values, len(terms) == len(query)
