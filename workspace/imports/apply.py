"""Applies files to the record: all that can be taken, and an error file of the rest."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from workspace.deals import add_default_stages
from workspace.errors import DealkinError
from workspace.imports import (
    buyers,
    library,
    organisations,
    persons,
    pipeline,
    reading,
    rejects,
)
from workspace.imports.formats import ORDER, Sheet, understand
from workspace.imports.known import Known
from workspace.imports.ledger import Import
from workspace.imports.reading import Table
from workspace.imports.rows import Result, Row

_KINDS: dict[str, Callable[[Known, Sequence[Row]], None]] = {
    "products": organisations.products,
    "competitors": organisations.competitors,
    "accounts": organisations.accounts,
    "members": persons.team,
    "people": persons.people,
    "employment": persons.employment,
    "education": persons.education,
    "memberships": persons.memberships,
    "deals": pipeline.deals,
    "stakeholders": buyers.stakeholders,
    "seats": pipeline.seats,
    "assets": library.assets,
    "uses": library.uses,
    "activity": pipeline.activity,
}


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


def run(
    session: Session, paths: Sequence[Path], by: int | None, errors_folder: Path
) -> list[Report]:
    """Import files, whatever their order, in the one that their contents need.

    `by` is the member who imports, within whose rights it happens; None is the command line.
    Nothing is committed here. Files that change nothing leave no trace.
    """
    reports = {}
    sheets = []
    for place, path in enumerate(paths):
        reports[place] = Report(path.name)
        try:
            table = reading.read(path)
            sheets.append((place, table, understand(table)))
        except DealkinError as problem:
            reports[place].refused = str(problem)
    sheets.sort(key=lambda one: ORDER.index(one[2].kind))
    made = apply(session, [(table, sheet) for _, table, sheet in sheets], by, errors_folder)
    reports |= {place: report for (place, *_), report in zip(sheets, made, strict=True)}
    return [reports[place] for place in range(len(paths))]


def apply(
    session: Session, files: Sequence[tuple[Table, Sheet]], by: int | None, errors_folder: Path
) -> list[Report]:
    """Apply files that are understood, in this order."""
    known = Known(session, by)
    written: set[Path] = set()
    if files:
        add_default_stages(session)
    return [_apply_one(known, table, sheet, errors_folder, written) for table, sheet in files]


def _apply_one(
    known: Known, table: Table, sheet: Sheet, errors_folder: Path, written: set[Path]
) -> Report:
    report = Report(table.name, sheet.kind)
    known.file_name = table.name
    try:
        known.require_writer()
        _KINDS[sheet.kind](known, sheet.rows)
    except DealkinError as problem:
        report.refused = str(problem)
        return report
    known.session.flush()
    counts = Counter(row.result for row in sheet.rows)
    report.created = counts[Result.CREATED]
    report.updated = counts[Result.UPDATED]
    report.unchanged = counts[Result.UNCHANGED]
    report.failed = counts[Result.FAILED]
    report.warnings = [*sheet.warnings, *known.told()]
    failed = sorted(
        (row for row in sheet.rows if row.result == Result.FAILED), key=lambda row: row.line
    )
    if failed:
        rows = ((row.line, " ".join(row.problems), row.original) for row in failed)
        report.error_file = rejects.write(errors_folder, table.name, sheet.header, rows, written)
    if report.created or report.updated:
        known.session.add(
            Import(
                by_id=known.by,
                file_name=table.name[:300],
                digest=table.digest,
                kind=sheet.kind,
                created=report.created,
                updated=report.updated,
                unchanged=report.unchanged,
                failed=report.failed,
            )
        )
        known.session.flush()
    return report
