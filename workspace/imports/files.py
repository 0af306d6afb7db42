"""Reads files: their encoding, their separator, and their raw rows with line numbers."""

import csv
import hashlib
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from workspace.errors import Invalid
from workspace.imports import workbooks
from workspace.imports.encodings import decode
from workspace.imports.messages import Notice, tell

_CONTAINERS = (
    (b"\x1f\x8b", Notice.IS_PACKED),
    (b"BZh", Notice.IS_PACKED),
    (b"%PDF", Notice.IS_PDF),
)
# Bytes that a file has at most.
LARGEST_FILE = 50_000_000
# Columns of a table, and letters of a cell: the reader of rows takes four bytes for each.
MOST_COLUMNS = 2_000
LONGEST_CELL = 4_000_000
csv.field_size_limit(LONGEST_CELL)
# A line with its end, as the reader of rows takes it.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SAMPLE = 64_000
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class RawRow:
    """The cells of a line, or of several lines where a quoted cell holds line breaks."""

    line: int
    cells: list[str]
    # Why the cells cannot be trusted; empty if they can.
    problem: str = ""
    # Why the row is nothing to import; empty if it is.
    left_out: str = ""


@dataclass(frozen=True)
class RawFile:
    """A file's raw rows, before its format is recognised."""

    name: str
    digest: str
    rows: list[RawRow]
    # Warnings about how the file was read.
    warnings: list[str] = field(default_factory=list)
    # Of a workbook, the rows of each sheet by its name.
    sheets: dict[str, list[RawRow]] = field(default_factory=dict)


# For files that are no table: how their text begins, in small letters, and the function that
# splits the text into raw rows, the header first.
Splitters = Mapping[str, Callable[[str], list[RawRow]]]


def read_file(
    path: Path, splitters: Splitters | None = None, encoding: str | None = None
) -> RawFile:
    """The raw rows of a file; `Invalid` unless it is a table or one of the splitters knows it."""
    return read_bytes(path.name, open_file(path), splitters, encoding)


def open_file(path: Path) -> bytes:
    """The bytes of a file, one more than it may have at most."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Invalid(tell(Notice.NOT_OPENED, reason=error.strerror or "unknown reason")) from None


def read_bytes(
    name: str, raw: bytes, splitters: Splitters | None = None, encoding: str | None = None
) -> RawFile:
    """The raw rows of a file of these bytes."""
    if len(raw) > LARGEST_FILE:
        raise Invalid(tell(Notice.FILE_LARGE, most=LARGEST_FILE // 10**6))
    for mark, problem in _CONTAINERS:
        if raw.startswith(mark):
            raise Invalid(tell(problem))
    digest = hashlib.sha256(raw).hexdigest()
    if raw.startswith(workbooks.OPENINGS):
        return _workbook(name, digest, raw)
    text, warnings = decode(raw, encoding)
    if "\0" in text:
        text = text.replace("\0", "")
        warnings.append(tell(Notice.NULS))
    opening = text[:100].lstrip().lower()
    for start, split_other in (splitters or {}).items():
        if opening.startswith(start):
            return RawFile(name, digest, split_other(text), warnings)
    return RawFile(name, digest, split_rows(text), warnings)


def _workbook(name: str, digest: str, raw: bytes) -> RawFile:
    sheets = {
        sheet: [_row(number, cells) for number, cells in rows]
        for sheet, rows in workbooks.read_workbook(raw).items()
    }
    return RawFile(name, digest, next(iter(sheets.values()), []), sheets=sheets)


def split_rows(text: str) -> list[RawRow]:
    """The raw rows of a text, without the empty ones."""
    delimiter = None
    lines_before = 0
    # Excel names the separator in a first line such as 'sep=;'.
    if marked := re.match(r" *\"?sep=([,;\t|])\"? *\r?(?:\n|\Z)", text, re.IGNORECASE):
        delimiter, text, lines_before = marked[1], text[marked.end() :], 1
    delimiter = delimiter or _delimiter(text)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    rows = []
    lines_read = 0
    try:
        for cells in reader:
            if any(cell and not cell.isspace() for cell in cells):
                rows.append(_row(lines_before + lines_read + 1, cells))
            lines_read = reader.line_num
            lines.end_row()
    except csv.Error:
        # The reader has no other reason to stop.
        line = lines_before + lines_read + 1
        raise Invalid(tell(Notice.CELL_LONG, line=line, most=LONGEST_CELL)) from None
    if rows and lines.last_row_is_open(delimiter):
        rows[-1] = replace(
            rows[-1],
            problem=tell(Notice.QUOTE_OPEN),
        )
    return rows


def _row(line: int, cells: list[str]) -> RawRow:
    """A raw row; `Invalid` if it has too many cells."""
    if len(cells) > MOST_COLUMNS:
        raise Invalid(tell(Notice.MANY_COLUMNS, line=line, count=len(cells), most=MOST_COLUMNS))
    return RawRow(line, cells)


class _Lines:
    """The lines of a text, which remembers those of the row that is being read."""

    def __init__(self, text: str) -> None:
        # A StringIO would take four bytes for each letter.
        self._lines = (match[0] for match in _LINE.finditer(text))
        self._row: list[str] = []
        self._last_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._row.append(line)
            yield line

    def end_row(self) -> None:
        """The row is complete."""
        self._last_row, self._row = self._row, []

    def last_row_is_open(self, delimiter: str) -> bool:
        """Whether the last row ends within quotation marks."""
        try:
            for _ in csv.reader(self._last_row, delimiter=delimiter, strict=True):
                pass
        except csv.Error as problem:
            return "end of data" in str(problem)
        return False


def _delimiter(text: str) -> str:
    """The separator that cuts most of the first lines into the same number of cells."""

    def evenness(delimiter: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(text[:_SAMPLE], newline=""), delimiter=delimiter)
        lengths = [len(row) for row in itertools.islice(reader, 20) if row]
        # Remarks above and below the table are one cell in every way of cutting.
        widths = Counter(length for length in lengths if length > 1)
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return rows / max(1, len(lengths)), width

    return max(_DELIMITERS, key=evenness)
