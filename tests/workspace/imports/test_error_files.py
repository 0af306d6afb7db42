"""The error file: its name and its content."""

import csv

from workspace.imports import error_files


def test_should_name_no_control_characters(tmp_path):
    path = error_files.write_error_file(
        tmp_path, "de\x1b[31mals\n.csv", ["deal"], [(2, "'a\x1b[2Jb\0' is bad.", ["x"])], set()
    )
    assert path.name.isprintable()
    with path.open(encoding="utf-8-sig", newline="") as file:
        [_, [_, problem, _]] = csv.reader(file)
    assert problem.isprintable()
    assert problem.endswith("is bad.")


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
