"""Commands for backups: backup, restore and drill."""

from pathlib import Path
from typing import Annotated

import typer

from web.cli.options import Json, app
from web.cli.output import print_json
from web.cli.workspace import load_settings, open_workspace
from workspace.errors import DealkinError

Identity = Annotated[
    Path | None,
    typer.Option("--identity", help="The file of the secret key, for an encrypted backup."),
]


@app.command()
def backup(
    to: Annotated[
        Path | None, typer.Option("--to", help="Another folder than that of the settings.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Back up database and files into one file, also while the workspace is served."""
    from web.backups import BACKUP
    from web.jobs import kinds_of
    from workspace.jobs.running import run_now

    parameters = {"folder": str(to.absolute())} if to else {}
    with open_workspace() as workspace:
        made = run_now(workspace.database, kinds_of(workspace), BACKUP, parameters)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{made['file']}: {made['rows']:,} rows, {made['bytes'] / 1e6:,.1f} MB.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The file of a backup.")], identity: Identity = None
) -> None:
    """Restore a backup into the empty home or database of the settings."""
    from web.backups import erasures_for, restore_workspace

    settings = load_settings()
    has_erasures = bool(erasures_for(file, settings))
    manifest = restore_workspace(file, settings, identity)
    typer.echo(f"Restored: {sum(manifest.rows.values()):,} rows, as of {manifest.made_at}.")
    if not has_erasures:
        typer.echo(
            "There is no erasures.jsonl beside the backup: who was erased since is in the record"
            " again."
        )
    typer.echo("`dealkin serve` serves it; the search index is made again at the start.")


@app.command()
def drill(
    file: Annotated[
        Path | None, typer.Argument(help="The file of a backup; by default the last one.")
    ] = None,
    identity: Identity = None,
    as_json: Json = False,
) -> None:
    """Restore a backup into a scratch place, count its rows, and ask it questions."""
    from web.backups import DRILL
    from web.jobs import kinds_of
    from workspace.backups.archives import backups_in
    from workspace.jobs.running import run_now

    with open_workspace() as workspace:
        folder = workspace.settings.backup_folder
        found = backups_in(folder) if folder else []
        if file is None and not found:
            raise DealkinError("There is no backup yet: `dealkin backup` makes one.")
        parameters = {"file": str((file or found[0].path).absolute())}
        if identity:
            parameters["identity"] = str(identity.absolute())
        done = run_now(workspace.database, kinds_of(workspace), DRILL, parameters)
    if as_json:
        print_json(done)
    else:
        typer.echo(
            f"{done['file']} can be restored: {done['rows']:,} rows; questions answered:"
            f" {done['questions']}."
        )
