"""Sentences that many documents share are noticed, whatever order they are written in."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity.index.boilerplate import (
    SentenceIndex,
    boilerplate_of,
    content,
    fingerprints,
    sentences,
)
from similarity.index.documents import Document, Sentence, deal_document, document, unpacked
from tests.similarity.index.test_documents import deal
from tests.similarity.index.test_language import HOSTILE, NAUGHTY

NOTE = "Diese Nachricht ist vertraulich und nur für den Empfänger bestimmt."


def prints_of(text: str) -> set[int]:
    return {each for prints in fingerprints(sentences(text)) for each in prints}


def held(*texts: str, secret: tuple[str, ...] = ()) -> SentenceIndex:
    """An index of these texts, the secret ones not counted, that has settled."""
    index = SentenceIndex()
    for number, text in enumerate((*texts, *secret), start=1):
        index.put(number, prints_of(text), counted=number <= len(texts))
    index.settle(len(texts))
    return index


def test_should_split_sentences_lines_and_labels() -> None:
    text = "One thing. Another!\nBudget: 50 k\nDecision maker: the CFO at 10:30"
    assert sentences(text) == [
        "One thing.", "Another!", "Budget:", "50 k", "Decision maker:", "the CFO at 10:30",
    ]  # fmt: skip


@pytest.mark.parametrize("copies", [2, 3, 4])
def test_should_take_for_boilerplate_what_three_documents_hold(copies: int) -> None:
    index = held(*(f"Deal about {'xyzw'[turn] * 3} things here. {NOTE}" for turn in range(copies)))
    assert (content(f"Our own text. {NOTE}", index.is_boilerplate) == "Our own text.") == (
        copies >= 3
    )


def test_should_not_regard_case_digits_and_spaces() -> None:
    index = held(*(f"Offer {n} is valid until 1{n} May 202{n}." for n in range(3)))
    assert boilerplate_of("OFFER 7777 is  valid until 3 May 1999.", index.is_boilerplate)
    assert not boilerplate_of("Offer 7 is valid until 3 June 1999.", index.is_boilerplate)


def test_should_take_short_sentences_for_boilerplate_with_their_neighbours_only() -> None:
    index = held(*(f"Warehouse for {name}. NDA signed. Confidential. As agreed." for name in "abc"))
    said = content("A portal. NDA signed. Confidential. As agreed.", index.is_boilerplate)
    assert said == "A portal."
    # Alone it may be what the text is about.
    alone = "Confidential. A portal for the ward and its nurses."
    assert content(alone, index.is_boilerplate) == alone


def test_should_take_the_labels_of_a_template_for_boilerplate() -> None:
    index = held(
        "Pain: slow month end\nBudget: 50 k\nTimeline: spring",
        "Pain: wrong stock\nBudget: unknown\nTimeline: June",
        "Pain: no forecasts\nBudget: 1 m\nTimeline: at once",
    )
    text = "Pain: lost pallets\nBudget: none\nTimeline: autumn"
    assert content(text, index.is_boilerplate) == "lost pallets none autumn"
    # A single one may be a heading.
    assert content("Budget: planning for hotels", index.is_boilerplate).startswith("Budget:")


def test_should_take_only_a_small_share_for_boilerplate() -> None:
    several = [f"{NOTE} {number}" for number in range(3)]
    assert boilerplate_of(NOTE, held(*several).is_boilerplate)
    index = SentenceIndex()
    for number, text in enumerate(several):
        index.put(number, prints_of(text), counted=True)
    assert len(index.settle(300)) == 3
    assert index.settle(300).tolist() == []
    # Three of 301 are less than one in a hundred.
    assert len(index.settle(301)) == 3
    assert not boilerplate_of(NOTE, index.is_boilerplate)


def test_should_count_copies_of_one_account_once() -> None:
    index = SentenceIndex()
    for number in range(6):
        index.put(number, prints_of(NOTE), 17, counted=True)
    index.settle(6)
    assert not boilerplate_of(NOTE, index.is_boilerplate)
    for number in (6, 7):
        index.put(number, prints_of(NOTE), 20 + number, counted=True)
    index.settle(8)
    assert boilerplate_of(NOTE, SentenceIndex.of(index.arrays()).is_boilerplate)
    # Without its last copy a document no longer counts.
    for number in range(6):
        index.remove(number)
        index.settle(8 - number)
        assert bool(boilerplate_of(NOTE, index.is_boilerplate)) == (number < 5)


def test_should_give_confidential_documents_no_influence() -> None:
    index = held(NOTE, NOTE, secret=(NOTE, NOTE, NOTE))
    assert not boilerplate_of(NOTE, index.is_boilerplate)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=40))
def test_should_depend_on_what_is_held_alone(writes: list[tuple[int, int, bool]]) -> None:
    texts = ["Terms and conditions apply here.", "Call me back any time.", "One. Two. Three. Four."]
    index, latest = SentenceIndex(), {}
    for document_id, which, counted in writes:
        if which == len(texts):
            index.remove(document_id)
            latest.pop(document_id, None)
        else:
            index.put(document_id, prints_of(texts[which]), counted=counted)
            latest[document_id] = texts[which], counted
        if document_id == 0:
            index.settle(sum(counted for _, counted in latest.values()))
    count = sum(counted for _, counted in latest.values())
    index.settle(count)
    fresh = SentenceIndex()
    shuffled = list(latest.items())
    random.Random(0).shuffle(shuffled)
    for document_id, (text, counted) in shuffled:
        fresh.put(document_id, prints_of(text), counted=counted)
    fresh.settle(count)
    stored = SentenceIndex.of(index.arrays())
    for text in texts:
        found = boilerplate_of(text, fresh.is_boilerplate)
        assert boilerplate_of(text, index.is_boilerplate) == found
        assert boilerplate_of(text, stored.is_boilerplate) == found
    # What was stored goes on in the same way.
    for each in (index, stored):
        each.put(9, prints_of(texts[0]), counted=True)
        each.remove(1)
    assert index.settle(count).tolist() == stored.settle(count).tolist()


def test_should_name_the_documents_whose_content_changes() -> None:
    index = SentenceIndex()
    for number in (1, 2):
        index.put(number, prints_of(NOTE), counted=True)
        assert index.settle(number).tolist() == []
    index.put(5, prints_of(f"Something else entirely said here. {NOTE}"), counted=True)
    assert index.settle(3).tolist() == [1, 2, 5]
    index.remove(2)
    assert index.settle(2).tolist() == [1, 5]


@given(st.text(max_size=300))
def test_should_lose_no_word_in_sentences(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def packed_again(made: Document) -> tuple[tuple[str, ...], tuple[Sentence, ...]]:
    names, found = unpacked(made.packed())
    return tuple(names), tuple(found)


@pytest.mark.parametrize("name", HOSTILE)
def test_should_store_the_sentences_of_hostile_text(name: str) -> None:
    text = HOSTILE[name]
    made = deal_document(deal(name=text, use_case=text, notes=text, reason=text))
    assert packed_again(made) == (made.names, made.sentences)


def test_should_store_sentences_and_read_documents_without_any() -> None:
    made = document("Portal", [NOTE, *NAUGHTY], ["Atlas"], ["Lost on price to a rival."])
    assert packed_again(made) == (made.names, made.sentences)
    assert [each.meant for each in made.sentences][-2:] == [True, False]
    # As they were stored before.
    assert unpacked("portal atlas") == (["portal", "atlas"], [])
