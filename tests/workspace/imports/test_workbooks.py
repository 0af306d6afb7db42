"""Workbooks: sheets as rows, cells as text, and archives that would exhaust the machine."""

import io
import zipfile
from collections.abc import Sequence

import pytest

from workspace.errors import Invalid
from workspace.imports.files import RawFile, read_bytes
from workspace.imports.recognition import Reading, recognise

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# The number format 14 is a date's.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def cell(place: str, value: str) -> str:
    """A cell: a text, or a number, or with 'date:' the number of a day."""
    if value.startswith("date:"):
        return f'<c r="{place}" s="1"><v>{value[5:]}</v></c>'
    if value.replace(".", "").isdigit():
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def sheet_of(rows: Sequence[Sequence[str]], first: int = 1, merged: str = "") -> str:
    """The content of a sheet whose rows begin at line `first`."""
    body = "".join(
        f'<row r="{number}">'
        + "".join(
            cell(f"{chr(65 + column)}{number}", value) for column, value in enumerate(row) if value
        )
        + "</row>"
        for number, row in enumerate(rows, first)
    )
    merge = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f"<sheetData>{body}</sheetData>{merge}"


def xlsx(
    sheets: dict[str, str], *, hidden: str = "", extra: dict[str, bytes] | None = None
) -> bytes:
    """A workbook of sheets with these contents by name."""
    state = {hidden: ' state="hidden"'}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"{state.get(name, "")}/>'
        for number, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="r{number}" Type="{_DOC}/worksheet" Target="worksheets/s{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    for name in ("styles", "sharedStrings"):
        links += f'<Relationship Id="{name}" Type="{_DOC}/{name}" Target="{name}.xml"/>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="w"'
            f' Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>{listed}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for number, content in enumerate(sheets.values(), 1):
            archive.writestr(
                f"xl/worksheets/s{number}.xml", f'<worksheet xmlns="{_MAIN}">{content}</worksheet>'
            )
    return out.getvalue()


def ods(rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook of OpenDocument with one sheet, 'Konten'."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    body = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="date" office:date-value="{value[5:]}"/>'
            if value.startswith("date:")
            else f'<table:table-cell office:value-type="string"><text:p>{value}</text:p>'
            "</table:table-cell>"
            for value in row
        )
        + "</table:table-row>"
        for row in rows
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{office}manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{office}office:1.0"'
            f' xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="Konten">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def cells(file: RawFile) -> list[list[str]]:
    return [row.cells for row in file.rows]


def test_should_read_cells_as_text_with_dates_as_dates() -> None:
    rows = [["name", "amount", "closed"], ["Orlik", "1250", "date:45363"], ["Żubr", "0.5", ""]]
    file = read_bytes("deals.xlsx", xlsx({"Deals": sheet_of(rows)}))
    assert cells(file) == [
        ["name", "amount", "closed"],
        ["Orlik", "1250", "2024-03-12"],
        ["Żubr", "0.5"],
    ]


def test_should_read_opendocument() -> None:
    file = read_bytes("konten.ods", ods([["account", "opened"], ["Žďár", "date:2024-03-12"]]))
    assert cells(file) == [["account", "opened"], ["Žďár", "2024-03-12"]]
    assert recognise(file).kind == "accounts"


def test_should_keep_line_numbers_below_empty_lines_and_titles() -> None:
    rows = [["Our accounts"], [], ["account", "country"], ["Orlik", "PL"]]
    file = read_bytes("a.xlsx", xlsx({"S": sheet_of(rows, first=4, merged="A4:B4")}))
    assert [row.line for row in file.rows] == [4, 6, 7]
    assert [row.line for row in recognise(file).rows] == [7]


def test_should_fill_cells_that_are_merged_down_a_column() -> None:
    rows = [["account", "name"], ["Orlik", "Ann Onym"], ["", "Ben Onym"], ["Dub", "Cleo Onym"]]
    file = read_bytes("a.xlsx", xlsx({"S": sheet_of(rows, merged="A2:A3")}))
    assert cells(file)[2] == ["Orlik", "Ben Onym"]


def test_should_fill_merged_cells_of_a_table_that_begins_further_right() -> None:
    rows = [["", "account", "name"], ["", "Orlik", "Ann Onym"], ["", "", "Ben Onym"]]
    file = read_bytes("a.xlsx", xlsx({"S": sheet_of(rows, first=3, merged="B4:B5")}))
    assert cells(file)[2] == ["Orlik", "Ben Onym"]


def test_should_read_the_first_sheet_that_is_known_and_name_the_others() -> None:
    notes = sheet_of([["Remember", "the milk"]])
    accounts = sheet_of([["account"], ["Orlik"]])
    people = sheet_of([["name", "email"], ["Ann Onym", "ann@x.example"]])
    file = read_bytes("a.xlsx", xlsx({"Notes": notes, "A": accounts, "P": people, "H": accounts}))
    chosen = recognise(file)
    assert (chosen.kind, chosen.warnings) == (
        "accounts",
        ["The sheet 'A' was read, and not 'Notes', 'P', 'H'."],
    )
    assert recognise(file, reading=Reading(sheet="P")).kind == "people"
    with pytest.raises(Invalid, match="its sheets are 'Notes', 'A', 'P', 'H'"):
        recognise(file, reading=Reading(sheet="Q"))


def test_should_not_read_hidden_sheets() -> None:
    accounts = sheet_of([["account"], ["Orlik"]])
    people = sheet_of([["name", "email"], ["Ann Onym", "ann@x.example"]])
    file = read_bytes("a.xlsx", xlsx({"A": accounts, "P": people}, hidden="A"))
    assert list(file.sheets) == ["P"]


def test_should_refuse_a_sheet_of_billions_of_cells() -> None:
    corners = (
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    with pytest.raises(Invalid, match="too large"):
        read_bytes("a.xlsx", xlsx({"S": corners}))


def test_should_refuse_an_archive_that_unpacks_to_more_than_memory_holds() -> None:
    out = io.BytesIO(xlsx({}))
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as member,
    ):
        member.write(f'<sst xmlns="{_MAIN}"><si><t>'.encode())
        for _ in range(60):
            member.write(b"x" * 10_000_000)
    assert len(out.getvalue()) < 5_000_000
    with pytest.raises(Invalid, match="too large"):
        read_bytes("a.xlsx", out.getvalue())


@pytest.mark.parametrize("raw", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_should_refuse_what_only_begins_like_a_workbook(raw: bytes) -> None:
    with pytest.raises(Invalid, match="unpack an archive first"):
        read_bytes("a.xlsx", raw)


def test_should_refuse_an_archive_of_other_files() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/accounts.csv", "account\nOrlik\n")
    with pytest.raises(Invalid, match="unpack an archive first"):
        read_bytes("a.zip", out.getvalue())
