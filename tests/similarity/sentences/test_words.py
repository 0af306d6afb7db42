"""Phrases in a sentence, with endings and typing errors."""

import pytest

from similarity.sentences.words import Phrases, words_of

PHRASES = Phrases.of(
    {
        "dairy": "dairy; mleczarni*; milk processing",
        "machines": "machinery; maszynow*",
        "banks": "bank; bankowos*",
    }
)


def meaning(text: str, *, misspelt: bool) -> str | None:
    match = PHRASES.at(words_of(text), 0, misspelt=misspelt)
    return match.meaning if match else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("machinery", "machines"),
        ("mleczarniami", "dairy"),
        ("bank", "banks"),
        ("bankowosciowego", "banks"),
        ("milk processing", "dairy"),
        # An ending of at most eight letters.
        ("mleczarniabcdefgh", "dairy"),
        ("mleczarniabcdefghi", None),
        ("banks", None),
        ("milk, processing", None),
    ],
)
@pytest.mark.parametrize("misspelt", [False, True])
def test_should_find_words_with_their_endings(
    text: str, expected: str | None, misspelt: bool
) -> None:
    assert meaning(text, misspelt=misspelt) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A letter too few, too many, another one, and two in the wrong order.
        ("machinry", "machines"),
        ("machineery", "machines"),
        ("machinary", "machines"),
        ("machinrey", "machines"),
        # The same in a stem, with an ending or without one.
        ("mleczrniami", "dairy"),
        ("mlecczarniami", "dairy"),
        ("mlaczarnia", "dairy"),
        ("mlezcarni", "dairy"),
        ("mleczrniabcdefgh", "dairy"),
        ("milk procesing", "dairy"),
        # Two errors, an error in the first letter, and words that are too short for one.
        ("machnry", None),
        ("nachinery", None),
        ("bnak", None),
    ],
)
def test_should_find_misspelt_words_only_when_asked(text: str, expected: str | None) -> None:
    assert meaning(text, misspelt=True) == expected
    assert meaning(text, misspelt=False) is None
