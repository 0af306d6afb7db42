"""Which advocate to ask: the pure ranking, and what goes into it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from references.matching import WEIGHTS, Candidate, Wanted, compare, match, seniority_level

NOBODY = Candidate(
    id=1,
    path=0.0,
    path_reason={},
    likeness=0.0,
    likeness_reason={},
    products=frozenset(),
    competitors=frozenset(),
    title="",
    languages=frozenset(),
    country=None,
    left=None,
    last_helped=None,
)
WANTED = Wanted(
    products=frozenset({"Atlas", "Beacon"}),
    competitors=frozenset({"Datamoor"}),
    title="Chief information officer",
    languages=frozenset({"pl", "en"}),
    country="PL",
)
shares = st.floats(0.0, 1.0)
names = st.frozensets(st.sampled_from(["Atlas", "Beacon", "Relay", "Datamoor"]))
candidates = st.builds(
    Candidate,
    id=st.integers(1, 9),
    path=shares,
    path_reason=st.just({}),
    likeness=shares,
    likeness_reason=st.just({}),
    products=names,
    competitors=names,
    title=st.sampled_from(["", "CIO", "Director of sales", "Buyer", "Head of IT"]),
    languages=st.frozensets(st.sampled_from(["pl", "en", "de"])),
    country=st.sampled_from([None, "PL", "DE"]),
    left=st.none() | st.integers(0, 5),
    last_helped=st.none() | st.booleans(),
)


@given(st.lists(candidates, max_size=8))
def test_should_order_the_list_by_the_sum_of_the_terms(found: list[Candidate]) -> None:
    matches = match((WANTED, each) for each in found)
    assert sorted(each.advocate_id for each in matches) == sorted(each.id for each in found)
    for each in matches:
        assert each.score == pytest.approx(sum(term.contribution for term in each.terms))
        assert {term.name for term in each.terms} == set(WEIGHTS)
        assert all(0.0 <= term.value <= 1.0 for term in each.terms)
    order = [(not each.lacks, each.score) for each in matches]
    assert order == sorted(order, reverse=True)


@given(st.lists(candidates, max_size=8, unique_by=lambda each: each.id), names.filter(bool))
def test_should_put_no_customer_without_the_product_above_one_who_uses_it(
    found: list[Candidate], products: frozenset[str]
) -> None:
    wanted = replace(WANTED, products=products)
    uses = {each.id: bool(each.products & products) for each in found}
    matches = match((wanted, each) for each in found)
    using = [uses[each.advocate_id] for each in matches]
    assert using == sorted(using, reverse=True)
    for each in matches:
        assert bool(each.caveat) == (not uses[each.advocate_id])
        assert uses[each.advocate_id] or each.band != "strong"
        assert uses[each.advocate_id] or all(product in each.caveat for product in products)


@given(st.lists(candidates, max_size=8))
def test_should_say_nothing_of_products_where_the_deal_names_none(found: list[Candidate]) -> None:
    matches = match((replace(WANTED, products=frozenset()), each) for each in found)
    assert all(each.caveat == "" for each in matches)
    assert [each.score for each in matches] == sorted(
        (each.score for each in matches), reverse=True
    )


@pytest.mark.parametrize(
    ("better", "term"),
    [
        ({"path": 0.3}, "path"),
        ({"likeness": 0.6}, "likeness"),
        ({"products": frozenset({"Atlas"})}, "product"),
        ({"competitors": frozenset({"Datamoor"})}, "competitor"),
        ({"title": "CIO"}, "seniority"),
        ({"languages": frozenset({"pl"})}, "language"),
        ({"country": "PL"}, "country"),
        ({"last_helped": True}, "last"),
    ],
)
def test_should_count_and_explain_everything_in_common(better: dict, term: str) -> None:
    plain, liked = match([(WANTED, NOBODY), (WANTED, replace(NOBODY, id=2, **better))])[::-1]
    assert liked.advocate_id == 2
    assert liked.score > plain.score
    gained = {each.name for each in liked.terms if each.value > 0} - {
        each.name for each in plain.terms if each.value > 0
    }
    assert gained <= {term}


def test_should_rank_an_often_asked_advocate_lower() -> None:
    left = [compare(WANTED, replace(NOBODY, left=asks))["budget"].value for asks in (0, 1, 2)]
    assert left == sorted(left)
    assert left[0] == 0.0
    assert compare(WANTED, NOBODY)["budget"].value == 1.0


def test_should_prefer_their_own_language_to_english() -> None:
    def value(*languages: str) -> float:
        spoken = replace(NOBODY, languages=frozenset(languages))
        return compare(WANTED, spoken)["language"].value

    assert value("pl", "en") == value("pl") > value("en") > value("de") == 0.0


@pytest.mark.parametrize(
    ("higher", "lower"),
    [
        ("Chief executive officer", "Vice president of sales"),
        ("CFO", "Director of finance"),
        ("Prezes zarządu", "Dyrektor IT"),
        ("Director of IT", "Head of data"),
        ("Head of data", "Data manager"),
        ("Project manager", "Analyst"),
        ("Geschäftsführerin", "Bereichsleiterin"),
    ],
)
def test_should_read_the_level_of_a_title(higher: str, lower: str) -> None:
    one, other = seniority_level(higher), seniority_level(lower)
    assert one is not None
    assert other is not None
    assert one < other


def test_should_ignore_an_unknown_title() -> None:
    assert seniority_level("  ") is None
    assert compare(WANTED, NOBODY)["seniority"].value == 0.0
