"""The error file: a file's refused rows, each with its line number and the reason."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from workspace.formulas import safe

# The columns before those of the original file.
LINE, PROBLEM = "line", "problem"

# A row that was not imported as it is: its line, what is wrong, and its cells.
WrongRow = tuple[int, str, list[str]]


def _shown(problem: str) -> str:
    """What is wrong with a row, without the control characters of the cells that it quotes."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in problem
    )


def write_error_file(
    folder: Path,
    file_name: str,
    header: list[str],
    rows: Iterable[WrongRow],
    taken: set[Path],
) -> Path:
    """Write an error file beside those in `taken`, under a name of its own, and add it to them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / error_file_name(file_name)
    number = 2
    while path in taken:
        path = folder / error_file_name(file_name, f"-{number}")
        number += 1
    taken.add(path)
    # Its rows are as confidential as the imported file: no access for other users of the machine.
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(error_file(header, rows))
    return path


def error_file_name(file_name: str, number: str = "") -> str:
    """The name of a file's error file."""
    return f"{_shown(Path(file_name).stem)}.errors{number}.csv"


def error_file(header: list[str], rows: Iterable[WrongRow]) -> bytes:
    """The content of an error file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([LINE, PROBLEM, *map(safe, header)])
    for line, problem, cells in rows:
        writer.writerow([line, safe(_shown(problem)), *map(safe, cells)])
    # Spreadsheets recognise UTF-8 by the byte order mark.
    return text.getvalue().encode("utf-8-sig", errors="replace")
