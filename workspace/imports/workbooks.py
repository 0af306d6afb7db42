"""Workbooks of Excel and OpenDocument: the rows of their sheets."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from workspace.errors import Invalid
from workspace.imports import workbook_process

# How files of these kinds begin: archives, and the older files of Excel.
OPENINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# What all sheets of a workbook have together at most.
_MOST_CELLS = 2_000_000
_MOST_LETTERS = 32_000_000
_SECONDS = 30
_TOO_LARGE = (
    f"It is too large: a workbook may have {_MOST_CELLS:,} cells. Save the sheet as CSV, or divide"
    " it."
)
_PROBLEMS = {
    workbook_process.NO_WORKBOOK: "It is neither a workbook nor a table: unpack an archive first,"
    " or save the sheet as XLSX or CSV.",
    workbook_process.PROTECTED: "It is protected by a password: save it without.",
    workbook_process.DAMAGED: "Its sheets cannot be read: open it and save it again, as XLSX or"
    " CSV.",
    workbook_process.TOO_LARGE: _TOO_LARGE,
}


# The number of a row in its sheet, and its cells.
SheetRow = tuple[int, list[str]]


def read_workbook(raw: bytes) -> dict[str, list[SheetRow]]:
    """The rows of each visible sheet by its name; `Invalid` if the workbook cannot be read."""
    program = [sys.executable, "-I", str(Path(workbook_process.__file__))]
    program += [str(_MOST_CELLS), str(_MOST_LETTERS)]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as rows:
        source.write(raw)
        source.seek(0)
        try:
            ended = subprocess.run(  # noqa: S603
                program,
                stdin=source,
                stdout=rows,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Invalid(_TOO_LARGE) from None
        if ended.returncode:
            # A process that the system has ended wanted more memory or time than it may have.
            raise Invalid(_PROBLEMS.get(ended.returncode, _TOO_LARGE))
        rows.seek(0)
        return _sheets(rows)


def _sheets(lines: IO[bytes]) -> dict[str, list[SheetRow]]:
    sheets: dict[str, list[SheetRow]] = {}
    rows: list[SheetRow] = []
    for line in lines:
        value = json.loads(line)
        if isinstance(value, str):
            rows = sheets[value] = []
        else:
            number, cells = value
            rows.append((number, [cell.replace("\0", "") for cell in cells]))
    return {name: rows for name, rows in sheets.items() if rows}
