"""Recognition: which format a file has, and its rows by Dealkin's column names.

A file is recognised by its columns, never by its name or the columns' order. It has the format that
knows most of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workspace.errors import Invalid
from workspace.formulas import unsafe
from workspace.imports import error_files
from workspace.imports.dates import DateOrder, settle_date_order
from workspace.imports.decisive import Undecided, Unread, require_decisive
from workspace.imports.files import RawFile, RawRow
from workspace.imports.formats import OWN_FORMATS, Format, column_name
from workspace.imports.messages import Notice, in_rows, tell
from workspace.imports.other_systems import OTHER_FORMATS
from workspace.imports.rows import Result, Row

FORMATS = (*OWN_FORMATS, *OTHER_FORMATS)


@dataclass(frozen=True)
class RecognisedFile:
    """A file whose format is known: its kind, and its rows by Dealkin's column names."""

    name: str
    digest: str
    kind: str
    header: list[str]
    rows: list[Row]
    warnings: list[str]
    # Dealkin's name of each of the header's columns; empty for those that are left out.
    columns: list[str] = field(default_factory=list)


# The order in which kinds are applied: a kind comes after the kinds that it refers to.
ORDER = tuple(dict.fromkeys(file_format.kind for file_format in FORMATS))
# A title or a remark may stand above the header, which is among the first rows.
_SEARCHED_ROWS = 10


@dataclass(frozen=True)
class Reading:
    """What the importer says about how files are to be read; else Dealkin finds it out."""

    encoding: str | None = None
    dates: DateOrder | None = None
    # Dealkin's columns by the normal form of the file's; empty for a column to leave out.
    columns: Mapping[str, str] = field(default_factory=dict)
    # The sheet of a workbook.
    sheet: str | None = None
    # The kind of data.
    kind: str | None = None

    def name(self, cell: str) -> str:
        """The normal form of a header's cell, or the column that the importer says it is."""
        name = column_name(cell)
        return column_name(self.columns.get(name, "")) or name

    def column(self, file_format: Format, cell: str) -> str | None:
        """The format's column that a header's cell names, or that the importer says it is."""
        named = self.columns.get(column_name(cell))
        if named in file_format.columns:
            return named
        return file_format.by_header.get(self.name(cell))

    def leaves_out(self, cell: str) -> bool:
        """Whether the importer wants a column left out."""
        return self.columns.get(column_name(cell)) == ""


def recognise(
    file: RawFile,
    formats: Sequence[Format] = FORMATS,
    reading: Reading | None = None,
    *,
    decided: bool = True,
) -> RecognisedFile:
    """A file's kind and rows; `Invalid` if no format, or more than one, fits its columns.

    Of a workbook's sheets, the first is taken that has a format. Unless `decided` is false, no
    decisive column may be left unread.
    """
    reading = reading or Reading()
    if not file.sheets:
        return _recognise(file, formats, reading, decided)
    names = list(file.sheets) if reading.sheet is None else [reading.sheet]
    if reading.sheet is not None and reading.sheet not in file.sheets:
        raise Invalid(tell(Notice.NO_SHEET, sheets=_listed(file.sheets)))
    problems: list[Invalid] = []
    for name in names:
        warnings = list(file.warnings)
        if others := [other for other in file.sheets if other != name]:
            warnings.append(tell(Notice.SHEET_READ, sheet=name, others=_listed(others)))
        try:
            sheet = replace(file, rows=file.sheets[name], warnings=warnings)
            return _recognise(sheet, formats, reading, decided)
        except Undecided:
            # It was known for what it is; another sheet is not what was meant.
            raise
        except Invalid as problem:
            problems.append(problem)
    raise problems[0]


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - 10:,} more" if len(shown) > 10 else ""
    return ", ".join(f"'{name[:60]}'" for name in shown[:10]) + more


def _recognise(
    file: RawFile, formats: Sequence[Format], reading: Reading, decided: bool
) -> RecognisedFile:
    if not file.rows:
        raise Invalid(tell(Notice.EMPTY))
    if reading.kind:
        formats = [file_format for file_format in formats if file_format.kind == reading.kind]
    for number, row in enumerate(file.rows[:_SEARCHED_ROWS]):
        above = file.rows[:number]
        matches = [
            file_format
            for file_format in _best_formats(row, formats, reading)
            if _is_header(file_format, row, above, reading)
        ]
        if len(matches) > 1:
            kinds = [file_format.kind for file_format in matches]
            raise Invalid(tell(Notice.KIND_UNCLEAR, kinds=kinds))
        if matches:
            below = file.rows[number + 1 :]
            return _rows_below(matches[0], file, row, below, reading, decided)
    header = [" ".join(cell.split())[:40] for cell in file.rows[0].cells[:12]]
    raise Invalid(tell(Notice.KIND_UNKNOWN, columns=header))


def _is_header(file_format: Format, row: RawRow, above: list[RawRow], reading: Reading) -> bool:
    """Whether a row is the header: the first row, or the first wide row below remarks.

    Below the first row, at least half of the cells have to be columns of the format: a row of
    data may happen to contain the word that names a column.
    """
    if not above:
        return True
    width = _width(row)
    if any(_width(remark) >= width for remark in above):
        return False
    columns = _columns_of(file_format, row, reading)
    return len(columns) >= 2 and len(columns) * 2 >= len(row.cells)


def _width(row: RawRow) -> int:
    """How many cells of a row have a text."""
    return sum(map(bool, map(column_name, row.cells)))


def _columns_of(file_format: Format, row: RawRow, reading: Reading) -> set[str]:
    """The format's columns that a row names."""
    columns = {reading.column(file_format, cell) for cell in row.cells}
    return {column for column in columns if column}


def _best_formats(header: RawRow, formats: Sequence[Format], reading: Reading) -> list[Format]:
    """The format with the most columns of this header, at most one a kind; several if tied."""
    best_of_kind: dict[str, tuple[tuple[int, int], Format]] = {}
    for file_format in formats:
        columns = _columns_of(file_format, header, reading)
        needed = max((len(needs) for needs in file_format.needs if needs <= columns), default=0)
        # Of two formats with as many columns, the one that needs more of them is more specific.
        score = (len(columns), needed)
        best = best_of_kind.get(file_format.kind)
        if needed and (best is None or score > best[0]):
            best_of_kind[file_format.kind] = (score, file_format)
    highest = max((score for score, _ in best_of_kind.values()), default=(0, 0))
    return [file_format for score, file_format in best_of_kind.values() if score == highest]


def _rows_below(
    file_format: Format,
    file: RawFile,
    header: RawRow,
    raw_rows: list[RawRow],
    reading: Reading,
    decided: bool,
) -> RecognisedFile:
    """The rows below a header, with their cells by Dealkin's column names."""
    names = [reading.name(cell) for cell in header.cells]
    titles = [" ".join(cell.split())[:60] for cell in header.cells]
    # An error file of an earlier import can be corrected and imported.
    is_error_file = names[:2] == [error_files.LINE, error_files.PROBLEM]
    positions: dict[str, list[int]] = {}
    unknown: list[int] = []
    for position, name in enumerate(names):
        if reading.leaves_out(header.cells[position]):
            continue
        column = reading.column(file_format, header.cells[position])
        if column is not None:
            if name in names[:position]:
                raise Invalid(tell(Notice.COLUMN_TWICE, title=titles[names.index(name)]))
            positions.setdefault(column, []).append(position)
        elif not (is_error_file and position < 2):
            unknown.append(position)
    for places in positions.values():
        order = {name: number for number, name in enumerate(file_format.by_header)}
        # What the importer says comes first.
        places.sort(key=lambda place: order.get(names[place], -1))
    raw_rows, footer = _without_footer(raw_rows, len(names))
    if file_format.kind == "deals":
        raw_rows = [_without_totals(raw) for raw in raw_rows]
    unread = [position for position in unknown if _has_values(raw_rows, position)]
    rows = [_row(file_format, raw, positions, len(names)) for raw in raw_rows]
    if decided:
        left = [Unread(titles[place], [_cell(raw, place) for raw in raw_rows]) for place in unread]
        require_decisive(file_format.kind, set(positions), left, rows)
    warnings: list[str] = [
        tell(Notice.COLUMNS_SAME, titles=[repr(titles[place]) for place in places], column=column)
        for column, places in positions.items()
        if len(places) > 1
    ]
    warnings += [
        tell(Notice.COLUMN_UNKNOWN, title=titles[position], kind=file_format.kind)
        for position in unknown
        if names[position] or position in unread
    ]
    title_of = {column: titles[places[0]] for column, places in positions.items()}
    warnings += settle_date_order(rows, title_of, reading.dates)
    for reason, count in Counter(raw.left_out for raw in raw_rows if raw.left_out).items():
        warnings.append(in_rows(reason, count))
    if footer:
        warnings.append(tell(Notice.FOOTER, count=footer))
    column_at = {place: column for column, places in positions.items() for place in places}
    return RecognisedFile(
        name=file.name,
        digest=file.digest,
        kind=file_format.kind,
        header=header.cells,
        rows=rows,
        warnings=[*file.warnings, *warnings],
        columns=[column_at.get(position, "") for position in range(len(names))],
    )


def likely_header(file: RawFile) -> RawRow | None:
    """The row that is most likely the header of a file that is not known: the widest at the top."""
    return max(file.rows[:_SEARCHED_ROWS], key=_width, default=None)


def columns_of_kind(formats: Sequence[Format], kind: str) -> list[str]:
    """Dealkin's columns of a kind, in any of its formats."""
    return list(
        dict.fromkeys(
            column
            for file_format in formats
            if file_format.kind == kind
            for column in file_format.columns
        )
    )


def _has_values(raw_rows: list[RawRow], position: int) -> bool:
    return any(_cell(raw, position).strip() for raw in raw_rows)


def _cell(raw: RawRow, position: int) -> str:
    return raw.cells[position] if position < len(raw.cells) else ""


# How the lines below a report begin that are no data.
_FOOTER = re.compile(
    r"(copyright|©|confidential information|generated by|grand totals?\b|report generated|"
    r"all rights reserved)",
    re.IGNORECASE,
)


def _without_footer(raw_rows: list[RawRow], width: int) -> tuple[list[RawRow], int]:
    """The rows without the lines at their end that a report adds, and how many these are."""
    end = len(raw_rows)
    while width > 2 and end and _width(raw_rows[end - 1]) == 1:
        end -= 1
    lines = raw_rows[end:]
    # A last row with one cell can be data; only words that reports use show a footer.
    marked = [number for number, raw in enumerate(lines) if _FOOTER.search(" ".join(raw.cells))]
    if not marked:
        return raw_rows, 0
    # The name of the report stands above those words, below an empty line.
    start = marked[0]
    for number in range(marked[0], -1, -1):
        before = raw_rows[end + number - 1] if end + number else None
        if before and lines[number].line - before.line > 1 + sum(
            cell.count("\n") for cell in before.cells
        ):
            start = number
            break
    return raw_rows[: end + start], len(lines) - start


# How the lines of totals begin that reports put between and below deals, and what else they hold.
_TOTAL = re.compile(
    r"(?:grand |sub)?totals?(?: \([\d,. ]+ records?\))?|count|record count|sum|average|avg|"
    r"\d+ records?|(?:gesamt|zwischen)?summe|gesamtergebnis|anzahl|suma|razem|łącznie|"
    r"total général|sous-total|celkem|итого|всего",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[^\d]{0,6}\d[\d.,'\s]*[^\d]{0,6}|[A-Z]{3}")


def _without_totals(raw: RawRow) -> RawRow:
    """A row of deals as it is, or left out if it is a report's line of totals."""
    filled = [cell.strip() for cell in raw.cells if cell.strip()]
    first = filled[0].rstrip(":. ") if filled else ""
    if len(filled) < 2 or not _TOTAL.fullmatch(first):
        return raw
    if not all(map(_FIGURE.fullmatch, filled[1:])):
        return raw
    return replace(raw, left_out=tell(Notice.TOTALS))


def _row(
    file_format: Format,
    raw: RawRow,
    positions: dict[str, list[int]],
    width: int,
) -> Row:
    # Files of ours have apostrophes before what a spreadsheet would run.
    cells = [unsafe(cell) for cell in raw.cells]
    row = Row(raw.line, cells, {})
    if raw.left_out:
        row.result = Result.LEFT_OUT
    elif raw.problem:
        row.fail(raw.problem)
    elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
        row.fail(tell(Notice.ROW_LONG, count=len(cells), width=width))
    else:
        by_column = {}
        for column, places in positions.items():
            for place in places:
                if place < len(cells) and (cell := cells[place].strip()):
                    by_column[column] = cell
                    break
        row.cells = file_format.adapt(by_column) if file_format.adapt else by_column
    return row
