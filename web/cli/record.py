"""The command that writes files to the record: import."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import app
from web.cli.output import printable
from web.cli.transfer import read_record
from web.cli.workspace import open_workspace, progress_bar, viewer_of_email

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from web.workspace import Workspace
    from workspace.imports.ledger import ImportFile
    from workspace.imports.meanings import Topic
    from workspace.imports.preview import Preview
    from workspace.imports.recognition import Reading
    from workspace.imports.run import Report
    from workspace.imports.runs import Upload
    from workspace.imports.unknown_values import UnknownValue


@app.command("import")
def import_(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Tables, workbooks, vCards, calendars, or an exported record (ZIP).",
            metavar="FILE…",
        ),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="The member in whose name they are imported."),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The encoding of the files, such as cp852, if guessed wrong."
        ),
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="day-first or month-first, for dates such as 3/4/2024."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'THEIRS=OURS'",
            help="What a column of the files is, repeatable. 'THEIRS=' leaves it out.",
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'TOPIC: THEIRS=OURS'",
            help="What an unknown stage, industry, country, headcount or currency of the files"
            " means, repeatable and remembered. 'TOPIC: THEIRS=' leaves it out.",
        ),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The sheet of a workbook; by default the first known."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what the files would change.")
    ] = False,
    undo: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", min=1, help="Undo the import of this number."),
    ] = None,
) -> None:
    """Import files; the same file twice changes nothing."""
    if bool(files) == (undo is not None):
        raise typer.BadParameter("Name files to import, or an import to undo.")
    reading = _reading(encoding, dates, column or (), sheet)
    said = [_value(text) for text in value or ()]
    records = [file for file in files or () if file.suffix.lower() == ".zip"]
    if records and (len(files or ()) > 1 or as_ or dry_run):
        raise typer.BadParameter("A whole record is imported by itself, without options.")
    with open_workspace() as workspace:
        if records:
            read_record(workspace, records[0])
            return
        with workspace.database.read() as session:
            by = viewer_of_email(session, as_).person_id
        if undo is not None:
            _undo(workspace, undo, as_)
        elif not _import(workspace, files or (), by, reading, said, dry_run):
            raise typer.Exit(1)


def _reading(
    encoding: str | None, dates: str | None, columns: "Sequence[str]", sheet: str | None
) -> "Reading":
    from workspace.imports.dates import DateOrder
    from workspace.imports.formats import column_name
    from workspace.imports.recognition import Reading

    try:
        order = DateOrder(dates) if dates else None
    except ValueError:
        raise typer.BadParameter("It is day-first or month-first.", param_hint="--dates") from None
    named = {}
    for text in columns:
        theirs, equals, ours = text.rpartition("=")
        if not equals or not column_name(theirs):
            raise typer.BadParameter("Write 'THEIRS=OURS'.", param_hint="--column")
        named[column_name(theirs)] = ours.strip()
    return Reading(encoding, order, named, sheet)


def _value(text: str) -> "tuple[Topic, str, str]":
    """The topic, the value and what it means, of 'country: Great Britain=United Kingdom'."""
    from workspace.imports.meanings import Topic

    value, equals, ours = text.rpartition("=")
    topic, colon, theirs = value.partition(":")
    named = topic.strip().casefold()
    if not (equals and colon and theirs.strip() and named in list(Topic)):
        topics = ", ".join(Topic)
        raise typer.BadParameter(
            f"Write 'TOPIC: THEIRS=OURS'; topics are {topics}.", param_hint="--value"
        )
    return Topic(named), theirs.strip(), ours.strip()


def _import(
    workspace: "Workspace",
    files: "Sequence[Path]",
    by: int | None,
    reading: "Reading",
    said: "Sequence[tuple[Topic, str, str]]",
    dry_run: bool,
) -> bool:
    """Import files, or preview them; whether none was refused."""
    from references.imports import EXTENSION
    from web.jobs import kinds_of
    from workspace.errors import Invalid
    from workspace.imports import error_files, runs
    from workspace.imports.files import open_file
    from workspace.imports.meanings import read_meaning, remember_value
    from workspace.imports.preview import preview
    from workspace.jobs.running import run_now

    uploads: list[Upload] = []
    unread = False
    for path in files:
        try:
            uploads.append(runs.Upload(path.name, open_file(path), reading))
        except Invalid as problem:
            typer.echo(printable(f"{path.name}: {problem}"), err=True)
            unread = True

    def remember(session: "Session") -> None:
        for topic, theirs, ours in said:
            meaning = read_meaning(session, topic, ours) if ours else ""
            remember_value(session, topic, theirs, meaning, by)

    if dry_run:
        files_to_be = runs.files_to_be(uploads)
        shown = preview(workspace.database, files_to_be, by, EXTENSION, prepare=remember)
        print_preview(shown)
        return not unread and not any(file.refused for file in shown.files)
    if not uploads:
        return False
    with workspace.database.write() as session:
        remember(session)
        run = runs.store(session, by, uploads)
        runs.begin(session, run)
        unknown = _unknown(session, by, runs.files_of(session, run.id))
    with progress_bar("import") as show:
        run_now(
            workspace.database,
            kinds_of(workspace, show),
            runs.IMPORT,
            {"import": run.id},
            by=by,
            progress=show,
        )
    with workspace.database.read() as session:
        reports = runs.reports_of(session, run.id)
        headers = [file.header for file in runs.files_of(session, run.id)]
    taken: set[Path] = set()
    for report, header in zip(reports, headers, strict=True):
        if report.wrong:
            report.error_file = error_files.write_error_file(
                workspace.settings.home / "import-errors",
                report.file_name,
                header,
                report.wrong,
                taken,
            )
        print_report(report)
    print_unknown(unknown)
    if any(report.created or report.updated for report in reports):
        typer.echo(f"This is import {run.id}: dealkin import --undo {run.id} undoes it.")
    return not unread and not any(report.refused for report in reports)


def _unknown(
    session: "Session", by: int | None, files: "Sequence[ImportFile]"
) -> "list[UnknownValue]":
    """The values of files that need an answer."""
    from references.imports import EXTENSION
    from workspace.errors import DealkinError
    from workspace.imports.context import ImportContext
    from workspace.imports.runs import recognised
    from workspace.imports.unknown_values import unknown_values

    known = []
    for file in files:
        with suppress(DealkinError):
            known.append(recognised(session, file, EXTENSION))
    return [value for value in unknown_values(ImportContext(session, by), known) if value.is_open]


def print_unknown(values: "Sequence[UnknownValue]") -> None:
    for value in values:
        rows = f"{value.count:,} row" if value.count == 1 else f"{value.count:,} rows"
        said = f"{value.topic}: {value.text}="
        typer.echo(
            printable(
                f"The {value.topic} {value.text} of {rows} is not known: --value '{said}…' says"
                f" what it means, --value '{said}' leaves it out."
            )
        )


def _undo(workspace: "Workspace", number: int, as_: str | None) -> None:
    from web.jobs import kinds_of
    from workspace.imports import runs, undo
    from workspace.jobs.running import run_now
    from workspace.revisions.rows import kept_in_words

    with workspace.database.write() as session:
        viewer = viewer_of_email(session, as_)
        by = viewer.person_id
        undo.begin_undo(session, runs.own_run(session, viewer, number), by)
    with progress_bar("undo") as show:
        run_now(
            workspace.database,
            kinds_of(workspace),
            runs.UNDO,
            {"import": number},
            by=by,
            progress=show,
        )
    with workspace.database.read() as session:
        kept = kept_in_words(runs.read_run(session, number).kept)
    typer.echo(f"Import {number} is undone." if not kept else f"Import {number} is undone, but:")
    for what in kept:
        typer.echo(printable(f"  {what}"))


def print_preview(preview: "Preview") -> None:
    for file in preview.files:
        if file.refused:
            typer.echo(printable(f"{file.name}: {file.refused}"), err=True)
            continue
        typer.echo(
            printable(
                f"{file.name} ({file.kind}) would be: {file.created:,} new, {file.updated:,}"
                f" changed, {file.unchanged:,} as they were, {file.failed:,} refused"
            )
        )
        for warning in file.warnings:
            typer.echo(printable(f"  {warning}"))
        for problem in file.problems:
            lines = ", ".join(map(str, problem.lines))
            more = " …" if problem.count > len(problem.lines) else ""
            typer.echo(printable(f"  Line {lines}{more}: {problem.text}"))
    for question in preview.questions:
        about = f" ({question.existing_about})" if question.existing_about else ""
        typer.echo(
            printable(
                f"{question.name} may be {question.existing_name}{about}: answer on the import's"
                " page, or write that name in the file."
            )
        )
    print_unknown([value for value in preview.values if value.is_open])
    for field in preview.fields:
        typer.echo(f"Changed: {field.column} of {field.count:,} {field.table} rows")
        for name, before, after in field.examples:
            typer.echo(printable(f"  {name}: {before or 'empty'} → {after or 'empty'}"))


def print_report(report: "Report") -> None:
    if report.refused:
        typer.echo(printable(f"{report.file_name}: {report.refused}"), err=True)
        return
    others = f", {report.left_out:,} left out" if report.left_out else ""
    others += f", {report.incomplete:,} without some cells" if report.incomplete else ""
    typer.echo(
        printable(
            f"{report.file_name} ({report.kind}): {report.created:,} new, {report.updated:,}"
            f" changed, {report.unchanged:,} as they were, {report.failed:,} refused{others}"
        )
    )
    for warning in report.warnings:
        typer.echo(printable(f"  {warning}"))
    if report.error_file:
        typer.echo(f"  What was not imported, and why: {report.error_file}")
