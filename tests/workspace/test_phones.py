"""Telephone numbers: what is taken, what is refused, and which are the same."""

import pytest

from workspace.errors import Invalid
from workspace.phones import dialled, phone_endings, read_phones, typed_ending


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("  +48  22 123 45 67 ", "+48 22 123 45 67"),
        ("tel:+1-555-0100", "+1-555-0100"),
        ("030/1234567", "030/1234567"),
        ("(022) 555 01 00 ext. 12", "(022) 555 01 00 ext. 12"),
        ("112", "112"),
        ("555 0100; 555 0101, 555 0100 ::: 555 0102", "555 0100; 555 0101; 555 0102"),
        ("+49 30 123456 / 0171 1234567", "+49 30 123456; 0171 1234567"),
        ("030 123456, ext. 5", "030 123456, ext. 5"),
        ("", ""),
    ],
)
def test_should_keep_numbers_as_they_are_written(text: str, phones: str) -> None:
    assert read_phones(text) == phones


@pytest.mark.parametrize(
    "text",
    ["n/a", "ask Ann", "12", "2024-01-01", "4.82212E+10", "4,82e+10", "+" + "1" * 18, 
     "ann1234567@one.example",
     "1" + " " * 3 + "x" * 60 + "234", "; ".join(f"555 01{n:02}" for n in range(40))],
)  # fmt: skip
def test_should_refuse_what_is_no_number(text: str) -> None:
    with pytest.raises(Invalid):
        read_phones(text)


def test_should_compare_numbers_however_they_are_written() -> None:
    same = [
        "+48 22 123 45 67",
        "0048221234567",
        "022/1234567",
        "(22) 123-45-67 wew. 89",
        "１２３４５６７",
    ]
    assert {phone_endings(each) for each in same} == {frozenset({"1234567"})}
    assert phone_endings("112; +44 20 7946 0018") == {"9460018"}


def test_should_tell_a_number_from_other_texts() -> None:
    assert typed_ending(" +44 20 7946 0018 ") == "9460018"
    for text in ("", "9460", "GTX 7946 0018", "7946 0018 Hull", "1" * 18):
        assert typed_ending(text) == ""


def test_should_dial_without_the_zero_that_is_not_dialled_abroad() -> None:
    assert dialled("+49 (0)30 123-4567 ext. 8") == "+49301234567"
    assert dialled("(030) 1234567") == "0301234567"
