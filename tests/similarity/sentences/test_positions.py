"""A position as sentences describe it: title, employer, industry and place."""

import pytest

from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import industry_and_country, position_in


@pytest.mark.parametrize(
    ("text", "title", "employer", "facets"),
    [
        (
            "Head of data warehousing at a bank in Poland",
            *("Head of data warehousing", "", {"industry:K64", "country:PL"}),
        ),
        (
            "Kierownik hurtowni danych w banku w Polsce",
            *("Kierownik hurtowni danych", "", {"industry:K64", "country:PL"}),
        ),
        (
            "Руководитель хранилища данных в банке в Польше",
            *("Руководитель хранилища данных", "", {"industry:K64", "country:PL"}),
        ),
        # What comes after 'at' is the employer, what comes before is a function.
        (
            "Head of warehousing at a retailer in Germany",
            *("Head of warehousing", "", {"industry:G47", "country:DE"}),
        ),
        ("CIO, Polish insurers", "CIO", "", {"industry:K65", "country:PL"}),
        ("CFO at Lumen Bank", "CFO", "Lumen Bank", set()),
        ("cfo at acme", "cfo", "acme", set()),
        ("procurement lead at a large hospital group", "procurement lead", "", {"industry:Q86"}),
        ("anyone at a bank in Poland", "", "", {"industry:K64", "country:PL"}),
        ("Chief risk officer", "Chief risk officer", "", set()),
        (
            "Chief risk officer in Nordic banks",
            *("Chief risk officer", "", {"industry:K64", "region:Northern Europe"}),
        ),
    ],
)
def test_should_read_a_position(text: str, title: str, employer: str, facets: set[str]) -> None:
    position = position_in(text)
    assert (position.title, position.employer) == (title, employer)
    assert {facet.id for facet in position.facets} == facets


def test_should_read_nothing_from_nothing() -> None:
    assert not position_in("   ")
    assert not position_in("anyone")


def test_should_tell_an_employer_by_its_name() -> None:
    assert industry_and_country("Narodowy Bank Polski") == ("K64", "PL")
    assert industry_and_country("Acme") == (None, None)


def test_should_take_no_name_for_a_misspelt_word() -> None:
    assert industry_and_country("Hospitel") == (None, None)
    assert position_in("Head of nursing at a hospitel").value(FacetKind.INDUSTRY) == "Q86"
