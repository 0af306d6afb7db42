"""How a file is read, for the page that shows it: its kind, its columns with samples, and choices.

What members change is remembered for files with the same header.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from workspace.clock import now
from workspace.errors import DealkinError
from workspace.imports.decisive import Undecided
from workspace.imports.files import RawFile, read_bytes
from workspace.imports.formats import column_name
from workspace.imports.ledger import ColumnChoice, ImportFile
from workspace.imports.own_fields import formats_with_own
from workspace.imports.recognition import Reading, columns_of_kind, likely_header, recognise
from workspace.imports.run import ImportExtension
from workspace.imports.runs import reading_from_json, reading_to_json

_SAMPLES = 3
# What a column is before the importer says whether it is one of ours, or left out.
ASKED = "?"
# More columns are not shown; a form has a limited number of fields.
MOST_COLUMNS = 200


@dataclass(frozen=True)
class Column:
    """A column of a file: its title, some of its cells, and which of ours it is."""

    title: str
    samples: list[str]
    ours: str


@dataclass(frozen=True)
class Mapping:
    """How a file is read."""

    kind: str
    columns: list[Column]
    # Our columns of this kind.
    choices: list[str]
    sheets: list[str]
    reading: Reading


def mapping_of(session: Session, file: ImportFile, extension: ImportExtension) -> Mapping | None:
    """How a stored file is read; None if it cannot be read at all."""
    reading = reading_from_json(file.reading)
    try:
        raw = read_bytes(file.name, file.raw, extension.splitters, reading.encoding)
    except DealkinError:
        return None
    formats = formats_with_own(session, extension.formats_of_all)
    asked: Sequence[str] = ()
    try:
        try:
            known = recognise(raw, formats, reading)
        except Undecided as problem:
            asked = problem.titles
            known = recognise(raw, formats, reading, decided=False)
    except DealkinError:
        rows = raw.sheets.get(reading.sheet or "", raw.rows)
        header = likely_header(replace(raw, rows=rows))
        if header is None:
            return None
        below = [row.cells for row in rows if row.line > header.line][:_SAMPLES]
        columns = [
            Column(title, samples, reading.columns.get(column_name(title), ""))
            for title, samples in _sampled(header.cells, below)
        ]
        kind = reading.kind or ""
        return Mapping(kind, columns, columns_of_kind(formats, kind), list(raw.sheets), reading)
    below = [row.original for row in known.rows[:_SAMPLES]]
    columns = [
        Column(title, samples, ASKED if title[:60] in asked else ours)
        for (title, samples), ours in zip(
            _sampled(known.header, below), known.columns, strict=False
        )
    ]
    return Mapping(
        known.kind, columns, columns_of_kind(formats, known.kind), list(raw.sheets), reading
    )


def _sampled(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, list[str]]]:
    """The titles of the first columns, each with some of its cells."""
    return [
        (
            " ".join(title.split())[:80],
            [" ".join(row[place].split())[:60] for row in rows if place < len(row)],
        )
        for place, title in enumerate(header[:MOST_COLUMNS])
    ]


def remembered(session: Session, raw: RawFile, reading: Reading) -> Reading:
    """How a file with this header was read the last time; otherwise the given reading."""
    choice = session.get(ColumnChoice, _header_key(raw))
    if choice is None:
        return reading
    stored = reading_from_json(choice.reading)
    return replace(stored, encoding=reading.encoding, sheet=reading.sheet)


def remember(
    session: Session, file: ImportFile, extension: ImportExtension, by: int | None
) -> None:
    """Remember how a file is read, for the next one with the same header."""
    reading = reading_from_json(file.reading)
    raw = read_bytes(file.name, file.raw, extension.splitters, reading.encoding)
    key = _header_key(raw)
    # Encodings and sheets differ from file to file, and are found out.
    stored = reading_to_json(replace(reading, encoding=None, sheet=None))
    choice = session.get(ColumnChoice, key)
    if choice is None and stored:
        session.add(ColumnChoice(header=key, reading=stored, by_id=by))
    elif choice:
        choice.reading, choice.by_id, choice.at = stored, by, now()
        session.add(choice)


def _header_key(raw: RawFile) -> str:
    header = likely_header(raw)
    names = [column_name(cell) for cell in header.cells] if header else []
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
