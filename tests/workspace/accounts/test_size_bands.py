"""Headcounts that are given as a band."""

import pytest

from workspace.accounts.size_bands import headcount_band, size_band


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("1-10", (1, 10, 3)),
        ("2–10 employees", (2, 10, 4)),
        ("51 to 200", (51, 200, 100)),
        ("201 — 500", (201, 500, 320)),
        ("1.001-5.000", (1001, 5000, 2200)),
        ("5 001 - 10 000", (5001, 10000, 7100)),
        ("1k-5k", (1000, 5000, 2200)),
        ("10,001+ employees", (10001, 2**31 - 1, 10001)),
        ("> 250", (250, 2**31 - 1, 250)),
        ("ponad 300", (300, 2**31 - 1, 300)),
        ("<50", (0, 50, 7)),
        ("up to 400", (0, 400, 20)),
        ("~750", (750, 750, 750)),
        ("ca. 1,200", (1200, 1200, 1200)),
        ("120 Mitarbeiter", (120, 120, 120)),
        ("1 200 pracowników", (1200, 1200, 1200)),
        ("2.5k", (2500, 2500, 2500)),
        ("Self-employed", (1, 1, 1)),
    ],
)
def test_should_read_a_band_of_headcounts(text, band):
    assert headcount_band(text) == band


@pytest.mark.parametrize("text", ["", "250", "many", "50-10", "1-2-3", "-5", "11/50", "+", "k"])
def test_should_read_no_band_in_other_texts(text):
    assert headcount_band(text) is None


@pytest.mark.parametrize("text", ["1-10", "11-50", "51-200", "201-500", "501-1,000", "1,001-5,000"])
def test_should_take_a_headcount_of_the_same_size_band(text):
    low, high, usual = headcount_band(text)
    assert size_band(low) == size_band(usual) == size_band(high)
