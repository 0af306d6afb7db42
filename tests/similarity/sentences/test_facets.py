"""Facets that sentences in three languages name."""

from pathlib import Path

import pytest

from similarity.sentences.facets import KnownNames, facets_in

KNOWN = KnownNames(
    products={
        "atlas-warehouse": "Atlas Warehouse",
        "relay": "Relay",
        "tideline": "Tideline",
        "keelson": "Keelson",
        "shoal": "Shoal",
    },
    competitors={
        "stratocast": "Stratocast",
        "datamoor": "Datamoor",
        "veridane": "Veridane",
        "corvid-erp": "Corvid ERP",
        "pulsebench": "Pulsebench",
        "harvest": "Harvest",
        "in-house-build": "In-house build",
    },
)
# The share of sentences of which all facets are right, and no other is found.
RIGHT = 0.95


def _sentences(name: str) -> list[tuple[str, frozenset[str]]]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(" -> ") for line in lines if not line.startswith("#")]
    return [
        (sentence, frozenset(facet.replace("_", " ") for facet in facets.split()))
        for sentence, _, facets in pairs
    ]


@pytest.mark.parametrize("name", ["first_hundred.txt", "second_hundred.txt"])
def test_should_name_the_facets_of_sentences(name: str) -> None:
    sentences = _sentences(name)
    assert len(sentences) == 100
    wrong = [
        (sentence, sorted(facets), sorted(named))
        for sentence, facets in sentences
        if (named := {facet.id for facet in facets_in(sentence, KNOWN)}) != facets
    ]
    assert len(sentences) - len(wrong) >= RIGHT * len(sentences), wrong
