"""What every collection of documents can be asked, wherever it keeps them."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from similarity.index.boilerplate import IsBoilerplate, boilerplate_of, content
from similarity.index.centring import centred
from similarity.index.facets import Values
from similarity.index.queries import POOL, Candidates, Query, Scope
from similarity.index.relevance import Relevance, Scores
from similarity.index.vectors import Ids, Vectors
from similarity.scoring import Facets

# A query has at most this many terms, those that tell the most.
QUERY_TERMS = 64
# How many deals are candidates because of their facets, whatever their text says.
FACET_CANDIDATES = 100
NONE: Ids = np.empty(0, np.int64)


class Searchable(ABC):
    """Documents of one kind, searched by their vectors and their words together.

    Vectors are centred: `mean`, which the caller stores, is subtracted from every vector before
    it is compared. What all documents of a record have in common distinguishes none of them (the
    first step of Mu & Viswanath, "All-but-the-Top", 2018).
    """

    words: Relevance

    def __init__(
        self,
        mean: Vectors | None = None,
        means: Mapping[str, Vectors] | None = None,
        scale: tuple[float, float] | None = None,
    ) -> None:
        self.mean = mean
        # By language, in place of `mean`.
        self.means = dict(means or {})
        # The nearness that counts as none and as full agreement in meaning; None for 0 and 1 in a
        # record whose mean is its own, where only the order means something.
        self.scale = scale

    @property
    @abstractmethod
    def is_boilerplate(self) -> IsBoilerplate:
        """Whether a sentence with these fingerprints is boilerplate among the documents."""

    @property
    @abstractmethod
    def has_vectors(self) -> bool:
        """Whether a model has read any document."""

    @abstractmethod
    def languages(self) -> Counter[str]:
        """How many of the counted documents are in each language."""

    @abstractmethod
    def confidential(self) -> Ids:
        """The ids of the documents that do not count in the statistics."""

    @abstractmethod
    def facet_values(self, ours: Facets, ids: Ids, on: date) -> dict[str, Values]:
        """How far these deals agree with ours in each known facet, the same as `scoring.values`."""

    @abstractmethod
    def candidates_of_each(
        self,
        query: Query,
        scopes: Sequence[Scope],
        *,
        hidden: Ids = NONE,
        sharing: Facets | None = None,
        besides: Ids = NONE,
    ) -> list[Candidates]:
        """The candidates of several scopes, in little more time than the widest takes alone; the
        documents `besides` are among them where their scope has them."""

    @abstractmethod
    def word_scores(self, terms: Mapping[str, float], ids: Ids) -> Scores:
        """The BM25 scores of these documents for terms with their weights."""

    @abstractmethod
    def agreeing(self, query: Query, ids: Ids) -> Candidates:
        """Those of these documents that agree with a query at all, scored by both.

        For few documents this takes less time than a search among all.
        """

    def candidates(
        self,
        query: Query,
        *,
        hidden: Ids = NONE,
        allowed: Ids | None = None,
        sharing: Facets | None = None,
        pool: int = POOL,
    ) -> Candidates:
        """The nearest documents by vectors and by words, at most `pool` of each, scored by both.

        With `allowed` only those documents are searched; `hidden` documents never are. Deals that
        share the most of the facets in `sharing` are candidates, too, whatever their text says.
        """
        scopes = [Scope(allowed, pool)]
        return self.candidates_of_each(query, scopes, hidden=hidden, sharing=sharing)[0]

    def centred(self, vectors: Vectors, language: str = "") -> Vectors:
        """Unit vectors of texts in a language, centred by its mean."""
        return centred(vectors, self.means.get(language, self.mean))

    def content(self, text: str) -> str:
        """A text without the sentences that are boilerplate among the documents."""
        return content(text, self.is_boilerplate)

    def boilerplate_of(self, text: str) -> list[str]:
        """The sentences of a text that are boilerplate among the documents."""
        return boilerplate_of(text, self.is_boilerplate)

    def query(self, terms: Sequence[str], vector: Vectors | None) -> Query:
        """A query of stemmed terms and a centred vector; of a long text only the terms with the
        greatest weight are used."""
        counts = Counter(terms)
        self.words.look_up(counts)
        known, secret = [], []
        for term in counts:
            in_counted, in_all = self.words.holders(term)
            if in_counted:
                known.append(term)
            elif in_all:
                secret.append(term)
        known.sort(key=lambda term: (-counts[term] * self.words.rarity(term), term))
        # Terms that only confidential documents have are added and never displace another term,
        # so that no ranking reveals them.
        asked = [*known[:QUERY_TERMS], *sorted(secret)]
        return Query(
            vector=vector if self.has_vectors else None,
            terms={term: float(counts[term]) for term in asked},
            full=self.words.full_score({term: float(n) for term, n in counts.items()}),
        )
