"""The preview of an import: what it would do, found out by doing it to a copy of the record.

On SQLite the copy is a database of its own, so that nobody waits for the preview. On PostgreSQL it
is a transaction that is rolled back.
"""

import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel

from workspace.audit import leave_unaudited
from workspace.database import FOLLOWS, Database, batches
from workspace.errors import DealkinError
from workspace.imports.context import ImportContext
from workspace.imports.ledger import ImportFile, ImportRun, RunState
from workspace.imports.meanings import Topic
from workspace.imports.messages import kept, message_of, said
from workspace.imports.near_misses import ASKED_ABOUT, Question, questions_about
from workspace.imports.recognition import RecognisedFile
from workspace.imports.run import ImportExtension, Outcome, Report, apply_rows
from workspace.imports.runs import files_of, read_for_importer, recognised
from workspace.imports.unknown_values import UnknownValue, unknown_values
from workspace.jobs.running import Progress, Task
from workspace.revisions.recorder import Change, Recorder, changed_columns, to_json

# The kind of jobs that go on with a preview which its page did not wait for.
PREVIEW = "preview"
# How many examples of each problem and each changed field are shown.
_EXAMPLES = 5
_MOST_PROBLEMS = 50
# How many groups of rows are applied between two looks at the clock.
_CHUNK = 250


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
    # How many rows the file has, and how many of them the preview is about.
    rows: int = 0
    seen: int = 0
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: str = ""


@dataclass
class Preview:
    """What an import would do."""

    files: list[FilePreview]
    fields: list[FieldChanges]
    # New names that may mean what is in the record.
    questions: list[Question] = field(default_factory=list)
    # Values that Dealkin does not know, or knows by an answer.
    values: list[UnknownValue] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The preview as it is stored."""
        stored = asdict(self)
        for file in stored["files"]:
            file["warnings"] = list(map(kept, file["warnings"]))
            file["refused"] = kept(file["refused"])
            for problem in file["problems"]:
                problem["text"] = kept(problem["text"])
        return stored


def preview_from_json(stored: dict[str, Any]) -> Preview:
    """A preview from its stored form."""
    files = [
        FilePreview(
            **{
                **file,
                "warnings": list(map(message_of, file["warnings"])),
                "refused": message_of(file["refused"]),
                "problems": [
                    Problem(**{**problem, "text": message_of(problem["text"])})
                    for problem in file["problems"]
                ],
            }
        )
        for file in stored["files"]
    ]
    questions = [Question(**question) for question in stored.get("questions", [])]
    values = [
        UnknownValue(**{**value, "topic": Topic(value["topic"])})
        for value in stored.get("values", [])
    ]
    fields = [FieldChanges(**changes) for changes in stored["fields"]]
    return Preview(files, fields, questions, values)


def preview(
    database: Database,
    stored: Sequence[ImportFile],
    by: int | None,
    extension: ImportExtension,
    seconds: float | None = None,
    progress: Progress | None = None,
    prepare: Callable[[Session], None] | None = None,
) -> Preview:
    """What these files would do; nothing of the record is changed.

    With `seconds`, it ends about then, and is about the first rows. `progress` is told how many of
    all rows are seen. `prepare` is called with the session of the trial first.
    """
    until = time.monotonic() + seconds if seconds is not None else None
    files: dict[int, RecognisedFile] = {}
    reports: dict[int, Report] = {}
    with database.read() as session:
        for file in stored:
            try:
                files[file.number] = recognised(session, file, extension)
            except DealkinError as problem:
                reports[file.number] = Report(file.name, refused=said(problem))
    changes: list[Change] = []
    questions: list[Question] = []
    values: list[UnknownValue] = []
    seen: dict[int, int] = {}
    total = sum(len(file.rows) for file in files.values())

    def tell(of_file: int) -> None:
        if progress:
            progress(sum(seen.values()) + of_file, total)

    if files:
        with trial(database) as session:
            leave_unaudited(session)
            read_for_importer(session, by)
            if prepare:
                prepare(session)
            values = unknown_values(ImportContext(session, by), files.values())
            recorder = Recorder(session)
            context = ImportContext(session, by)
            for number in sorted(files, key=lambda number: extension.order(files[number].kind)):
                report, seen[number] = _try_file(context, files[number], extension, until, tell)
                reports[number] = report
            changes = recorder.changes(added=ASKED_ABOUT)
            questions = questions_about(session, changes)
    return Preview(
        [
            _file_preview(
                report, len(files[number].rows) if number in files else 0, seen.get(number, 0)
            )
            for number, report in sorted(reports.items())
        ],
        _field_changes(changes),
        questions,
        values,
    )


class _Outdated(Exception):
    """The import was started, deleted, or read again."""


def go_on(task: Task, database: Database, extension: ImportExtension) -> dict[str, Any]:
    """Complete the preview of an import as a job, until it is started or read again."""
    result = {"import": task.parameters["import"]}

    def wanted(session: Session) -> ImportRun:
        run = session.get(ImportRun, result["import"])
        if run is None or run.state != RunState.PREPARED or run.job_id != task.id:
            raise _Outdated
        return run

    def progress(seen: int, total: int) -> None:
        with database.read() as session:
            wanted(session)
        task.report(seen, total)

    try:
        with database.read() as session:
            before = preview_from_json(wanted(session).preview)
            files = files_of(session, result["import"])
        found = preview(database, files, task.by, extension, progress=progress)
        for file, known in zip(found.files, before.files, strict=True):
            # The page refuses files for what the importer may not import.
            file.refused = file.refused or known.refused
        # What the page asks already stays.
        found.questions = list(dict.fromkeys([*before.questions, *found.questions]))
        with task.part() as session:
            run = wanted(session)
            run.preview = found.to_json()
            session.add(run)
    except _Outdated:
        pass
    return result


def _try_file(
    context: ImportContext,
    file: RecognisedFile,
    extension: ImportExtension,
    until: float | None,
    tell: Callable[[int], None],
) -> tuple[Report, int]:
    """The report on a file, or on the rows that can be applied until then, and their number."""
    report = Report(file.name, file.kind, warnings=[*file.warnings])
    outcome, seen = Outcome(), 0
    try:
        for groups in batches(extension.groups_of(file), _CHUNK):
            if until is not None and time.monotonic() > until:
                break
            rows = [row for group in groups for row in group]
            apply = extension.function(file.kind)
            outcome.add(apply_rows(context, file.name, rows, apply))
            seen += len(rows)
            tell(seen)
    except DealkinError as problem:
        report.refused = said(problem)
    outcome.fill(report)
    return report, seen


def _file_preview(report: Report, rows: int, seen: int) -> FilePreview:
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
        rows,
        seen,
        report.warnings,
        most,
        report.refused,
    )


# Columns that follow from others, or count changes.
_SILENT = frozenset({"version", "plain_name", "plain_company", "key", "stage_id", "own"})
# What not every member may read: changes are counted, and not shown.
_UNSHOWN = frozenset({"email"})
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
            shown = column not in _UNSHOWN and not column.endswith("_id")
            if len(row.examples) < _EXAMPLES and shown:
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
            if follows is True:
                continue
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            where = f"WHERE \"{follows}\" = ''" if follows else ""
            connection.execute(
                f'INSERT INTO main."{table.name}" ({names})'  # noqa: S608
                f' SELECT {names} FROM source."{table.name}" {where}'
            )
        connection.execute("COMMIT")
