"""Workbooks of Excel and OpenDocument: the rows of their sheets."""

import json
from typing import IO

from workspace.confined import Ended, confined
from workspace.errors import Invalid
from workspace.imports import workbook_process

# How files of these kinds begin: archives, and the older files of Excel.
OPENINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# What all sheets of a workbook have together at most.
_MOST_CELLS = 2_000_000
_MOST_LETTERS = 32_000_000
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
    limits = (str(_MOST_CELLS), str(_MOST_LETTERS))
    try:
        with confined(workbook_process.__file__, raw, *limits) as rows:
            return _sheets(rows)
    except Ended as ended:
        # A process that the system has ended wanted more memory or time than it may have.
        raise Invalid(_PROBLEMS.get(ended.code or 0, _TOO_LARGE)) from None


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
