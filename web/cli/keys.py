"""Commands for the keys by which stored secrets are encrypted."""

import typer

from web.cli.options import keys_app
from web.cli.workspace import open_workspace


@keys_app.command("new")
def new() -> None:
    """Print a new key for DEALKIN_KEYS."""
    from workspace.keyring import key_text

    typer.echo(key_text())


@keys_app.command("renew")
def renew() -> None:
    """Encrypt all stored secrets with a new key; with DEALKIN_KEYS, with the first one there."""
    from workspace.audit import audit
    from workspace.people.sign_in import providers, two_step
    from workspace.webhooks import endpoints

    with open_workspace() as workspace:
        keyring = workspace.keyring
        keyring.add_key()
        with workspace.database.write() as session:
            count = two_step.renew_secrets(session, keyring)
            count += providers.renew_secrets(session, keyring)
            count += endpoints.renew_secrets(session, keyring)
            audit(session, None, "keys renewed", "settings", {"secrets": count})
        keyring.drop_old_keys()
    typer.echo(f"{count:,} stored secrets are encrypted with the first key.")
