"""The command line. What is slow to import is imported inside the commands that need it."""

import sys
from typing import Annotated

import typer

# Each of these modules adds its commands to the application.
from web.cli import (  # noqa: F401
    assistants,
    audit,
    backups,
    deals,
    keys,
    lookups,
    maintenance,
    members,
    record,
    serve,
    tokens,
    transfer,
)
from web.cli.options import app, keys_app, members_app, model_app, tokens_app
from workspace.errors import DealkinError

app.add_typer(keys_app, name="keys")
app.add_typer(members_app, name="members")
app.add_typer(model_app, name="model")
app.add_typer(tokens_app, name="tokens")


def main() -> None:
    """The console script: an error that the caller can fix is one line on stderr, exit code 1."""
    try:
        app()
    except DealkinError as error:
        fields = getattr(error, "fields", {})
        print(f"dealkin: {error}", file=sys.stderr)  # noqa: T201
        for name, problem in fields.items():
            print(f"  {name}: {problem}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"dealkin {version_of('dealkin')}")
        raise typer.Exit


if __name__ == "__main__":
    main()
