"""Workbooks of Excel and OpenDocument: the rows of their sheets."""

import json
from typing import IO

from workspace.confined import Ended, confined
from workspace.errors import Invalid
from workspace.imports import workbook_process
from workspace.imports.messages import Notice, tell

# How files of these kinds begin: archives, and the older files of Excel.
OPENINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# What all sheets of a workbook have together at most.
_MOST_CELLS = 2_000_000
_MOST_LETTERS = 32_000_000
_PROBLEMS = {
    workbook_process.NO_WORKBOOK: Notice.NO_WORKBOOK,
    workbook_process.PROTECTED: Notice.PROTECTED,
    workbook_process.DAMAGED: Notice.SHEETS_DAMAGED,
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
        problem = _PROBLEMS.get(ended.code or 0)
        message = tell(problem) if problem else tell(Notice.WORKBOOK_LARGE, most=_MOST_CELLS)
        raise Invalid(message) from None


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
