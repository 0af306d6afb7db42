"""Commands for API tokens, and for the service accounts that some of them act for."""

from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.members import Roles, roles_of_names
from web.cli.options import members_app, tokens_app
from web.cli.output import printable
from web.cli.workspace import open_workspace
from workspace.errors import Invalid

if TYPE_CHECKING:
    from sqlmodel import Session

    from workspace.people.tables import Person

Whom = Annotated[
    str, typer.Argument(help="The e-mail address of a member, or the key of a service account.")
]


@members_app.command("add-service")
def add_service(
    name: Annotated[str, typer.Argument(help="What the account is called, in the audit log too.")],
    role: Roles = None,
) -> None:
    """Add a service account: a member who cannot sign in, and whom tokens act for."""
    from workspace.people import api_tokens

    with open_workspace() as workspace, workspace.database.write() as session:
        person = api_tokens.add_service(session, name, roles_of_names(role))
    typer.echo(printable(f"{person.name} is added. Its key is {person.key}."))


@tokens_app.command("create")
def create(
    member: Whom,
    label: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, write or administer; may be given several times."),
    ] = None,
    days: Annotated[int, typer.Option("--days", help="Days until it expires.")] = 90,
) -> None:
    """Create a token and print its secret, once."""
    from workspace.people import api_tokens
    from workspace.people.api_tokens import Scope

    chosen = []
    for name in scope or [Scope.READ]:
        if name not in tuple(Scope):
            raise typer.BadParameter(f"{name} is no scope.", param_hint="--scope")
        chosen.append(Scope(name))
    with open_workspace() as workspace, workspace.database.write() as session:
        person = _member(session, member)
        _, secret = api_tokens.create_token(session, person.id, label, chosen, days, by=None)
    typer.echo(secret)


@tokens_app.command("list")
def list_tokens() -> None:
    """Show the tokens that work."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from workspace.people import api_tokens

    table = Table("Key", "Member", "Label", "Scopes", "Expires", "Last use", box=box.SIMPLE_HEAD)
    with open_workspace() as workspace, workspace.database.read() as session:
        for row in api_tokens.all_tokens(session):
            used = f"{row.last_used_at:%Y-%m-%d %H}h" if row.last_used_at else "never"
            cells = (row.key, row.member, row.label, row.scopes, f"{row.expires_at:%Y-%m-%d}", used)
            table.add_row(*map(printable, cells))
    Console(width=120).print(table)


@tokens_app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="The key of a token, as `tokens list` shows it.")],
) -> None:
    """End a token at once."""
    from workspace.people import api_tokens
    from workspace.people.tables import Role
    from workspace.people.viewer import Viewer

    command_line = Viewer(None, "command line", frozenset({Role.ADMIN}))
    with open_workspace() as workspace, workspace.database.write() as session:
        token = api_tokens.revoke_token(session, command_line, key)
    typer.echo(printable(f"{token.label} is revoked."))


def _member(session: "Session", text: str) -> "Person":
    """The member with this address, or the service account with this key."""
    from workspace.people import api_tokens, members
    from workspace.people.people import member_of

    if "@" in text:
        return members.member_by_email(session, text)
    if text not in [key for key, _ in api_tokens.services(session)]:
        raise Invalid(f"There is no service account with the key {text}.")
    return member_of(session, text)
