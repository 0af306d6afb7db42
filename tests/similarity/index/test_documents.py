"""Which text stands for a deal, an asset, a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity.index.documents import (
    MAX_PASSAGES,
    PASSAGE_WORDS,
    AssetText,
    DealText,
    PersonText,
    PieceRole,
    asset_document,
    deal_document,
    document,
    join,
    passages,
    person_document,
)
from similarity.index.language import stems
from tests.similarity.index.test_language import HOSTILE, NAUGHTY

SENTENCES = st.lists(
    st.tuples(
        st.lists(st.text("abcż1-", min_size=1, max_size=4), max_size=250),
        st.sampled_from([". ", "!\n", "? ", "…  ", "\n\n", " ", ".", "\t"]),
    ),
    max_size=12,
).map(lambda sentences: "".join(" ".join(words) + end for words, end in sentences))


@given(st.one_of(SENTENCES, st.text()))
def test_should_lose_no_word_in_passages_and_keep_them_short(text: str) -> None:
    found = passages(text)
    assert " ".join(found).split() == text.split()
    for passage in found:
        assert 0 < len(passage.split()) <= PASSAGE_WORDS


def test_should_cut_between_sentences() -> None:
    one, two = "one " * 59 + "end.", "two " * 59 + "end."
    assert passages(f"{one} {two}") == [one, two]
    assert passages("short. Text.") == ["short. Text."]
    assert passages(" \n ") == []


@given(st.lists(st.text(max_size=20)))
def test_should_join_parts_as_sentences(parts: list[str]) -> None:
    joined = join(parts)
    assert joined == joined.strip()
    assert [word.rstrip(".") for word in joined.split()] == [
        word.rstrip(".") for part in parts for word in part.split()
    ]
    assert not joined or joined[-1] in ".!?…:;"


def test_should_split_a_short_document_into_whole_and_title() -> None:
    made = document("Ward dashboards", ["Waiting times", "for managers!"], ["Q86"])
    assert list(made.pieces) == [
        (PieceRole.WHOLE, "Ward dashboards. Waiting times. for managers!"),
        (PieceRole.TITLE, "Ward dashboards"),
    ]
    assert made.language == "en"
    # The title's words count twice; what is around has words, and no meaning.
    assert made.terms.count("dashboard") == 2
    assert made.terms.count("manag") == 1
    assert "q86" in made.terms


def test_should_keep_a_document_of_a_title_alone_whole() -> None:
    assert document("Ward dashboards", ["", " "]).pieces == ((PieceRole.WHOLE, "Ward dashboards."),)
    assert document("Done.", []).pieces == ((PieceRole.WHOLE, "Done."),)


def test_should_keep_a_document_without_a_title_whole() -> None:
    assert document("", ["Prose"]).pieces == ((PieceRole.WHOLE, "Prose."),)


def test_should_have_no_pieces_in_an_empty_document() -> None:
    for empty in ("", " ", "\n"):
        made = document(empty, [empty], [empty])
        assert (made.pieces, made.terms) == ((), ())
    # Names around it are found nevertheless.
    assert document("", [], ["Kestrel Health"]).terms == ("kestrel", "health")


def test_should_limit_the_passages_of_a_long_document() -> None:
    long = "word " * (PASSAGE_WORDS * (MAX_PASSAGES + 5))
    made = document("Title", [long])
    parts = [part for part, _ in made.pieces]
    assert parts == [PieceRole.WHOLE, PieceRole.TITLE, *[PieceRole.PASSAGE] * MAX_PASSAGES]
    # Its words are all found, also those past the last passage.
    assert made.terms.count("word") == PASSAGE_WORDS * (MAX_PASSAGES + 5)


def deal(**given: object) -> DealText:
    empty = dict.fromkeys(
        ("name", "use_case", "notes", "reason", "account", "account_description", "industry"), ""
    )
    return DealText(**{**empty, "products": [], "competitors": [], **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "value", "meant"),
    [
        ("name", "Zebra", True),
        ("use_case", "Zebra", True),
        ("notes", "Zebra", True),
        ("reason", "Zebra", True),
        ("account", "Zebra", False),
        ("account_description", "Zebra", False),
        ("industry", "Zebra", False),
        ("products", ["Zebra"], False),
        ("competitors", ["Zebra"], False),
    ],
)
def test_should_index_everything_that_is_written_on_a_deal(
    column: str, value: object, meant: bool
) -> None:
    text = deal(**{"name": "Other", column: value})
    made = deal_document(text)
    assert stems("zebra", "en")[0] in made.terms
    assert any("Zebra" in piece for _, piece in made.pieces) == meant
    # A reason is a passage of its own.
    assert ("Zebra" in text.prose) == (meant and column != "reason")


def test_should_index_what_is_written_on_assets_and_people() -> None:
    asset = asset_document(AssetText("Ward demo", "demo", "Shown on a ward", ["Atlas Warehouse"]))
    assert set(stems("ward demo shown atlas warehouse", "en")) <= set(asset.terms)
    assert asset.pieces[0] == (PieceRole.WHOLE, "Ward demo. Shown on a ward.")
    person = person_document(
        PersonText(
            name="Inês Moreira",
            title="Chief information officer",
            department="IT",
            skills="data warehousing; hospitals",
            about="Led two mergers",
            employers=["St Brannoc Hospital", "Nurse Havel"],
            schools=["Physics University of Porto"],
            place="Porto Braga",
        )
    )
    wanted = "inês moreira chief data mergers brannoc nurse physics porto braga it"
    assert set(stems(wanted, "en")) - set(stems("it", "en")) <= set(person.terms)
    # Who somebody is must not make them an expert: their name has no meaning.
    assert not any("Inês" in piece for _, piece in person.pieces)


@pytest.mark.parametrize("name", HOSTILE)
def test_should_make_a_document_of_hostile_text(name: str) -> None:
    text = HOSTILE[name]
    made = deal_document(deal(name=text, use_case=text, notes=text, account=text))
    assert len(made.pieces) <= MAX_PASSAGES + 2
    assert_storable(made.terms)


def test_should_make_documents_of_awkward_strings() -> None:
    for text in NAUGHTY:
        assert_storable(document(text, [text, text], [text]).terms)
    assert document("", NAUGHTY).pieces


def assert_storable(terms: list[str]) -> None:
    assert " ".join(terms).split() == list(terms)
