"""Reads a workbook in a confined process: one cell in a far corner makes a sheet of billions.

The process reads the workbook from standard input and writes lines of JSON: the name of a sheet,
then its rows. It is started by its path and imports nothing of Dealkin.
"""

import io
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

# Exit codes that say why a workbook is refused.
NO_WORKBOOK, PROTECTED, TOO_LARGE, DAMAGED = 10, 11, 12, 13


def main(most_cells: int, most_letters: int) -> int:
    """Write the rows of all sheets that are not hidden; the exit code says how it went."""
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    except calamine.PasswordError:
        return PROTECTED
    except MemoryError:
        return TOO_LARGE
    except Exception:
        # The library raises several kinds of errors for what is no workbook.
        return NO_WORKBOOK
    try:
        return _write_sheets(workbook, most_cells, most_letters)
    except MemoryError:
        return TOO_LARGE
    except Exception:
        return DAMAGED


def _write_sheets(workbook: Any, most_cells: int, most_letters: int) -> int:
    for sheet in workbook.sheets_metadata:
        if (
            sheet.typ != calamine.SheetTypeEnum.WorkSheet
            or sheet.visible != calamine.SheetVisibleEnum.Visible
        ):
            continue
        _write(sheet.name)
        for line, cells in _rows(workbook.get_sheet_by_name(sheet.name)):
            most_cells -= len(cells)
            most_letters -= sum(map(len, cells))
            if most_cells < 0 or most_letters < 0:
                return TOO_LARGE
            _write([line, cells])
    sys.stdout.flush()
    return 0


def _write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet that are not empty, with their numbers, cut after the last full cell."""
    start = sheet.start
    if start is None:
        return
    _, left = start
    # The value of cells that are merged down a column is that of each of them.
    below: dict[tuple[int, int], tuple[int, int]] = {
        (row, column): (top, column)
        for (top, column), (bottom, right) in sheet.merged_cell_ranges or ()
        if column == right and bottom - top < 10_000
        for row in range(top + 1, bottom + 1)
    }
    tops = dict.fromkeys(below.values(), "")
    # The library gives the empty rows above the first filled one, but not such columns.
    for number, values in enumerate(sheet.iter_rows()):
        cells = [_text(value) for value in values]
        if tops:
            for position in range(len(cells)):
                place = (number, left + position)
                if place in tops:
                    tops[place] = cells[position]
                elif place in below:
                    cells[position] = cells[position] or tops[below[place]]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number + 1, cells


def _text(value: object) -> str:
    """A cell as its text in a CSV file: dates in their ISO form, whole numbers without fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
