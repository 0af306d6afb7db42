"""Bytes to raw rows: encodings, separators, and files that are broken or no text at all."""

import bz2
import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.imports.files import put
from workspace.errors import Invalid
from workspace.imports import files
from workspace.imports.encodings import decode
from workspace.imports.files import split_rows

POLISH = "account;country\nŻabka Łódź;Polska\nPrzędza Śląska;Polska\n"
RUSSIAN = "account;country\nГазпром;Россия\nРоснефть;Россия\n"
FRENCH = "account;country\nCafé Société;France\nMüller & Söhne;Österreich\n"


def cells(text):
    return [row.cells for row in split_rows(text)]


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
    found, warnings = decode(text.encode(encoding))
    assert found == text
    assert bool(warnings) == encoding.startswith("cp")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_should_read_utf16_without_a_mark(encoding):
    assert decode(FRENCH.encode(encoding)) == (FRENCH, [])


def test_should_say_which_encoding_was_guessed():
    (warning,) = decode(POLISH.encode("cp1250"))[1]
    assert warning.startswith("The file is not UTF-8: it was read as Windows-1250.")


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
def test_should_refuse_what_is_no_text(tmp_path, raw):
    path = tmp_path / "file.csv"
    path.write_bytes(raw)
    with pytest.raises(Invalid):
        files.read_file(path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_should_find_the_separator(separator, end):
    lines = [["deal", "name", "notes"], ["D-1", "a|b", "x y"]]
    text = end.join(separator.join(line) for line in lines) + end * 3
    assert cells(text) == lines


def test_should_take_the_separator_that_excel_names():
    assert cells("sep=;\na,b;c\n1,2;3\n") == [["a,b", "c"], ["1,2", "3"]]
    assert [row.line for row in split_rows("sep=;\na;c\n1;3\n")] == [2, 3]


def test_should_number_rows_by_their_first_line():
    text = 'deal,notes\n1,"two\nlines"\n\n,\n2,three\n'
    assert [(row.line, row.cells) for row in split_rows(text)] == [
        (1, ["deal", "notes"]),
        (2, ["1", "two\nlines"]),
        (6, ["2", "three"]),
    ]


def test_should_not_lose_the_rows_behind_a_quotation_mark_without_notice():
    rows = split_rows('deal,name\n1,one\n2,"two\n3,three\n')
    assert [row.line for row in rows] == [1, 2, 3]
    assert "never closed" in rows[-1].problem
    assert not any(row.problem for row in rows[:-1])


@pytest.mark.parametrize("text", ['a,b\n1,"two ""2"""', 'a,b\n1,"two"', 'a,b\n1,tw"o', "a,b\n1,2"])
def test_should_accept_every_proper_end(text):
    assert not split_rows(text)[-1].problem


def test_should_read_giant_cells_and_nul_bytes(tmp_path):
    path = put(tmp_path, "giant.csv", "deal,no\0tes\n1," + "x" * 3_000_000 + "\n")
    table = files.read_file(path)
    assert table.rows[0].cells == ["deal", "notes"]
    assert len(table.rows[1].cells[1]) == 3_000_000
    assert table.warnings == ["NUL characters were left out."]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"account,description\nBig," + b"x" * 5_000_000 + b"\n", "From its line 2 on, a cell"),
        (b'account\n"open' + b"x\n" * 3_000_000, "close its quotation mark"),
        (b",".join(b"c%d" % number for number in range(3_000)) + b"\n", "has 3,000 columns"),
    ],
)
def test_should_refuse_what_takes_too_much_memory(raw, problem):
    with pytest.raises(Invalid, match=problem):
        files.read_bytes("a.csv", raw)


def test_should_say_why_a_file_cannot_be_opened(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(Invalid, match="cannot be opened"):
            files.read_file(path)


@pytest.mark.parametrize("text", ["", "\n\n", " , ,\n"])
def test_should_find_no_rows_in_nothing(text):
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


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("deal,name\n1,One\n", [["1", "One"]]),
        ("deal,name\r\n1,One\r\n", [["1", "One"]]),
        ('deal,name,city\n1,One,"Łódź, Poland"\n', [["1", "One", "Łódź, Poland"]]),
        ('deal,name,city\n1,"",""\n2,Two,Gdynia\n', [["1", "", ""], ["2", "Two", "Gdynia"]]),
        ('deal,name\r\n1,""\r\n2,"Two"\r\n', [["1", ""], ["2", "Two"]]),
        ('deal,name\n1,"The ""small"" one"\n', [["1", 'The "small" one']]),
        ('deal,notes\n1,"{""size"": ""small""}"\n', [["1", '{"size": "small"}']]),
        ('deal,notes\n1,"First\nsecond"\n2,Two\n', [["1", "First\nsecond"], ["2", "Two"]]),
        ('deal,notes\r\n1,"First\r\nsecond"\r\n', [["1", "First\r\nsecond"]]),
        ('deal,notes\n1,"He: ""First\nsecond"""\n', [["1", 'He: "First\nsecond"']]),
        ("deal,name\n1,ʤ 北 ✓\n", [["1", "ʤ 北 ✓"]]),
    ],
    ids=[
        "simple", "simple CRLF", "comma in quotes", "empty", "empty CRLF", "quotes in quotes",
        "JSON", "newlines", "newlines CRLF", "quotes and newlines", "beyond ASCII",
    ],
)  # fmt: skip
def test_should_read_quoted_cells(text, rows):
    decoded, warnings = decode(text.encode())
    assert cells(decoded)[1:] == rows
    assert warnings == []


ODD_TABLE = "deal,name,notes\n1,2,3\n4,5,ʤ\n"
LATIN_TABLE = "deal,name,notes\n1,2,3\n4,5,©\n"


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (
            b'deal,name,notes\r1,2,3\r"Once upon\ra time",5,6\r',
            [["1", "2", "3"], ["Once upon\ra time", "5", "6"]],
        ),
        (ODD_TABLE.encode("utf-8"), [["1", "2", "3"], ["4", "5", "ʤ"]]),
        (ODD_TABLE.encode("utf-8-sig"), [["1", "2", "3"], ["4", "5", "ʤ"]]),
        (b"\xfe\xff" + ODD_TABLE.encode("utf-16-be"), [["1", "2", "3"], ["4", "5", "ʤ"]]),
        (b"\xff\xfe" + ODD_TABLE.encode("utf-16-le"), [["1", "2", "3"], ["4", "5", "ʤ"]]),
        (LATIN_TABLE.encode("latin-1"), [["1", "2", "3"], ["4", "5", "©"]]),
        (b"deal,name,notes\n\0,2,3\n", [["", "2", "3"]]),
    ],
    ids=["old Mac", "UTF-8", "UTF-8 mark", "UTF-16 BE", "UTF-16 LE", "Latin-1", "NUL"],
)
def test_should_read_odd_files(tmp_path, raw, rows):
    path = tmp_path / "odd.csv"
    path.write_bytes(raw)
    header, *others = [row.cells for row in files.read_file(path).rows]
    assert header == ["deal", "name", "notes"]
    assert others == rows


def test_should_refuse_archives_and_workbooks(tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as workbook:
        workbook.writestr("xl/workbook.xml", "<workbook/>")
    old_workbook = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    table = ODD_TABLE.encode()
    for raw in (gzip.compress(table), bz2.compress(table), archive.getvalue(), old_workbook):
        path = tmp_path / "odd.csv"
        path.write_bytes(raw)
        with pytest.raises(Invalid):
            files.read_file(path)
