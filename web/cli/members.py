"""Commands for members: who has access, which roles, and who takes over what."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import members_app
from web.cli.output import printable
from web.cli.workspace import open_workspace

if TYPE_CHECKING:
    from sqlmodel import Session

    from references.handover import Work
    from workspace.people.tables import Person, Role

Email = Annotated[str, typer.Argument(help="The e-mail address of a member.")]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="rep, manager, expert, marketer or admin; may be given several times."
        " Without a role a member may only read.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(metavar="EMAIL", help="The colleague who takes over the open work."),
]
ConfidentialTo = Annotated[
    str | None,
    typer.Option(metavar="EMAIL", help="The colleague who takes over the confidential deals."),
]
DeskTo = Annotated[
    str | None,
    typer.Option(metavar="EMAIL", help="Who takes over the reference requests they handle."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before it is done.")]


@members_app.command("list")
def list_members() -> None:
    """Show the members with their roles and their access."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from workspace.people import directory

    table = Table("Name", "E-mail", "Roles", "Access", box=box.SIMPLE_HEAD)
    with open_workspace() as workspace, workspace.database.read() as session:
        after = None
        while rows := directory.member_rows(session, after=after, limit=200):
            for row in rows:
                cells = (row.name, row.email or "–", ", ".join(row.roles) or "read only")
                table.add_row(*map(printable, cells), row.access)
            after = rows[-1].key
    Console(width=120).print(table)


@members_app.command("invite")
def invite(
    name: Annotated[str, typer.Argument(help="The full name.")],
    email: Annotated[str, typer.Argument(help="The e-mail address to sign in with.")],
    role: Roles = None,
    mail: Annotated[bool, typer.Option("--mail", help="Mail the link.")] = False,
) -> None:
    """Add a member and print the link by which they choose their password, once."""
    from workspace.people import invitations

    roles = roles_of_names(role)
    with open_workspace() as workspace:
        _require_mail_server(mail, workspace.sends_mail)
        with workspace.database.write() as session:
            person, token = invitations.invite(session, name, email, roles, by=None)
            link = f"{workspace.origin.rstrip('/')}/join/{token}"
            if mail:
                invitations.mail_invitation(session, person.id, link)
        _tell_link(person, link, mail)


@members_app.command("link")
def renew_link(
    email: Email, mail: Annotated[bool, typer.Option("--mail", help="Mail the link.")] = False
) -> None:
    """Make a new link by which a member chooses their password; earlier links stop working."""
    from workspace.people import invitations, members

    with open_workspace() as workspace:
        _require_mail_server(mail, workspace.sends_mail)
        with workspace.database.write() as session:
            person = members.member_by_email(session, email)
            token = invitations.renew_invitation(session, person.id, by=None)
            link = f"{workspace.origin.rstrip('/')}/join/{token}"
            if mail:
                invitations.mail_invitation(session, person.id, link)
        _tell_link(person, link, mail)


@members_app.command("roles")
def set_roles(email: Email, role: Roles = None) -> None:
    """Give a member exactly these roles; without any they can only read."""
    from workspace.people import members

    roles = roles_of_names(role)
    with open_workspace() as workspace, workspace.database.write() as session:
        person = members.member_by_email(session, email)
        members.set_roles(session, person.id, roles)
    typer.echo(printable(f"{person.name}: {', '.join(sorted(roles)) or 'read only'}"))


@members_app.command("unlock")
def unlock(email: Email) -> None:
    """Let a member sign in again who was locked out by wrong passwords."""
    from workspace.people import members
    from workspace.people.sign_in import throttling

    with open_workspace() as workspace, workspace.database.write() as session:
        person = members.member_by_email(session, email)
        throttling.unlock_member(session, person, by=None)
    typer.echo(printable(f"{person.name} can sign in again."))


@members_app.command("sign-out")
def sign_out(email: Email) -> None:
    """Sign all browsers of a member out."""
    from workspace.people import members
    from workspace.people.sign_in import sessions

    with open_workspace() as workspace, workspace.database.write() as session:
        person = members.member_by_email(session, email)
        sessions.end_sessions(session, person.id, by=None)
    typer.echo(printable(f"{person.name} is signed out everywhere."))


@members_app.command("two-step-off")
def remove_two_step(email: Email) -> None:
    """Forget the app and the recovery codes of a member who has lost both."""
    from workspace.people import members
    from workspace.people.sign_in import two_step

    with open_workspace() as workspace, workspace.database.write() as session:
        person = members.member_by_email(session, email)
        two_step.remove(session, person.id, by=None)
    typer.echo(printable(f"{person.name} signs in without a code, or sets it up again."))


@members_app.command("allow-passwords")
def allow_passwords() -> None:
    """Let members sign in by password again, where the identity provider cannot be reached."""
    from workspace.people.sign_in.rules import take_passwords_again

    with open_workspace() as workspace, workspace.database.write() as session:
        take_passwords_again(session)
    typer.echo("Members can sign in by password.")


@members_app.command("deactivate")
def deactivate(
    email: Email,
    to: To = None,
    confidential_to: ConfidentialTo = None,
    desk_to: DeskTo = None,
    yes: Yes = False,
) -> None:
    """Hand a member's open work over, and end their access at once."""
    _hand_over(email, to, confidential_to, desk_to, yes=yes, deactivates=True)


@members_app.command("hand-over")
def hand_over(
    email: Email,
    to: To = None,
    confidential_to: ConfidentialTo = None,
    desk_to: DeskTo = None,
    yes: Yes = False,
) -> None:
    """Hand a member's open work over; their access stays as it is."""
    _hand_over(email, to, confidential_to, desk_to, yes=yes, deactivates=False)


@members_app.command("reactivate")
def reactivate(email: Email) -> None:
    """Give a member their access back."""
    from workspace.deals import leaving
    from workspace.people import members

    with open_workspace() as workspace, workspace.database.write() as session:
        person = members.member_by_email(session, email)
        leaving.reactivate(session, person.id, by=None)
    typer.echo(printable(f"{person.name} has access again."))


@members_app.command("add")
def add_member(
    name: Annotated[str, typer.Argument(help="The full name.")],
    email: Annotated[str, typer.Argument(help="The e-mail address to sign in with.")],
    role: Roles = None,
    password_prompt: Annotated[
        bool, typer.Option("--password-prompt", help="Ask for the password; else a random one.")
    ] = False,
) -> None:
    """Add a member, the first administrator too, and print the password once."""
    from workspace.people import members
    from workspace.people.sign_in import passwords

    roles = roles_of_names(role)
    with open_workspace() as workspace:
        password = _new_password(password_prompt)
        with workspace.database.write() as session:
            person = members.add_member(session, name, email, roles)
            passwords.set_password(session, person.id, password)
        typer.echo(f"{person.name} can sign in with {person.email}.")
        if not password_prompt:
            typer.echo(f"Password, shown this once: {password}")


@members_app.command("password")
def set_password(
    email: Email,
    password_prompt: Annotated[
        bool, typer.Option("--password-prompt", help="Ask for the password; else a random one.")
    ] = False,
) -> None:
    """Give a member a new password and sign them out everywhere."""
    from workspace.people import members
    from workspace.people.sign_in import passwords

    with open_workspace() as workspace:
        password = _new_password(password_prompt)
        with workspace.database.write() as session:
            passwords.set_password(session, members.member_by_email(session, email).id, password)
        if not password_prompt:
            typer.echo(f"Password, shown this once: {password}")


def _new_password(prompt: bool) -> str:
    from workspace.people.sign_in.passwords import random_password

    if not prompt:
        return random_password()
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _hand_over(
    email: str,
    to: str | None,
    confidential_to: str | None,
    desk_to: str | None,
    *,
    yes: bool,
    deactivates: bool,
) -> None:
    from references import handover
    from workspace.people import members

    with open_workspace() as workspace:
        with workspace.database.read() as session:
            person = members.member_by_email(session, email)
            counts = handover.open_work(session, person.id)
            receivers = _receivers(session, to, confidential_to, desk_to)
        for work, count in counts.items():
            receiver = receivers[work]
            name = receiver[1] if receiver else "nobody"
            typer.echo(printable(f"  {count:>5,}  {_LABELS[work]}: {name}"))
        what = "Deactivate" if deactivates else "Hand over the work of"
        if not yes:
            typer.confirm(printable(f"{what} {person.name}?"), abort=True)
        to_ids = {work: chosen[0] if chosen else None for work, chosen in receivers.items()}
        with workspace.database.write() as session:
            act = handover.deactivate if deactivates else handover.hand_over
            act(session, person.id, to_ids, by=None, expected=counts)
    done = "is deactivated" if deactivates else "has handed over"
    typer.echo(printable(f"{person.name} {done}."))


def _receivers(
    session: "Session", to: str | None, confidential_to: str | None, desk_to: str | None
) -> "Mapping[Work, tuple[int, str] | None]":
    """Who takes over each kind of work, as (id, name)."""
    from references.handover import Work
    from workspace.people import members

    def receiver(email: str | None) -> tuple[int, str] | None:
        person = members.member_by_email(session, email) if email else None
        return (person.id, person.name) if person else None

    everything = receiver(to)
    chosen: dict[Work, tuple[int, str] | None] = dict.fromkeys(Work, everything)
    chosen[Work.CONFIDENTIAL] = receiver(confidential_to)
    chosen[Work.DESK] = receiver(desk_to)
    return chosen


# What the kinds of work are called, by their values.
_LABELS = {
    "deals": "open deals",
    "seats": "seats on open deals",
    "tasks": "open tasks",
    "requests": "reference requests they made",
    "desk": "reference requests they handle",
    "customers": "customers they look after",
    "advocates": "advocates they look after",
    "confidential": "confidential deals",
}


def roles_of_names(names: list[str] | None) -> "list[Role]":
    from workspace.people.tables import Role

    try:
        return [Role(name) for name in names or ()]
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


def _require_mail_server(mail: bool, sends_mail: bool) -> None:
    if mail and not sends_mail:
        raise typer.BadParameter("No mail server is set (DEALKIN_SMTP_URL).")


def _tell_link(person: "Person", link: str, mailed: bool) -> None:
    if mailed:
        typer.echo(printable(f"{person.name} gets a mail at {person.email}."))
    else:
        typer.echo(printable(f"{person.name} chooses a password at this link, shown this once:"))
        typer.echo(link)
