"""Applies files to the record, each after those that it refers to, and reports on each."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel

from workspace.deals.seat_roles import add_default_seat_roles
from workspace.deals.stages import add_default_stages
from workspace.errors import DealkinError
from workspace.imports import (
    accounts,
    activity,
    assets,
    deals,
    line_items,
    people,
    stakeholders,
)
from workspace.imports.context import ImportContext
from workspace.imports.error_files import WrongRow, write_error_file
from workspace.imports.files import Splitters, read_file
from workspace.imports.formats import Format
from workspace.imports.ledger import Import
from workspace.imports.messages import Notice, all_of, as_message, in_rows, said, tell
from workspace.imports.own_fields import formats_with_own
from workspace.imports.recognition import FORMATS, ORDER, Reading, RecognisedFile, recognise
from workspace.imports.rows import Groups, Result, Row, one_by_one, parents_first, together
from workspace.keys import plain
from workspace.people.names import name_key

# The most different warnings in one file's report.
_MAX_WARNINGS = 50

ApplyRows = Callable[[ImportContext, Sequence[Row]], None]
GroupRows = Callable[[Sequence[Row]], Groups]

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
    "items": line_items.apply_line_items,
    "seats": deals.apply_seats,
    "assets": assets.apply_assets,
    "uses": assets.apply_uses,
    "activity": activity.apply_activity,
}


def same_cell(column: str) -> GroupRows:
    """Keeps rows together that have the same text in a column."""
    return partial(together, identity=lambda row: plain(row.cells.get(column, "")))


def same_name(rows: Sequence[Row]) -> Groups:
    """Keeps rows of one name together: who is who depends on how often a name stands there."""
    return together(rows, lambda row: name_key(row.cells.get("name", "")))


def _superiors_first(own: str, parent: str) -> GroupRows:
    return lambda rows: one_by_one(parents_first(list(rows), own, parent, plain))


def _keyed_first(rows: Sequence[Row]) -> Groups:
    # No generated key may equal the key of a later row.
    return one_by_one(sorted(rows, key=lambda row: "deal" not in row))


# How the rows of a kind can be divided into parts, where not row by row as they are.
_GROUPS: dict[str, GroupRows] = {
    "accounts": _superiors_first("account", "parent"),
    "members": _superiors_first("name", "manager"),
    "people": same_name,
    "deals": _keyed_first,
    "stakeholders": same_cell("deal"),
    "items": same_cell("deal"),
    "activity": same_cell("deal"),
}


@dataclass(frozen=True)
class ImportExtension:
    """Kinds of files that another package adds; they are applied after the record's own kinds."""

    formats: tuple[Format, ...] = ()
    # The function that applies the rows of each kind, in the order of application.
    functions: Mapping[str, ApplyRows] = field(default_factory=dict)
    # How the rows of a kind can be divided into parts, where not row by row.
    groups: Mapping[str, GroupRows] = field(default_factory=dict)
    # How files are read that are no table.
    splitters: Splitters = field(default_factory=dict)
    # How a row is removed when the import that created it is undone, where deleting is not all.
    removers: Mapping[type[SQLModel], Callable[[Session, Any, int | None], None]] = field(
        default_factory=dict
    )

    @property
    def formats_of_all(self) -> tuple[Format, ...]:
        """All formats of files."""
        return (*FORMATS, *self.formats)

    def order(self, kind: str) -> int:
        """The place of a kind in the order of application."""
        return [*ORDER, *self.functions].index(kind)

    def function(self, kind: str) -> ApplyRows:
        """The function that applies the rows of a kind."""
        return {**_FUNCTIONS, **self.functions}[kind]

    def groups_of(self, file: RecognisedFile) -> Groups:
        """The rows of a file as they can be divided into parts."""
        return {**_GROUPS, **self.groups}.get(file.kind, one_by_one)(file.rows)


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
    # The rows of the error file.
    wrong: list[WrongRow] = field(default_factory=list)
    error_file: Path | None = None
    refused: str = ""


@dataclass
class Outcome:
    """What came of some rows."""

    counts: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    wrong: list[WrongRow] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Add what came of other rows."""
        self.counts.update(other.counts)
        self.warnings.update(other.warnings)
        self.wrong += other.wrong

    def fill(self, report: Report) -> None:
        """Write it into a file's report."""
        report.created = self.counts[Result.CREATED]
        report.updated = self.counts[Result.UPDATED]
        report.unchanged = self.counts[Result.UNCHANGED]
        report.failed = self.counts[Result.FAILED]
        report.left_out = self.counts[Result.LEFT_OUT]
        report.incomplete = len(self.wrong) - report.failed
        report.warnings += worded(self.warnings)
        report.wrong = sorted(self.wrong)


def worded(warnings: Mapping[str, int]) -> list[str]:
    """Warnings with the number of their rows, as a report shows them."""
    texts: list[str] = [in_rows(message, count) for message, count in warnings.items()]
    if len(texts) > _MAX_WARNINGS:
        more = len(texts) - _MAX_WARNINGS
        texts[_MAX_WARNINGS:] = [tell(Notice.MORE_WARNINGS, count=more)]
    return texts


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
    files: dict[int, RecognisedFile] = {}
    reports: dict[int, Report] = {}
    formats = formats_with_own(session, extension.formats_of_all)
    for number, path in enumerate(paths):
        try:
            raw = read_file(path, extension.splitters, reading.encoding)
            files[number] = recognise(raw, formats, reading)
        except DealkinError as problem:
            reports[number] = Report(path.name, refused=said(problem))
    applied = apply_files(session, list(files.values()), by, extension)
    taken: set[Path] = set()
    for number, report in zip(files, applied, strict=True):
        reports[number] = report
        if report.wrong:
            report.error_file = write_error_file(
                errors_folder, report.file_name, files[number].header, report.wrong, taken
            )
    return [reports[number] for number in range(len(paths))]


def apply_files(
    session: Session,
    files: Sequence[RecognisedFile],
    by: int | None,
    extension: ImportExtension,
) -> list[Report]:
    """Apply recognised files, each after those that it refers to, and report on each of them."""
    context = ImportContext(session, by)
    if files:
        add_default_stages(session)
        add_default_seat_roles(session)
    reports: dict[int, Report] = {}
    for number, file in sorted(enumerate(files), key=lambda item: extension.order(item[1].kind)):
        reports[number] = _apply_file(context, file, extension)
    return [reports[number] for number in range(len(files))]


def _apply_file(context: ImportContext, file: RecognisedFile, extension: ImportExtension) -> Report:
    report = Report(file.name, file.kind, warnings=[*file.warnings])
    try:
        outcome = apply_rows(context, file.name, file.rows, extension.function(file.kind))
    except DealkinError as problem:
        report.refused = said(problem)
        return report
    outcome.fill(report)
    add_to_ledger(context.session, context.by, report, file.digest)
    return report


def apply_rows(
    context: ImportContext, file_name: str, rows: Sequence[Row], apply: ApplyRows
) -> Outcome:
    """Apply rows of a file; `DealkinError` if the importer may not import the file at all."""
    context.file_name = file_name
    context.require_writer()
    apply(context, rows)
    context.session.flush()
    outcome = Outcome(Counter(row.result for row in rows if row.result))
    for row in rows:
        if row.result == Result.FAILED or row.left_out:
            problem = all_of([*row.problems, *row.left_out])
            outcome.wrong.append((row.line, problem, row.original))
        if row.result != Result.FAILED:
            for reason in row.left_out:
                context.warn(tell(Notice.CELL_LEFT_OUT, message=as_message(reason)))
    outcome.warnings = context.take_warnings()
    return outcome


def add_to_ledger(session: Session, by: int | None, report: Report, digest: str) -> None:
    """Add a file to the ledger if it changed something."""
    if report.created or report.updated:
        session.add(
            Import(
                by_id=by,
                file_name=report.file_name[:300],
                digest=digest,
                kind=report.kind,
                created=report.created,
                updated=report.updated,
                unchanged=report.unchanged,
                failed=report.failed,
            )
        )
        session.flush()
