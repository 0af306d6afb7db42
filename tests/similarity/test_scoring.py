"""Scores are sums of what is shown, and every reason is true."""

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity import scoring
from similarity.scoring import FAIR, STRONG, Facets, Term, Value, Weights
from workspace.accounts.industries import SECTIONS, industry_name
from workspace.accounts.size_bands import size_likeness

TODAY = date(2026, 11, 22)
DEFAULT = Weights()
NAMES = st.frozensets(st.sampled_from(["Atlas", "Beacon", "Relay", "Quarrystone"]))
FACETS = st.builds(
    Facets,
    industry=st.none() | st.sampled_from(["Q86", "Q87", "K64", "K65", "C29", "Q"]),
    headcount=st.none() | st.integers(0, 500_000),
    products=NAMES,
    competitors=NAMES,
    country=st.none() | st.sampled_from(["PL", "CZ", "DE"]),
    region=st.none() | st.sampled_from(["Western Europe", "Central & Eastern Europe"]),
    closed=st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)
WEIGHTS = st.builds(Weights, **dict.fromkeys(Weights.names(), st.floats(0, 5)))
SHARE = st.floats(0, 1)

OURS = Facets(
    industry="Q86",
    headcount=2_000,
    products=frozenset({"Atlas", "Beacon"}),
    competitors=frozenset({"Datamoor"}),
    country="GB",
    region="Northern Europe",
)
TWIN = replace(OURS, closed=TODAY)


def values(
    ours: Facets, theirs: Facets, meaning: float = 0.5, words: float = 0.5
) -> dict[str, Value]:
    return scoring.compare(ours, theirs, TODAY) | {
        "meaning": Value(meaning, "what they say is alike"),
        "words": Value(words, "words in common"),
    }


def total(ours: Facets, theirs: Facets, weights: Weights = DEFAULT) -> float:
    return scoring.score(scoring.terms(values(ours, theirs), weights))


@given(ours=FACETS, theirs=FACETS, weights=WEIGHTS, meaning=SHARE, words=SHARE)
def test_should_add_up_contributions_to_the_score(
    ours: Facets, theirs: Facets, weights: Weights, meaning: float, words: float
) -> None:
    given_ = values(ours, theirs, meaning, words)
    terms = scoring.terms(given_, weights)
    assert scoring.score(terms) == math.fsum(term.contribution for term in terms)
    assert {term.name for term in terms} == given_.keys() <= set(Weights.names())
    shown = [term.contribution for term in terms]
    assert shown == sorted(shown, reverse=True)
    for term in terms:
        assert 0 <= term.value <= 1
        assert term.contribution == term.value * term.weight
        assert term.weight == weights.items()[term.name]
        assert term.because
    assert 0 <= scoring.score(terms) <= sum(weights.items().values()) + 1e-9
    assert scoring.band(terms) in {"strong", "fair", "weak"}
    assert isinstance(scoring.difference(ours, theirs, given_, weights), str)


@given(FACETS, FACETS)
def test_should_not_compare_a_facet_that_is_unknown_of_ours(ours: Facets, theirs: Facets) -> None:
    known = {"recency"}
    known |= {"industry"} if ours.industry else set()
    known |= {"size"} if ours.headcount else set()
    known |= {"product"} if ours.products else set()
    known |= {"competitor"} if ours.competitors else set()
    known |= {"region"} if ours.region or ours.country else set()
    assert scoring.compare(ours, theirs, TODAY).keys() == known


def test_should_agree_with_a_twin_in_everything() -> None:
    found = scoring.compare(OURS, TWIN, TODAY)
    assert {name: value.value for name, value in found.items()} == dict.fromkeys(
        ["industry", "size", "product", "competitor", "region", "recency"], 1.0
    )


@pytest.mark.parametrize(
    ("facet", "theirs", "value", "because"),
    [
        ("industry", {"industry": "Q86"}, 1.0, f"same industry: {industry_name('Q86')}"),
        ("industry", {"industry": "Q87"}, 0.5, f"same sector: {SECTIONS['Q']}"),
        ("industry", {"industry": "Q"}, 0.5, f"same sector: {SECTIONS['Q']}"),
        ("industry", {"industry": "K64"}, 0.0, industry_name("K64")),
        ("industry", {"industry": None}, 0.0, "industry unknown"),
        ("size", {"headcount": 2_000}, 1.0, "similar size (2,000 vs 2,000)"),
        ("size", {"headcount": 200}, 0.0, "size (2,000 vs 200)"),
        ("size", {"headcount": 20_000}, 0.0, "size (2,000 vs 20,000)"),
        ("size", {"headcount": 1_000}, size_likeness(2, 1), "similar size (2,000 vs 1,000)"),
        ("size", {"headcount": None}, 0.0, "size unknown"),
        ("product", {"products": {"Atlas", "Beacon"}}, 1.0, "same product: Atlas, Beacon"),
        ("product", {"products": {"Atlas", "Relay"}}, 0.5, "same product: Atlas"),
        ("product", {"products": {"Relay"}}, 0.0, "none in common"),
        ("product", {"products": ()}, 0.0, "none in common"),
        ("competitor", {"competitors": {"Datamoor", "X"}}, 1.0, "same competitor: Datamoor"),
        ("competitor", {"competitors": {"X"}}, 0.0, "none in common"),
        ("competitor", {"competitors": ()}, 0.0, "none in common"),
        ("region", {"country": "GB"}, 1.0, "same country"),
        ("region", {"country": "IE"}, 0.6, "both in Northern Europe"),
        ("region", {"country": "ES", "region": "Southern Europe"}, 0.0, "in Southern Europe"),
        ("region", {"country": None, "region": None}, 0.0, "region unknown"),
        ("recency", {"closed": TODAY}, 1.0, "closed today"),
        ("recency", {"closed": TODAY - timedelta(730)}, 0.5, "closed 2 years ago"),
        ("recency", {"closed": TODAY + timedelta(9)}, 1.0, "closed today"),
        ("recency", {"closed": None}, 0.0, "still open"),
    ],
)
def test_should_say_how_far_each_facet_agrees_and_why(
    facet: str, theirs: dict[str, object], value: float, because: str
) -> None:
    given_ = {
        name: frozenset(each) if name in {"products", "competitors"} else each
        for name, each in theirs.items()
    }
    found = scoring.compare(OURS, replace(TWIN, **given_), TODAY)[facet]
    assert found.value == pytest.approx(value)
    assert found.because == because


def test_should_find_no_likeness_where_nothing_is_known() -> None:
    nothing = Facets()
    assert scoring.compare(nothing, nothing, TODAY).keys() == {"recency"}
    unknown_country = replace(OURS, country=None, region=None)
    assert "region" not in scoring.compare(unknown_country, TWIN, TODAY)
    only_country = replace(OURS, region=None)
    assert scoring.compare(only_country, Facets(), TODAY)["region"].value == 0


@pytest.mark.parametrize(
    "lost",
    [
        {"industry": "K64"},
        {"industry": None},
        {"headcount": 90},
        {"headcount": None},
        {"products": frozenset({"Atlas"})},
        {"products": frozenset[str]()},
        {"competitors": frozenset[str]()},
        {"country": "IE"},
        {"country": "ES", "region": "Southern Europe"},
        {"closed": TODAY - timedelta(400)},
        {"closed": None},
    ],
)
def test_should_lower_the_score_when_a_facet_is_taken_away(lost: dict[str, object]) -> None:
    assert total(OURS, replace(TWIN, **lost)) < total(OURS, TWIN)


@pytest.mark.parametrize("name", Weights.names())
def test_should_ignore_a_term_without_weight(name: str) -> None:
    weights = replace(Weights(), **{name: 0.0})
    terms = {term.name: term for term in scoring.terms(values(OURS, TWIN), weights)}
    assert terms[name].contribution == 0
    assert total(OURS, TWIN, weights) < total(OURS, TWIN)


@given(WEIGHTS)
def test_should_weigh_words_more_in_a_language_that_the_model_does_not_know(
    weights: Weights,
) -> None:
    for_words = weights.for_words()
    assert for_words.meaning <= weights.meaning
    assert for_words.meaning + for_words.words == pytest.approx(weights.meaning + weights.words)
    assert replace(for_words, meaning=0, words=0) == replace(weights, meaning=0, words=0)


def of_share(share: float) -> list[Term]:
    return [Term("meaning", share, 0.7, ""), Term("words", share, 0.3, "")]


@pytest.mark.parametrize(
    ("share", "band"),
    [
        (1.0, "strong"),
        (STRONG + 1e-6, "strong"),
        (STRONG - 1e-6, "fair"),
        (FAIR + 1e-6, "fair"),
        (FAIR - 1e-6, "weak"),
        (0.0, "weak"),
    ],
)
def test_should_choose_the_band_by_the_share_of_the_attainable_score(
    share: float, band: str
) -> None:
    assert scoring.band(of_share(share)) == band
    doubled = [replace(term, weight=2 * term.weight) for term in of_share(share)]
    assert scoring.band(doubled) == band


def test_should_call_a_score_without_weights_weak() -> None:
    assert scoring.band([]) == "weak"
    assert scoring.band([Term("meaning", 1.0, 0.0, "")]) == "weak"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (1, "1 day ago"),
        (6, "6 days ago"),
        (7, "1 week ago"),
        (13, "2 weeks ago"),
        (30, "1 month ago"),
        (60, "2 months ago"),
        (365, "1 year ago"),
        (730, "2 years ago"),
        (-3, "today"),
    ],
)
def test_should_put_days_into_words(days: int, words: str) -> None:
    assert scoring.ago(days) == words


@given(st.dates(date(2010, 1, 1), TODAY), st.dates(date(2010, 1, 1), TODAY))
def test_should_prefer_deals_that_closed_later(one: date, other: date) -> None:
    a, b = scoring.recency(one, TODAY), scoring.recency(other, TODAY)
    assert (a > b) == (one > other)
    assert 0 < a <= 1


def difference(theirs: dict[str, object], weights: Weights = DEFAULT) -> str:
    other = replace(TWIN, **theirs)
    return scoring.difference(OURS, other, scoring.compare(OURS, other, TODAY), weights)


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        ({}, ""),
        ({"industry": "K64"}, f"other industry ({industry_name('K64')})"),
        ({"industry": "Q87"}, f"other industry ({industry_name('Q87')})"),
        ({"headcount": 200}, "10× smaller"),
        ({"headcount": 20_000}, "10× larger"),
        ({"headcount": 1_900}, ""),
        ({"products": frozenset({"Relay"})}, "without Atlas"),
        ({"products": frozenset({"Atlas"})}, "without Beacon"),
        ({"competitors": frozenset({"Quarry"})}, "against Quarry, not Datamoor"),
        ({"competitors": frozenset[str]()}, "no competitor known"),
        ({"country": "ES", "region": "Southern Europe"}, "other region (Southern Europe)"),
        ({"country": "IE"}, ""),
        ({"closed": date(2019, 1, 1)}, "closed in 2019"),
        ({"closed": TODAY - timedelta(200)}, ""),
        ({"closed": None}, "still open"),
        # What is unknown of them is no difference.
        ({"industry": None}, ""),
        ({"headcount": None}, ""),
        ({"products": frozenset[str]()}, ""),
        ({"country": None, "region": None}, ""),
    ],
)
def test_should_tell_the_difference_that_costs_most(
    theirs: dict[str, object], sentence: str
) -> None:
    assert difference(theirs) == sentence


def test_should_choose_the_difference_by_the_weights() -> None:
    theirs = {"industry": "K64", "products": frozenset({"Relay"})}
    assert difference(theirs) == "without Atlas"
    assert difference(theirs, Weights(industry=1.0)) == f"other industry ({industry_name('K64')})"
    # One that is unknown gives way to the next.
    assert difference({"industry": None, "products": frozenset({"Relay"})}).startswith("without")
