"""The error file: a file's refused rows, each with its line number and the reason."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

# The columns before those of the original file.
LINE, PROBLEM = "line", "problem"

# How a cell starts that a spreadsheet may run as a formula: some skip spaces and quotation marks
# before it, and some read wide characters as plain ones.
_FORMULA = re.compile(r"[\s\"'“”„‘’«`]*[=+\-@\t\r\0＝＋－＠﹢﹣﹦﹫−]")


def safe(cell: str) -> str:
    """The cell with an apostrophe before a formula, so that spreadsheets show it as text."""
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
    """Write an error file beside those in `taken`, under a name of its own, and add it to them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = Path(file_name).stem
    path = folder / f"{stem}.errors.csv"
    number = 2
    while path in taken:
        path = folder / f"{stem}.errors-{number}.csv"
        number += 1
    taken.add(path)
    # Its rows are as confidential as the imported file: no access for other users of the machine.
    path.touch(mode=0o600)
    path.chmod(0o600)
    # Spreadsheets recognise UTF-8 by the byte order mark.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([LINE, PROBLEM, *map(safe, header)])
        for line, problem, cells in rows:
            writer.writerow([line, safe(problem), *map(safe, cells)])
    return path
