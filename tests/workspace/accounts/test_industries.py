"""The industry classification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.accounts import industries

CODES = st.sampled_from([*industries.SECTIONS, *industries.DIVISIONS])


def test_every_division_lies_in_a_section() -> None:
    assert {code[0] for code in industries.DIVISIONS} == set(industries.SECTIONS)


def test_every_alias_means_a_code() -> None:
    known = {*industries.SECTIONS, *industries.DIVISIONS}
    assert set(industries.ALIASES.values()) <= known


@given(CODES)
def test_a_code_and_its_name_find_it(code: str) -> None:
    assert industries.find_industry(code) == code
    assert industries.find_industry(code.lower()) == code
    found = industries.find_industry(industries.industry_name(code))
    # A section and its only division may go by one name.
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
def test_what_people_write_is_understood(written: str, code: str | None) -> None:
    assert industries.find_industry(written) == code


@given(CODES, CODES)
def test_likeness_is_symmetric_and_bounded(one: str, other: str) -> None:
    likeness = industries.likeness(one, other)
    assert likeness == industries.likeness(other, one)
    assert likeness in (0.0, 0.5, 1.0)
    assert (likeness == 1.0) == (one == other)
    assert (likeness > 0) == (one[0] == other[0])


def test_what_is_unknown_is_like_nothing() -> None:
    assert industries.likeness(None, None) == 0.0
    assert industries.likeness("J62", None) == 0.0
    assert industries.industry_name(None) == ""
    assert industries.industry_name("X99") == ""


@given(st.text(max_size=60))
def test_any_text_is_understood_or_not(text: str) -> None:
    found = industries.find_industry(text)
    assert found is None or industries.industry_name(found)
