"""The words of the documents in PostgreSQL: the same statistics and scores as in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session

from similarity.index.in_database.packing import Terms, key_of
from similarity.index.in_database.permitted import Permitted
from similarity.index.in_database.tables import DOCUMENT, LANGUAGE, POSTING, TERM, Integers
from similarity.index.relevance import SPARE, Content, Relevance, Scores
from similarity.index.sources import Kind
from similarity.index.vectors import Ids

# A query looks for its best documents in at most this many postings, those of its rarest terms:
# reading 20,000 rows takes some 5 ms.
POSTINGS = 20_000


@dataclass(frozen=True)
class Rows:
    """Rows of documents, by ascending ids; the arrays run in parallel."""

    ids: Ids
    languages: list[str]
    lengths: Scores
    hollow: NDArray[np.bool_]
    # How many pieces each document has, and the roles of all of them.
    pieces: NDArray[np.int32]
    roles: NDArray[np.uint8]
    terms: list[Terms]
    facets: list[str | None]

    def at(self, ids: Ids) -> "Rows":
        """The rows of these ids, which are ascending and all among them."""
        places = np.searchsorted(self.ids, ids).tolist()
        ends = np.cumsum(self.pieces)
        roles = [self.roles[ends[place] - self.pieces[place] : ends[place]] for place in places]
        return Rows(
            ids,
            [self.languages[place] for place in places],
            self.lengths[places],
            self.hollow[places],
            self.pieces[places],
            np.concatenate([np.empty(0, np.uint8), *roles]),
            [self.terms[place] for place in places],
            [self.facets[place] for place in places],
        )


class DatabaseWords(Relevance):
    """BM25 over the documents of a kind, as one session sees them."""

    def __init__(self, session: Session, kind: Kind) -> None:
        self._session = session
        self._kind = str(kind)
        if kind is Kind.FEEDBACK:
            # Its own statistics would tell a reader of one about the others.
            self.lender = DatabaseWords(session, Kind.DEAL)
        # The number of each term that was looked up, and its holders; None where nothing has it.
        self._known: dict[str, tuple[int, int, int] | None] = {}

    @cached_property
    def languages(self) -> dict[str, tuple[int, int]]:
        """How many counted documents are in each language, and how many words they have."""
        query = sa.select(LANGUAGE.c.language, LANGUAGE.c.documents, LANGUAGE.c.words).where(
            LANGUAGE.c.kind == self._kind, LANGUAGE.c.documents > 0
        )
        return {row.language: (row.documents, row.words) for row in self._session.execute(query)}

    @property
    def total(self) -> int:
        """How many counted documents there are."""
        return sum(documents for documents, _ in self.languages.values())

    @property
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
        keys = sa.cast(list(term_of), sa.ARRAY(sa.Text))
        query = sa.select(TERM.c.term, TERM.c.id, TERM.c.counted, TERM.c.holders).where(
            TERM.c.kind == self._kind, TERM.c.term == sa.any_(keys)
        )
        for key, number, counted, holders in self._session.execute(query):
            self._known[term_of[key]] = (number, counted, holders)

    def holders(self, term: str) -> tuple[int, int]:
        """How many documents have this term: counted ones, and all (document frequency)."""
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
        counts = dict(
            zip(rows.terms[0].numbers.tolist(), rows.terms[0].counts.tolist(), strict=True)
        )
        held = {term: counts.get(known[0], 0) for term in terms if (known := self._known[term])}
        return self.gains(held, rows.lengths[0])

    def contents(self, documents: Ids) -> list[Content]:
        """The length of each of these documents, and its terms with how often it has each."""
        rows = self.rows(np.unique(documents))
        numbers = {number for terms in rows.terms for number in terms.numbers.tolist()}
        query = sa.select(TERM.c.id, TERM.c.term).where(
            TERM.c.id == sa.any_(sa.cast(sorted(numbers), Integers))
        )
        term_of = dict(self._session.execute(query).all())
        contents: list[Content] = []
        for length, terms in zip(rows.lengths, rows.terms, strict=True):
            pairs = zip(terms.numbers.tolist(), terms.counts.tolist(), strict=True)
            contents.append((length, [(term_of[number], count) for number, count in pairs]))
        return [contents[place] for place in np.searchsorted(rows.ids, documents).tolist()]

    def rows(self, ids: Ids) -> Rows:
        """The rows of those of these documents that exist."""
        columns = ("subject", "language", "length", "hollow", "roles", "terms", "facets")
        query = sa.select(*(DOCUMENT.c[name] for name in columns)).where(
            DOCUMENT.c.kind == self._kind,
            DOCUMENT.c.subject == sa.any_(sa.cast(ids.tolist(), Integers)),
        )
        found = sorted(self._session.execute(query).all())
        roles = [row[4] for row in found]
        return Rows(
            np.array([row[0] for row in found], np.int64),
            [row[1] for row in found],
            np.array([row[2] for row in found], np.float32),
            np.array([row[3] for row in found], bool),
            np.array(list(map(len, roles)), np.int32),
            np.frombuffer(b"".join(roles), np.uint8),
            [Terms.stored(row[5]) for row in found],
            [row[6] for row in found],
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
        numbers = np.concatenate([each.numbers for each in rows.terms])
        counts = np.concatenate([each.counts for each in rows.terms])
        columns = np.repeat(np.arange(len(rows.ids)), [len(each.numbers) for each in rows.terms])
        asked = np.array(sorted(lines), np.int32)
        place = np.minimum(np.searchsorted(asked, numbers), len(asked) - 1)
        held = np.flatnonzero(asked[place] == numbers)
        line_of = np.array([lines[number] for number in asked.tolist()])
        return self.summed(query, line_of[place[held]], columns[held], counts[held], rows.lengths)

    def best(
        self, query: Mapping[str, float], count: int, permitted: Permitted
    ) -> tuple[Ids, bool]:
        """The at most `count` documents that score best, and whether that is by all terms. Where it
        is by the rarest terms only, they are SPARE times as many; ties go to the lower ids."""
        self.look_up(query)
        finding = self.finding_terms(query, POSTINGS)
        known = [
            (entry[0], float(self.factor(term, weight)))
            for term, weight in finding.items()
            if (entry := self._known[term]) is not None
        ]
        if not known:
            return np.empty(0, np.int64), True
        asked: Any = sa.func.unnest(
            sa.cast([number for number, _ in known], Integers),
            sa.cast([factor for _, factor in known], sa.ARRAY(sa.REAL)),
        ).table_valued(sa.column("term", sa.Integer), sa.column("factor", sa.REAL))
        asked = asked.render_derived("asked")
        shortest = float(self.norm(0))
        longer = float(self.norm(1)) - shortest
        gain = (
            asked.c.factor
            * POSTING.c.count
            / (POSTING.c.count + shortest + longer * POSTING.c.length)
        )
        score = sa.func.sum(gain)
        summed = (
            sa.select(POSTING.c.subject, score.label("score"))
            .join(asked, asked.c.term == POSTING.c.term)
            # Of an expression, so that the ids are no part of what the index is asked for.
            .where(*permitted.at_once(POSTING.c.subject + 0))
            .group_by(POSTING.c.subject)
            .order_by(score.desc(), POSTING.c.subject)
            # Keeps the filter out: it is asked of one document after the other, the best first.
            .offset(0)
            .subquery("summed")
        )
        complete = len(finding) == len(query)
        best = (
            sa.select(summed.c.subject)
            .where(*permitted.in_turn(summed.c.subject))
            .order_by(summed.c.score.desc(), summed.c.subject)
            .limit(count if complete else SPARE * count)
        )
        return np.fromiter(self._session.scalars(best), np.int64), complete
