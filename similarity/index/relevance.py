"""BM25: what a document is worth for a query of stems, by statistics that a subclass keeps."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
K1 = 1.2
B = 0.75
# How many of a query's terms make a full match: nothing matches all words of a long text.
FULL = 16
# Where some terms only score, this many times as many documents as are asked for are scored by all.
SPARE = 4

Numbers = NDArray[Any]
Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
# The length of a document, and its terms with how often it has each.
Content = tuple[Any, list[tuple[str, int]]]


class Relevance(ABC):
    """The formula, over documents of which some count in the statistics."""

    @property
    @abstractmethod
    def total(self) -> int:
        """How many counted documents there are."""

    # The statistics that weigh the terms; None for its own.
    lender: "Relevance | None" = None

    @property
    @abstractmethod
    def own_average_length(self) -> float:
        """How many words a counted document of its own has on average."""

    @property
    def average_length(self) -> float:
        """How many words a counted document has on average."""
        return self.lender.average_length if self.lender else self.own_average_length

    @abstractmethod
    def holders(self, term: str) -> tuple[int, int]:
        """How many documents have this term: counted ones, and all (document frequency)."""

    @abstractmethod
    def gain(self, document: int, terms: Iterable[str]) -> dict[str, float]:
        """How much each of these terms adds to the score of one document."""

    @abstractmethod
    def contents(self, documents: Ids) -> list[Content]:
        """The length of each of these documents, and its terms with how often it has each."""

    def look_up(self, terms: Iterable[str]) -> None:  # noqa: B027
        """Say which terms are asked for next, where reading them together is quicker."""

    def rarity(self, term: str) -> float:
        """The inverse document frequency of a term among the counted documents."""
        if self.lender:
            return self.lender.rarity(term)
        holders, _ = self.holders(term)
        return float(np.log1p((self.total - holders + 0.5) / (holders + 0.5)))

    def full_score(self, query: Mapping[str, float]) -> float:
        """The score of a full match: of the query's FULL greatest terms against the query itself.

        Divided by it, scores of different queries are comparable.
        """
        norm = K1 * (1 - B + B * sum(query.values()) / self.average_length)
        gains = (
            count * self.rarity(term) * count * (K1 + 1) / (count + norm)
            for term, count in query.items()
        )
        return sum(sorted(gains, reverse=True)[:FULL])

    def finding_terms(self, query: Mapping[str, float], postings: int) -> dict[str, float]:
        """The rarest terms of a query that have at most so many postings together, in its order."""
        left = postings
        chosen = set()
        # Only counted documents use up postings, so that confidential ones change no choice.
        for term in sorted(query, key=lambda term: (self.holders(term)[0], term)):
            holders, _ = self.holders(term)
            if holders > left and left < postings:
                break
            left -= holders
            chosen.add(term)
        return {term: weight for term, weight in query.items() if term in chosen}

    def summed(
        self,
        query: Mapping[str, float],
        lines: Numbers,
        columns: Numbers,
        frequencies: Numbers,
        lengths: Numbers,
    ) -> Scores:
        """The scores of documents of these lengths, from how often the query's terms occur in them:
        a term's place in the query, a document's place among the lengths, and the frequency."""
        counts = np.zeros((len(query), len(lengths)), np.float32)
        counts[lines, columns] = frequencies
        norm = self.norm(lengths)
        scores = np.zeros(len(lengths), np.float32)
        # Terms are always added in the order of the query, so that every bit is the same.
        for (term, weight), frequency in zip(query.items(), counts, strict=True):
            scores += self.factor(term, weight) * frequency / (frequency + norm)
        return scores

    def gains(self, held: Mapping[str, int], length: Any) -> dict[str, float]:
        """How much each of these terms adds to the score of a document of a length that holds each
        of them so often."""
        norm = float(self.norm(length))
        return {
            term: self.rarity(term) * count * (K1 + 1) / (count + norm)
            for term, count in held.items()
            if count
        }

    def telling(self, documents: Ids, shares: Scores, count: int) -> dict[str, float]:
        """The `count` terms with the greatest weight in these documents, of which each counts by
        its share."""
        weights: dict[str, float] = defaultdict(float)
        contents = self.contents(documents)
        terms = {term for _, held in contents for term, _ in held}
        self.look_up(terms)
        rarity = {term: self.rarity(term) for term in terms}
        for (length, held), share in zip(contents, shares.tolist(), strict=True):
            norm = float(self.norm(length))
            for term, frequency in held:
                weights[term] += share * rarity[term] * frequency / (frequency + norm)
        order = sorted(weights, key=lambda term: (-weights[term], term))
        return {term: weights[term] for term in order[:count]}

    def factor(self, term: str, weight: float) -> np.float32:
        """What the share of a term's frequency is multiplied by."""
        return np.float32(weight * self.rarity(term) * (K1 + 1))

    def norm(self, lengths: Any) -> Any:
        """The length normalisation, as part of the denominator.

        It changes with every counted document, so it is computed only where it is needed.
        """
        return K1 * (1 - B + B * lengths / np.float32(self.average_length))
