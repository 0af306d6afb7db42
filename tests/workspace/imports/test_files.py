"""Bytes to records: encodings, separators, and files that are broken or no text at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.imports.files import SHARED, put, with_shared_data
from workspace.errors import Invalid
from workspace.imports import files
from workspace.imports.files import decode, split_rows

POLISH = "account;country\nŻabka Łódź;Polska\nPrzędza Śląska;Polska\n"
RUSSIAN = "account;country\nГазпром;Россия\nРоснефть;Россия\n"
FRENCH = "account;country\nCafé Société;France\nMüller & Söhne;Österreich\n"


def cells(text):
    return [record.cells for record in split_rows(text)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (POLISH, "utf-8"),
        (POLISH, "utf-8-sig"),
        (POLISH, "utf-16"),
        (RUSSIAN, "utf-32"),
        (POLISH, "cp1250"),
        ("account\nKraków\n", "cp1250"),
        ("account\nŁódź\n", "cp1250"),
        ("account;city\nPříliš žluťoučký kůň;Brno\n", "cp1250"),
        ("account\nHódmezővásárhely Hűtő\n", "cp1250"),
        (RUSSIAN, "cp1251"),
        ("account\nОАО Ромашка\n", "cp1251"),
        (FRENCH, "cp1252"),
        ("account\nAncien Hôtel\n", "cp1252"),
        ("notes\nThey don’t want “that” – yet\n", "cp1252"),
        ("account\nÅrhus Køl & Frys\n", "cp1252"),
    ],
)
def test_should_read_every_common_encoding(text, encoding):
    found, notes = decode(text.encode(encoding))
    assert found == text
    assert bool(notes) == encoding.startswith("cp")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_should_read_utf16_without_a_mark(encoding):
    assert decode(FRENCH.encode(encoding)) == (FRENCH, [])


def test_should_say_which_encoding_was_guessed():
    assert decode(POLISH.encode("cp1250"))[1] == [
        "The file is not UTF-8: it was read as Windows-1250."
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04rest",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\x1f\x8b\x08\x00",
        b"BZh91AY",
        b"%PDF-1.7",
        b"\x00\x01\x02\x03\xff\xfe\x80" * 50,
        b"\xff\xfea\x00b",
        b"\xff\xfe\x00\xd8a\x00",
    ],
)
def test_should_refuse_what_is_no_text(raw):
    with pytest.raises(Invalid):
        decode(raw)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_should_find_the_separator(separator, end):
    lines = [["deal", "name", "notes"], ["D-1", "a|b", "x y"]]
    text = end.join(separator.join(line) for line in lines) + end * 3
    assert cells(text) == lines


def test_should_take_the_separator_that_excel_names():
    assert cells("sep=;\na,b;c\n1,2;3\n") == [["a,b", "c"], ["1,2", "3"]]
    assert [record.line for record in split_rows("sep=;\na;c\n1;3\n")] == [2, 3]


def test_should_number_records_by_their_first_line():
    text = 'deal,notes\n1,"two\nlines"\n\n,\n2,three\n'
    assert [(record.line, record.cells) for record in split_rows(text)] == [
        (1, ["deal", "notes"]),
        (2, ["1", "two\nlines"]),
        (6, ["2", "three"]),
    ]


def test_should_not_lose_the_rows_behind_a_quotation_mark_without_notice():
    records = split_rows('deal,name\n1,one\n2,"two\n3,three\n')
    assert [record.line for record in records] == [1, 2, 3]
    assert "never closed" in records[-1].problem
    assert not any(record.problem for record in records[:-1])


@pytest.mark.parametrize("text", ['a,b\n1,"two ""2"""', 'a,b\n1,"two"', 'a,b\n1,tw"o', "a,b\n1,2"])
def test_should_accept_every_proper_end(text):
    assert not split_rows(text)[-1].problem


def test_should_read_giant_cells_and_nul_bytes(tmp_path):
    path = put(tmp_path, "giant.csv", "deal,no\0tes\n1," + "x" * 3_000_000 + "\n")
    table = files.read_file(path)
    assert table.rows[0].cells == ["deal", "notes"]
    assert len(table.rows[1].cells[1]) == 3_000_000
    assert table.warnings == ["NUL characters were left out."]


def test_should_say_why_a_file_cannot_be_opened(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(Invalid, match="cannot be opened"):
            files.read_file(path)


@pytest.mark.parametrize("text", ["", "\n\n", " , ,\n"])
def test_should_find_no_records_in_nothing(text):
    assert cells(text) == []


@given(st.binary(max_size=300))
def test_should_read_or_refuse_any_bytes(raw):
    try:
        text, _ = decode(raw)
    except Invalid:
        return
    split_rows(text)


CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0\ufeff"), max_size=20
)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5))
def test_should_read_back_what_is_quoted(rows):
    header = ["deal", "name", "notes"]
    text = "\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [header, *rows]
    )
    assert cells(text) == [header, *[row for row in rows if any(cell.strip() for cell in row)]]


@with_shared_data
@pytest.mark.parametrize(
    "name",
    [
        "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines",
        "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8",
    ],
)  # fmt: skip
def test_should_read_csv_spectrum_as_expected(name):
    folder = SHARED / "bad_input" / "csv-spectrum"
    text, _ = decode((folder / "csvs" / f"{name}.csv").read_bytes())
    if name.endswith("_crlf") and "\r" not in text:
        # Some copies of the collection have lost the line ends that these files are about.
        text = text.replace("\n", "\r\n")
    header, *rows = split_rows(text)
    expected = json.loads((folder / "json" / f"{name}.json").read_text("utf-8"))
    assert [dict(zip(header.cells, row.cells, strict=True)) for row in rows] == expected


@with_shared_data
def test_should_read_or_refuse_every_odd_file():
    folder = SHARED / "bad_input"
    read = {}
    for path in sorted(folder.rglob("*.*")):
        try:
            read[path.name] = [record.cells for record in files.read_file(path).rows]
        except Invalid:
            read[path.name] = None
    assert read["mac_newlines.csv"] == [
        ["a", "b", "c"], ["1", "2", "3"], ["Once upon\ra time", "5", "6"]
    ]  # fmt: skip
    for name in (
        "test_utf8.csv",
        "test_utf8_bom.csv",
        "test_utf16_big.csv",
        "test_utf16_little.csv",
    ):
        assert read[name][2] == ["4", "5", "ʤ"], name
    assert read["test_latin1.csv"][2] == ["4", "5", "©"]
    assert read["null_byte.csv"][1] == ["", "2", "3"]
    for name in ("dummy.csv.gz", "dummy.csv.bz2", "dummy.xls", "dummy.xlsx"):
        assert read[name] is None
