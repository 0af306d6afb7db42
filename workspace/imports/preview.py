"""The preview of an import: what it would do, found out by doing it to a copy of the record.

On SQLite the copy is a database of its own, so that nobody waits for the preview. On PostgreSQL it
is a transaction that is rolled back.
"""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel

from workspace.database import FOLLOWS, Database
from workspace.errors import DealkinError
from workspace.imports.ledger import ImportFile
from workspace.imports.recognition import RecognisedFile
from workspace.imports.recorder import Change, Recorder, changed_columns, to_json
from workspace.imports.run import ImportExtension, Report, apply_files
from workspace.imports.runs import read_for_importer, recognised

# How many examples of each problem and each changed field are shown.
_EXAMPLES = 5
_MOST_PROBLEMS = 50


@dataclass
class FieldChanges:
    """How often a field of existing rows would change, with examples: what, before and after."""

    table: str
    column: str
    count: int = 0
    examples: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Problem:
    """Why rows are refused, or lose a cell; with the numbers of the first lines."""

    text: str
    count: int = 0
    lines: list[int] = field(default_factory=list)


@dataclass
class FilePreview:
    """What would come of one file."""

    name: str
    kind: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    left_out: int = 0
    incomplete: int = 0
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: str = ""


@dataclass
class Preview:
    """What an import would do."""

    files: list[FilePreview]
    fields: list[FieldChanges]

    def to_json(self) -> dict[str, Any]:
        """The preview as it is stored."""
        return asdict(self)


def preview_from_json(stored: dict[str, Any]) -> Preview:
    """A preview from its stored form."""
    files = [
        FilePreview(**{**file, "problems": [Problem(**problem) for problem in file["problems"]]})
        for file in stored["files"]
    ]
    return Preview(files, [FieldChanges(**changes) for changes in stored["fields"]])


def preview(
    database: Database, stored: Sequence[ImportFile], by: int | None, extension: ImportExtension
) -> Preview:
    """What these files would do; nothing of the record is changed."""
    files: dict[int, RecognisedFile] = {}
    reports: dict[int, Report] = {}
    for file in stored:
        try:
            files[file.number] = recognised(file, extension)
        except DealkinError as problem:
            reports[file.number] = Report(file.name, refused=str(problem))
    changes: list[Change] = []
    if files:
        with trial(database) as session:
            read_for_importer(session, by)
            recorder = Recorder(session)
            applied = apply_files(session, list(files.values()), by, extension)
            changes = recorder.changes()
        reports.update(zip(files, applied, strict=True))
    return Preview(
        [_file_preview(report) for _, report in sorted(reports.items())], _field_changes(changes)
    )


def _file_preview(report: Report) -> FilePreview:
    problems: dict[str, Problem] = {}
    for line, text, _ in report.wrong:
        problem = problems.setdefault(text, Problem(text))
        problem.count += 1
        if len(problem.lines) < _EXAMPLES:
            problem.lines.append(line)
    most = sorted(problems.values(), key=lambda problem: -problem.count)[:_MOST_PROBLEMS]
    return FilePreview(
        report.file_name,
        report.kind,
        report.created,
        report.updated,
        report.unchanged,
        report.failed,
        report.left_out,
        report.incomplete,
        report.warnings,
        most,
        report.refused,
    )


# Columns that follow from others, or count changes.
_SILENT = frozenset({"version", "plain_name", "plain_company", "key", "stage_id"})
_TABLES = frozenset({"account", "person", "deal", "asset", "product", "competitor", "connection"})


def _field_changes(changes: Sequence[Change]) -> list[FieldChanges]:
    """The changed fields of what members know by name, the most frequent first."""
    counted: Counter[tuple[str, str]] = Counter()
    fields: dict[tuple[str, str], FieldChanges] = {}
    for change in changes:
        if change.before is None or change.after is None or change.place.table not in _TABLES:
            continue
        before, after = to_json(change.before), to_json(change.after)
        for column in changed_columns(change):
            if column in _SILENT:
                continue
            place = (change.place.table, column)
            counted[place] += 1
            row = fields.setdefault(place, FieldChanges(*place))
            row.count += 1
            if len(row.examples) < _EXAMPLES and not column.endswith("_id"):
                name = str(before.get("name") or before.get("key") or "")
                row.examples.append((name[:80], _shown(before[column]), _shown(after[column])))
    return sorted(fields.values(), key=lambda row: (-row.count, row.table, row.column))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str("" if value is None else value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"


@contextmanager
def trial(database: Database) -> Iterator[Session]:
    """A session on the record as it is now, of which nothing lasts."""
    if not database.is_sqlite:
        with Session(database.writer, expire_on_commit=False) as session:
            session.begin()
            yield session
            session.rollback()
        return
    # The folder is closed to other users of the machine, as the copy is as confidential.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.sqlite3"
        with closing(Database(f"sqlite:///{path}")) as copy:
            SQLModel.metadata.create_all(copy.writer)
            copy.close()
            _copy(Path(str(database.url.database)), path)
            with Session(copy.writer, expire_on_commit=False) as session:
                session.begin()
                yield session
                session.rollback()


def _copy(source: Path, target: Path) -> None:
    """Copy what the record states, and not what follows from it, which is most of a database."""
    with closing(sqlite3.connect(target, isolation_level=None, uri=True)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("ATTACH DATABASE ? AS source", (f"{source.resolve().as_uri()}?mode=ro",))
        connection.execute("BEGIN")
        for table in SQLModel.metadata.sorted_tables:
            follows = table.info.get(FOLLOWS)
            if follows is True and table.name != "importanswer":
                continue
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            where = f"WHERE \"{follows}\" = ''" if follows and follows is not True else ""
            connection.execute(
                f'INSERT INTO main."{table.name}" ({names})'  # noqa: S608
                f' SELECT {names} FROM source."{table.name}" {where}'
            )
        connection.execute("COMMIT")
