"""The industry classification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.accounts import industries
from workspace.accounts.industry_aliases import ALIASES

CODES = st.sampled_from([*industries.SECTIONS, *industries.DIVISIONS])


def test_should_have_a_section_for_every_division() -> None:
    assert {code[0] for code in industries.DIVISIONS} == set(industries.SECTIONS)


def test_should_have_a_code_for_every_alias() -> None:
    known = {*industries.SECTIONS, *industries.DIVISIONS}
    assert set(ALIASES.values()) <= known


@given(CODES)
def test_should_find_an_industry_by_code_and_name(code: str) -> None:
    assert industries.find_industry(code) == code
    assert industries.find_industry(code.lower()) == code
    found = industries.find_industry(industries.industry_name(code))
    # A section and its only division may have the same name.
    assert found is not None
    assert industries.industry_name(found) == industries.industry_name(code)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("technolgy", "J62"),
        ("Software", "J62"),
        ("medical", "Q86"),
        ("retail", "G47"),
        ("  Banking ", "K64"),
        ("Hospitals and health care", "Q86"),
        ("", None),
        ("   ", None),
        ("underwater basket weaving", None),
    ],
)
def test_should_understand_what_people_write(written: str, code: str | None) -> None:
    assert industries.find_industry(written) == code


@given(CODES, CODES)
def test_should_have_a_symmetric_and_bounded_likeness(one: str, other: str) -> None:
    likeness = industries.likeness(one, other)
    assert likeness == industries.likeness(other, one)
    assert likeness in (0.0, 0.5, 1.0)
    assert (likeness == 1.0) == (one == other)
    assert (likeness > 0) == (one[0] == other[0])


def test_should_find_unknown_industries_like_nothing() -> None:
    assert industries.likeness(None, None) == 0.0
    assert industries.likeness("J62", None) == 0.0
    assert industries.industry_name(None) == ""
    assert industries.industry_name("X99") == ""


@given(st.text(max_size=60))
def test_should_accept_any_text(text: str) -> None:
    found = industries.find_industry(text)
    assert found is None or industries.industry_name(found)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("J62", "INFORMATION_TECHNOLOGY_AND_SERVICES; Computer & Network Security; Informatyka"),
        ("Q86", "HOSPITAL_HEALTH_CARE; Medical Practices; Gesundheitswesen; Здравоохранение"),
        ("K64", "Investment Banking; CAPITAL_MARKETS; Bankwesen; Usługi finansowe"),
        ("G47", "Supermarkets; Einzelhandel; Handel detaliczny"),
        ("H52", "LOGISTICS_AND_SUPPLY_CHAIN; Logistyka"),
        ("C28", "MACHINERY; Maschinenbau"),
        ("M70", "MANAGEMENT_CONSULTING; Business Consulting and Services; Doradztwo"),
        ("P85", "HIGHER_EDUCATION; Edukacja; E-Learning"),
        ("O84", "GOVERNMENT_ADMINISTRATION; Public Sector; Administracja publiczna"),
    ],
)
def test_should_find_an_industry_by_what_other_systems_call_it(code: str, names: str) -> None:
    for name in names.split("; "):
        assert industries.find_industry(name, exactly=True) == code, name
