"""The command for the audit log."""

from typing import Annotated

import typer

from web.cli.options import app
from web.cli.workspace import open_workspace


@app.command("audit")
def export_audit(
    style: Annotated[str, typer.Option("--format", help="jsonl or syslog (RFC 5424).")] = "jsonl",
    after: Annotated[
        int, typer.Option(min=0, help="Only entries after the one of this number.")
    ] = 0,
) -> None:
    """Print the audit log, a line for each entry, for systems that watch it."""
    from workspace.audit_log import exported

    if style not in ("jsonl", "syslog"):
        raise typer.BadParameter("jsonl or syslog.", param_hint="--format")
    with open_workspace() as workspace, workspace.database.read() as session:
        for line in exported(session, style, after):
            typer.echo(line)
