"""The commands for the whole record as one file: export, and what import does with such a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import app
from web.cli.output import printable
from web.cli.workspace import open_workspace, progress_bar

if TYPE_CHECKING:
    from web.workspace import Workspace


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The new file, such as record.zip.")],
) -> None:
    """Export the whole record as a ZIP of CSVs, with private ties and consents, without secrets."""
    from workspace.exports.record import export_record

    with open_workspace() as workspace, progress_bar("export") as show:
        rows = export_record(workspace.database, file, workspace.settings.files, show)
    typer.echo(printable(f"{file}: {rows:,} rows."))


def read_record(workspace: "Workspace", file: Path) -> None:
    """Read an exported record into the empty home, and invite its members again."""
    from workspace.exports.record import import_record
    from workspace.people import directory, invitations

    with progress_bar("import") as show:
        folder = workspace.settings.files
        rows = import_record(workspace.database, file, folder, workspace.catalog.postpone, show)
    with progress_bar("documents") as show:
        workspace.catalog.catch_up(show)
    typer.echo(printable(f"{file.name}: {rows:,} rows."))
    links = []
    with workspace.database.write() as session:
        after = None
        while rows_of_page := directory.member_rows(session, after=after, limit=200):
            for row in rows_of_page:
                if row.active and row.email:
                    token = invitations.renew_invitation(session, row.id, by=None)
                    links.append((row.name, f"{workspace.origin.rstrip('/')}/join/{token}"))
            after = rows_of_page[-1].key
    if links:
        typer.echo("Members choose their passwords at these links, shown this once:")
    for name, link in links:
        typer.echo(f"  {printable(name)}: {link}")
