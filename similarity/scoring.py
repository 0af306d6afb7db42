"""Pure: features and weights in, scores with reasons out.

A score is one sum. Each of its terms is a value from 0 to 1 times a weight, and the reasons that
are shown are those terms. Nothing else changes the order of results.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from workspace.accounts.industries import SECTIONS, industry_name, likeness
from workspace.accounts.size_bands import size_likeness

# The recency of a closed deal halves with every this many days.
RECENCY_HALF_LIFE = 730
# The least shares of the attainable score for the bands 'strong' and 'fair', where no calibration
# of the model says otherwise.
STRONG = 0.55
FAIR = 0.35
# The value of the same region where the countries differ.
SAME_REGION = 0.6
# A document has words in common with a question from this share of a full match on.
LEAST_WORDS = 0.05
# Facets that say that two deals are about the same, and the least value of each that does.
SUBSTANCE = {"product": 0.01, "competitor": 0.01, "industry": 0.5}
# The share of the weight of meaning that remains in a language that the model does not know.
UNKNOWN_LANGUAGE = 0.4


@dataclass(frozen=True)
class Term:
    """One term of a score: `contribution` = `value` × `weight`, and the reason in words."""

    name: str
    value: float
    weight: float
    because: str

    @property
    def contribution(self) -> float:
        return self.value * self.weight


@dataclass(frozen=True)
class OwnWeight:
    """The weight of an own field: its key, what it is called, and how much it counts."""

    key: str
    label: str
    weight: float

    @property
    def term(self) -> str:
        """The name of its values among those of the other facets."""
        return own_term(self.key)


def own_term(key: str) -> str:
    """The name of an own field's values; no facet of ours has one with a space."""
    return f"own {key}"


@dataclass(frozen=True)
class Weights:
    """The weight of each term. The scale is free: only proportions change an order."""

    meaning: float = 0.5
    words: float = 0.5
    industry: float = 0.25
    size: float = 0.15
    product: float = 0.3
    competitor: float = 0.2
    region: float = 0.05
    recency: float = 0.1
    # Of the own fields that count.
    own: tuple[OwnWeight, ...] = ()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the terms."""
        return _TERMS

    def for_words(self) -> "Weights":
        """The weights for a language that the model does not know: part of the weight of meaning
        goes to words."""
        shift = (1 - UNKNOWN_LANGUAGE) * self.meaning
        return replace(self, meaning=self.meaning - shift, words=self.words + shift)

    def for_meaning(self) -> "Weights":
        """The weights for a text in another language than the question, which has no words to
        compare: meaning counts in their place."""
        return replace(self, meaning=self.meaning + self.words, words=0.0)

    def items(self) -> dict[str, float]:
        """The weights by the names of the terms."""
        own = {field.term: field.weight for field in self.own}
        return {name: getattr(self, name) for name in _TERMS} | own


_TERMS = tuple(field.name for field in fields(Weights) if field.name != "own")


@dataclass(frozen=True)
class Facets:
    """The properties by which deals are compared besides their text; None or empty if unknown."""

    industry: str | None = None
    headcount: int | None = None
    products: frozenset[str] = frozenset()
    competitors: frozenset[str] = frozenset()
    country: str | None = None
    region: str | None = None
    closed: date | None = None
    # The choices of own fields, each as 'key=choice'.
    own: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Value:
    """How far one feature agrees, from 0 to 1, with the reason in words."""

    value: float
    because: str


def score(terms: Iterable[Term]) -> float:
    """The sum of the terms' contributions."""
    return math.fsum(term.contribution for term in terms)


def terms(values: dict[str, Value], weights: Weights) -> list[Term]:
    """The terms of a score, the largest contribution first."""
    weight_of = weights.items()
    labels = {field.term: field.label for field in weights.own}
    unsorted = (
        Term(
            labels.get(name, name),
            value.value,
            weight_of.get(name, 0.0),
            _own_reason(labels[name], value) if name in labels else value.because,
        )
        for name, value in values.items()
    )
    return sorted(unsorted, key=lambda term: -term.contribution)


def values(ours: Facets, theirs: Facets, on: date) -> dict[str, float]:
    """How far two deals agree, from 0 to 1, in each of our known facets."""
    values = {}
    if ours.industry:
        values["industry"] = likeness(ours.industry, theirs.industry)
    if ours.headcount:
        values["size"] = size_likeness(ours.headcount, theirs.headcount)
    if ours.products:
        values["product"] = len(ours.products & theirs.products) / len(ours.products)
    if ours.competitors:
        values["competitor"] = len(ours.competitors & theirs.competitors) / len(ours.competitors)
    if ours.region or ours.country:
        values["region"] = _region(ours, theirs)
    values["recency"] = recency(theirs.closed, on)
    for key, chosen in own_choices(ours).items():
        values[own_term(key)] = len(chosen & theirs.own) / len(chosen)
    return values


def has_substance(values: Mapping[str, float]) -> bool:
    """Whether words or facets that tell what a deal is about agree."""
    return values["words"] >= LEAST_WORDS or any(
        values.get(name, 0.0) >= least for name, least in SUBSTANCE.items()
    )


def own_choices(facets: Facets) -> dict[str, frozenset[str]]:
    """The choices of each own field, by its key."""
    by_key: dict[str, set[str]] = {}
    for choice in facets.own:
        by_key.setdefault(choice.partition("=")[0], set()).add(choice)
    return {key: frozenset(by_key[key]) for key in sorted(by_key)}


def compare(ours: Facets, theirs: Facets, on: date) -> dict[str, Value]:
    """`values` with reasons, which are made only for what is shown, as they take longer."""
    return {
        name: Value(
            value,
            _REASONS[name](ours, theirs, value, on)
            if name in _REASONS
            else _own_because(name, ours, theirs),
        )
        for name, value in values(ours, theirs, on).items()
    }


def recency(closed: date | None, on: date) -> float:
    """1 for a deal that closes today, halved with every half-life; 0 for an open deal."""
    if closed is None:
        return 0.0
    return float(0.5 ** (max(0, (on - closed).days) / RECENCY_HALF_LIFE))


def ago(days: int) -> str:
    """How long ago a number of days is, in words."""
    if days < 1:
        return "today"
    for size, unit in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        if days >= size:
            count = round(days / size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "today"


def difference(ours: Facets, theirs: Facets, values: dict[str, Value], weights: Weights) -> str:
    """In words, the facet known of both deals that loses most of the score; empty if none does."""
    lost = {
        name: (1 - values[name].value) * weight
        for name, weight in weights.items().items()
        if name in values and name in _DIFFERENCES and weight
    }
    for name in sorted(lost, key=lambda name: -lost[name]):
        if values[name].value <= _NOTABLE.get(name, 0.75) and (
            sentence := _DIFFERENCES[name](ours, theirs)
        ):
            return sentence
    return ""


def _region(ours: Facets, theirs: Facets) -> float:
    if ours.country and ours.country == theirs.country:
        return 1.0
    return SAME_REGION if ours.region and ours.region == theirs.region else 0.0


def _shared(what: str, ours: frozenset[str], theirs: frozenset[str]) -> str:
    common = sorted(ours & theirs)
    return f"{what}: {', '.join(common)}" if common else "none in common"


def _product_because(ours: Facets, theirs: Facets, _alike: float, _on: date) -> str:
    return _shared("same product", ours.products, theirs.products)


def _competitor_because(ours: Facets, theirs: Facets, _alike: float, _on: date) -> str:
    return _shared("same competitor", ours.competitors, theirs.competitors)


def _own_because(name: str, ours: Facets, theirs: Facets) -> str:
    key = name.removeprefix(own_term(""))
    common = own_choices(ours)[key] & theirs.own
    if common:
        return _choices(common)
    others = own_choices(theirs).get(key, frozenset())
    return _choices(others) if others else "not known"


def _own_reason(label: str, value: Value) -> str:
    return f"{'same ' if value.value else ''}{label}: {value.because}"


def _choices(chosen: frozenset[str]) -> str:
    return ", ".join(sorted(choice.partition("=")[2] for choice in chosen))


def _region_because(ours: Facets, theirs: Facets, alike: float, _on: date) -> str:
    if alike == 1:
        return "same country"
    if alike:
        return f"both in {ours.region}"
    return f"in {theirs.region}" if theirs.region else "region unknown"


def _industry_because(ours: Facets, theirs: Facets, alike: float, _on: date) -> str:
    if not theirs.industry:
        return "industry unknown"
    if alike == 1:
        return f"same industry: {industry_name(ours.industry)}"
    if alike > 0 and ours.industry:
        return f"same sector: {SECTIONS[ours.industry[0]]}"
    return industry_name(theirs.industry)


def _size_because(ours: Facets, theirs: Facets, _value: float, _on: date) -> str:
    if not (ours.headcount and theirs.headcount):
        return "size unknown"
    ratio = ours.headcount / theirs.headcount
    alike = "similar size" if 0.5 <= ratio <= 2 else "size"
    return f"{alike} ({ours.headcount:,} vs {theirs.headcount:,})"


def _recency_because(_ours: Facets, theirs: Facets, _alike: float, on: date) -> str:
    if theirs.closed is None:
        return "still open"
    return f"closed {ago(max(0, (on - theirs.closed).days))}"


_REASONS = {
    "industry": _industry_because,
    "size": _size_because,
    "product": _product_because,
    "competitor": _competitor_because,
    "region": _region_because,
    "recency": _recency_because,
}


def _size_difference(ours: Facets, theirs: Facets) -> str:
    if not ours.headcount or not theirs.headcount:
        return ""
    ratio = ours.headcount / theirs.headcount
    times = ratio if ratio > 1 else 1 / ratio
    return f"{times:,.0f}× {'smaller' if ratio > 1 else 'larger'}" if times >= 1.5 else ""


def _industry_difference(ours: Facets, theirs: Facets) -> str:
    return f"other industry ({industry_name(theirs.industry)})" if theirs.industry else ""


def _product_difference(ours: Facets, theirs: Facets) -> str:
    missing = sorted(ours.products - theirs.products)
    return f"without {missing[0]}" if theirs.products and missing else ""


def _competitor_difference(ours: Facets, theirs: Facets) -> str:
    if not theirs.competitors:
        return "no competitor known"
    missing = sorted(ours.competitors - theirs.competitors)
    return f"against {sorted(theirs.competitors)[0]}, not {missing[0]}" if missing else ""


def _region_difference(ours: Facets, theirs: Facets) -> str:
    return f"other region ({theirs.region})" if theirs.region else ""


def _recency_difference(_ours: Facets, theirs: Facets) -> str:
    return f"closed in {theirs.closed.year}" if theirs.closed else "still open"


# The greatest value at which a facet still counts as a difference; 0.75 for the others.
_NOTABLE = {"recency": 0.35, "region": 0.0}
_DIFFERENCES = {
    "industry": _industry_difference,
    "size": _size_difference,
    "product": _product_difference,
    "competitor": _competitor_difference,
    "region": _region_difference,
    "recency": _recency_difference,
}


def band(terms: Sequence[Term]) -> str:
    """The band of a sum of terms: 'strong', 'fair' or 'weak'."""
    return band_of(score(terms), math.fsum(term.weight for term in terms))


def band_of(scored: float, attainable: float, shares: tuple[float, float] = (STRONG, FAIR)) -> str:
    """The band of a score, by its share of the attainable score; `shares` has the least ones of the
    bands 'strong' and 'fair'."""
    share = scored / attainable if attainable else 0
    strong, fair = shares
    return "strong" if share >= strong else "fair" if share >= fair else "weak"
