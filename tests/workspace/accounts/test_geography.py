"""Countries under the names that people and systems give them."""

import pytest

from workspace.accounts.geography import country_choices, country_name, find_country


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("DE", "Germany; Deutschland; Niemcy; Allemagne; Německo; Германия; Alemania; DEU"),
        ("PL", "Poland; Polska; Polen; Pologne; Polsko; Польша; Polonia"),
        ("AT", "Österreich; Austria; Autriche; Rakousko"),
        ("GB", "UK; U.K.; Great Britain; England; Northern Ireland; Royaume-Uni; Scotland"),
        ("US", "USA; U.S.A.; United States; the United States of America; Vereinigte Staaten; США"),
        ("NL", "The Netherlands; Holland; Nederland; Pays-Bas; Holandia"),
        ("CZ", "Czech Republic; Czechia; Česko; Česká republika; Tschechien; Czechy"),
        ("CH", "Schweiz; Suisse; Svizzera; Szwajcaria; Switzerland"),
        ("RU", "Россия; Russian Federation; Rosja; Russland"),
        ("TR", "Turkey; Türkiye; Turcja; Türkei"),
        ("CI", "Ivory Coast; Côte d'Ivoire"),
        ("HK", "Hong Kong SAR; Hong Kong; Hong Kong SAR China"),
        ("JP", "Japan; 日本; Japonia"),
        ("XK", "Kosovo; XK"),
        ("SA", "Saudi Arabia; KSA"),
        ("VN", "Viet Nam; Vietnam; Wietnam"),
    ],
)
def test_should_find_a_country_by_any_of_its_names(code, names):
    for name in names.split("; "):
        assert find_country(name, exactly=True) == code, name


@pytest.mark.parametrize("text", ["", "Atlantis", "EU", "Europe", "The", "???"])
def test_should_find_no_country_in_other_words(text):
    assert find_country(text, exactly=True) is None


def test_should_offer_kosovo_which_has_no_code_of_the_standard():
    assert country_name("XK") == "Kosovo"
    assert ("XK", "Kosovo") in country_choices()
