"""The error file: the rows that could not be taken, each with its line and the reason."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

# The columns that come before those of the original file.
LINE, PROBLEM = "line", "problem"

# What spreadsheets take for the start of a formula: also after spaces or quotation marks,
# and in the wide forms that some of them fold to the plain ones.
_FORMULA = re.compile(r"[\s\"'“”„‘’«`]*[=+\-@\t\r\0＝＋－＠﹢﹣﹦﹫−]")


def safe(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula: an apostrophe marks it as text."""
    return f"'{cell}" if _FORMULA.match(cell) or cell[:1] in ("\t", "\r", "\n") else cell


def unsafe(cell: str) -> str:
    """The cell that `safe` was given."""
    return cell[1:] if cell.startswith("'") and safe(cell[1:]) == cell else cell


def write_error_file(
    folder: Path,
    file_name: str,
    header: list[str],
    rows: Iterable[tuple[int, str, list[str]]],
    taken: set[Path],
) -> Path:
    """Write an error file, under a name that no other file of this run has."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = Path(file_name).stem
    path = folder / f"{stem}.errors.csv"
    number = 2
    while path in taken:
        path = folder / f"{stem}.errors-{number}.csv"
        number += 1
    taken.add(path)
    # It holds what the file did: for nobody else on this machine.
    path.touch(mode=0o600)
    path.chmod(0o600)
    # The mark lets spreadsheets see that it is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([LINE, PROBLEM, *map(safe, header)])
        for line, problem, cells in rows:
            writer.writerow([line, safe(problem), *map(safe, cells)])
    return path
