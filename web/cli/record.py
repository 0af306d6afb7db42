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
) -> None:
    """Import files; the same file twice changes nothing."""
    from references.imports import EXTENSION
    from workspace.imports import run

    with open_workspace() as workspace:
        with workspace.database.write() as session:
            workspace.catalog.postpone(session)
            by = viewer_of_email(session, as_).person_id
            errors = workspace.settings.home / "import-errors"
            reports = run.import_files(session, files, by, errors, EXTENSION)
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
    typer.echo(
        printable(
            f"{report.file_name} ({report.kind}): {report.created:,} new, {report.updated:,}"
            f" changed, {report.unchanged:,} as they were, {report.failed:,} refused"
        )
    )
    for warning in report.warnings:
        typer.echo(printable(f"  {warning}"))
    if report.error_file:
        typer.echo(f"  The rows that were refused, and why: {report.error_file}")
