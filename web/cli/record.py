"""The command that writes files to the record: import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import app
from web.cli.output import printable
from web.cli.workspace import open_workspace, progress_bar, viewer_of_email

if TYPE_CHECKING:
    from workspace.imports.run import Report


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV files and vCards.", metavar="FILE…")],
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
) -> None:
    """Import files; the same file twice changes nothing."""
    from references.imports import EXTENSION
    from workspace.deals.discretion import read_for
    from workspace.imports import run
    from workspace.imports.dates import DateOrder
    from workspace.imports.formats import column_name
    from workspace.imports.recognition import Reading

    try:
        order = DateOrder(dates) if dates else None
    except ValueError:
        raise typer.BadParameter("It is day-first or month-first.", param_hint="--dates") from None
    columns = {}
    for text in column or ():
        theirs, equals, ours = text.rpartition("=")
        if not equals or not column_name(theirs):
            raise typer.BadParameter("Write 'THEIRS=OURS'.", param_hint="--column")
        columns[column_name(theirs)] = ours.strip()
    reading = Reading(encoding, order, columns)
    with open_workspace() as workspace:
        with workspace.database.write() as session:
            workspace.catalog.postpone(session)
            viewer = viewer_of_email(session, as_)
            by = viewer.person_id
            if by is not None:
                # An import without a member is the record's own, and matches all that is there.
                read_for(session, viewer)
            errors = workspace.settings.home / "import-errors"
            reports = run.import_files(session, files, by, errors, EXTENSION, reading)
        for report in reports:
            print_report(report)
        with progress_bar("documents") as show:
            workspace.catalog.catch_up(show)
    if any(report.refused for report in reports):
        raise typer.Exit(1)


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
