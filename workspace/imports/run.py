"""Applies files to the record, each after those that it refers to, and reports on each."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from workspace.deals.seat_roles import add_default_seat_roles
from workspace.deals.stages import add_default_stages
from workspace.errors import DealkinError
from workspace.imports import accounts, activity, assets, deals, people, stakeholders
from workspace.imports.context import ImportContext
from workspace.imports.error_files import write_error_file
from workspace.imports.files import Splitters, read_file
from workspace.imports.formats import Format
from workspace.imports.ledger import Import
from workspace.imports.recognition import FORMATS, ORDER, Reading, RecognisedFile, recognise
from workspace.imports.rows import Result, Row

ApplyRows = Callable[[ImportContext, Sequence[Row]], None]

# The function that applies the rows of each kind.
_FUNCTIONS: dict[str, ApplyRows] = {
    "products": accounts.apply_products,
    "competitors": accounts.apply_competitors,
    "accounts": accounts.apply_accounts,
    "members": people.apply_members,
    "people": people.apply_people,
    "employment": people.apply_employment,
    "education": people.apply_education,
    "memberships": people.apply_memberships,
    "deals": deals.apply_deals,
    "stakeholders": stakeholders.apply_stakeholders,
    "seats": deals.apply_seats,
    "assets": assets.apply_assets,
    "uses": assets.apply_uses,
    "activity": activity.apply_activity,
}


@dataclass(frozen=True)
class ImportExtension:
    """Kinds of files that another package adds; they are applied after the record's own kinds."""

    formats: tuple[Format, ...] = ()
    # The function that applies the rows of each kind, in the order of application.
    functions: Mapping[str, ApplyRows] = field(default_factory=dict)
    # How files are read that are no table.
    splitters: Splitters = field(default_factory=dict)


@dataclass
class Report:
    """The result of one file. `refused` says why nothing of the file was applied."""

    file_name: str
    kind: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    # How many rows are nothing to import.
    left_out: int = 0
    # How many of the imported rows lack cells that could not be read.
    incomplete: int = 0
    warnings: list[str] = field(default_factory=list)
    error_file: Path | None = None
    refused: str = ""


def import_files(
    session: Session,
    paths: Sequence[Path],
    by: int | None,
    errors_folder: Path,
    extension: ImportExtension | None = None,
    reading: Reading | None = None,
) -> list[Report]:
    """Import files, given in any order, and report on each of them.

    `by` is the member who imports and whose rights apply; None is the command line, which may
    import everything. Nothing is committed here. A file that changes nothing leaves no trace.
    """
    extension = extension or ImportExtension()
    reading = reading or Reading()
    formats = (*FORMATS, *extension.formats)
    files: dict[int, RecognisedFile] = {}
    reports: dict[int, Report] = {}
    for number, path in enumerate(paths):
        try:
            raw = read_file(path, extension.splitters, reading.encoding)
            files[number] = recognise(raw, formats, reading)
        except DealkinError as problem:
            reports[number] = Report(path.name, refused=str(problem))
    applied = apply_files(session, list(files.values()), by, errors_folder, extension)
    reports.update(zip(files, applied, strict=True))
    return [reports[number] for number in range(len(paths))]


def apply_files(
    session: Session,
    files: Sequence[RecognisedFile],
    by: int | None,
    errors_folder: Path,
    extension: ImportExtension,
) -> list[Report]:
    """Apply recognised files, each after those that it refers to, and report on each of them."""
    context = ImportContext(session, by)
    error_paths: set[Path] = set()
    functions = {**_FUNCTIONS, **extension.functions}
    order = [*ORDER, *extension.functions]
    if files:
        add_default_stages(session)
        add_default_seat_roles(session)
    reports: dict[int, Report] = {}
    for number, file in sorted(enumerate(files), key=lambda item: order.index(item[1].kind)):
        apply_rows = functions[file.kind]
        reports[number] = _apply_file(context, file, apply_rows, errors_folder, error_paths)
    return [reports[number] for number in range(len(files))]


def _apply_file(
    context: ImportContext,
    file: RecognisedFile,
    apply_rows: ApplyRows,
    errors_folder: Path,
    error_paths: set[Path],
) -> Report:
    report = Report(file.name, file.kind)
    context.file_name = file.name
    try:
        context.require_writer()
        apply_rows(context, file.rows)
    except DealkinError as problem:
        report.refused = str(problem)
        return report
    context.session.flush()
    counts = Counter(row.result for row in file.rows)
    report.created = counts[Result.CREATED]
    report.updated = counts[Result.UPDATED]
    report.unchanged = counts[Result.UNCHANGED]
    report.failed = counts[Result.FAILED]
    report.left_out = counts[Result.LEFT_OUT]
    wrong = [row for row in file.rows if row.result == Result.FAILED or row.left_out]
    report.incomplete = len(wrong) - report.failed
    for row in wrong:
        if row.result != Result.FAILED:
            for reason in row.left_out:
                context.warn(f"A cell was left out: {reason}")
    report.warnings = [*file.warnings, *context.take_warnings()]
    if wrong:
        wrong.sort(key=lambda row: row.line)
        rows = ((row.line, " ".join([*row.problems, *row.left_out]), row.original) for row in wrong)
        report.error_file = write_error_file(
            errors_folder, file.name, file.header, rows, error_paths
        )
    if report.created or report.updated:
        context.session.add(
            Import(
                by_id=context.by,
                file_name=file.name[:300],
                digest=file.digest,
                kind=file.kind,
                created=report.created,
                updated=report.updated,
                unchanged=report.unchanged,
                failed=report.failed,
            )
        )
        context.session.flush()
    return report
