"""A list as a file for spreadsheets, CSV or XLSX, in which no cell runs as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import xlsxwriter

from workspace.formulas import safe

Cell = str | int | Decimal | date | datetime | bool | None

# A cell of a workbook holds no longer text.
_LONGEST = 32_767
_WIDTH = 18


class FileFormat(StrEnum):
    """What a list is exported as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    FileFormat.CSV: "text/csv",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The rows as CSV in UTF-8: ISO dates, moments in UTC, amounts with a decimal point."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(safe, header))
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    # Spreadsheets recognise UTF-8 by the byte order mark.
    return text.getvalue().encode("utf-8-sig", errors="replace")


def _as_text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M}"
        case str():
            return safe(cell)
    return str(cell)


def write_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The rows as a workbook with one sheet; days, numbers and amounts are cells of their kind."""
    raw = io.BytesIO()
    # Rows go to the disk as they come, so that a long list takes no more memory than a short one.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(raw, options) as book:
        sheet = book.add_worksheet(title)
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            Decimal: book.add_format({"num_format": "#,##0.00"}),
        }
        sheet.set_column(0, max(len(header) - 1, 0), _WIDTH)
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for place, name in enumerate(header):
            sheet.write_string(0, place, safe(name), bold)
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                match cell:
                    case None | "":
                        continue
                    case bool():
                        sheet.write_string(number, place, _as_text(cell))
                    case str():
                        sheet.write_string(number, place, safe(cell)[:_LONGEST])
                    case int():
                        sheet.write_number(number, place, cell)
                    case Decimal():
                        sheet.write_number(number, place, cell, formats[Decimal])
                    case datetime():
                        moment = cell.astimezone(UTC).replace(tzinfo=None)
                        sheet.write_datetime(number, place, moment, formats[datetime])
                    case date():
                        sheet.write_datetime(number, place, cell, formats[date])
    return raw.getvalue()
