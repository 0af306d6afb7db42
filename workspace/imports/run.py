"""Applies files to the record: all that can be taken, and an error file of the rest."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from workspace.deals.seat_roles import add_default_seat_roles
from workspace.deals.stages import add_default_stages
from workspace.errors import DealkinError
from workspace.imports import accounts, assets, deals, error_files, people, stakeholders
from workspace.imports.context import ImportContext
from workspace.imports.files import RawFile, Splitters, read_file
from workspace.imports.formats import FORMATS, ORDER, Format, RecognisedFile, recognise
from workspace.imports.ledger import Import
from workspace.imports.rows import Result, Row

ApplyRows = Callable[[ImportContext, Sequence[Row]], None]

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
    "activity": deals.apply_activity,
}


@dataclass(frozen=True)
class ImportExtension:
    """Files that another part of the application can bring into the record."""

    formats: tuple[Format, ...] = ()
    # What applies the rows of each kind, in the order in which the kinds are applied.
    kinds: Mapping[str, ApplyRows] = field(default_factory=dict)
    # What makes records of texts that are no table.
    splitters: Splitters = field(default_factory=dict)


@dataclass
class Report:
    """What came of one file. `refused` says why, where nothing of it was taken."""

    file_name: str
    kind: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    warnings: list[str] = field(default_factory=list)
    error_file: Path | None = None
    refused: str = ""


def import_files(
    session: Session,
    paths: Sequence[Path],
    by: int | None,
    errors_folder: Path,
    more: ImportExtension | None = None,
) -> list[Report]:
    """Import files, whatever their order, in the one that their contents need.

    `by` is the member who imports, within whose rights it happens; None is the command line.
    `more` are the kinds of files that are not the record's own. Nothing is committed here.
    Files that change nothing leave no trace.
    """
    more = more or ImportExtension()
    reports = {}
    sheets = []
    for place, path in enumerate(paths):
        reports[place] = Report(path.name)
        try:
            table = read_file(path, more.splitters)
            sheets.append((place, table, recognise(table, (*FORMATS, *more.formats))))
        except DealkinError as problem:
            reports[place].refused = str(problem)
    files = [(table, sheet) for _, table, sheet in sheets]
    made = apply_files(session, files, by, errors_folder, more)
    for (place, *_), report in zip(sheets, made, strict=True):
        reports[place] = report
    return [reports[place] for place in range(len(paths))]


def apply_files(
    session: Session,
    files: Sequence[tuple[RawFile, RecognisedFile]],
    by: int | None,
    errors_folder: Path,
    more: ImportExtension,
) -> list[Report]:
    """Apply files that are understood, each after those that it refers to; their reports."""
    context = ImportContext(session, by)
    written: set[Path] = set()
    kinds = {**_FUNCTIONS, **more.kinds}
    order = [*ORDER, *more.kinds]
    if files:
        add_default_stages(session)
        add_default_seat_roles(session)
    made = {}
    places = sorted(range(len(files)), key=lambda place: order.index(files[place][1].kind))
    for place in places:
        table, sheet = files[place]
        made[place] = _apply_file(context, table, sheet, kinds[sheet.kind], errors_folder, written)
    return [made[place] for place in range(len(files))]


def _apply_file(
    context: ImportContext,
    table: RawFile,
    sheet: RecognisedFile,
    apply_rows: ApplyRows,
    errors_folder: Path,
    written: set[Path],
) -> Report:
    report = Report(table.name, sheet.kind)
    context.file_name = table.name
    try:
        context.require_writer()
        apply_rows(context, sheet.rows)
    except DealkinError as problem:
        report.refused = str(problem)
        return report
    context.session.flush()
    counts = Counter(row.result for row in sheet.rows)
    report.created = counts[Result.CREATED]
    report.updated = counts[Result.UPDATED]
    report.unchanged = counts[Result.UNCHANGED]
    report.failed = counts[Result.FAILED]
    report.warnings = [*sheet.warnings, *context.take_warnings()]
    failed = sorted(
        (row for row in sheet.rows if row.result == Result.FAILED), key=lambda row: row.line
    )
    if failed:
        rows = ((row.line, " ".join(row.problems), row.original) for row in failed)
        report.error_file = error_files.write_error_file(
            errors_folder, table.name, sheet.header, rows, written
        )
    if report.created or report.updated:
        context.session.add(
            Import(
                by_id=context.by,
                file_name=table.name[:300],
                digest=table.digest,
                kind=sheet.kind,
                created=report.created,
                updated=report.updated,
                unchanged=report.unchanged,
                failed=report.failed,
            )
        )
        context.session.flush()
    return report
