"""Lists as CSV and XLSX: the kinds of cells, and that no cell is a formula."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from workspace.exports.spreadsheets import write_csv, write_xlsx
from workspace.imports.workbooks import read_workbook

HEADER = ["Name", "Amount", "People", "Day", "Moment", "Ours", "Note"]
ROW = [
    "Łucja & Søn",
    Decimal("1234.50"),
    17,
    date(2026, 3, 12),
    datetime(2026, 3, 12, 9, 30, tzinfo=UTC),
    True,
    None,
]
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\0=1",
    '"=1"',
    "＝1",
    "＠x",
    "=HYPERLINK('https://attacker.example')",
]


def read_csv(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_should_write_each_kind_of_cell_as_csv() -> None:
    assert read_csv(write_csv(HEADER, [ROW])) == [
        HEADER,
        ["Łucja & Søn", "1234.50", "17", "2026-03-12", "2026-03-12 09:30", "yes", ""],
    ]


def test_should_write_each_kind_of_cell_as_a_workbook() -> None:
    sheets = read_workbook(write_xlsx("Deals", HEADER, [ROW]))
    [(_, header), (_, row)] = sheets["Deals"]
    assert header == HEADER
    assert row[0] == "Łucja & Søn"
    assert float(row[1]) == 1234.5
    assert float(row[2]) == 17
    assert row[3].startswith("2026-03-12")
    assert row[4].startswith("2026-03-12")
    assert row[5] == "yes"


@pytest.mark.parametrize("cell", FORMULAS)
def test_should_keep_s7_formulas_as_text(cell: str) -> None:
    """In rows and in the header, which has names that members give."""
    for line in read_csv(write_csv([cell], [[cell]])):
        assert line == ["'" + cell]
    raw = write_xlsx("Deals", [cell], [[cell]])
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    # Saved as CSV by a spreadsheet, the cell is still text.
    assert sheet.count("<t>'") + sheet.count('<t xml:space="preserve">\'') == 2
