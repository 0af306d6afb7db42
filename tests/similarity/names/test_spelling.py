"""Words as names are compared by, and what misspelt ones may mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity.names.spelling import errors_allowed, meant, sorted_words, variants, words_of

WORD = st.text(st.characters(categories=["Ll"], max_codepoint=0x17F), min_size=4, max_size=12)


def test_should_compare_names_without_accents_capitals_and_order() -> None:
    assert words_of("  HAŁAS, Żaneta-Maria ") == ["halas", "zaneta", "maria"]
    assert sorted_words("Hałas Żaneta") == sorted_words("zaneta halas")


def test_should_allow_no_error_in_short_words() -> None:
    assert [errors_allowed(word) for word in ("ann", "anna", "annabel", "annabell")] == [0, 1, 1, 2]
    assert variants("ann") == variants("0042") == set()


@given(WORD, st.data())
def test_should_share_a_variant_with_every_word_of_one_error(
    word: str, data: st.DataObject
) -> None:
    word = words_of(word)[0] if words_of(word) else "word"
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("aeltz"))
    error = data.draw(st.sampled_from(("left out", "added", "replaced", "swapped")))
    wrong = {
        "left out": word[:at] + word[at + 1 :],
        "added": word[:at] + letter + word[at:],
        "replaced": word[:at] + letter + word[at + 1 :],
        "swapped": word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }[error]
    if len(word) >= 4 and len(wrong) >= 4:
        assert variants(word) & variants(wrong)
        assert word in meant(wrong, [word, "qqqqqqqqqqqqqqqq"])


@pytest.mark.parametrize(
    ("typed", "candidates", "expected"),
    [
        ("wojcik", ["wojtek", "wojcik", "wojciech"], ["wojcik"]),
        ("agnieska", ["agnieszka", "agata"], ["agnieszka"]),
        ("tidewatre", ["tidewater", "sidewalk"], ["tidewater"]),
        ("brannoc", ["brannock", "cannot"], ["brannock"]),
    ],
)
def test_should_order_what_may_be_meant(
    typed: str, candidates: list[str], expected: list[str]
) -> None:
    assert meant(typed, candidates) == expected
