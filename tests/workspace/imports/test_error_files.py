"""The error file: what it says, and that no spreadsheet runs anything in it."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.imports.files import SHARED, with_shared_data
from workspace.imports import error_files

DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", '" =1', "＝1",
    "＋1", "－1", "＠x", "−1", "\0=1", "“=1”", "   \t@x",
]  # fmt: skip


@pytest.mark.parametrize("cell", DANGEROUS)
def test_should_mark_formulas_as_text(cell):
    assert error_files.safe(cell) == "'" + cell
    assert error_files.unsafe(error_files.safe(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Acme", "1,000", "'quoted'", "O'Neill", "a=b", "2024-01-01"])
def test_should_leave_other_cells_alone(cell):
    assert error_files.safe(cell) == cell


@given(st.text(max_size=20))
def test_should_give_back_every_cell(cell):
    assert error_files.safe(cell)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert error_files.unsafe(error_files.safe(cell)) == cell


@with_shared_data
def test_should_mark_known_attacks():
    path = SHARED / "bad_input" / "csv_injection" / "csv-payload.txt"
    for cell in path.read_text("utf-8").splitlines():
        if cell and not cell.startswith("DDE"):
            assert error_files.safe(cell).startswith("'")


def test_should_write_line_reason_and_cells(tmp_path):
    taken = set()
    for expected in ("deals.errors.csv", "deals.errors-2.csv"):
        path = error_files.write_error_file(
            tmp_path / "errors",
            "deals.csv",
            ["deal", "=x"],
            [(7, "It is bad.", ["=1", "ż"])],
            taken,
        )
        assert path.name == expected
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "problem", "deal", "'=x"],
            ["7", "It is bad.", "'=1", "ż"],
        ]
